"""Settings that are `auto`: chosen from the structure of the data before anything is trained, and kept in a file.

λ is such that an update is small against the slow regime, in which training follows the gradient flow; the run is long
enough for every mode worth waiting for, in every network, by the flow from the first seeds' own initial weights.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.config import chosen_settings
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import UserError
from learning_dynamics.networks.base import TwoLayerNetwork
from learning_dynamics.numerics import discovery
from learning_dynamics.numerics.correlations import CorrelationsInModes, FloatArray, Structure
from learning_dynamics.numerics.random_streams import Trial
from learning_dynamics.storage import whole_files
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.files import Averages
from learning_dynamics.structure.training_data import StructureFiles, TrainingData
from learning_dynamics.theory import estimates, gradient_flow
from learning_dynamics.training.task import Trials

_log = logging.getLogger(__name__)

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
# A start of more than this share of s_α is not small.
_LARGE_START = 0.05


def choose(
    trials: Trials,
    rules: AutomaticSettings,
    data: LabelledImages,
    averages: Averages,
    stored: xr.Dataset,
) -> dict[str, Any]:
    """Values for all settings that are `auto`, and what they rest on.

    Args:
        trials: of the experiment; the flow is integrated for the first few.
        rules: how to choose.
        data: the images; only their shape and number of classes are used.
        averages: by split.
        stored: the structure file's variables.

    Returns:
        ``learning_rate`` by network, ``updates``, ``modes`` that are waited for, whether the run is ``capped``,
        ``not_found``: modes that the run will not show, by network; ``start``: the largest typical a_α(0)/s_α, by
        network; ``initial_std`` by network and key, if one was `auto`; and ``records``, if there are so many classes
        that the networks of all records would not fit in memory.

    Raises:
        UserError: the start is as large as all that is to be learned.
    """
    name, experiment = trials.name, trials.settings
    train = averages["train"]
    power = train.input_power if isinstance(train, CorrelationsInModes) else float(np.trace(train.input))
    modes = estimates.mode_structure(stored, power, rules.smallest_mode)
    rates, stds = {}, {}
    for network in experiment.networks.two_layer:
        model = experiment.networks.named(network)
        if model.automatic_stds():
            stds[network] = _stds(model, modes, int(np.prod(data.shape)), rules.start)
        given = None if isinstance(model.learning_rate, str) else model.learning_rate
        rates[network] = given or estimates.learning_rate(modes, model.rates(modes), rules.step)
    found = {"learning_rate": rates, **({"initial_std": stds} if stds else {})}
    chosen = chosen_settings.resolved(experiment, {**found, "updates": rules.most_updates})
    starts = {network: _start(name, chosen.networks.named(network), modes, data) for network in rates}
    structure = structure_files.structure_of(stored)
    times = {
        network: _times(
            replace(trials, settings=chosen),
            network,
            data,
            averages,
            structure=structure,
            modes=modes,
            longest=rules.most_updates,
        )
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
    _log.info("%s: λ %s, %d updates", name, ", ".join(f"{n} {rate:g}" for n, rate in rates.items()), updates)
    if capped:
        _log.warning(
            "%s: the run ends at %d updates (key automatic.most_updates), before all modes are found", name, updates
        )
    records = _records_that_fit(data)
    fewer = {"records": records} if records < experiment.records else {}
    if fewer:
        _log.warning(
            "%s: %d records instead of %d, because %d classes make large networks",
            name,
            records,
            experiment.records,
            data.classes,
        )
    return {
        "experiment": name,
        **found,
        "updates": updates,
        **fewer,
        "modes": [int(mode) for mode in worth],
        "half_rise": {network: [_plain(time) for time in values] for network, values in times.items()},
        "capped": bool(capped),
        "not_found": not_found,
        "start": {network: _plain(start) for network, start in starts.items()},
    }


def choose_to_file(inputs: StructureFiles, trials: Trials, rules: AutomaticSettings, path: str | Path) -> None:
    """``choose`` on result files; the choice is written as JSON.

    Raises:
        DataError: an input file is missing or damaged.
        UserError: the flow could not be integrated.
    """
    data = dataset_files.open_file(inputs.dataset)
    averages = structure_files.read_averages(inputs.correlations)
    chosen = choose(trials, rules, data, averages, structure_files.read_structure(inputs.structure))
    with whole_files.replacing(path) as temporary:
        temporary.write_text(json.dumps(chosen, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _times(
    trials: Trials,
    network: str,
    data: LabelledImages,
    averages: Averages,
    *,
    structure: Structure,
    modes: estimates.ModeStructure,
    longest: int,
) -> FloatArray:
    """The latest half-rise time of every mode over the first seeds, by the flow or, where it costs too much, estimated.

    Infinite for modes that are not found before `longest`, NaN for those that are zero or level off below one half.
    """
    train = averages["train"]
    model = trials.settings.networks.named(network)
    inputs = int(np.prod(data.shape))
    guess = model.estimated_times(modes, inputs)
    seeds = range(min(trials.seeds, _TRIALS))
    if isinstance(train, CorrelationsInModes) or not gradient_flow.affordable(len(seeds), data.classes, inputs):
        _log.warning(
            "%s, %s: the gradient flow would take too long; times are estimates from the structure",
            trials.name,
            network,
        )
        return np.where(guess <= longest, guess, np.inf)
    known = TrainingData(data, {"train": train}, structure)
    streams = (Trial(trials.root_seed, trials.name, seed) for seed in seeds)
    weights = [model.start(trial, known, trials.settings.networks) for trial in streams]
    worth = modes.worthwhile
    start, end = 0.0, float(min(1.5 * np.nanmax(guess[worth]), longest))
    samples, curves = np.zeros(0), np.zeros((len(seeds), 0, len(worth)))
    # Those of one stretch are still there when the next one's are made.
    records = min(_RECORDS, _records_that_fit(data, 2 * len(seeds)))
    while True:
        part = np.linspace(start, end, records + 1)
        solution = model.flow(weights, known, part)
        diagonal = np.einsum("stmm->stm", solution.whole.effective_singular_values(train, structure))
        keep = slice(0 if start == 0 else 1, None)
        samples = np.concatenate([samples, part[keep]])
        curves = np.concatenate([curves, diagonal[:, keep]], axis=1)
        weights = solution.final
        with np.errstate(divide="ignore", invalid="ignore"):
            times = discovery.discovery_times(samples, curves, structure.singular_values)
            before = curves[:, np.searchsorted(samples, end / 2)] / structure.singular_values
            now = curves[:, -1] / structure.singular_values
        times[:, ~structure.discoverable] = np.nan
        stalled = (now > _UNDER_WAY) & (np.abs(now - before) < _STALLED * np.abs(now))
        if end >= longest or (np.isfinite(times) | stalled)[:, worth].all():
            times[~np.isfinite(times) & ~stalled & structure.discoverable] = np.inf
            return np.asarray(times.max(axis=0))
        start, end = end, min(2 * end, float(longest))


def _stds(model: TwoLayerNetwork, modes: estimates.ModeStructure, inputs: int, share: float) -> dict[str, float]:
    """Standard deviations with which the typical a_α(0) is at most a share of s_α; to two digits, rounded down."""
    ones = model.model_copy(update=dict.fromkeys(model.STDS, 1.0))
    std = np.sqrt(share / estimates.largest_start(modes, ones.typical_start(modes, inputs)))
    unit = 10 ** (np.floor(np.log10(std)) - 1)
    return dict.fromkeys(model.automatic_stds(), float(f"{np.floor(std / unit) * unit:.2g}"))


def _start(name: str, model: TwoLayerNetwork, modes: estimates.ModeStructure, data: LabelledImages) -> float:
    """The largest typical a_α(0)/s_α.

    Raises:
        UserError: it is above 1 for every mode.
    """
    starts = model.typical_start(modes, int(np.prod(data.shape)))
    largest = estimates.largest_start(modes, starts)
    keys = ", ".join(model.STDS)
    advice = f"set {keys} of the {model.LABEL} to smaller values or to auto, or dataset.scale to auto"
    if (starts >= modes.singular_values)[modes.worthwhile].all():
        raise UserError(
            f"experiment '{name}': the initial weights of the {model.LABEL} answer more than there is to learn "
            f"(a_α(0) is typically {largest:.3g} times s_α); expected a small start; {advice}"
        )
    if largest > _LARGE_START:
        _log.warning(
            "%s: the %s does not start small: a_α(0) is typically %.0f %% of s_α for one of its modes; %s",
            name,
            model.LABEL,
            100 * largest,
            advice,
        )
    return largest


def _records_that_fit(data: LabelledImages, trials: int = 1) -> int:
    """How many whole networks of some trials may be in memory; a few at the least."""
    return max(_FEWEST_RECORDS, int(_MOST_RECORDED // (trials * data.classes * np.prod(data.shape))))


def _plain(time: float) -> float | None:
    return float(f"{time:.4g}") if np.isfinite(time) else None


def _rounded_up(value: float) -> float:
    """To two significant digits."""
    unit = 10 ** (np.floor(np.log10(value)) - 1)
    return float(np.ceil(value / unit) * unit)
