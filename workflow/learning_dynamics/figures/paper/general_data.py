"""The paper's Fig. 5: two data sets whose modes share frequencies, side by side."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

SEED_SHOWN = 0
HIDDEN_UNITS_SHOWN = 2

# Letters of the five panels of the left and of the right half, as in the paper.
_LETTERS = ("acefi", "bdghj")
_HEIGHTS = (1.2, 1.0, 1.9, 1.9, 1.3)

# A coefficient of at least this share of the largest one is dominant.
_DOMINANT = 0.5


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Fig. 5: linear CNN and FCNN on two data sets, one per half (Pinson et al. 2023, Sec. 5).

    (a, b) effective singular values a_α(t) with the levels s_α; (c, d) train and test loss, both as mean and spread
    over seeds, with the gradient flow from every seed's own start (Eqs. 15, 16, 19, 20), mean over seeds, on top.
    (e, g) rows of the FCNN's first weight matrix less those at the start, mixtures of the singular vectors found so far
    (Eq. 18), and (f, h) the CNN's kernel with its spectrum (zero frequency in the centre), a sparse mixture of their
    dominant frequencies, when each mode is found; these are of the seed named, each image on its own scale. (i, j)
    every |k̂_l|(t), mean over seeds, one line for l and l*, and the mean discovery times (dashed); highlighted is the
    frequency that ``cascaded_frequency`` picks, with the gradient flow.
    """
    figure = style.new_figure(style.PAGE, 8.1)
    grid = GridSpec(len(_HEIGHTS), 2, figure=figure, height_ratios=_HEIGHTS)
    for column, (results, letters) in enumerate(zip(experiments, _LETTERS, strict=True)):
        _half(figure, grid, column, results, letters)
    modes = sorted({mode for results in experiments for mode in results.modes})
    entries = [
        *learning_curves.mode_entries(modes),
        *learning_curves.network_entries(experiments[0].networks),
        learning_curves.level_entry(),
        learning_curves.theory_entry(),
    ]
    figure.legend(handles=entries, loc="outside upper center", ncols=len(entries), handlelength=1.8)
    return figure


def _half(figure: Figure, grid: GridSpec, column: int, results: ExperimentResults, letters: str) -> None:
    values = figure.add_subplot(grid[0, column])
    learning_curves.effective_singular_values(values, results, results.networks)
    values.set_title(learning_curves.title(results))
    losses = figure.add_subplot(grid[1, column])
    learning_curves.losses(losses, results)
    losses.legend(handles=learning_curves.split_entries(learning_curves.splits_with_loss(results)))
    rows = _first_layer(figure, grid[2, column], results)
    kernel = _kernel(figure, grid[3, column], results)
    frequencies = figure.add_subplot(grid[4, column])
    _kernel_coefficients(frequencies, results)
    for axes in (values, losses, frequencies):
        learning_curves.time_axis(axes, results)
    # The panel below has the same axis.
    values.set_xlabel("")
    values.tick_params(labelbottom=False)
    for axes, letter in zip((values, losses, rows, kernel, frequencies), letters, strict=True):
        style.panel_letter(axes, letter)
    _heading(rows, f"FCNN, change of first-layer rows (seed {SEED_SHOWN})")
    _heading(kernel, f"CNN, kernel and its spectrum (seed {SEED_SHOWN})")


def _columns(results: ExperimentResults) -> int:
    """As many columns of images as modes, even where two modes share a snapshot; never so few that images sprawl."""
    return max(len(results.modes), 3)


def _heading(axes: Axes, text: str) -> None:
    """A description after the panel letter that may reach over the neighbouring images."""
    offset = (15, mpl.rcParams["axes.titlepad"])
    note = axes.annotate(text, (0, 1), offset, xycoords="axes fraction", textcoords="offset points", va="baseline")
    note.set_in_layout(False)


def _first_layer(figure: Figure, cell: SubplotSpec, results: ExperimentResults) -> Axes:
    moments = learning_curves.discoveries(results, "linear_fcnn")
    rows = learning_curves.weights(results, "linear_fcnn", "first_layer", SEED_SHOWN)
    units = min(HIDDEN_UNITS_SHOWN, rows.shape[1])
    grid = cell.subgridspec(units, _columns(results))
    corners = []
    for column, moment in enumerate(moments):
        for unit in range(units):
            axes = figure.add_subplot(grid[unit, column])
            # The start, which is the first snapshot, would bury what the many units of a wide layer learn.
            style.show_image(axes, rows[moment.index, unit] - rows[0, unit])
            corners.append(axes)
            if column == 0:
                axes.set_ylabel(f"unit {unit}")
        axes.set_xlabel(moment.label)
    return corners[0]


def _kernel(figure: Figure, cell: SubplotSpec, results: ExperimentResults) -> Axes:
    moments = learning_curves.discoveries(results, "linear_cnn")
    kernels = learning_curves.weights(results, "linear_cnn", "kernel", SEED_SHOWN)
    grid = cell.subgridspec(2, _columns(results))
    corners = []
    for column, moment in enumerate(moments):
        kernel = kernels[moment.index]
        spectrum = panels.over_channels(np.abs(fourier.spectrum(kernel)))
        image, magnitudes = (figure.add_subplot(grid[row, column]) for row in range(2))
        corners.append(image)
        style.show_image(image, kernel)
        style.show_image(magnitudes, np.fft.fftshift(spectrum), signed=False)
        magnitudes.set_xlabel(moment.label)
        if column == 0:
            image.set_ylabel("$k$")
            magnitudes.set_ylabel(r"$|\hat{k}|$")
    return corners[0]


def _kernel_coefficients(axes: Axes, results: ExperimentResults) -> None:
    runs = results.trajectories("linear_cnn", ["kernel_magnitude"])
    samples = runs["sample"].values
    magnitudes = panels.over_channels(runs["kernel_magnitude"].values).mean(axis=0)
    side = magnitudes.shape[-1]
    frequencies = learning_curves.half_plane(side)
    coefficients = magnitudes.reshape(len(samples), -1)[:, frequencies]
    learning_curves.mark_discoveries(axes, results, "linear_cnn")
    axes.plot(samples, coefficients, color="0.55", linewidth=0.5)
    cascaded = cascaded_frequency(samples, coefficients, learning_curves.mean_discovery_times(results, "linear_cnn"))
    if cascaded is not None:
        label = learning_curves.frequency(frequencies[cascaded], side)
        axes.plot(samples, coefficients[:, cascaded], color=style.HIGHLIGHT, linewidth=1.6, label=f"(i, j) = {label}")
        flow = results.theory("linear_cnn", ["mean_kernel_magnitude"])
        # The file has means over seeds, so that channels are combined after averaging, not before.
        predicted = panels.over_channels(flow["mean_kernel_magnitude"].values).reshape(len(flow["sample"]), -1)
        axes.plot(flow["sample"], predicted[:, frequencies[cascaded]], **style.THEORY)
        axes.legend(loc="upper left", frameon=True, edgecolor="none", borderpad=0.1)
    axes.set_ylabel(r"$|\hat{k}_l|$")
    axes.set_ylim(bottom=0)


def cascaded_frequency(samples: FloatArray, coefficients: FloatArray, times: FloatArray) -> int | None:
    """The coefficient that best shows how an early advantage is kept (Pinson et al. 2023, Secs. 4 and 5).

    The discovery of a mode is taken to end halfway to the next discovery, the last one with the run. A coefficient
    is dominant if it is at least half as large as the largest one. Among those that become dominant before the last
    discovery and are dominant at the end of every later one, the one that grows most after its first is picked.

    Args:
        samples: shape (samples,).
        coefficients: |k̂_l|(t), shape (samples, coefficients).
        times: when each mode is found; NaN for never.

    Returns:
        Its index, or None if there is no such coefficient.
    """
    found = np.sort(times[np.isfinite(times)])
    if len(found) < 2:
        return None
    ends = np.append(np.searchsorted(samples, (found[:-1] + found[1:]) / 2), len(samples) - 1)
    stages = coefficients[ends]
    dominant = stages >= _DOMINANT * stages.max(axis=1, keepdims=True)
    first = dominant.argmax(axis=0)
    lasting = np.array([dominant[start:, index].all() for index, start in enumerate(first)])
    growth = np.where(lasting & (first < len(ends) - 1), stages[-1] - np.take_along_axis(stages, first[None], 0)[0], 0)
    return int(growth.argmax()) if growth.max() > 0 else None
