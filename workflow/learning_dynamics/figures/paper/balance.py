"""The paper's Fig. S.2: kernel and readout become balanced, mode after mode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

NETWORK = "linear_cnn"
MOST_FREQUENCIES = 4
_VARIABLES = ("readout_magnitude", "kernel_magnitude")

# A mode's frequencies are those above this share of its largest coefficient; the others are rounding.
_SUPPORT = 1e-6


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Fig. S.2: |B_αl| / |k̂_l| of a linear CNN on sums of cosines (Pinson et al. 2023, App. G, Eq. S.139).

    One panel per mode α, one line per frequency l of its singular vector (at most the four largest), l and l* being
    equal. A fraction of two small random numbers is far from normal: line and band are the median and the quartiles
    over seeds, on a logarithmic axis, and on top the median of the gradient flow from every seed's own start (Eqs. 15
    and 16). Dashed verticals: mean discovery time of each mode; time is shown to 2.5
    times the last of them. Channels are joined by the root of the sum of squares.
    """
    (results,) = experiments
    figure = style.new_figure(style.PAGE, 2.1)
    row = figure.subplots(1, len(results.modes), sharey=True, squeeze=False)[0]
    runs, flow = results.trajectories(NETWORK, _VARIABLES), results.theory(NETWORK, _VARIABLES)
    for index, (axes, mode) in enumerate(zip(row, results.modes, strict=True)):
        predicted = _fraction(flow, mode) if flow else None
        _mode(axes, results, mode, _fraction(runs, mode), predicted)
        style.panel_letter(axes, chr(ord("a") + index))
    row[0].set_ylabel(r"$|B_{\alpha l}|\,/\,|\hat{k}_l|$")
    return figure


def _fraction(magnitudes: xr.Dataset, mode: int) -> FloatArray:
    """|B_αl| / |k̂_l|, shape (seeds, samples, n, n)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = panels.over_channels(magnitudes["kernel_magnitude"].values)
        return np.asarray(magnitudes["readout_magnitude"].values[:, :, mode] / kernel)


def _mode(
    axes: Axes,
    results: ExperimentResults,
    mode: int,
    fraction: FloatArray,
    predicted: FloatArray | None,
) -> None:
    samples = results.trajectories(NETWORK, _VARIABLES)["sample"].values
    side = fraction.shape[-1]
    axes.axhline(1, color=learning_curves.NEUTRAL, zorder=1, **learning_curves.LEVEL)
    learning_curves.mark_discoveries(axes, results, NETWORK)
    frequencies = _frequencies(results, mode)
    for l, shade, line in zip(frequencies, (1.0, 0.75, 0.5, 0.35), ("-", "--", "-.", ":"), strict=False):
        low, middle, high = np.quantile(fraction[:, :, *divmod(int(l), side)], (0.25, 0.5, 0.75), axis=0)
        colour = style.mode_colour(mode)
        axes.fill_between(samples, low, high, color=colour, alpha=0.15, linewidth=0)
        label = learning_curves.frequency(l, side)
        axes.plot(samples, middle, color=colour, alpha=shade, linestyle=line, label=label)
        if predicted is not None:
            axes.plot(samples, np.median(predicted[:, :, *divmod(int(l), side)], axis=0), **style.THEORY)
    if predicted is not None:
        axes.plot([], [], label=style.FLOW, **style.THEORY)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(f"mode {mode}")
    axes.legend(title="frequency (i, j)", title_fontsize="small")
    learning_curves.time_axis(axes, results)
    learning_curves.show_discoveries_only(axes, results, NETWORK)


def _frequencies(results: ExperimentResults, mode: int) -> npt.NDArray[np.intp]:
    """The frequencies of a mode's singular vector, largest first, each once for l and l*."""
    parts = results.structure["right_singular_spectra"].values[mode]
    magnitudes = np.sqrt(np.square(parts).sum(axis=(0, -1)))
    half = learning_curves.half_plane(len(magnitudes))
    values = magnitudes.ravel()[half]
    ordered = np.argsort(-values, kind="stable")[:MOST_FREQUENCIES]
    return half[ordered[values[ordered] > _SUPPORT * values.max()]]
