"""The statistical structure of any data set."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from learning_dynamics.figures import panels, style
from learning_dynamics.results import ExperimentResults

# Entries of Vᵀ Σxx V below this share of the largest get the colour of zero.
_SMALLEST = 1e-4


def draw(results: ExperimentResults, narrow: bool = False) -> Figure:
    """Singular value decomposition of Σyx and the diagonality of Σxx (Pinson et al. 2023, Eqs. 1 to 3 and App. A).

    Singular values s_α; left singular vectors U; |Vᵀ Σxx V|, diagonal if the classes are coherent, with the share of
    its Frobenius norm that lies off the diagonal; right singular vectors as images, each on its own scale; of
    many modes the first ones, as in U. Modes whose singular value is zero are left out.

    Args:
        results: the experiment.
        narrow: whether it is as narrow as a phone, one panel above the other.
    """
    modes = results.modes
    count = min(len(modes), panels.MOST_MODES if narrow else panels.MOST_IMAGES)
    width = style.COLUMN if narrow else style.PAGE
    row = 1.75 + 0.08 * max(min(results.data.classes, panels.MOST_NAMES) - panels.MOST_NUMBERS, 0)
    upper = (3 if narrow else 1) * row
    lower = 0.35 + min(1.4, width / count)
    figure = style.new_figure(width, upper + lower)
    top, bottom = panels.blocks(figure, 2, 1, height_ratios=[upper, lower])
    values, left, right = top.subplots(3, 1) if narrow else top.subplots(1, 3, width_ratios=[1, 1.1, 1.3])
    panels.singular_values(values, results.decomposition.singular_values[modes], modes)
    columns = modes[: panels.MOST_NAMES]
    panels.left_vectors(left, results.decomposition.left[:, columns], panels.labels(results), columns)
    values.set_title("singular values $S$")
    part = panels.first_of(len(columns), len(modes), "modes")
    left.set_title("left singular vectors $U$" + (f",\n{part}" if part else ""))
    _input_correlation(right, results)
    of = panels.first_of(count, len(modes), "modes")
    bottom.suptitle(r"right singular vectors $v^\alpha$" + (f", {of}" if of else ""), fontsize=7)
    panels.show_vectors(
        bottom.subplots(1, count, squeeze=False)[0], panels.right_images(results)[:count], modes[:count]
    )
    return figure


def _input_correlation(axes: Axes, results: ExperimentResults) -> None:
    modes = results.modes
    matrix = results.structure["input_correlation_in_modes"].values[np.ix_(modes, modes)]
    outside = np.linalg.norm(matrix - np.diag(np.diag(matrix))) / np.linalg.norm(matrix)
    magnitudes = np.abs(matrix)
    norm = LogNorm(_SMALLEST * magnitudes.max(), magnitudes.max(), clip=True)
    names = [str(mode) for mode in modes]
    image = panels.heat_map(axes, magnitudes, names, modes, norm, colours=style.MAGNITUDE)
    axes.set(xlabel=r"mode $\alpha$", ylabel=r"mode $\beta$")
    axes.set_title(rf"$|V^{{\mathsf{{T}}}} \Sigma^{{xx}} V|$, off-diagonal share {100 * outside:.1f} %")
    panels.colour_bar(image, axes)
