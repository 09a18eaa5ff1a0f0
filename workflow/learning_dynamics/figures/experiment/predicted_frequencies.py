"""Which frequencies the kernel should use, before any training."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.predictions import summary
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import estimates

_MODES, _LABELLED = 6, 4
_FREQUENCIES = 12


def draw(results: ExperimentResults) -> Figure:
    """The spectra of the modes and the kernel that they should lead to (Pinson et al. 2023, Sec. 4), without training.

    Above, the right singular vectors as images and their |v̂^α|, of many modes the first ones, each on its own scale.
    Below, if there is a CNN: its predicted |k̂| at the end; the strongest frequencies, (vertical, horizontal) cycles per
    image, by their share of the power, in the colour of the mode with the largest |v̂^α_l|; and, by the gradient flow,
    how these grow.
    """
    shown = results.modes[:_MODES]
    magnitudes = panels.right_magnitudes(results)[: len(shown)]
    kernel = summary.magnitudes_of_the_final_kernel(results, 1e-9)
    tile = min(1.1, style.PAGE / len(shown))
    heights = [0.35 + 2 * (tile + 0.15)] + ([2.1] if kernel is not None else [])
    figure = style.new_figure(style.PAGE, sum(heights))
    blocks = panels.blocks(figure, len(heights), 1, height_ratios=heights)
    mean = None if kernel is None else np.sqrt((kernel**2).mean(axis=0))
    reach = panels.frequency_reach(np.stack([*magnitudes, *([] if mean is None else [mean])])) + 1
    _modes(blocks[0], results, magnitudes, shown, reach)
    if mean is not None:
        _kernel(blocks[1], results, mean, reach)
    return figure


def _modes(panel: SubFigure, results: ExperimentResults, magnitudes: FloatArray, shown: list[int], reach: int) -> None:
    grid = panel.subplots(2, len(shown), squeeze=False)
    panels.show_vectors(grid[0], panels.right_images(results)[: len(shown)], shown)
    panels.show_spectra(grid[1:], magnitudes, shown, reach=reach)
    for axes, mode in zip(grid[0], shown, strict=True):
        axes.set_title(panels.mode_name(mode), color=style.mode_colour(mode))
    grid[0, 0].set_ylabel(r"$v^\alpha$")
    if len(shown) > _LABELLED:
        # Side by side the labels of so many would overlap.
        for axes in grid[1, 1:]:
            axes.set_xlabel("")
    part = panels.first_of(len(shown), len(results.modes), "modes")
    if part:
        panel.suptitle(part, fontsize=7)


def _kernel(panel: SubFigure, results: ExperimentResults, kernel: FloatArray, reach: int) -> None:
    flow = results.theory("linear_cnn", ["mean_kernel_magnitude"])
    grows = "mean_kernel_magnitude" in flow
    axes = panel.subplots(1, 2 + grows, width_ratios=[1, 1.3, *([1.3] if grows else [])])
    image = panels.show_spectrum(axes[0], kernel, labels=panels.FREQUENCY_AXES, reach=reach)
    axes[0].set_title(r"$|\hat{k}_l|$ predicted")
    panels.colour_bar(image, axes[0])
    strongest = estimates.dominant_frequencies(kernel, _FREQUENCIES)
    side = len(kernel)
    weights = panels.right_magnitudes(results)
    owners = [results.modes[int(weights[:, row % side, column % side].argmax())] for row, column, _ in strongest]
    colours = [style.mode_colour(owner) for owner in owners]
    _shares(axes[1], strongest, colours)
    if grows:
        magnitudes = panels.over_channels(flow["mean_kernel_magnitude"].values)
        for (row, column, _), colour in zip(strongest, colours, strict=True):
            axes[2].plot(results.settings.record_samples(), magnitudes[:, row % side, column % side], color=colour)
        axes[2].set_ylabel(r"$|\hat{k}_l|$, predicted")
        axes[2].set_ylim(bottom=0)
        learning_curves.time_axis(axes[2], results)
        axes[2].locator_params(axis="x", nbins=3)


def _shares(axes: Axes, strongest: list[tuple[int, int, float]], colours: list[str]) -> None:
    names = [f"({row}, {column})".replace("-", "−") for row, column, _ in strongest]
    axes.barh(range(len(strongest)), [100 * share for *_, share in strongest], color=colours)
    axes.set_yticks(range(len(strongest)), names)
    axes.invert_yaxis()
    axes.set_xlabel("share of the kernel's power (%)")
    axes.set_title("strongest frequencies")
