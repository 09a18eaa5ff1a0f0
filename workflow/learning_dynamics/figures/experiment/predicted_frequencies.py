"""Which frequencies the kernel should use, before any training."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.predictions import summary
from learning_dynamics.results import ExperimentResults

_MODES = 4
# More lines than these could not be told apart.
_LINES = 9
_STYLES = ("-", "--", ":", "-.")


def draw(results: ExperimentResults) -> Figure:
    """The spectra of the modes and the kernel that they should lead to (Pinson et al. 2023, Sec. 4), without training.

    Above, the right singular vectors as images and their |v̂^α|, of many modes the first ones, each on its own scale.
    Below, if there is a CNN: its predicted |k̂| at the end; the strongest frequencies, (vertical, horizontal) cycles per
    image, by their share of the power, in the colour of the mode with the largest |v̂^α_l|; and, by the gradient flow,
    how these grow. As narrow as a phone, one row above the other.
    """
    shown = results.modes[:_MODES]
    magnitudes = panels.right_magnitudes(results)[: len(shown)]
    kernel = summary.magnitudes_of_the_final_kernel(results, 1e-9)
    tile = min(0.75, (style.COLUMN - 1.0) / len(shown))
    heights = [0.8 + 2 * tile]
    flow = results.theory("linear_cnn", ["mean_kernel_magnitude"]) if kernel is not None else {}
    grows = "mean_kernel_magnitude" in flow
    if kernel is not None:
        heights += [1.9, *([2.1] if grows else [])]
    figure = style.new_figure(style.COLUMN, sum(heights))
    blocks = panels.blocks(figure, len(heights), 1, height_ratios=heights)
    mean = None if kernel is None else np.sqrt((kernel**2).mean(axis=0))
    reach = panels.frequency_reach(np.stack([*magnitudes, *([] if mean is None else [mean])])) + 1
    _modes(blocks[0], results, magnitudes, shown, reach)
    if mean is None:
        return figure
    strongest = summary.strongest_frequencies(results, mean)[:_LINES]
    colours = [style.mode_colour(part["mode"]) for part in strongest]
    spectrum, shares = blocks[1].subplots(1, 2)
    image = panels.show_spectrum(spectrum, mean, labels=panels.FREQUENCY_AXES, reach=reach)
    spectrum.set_title(r"$|\hat{k}_l|$ predicted")
    panels.colour_bar(image, spectrum)
    names = [f"({part['row']}, {part['column']})".replace("-", "−") for part in strongest]
    _shares(shares, [part["share"] for part in strongest], names, colours)
    if grows:
        places = [(part["row"] % len(mean), part["column"] % len(mean)) for part in strongest]
        curves = panels.over_channels(flow["mean_kernel_magnitude"].values)
        _growth(blocks[2], results, [curves[:, row, column] for row, column in places], names, colours)
    return figure


def _modes(panel: SubFigure, results: ExperimentResults, magnitudes: FloatArray, shown: list[int], reach: int) -> None:
    grid = panel.subplots(2, len(shown), squeeze=False)
    panels.show_vectors(grid[0], panels.right_images(results)[: len(shown)], shown)
    panels.show_spectra(grid[1:], magnitudes, shown, reach=reach)
    for axes, mode in zip(grid[0], shown, strict=True):
        axes.set_title(panels.mode_name(mode), color=style.mode_colour(mode))
    grid[0, 0].set_ylabel(r"$v^\alpha$")
    grid[1, 0].set_ylabel(r"$|\hat{v}^\alpha|$" + "\n" + panels.FREQUENCY_AXES[0].split()[0])
    for axes in grid[1]:
        axes.set_xlabel("")
    panel.supxlabel("horizontal frequency (cycles per image)", fontsize=7)
    part = panels.first_of(len(shown), len(results.modes), "modes")
    if part:
        panel.suptitle(part, fontsize=7)


def _shares(axes: Axes, shares: list[float], names: list[str], colours: list[str]) -> None:
    axes.barh(range(len(shares)), [100 * share for share in shares], color=colours)
    axes.set_yticks(range(len(shares)), names)
    axes.invert_yaxis()
    axes.set_xlabel("share (%)")
    axes.set_title("the kernel's power")


def _growth(
    panel: SubFigure, results: ExperimentResults, curves: list[FloatArray], names: list[str], colours: list[str]
) -> None:
    axes = panel.subplots()
    drawn: Counter[str] = Counter()
    for curve, name, colour in zip(curves, names, colours, strict=True):
        # Frequencies of one mode have its colour, and each a line of its own.
        line = _STYLES[drawn[colour] % len(_STYLES)]
        axes.plot(results.settings.record_samples(), curve, color=colour, linestyle=line, label=name)
        drawn[colour] += 1
    axes.set_ylabel(r"$|\hat{k}_l|$, predicted")
    axes.set_ylim(bottom=0)
    learning_curves.time_axis(axes, results)
    panel.legend(
        loc="outside right center", handlelength=2, title="frequency, in\nthe colour of\nits mode", title_fontsize=6
    )
