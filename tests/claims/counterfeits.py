"""For every row of the table of claims, results in which just what it claims is broken: none of its entries may hold.

Print what is broken, and the verdict:  PYTHONPATH=workflow:tests:. python -m claims.counterfeits
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from claims import genuine_results
from claims.genuine_results import Everything
from claims.known_results import CNN, DEEP, FCNN, RELU
from learning_dynamics.claims import entries, ledger
from learning_dynamics.claims.measures import MEASURES
from learning_dynamics.claims.measures.trials import final_kernel, kernel_power, mode_spectra, records_at
from learning_dynamics.claims.statistics import EXACT
from learning_dynamics.extensions.scaling import files as scaling_files
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.discovery import discovery_times
from learning_dynamics.theory import minimal_norm, sigmoid

PROJECT = Path(__file__).parents[2]
TABLE = entries.read(PROJECT / "config" / "claims.yaml")
ROW_OF = {entry: row for row, of_row in TABLE.rows.items() for entry in of_row}

# On which entries the trainings say something else than that they hold; they hold on results made up for it.
NOT_ON_TRAININGS = {
    "undecided after ten seeds": [
        "01-sigmoid-random-cnn",
        "01-sigmoid-random-fcnn",
        "03-order-sums-of-cosines-cnn",
        "03-order-digits4-cnn",
        "03-in-order-sums-of-cosines-cnn",
        "03-in-order-digits4-cnn",
        "03-waits-sums-of-cosines-fcnn",
        "03-waits-geometric-shapes-cnn",
        "03-alignment-delay",
        "03-shapes-discovered-2-16000",
        "03-shapes-discovered-3-55000",
        "05-of-dominant-sums-of-cosines-discoveries",
        "05-sparse-sums-of-cosines-discoveries",
        "06-growth",
        "08-balanced-early-0",
        "08-balanced-early-1",
        "08-mode-by-mode",
        "09-flow-sums-of-cosines-cnn",
        "09-flow-sums-of-cosines-fcnn",
        "14-zero-padding-2",
    ],
    "not learned to nine tenths within the run": ["03-finishes-geometric-shapes-cnn", "03-finishes-digits4-cnn"],
    "refuted": [
        "04-shapes-constant-mode",
        "07-nothing-else-readout-outside",
        "07-least-norm",
        "12-fcnn-rows-digits4",
        "18-broader-lower-digits4",
    ],
    "not trained by the tests": [
        claim.id
        for claim in TABLE.claims
        if {"cifar4", "cifar10"} & {claim.arguments.get("experiment"), *claim.arguments.get("experiments", [])}
        or claim.arguments.get("runs") == "zero_padding"
    ],
}


@dataclass(frozen=True)
class Counterfeit:
    """breaks: what is other than claimed, in words. made: from the results and the entry's arguments."""

    breaks: str
    made: Callable[[Everything, dict], Everything]
    # Of an entry with these arguments.
    concerns: Callable[[dict], bool] = lambda _: True


@dataclass(frozen=True)
class Bases:
    """Results on which the entries hold: of trainings, and made up where these say something else."""

    trained: Everything
    as_claimed: Everything

    @classmethod
    def made(cls, folder):
        trained = genuine_results.trained(folder)
        return cls(trained, genuine_results.as_claimed(trained, folder))

    def of(self, claim):
        """The results on which an entry holds."""
        elsewhere = any(claim.id in some for some in NOT_ON_TRAININGS.values())
        return self.as_claimed if elsewhere else self.trained


def judged(claim, results):
    """The entry of the ledger."""
    (entry,) = ledger.judge([claim], MEASURES, results, logging.getLogger("counterfeits"))
    return entry


def counterfeits_of(claim):
    """Those of an entry; KeyError if its row has none."""
    return [one for one in COUNTERFEITS[ROW_OF[claim.id]] if one.concerns(claim.arguments)]


def is_about_training(claim):
    """Whether an entry is about networks, not about a data set alone."""
    return MEASURES[claim.measure].statistic is not EXACT


# Networks that have learned nothing


def _first_for_ever(dataset):
    axes = [axis for axis in ("sample", "snapshot_sample") if axis in dataset.dims]
    first = dataset.isel(dict.fromkeys(axes, 0), drop=True)
    whole = {name: first[name].broadcast_like(dataset[name]).transpose(*dataset[name].dims) for name in dataset}
    return dataset.assign({name: (dataset[name].dims, values.values) for name, values in whole.items()})


def _first_records(dataset):
    number = {"sample": 5, "snapshot_sample": 1}
    return dataset.isel({axis: slice(0, number[axis]) for axis in number if axis in dataset.dims})


def without_learning(results, shortened):
    """The same networks, as they were at the start.

    Args:
        results: of networks that have learned.
        shortened: whether the run ends after a few records, or goes on without any change.
    """
    change = _first_records if shortened else _first_for_ever

    def unlearned(datasets):
        return {network: change(dataset) for network, dataset in datasets.items()}

    experiments = {
        name: found.altered(runs=unlearned(found.runs), theory=unlearned(found.predictions))
        for name, found in results.experiments.items()
    }
    extensions = {}
    for name, dataset in results.extensions.items():
        never = np.full(dataset["discovery_time"].shape, np.nan)
        if name in REMADE:
            extensions[name] = REMADE[name](dataset, discovery_time=never)
        else:
            extensions[name] = change(dataset).assign(discovery_time=(dataset["discovery_time"].dims, never))
    return Everything(experiments, extensions)


# Files beyond the experiments, made anew from other measurements


def _values(dataset, changes, names):
    return {key: np.asarray(changes.get(name, dataset[name].values)) for key, name in names.items()}


def _sides(dataset, **changes):
    names = {
        "measured": "discovery_time",
        "predicted": "predicted_time",
        "initial": "initial_effective_singular_value",
        "singular_values": "singular_value",
        "factors": "structural_factor",
    }
    return scaling_files.side_dataset(dataset["side"].values.tolist(), **_values(dataset, changes, names))


def _stds(dataset, **changes):
    names = {
        "measured": "discovery_time",
        "predicted": "predicted_time",
        "initial": "initial_effective_singular_value",
        "misalignment": "alignment_error",
        "imbalance": "balance_error",
        "asymptote": "asymptotic_slope",
        "magnitudes": "frequency_magnitude",
    }
    small = dataset["is_fitted"].values.astype(bool)
    return scaling_files.std_dataset(dataset["std"].values.tolist(), small=small, **_values(dataset, changes, names))


def _learning_rates(dataset, **changes):
    names = {
        "measured": "discovery_time",
        "errors": "flow_error",
        "mean_errors": "mean_flow_error",
        "sampling": "sampling_error",
    }
    rates = dataset["learning_rate"].values
    flow = dataset["predicted_time"].values[:, 0] * rates[0]
    return scaling_files.learning_rate_dataset(rates.tolist(), flow_discovery=flow, **_values(dataset, changes, names))


def _scaled(parameter, variable, factor):
    """The file made anew with one of its measurements times a factor, a function of the file."""

    def made(results, _arguments):
        name = f"scaling/{parameter}"
        dataset = results.extension(name)
        changed = (dataset[variable] * factor(dataset)).transpose(*dataset[variable].dims)
        return results.with_extension(name, REMADE[name](dataset, **{variable: changed.values}))

    return made


def _of_network(network, factor):
    """A factor for one network's times, a function of the file."""
    return lambda file: xr.where(file["network"] == network, factor(file), 1.0)


def _rates(file):
    return file["learning_rate"] / file["learning_rate"][0]


REMADE = {"scaling/side": _sides, "scaling/std": _stds, "scaling/learning_rate": _learning_rates}


# Changes of one experiment's results


def _in_experiment(change):
    """From a change of an experiment, given the entry's arguments, one of everything."""

    def made(results, arguments):
        return results.with_experiment(change(results.experiments[arguments["experiment"]], arguments))

    return made


def _network(arguments):
    return arguments.get("network", CNN)


def _retimed(found, network, factor, modes=slice(None)):
    """a_α(t/factor) in the place of a_α(t), of some or all modes."""
    samples, relative = found.curves(network)
    slowed = np.apply_along_axis(lambda curve: np.interp(samples / factor, samples, curve), 1, relative)
    changed = relative.copy()
    changed[..., modes] = slowed[..., modes]
    return found.with_curves(network, changed)


def _later(factor, network=None, modes=slice(None)):
    return _in_experiment(lambda found, a: _retimed(found, network or _network(a), factor, modes))


def _with_structural_factor(found, arguments):
    """The CNN without c_α, the FCNN with it."""
    network = _network(arguments)
    factors = sigmoid.structural_factor(found.structure["right_singular_vectors"].values[:, 0])
    for mode, factor in enumerate(factors):
        found = _retimed(found, network, factor if network == CNN else 1 / factor, [mode])
    return found


def _one_layer(modes):
    """s (1 − exp(−t/τ)) from the network's own start, with the half-times as they were."""

    def change(found, arguments):
        network = _network(arguments)
        samples, relative = found.curves(network)
        half = found.discovery_times(network)
        start = relative[:, :1]
        rise = 1 - np.exp(-samples[:, None] * np.log(2) / half[:, None])
        changed = relative.copy()
        changed[..., modes] = (start + (1 - start) * rise)[..., modes]
        return found.with_curves(network, changed)

    return _in_experiment(change)


def _slow_end(found, arguments):
    """The second half of mode 0 in an exponential as slow as its wait."""
    network = _network(arguments)
    samples, relative = found.curves(network)
    half = found.discovery_times(network)[:, :1]
    changed = relative.copy()
    changed[..., 0] = np.where(samples < half, relative[..., 0], 1 - 0.5 * np.exp(np.minimum(1 - samples / half, 0)))
    return found.with_curves(network, changed)


def _modes_taken(order):
    """Each mode with the curve of another."""

    def change(found, arguments):
        _, relative = found.curves(_network(arguments))
        return found.with_curves(_network(arguments), relative[..., order(relative.shape[-1])])

    return _in_experiment(change)


def _in_drawn_orders(found, arguments):
    """In every trial the modes' curves dealt anew."""
    chance = np.random.default_rng(8)
    _, relative = found.curves(_network(arguments))
    return found.with_curves(_network(arguments), np.stack([chance.permutation(curves, axis=1) for curves in relative]))


def _as_the_other(network, other, factor=1.0, modes=slice(None)):
    """One network's curves of some modes in the place of another's, later by a factor."""

    def change(found, _arguments):
        relative = found.curves(network)[1].copy()
        relative[..., modes] = _retimed(found, other, factor).curves(other)[1][..., modes]
        return found.with_curves(network, relative)

    return _in_experiment(change)


def _one_without_delay(found, _arguments):
    """Mode 2 of the CNN as that of the FCNN, later by the ratio of mode 0 only."""
    ratio = found.discovery_times(CNN)[:, 0] / found.discovery_times(FCNN)[:, 0]
    samples, relative = found.curves(FCNN)
    _, changed = found.curves(CNN)
    for trial, factor in enumerate(ratio):
        changed[trial, :, 2] = np.interp(samples / factor, samples, relative[trial, :, 2])
    return found.with_curves(CNN, changed)


def _with_the_first(found, arguments):
    """A mode found together with mode 0."""
    _, relative = found.curves(CNN)
    relative[..., arguments["modes"]] = relative[..., [0]]
    return found.with_curves(CNN, relative)


def _off_diagonal(change):
    """Another Ω off its diagonal: a function of |Ω_αβ|/√(s_α s_β) there, shape (seeds, samples, modes, modes)."""

    def made(found, arguments):
        network = _network(arguments)
        omega = found.runs[network]["effective_singular_values"].values
        apart = ~np.eye(omega.shape[-1], dtype=bool)
        scale = np.sqrt(np.outer(found.strengths, found.strengths))
        changed = np.where(apart, change(np.abs(omega) * apart / scale) * scale, omega)
        return found.recorded(network, effective_singular_values=changed)

    return _in_experiment(made)


def _to_a_tenth(omega):
    """As they are, but with a peak of a tenth in every trial."""
    return 0.1 * omega / omega.max(axis=(1, 2, 3), keepdims=True)


def _staying(omega):
    """From their peak on, as large as there."""
    return np.maximum.accumulate(omega, axis=1)


def _decaying(omega):
    """From as large as their peak at the start to nothing, without a rise."""
    decay = np.exp(-20 * np.linspace(0, 1, omega.shape[1]))
    return omega.max(axis=1, keepdims=True) * decay[:, None, None]


# The kernel's spectrum


def _with_power(found, power):
    """Other |k̂_l|², shape (seeds, records, n²), spread alike over the channels."""
    shape = found.runs[CNN]["kernel_magnitude"].shape
    magnitude = np.sqrt(power.reshape(*shape[:2], 1, *shape[3:]) / shape[2])
    return found.recorded(CNN, kernel_magnitude=np.broadcast_to(magnitude, shape))


def _pairs(side):
    """Of each frequency and its mirror the first, of those that are not their own, and the mirrors."""
    mirror = fourier.mirror_index(side)
    first = np.flatnonzero(np.arange(side * side) < mirror)
    return first, mirror[first]


def _at_random_frequencies(found, _arguments):
    """The same spectrum at frequencies that were drawn."""
    power = kernel_power(found)
    drawn = np.random.default_rng(5).permutation(power.shape[-1])
    return _with_power(found, power[..., drawn])


def _dominant(found):
    """The dominant frequencies of every mode, shape (modes, n²)."""
    power = mode_spectra(found) ** 2
    ordered = -np.sort(-power, axis=1)
    held = np.cumsum(ordered, axis=1) / power.sum(axis=1, keepdims=True)
    number = (held < 0.9 - 1e-12).sum(axis=1) + 1
    return power >= ordered[np.arange(len(power)), number - 1][:, None] * (1 - 1e-9)


def _of_modes_to_come(found, _arguments):
    """Until the last discovery, what is learned lies at frequencies that are dominant in the last mode only."""
    power, dominant = kernel_power(found), _dominant(found)
    later = dominant[-1] & ~dominant[:-1].any(axis=0)
    samples, _ = found.curves(CNN)
    until = samples < found.discovery_times(CNN)[:, -1:]
    learned = np.maximum(power - power[:, :1], 0).sum(axis=-1)
    other = power[:, :1] + learned[..., None] * later / later.sum()
    return _with_power(found, np.where(until[..., None], other, power))


def _plain_mixture(found, _arguments):
    """What is learned has the spectrum of the singular vectors discovered so far, all alike."""
    power, spectra = kernel_power(found), mode_spectra(found) ** 2
    samples, _ = found.curves(CNN)
    discovered = samples[:, None] >= found.discovery_times(CNN)[:, None] * (1 - 1e-12)
    # At a discovery the record after it is looked at, with the modes that were discovered by its time.
    mixture = discovered @ spectra
    learned = np.maximum(power - power[:, :1], 0).sum(axis=-1)
    shares = mixture / np.maximum(mixture.sum(axis=-1, keepdims=True), 1e-300)
    return _with_power(found, power[:, :1] + learned[..., None] * shares)


def _at_the_end(choose):
    """What is learned lies at some frequencies in equal parts: a function of those of early and of later modes only."""

    def change(found, _arguments):
        power, dominant = kernel_power(found), _dominant(found)
        early = dominant[: (len(dominant) + 1) // 2].any(axis=0)
        chosen = choose(early, dominant.any(axis=0) & ~early)
        learned = np.maximum(power - power[:, :1], 0).sum(axis=-1)
        return _with_power(found, power[:, :1] + learned[..., None] * chosen / chosen.sum())

    return _in_experiment(change)


def _always_a_new_leader(found, _arguments):
    """At every discovery another frequency becomes three times as large as the largest before."""
    power, side = kernel_power(found), found.data.shape[1]
    samples, _ = found.curves(CNN)
    indices = records_at(samples, found.discovery_times(CNN))
    chosen, mirrors = _pairs(side)
    changed = power.copy()
    for trial, of_modes in enumerate(indices):
        for order, mode in enumerate(np.argsort(of_modes)):
            value = power[trial].max() * 9.0 ** (order + 1)
            changed[trial, of_modes[mode] :, [chosen[order], mirrors[order]]] = value
    return _with_power(found, changed)


def _supports(found):
    return mode_spectra(found) > 1e-9


def _logarithms(change):
    """Another growth of ln |k̂_l| since the start: a function of it, shape (seeds, records, frequencies of a mode)."""

    def made(found, _arguments):
        power = kernel_power(found)
        for support in _supports(found):
            start = np.log(power[:, :1, support])
            power[..., support] = np.exp(start + change(np.log(power[..., support]) - start))
        return _with_power(found, power)

    return _in_experiment(made)


def _winners_exchanged(found, _arguments):
    """The two strongest frequencies of each mode with each other's coefficients."""
    power, (first, mirrors) = kernel_power(found), _pairs(found.data.shape[1])
    for spectrum in mode_spectra(found):
        one, two = np.argsort(-spectrum[first])[:2]
        here, there = [first[one], first[two], mirrors[one], mirrors[two]], [1, 0, 3, 2]
        power[..., here] = power[..., [here[index] for index in there]]
    return _with_power(found, power)


def _without_competition(found, _arguments):
    """Every frequency at the end as large as it is in the singular vector, with Σ |k̂|² of the mode as it was."""
    power = kernel_power(found)
    for spectrum, support in zip(mode_spectra(found), _supports(found), strict=True):
        share = spectrum[support] ** 2 / (spectrum[support] ** 2).sum()
        power[:, -1, support] = power[:, -1, support].sum(axis=-1, keepdims=True) * share
    return _with_power(found, power)


def _kernels_of_other_trials(found, arguments):
    """The more a frequency leads at the start, the less at the end: final kernels dealt to the other trials."""
    first, _ = _pairs(found.data.shape[1])
    pair = first[np.argsort(-mode_spectra(found)[arguments["mode"]][first])[:2]]
    end = np.log(final_kernel(found)[:, pair])
    order = np.argsort(end[:, 0] - end[:, 1])
    power = kernel_power(found)
    changed = power.copy()
    changed[order] = power[order[::-1]]
    return _with_power(found, changed)


# Weights


def _last_weights(change):
    """Other weights at the end: a function of found, kernel and readout, shapes (seeds, n, n) and (seeds, p, n, n)."""

    def made(found, _arguments):
        kernel, readout = (found.runs[CNN][name].values.copy() for name in ("kernel", "readout"))
        kernel[:, -1, 0], readout[:, -1] = change(found, kernel[:, -1, 0], readout[:, -1])
        return found.recorded(CNN, kernel=kernel, readout=readout)

    return _in_experiment(made)


def _last_mode_short(found, kernel, readout):
    """Both layers a tenth smaller at the frequencies of the last mode."""
    support = _supports(found)[-1].reshape(kernel.shape[1:])
    return [fourier.image(np.where(support, 0.9, 1.0) * fourier.spectrum(values)) for values in (kernel, readout)]


def _constant_added(found, kernel, readout):
    """A constant in each layer, a frequency that no mode has, with a tenth of the power."""
    side = kernel.shape[-1]
    return [
        values + np.sqrt(0.1 * (values**2).mean(axis=(-2, -1), keepdims=True)) * np.ones((side, side))
        for values in (kernel, readout)
    ]


def _at_the_weakest_frequencies(found, kernel, _readout):
    """Another aligned and balanced interpolator: all of a mode at its weakest frequencies."""
    structure, side = found.decomposition, kernel.shape[-1]
    spectra = fourier.spectrum(found.structure["right_singular_vectors"].values[:, 0])
    weakest = np.zeros((side, side), dtype=complex)
    for spectrum in spectra:
        magnitude = np.abs(spectrum)
        weakest += np.where(np.isclose(magnitude, magnitude[magnitude > 1e-9].min()), spectrum, 0)
    d = np.diagonal(found.structure["input_correlation_in_modes"].values)
    made = minimal_norm.construct(weakest, structure.left, structure.singular_values, d, spectra)
    return made.kernel[0], made.readout


def _unbalanced(factor, until):
    """|B_αl| larger by a factor in the records before a function of found, shape (seeds, 1)."""

    def change(found, arguments):
        samples, _ = found.curves(CNN)
        early = samples < until(found, arguments)
        readout = found.runs[CNN]["readout_magnitude"].values
        changed = np.where(early[..., None, None, None], factor * readout, readout)
        return found.recorded(CNN, readout_magnitude=changed)

    return _in_experiment(change)


def _half_time(found, arguments):
    return found.discovery_times(CNN)[:, [arguments["mode"]]]


def _second_mode_first(found, _arguments):
    """Mode 0 unbalanced until mode 1 is found, mode 1 never."""
    samples, _ = found.curves(CNN)
    kernel, readout = (found.runs[CNN][name].values for name in ("kernel_magnitude", "readout_magnitude"))
    changed = np.broadcast_to(kernel, readout.shape).copy()
    early = samples < found.discovery_times(CNN)[:, [1]]
    changed[:, :, 0] *= np.where(early, 1.5, 1.0)[..., None, None]
    return found.recorded(CNN, readout_magnitude=changed)


def _always_balanced(found, _arguments):
    kernel, readout = (found.runs[CNN][name] for name in ("kernel_magnitude", "readout_magnitude"))
    return found.recorded(CNN, readout_magnitude=np.broadcast_to(kernel.values, readout.shape))


def _other_rows(found, _arguments):
    """What the FCNN's rows have learned, in directions that were drawn."""
    rows = found.runs[FCNN]["first_layer"].values.copy()
    learned = rows[:, -1] - rows[:, 0]
    drawn = np.random.default_rng(6).normal(size=learned.shape)
    rows[:, -1] = rows[:, 0] + drawn * np.sqrt((learned**2).mean() / (drawn**2).mean())
    return found.recorded(FCNN, first_layer=rows)


def _kernel_of_singular_vectors(found, _arguments):
    """What the kernel has learned, a mixture of the singular vectors."""
    kernel = found.runs[CNN]["kernel"].values.copy()
    right = found.decomposition.right[:, found.modes]
    weights = np.random.default_rng(7).normal(size=(len(kernel), right.shape[1]))
    kernel[:, -1] = kernel[:, 0] + 0.1 * (weights @ right.T).reshape(kernel[:, 0].shape)
    return found.recorded(CNN, kernel=kernel)


# Losses


def _losses(change):
    """Other losses: a function of found and the arguments, which gives network, split and values."""

    def made(found, arguments):
        for network, split, values in change(found, arguments):
            found = found.recorded(network, **{f"{split}_loss": values})
        return found

    return _in_experiment(made)


def _loss_of(found, network, split):
    return found.runs[network][f"{split}_loss"].values


def _exchanged(one, other, splits):
    def change(found, _arguments):
        for split in splits:
            yield one, split, _loss_of(found, other, split)
            yield other, split, _loss_of(found, one, split)

    return _losses(change)


def _of_the_other(network, other, splits):
    return _losses(lambda found, _: [(network, split, _loss_of(found, other, split)) for split in splits])


def _networks_exchanged(one, other):
    def change(found, _arguments):
        runs = found.runs
        return found.altered(runs={**runs, one: runs[other], other: runs[one]})

    return _in_experiment(change)


def _late_mode_earlier(found, arguments):
    """The last mode of the later network a tenth earlier than that of the earlier one."""
    early, late = arguments["early"], arguments["late"]
    relative = found.curves(late)[1]
    relative[..., -1] = _retimed(found, early, 0.9).curves(early)[1][..., -1]
    return found.with_curves(late, relative)


def _still_rising(found, arguments):
    """Every mode short of its limit by the share of the run that is left."""
    network = _network(arguments)
    samples, relative = found.curves(network)
    left = np.maximum(1 - samples / samples[-1], 0)
    return found.with_curves(network, relative * (1 - 0.8 * left[:, None]))


def _one_lower(found, arguments):
    """The last mode of the second network saturates at four fifths."""
    _, relative = found.curves(arguments["second"])
    relative[..., -1] *= 0.8
    return found.with_curves(arguments["second"], relative)


# Predictions


def _flow_later(factor):
    def change(found, arguments):
        network = arguments["network"]
        held = found.predictions[network]["effective_singular_values"]
        samples = held["sample"].values.astype(float)
        slowed = np.apply_along_axis(lambda curve: np.interp(samples / factor, samples, curve), 1, held.values)
        return found.predicted(network, effective_singular_values=slowed)

    return _in_experiment(change)


def _closed_form_of_other_trials(found, arguments):
    name = arguments["variable"]
    return found.predicted(CNN, **{name: np.roll(found.predictions[CNN][name].values, 1, axis=0)})


def _sigmoid_without_factor(found, arguments):
    """Eq. 22 without c_α."""
    held = found.predictions[CNN]["sigmoid"]
    samples = held["sample"].values.astype(float)
    values = held.values.copy()
    factors = sigmoid.structural_factor(found.structure["right_singular_vectors"].values[:, 0])
    for mode, factor in enumerate(factors):
        values[..., mode] = [np.interp(samples / factor, samples, curve) for curve in values[..., mode]]
    return found.predicted(CNN, sigmoid=values)


# Data sets


def _in_modes(change):
    """Another Vᵀ Σxx V of the modes that can be discovered: a function of it."""

    def made(found, _arguments):
        name = "input_correlation_in_modes"
        matrix = found.structure[name].values.copy()
        here = np.ix_(found.modes, found.modes)
        matrix[here] = change(matrix[here])
        return found.altered(structure=found.structure.assign({name: (found.structure[name].dims, matrix)}))

    return made


def _coupled(matrix, size):
    """With |…| off the diagonal of a given size, relative to the diagonal."""
    scale = np.sqrt(np.outer(np.diagonal(matrix), np.diagonal(matrix)))
    return np.where(np.eye(len(matrix), dtype=bool), matrix, size * scale)


def _coupling_of_the_others(results, arguments):
    """The less coherent the data set, the less coupled its modes."""
    names = arguments["experiments"]
    spread = {
        name: MEASURES["incoherence"].function(results, experiment=name)[0] + 1e-3 * index
        for index, name in enumerate(names)
    }
    for order, name in enumerate(sorted(names, key=spread.get)):
        size = 0.5 - 0.1 * order
        found = results.experiments[name]
        results = results.with_experiment(_in_modes(lambda matrix, size=size: _coupled(matrix, size))(found, arguments))
    return results


def _spectra_reversed(found, _arguments):
    """The broadest distinction with the spectrum of the finest."""
    changed = found.structure.copy(deep=True)
    for name in ("right_singular_vectors", "right_singular_spectra"):
        changed[name].values[found.modes] = changed[name].values[found.modes[::-1]]
    return found.altered(structure=changed)


# Variants of the convolution


def _kernel_not_flipped(results, _arguments):
    circular, correlation = (results.extension(f"variants/{name}") for name in ("circular", "correlation"))
    same = correlation.assign(final_kernel=circular["final_kernel"])
    return results.with_extension("variants/correlation", same)


def _variant_later(results, arguments):
    """A mode found twice as late."""
    name, mode = f"{arguments.get('runs', 'variants')}/{arguments['variant']}", arguments["mode"]
    dataset = results.extension(name).copy(deep=True)
    samples = dataset["sample"].values.astype(float)
    omega = dataset["effective_singular_values"].values
    omega[..., mode, mode] = [np.interp(samples / 2, samples, curve) for curve in omega[..., mode, mode]]
    limits = dataset["singular_values"].values
    dataset["discovery_time"].values[:] = discovery_times(samples, np.einsum("stmm->stm", omega), limits)
    return results.with_extension(name, dataset)


ONE_LAYER = "a one-layer network's curves, s (1 − exp(−t/τ)), with the same half-times"
REVERSED = "the modes in the opposite order"
AT_ONCE = "all modes at the same time"
FIRST_TWO = "modes 0 and 1 exchanged"
ORDER = (
    Counterfeit(REVERSED, _modes_taken(lambda modes: np.arange(modes)[::-1])),
    Counterfeit(AT_ONCE, _modes_taken(lambda modes: np.zeros(modes, dtype=int))),
    Counterfeit("in every trial the modes in an order that was drawn", _in_experiment(_in_drawn_orders)),
)
IN_ORDER = (
    *ORDER,
    Counterfeit(FIRST_TWO, _modes_taken(lambda modes: np.array([1, 0, *range(2, modes)]))),
)
WAITS = (Counterfeit(ONE_LAYER, _one_layer(slice(None))),)
FINISHES = (
    Counterfeit(f"mode 0: {ONE_LAYER}", _one_layer([0])),
    Counterfeit("mode 0 finishes in an exponential as slow as its wait", _in_experiment(_slow_end)),
)

COUNTERFEITS: dict[str, tuple[Counterfeit, ...]] = {
    "01-sigmoid-cyclic": (
        Counterfeit("the CNN trained as if c_α were one", _in_experiment(_with_structural_factor)),
        *WAITS,
    ),
    "01-sigmoid-random": (
        Counterfeit("the CNN trained as if c_α were one, the FCNN with it", _in_experiment(_with_structural_factor)),
        *WAITS,
    ),
    "02-speed-up": (
        Counterfeit(
            "the CNN n times faster, without c_α",
            _scaled("side", "discovery_time", _of_network(CNN, lambda file: file["structural_factor"])),
        ),
        Counterfeit(
            "the CNN faster by the same factor at every side",
            _scaled("side", "discovery_time", _of_network(CNN, lambda file: file["side"] * (1 / file["side"]).mean())),
        ),
    ),
    "03-order": ORDER,
    "03-in-order": IN_ORDER,
    "03-waits": WAITS,
    "03-finishes": FINISHES,
    "03-alignment-delay": (
        Counterfeit("a delay of 30 % more", _later(1.3)),
        Counterfeit("earlier by a tenth than from an aligned start", _later(0.85)),
    ),
    "03-shapes-discovered": (Counterfeit("all modes twice as late", _later(2.0)),),
    "03-shapes-not-yet": (Counterfeit("the mode found together with mode 0", _in_experiment(_with_the_first)),),
    "04-constant-mode": (Counterfeit("mode 0 of the CNN later by √2", _later(np.sqrt(2), CNN, [0])),),
    "04-lag": (
        Counterfeit("the CNN without lag", _as_the_other(CNN, FCNN)),
        Counterfeit("the CNN's lag larger by a tenth", _later(1.1, CNN)),
    ),
    "04-shapes-delay": (
        Counterfeit("mode 2 of the CNN without a delay of its own", _in_experiment(_one_without_delay)),
    ),
    "04-shapes-constant-mode": (Counterfeit("mode 0 of the CNN later by √2", _later(np.sqrt(2), CNN, [0])),),
    "05-of-dominant": (
        Counterfeit("the kernel's spectrum at random frequencies", _in_experiment(_at_random_frequencies)),
        Counterfeit(
            "before the last discovery the frequencies of the last mode",
            _in_experiment(_of_modes_to_come),
            lambda arguments: arguments["when"] == "discoveries",
        ),
    ),
    "05-sparse": (
        Counterfeit(
            "the kernel's spectrum that of the singular vectors discovered so far", _in_experiment(_plain_mixture)
        ),
    ),
    "05-early-frequencies": (
        Counterfeit("the kernel keeps the frequencies of later modes", _at_the_end(lambda _early, late: late)),
        Counterfeit("the kernel keeps those of all modes alike", _at_the_end(lambda early, late: early | late)),
        Counterfeit("the kernel keeps those of no mode", _at_the_end(lambda early, late: ~(early | late))),
    ),
    "06-winners": (
        Counterfeit("winner and second of each mode exchanged", _in_experiment(_winners_exchanged)),
        Counterfeit("no competition: |k̂_l| in proportion to |v̂_l|", _in_experiment(_without_competition)),
    ),
    "06-growth": (Counterfeit("growth at half the rate", _logarithms(lambda grown: grown / 2)),),
    "06-growth-differs": (
        Counterfeit(
            "all frequencies of a mode grow at its mean rate",
            _logarithms(lambda grown: np.broadcast_to(grown.mean(axis=-1, keepdims=True), grown.shape)),
        ),
    ),
    "06-initial-values": (
        Counterfeit("final kernels of other trials, leads in reverse", _in_experiment(_kernels_of_other_trials)),
    ),
    "07-minimal-norm": (Counterfeit("the last mode a tenth short in both layers", _last_weights(_last_mode_short)),),
    "07-aligned": (
        Counterfeit(
            "the readout a tenth larger than the kernel",
            _last_weights(lambda _found, kernel, readout: (kernel / np.sqrt(1.1), readout * np.sqrt(1.1))),
            lambda arguments: arguments["condition"] == "balance",
        ),
        Counterfeit(
            "the kernel moved by one pixel",
            _last_weights(lambda _found, kernel, readout: (np.roll(kernel, 1, axis=-1), readout)),
            lambda arguments: arguments["condition"] == "phase",
        ),
    ),
    "07-nothing-else": (
        Counterfeit(
            "a tenth of the power of both layers at a frequency of no mode",
            _last_weights(_constant_added),
            lambda arguments: arguments["condition"] != "norms",
        ),
        Counterfeit(
            "the readout a tenth larger than the kernel",
            _last_weights(lambda _found, kernel, readout: (kernel / np.sqrt(1.1), readout * np.sqrt(1.1))),
            lambda arguments: arguments["condition"] == "norms",
        ),
    ),
    "07-least-norm": (
        Counterfeit(
            "an interpolator that uses the weakest frequency of each mode", _last_weights(_at_the_weakest_frequencies)
        ),
        Counterfeit(
            "both layers halved: less norm, but not that map",
            _last_weights(lambda _found, kernel, readout: (kernel / 2, readout / 2)),
        ),
    ),
    "08-balanced": (Counterfeit("|B_αl| larger by a fifth throughout", _unbalanced(1.2, lambda *_: np.inf)),),
    "08-balanced-early": (
        Counterfeit("|B_αl| larger by half until the mode is learned", _unbalanced(1.5, _half_time)),
    ),
    "08-mode-by-mode": (
        Counterfeit("mode 1 balanced before mode 0", _in_experiment(_second_mode_first)),
        Counterfeit("both balanced from the start", _in_experiment(_always_balanced)),
    ),
    "08-alignment": (Counterfeit("an off-diagonal peak of a tenth", _off_diagonal(_to_a_tenth)),),
    "08-off-diagonal-transient": (
        Counterfeit("the off-diagonal elements stay at their peak", _off_diagonal(_staying)),
        Counterfeit("they decay from the start, without a peak", _off_diagonal(_decaying)),
    ),
    "08-smaller-start": (
        Counterfeit(
            "an alignment error that does not depend on σ",
            _scaled("std", "alignment_error", lambda file: 1 / file["std"]),
        ),
        Counterfeit(
            "alignment worse for smaller σ",
            _scaled("std", "alignment_error", lambda file: 1 / file["std"] ** 2),
        ),
    ),
    "09-flow": (
        Counterfeit("the flow of a λ that is a fifth smaller", _flow_later(1.25)),
        *WAITS,
    ),
    "10-fcnn-modes": (Counterfeit("the FCNN half as late again", _later(1.5)),),
    "10-fcnn-loss": (
        Counterfeit(
            "the loss reversed in time",
            _losses(lambda found, a: [(a["network"], a["split"], _loss_of(found, a["network"], a["split"])[:, ::-1])]),
        ),
        Counterfeit(
            "the loss higher by 0.01",
            _losses(lambda found, a: [(a["network"], a["split"], _loss_of(found, a["network"], a["split"]) + 0.01)]),
        ),
    ),
    "10-fcnn-overfits": (
        Counterfeit(
            "the test loss stays at its least",
            _losses(lambda found, _: [(FCNN, "test", np.minimum.accumulate(_loss_of(found, FCNN, "test"), axis=1))]),
        ),
    ),
    "10-cnn-does-not": (Counterfeit("the test loss of the FCNN", _of_the_other(CNN, FCNN, ["test"])),),
    "10-regularised": (
        Counterfeit("the losses of the networks exchanged", _exchanged(CNN, FCNN, ["train", "test"])),
        Counterfeit("both with the FCNN's losses", _of_the_other(CNN, FCNN, ["train", "test"])),
    ),
    "10-cnn-later": (Counterfeit("the CNN half as late again as the FCNN", _as_the_other(CNN, FCNN, 1.5)),),
    "11-cascade": (Counterfeit("another frequency leads at every discovery", _in_experiment(_always_a_new_leader)),),
    "11-can-remain": (Counterfeit("another frequency leads at every discovery", _in_experiment(_always_a_new_leader)),),
    "12-fcnn-rows": (Counterfeit("rows that learn in random directions", _in_experiment(_other_rows)),),
    "12-kernel": (
        Counterfeit("a kernel that is a mixture of singular vectors", _in_experiment(_kernel_of_singular_vectors)),
    ),
    "13-order": ORDER,
    "13-in-order": (
        *ORDER,
        Counterfeit(
            "the second half of the modes before the first",
            _modes_taken(lambda modes: np.roll(np.arange(modes), modes // 2)),
        ),
    ),
    "13-waits": WAITS,
    "13-finishes": FINISHES,
    "13-delay": (
        Counterfeit("the networks exchanged", _networks_exchanged(DEEP, RELU)),
        Counterfeit("both networks at the same time", _as_the_other(RELU, DEEP)),
        Counterfeit("the last mode of the non-linear network a tenth earlier", _in_experiment(_late_mode_earlier)),
    ),
    "13-saturated": (Counterfeit("all modes still rising at the end", _in_experiment(_still_rising)),),
    "13-saturation": (Counterfeit("the last mode of one network at four fifths", _in_experiment(_one_lower)),),
    "13-lower-loss": (
        Counterfeit("the networks exchanged", _networks_exchanged(DEEP, RELU)),
        Counterfeit("both with the same loss", _of_the_other(RELU, DEEP, ["train"])),
    ),
    "14-correlation": (Counterfeit("the kernel as the convolution's, not flipped", _kernel_not_flipped),),
    "14-zero-padding": (Counterfeit("the mode twice as late with zero padding", _variant_later),),
    "14-zero-padding-cifar4": (Counterfeit("the mode twice as late with zero padding", _variant_later),),
    "15-closed-form-competition": (
        Counterfeit("the closed form from the start of other trials", _in_experiment(_closed_form_of_other_trials)),
    ),
    "15-sigmoid-flow": (
        Counterfeit("Eq. 22 from the start of other trials", _in_experiment(_closed_form_of_other_trials)),
        Counterfeit("Eq. 22 without c_α", _in_experiment(_sigmoid_without_factor)),
    ),
    "16-scaling-with-side": (
        Counterfeit(
            "the CNN's times ∝ 1/n",
            _scaled("side", "discovery_time", _of_network(CNN, lambda file: file["side"])),
        ),
    ),
    "16-scaling-with-side-fcnn": (
        Counterfeit(
            "the FCNN's times ∝ 1/n²",
            _scaled("side", "discovery_time", _of_network(FCNN, lambda file: 1 / file["side"])),
        ),
    ),
    "16-scaling-with-start": (
        Counterfeit(
            "times that do not depend on σ",
            _scaled(
                "std",
                "discovery_time",
                lambda file: xr.where(file["is_fitted"], file["predicted_time"][:, -1] / file["predicted_time"], 1.0),
            ),
        ),
        Counterfeit(
            "times that grow with ln²(1/σ)",
            _scaled("std", "discovery_time", lambda file: np.log(file["std"]) / np.log(1e-4)),
        ),
    ),
    "16-scaling-with-learning-rate": (
        Counterfeit(
            "times ∝ 1/√λ",
            _scaled("learning_rate", "discovery_time", lambda file: _rates(file) ** 0.5),
        ),
    ),
    "16-flow-is-the-limit": (
        Counterfeit(
            "an error ∝ √λ",
            _scaled("learning_rate", "flow_error", lambda file: _rates(file) ** -0.5),
        ),
        Counterfeit(
            "an error ∝ λ²",
            _scaled("learning_rate", "flow_error", lambda file: _rates(file)),
        ),
    ),
    "17-diagonal": (
        Counterfeit("modes coupled by a millionth", _in_experiment(_in_modes(lambda matrix: _coupled(matrix, 1e-6)))),
    ),
    "17-eigenvalues": (
        Counterfeit(
            "a millionth of the power along the modes within the classes",
            _in_experiment(_in_modes(lambda matrix: matrix * (1 + 1e-6))),
        ),
    ),
    "17-coupling": (Counterfeit("the less coherent, the less coupled", _coupling_of_the_others),),
    "18-broader-lower": (
        Counterfeit("the broadest distinction with the spectrum of the finest", _in_experiment(_spectra_reversed)),
    ),
}


def table(bases):
    """Row by row what is broken, and of how many of its entries the ledger says what."""
    verdicts: dict[tuple[str, str], Counter] = {}
    for claim in TABLE.claims:
        for counterfeit in counterfeits_of(claim):
            entry = judged(claim, counterfeit.made(bases.of(claim), claim.arguments))
            verdicts.setdefault((ROW_OF[claim.id], counterfeit.breaks), Counter())[entry["verdict"]] += 1
    return "\n".join(
        f"{row:31}{breaks:88}{', '.join(f'{number} {verdict}' for verdict, number in counts.items())}"
        for (row, breaks), counts in verdicts.items()
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(table(Bases.made(Path(temporary))))
