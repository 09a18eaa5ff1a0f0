"""The paper's Fig. S.5: the kernel's frequencies are the dominant ones of the singular vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

NETWORK = "linear_cnn"

# Width in points of the cross of the largest |k̂_l|, and the narrowest cross that is drawn.
_WIDEST = 8.0
_NARROWEST = 0.8


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Fig. S.5: spectra of kernel and singular vectors on the geometric shapes (Pinson et al. 2023, App. J).

    One row per snapshot at which the linear CNN has found a further mode. Dots: |v̂^α_l| of the modes found so far
    against the vec-2D index l, each frequency once (l ≤ l*). Crosses at the same l: |k̂_l|, mean over seeds, as
    the width of the cross; those up to a tenth of the largest |k̂_l| of the figure are left out. With several
    channels both are the root of the sum of squares.
    """
    (results,) = experiments
    moments = learning_curves.discoveries(results, NETWORK)
    vectors, kernels = _singular_vectors(results), _kernels(results)
    figure = style.new_figure(style.PAGE, 0.6 + 1.4 * len(moments))
    rows = figure.subplots(len(moments), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    indices = learning_curves.half_plane(results.structure.sizes["row"])
    largest = max(kernels[moment.index].max() for moment in moments)
    found: list[int] = []
    for index, (axes, moment) in enumerate(zip(rows, moments, strict=True)):
        found += moment.modes
        widths = kernels[moment.index] / largest * _WIDEST
        for mode in found:
            _spectrum(axes, indices, vectors[mode], widths, style.mode_colour(mode))
        axes.set_ylabel(r"$|\hat{v}^\alpha_l|$")
        axes.set_title(f"t = {moment.sample:,} samples, {learning_curves.modes_in_words(moment.modes)} found")
        style.panel_letter(axes, chr(ord("a") + index))
    rows[-1].set_xlabel("vec-2D index $l$")
    rows[0].margins(x=0.01)
    entries = _entries(results.modes, largest)
    figure.legend(handles=entries, loc="outside upper center", ncols=len(entries))
    return figure


def _spectrum(axes: Axes, indices: npt.NDArray[np.intp], values: FloatArray, widths: FloatArray, colour: str) -> None:
    axes.plot(indices, values, "o", color=colour, markersize=2.2, markeredgewidth=0)
    drawn = widths > _NARROWEST
    axes.scatter(
        indices[drawn], values[drawn], s=widths[drawn] ** 2, marker="x", color="black", linewidths=0.6, zorder=3
    )


def _singular_vectors(results: ExperimentResults) -> FloatArray:
    parts = results.structure["right_singular_spectra"].values
    return _half_planes(np.hypot(parts[..., 0], parts[..., 1]))


def _kernels(results: ExperimentResults) -> FloatArray:
    kernels = results.trajectories(NETWORK, ["kernel"])["kernel"].values
    return _half_planes(np.abs(fourier.spectrum(kernels)).mean(axis=0))


def _half_planes(magnitudes: FloatArray) -> FloatArray:
    """From (…, C, n, n) to (…, frequencies)."""
    joined = panels.over_channels(magnitudes)
    return joined.reshape(*joined.shape[:-2], -1)[..., learning_curves.half_plane(joined.shape[-1])]


def _entries(modes: list[int], largest: float) -> list[Line2D]:
    dots = learning_curves.mode_entries(modes, marker="o", markersize=3, linestyle="")
    return dots + [_cross(magnitude, largest) for magnitude in _round_magnitudes(largest)]


def _cross(magnitude: float, largest: float) -> Line2D:
    return learning_curves.entry(
        rf"$|\hat{{k}}_l|$ = {magnitude:.2g}",
        color="black",
        marker="x",
        markersize=magnitude / largest * _WIDEST,
        markeredgewidth=0.6,
        linestyle="",
    )


def _round_magnitudes(largest: float) -> FloatArray:
    """The largest magnitude, rounded down to one digit, and two fractions of it."""
    unit = 10.0 ** np.floor(np.log10(largest))
    return np.floor(largest / unit) * unit * np.array([1, 0.5, 0.25])
