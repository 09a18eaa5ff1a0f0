"""Settings that are `auto`: chosen from the structure of the data before anything is trained, and kept in a file.

λ is such that an update is small against the slow regime, in which training follows the gradient flow; the run is long
enough for every mode worth waiting for, in every network, by the flow from the first seeds' own initial weights.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from learning_dynamics import chosen_settings, whole_files
from learning_dynamics.config import AutomaticSettings
from learning_dynamics.config_experiments import Experiment
from learning_dynamics.config_networks import LinearFCNN
from learning_dynamics.correlations import Correlations, CorrelationsInModes, FloatArray
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.networks.train import initial_linear_cnn, initial_linear_fcnn
from learning_dynamics.structure import read_averages, read_structure, structure_of
from learning_dynamics.theory import estimates, gradient_flow
from learning_dynamics.trajectories import discovery_times

# Of the flow that decides on the number of updates.
_TRIALS = 3
_RECORDS = 200
# Numbers in all networks that are in memory for their records, p·C·n² each: half a gigabyte.
_MOST_RECORDED = 2**26
_FEWEST_RECORDS = 20
# The run goes on after the last discovery, so that the mode is seen to level off.
_AFTER_LAST = 1.5
# A mode that is this far and moves by less than this, per doubling of the time, will not get further.
_UNDER_WAY, _STALLED = 0.02, 0.01


def choose(
    name: str,
    experiment: Experiment,
    rules: AutomaticSettings,
    seeds: int,
    root_seed: int,
    data: LabelledImages,
    averages: Mapping[str, Correlations] | Mapping[str, CorrelationsInModes],
    structure_file: str | Path,
    log: logging.Logger,
) -> dict[str, Any]:
    """Values for all settings that are `auto`, and what they rest on.

    Args:
        name: experiment.
        experiment: its settings.
        rules: how to choose.
        seeds: number of trials; the flow is integrated for the first few.
        root_seed: root of the random streams.
        data: the images; only their shape and number of classes are used.
        averages: by split.
        structure_file: decomposition of the training Σyx.
        log: for what was chosen.

    Returns:
        ``learning_rate`` by network, ``updates``, ``modes`` that are waited for, whether the run is ``capped``,
        ``not_found``: modes that the run will not show, by network; and ``records``, if there are so many classes that
        the networks of all records would not fit in memory.
    """
    stored = read_structure(structure_file)
    train = averages["train"]
    power = train.input_power if isinstance(train, CorrelationsInModes) else float(np.trace(train.input))
    modes = estimates.mode_structure(stored, power, rules.smallest_mode)
    rates = {
        network: _given(getattr(experiment.networks, network).learning_rate)
        or estimates.learning_rate(modes, network, rules.step)
        for network in experiment.networks.two_layer
    }
    chosen = chosen_settings.resolved(experiment, {"learning_rate": rates, "updates": rules.most_updates})
    times = {
        network: _times(name, chosen, network, rules.most_updates, seeds, root_seed, data, averages, stored, modes, log)
        for network in rates
    }
    worth = np.flatnonzero(modes.worthwhile)
    awaited = np.concatenate([values[worth] for values in times.values()])
    # Infinite if a mode is still rising at the longest run; NaN of one that will not get there is no reason to wait.
    latest = float(np.nanmax(awaited)) if np.isfinite(awaited).any() else np.inf
    wanted = np.inf if np.isinf(awaited).any() else max(_rounded_up(_AFTER_LAST * latest), experiment.records)
    updates = int(min(wanted, rules.most_updates))
    if experiment.updates != "auto":
        updates = experiment.updates
    not_found = {
        network: [int(mode) for mode in worth if not values[mode] <= updates] for network, values in times.items()
    }
    capped = experiment.updates == "auto" and wanted > rules.most_updates
    log.info("%s: λ %s, %d updates", name, ", ".join(f"{n} {rate:g}" for n, rate in rates.items()), updates)
    if capped:
        log.warning(
            "%s: the run ends at %d updates (key automatic.most_updates), before all modes are found", name, updates
        )
    records = _records_that_fit(data)
    fewer = {"records": records} if records < experiment.records else {}
    if fewer:
        log.warning(
            "%s: %d records instead of %d, because %d classes make large networks",
            *(name, records, experiment.records),
            data.classes,
        )
    return {
        "experiment": name,
        "learning_rate": rates,
        "updates": updates,
        **fewer,
        "modes": [int(mode) for mode in worth],
        "half_rise": {network: [_plain(time) for time in values] for network, values in times.items()},
        "capped": bool(capped),
        "not_found": not_found,
    }


def choose_from_files(
    dataset: str,
    correlations: str,
    structure: str,
    name: str,
    settings: Mapping[str, Any],
    rules: Mapping[str, Any],
    seeds: int,
    root_seed: int,
    path: str | Path,
    log: logging.Logger,
) -> None:
    """``choose`` on result files; the choice is written as JSON.

    Raises:
        DataError: an input file is missing or damaged.
        UserError: the flow could not be integrated.
    """
    chosen = choose(
        name,
        Experiment.model_validate(settings),
        AutomaticSettings.model_validate(rules),
        seeds,
        root_seed,
        labelled_images.open_file(dataset),
        read_averages(correlations),
        structure,
        log,
    )
    with whole_files.replacing(path) as temporary:
        temporary.write_text(json.dumps(chosen, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _times(
    name: str,
    experiment: Experiment,
    network: str,
    longest: int,
    seeds: int,
    root_seed: int,
    data: LabelledImages,
    averages: Mapping[str, Correlations] | Mapping[str, CorrelationsInModes],
    stored: Any,
    modes: estimates.ModeStructure,
    log: logging.Logger,
) -> FloatArray:
    """The latest half-rise time of every mode over the first seeds, by the flow or, where it costs too much, estimated.

    Infinite for modes that are not found before `longest`, NaN for those that are zero or level off below one half.
    """
    train, structure = averages["train"], structure_of(stored)
    model = getattr(experiment.networks, network)
    channels, side, _ = data.shape
    inputs = channels * side * side
    width = model.hidden_width(inputs) if isinstance(model, LinearFCNN) else 0
    guess = estimates.discovery_times(modes, network, model, model.learning_rate, width)
    trials = min(seeds, _TRIALS)
    if isinstance(train, CorrelationsInModes) or not gradient_flow.affordable(trials, data.classes, inputs):
        log.warning(
            "%s, %s: the gradient flow would take too long; times are estimates from the structure", name, network
        )
        return np.where(guess <= longest, guess, np.inf)
    cnn = experiment.networks.linear_cnn
    if network == "linear_cnn":
        weights: Any = [initial_linear_cnn(name, model, seed, root_seed, data, structure) for seed in range(trials)]
    else:
        weights = [
            initial_linear_fcnn(name, model, cnn, seed, root_seed, data, train, structure) for seed in range(trials)
        ]
    worth = modes.worthwhile
    start, end = 0.0, float(min(1.5 * np.nanmax(guess[worth]), longest))
    samples, curves = np.zeros(0), np.zeros((trials, 0, len(worth)))
    # Those of one stretch are still there when the next one's are made.
    records = min(_RECORDS, _records_that_fit(data, 2 * trials))
    while True:
        part = np.linspace(start, end, records + 1)
        if network == "linear_cnn":
            solution = gradient_flow.linear_cnn_flow(weights, train, structure, model.learning_rate, part)
        else:
            solution = gradient_flow.linear_fcnn_flow(weights, train, model.learning_rate, part)
        diagonal = np.einsum("stmm->stm", solution.whole.effective_singular_values(train, structure))
        keep = slice(0 if start == 0 else 1, None)
        samples = np.concatenate([samples, part[keep]])
        curves = np.concatenate([curves, diagonal[:, keep]], axis=1)
        weights = solution.final
        with np.errstate(divide="ignore", invalid="ignore"):
            times = discovery_times(samples, curves, structure.singular_values)
            before = curves[:, np.searchsorted(samples, end / 2)] / structure.singular_values
            now = curves[:, -1] / structure.singular_values
        times[:, ~structure.discoverable] = np.nan
        stalled = (now > _UNDER_WAY) & (np.abs(now - before) < _STALLED * np.abs(now))
        if end >= longest or (np.isfinite(times) | stalled)[:, worth].all():
            times[~np.isfinite(times) & ~stalled & structure.discoverable] = np.inf
            return np.asarray(times.max(axis=0))
        start, end = end, min(2 * end, float(longest))


def _records_that_fit(data: LabelledImages, trials: int = 1) -> int:
    """How many whole networks of some trials may be in memory; a few at the least."""
    return max(_FEWEST_RECORDS, int(_MOST_RECORDED // (trials * data.classes * np.prod(data.shape))))


def _given(rate: float | str) -> float | None:
    return None if isinstance(rate, str) else rate


def _plain(time: float) -> float | None:
    return float(f"{time:.4g}") if np.isfinite(time) else None


def _rounded_up(value: float) -> float:
    """To two significant digits."""
    unit = 10 ** (np.floor(np.log10(value)) - 1)
    return float(np.ceil(value / unit) * unit)
