"""The spectra of the singular vectors of any data set, and of the kernel that was trained on it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from learning_dynamics.figures import panels, style
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

_PER_ROW = 5
_MOST_POINTS = 2000


def draw(results: ExperimentResults) -> Figure:
    """|v̂^α| and the kernel's spectrum after training (Pinson et al. 2023, Sec. 4 and App. J).

    Above, the spectra of the right singular vectors, each on its own scale, of many modes the first ones. Below, if a
    CNN was trained, |k̂| at the last record, mean over seeds, and its coefficients against the largest |v̂^α_l| of any
    mode, in the colour of that mode: the kernel keeps the dominant frequencies. Frequencies beyond those that hold 99 %
    of the energy of each spectrum are cut off. Channels are combined as the root of the sum of their squares.
    """
    modes = results.modes[: panels.MOST_IMAGES]
    magnitudes = panels.right_magnitudes(results)[: len(modes)]
    rows = -(-len(modes) // _PER_ROW)
    tile = min(1.5, style.PAGE / min(len(modes), _PER_ROW))
    trained = "linear_cnn" in results.networks
    heights = [0.45 + rows * (tile + 0.25), 2.1] if trained else [0.45 + rows * (tile + 0.25)]
    figure = style.new_figure(style.PAGE, sum(heights))
    blocks = panels.blocks(figure, len(heights), 1, height_ratios=heights)
    kernel = panels.final_kernel_magnitude(results) if trained else magnitudes[0]
    reach = panels.frequency_reach(np.stack([*magnitudes, kernel])) + 1
    of = panels.first_of(len(modes), len(results.modes), "modes")
    blocks[0].suptitle(r"right singular vectors, $|\hat{v}^\alpha|$" + (f", {of}" if of else ""), fontsize=7)
    _right_singular_vectors(blocks[0], magnitudes, modes, rows, reach)
    if trained:
        blocks[1].suptitle(f"CNN kernel after {results.settings.update_count} samples, mean over seeds", fontsize=7)
        spectrum, comparison = blocks[1].subplots(1, 2, width_ratios=[1, 1.3])
        _kernel(spectrum, kernel, reach)
        _against_singular_vectors(comparison, kernel, magnitudes, modes)
    return figure


def _right_singular_vectors(panel: SubFigure, magnitudes: FloatArray, modes: list[int], rows: int, reach: int) -> None:
    grid = panel.subplots(rows, -(-len(modes) // rows), squeeze=False)
    panels.show_spectra(grid, magnitudes, modes, reach=reach)
    for axes, mode, values in zip(grid.flat, modes, magnitudes, strict=False):
        title = f"{panels.mode_name(mode)}, max. {panels.number(values.max())}"
        axes.set_title(title, color=style.mode_colour(mode))


def _kernel(axes: Axes, kernel: FloatArray, reach: int) -> None:
    image = panels.show_spectrum(axes, kernel, labels=panels.FREQUENCY_AXES, reach=reach)
    axes.set_title(r"$|\hat{k}_l|$")
    panels.colour_bar(image, axes)


def _against_singular_vectors(axes: Axes, kernel: FloatArray, magnitudes: FloatArray, modes: list[int]) -> None:
    side = len(kernel)
    halves = np.flatnonzero(np.arange(side * side) <= fourier.mirror_index(side))
    largest = halves[np.argsort(-kernel.ravel()[halves])[:_MOST_POINTS]]
    strengths = magnitudes.reshape(len(modes), -1)[:, largest]
    owners = strengths.argmax(axis=0)
    for index, mode in enumerate(modes):
        own = owners == index
        axes.plot(
            strengths[index, own],
            kernel.ravel()[largest[own]],
            "o",
            markersize=3,
            alpha=0.7,
            markeredgewidth=0,
            color=style.mode_colour(mode),
            label=panels.mode_name(mode),
        )
    axes.set(
        xlabel=r"largest $|\hat{v}^\alpha_l|$ of the modes shown",
        ylabel=r"$|\hat{k}_l|$",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), title=r"mode of the largest", title_fontsize=6)
