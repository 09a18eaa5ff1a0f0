"""The prediction for an experiment as plain data: structure, order and times of the modes, frequencies, caveats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.config.chosen_settings import read as read_chosen
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets.sources.image_source import unbalanced
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import estimates
from learning_dynamics.theory.alignment import class_mean_share, off_diagonal_share

_FREQUENCIES = 12
_FREQUENCIES_OF_A_MODE = 3
# A class belongs to one side of a mode if its weight in u^α is at least this share of the largest.
_WEIGHTY = 0.4
NOTICEABLE = {"coherence": 0.9, "off_diagonal_share": 0.1, "shared_power": 0.1}


def summarise(results: ExperimentResults, smallest_mode: float, chosen_file: str | None) -> dict[str, Any]:
    """What is predicted for the networks of an experiment.

    Args:
        results: its data set, structure and theory files; no trajectories are read.
        smallest_mode: modes of a smaller share of the largest s_α are not waited for.
        chosen_file: the settings that were `auto`; None if none was.
    """
    modes = estimates.mode_structure(results.structure, np.nan, smallest_mode)
    in_modes = results.structure["input_correlation_in_modes"].values
    found = np.array(results.modes)
    shared = estimates.shared_power(modes.spectra[found])
    np.fill_diagonal(shared, 0.0)
    inner = in_modes[np.ix_(found, found)]
    outside = float(off_diagonal_share(inner))
    frequencies = results.structure["class_frequency"].values
    coherence = class_mean_share(in_modes, modes.singular_values, results.decomposition.left, frequencies)
    described = [
        _mode(results, modes, int(mode), float(coherence[mode]), dict(zip(results.modes, shared[index], strict=True)))
        for index, mode in enumerate(found)
    ]
    networks = {network: _network(results, network, modes) for network in results.settings.networks.two_layer}
    return {
        "experiment": results.name,
        "images": _images(results),
        "settings": _settings(results, chosen_file),
        "modes": described,
        **({"further_modes": further} if (further := results.structure.sizes.get("further_mode", 0)) else {}),
        "networks": networks,
        "frequencies": _winners(results, modes, found),
        "caveats": {
            "off_diagonal_share": _rounded(outside),
            "smallest_coherence": _rounded(float(coherence[found].min())),
            "largest_shared_power": _rounded(float(shared.max())),
        },
    }


def magnitudes_of_the_final_kernel(results: ExperimentResults, smallest_mode: float) -> FloatArray | None:
    """|k̂_l| at the end, predicted, channels combined: the flow's for every seed, or one estimate; (seeds, n, n)."""
    if "linear_cnn" not in results.settings.networks.two_layer:
        return None
    theory = results.theory("linear_cnn", ["final_kernel_magnitude"])
    if "final_kernel_magnitude" in theory:
        return np.sqrt((theory["final_kernel_magnitude"].values ** 2).sum(axis=1))
    modes = estimates.mode_structure(results.structure, np.nan, smallest_mode)
    kernel = results.settings.networks.named("linear_cnn").estimated_kernel(modes)
    return np.asarray(kernel)[None]


def predicted_times(results: ExperimentResults, network: str, smallest_mode: float = 1e-9) -> tuple[FloatArray, bool]:
    """Half-rise times of all modes, shape (seeds, modes), and whether they are the flow's or one row of estimates."""
    theory = results.theory(network, ["discovery_time"])
    if "discovery_time" in theory:
        return theory["discovery_time"].values, True
    return estimated_times(results.structure, results.settings, network, smallest_mode)[None], False


def estimated_times(
    structure: xr.Dataset, settings: Experiment, network: str, smallest_mode: float = 1e-9
) -> FloatArray:
    """Half-rise times by the structure alone, shape (modes,); NaN of modes that are not found within the run.

    Args:
        structure: the structure file's variables.
        settings: the experiment.
        network: which of its networks.
        smallest_mode: modes of a smaller share of the largest s_α are not waited for.
    """
    modes = estimates.mode_structure(structure, np.nan, smallest_mode)
    inputs = structure["right_singular_vectors"][0].size
    times: FloatArray = settings.networks.named(network).estimated_times(modes, inputs)
    return np.where(times > settings.update_count, np.nan, times)


def _images(results: ExperimentResults) -> dict[str, Any]:
    data = results.data
    train = np.bincount(data.labels[~data.is_test], minlength=data.classes)
    test = np.bincount(data.labels[data.is_test], minlength=data.classes)
    channels, side, _ = results.data.shape
    return {
        "origin": data.origin,
        "side": side,
        "channels": channels,
        "centred": data.centred,
        "classes": [
            {"name": name, "train": int(train[index]), "test": int(test[index])}
            for index, name in enumerate(data.class_names)
        ],
        "unbalanced": unbalanced(data.labels, data.is_test, data.class_names),
    }


def _settings(results: ExperimentResults, chosen_file: str | None) -> dict[str, Any]:
    chosen: Mapping[str, Any] = read_chosen(chosen_file) if chosen_file else {}
    networks = results.settings.networks
    return {
        "learning_rate": {name: getattr(networks, name).learning_rate for name in networks.two_layer},
        "updates": results.settings.update_count,
        "chosen": bool(chosen),
        "capped": bool(chosen.get("capped", False)),
    }


def _mode(
    results: ExperimentResults,
    modes: estimates.ModeStructure,
    mode: int,
    coherence: float,
    shared: Mapping[int, float],
) -> dict[str, Any]:
    """A mode by itself; `shared` is its power at the frequencies of every mode, 0 with itself."""
    other = max(shared, key=lambda mode: shared[mode])
    weights = results.decomposition.left[:, mode]
    names = results.data.class_names
    limit = _WEIGHTY * np.abs(weights).max()
    order = np.argsort(-np.abs(weights), kind="stable")
    return {
        "mode": mode,
        "singular_value": _rounded(float(modes.singular_values[mode])),
        "input_correlation": _rounded(float(modes.input_correlation[mode])),
        "worth_waiting_for": bool(modes.worthwhile[mode]),
        "classes_for": [names[index] for index in order if weights[index] >= limit],
        "classes_against": [names[index] for index in order if weights[index] <= -limit],
        "coherence": _rounded(coherence),
        "frequencies": [
            {"row": row, "column": column, "share": _rounded(share)}
            for row, column, share in estimates.dominant_frequencies(modes.spectra[mode], _FREQUENCIES_OF_A_MODE)
        ],
        "largest_shared_power": {"with_mode": other, "share": _rounded(float(shared[other]))}
        if len(shared) > 1
        else None,
    }


def _network(results: ExperimentResults, network: str, modes: estimates.ModeStructure) -> dict[str, Any]:
    times, by_flow = predicted_times(results, network)
    entries: list[dict[str, Any]] = []
    for mode in results.modes:
        there = times[np.isfinite(times[:, mode]), mode]
        entries.append(
            {
                "mode": mode,
                "half_rise": _rounded(float(there.mean())) if len(there) else None,
                "spread": _rounded(float(there.std())) if len(there) > 1 else None,
                "seeds": len(there),
            }
        )
    ordered = sorted((e for e in entries if e["half_rise"] is not None), key=lambda e: e["half_rise"])
    return {
        "method": "gradient flow" if by_flow else "estimate",
        "seeds": len(times),
        "order": [entry["mode"] for entry in ordered],
        "modes": entries,
    }


def _winners(results: ExperimentResults, modes: estimates.ModeStructure, found: np.ndarray) -> list[dict[str, Any]]:
    kernel = magnitudes_of_the_final_kernel(results, 1e-9)
    if kernel is None:
        return []
    power = np.sqrt((kernel**2).mean(axis=0))
    side = modes.side
    owners = modes.spectra[found].argmax(axis=0)
    return [
        {
            "row": row,
            "column": column,
            "share": _rounded(share),
            "mode": int(found[owners[row % side, column % side]]),
        }
        for row, column, share in estimates.dominant_frequencies(power, _FREQUENCIES)
    ]


def measured(results: ExperimentResults) -> dict[str, Any]:
    """How well the prediction did: half-rise times and final kernel of the trained networks against it."""
    summary: dict[str, Any] = {"experiment": results.name, "networks": {}}
    for network in results.networks:
        predicted, by_flow = predicted_times(results, network)
        times = results.discovery_times(network)
        entries = []
        for index, mode in enumerate(results.modes):
            expected = np.broadcast_to(predicted[:, mode], len(times))
            both = np.isfinite(expected) & np.isfinite(times[:, index])
            ratio = times[both, index] / expected[both] - 1
            entries.append(
                {
                    "mode": mode,
                    "measured": _rounded(float(times[both, index].mean())) if both.any() else None,
                    "predicted": _rounded(float(expected[both].mean())) if both.any() else None,
                    "deviation": _rounded(float(ratio.mean())) if both.any() else None,
                    "deviation_of_a_seed": _rounded(float(np.sqrt((ratio**2).mean()))) if both.any() else None,
                    "seeds": int(both.sum()),
                    "found_unexpectedly": int((np.isfinite(times[:, index]) & ~np.isfinite(expected)).sum()),
                    "missed": int((~np.isfinite(times[:, index]) & np.isfinite(expected)).sum()),
                }
            )
        summary["networks"][network] = {"method": "gradient flow" if by_flow else "estimate", "modes": entries}
    kernel = magnitudes_of_the_final_kernel(results, 1e-9)
    if kernel is not None and "linear_cnn" in results.networks:
        trained = np.sqrt((results.final_kernel_magnitudes.astype(np.float64) ** 2).sum(axis=1))
        half = np.flatnonzero(np.arange(kernel[0].size) <= fourier.mirror_index(kernel.shape[-1]))
        expected, reached = kernel.reshape(len(kernel), -1)[:, half], trained.reshape(len(trained), -1)[:, half]
        errors = np.linalg.norm(reached - expected, axis=1) / np.linalg.norm(expected, axis=1)
        top = min(_FREQUENCIES, len(half))
        hits = [
            len(set(np.argsort(-a)[:top]) & set(np.argsort(-b)[:top])) / top
            for a, b in zip(np.broadcast_to(expected, reached.shape), reached, strict=True)
        ]
        summary["final_kernel"] = {
            "relative_error": _rounded(float(errors.mean())),
            "strongest": top,
            "strongest_predicted_right": _rounded(float(np.mean(hits))),
        }
    return summary


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
