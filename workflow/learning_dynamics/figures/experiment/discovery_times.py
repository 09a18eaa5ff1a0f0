"""When each mode is found."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from learning_dynamics.figures import learning_curves, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

_APART = 0.3
_MEAN_HALF_WIDTH = 0.12
_CHARACTERS_PER_INCH = 20
_MOST_TICKS, _MOST_LISTED = 25, 10


def draw(results: ExperimentResults) -> Figure:
    """Half-rise time of each a_α: every seed a point, the mean over the seeds that find the mode a bar.

    Seeds that do not find a mode within the run (its end is dotted) are counted above. At equal effective learning
    rate the CNN finds every mode but a constant one later than the FCNN (Pinson et al. 2023, Secs. 3 and 5).
    """
    times = {network: results.discovery_times(network) for network in results.networks}
    width = min(style.PAGE, max(style.COLUMN, 0.5 * len(results.modes)))
    figure = style.new_figure(width, 2.5)
    axes = figure.subplots()
    for index, network in enumerate(times):
        offset = _APART * (index - (len(times) - 1) / 2)
        _times(axes, np.array(results.modes) + offset, results.modes, times[network], style.NETWORK_MARKERS[network])
    axes.axhline(results.settings.update_count, color=learning_curves.NEUTRAL, **learning_curves.LEVEL)
    # Of very many modes most are not found: the axis ends where they begin.
    found = [int(index) for values in times.values() for index in np.flatnonzero(np.isfinite(values).any(axis=0))]
    _scale(axes, results.modes[: max([_MOST_TICKS, *found]) + 1])
    axes.set_title(textwrap.fill(_never_found(times, results.modes), int(width * _CHARACTERS_PER_INCH)), fontsize=6)
    figure.legend(handles=_entries(results.networks), loc="outside upper center", ncols=len(times) + 1)
    return figure


def _times(axes: Axes, indices: FloatArray, modes: list[int], times: FloatArray, marker: str) -> None:
    # Slow to import, and no other figure needs it.
    import seaborn

    seeds, found = np.nonzero(np.isfinite(times))
    if not len(seeds):
        return
    seaborn.stripplot(
        x=indices[found],
        y=times[seeds, found],
        hue=np.array(modes)[found],
        palette={mode: style.mode_colour(mode) for mode in modes},
        marker=marker,
        size=3,
        alpha=0.5,
        # Jitter is random, and equal figures have equal bytes.
        jitter=False,
        native_scale=True,
        legend=False,
        ax=axes,
    )
    for column in np.unique(found):
        mean = times[seeds[found == column], column].mean()
        ends = indices[column] - _MEAN_HALF_WIDTH, indices[column] + _MEAN_HALF_WIDTH
        axes.hlines(mean, *ends, color="black", linewidth=1)


def _scale(axes: Axes, modes: list[int]) -> None:
    axes.set(
        xlabel=r"mode $\alpha$", ylabel="half-rise time (training samples)", xlim=(modes[0] - 0.5, modes[-1] + 0.5)
    )
    every = -(-len(modes) // _MOST_TICKS)
    axes.set_xticks(modes[::every])
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _never_found(times: dict[str, FloatArray], modes: list[int]) -> str:
    """The modes that some seeds do not find within the run, by network; empty if there are none."""
    parts = []
    for network, values in times.items():
        misses = np.isnan(values).sum(axis=0)
        listed = [f"mode {mode} ({count} of {len(values)})" for mode, count in zip(modes, misses, strict=True) if count]
        more = f" and {len(listed) - _MOST_LISTED} more modes" if len(listed) > _MOST_LISTED else ""
        if listed:
            parts.append(f"{style.NETWORK_NAMES[network]} {', '.join(listed[:_MOST_LISTED])}{more}")
    return f"Seeds that did not find it within the run: {'; '.join(parts)}" if parts else ""


def _entries(networks: list[str]) -> list[Line2D]:
    points = [
        learning_curves.entry(
            style.NETWORK_NAMES[name], color="0.4", marker=style.NETWORK_MARKERS[name], markersize=3, linestyle=""
        )
        for name in networks
    ]
    return [*points, learning_curves.entry("mean", color="black", linewidth=1)]
