"""The steps in which networks learn a data set: a mode, or modes that only mean something together, each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory.close_modes import CloseModes

# A class belongs to one side of a mode if its weight in u^α is at least this share of the largest.
_WEIGHTY = 0.4
# A frequency is as good as the strongest if its |v̂_l| is at least this share of it: both grow at about the same speed.
_EQUAL, _MOST_WAVES = 0.9, 3


def sides(results: ExperimentResults, modes: Sequence[int]) -> tuple[list[str], list[str]]:
    """The classes on either side of a mode, heaviest first; those of a group, which has no sides, all on the first."""
    names = results.data.class_names
    weights = results.decomposition.left[:, list(modes)]
    if len(modes) > 1:
        sizes = np.linalg.norm(weights, axis=1)
        return [names[index] for index in np.flatnonzero(sizes >= _WEIGHTY * sizes.max())], []
    weights = weights[:, 0]
    limit = _WEIGHTY * np.abs(weights).max()
    order = np.argsort(-np.abs(weights), kind="stable")
    return (
        [names[index] for index in order if weights[index] >= limit],
        [names[index] for index in order if weights[index] <= -limit],
    )


def waves(spectra: FloatArray) -> list[dict[str, Any]]:
    """The dominant frequency of some modes, where Σ_α|v̂^α_l|² is largest and a kernel grows fastest, and its equals.

    Args:
        spectra: |v̂^α_l|, channels combined, shape (modes, n, n).

    Returns:
        Strongest first, ``row`` and ``column`` in cycles per image, and the ``share`` of the modes' power at the
        frequency and its mirror.
    """
    power = (spectra**2).sum(axis=0)
    side = power.shape[-1]
    found: list[dict[str, Any]] = []
    for index in np.flatnonzero(power.ravel() >= _EQUAL**2 * power.max()):
        row, column = divmod(int(index), side)
        mirror = (-row % side, -column % side)
        if mirror < (row, column):
            continue
        together = power[row, column] + (power[mirror] if mirror != (row, column) else 0.0)
        signed = [value if value <= side // 2 else value - side for value in (row, column)]
        found.append({"row": signed[0], "column": signed[1], "share": rounded(float(together / power.sum()))})
    # Shares are rounded: those that are equal to rounding keep their order, whatever the machine.
    return sorted(found, key=lambda wave: -wave["share"])[:_MOST_WAVES]


def wave_image(results: ExperimentResults, modes: Sequence[int], frequency: Mapping[str, Any]) -> FloatArray:
    """The part at one frequency and its mirror of that v^α of some modes that has most there, shape (C, n, n)."""
    parts = results.structure["right_singular_spectra"].values[list(modes)]
    spectra = parts[..., 0] + 1j * parts[..., 1]
    side = spectra.shape[-1]
    kept = np.zeros_like(spectra)
    for sign in (1, -1):
        place = (..., sign * frequency["row"] % side, sign * frequency["column"] % side)
        kept[place] = spectra[place]
    most = int(np.argmax((np.abs(kept) ** 2).sum(axis=(1, 2, 3)).round(9)))
    return fourier.image(kept[most])


def steps(
    results: ExperimentResults,
    spectra: FloatArray,
    close: Sequence[CloseModes],
    networks: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The steps, in the order in which the first network takes them; those it does not take come last.

    Args:
        results: gives structure and names.
        spectra: |v̂^α_l| of all modes.
        close: groups of modes.
        networks: what is predicted for each, with the half-rise time and accuracy of every mode.
    """
    kinds = {group.modes: group.kind for group in close}
    grouped = {mode for group in close for mode in group.modes}
    members = [*kinds, *((mode,) for mode in results.modes if mode not in grouped)]
    described = []
    for modes in sorted(members):
        favoured, opposed = sides(results, modes)
        described.append(
            {
                "modes": list(modes),
                "kind": kinds.get(modes, "single"),
                "classes_for": favoured,
                "classes_against": opposed,
                "waves": waves(spectra[list(modes)]),
                "found": {network: _found(part, modes) for network, part in networks.items()},
                "accuracy": {network: _accuracy(part, modes) for network, part in networks.items()},
            }
        )
    first = next(iter(networks), None)

    def when(step: Mapping[str, Any]) -> float:
        found = step["found"][first]
        return found["first"] if found else np.inf

    return sorted(described, key=when)


def _found(network: Mapping[str, Any], modes: Sequence[int]) -> dict[str, float] | None:
    times = [entry["half_rise"] for entry in network["modes"] if entry["mode"] in modes]
    there = [time for time in times if time is not None]
    return {"first": min(there), "last": max(there)} if there else None


def _accuracy(network: Mapping[str, Any], modes: Sequence[int]) -> dict[str, float] | None:
    """When the last of the modes is found."""
    there = [
        entry
        for entry in network["modes"]
        if entry["mode"] in modes and entry["half_rise"] is not None and "accuracy" in entry
    ]
    return max(there, key=lambda entry: entry["half_rise"])["accuracy"] if there else None


def rounded(value: float) -> float:
    """To four significant digits."""
    return float(f"{value:.4g}")
