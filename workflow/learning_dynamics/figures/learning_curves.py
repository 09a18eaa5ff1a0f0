"""What the figures of trajectories share: curves over time, their legends, and the moments at which modes are found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from learning_dynamics.figures import style
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults
from learning_dynamics.training import files as trajectory_files

NEUTRAL = "0.2"
LEVEL: dict[str, Any] = {"linewidth": 0.6, "linestyle": (0, (1, 2))}
SPLIT_COLOURS = {"train": "black", "test": "0.6"}

# The time axis of a short story ends at this multiple of the last discovery time.
_AFTER_LAST_DISCOVERY = 2.5


def title(results: ExperimentResults) -> str:
    """The experiment's name as words."""
    return results.name.replace("_", " ")


def effective_singular_values(
    axes: Axes, results: ExperimentResults, networks: Sequence[str], modes: Sequence[int] | None = None
) -> None:
    """a_α(t), mean and spread over seeds, with the levels s_α (Pinson et al. 2023, Eqs. 4 and 5).

    On top the gradient flow from every seed's own start (Eqs. 15, 16, 19, 20), mean over seeds.

    Args:
        axes: where.
        results: the experiment.
        networks: those shown.
        modes: those shown, the first ones of all that can be discovered; all of these if not given.
    """
    shown = results.modes if modes is None else modes
    for mode in shown:
        level = results.decomposition.singular_values[mode]
        axes.axhline(level, color=style.mode_colour(mode), zorder=1, **LEVEL)
    for network in networks:
        samples, diagonal = results.effective_singular_values(network)
        for index, mode in enumerate(shown):
            style.mean_and_spread(
                axes, samples, diagonal[..., index], style.mode_colour(mode), style.NETWORK_LINES[network]
            )
        theory = results.theory(network, ["effective_singular_values"])
        if "effective_singular_values" in theory:  # of very large data there is no flow
            flow = theory["effective_singular_values"]
            for mode in shown:
                style.predicted_mean(axes, flow["sample"], flow.values[..., mode, mode])
    axes.set_ylabel(r"$a_\alpha$")
    axes.set_ylim(bottom=0)


def losses(axes: Axes, results: ExperimentResults) -> None:
    """Train loss, and test loss where images are held out, of every network: mean and spread over seeds.

    On top the gradient flow's (Pinson et al. 2023, Eqs. 15, 16, 19, 20), mean over seeds.
    """
    splits = splits_with_loss(results)
    for network in results.networks:
        names = [f"{split}_loss" for split in splits]
        runs, flow = results.trajectories(network, names), results.theory(network, names)
        for split in splits:
            curves = runs[f"{split}_loss"].values
            style.mean_and_spread(
                axes, runs["sample"].values, curves, SPLIT_COLOURS[split], style.NETWORK_LINES[network]
            )
            if f"{split}_loss" in flow:
                style.predicted_mean(axes, flow["sample"], flow[f"{split}_loss"], SPLIT_COLOURS[split])
    axes.set_ylabel("mean square error")
    axes.ticklabel_format(axis="y", useOffset=False)


def splits_with_loss(results: ExperimentResults) -> tuple[str, ...]:
    """The splits of which there is a loss."""
    return results.data.splits


def time_axis(axes: Axes, results: ExperimentResults) -> None:
    """Training samples on a linear scale, as in the paper."""
    style.samples_axis(axes)
    axes.set_xlim(0, results.settings.update_count)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.locator_params(axis="x", nbins=5)


def show_discoveries_only(axes: Axes, results: ExperimentResults, network: str) -> None:
    """Cut the time axis some time after the last discovery, if there is a long rest after it."""
    last = mean_discovery_times(results, network).max()
    if last * _AFTER_LAST_DISCOVERY < results.settings.update_count:
        axes.set_xlim(0, last * _AFTER_LAST_DISCOVERY)


def mean_discovery_times(results: ExperimentResults, network: str) -> FloatArray:
    """The half-rise time of each mode, mean over the seeds that find it; NaN where none does. Shape (modes,)."""
    return np.array([times.mean() if len(times) else np.nan for times in _times_by_mode(results, network)])


def _times_by_mode(results: ExperimentResults, network: str) -> list[FloatArray]:
    return [times[np.isfinite(times)] for times in results.discovery_times(network).T]


def mark_discoveries(axes: Axes, results: ExperimentResults, network: str) -> None:
    """A vertical line in the mode's colour at the mean time at which each mode is found."""
    for mode, time in zip(results.modes, mean_discovery_times(results, network), strict=True):
        if np.isfinite(time):
            axes.axvline(time, color=style.mode_colour(mode), linewidth=0.7, linestyle="--", zorder=1)


@dataclass(frozen=True)
class Discovery:
    """A snapshot of the weights and the modes found by then.

    index: of the snapshot among those kept.
    sample: its time.
    modes: found since the snapshot before.
    """

    index: int
    sample: int
    modes: tuple[int, ...]

    @property
    def label(self) -> str:
        """When, and which modes."""
        return f"t = {self.sample:,}\n{modes_in_words(self.modes)} found"


def modes_in_words(modes: Sequence[int]) -> str:
    """For example "modes 1, 2"."""
    if not modes:
        return "no mode"
    return f"mode{'s' if len(modes) > 1 else ''} {', '.join(map(str, modes))}"


def discoveries(results: ExperimentResults, network: str) -> list[Discovery]:
    """For every mode the first snapshot at which it counts as found; modes that share one stand together.

    A mode counts as found from its mean half-rise time on, less one standard deviation over the seeds: a snapshot
    taken a moment before the mean shows the discovery better than one taken long after. If no mode is found, the
    last snapshot stands alone.
    """
    snapshots = results.settings.snapshot_samples()
    modes_by_place: dict[int, list[int]] = {}
    for mode, times in zip(results.modes, _times_by_mode(results, network), strict=True):
        if len(times):
            index = int(np.searchsorted(snapshots, times.mean() - times.std()))
            modes_by_place.setdefault(index, []).append(mode)
    found = modes_by_place or {len(snapshots) - 1: []}
    return [Discovery(index, snapshots[index], tuple(found[index])) for index in sorted(found)]


def weights(results: ExperimentResults, network: str, variable: str, seed: int) -> FloatArray:
    """The weights that one seed kept, shape (snapshots, …)."""
    return np.asarray(trajectory_files.read(results.trajectory_files[network][seed], [variable])[variable].values)


def half_plane(side: int) -> npt.NDArray[np.intp]:
    """The vec-2D indices l ≤ l*: every frequency of a real image once, without its mirror."""
    return np.flatnonzero(np.arange(side * side) <= fourier.mirror_index(side))


def frequency(l: int, side: int) -> str:
    """The signed frequency pair (i, j) of vec-2D index l, in cycles per image."""
    pair = (value if value <= side // 2 else value - side for value in divmod(int(l), side))
    return "({}, {})".format(*(str(value).replace("-", "−") for value in pair))


def entry(label: str, **appearance: Any) -> Line2D:
    """A legend entry for what has this appearance."""
    return Line2D([], [], label=label, **appearance)


def mode_entries(modes: Iterable[int], **appearance: Any) -> list[Line2D]:
    """Legend entries: the colour of each mode."""
    return [entry(f"mode {mode}", color=style.mode_colour(mode), **appearance) for mode in modes]


def network_entries(networks: Iterable[str]) -> list[Line2D]:
    """Legend entries: the line of each network."""
    return [
        entry(style.NETWORK_NAMES[network], color=NEUTRAL, linestyle=style.NETWORK_LINES[network])
        for network in networks
    ]


def split_entries(splits: Iterable[str]) -> list[Line2D]:
    """Legend entries: the colour of each split's loss."""
    return [entry(split, color=SPLIT_COLOURS[split]) for split in splits]


def level_entry() -> Line2D:
    """Legend entry: the level s_α."""
    return entry(r"level $s_\alpha$", color=NEUTRAL, **LEVEL)


def theory_entry(label: str = style.FLOW) -> Line2D:
    """Legend entry: a prediction."""
    return entry(label, **style.THEORY)
