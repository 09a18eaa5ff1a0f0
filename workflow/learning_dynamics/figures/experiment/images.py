"""Some images of every class of any data set."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from learning_dynamics.datasets.files import EXAMPLES
from learning_dynamics.figures import panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults


def draw(results: ExperimentResults) -> Figure:
    """The first training images of every class as stored, up to four (Pinson et al. 2023, Eq. 21, S.66 and App. I).

    One column per class; of many classes the first ones. If the data are centred, the mean training image that is
    subtracted from all of them is shown as well.
    """
    data = results.data
    labels = panels.labels(results)
    names = labels.texts[: panels.MOST_IMAGES]
    examples = [_first_images(results, label) for label in range(len(names))]
    rows = max(len(pictures) for pictures in examples)
    columns = len(names) + int(data.centred)
    tile = min(1.1, style.PAGE / columns)
    titles = [panels.wrapped(name, int(16 * tile)) for name in (*names, "mean image")]
    lines = 1 + max(title.count("\n") for title in titles)
    figure = style.new_figure(min(style.PAGE, columns * (tile + 0.1)), 0.15 + 0.12 * lines + rows * (tile + 0.05))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    shown = [
        (grid[row, column], picture) for column, pictures in enumerate(examples) for row, picture in enumerate(pictures)
    ]
    if data.centred:
        shown.append((grid[0, -1], data.mean_image))
    for axes, _ in shown:
        axes.set_axis_on()
    panels.show_pictures([axes for axes, _ in shown], [picture for _, picture in shown])
    for axes, title in zip(grid[0], titles, strict=False):
        axes.set_title(title, **labels.appearance)
    if len(names) < data.classes:
        figure.supxlabel(f"first {len(names)} of {data.classes} classes", fontsize=7)
    return figure


def _first_images(results: ExperimentResults, label: int) -> FloatArray:
    data = results.data
    indices = np.flatnonzero((data.labels == label) & ~data.is_test)[:EXAMPLES]
    return np.asarray(data.images[indices] * data.scale)
