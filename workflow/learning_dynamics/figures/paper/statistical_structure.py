"""The statistical structure of a data set with one image per class (Pinson et al. 2023, Fig. 2)."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure, SubFigure

from learning_dynamics.figures import panels, style
from learning_dynamics.results import ExperimentResults


def draw(experiments: list[ExperimentResults]) -> Figure:
    """What the singular value decomposition says about the classes (Pinson et al. 2023, Sec. 2.1, Fig. 2, Eqs. 1, 2).

    (a) The images. (b) Σyx, one row per class, one column per vec-2D pixel. (c) Its singular values s_α and left
    singular vectors U. (d) Its right singular vectors v^α as images. (e) The modes s_α u^α v^αᵀ, their rows as images,
    each mode on its own scale, and their sum Σyx: broader to finer distinctions between the classes. Of many classes
    and modes the first five are shown.
    """
    (results,) = experiments
    classes, modes = min(results.data.classes, panels.MOST_MODES), results.modes[: panels.MOST_MODES]
    figure = style.new_figure(style.PAGE, 4.0 + 0.6 * max(classes - 4, 0))
    left, right = panels.blocks(figure, 1, 2, width_ratios=[1, 1.25])
    images, matrix, decomposition, vectors = panels.blocks(left, 4, 1, height_ratios=[1.1, 1.15, 1.5, 1])
    panels.block_title(images, "a", "images")
    panels.show_pictures(
        images.subplots(1, classes, squeeze=False)[0],
        results.structure["class_means"].values[:classes],
        panels.labels(results),
    )
    _input_output(matrix, results)
    _decomposition(decomposition, results)
    panels.block_title(vectors, "d", r"right singular vectors $v^\alpha$")
    panels.show_vectors(
        vectors.subplots(1, len(modes), squeeze=False)[0], panels.right_images(results)[: len(modes)], modes
    )
    _modes(right, results, classes, modes)
    return figure


def _input_output(panel: SubFigure, results: ExperimentResults) -> None:
    panels.block_title(panel, "b", r"input-output correlation $\Sigma^{yx}$")
    axes = panel.subplots()
    rows = panels.class_rows(results)
    matrix = rows.reshape(len(rows), -1)
    limit = float(np.abs(matrix).max())
    image = axes.imshow(matrix, cmap=style.SIGNED, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    panels.class_ticks(axes, panels.labels(results), panels.MOST_MODES)
    axes.set_xlabel("pixel (vec-2D index)")
    axes.tick_params(axis="y", length=0)
    panels.colour_bar(image, axes)


def _decomposition(panel: SubFigure, results: ExperimentResults) -> None:
    panels.block_title(panel, "c", r"singular values $s_\alpha$ and left singular vectors $u^\alpha$")
    values, vectors = panel.subplots(1, 2, width_ratios=[1, 1.25])
    panels.singular_values(values, results.decomposition.singular_values[results.modes], results.modes)
    values.set_ylabel(r"$s_\alpha$")
    panels.left_vectors(vectors, results.decomposition.left[:, results.modes], panels.labels(results), results.modes)


def _modes(panel: SubFigure, results: ExperimentResults, classes: int, modes: list[int]) -> None:
    panels.block_title(
        panel, "e", r"modes $s_\alpha u^\alpha (v^\alpha)^{\mathsf{T}}$ and their sum (± scale of the colours)"
    )
    images = panels.class_modes(
        results.decomposition.singular_values[modes],
        results.decomposition.left[:classes, modes],
        panels.right_images(results)[: len(modes)],
    )
    grid = panel.subplots(classes, len(modes) + 1, squeeze=False)
    panels.show_class_modes(grid[:, :-1], images, panels.labels(results))
    panels.show_column(grid[:, -1], panels.class_rows(results)[:classes], r"sum: $\Sigma^{yx}$", "black")
