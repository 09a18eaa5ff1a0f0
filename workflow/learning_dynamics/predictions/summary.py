"""The prediction for an experiment as plain data: structure, order and times of the modes, frequencies, caveats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.config.chosen_settings import read as read_chosen
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.class_names import MOST_CHARACTERS, shown
from learning_dynamics.datasets.sources.image_source import unbalanced
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.predictions import accuracy, steps
from learning_dynamics.predictions.steps import rounded
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import close_modes, estimates
from learning_dynamics.theory.alignment import class_mean_share, off_diagonal_share

_FREQUENCIES = 12
_FREQUENCIES_OF_A_MODE = 3
# What would be written as 0 %.
_NOTHING = 0.005
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
    networks = {network: _network(results, network) for network in results.settings.networks.two_layer}
    samples = int(np.count_nonzero(~results.data.is_test))
    close = close_modes.groups(results.decomposition, in_modes, frequencies, samples)
    further = results.structure.sizes.get("further_mode", 0)
    # Classes that are alike in the leading modes may differ in others.
    same = [] if further else close_modes.same_means(results.decomposition, frequencies)
    return {
        "experiment": results.name,
        "images": _images(results),
        "settings": _settings(results, chosen_file),
        "steps": steps.steps(results, modes.spectra, close, networks),
        "accuracy": _accuracy(results, in_modes, networks),
        "modes": described,
        "groups": [{"modes": list(group.modes), "kind": group.kind} for group in close],
        "same_mean_images": [[results.data.class_names[index] for index in group] for group in same],
        **({"further_modes": further} if further else {}),
        "networks": networks,
        "frequencies": _winners(results),
        "caveats": {
            "off_diagonal_share": rounded(outside),
            "smallest_coherence": rounded(float(coherence[found].min())),
            "largest_shared_power": rounded(float(shared.max())),
            "largest_shared_by": [int(found[index]) for index in np.unravel_index(shared.argmax(), shared.shape)],
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
    reading = dataset_files.reading(results.dataset_file)
    return {
        "origin": data.origin,
        "side": side,
        "channels": channels,
        "centred": data.centred,
        "classes": [
            {"name": name, "train": int(train[index]), "test": int(test[index])}
            for index, name in enumerate(data.class_names)
        ],
        "unbalanced": unbalanced(data.labels, data.is_test, shown(data.class_names, MOST_CHARACTERS)),
        **({"reading": reading} if reading else {}),
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
    favoured, opposed = steps.sides(results, [mode])
    return {
        "mode": mode,
        "singular_value": rounded(float(modes.singular_values[mode])),
        "input_correlation": rounded(float(modes.input_correlation[mode])),
        "worth_waiting_for": bool(modes.worthwhile[mode]),
        "classes_for": favoured,
        "classes_against": opposed,
        "coherence": rounded(coherence),
        "frequencies": [
            {"row": row, "column": column, "share": rounded(share)}
            for row, column, share in estimates.dominant_frequencies(modes.spectra[mode], _FREQUENCIES_OF_A_MODE)
            if share >= _NOTHING
        ],
        "largest_shared_power": {"with_mode": other, "share": rounded(float(shared[other]))}
        if len(shared) > 1
        else None,
    }


def _network(results: ExperimentResults, network: str) -> dict[str, Any]:
    times, by_flow = predicted_times(results, network)
    shares = _accuracy_by_mode(results, network)
    entries: list[dict[str, Any]] = []
    for mode in results.modes:
        there = times[np.isfinite(times[:, mode]), mode]
        entries.append(
            {
                "mode": mode,
                "half_rise": rounded(float(there.mean())) if len(there) else None,
                "spread": rounded(float(there.std())) if len(there) > 1 else None,
                "seeds": len(there),
                **({"accuracy": shares[mode]} if mode in shares else {}),
            }
        )
    ordered = sorted((e for e in entries if e["half_rise"] is not None), key=lambda e: e["half_rise"])
    return {
        "method": "gradient flow" if by_flow else "estimate",
        "seeds": len(times),
        "order": [entry["mode"] for entry in ordered],
        "modes": entries,
    }


def _accuracy_by_mode(results: ExperimentResults, network: str) -> dict[int, dict[str, float]]:
    """By mode and split: the share answered right when the mode is found, mean over the seeds that find it."""
    theory = results.theory(network, [f"{split}_accuracy" for split in results.data.splits])
    found: dict[int, dict[str, float]] = {}
    for name, values in theory.data_vars.items():
        split = str(name).removesuffix("_accuracy")
        for mode, shares in enumerate(values.values.T):
            there = shares[np.isfinite(shares)]
            if len(there):
                found.setdefault(mode, {})[split] = rounded(float(there.mean()))
    return found


def _accuracy(
    results: ExperimentResults, in_modes: FloatArray, networks: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The share of images answered right at the end, by network and split, and by guessing the largest class.

    Where there is no flow: of the best linear map that sees an image through the modes alone.
    """
    splits = {name: results.data.split(name) for name in results.data.splits}
    shares = {
        name: np.bincount(split.labels, minlength=results.data.classes) / len(split) for name, split in splits.items()
    }
    largest = int(shares["train"].argmax())
    at_the_end: dict[str, dict[str, float]] = {}
    for network, part in networks.items():
        if part["method"] == "gradient flow":
            theory = results.theory(network, [f"final_{name}_accuracy" for name in splits])
            values = {name: theory.get(f"final_{name}_accuracy") for name in splits}
            there = {name: float(value.mean()) for name, value in values.items() if value is not None}
        else:
            best = accuracy.best_network_in_modes(results.decomposition, in_modes)
            there = {name: float(accuracy.share_right(best[None], split)[0]) for name, split in splits.items()}
        at_the_end[network] = {name: rounded(value) for name, value in there.items()}
    return {
        "at_the_end": at_the_end,
        "guessing": {name: rounded(float(share[largest])) for name, share in shares.items()},
        "images": {name: min(len(split), accuracy.MOST_IMAGES) for name, split in splits.items()},
    }


def strongest_frequencies(results: ExperimentResults, kernel: FloatArray) -> list[dict[str, Any]]:
    """The strongest frequencies of a kernel's |k̂_l| (n, n), each with the mode of the largest |v̂^α_l| there.

    Frequencies of less than half a percent of the power are left out.
    """
    modes = np.array(results.modes)
    parts = results.structure["right_singular_spectra"].values[modes]
    owners = (parts**2).sum(axis=(1, 4)).argmax(axis=0)
    side = len(kernel)
    return [
        {
            "row": row,
            "column": column,
            "share": rounded(share),
            "mode": int(modes[owners[row % side, column % side]]),
        }
        for row, column, share in estimates.dominant_frequencies(kernel, _FREQUENCIES)
        if share >= _NOTHING
    ]


def _winners(results: ExperimentResults) -> list[dict[str, Any]]:
    kernel = magnitudes_of_the_final_kernel(results, 1e-9)
    return [] if kernel is None else strongest_frequencies(results, np.sqrt((kernel**2).mean(axis=0)))


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
                    "measured": rounded(float(times[both, index].mean())) if both.any() else None,
                    "predicted": rounded(float(expected[both].mean())) if both.any() else None,
                    "deviation": rounded(float(ratio.mean())) if both.any() else None,
                    "deviation_of_a_seed": rounded(float(np.sqrt((ratio**2).mean()))) if both.any() else None,
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
            "relative_error": rounded(float(errors.mean())),
            "strongest": top,
            "strongest_predicted_right": rounded(float(np.mean(hits))),
        }
    return summary
