"""The structure of a data set before and after subtracting its mean image (Pinson et al. 2023, Fig. S.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure, SubFigure

from learning_dynamics.figures import panels, style
from learning_dynamics.figures.class_labels import ClassLabels
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults


@dataclass(frozen=True)
class _Modes:
    """singular_values: (modes,); left: (p, modes); right: images (modes, C, n, n)."""

    singular_values: FloatArray
    left: FloatArray
    right: FloatArray


def draw(experiments: list[ExperimentResults]) -> Figure:
    """What is left of the modes without the mean image (Pinson et al. 2023, Sec. 5, Fig. S.4).

    Left before, right after subtracting the mean training image. (a, d) Singular values. (b, e) Right singular vectors,
    each on its own scale. (c, f) The modes s_α u^α v^αᵀ, their rows as images, each mode on its own scale. Before, mode
    0 is close to the mean image for every class; centred data keep the p − 1 modes that tell the p classes apart.
    """
    (results,) = experiments
    before, after = _before(results), _after(results)
    heights = [1.1, 0.95, 0.3 + 0.74 * len(before.left)]
    figure = style.new_figure(style.PAGE, 0.2 + sum(heights))
    sides = panels.blocks(figure, 1, 2, width_ratios=[0.7 + len(modes.right) for modes in (before, after)])
    titles = ("before subtracting the mean image", "after subtracting the mean image")
    for side, modes, letters, title in zip(sides, (before, after), ("abc", "def"), titles, strict=True):
        side.suptitle(title, fontsize=8)
        blocks = panels.blocks(side, 3, 1, height_ratios=heights)
        _singular_values(blocks[0], letters[0], modes)
        _vectors(blocks[1], letters[1], modes)
        _class_modes(blocks[2], letters[2], modes, panels.labels(results))
    return figure


def _before(results: ExperimentResults) -> _Modes:
    names = ("singular_values", "left_singular_vectors", "right_singular_vectors")
    values, left, right = (results.structure[f"uncentred_{name}"].values for name in names)
    modes = np.flatnonzero(values > 1e-9 * values[0])[: panels.MOST_IMAGES]
    return _Modes(values[modes], left[: panels.MOST_IMAGES, modes], right[modes])


def _after(results: ExperimentResults) -> _Modes:
    modes = results.modes[: panels.MOST_IMAGES]
    return _Modes(
        results.decomposition.singular_values[modes],
        results.decomposition.left[: panels.MOST_IMAGES, modes],
        panels.right_images(results)[: len(modes)],
    )


def _singular_values(panel: SubFigure, letter: str, modes: _Modes) -> None:
    panels.block_title(panel, letter, r"singular values $s_\alpha$")
    axes = panel.subplots()
    panels.singular_values(axes, modes.singular_values, range(len(modes.singular_values)))
    axes.set_ylabel(r"$s_\alpha$")


def _vectors(panel: SubFigure, letter: str, modes: _Modes) -> None:
    panels.block_title(panel, letter, r"right singular vectors $v^\alpha$")
    axes = panel.subplots(1, len(modes.right), squeeze=False)[0]
    panels.show_vectors(axes, modes.right, range(len(modes.right)))
    # As wide as the class names below, so that the columns are aligned.
    axes[0].set_ylabel(" ")


def _class_modes(panel: SubFigure, letter: str, modes: _Modes, classes: ClassLabels) -> None:
    panels.block_title(panel, letter, r"modes $s_\alpha u^\alpha (v^\alpha)^{\mathsf{T}}$ (± scale of the colours)")
    images = panels.class_modes(modes.singular_values, modes.left, modes.right)
    panels.show_class_modes(panel.subplots(*images.shape[:2], squeeze=False), images, classes)
