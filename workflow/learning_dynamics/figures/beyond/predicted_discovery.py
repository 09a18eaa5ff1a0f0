"""When each mode should be found and when it is, over all experiments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

_NEUTRAL: dict[str, Any] = {"color": learning_curves.NEUTRAL, "linestyle": "", "markersize": 3.5}


@dataclass(frozen=True)
class _Mode:
    """Discovery times of one mode of one network, in samples, shape (seeds,); NaN where not within the run."""

    network: str
    colour: str
    measured: FloatArray
    predicted: FloatArray

    @property
    def seeds(self) -> npt.NDArray[np.intp]:
        """The seeds for which both are known."""
        return np.flatnonzero(np.isfinite(self.measured) & np.isfinite(self.predicted))

    @property
    def complete(self) -> bool:
        """Whether that is every seed."""
        return len(self.seeds) == len(self.measured)


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Discovery by the gradient flow and by training (Pinson et al. 2023, Eqs. 15, 16, 19, 20; App. J).

    One point per experiment, network and mode. (a) Half-rise times, a_α = s_α/2, of the gradient flow from every seed's
    own start and of the training from the same start, mean and standard deviation over seeds, with the line on which
    they are equal. (b) Measured over predicted − 1, mean and standard deviation over seeds: the random order of the
    samples, which the flow averages out, and the finite learning rate. Modes that some seeds do not find within the
    run are open and of the seeds that find them; modes that none finds are counted but not drawn.
    """
    modes = [
        mode
        for index, results in enumerate(experiments)
        for network in results.networks
        if "discovery_time" in results.theory(network, ["discovery_time"])
        for mode in _modes(results, network, style.experiment_colour(index))
    ]
    drawn = [mode for mode in modes if len(mode.seeds)]
    figure = style.new_figure(style.PAGE, 2.6)
    times, deviations = figure.subplots(1, 2)
    _times(times, drawn)
    _deviations(deviations, drawn)
    for axes, letter in ((times, "a"), (deviations, "b")):
        axes.set_xlabel("predicted by the gradient flow (samples)")
        style.panel_letter(axes, letter)
    entries = _entries(experiments)
    if not all(mode.complete for mode in drawn):
        entries.append(panels.key("not by all seeds", marker="o", markerfacecolor="white", **_NEUTRAL))
    if len(drawn) < len(modes):
        entries.append(panels.key(f"{len(modes) - len(drawn)} of {len(modes)} not\nwithin the run", linestyle=""))
    figure.legend(handles=entries, loc="outside right upper", handlelength=1)
    return figure


def _modes(results: ExperimentResults, network: str, colour: str) -> list[_Mode]:
    measured = results.discovery_times(network)
    predicted = results.theory(network, ["discovery_time"])["discovery_time"].values[:, results.modes]
    return [_Mode(network, colour, *times) for times in zip(measured.T, predicted.T, strict=True)]


def _times(axes: Axes, modes: list[_Mode]) -> None:
    for mode in modes:
        _point(axes, mode, mode.predicted[mode.seeds], mode.measured[mode.seeds])
    axes.set(xscale="log", yscale="log")
    panels.equality(axes)
    axes.set_ylabel("measured (samples)")
    axes.set_title("time at which $a_\\alpha = s_\\alpha/2$")


def _deviations(axes: Axes, modes: list[_Mode]) -> None:
    for mode in modes:
        predicted, measured = mode.predicted[mode.seeds], mode.measured[mode.seeds]
        _point(axes, mode, predicted, 100 * (measured / predicted - 1))
    axes.set_xscale("log")
    axes.axhline(0, **panels.EQUALITY)
    axes.set_ylabel("measured / predicted − 1 (%)")
    axes.set_title("deviation")


def _point(axes: Axes, mode: _Mode, across: FloatArray, up: FloatArray) -> None:
    """Mean and standard deviation over seeds of two quantities."""
    axes.errorbar(
        across.mean(),
        up.mean(),
        up.std(),
        across.std(),
        fmt=style.NETWORK_MARKERS[mode.network],
        color=mode.colour,
        markerfacecolor=mode.colour if mode.complete else "white",
        markersize=3.5,
        markeredgewidth=0.7,
        elinewidth=0.6,
    )


def _entries(experiments: list[ExperimentResults]) -> list[Line2D]:
    entries = [
        panels.key(
            learning_curves.title(results), color=style.experiment_colour(index), marker="s", markersize=4, linestyle=""
        )
        for index, results in enumerate(experiments)
    ]
    networks = [name for name in style.NETWORK_NAMES if any(name in results.networks for results in experiments)]
    entries += [
        panels.key(style.NETWORK_NAMES[name], marker=style.NETWORK_MARKERS[name], **_NEUTRAL) for name in networks
    ]
    return [*entries, panels.key("equal", **panels.EQUALITY)]
