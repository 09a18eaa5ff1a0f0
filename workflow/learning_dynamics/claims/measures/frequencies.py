"""Measured on the kernel's spectrum: which frequencies it uses, and why these."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from learning_dynamics.claims.measures.registry import NotMeasuredError, measure
from learning_dynamics.claims.measures.trials import (
    Results,
    discovering,
    existing,
    final_kernel,
    kernel_power,
    mode_spectra,
    only,
    records_at,
    times,
)
from learning_dynamics.claims.statistics import CORRELATION, MEAN, MEDIAN, PROPORTION
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import competition

CNN = "linear_cnn"
# The strongest frequencies that hold this share of the power are the dominant ones.
DOMINANT = 0.9
# A frequency of the kernel is dominant if it is at least this share of the largest.
LEADING = 0.5


@measure(MEDIAN)
def share_of_dominant(results: Results, experiment: str, when: Literal["discoveries", "end"]) -> FloatArray:
    """Share of the learned power at the dominant frequencies of the modes discovered so far, per trial.

    The learned power of frequency l is |k̂_l|² less its start, where positive; the dominant frequencies of a mode are
    the strongest that hold 90 % of |v̂^α|². At the end, or the least share at the modes' discoveries.
    """
    found = results.experiment(experiment, CNN)
    shares = [
        [power[np.any(list(map(_strongest, spectra)), axis=0)].sum() / power.sum() for power, spectra in moments]
        for moments in _moments(found, when)
    ]
    return only(discovering(found, CNN), np.array(shares).min(axis=1))


@measure(MEDIAN)
def number_of_dominant(results: Results, experiment: str, when: Literal["discoveries", "end"]) -> FloatArray:
    """Frequencies that hold 90 % of the learned power over those that hold 90 % of Σ_α |v̂^α|², per trial.

    The sum is over the modes discovered so far: 1 is a kernel that takes from them whatever they have. For the
    learned power see ``share_of_dominant``. At the end, or the largest ratio at the modes' discoveries.
    """
    found = results.experiment(experiment, CNN)
    numbers = [
        [_strongest(power).sum() / _strongest(spectra.sum(axis=0)).sum() for power, spectra in moments]
        for moments in _moments(found, when)
    ]
    return only(discovering(found, CNN), np.array(numbers).max(axis=1))


@measure(MEDIAN)
def winners_error(results: Results, experiment: str) -> FloatArray:
    """‖|k̂| − predicted‖/‖predicted‖ over the frequencies of the modes at the end, per trial (Eqs. 23 and 24)."""
    found = results.experiment(experiment, CNN)
    theory = found.theory(CNN, ["competition_final_kernel_magnitude"])
    if "competition_final_kernel_magnitude" not in theory:
        raise NotMeasuredError(f"the competition's closed form does not apply to {experiment}")
    trials = found.trajectories(CNN, ["effective_singular_values"])["seed"].values
    predicted = theory["competition_final_kernel_magnitude"].sel(seed=trials).values.reshape(len(trials), -1)
    measured = np.where(predicted > 0, final_kernel(found), 0.0)
    error = np.linalg.norm(measured - predicted, axis=1) / np.linalg.norm(predicted, axis=1)
    return only(discovering(found, CNN), error)


@measure(CORRELATION)
def winners_and_start(results: Results, experiment: str, mode: int) -> FloatArray:
    """Of a mode's two strongest frequencies: ln of their ratio at the start and at the end, shape (trials, 2).

    At the start as they enter the competition, |k̂_l + w_l|/2 with the readout's part w_l (``competition``).
    """
    found = results.experiment(experiment, CNN)
    existing(found, [mode])
    first = found.trajectories(CNN, ["kernel", "readout"]).isel(snapshot_sample=0)
    structure = found.decomposition
    spectrum = fourier.spectrum(found.structure["right_singular_vectors"].values[found.modes[mode]])
    if len(spectrum) > 1:
        raise NotMeasuredError(f"{experiment} has images of several channels")
    strengths = np.where(_half_plane(found), np.abs(spectrum[0]).ravel(), 0.0)
    pair = np.argsort(-strengths)[:2]
    if not strengths[pair[1]] > 1e-9:
        raise NotMeasuredError(f"mode {mode} of {experiment} has one frequency, and so no competition")
    starts = []
    for kernel, readout in zip(first["kernel"].values[:, 0], first["readout"].values, strict=True):
        transfer = structure.left[:, found.modes[mode]] @ np.conj(fourier.spectrum(readout)).reshape(len(readout), -1)
        entering = competition.aligned_initial_magnitude(
            fourier.spectrum(kernel), transfer.reshape(spectrum[0].shape), spectrum[0]
        )
        starts.append(entering.ravel()[pair])
    logarithms = np.log(np.stack([np.array(starts), final_kernel(found)[:, pair]]))
    return only(discovering(found, CNN), (logarithms[..., 0] - logarithms[..., 1]).T)


@measure(MEAN)
def growth_rates(results: Results, experiment: str, within_modes: bool = False) -> FloatArray:
    """Slope of the growth rates of |k̂_l| against λ n s_α |v̂^α_l|, a line through the origin, per trial (Eq. 23).

    While nothing inhibits: from half of the mode's discovery time, when it is aligned, to a_α = s_α/10; over the modes'
    frequencies, for modes that share none.

    Args:
        results: everything that can be measured.
        experiment: its name.
        within_modes: of both less their mean over a mode's frequencies, which is 0 if these grow alike.
    """
    found = results.experiment(experiment, CNN)
    spectra = mode_spectra(found)
    if ((spectra > 1e-9).sum(axis=0) > 1).any():
        raise NotMeasuredError(f"the modes of {experiment} share frequencies")
    samples, _ = found.effective_singular_values(CNN)
    network = found.settings.networks.linear_cnn
    assert network is not None
    half, early = times(found, CNN), times(found, CNN, 0.1)
    first, last = records_at(samples, half / 2), records_at(samples, early) - 1
    power, side = kernel_power(found), found.data.shape[1]
    predicted, measured = [], []
    for mode, (strength, spectrum) in enumerate(
        zip(found.decomposition.singular_values[found.modes], spectra, strict=True)
    ):
        used = np.flatnonzero((spectrum > 1e-9) & _half_plane(found))
        grown = [np.log(power[t, last[t, mode], used] / power[t, first[t, mode], used]) / 2 for t in range(len(power))]
        # Between records so far apart that none lies in that time, nothing is measured.
        passed = np.where(last > first, samples[last] - samples[first], np.nan)[:, mode]
        measured.append(np.array(grown) / passed[:, None])
        predicted.append(network.rate * side * strength * spectrum[used])
    if within_modes:
        measured = [rates - rates.mean(axis=1, keepdims=True) for rates in measured]
        predicted = [rates - rates.mean() for rates in predicted]
    rates, expected = np.concatenate(measured, axis=1), np.concatenate(predicted)
    return only(discovering(found, CNN), rates @ expected / (expected @ expected))


@measure(MEAN)
def early_advantage(results: Results, experiment: str) -> FloatArray:
    """How much likelier the dominant frequencies of early modes are in the final kernel than others, per trial.

    Early are the modes of the first half; the others are the dominant frequencies of later modes that no early mode
    has. Of both the share that is among the strongest that hold 90 % of the kernel's learned power; the difference.
    """
    found = results.experiment(experiment, CNN)
    dominant = np.array([_strongest(spectrum**2) for spectrum in mode_spectra(found)])
    early = dominant[: (len(dominant) + 1) // 2].any(axis=0)
    late = dominant.any(axis=0) & ~early
    if not late.any():
        raise NotMeasuredError(f"no later mode of {experiment} has dominant frequencies of its own")
    powers = kernel_power(found)
    kept = np.array([_strongest(_learned(power[-1], power[0])) for power in powers])
    return only(discovering(found, CNN), kept[:, early].mean(axis=1) - kept[:, late].mean(axis=1))


@measure(PROPORTION)
def leader_stays(results: Results, experiment: str, mode: int, leader: Literal["any", "not-constant"]) -> FloatArray:
    """Whether the frequency that leads when a mode is found is dominant at every later discovery and at the end.

    Dominant: at least half of the largest |k̂_l|. 1 or 0 per trial.

    Args:
        results: everything that can be measured.
        experiment: its name.
        mode: α.
        leader: any frequency, or any but the constant one, which leads since mode 0.
    """
    found = results.experiment(experiment, CNN)
    magnitudes, moments = _magnitudes_at_discoveries(found)
    existing(found, [mode])
    first = {"any": 0, "not-constant": 1}[leader]
    values = []
    for magnitude, discovered in zip(magnitudes, moments, strict=True):
        leading = first + int(magnitude[mode, first:].argmax())
        later = [*np.flatnonzero(discovered > discovered[mode]), len(magnitude) - 1]
        values.append(all(magnitude[index, leading] >= LEADING * magnitude[index].max() for index in later))
    return only(discovering(found, CNN), np.array(values, dtype=float))


@measure(PROPORTION)
def some_leader_stays(results: Results, experiment: str, leader: Literal["any", "not-constant"]) -> FloatArray:
    """Whether a frequency that leads at some discovery but the last is dominant at every later one and at the end.

    See ``leader_stays``. 1 or 0 per trial.
    """
    found = results.experiment(experiment, CNN)
    modes = range(len(found.modes))
    if len(modes) < 2:
        raise NotMeasuredError(f"{experiment} has one mode, and so no later discovery")
    of_modes = np.array([leader_stays(results, experiment, mode, leader) for mode in modes])
    last = times(found, CNN).argmax(axis=1)
    of_modes[last, np.arange(of_modes.shape[1])] = 0.0
    return only(discovering(found, CNN), of_modes.max(axis=0))


def _magnitudes_at_discoveries(found: ExperimentResults) -> tuple[FloatArray, FloatArray]:
    """|k̂| at each discovery and at the end, shape (trials, modes + 1, n²), and the discovery times."""
    magnitudes = np.sqrt(kernel_power(found))
    discovered = times(found, CNN)
    samples, _ = found.effective_singular_values(CNN)
    indices = records_at(samples, discovered)
    indices = np.concatenate([indices, np.full((len(indices), 1), len(samples) - 1)], axis=1)
    return np.take_along_axis(magnitudes, indices[..., None], axis=1), discovered


def _moments(
    found: ExperimentResults, when: Literal["discoveries", "end"]
) -> list[list[tuple[FloatArray, FloatArray]]]:
    """Per trial, at each moment, the learned power and |v̂^α|² of the modes discovered by then, shape (modes, n²)."""
    samples, _ = found.effective_singular_values(CNN)
    discovered = times(found, CNN)
    spectra = mode_spectra(found) ** 2
    moments = []
    for power, of_modes in zip(kernel_power(found), discovered, strict=True):
        # A trial without a discovery is left out later.
        ends = samples[-1:] if when == "end" else of_modes
        at = records_at(samples, ends)
        moments.append(
            [
                (_learned(power[index], power[0]), spectra[~(of_modes > end)])
                for index, end in zip(at, ends, strict=True)
            ]
        )
    return moments


def _learned(power: FloatArray, start: FloatArray) -> FloatArray:
    return np.maximum(power - start, 0.0)


def _strongest(power: FloatArray) -> npt.NDArray[np.bool_]:
    """The strongest frequencies that hold 90 % of a power, as few as can be."""
    order = np.argsort(-power, kind="stable")
    held = np.cumsum(power[order])
    number = int((held < DOMINANT * held[-1] * (1 - 1e-12)).sum()) + 1
    mask = np.zeros(len(power), dtype=bool)
    mask[order[:number]] = True
    return mask


def _half_plane(found: ExperimentResults) -> npt.NDArray[np.bool_]:
    """Of each frequency and its mirror the first, shape (n²,)."""
    side = found.data.shape[1]
    return np.arange(side * side) <= fourier.mirror_index(side)
