"""Discovery times, alignment and balance against the standard deviation σ of all initial weights."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.config.extensions import StdScaling
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.engines import linear_cnn
from learning_dynamics.extensions.scaling import files, trainings
from learning_dynamics.extensions.scaling.files import SMALL_START
from learning_dynamics.extensions.scaling.task import Task
from learning_dynamics.extensions.scaling.trainings import HALF
from learning_dynamics.numerics import fourier, random_streams
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.theory import alignment, competition
from learning_dynamics.training import loop

_log = logging.getLogger(__name__)

_SUPPORT = 1e-9


def over_stds(settings: StdScaling, data: LabelledImages, root_seed: int, divergence_factor: float) -> xr.Dataset:
    """Discovery times and alignment against the standard deviation σ of all initial weights (Sec. 4, App. G).

    The CNN starts from normal kernel and readout, for every σ the same numbers of a seed times σ, and sees the classes
    in turn. Theory: the competition's closed form from the magnitudes with which the frequencies enter it after
    alignment; for small σ its times grow by 1/(2 λ n max_l |v̂^α_l| s_α) for every unit of ln(1/σ²).

    The alignment error is the largest |Ω_αβ|/√(s_α s_β), α ≠ β, of the whole run: ∝ σ, because B_αl at the frequencies
    of another mode β stays of the order of σ while k̂_l grows to its final size. The balance error is |B_0l|/|k̂_l| − 1
    at the discovery of mode 0, for its frequencies from the strongest on. The flow conserves |k̂_l|² − Σ_α |B_αl|² ∝ σ²
    while |k̂_l|² there is ∝ σ^(2 − 2|v̂_l|/max|v̂|), so that the balance error is ∝ σ^(2|v̂_l|/max|v̂|).

    Args:
        settings: σ, λ and seeds.
        data: one-channel images whose modes share no frequency.
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.

    Returns:
        Times in samples, by seed, σ and mode, with slopes fitted where σ is small.

    Raises:
        DivergenceError: a training diverged.
    """
    task = Task.of(data)
    modes = len(task.structure.singular_values)
    frequencies = _frequencies(task)
    shape = (settings.seeds, len(settings.stds))
    measured, predicted, initial = (np.empty((*shape, modes)) for _ in range(3))
    misalignment, imbalance = np.empty(shape), np.empty((*shape, len(frequencies)))
    for seed in range(settings.seeds):
        for index, std in enumerate(settings.stds):
            stream = random_streams.stream(root_seed, settings.experiment, "linear_cnn", seed)
            weights = linear_cnn.normal_weights(stream, (data.classes, 1, task.side), std, std)
            competing = _competition(task, weights)
            here = seed, index
            initial[here] = [float(mode.effective_singular_value(0.0)) for mode in competing]
            predicted[here] = [competition_time(mode, settings.learning_rate) for mode in competing]
            describe = f"scaling with std {std:g}, seed {seed}"
            # From large weights a mode may be there at once, yet the others need time.
            slowest = max(predicted[here].max(), *(_time_constant(mode, settings.learning_rate) for mode in competing))
            samples = trainings.record_samples(0.0, slowest, len(task.images))
            network = trainings.CNN(task, weights, settings.learning_rate, divergence_factor)
            subject = loop.Subject(describe, task.classes, settings.learning_rate)
            run = _follow(network, task, samples, frequencies, subject)
            measured[here], misalignment[here], imbalance[here] = run
    small = np.all(initial < SMALL_START * task.structure.singular_values, axis=(0, 2))
    _log.info("%d seeds, %d standard deviations, of which %d are small", *shape, small.sum())
    asymptote = np.array([_time_constant(mode, settings.learning_rate) for mode in competing])
    magnitudes = np.abs(fourier.spectrum(task.right_images[0])).ravel()[frequencies]
    return files.std_dataset(
        settings.stds,
        small=small,
        measured=measured,
        predicted=predicted,
        initial=initial,
        misalignment=misalignment,
        imbalance=imbalance,
        asymptote=asymptote,
        magnitudes=magnitudes,
    )


def _follow(
    network: trainings.CNN,
    task: Task,
    samples: npt.NDArray[np.int64],
    frequencies: npt.NDArray[np.intp],
    subject: loop.Subject,
) -> tuple[FloatArray, float, FloatArray]:
    """Discovery times (modes,), alignment error, and balance error at the discovery of mode 0 (frequencies,)."""
    limits = task.structure.singular_values
    history, states = [], []
    for omega in trainings.follow(network, samples, trainings.in_turn(samples, len(task.images)), subject):
        history.append(omega)
        states.append(network.state())
    effective = np.array(history)
    times = trainings.discovery_times(samples, np.einsum("tmm->tm", effective), limits)
    imbalance = np.full(len(frequencies), np.nan)
    if np.isfinite(times[0]):
        after = max(int(np.searchsorted(samples, times[0])), 1)
        balance = []
        for state in states[after - 1 : after + 1]:
            network.restore(state)
            balance.append(alignment.balance(*network.magnitudes(frequencies)))
        around = samples[after - 1 : after + 1]
        imbalance = np.array([np.interp(times[0], around, values) for values in np.array(balance).T]) - 1
    return times, float(alignment.largest_off_diagonal(effective, limits).max()), imbalance


def _frequencies(task: Task) -> npt.NDArray[np.intp]:
    """The vec-2D indices of mode 0's frequencies, one of each conjugate pair, strongest first."""
    magnitudes = np.abs(fourier.spectrum(task.right_images[0])).ravel()
    half = np.arange(task.side**2) <= fourier.mirror_index(task.side)
    present = np.flatnonzero(half & (magnitudes > _SUPPORT))
    return present[np.argsort(-magnitudes[present], kind="stable")]


def _competition(task: Task, weights: linear_cnn.Weights) -> list[competition.Mode]:
    spectra = fourier.spectrum(task.right_images)
    kernel = fourier.spectrum(weights.kernel[0])
    transfer = np.tensordot(task.structure.left.T, np.conj(fourier.spectrum(weights.readout)), axes=1)
    initial = [
        competition.aligned_initial_magnitude(kernel, row, spectrum)
        for row, spectrum in zip(transfer, spectra, strict=True)
    ]
    return competition.modes(task.structure.singular_values, task.in_modes, spectra, np.stack(initial))


def competition_time(mode: competition.Mode, learning_rate: float) -> float:
    """Samples until a_α = s_α/2 in the competition: ∫ dG/(λ (s_α − a_α(G))) up to the clock at which it is there."""
    from scipy.integrate import quad
    from scipy.optimize import brentq

    goal = HALF * mode.singular_value

    def relative(clock: float) -> float:
        return float(np.log(mode.effective_singular_value(clock) / goal))

    if relative(0.0) >= 0:
        return 0.0
    latest = -relative(0.0) / (2 * mode.side * mode.spectrum.min())
    end = brentq(relative, 0.0, latest * (1 + 1e-9), xtol=1e-14)
    integral, _ = quad(lambda clock: 1 / (mode.singular_value - mode.effective_singular_value(clock)), 0.0, end)
    return float(integral / learning_rate)


def _time_constant(mode: competition.Mode, learning_rate: float) -> float:
    """Samples in which the strongest frequency of a small mode grows by √e: 1/(2 λ n max_l |v̂^α_l| s_α)."""
    return float(1 / (2 * learning_rate * mode.side * mode.spectrum.max() * mode.singular_value))
