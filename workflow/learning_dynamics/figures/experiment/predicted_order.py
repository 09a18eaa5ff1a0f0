"""Which mode each network should find when, before any training."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.predictions import summary
from learning_dynamics.results import ExperimentResults

_APART = 0.3
_END: dict[str, Any] = {"color": learning_curves.NEUTRAL, "linewidth": 0.8, "linestyle": "--"}


def draw(results: ExperimentResults) -> Figure:
    """The predicted rise of every mode (Pinson et al. 2023, Eqs. 15, 16, 19, 20), without any training.

    (a) Half-rise times: mean and one standard deviation over the seeds' own initial weights by the gradient flow, or
    open markers for an estimate of each mode by itself where the flow costs too much. (b, c) a_α(t) of the flow for
    each network, mean over seeds; of many modes the first ones. As narrow as a phone, one panel above the other.
    """
    networks = results.settings.networks.two_layer
    flows = {network: results.theory(network, ["effective_singular_values"]) for network in networks}
    flows = {network: flow for network, flow in flows.items() if "effective_singular_values" in flow}
    shown = results.modes[: panels.MOST_IMAGES]
    figure = style.new_figure(style.COLUMN, 0.5 + 0.12 * len(shown) / 3 + 1.7 * (1 + len(flows)))
    rows = figure.subplots(1 + len(flows), 1, squeeze=False)[:, 0]
    _times(rows[0], results, networks, shown)
    for axes, (network, flow) in zip(rows[1:], flows.items(), strict=True):
        _curves(axes, results, flow["effective_singular_values"].values, shown)
        axes.set_title(style.NETWORK_NAMES[network])
    for index, axes in enumerate(rows):
        style.panel_letter(axes, chr(ord("a") + index))
    figure.legend(
        handles=[
            *_entries(networks),
            _end_of_the_run(),
            *([learning_curves.level_entry()] if flows else []),
            *learning_curves.mode_entries(shown),
        ],
        loc="outside lower center",
        ncols=3,
        handlelength=1.5,
        title=panels.first_of(len(shown), len(results.modes), "modes"),
        title_fontsize=6,
    )
    return figure


def _times(axes: Axes, results: ExperimentResults, networks: list[str], shown: list[int]) -> None:
    for index, network in enumerate(networks):
        times, by_flow = summary.predicted_times(results, network)
        offset = _APART * (index - (len(networks) - 1) / 2)
        for mode in shown:
            there = times[np.isfinite(times[:, mode]), mode]
            if len(there):
                axes.errorbar(
                    mode + offset,
                    there.mean(),
                    there.std(),
                    fmt=style.NETWORK_MARKERS[network],
                    color=style.mode_colour(mode),
                    markerfacecolor=style.mode_colour(mode) if by_flow else "white",
                    markersize=4,
                    elinewidth=0.8,
                )
    axes.axhline(results.settings.update_count, **_END)
    axes.set(xlabel=r"mode $\alpha$", ylabel="half-rise (training samples)", yscale="log")
    axes.set_xlim(min(shown) - 0.5, max(shown) + 0.5)
    axes.set_xticks(shown)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_title("found after")


def _curves(axes: Axes, results: ExperimentResults, omega: np.ndarray, shown: list[int]) -> None:
    samples = results.settings.record_samples()
    for mode in shown:
        colour = style.mode_colour(mode)
        axes.axhline(results.decomposition.singular_values[mode], color=colour, zorder=1, **learning_curves.LEVEL)
        axes.plot(samples, omega[..., mode, mode].mean(axis=0), color=colour)
    axes.set_ylabel(r"$a_\alpha$, predicted")
    axes.set_ylim(bottom=0)
    learning_curves.time_axis(axes, results)


def _end_of_the_run() -> Line2D:
    return panels.key("end of the run", **_END)


def _entries(networks: list[str]) -> list[Line2D]:
    return [
        panels.key(
            style.NETWORK_NAMES[name], color="0.4", marker=style.NETWORK_MARKERS[name], markersize=4, linestyle=""
        )
        for name in networks
    ]
