"""Sigmoidal discovery of pure cosines by CNN and FCNN (Pinson et al. 2023, Fig. 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics import discovery
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

_OFFSETS = {"linear_cnn": -0.12, "linear_fcnn": 0.12}
_MARKERS = {"linear_cnn": "o", "linear_fcnn": "s"}


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Measured and predicted discovery of the modes (Pinson et al. 2023, Sec. 3, Fig. 3, Eqs. 21, 22 and S.164).

    (a) Class images, right singular vectors and their spectra, at most five. (b) a_α(t) of CNN and FCNN, mean and
    standard deviation over seeds, with Eq. 22 from each seed's own a_α(0), averaged over seeds, on top. (c) When a_α
    passes s_α/2, measured and predicted. (d) The ratio of these times, CNN to FCNN: λ_FCNN/(λ_CNN n c_α) is predicted,
    so that at λ_FCNN = n λ_CNN the constant mode overlaps and every other mode of the CNN lags by √2.
    """
    (results,) = experiments
    figure = style.new_figure(style.PAGE, 3.9)
    left, right = panels.blocks(figure, 1, 2, width_ratios=[1, 2.05])
    _structure(left, results)
    top, bottom = panels.blocks(right, 2, 1, height_ratios=[1.5, 1])
    _trajectories(top.subplots(), results)
    times, ratios = bottom.subplots(1, 2)
    _discovery_times(times, results)
    _ratios(ratios, results)
    return figure


def _structure(panel: SubFigure, results: ExperimentResults) -> None:
    panels.block_title(panel, "a")
    modes = results.modes[: panels.MOST_MODES]
    grid = panel.subplots(len(modes), 3, squeeze=False)
    panels.show_pictures(grid[:, 0], panels.class_images(results, modes))
    panels.show_vectors(grid[:, 1], panels.right_images(results)[: len(modes)], modes)
    for axes, magnitudes, mode in zip(grid[:, 2], panels.right_magnitudes(results), modes, strict=False):
        panels.show_spectrum(axes, magnitudes)
        panels.frame(axes, style.mode_colour(mode))
    for axes, title in zip(grid[0], ("class\nimage", "$v^\\alpha$", r"$|\hat{v}^\alpha|$"), strict=True):
        axes.set_title(title)
    for axes, mode in zip(grid[:, 0], modes, strict=True):
        axes.set_ylabel(panels.mode_name(mode), color=style.mode_colour(mode))


def _trajectories(axes: Axes, results: ExperimentResults) -> None:
    for network in results.networks:
        samples, effective = results.effective_singular_values(network)
        predicted = _sigmoids(results, network)
        for index, mode in enumerate(results.modes):
            line = style.NETWORK_LINES[network]
            style.mean_and_spread(axes, samples, effective[..., index], style.mode_colour(mode), line, width=2.2)
            if predicted is not None:
                style.predicted_mean(axes, samples, predicted[..., index])
    for value, mode in zip(_singular_values(results), results.modes, strict=True):
        axes.axhline(value, color=style.mode_colour(mode), zorder=1, **learning_curves.LEVEL)
        axes.annotate(
            f"$s_{{{mode}}}$",
            (1, value),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            color=style.mode_colour(mode),
        )
    style.samples_axis(axes)
    axes.set_ylabel(r"effective singular value $a_\alpha$")
    axes.set_ylim(bottom=0)
    style.panel_letter(axes, "b")
    lines = [
        panels.key(style.NETWORK_NAMES[network], color="0.6", linewidth=2.2, linestyle=style.NETWORK_LINES[network])
        for network in results.networks
    ]
    axes.legend(handles=[*lines, learning_curves.theory_entry("Eq. 22")], loc="upper right", ncols=3)


def _discovery_times(axes: Axes, results: ExperimentResults) -> None:
    indices = np.arange(len(results.modes))
    for network in results.networks:
        times, predicted = _times(results, network)
        _points(axes, indices + _OFFSETS[network], times, results.modes, network)
        axes.plot(indices + _OFFSETS[network], predicted.mean(axis=0), markersize=9, **style.THEORY_LEVEL)
    _mode_axis(axes, results.modes)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("discovery time,\n" r"$a_\alpha = s_\alpha/2$ (samples)")
    marks = [
        panels.key(style.NETWORK_NAMES[network], color="0.4", linestyle="", marker=_MARKERS[network], markersize=4)
        for network in results.networks
    ]
    axes.legend(handles=[*marks, panels.key("Eq. 22", **style.THEORY_LEVEL)])
    style.panel_letter(axes, "c")


def _ratios(axes: Axes, results: ExperimentResults) -> None:
    (cnn, cnn_predicted), (fcnn, fcnn_predicted) = (_times(results, name) for name in ("linear_cnn", "linear_fcnn"))
    _points(axes, np.arange(len(results.modes)), cnn / fcnn, results.modes, "linear_cnn")
    axes.plot((cnn_predicted / fcnn_predicted).mean(axis=0), markersize=14, **style.THEORY_LEVEL)
    for level, name in ((1.0, "1"), (np.sqrt(2), r"$\sqrt{2}$")):
        axes.axhline(level, color="0.7", linewidth=0.6, zorder=0)
        axes.annotate(
            name,
            (1, level),
            (2, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            color="0.4",
        )
    _mode_axis(axes, results.modes)
    axes.set_ylabel("discovery time,\nCNN / FCNN")
    style.panel_letter(axes, "d")


def _points(axes: Axes, indices: npt.NDArray[Any], values: FloatArray, modes: list[int], network: str) -> None:
    for index, sample, mode in zip(indices, values.T, modes, strict=True):
        known = sample[np.isfinite(sample)]
        if known.size:
            axes.errorbar(
                index, known.mean(), known.std(), fmt=_MARKERS[network], color=style.mode_colour(mode), markersize=4
            )


def _mode_axis(axes: Axes, modes: list[int]) -> None:
    panels.mode_ticks(axes, modes)
    axes.set(xlabel=r"mode $\alpha$", xlim=(-0.5, len(modes) - 0.5))


def _singular_values(results: ExperimentResults) -> FloatArray:
    return results.decomposition.singular_values[results.modes]


def _sigmoids(results: ExperimentResults, network: str) -> FloatArray | None:
    """Eq. 22 from every seed's own a_α(0), shape (seeds, samples, modes); None where it does not apply."""
    theory = results.theory(network, ["sigmoid"])
    return theory["sigmoid"].values[..., results.modes] if "sigmoid" in theory else None


def _times(results: ExperimentResults, network: str) -> tuple[FloatArray, FloatArray]:
    """Measured and predicted times at which a_α = s_α/2, found alike, both (seeds, modes)."""
    measured, predicted = results.discovery_times(network), _sigmoids(results, network)
    if predicted is None:
        return measured, np.full_like(measured, np.nan)
    samples, _ = results.effective_singular_values(network)
    return measured, discovery.discovery_times(samples, predicted, _singular_values(results))
