"""Measured on a_α(t) and Ω(t): when modes are discovered, how, and what theory says of it."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np

from learning_dynamics.claims.measures.registry import Network, NotMeasuredError, measure
from learning_dynamics.claims.measures.trials import Results, discovering, existing, only, times, within
from learning_dynamics.claims.statistics import ERROR_OF_MEAN, MEAN, MEDIAN
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.numerics.discovery import discovery_times
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import alignment, closed_forms, competition, sigmoid


@measure(MEDIAN)
def sigmoid_error(results: Results, experiment: str, network: Network) -> FloatArray:
    """Root mean square difference between a_α(t) and Eq. 22 relative to s_α, largest over the modes, per trial."""
    found = results.experiment(experiment, network)
    return _largest_error(only(discovering(found, network, [0]), _from_sigmoids(found, network)))


@measure(ERROR_OF_MEAN)
def sigmoid_error_of_mean(results: Results, experiment: str, network: Network) -> FloatArray:
    """(a_α(t) − Eq. 22)/s_α, shape (trials, samples, modes)."""
    found = results.experiment(experiment, network)
    return only(discovering(found, network, [0]), _from_sigmoids(found, network))


@measure(ERROR_OF_MEAN)
def flow_error_of_mean(results: Results, experiment: str, network: Network) -> FloatArray:
    """(a_α(t) − that of the gradient flow from the trial's own start)/s_α, shape (trials, samples, modes)."""
    found = results.experiment(experiment, network)
    _, measured = found.effective_singular_values(network)
    relative = (measured - _flow(found, network)) / _strengths(found)
    return only(discovering(found, network, [0]), relative)


@measure(MEDIAN)
def closed_form_against_flow(
    results: Results, experiment: str, variable: Literal["sigmoid", "competition"]
) -> FloatArray:
    """Root mean square difference between a closed form of a_α(t) and the flow, relative to s_α, largest mode."""
    found = results.experiment(experiment, "linear_cnn")
    theory = found.theory("linear_cnn", ["effective_singular_values", variable])
    if variable not in theory:
        raise NotMeasuredError(f"the closed form '{variable}' does not apply to {experiment}")
    closed = theory[variable].values[..., found.modes]
    relative = (closed - _flow(found, "linear_cnn")) / _strengths(found)
    return _largest_error(only(discovering(found, "linear_cnn", [0]), relative))


@measure(MEAN)
def discovery_time_ratio(results: Results, experiment: str, modes: list[int], per: float = 1.0) -> FloatArray:
    """Discovery time of the CNN over that of the FCNN, mean over some modes, divided by `per`, per trial."""
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    ratio = times(found, "linear_cnn", modes=modes) / times(found, "linear_fcnn", modes=modes)
    return np.asarray(ratio.mean(axis=1) / per)


@measure(MEAN)
def delay_at_equal_rate(results: Results, experiment: str, mode: int) -> FloatArray:
    """t_CNN n λ_CNN/(t_FCNN λ_FCNN): the ratio of discovery times that λ_FCNN = n λ_CNN would give, per trial.

    Times of the gradient flow are inversely proportional to λ.
    """
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    networks = found.settings.networks
    assert networks.linear_cnn is not None
    assert networks.linear_fcnn is not None
    ratio = times(found, "linear_cnn", modes=[mode]) / times(found, "linear_fcnn", modes=[mode])
    rates = found.data.shape[1] * networks.linear_cnn.rate / networks.linear_fcnn.rate
    return np.asarray(ratio[:, 0] * rates)


@measure(MEDIAN)
def smallest_delay(results: Results, experiment: str) -> FloatArray:
    """The least ratio of discovery times CNN/FCNN over the modes after mode 0, divided by that of mode 0."""
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    ratio = times(found, "linear_cnn") / times(found, "linear_fcnn")
    return np.asarray((ratio[:, 1:] / ratio[:, :1]).min(axis=1))


@measure(MEAN)
def alignment_delay(results: Results, experiment: str) -> FloatArray:
    """Discovery time over that from an aligned, balanced start of the same |k̂_l|, mean over the modes, per trial.

    The latter by the competition's closed form (Eqs. 23 and 24): for modes that share no frequency.
    """
    found = results.experiment(experiment, "linear_cnn")
    spectra = fourier.spectrum(found.structure["right_singular_vectors"].values[found.modes])
    if spectra.shape[1] > 1 or not competition.frequencies_are_disjoint(spectra[:, 0]):
        raise NotMeasuredError(f"the modes of {experiment} share frequencies")
    samples, _ = found.effective_singular_values("linear_cnn")
    strengths = _strengths(found)
    d = np.diagonal(found.structure["input_correlation_in_modes"].values)[found.modes]
    network = found.settings.networks.linear_cnn
    assert network is not None
    starts = found.trajectories("linear_cnn", ["kernel_magnitude"])["kernel_magnitude"].values[:, 0, 0]
    measured = times(found, "linear_cnn")
    aligned = np.full_like(measured, np.nan)
    for trial, start in enumerate(starts.astype(np.float64)):
        initial = np.broadcast_to(start, spectra[:, 0].shape)
        modes = competition.modes(strengths, d, spectra[:, 0], initial)
        curves = [mode.effective_singular_value(mode.clock(samples, network.rate)) for mode in modes]
        aligned[trial] = discovery_times(samples, np.stack(curves, axis=-1), strengths)
    return np.asarray((measured / aligned).mean(axis=1))


@measure(MEDIAN)
def discovery_order(results: Results, experiment: str, network: Network) -> FloatArray:
    """min_α t_{α+1}/t_α of the discovery times, above 1 if the modes come in order of s_α, per trial."""
    found = results.experiment(experiment, network)
    reached = times(found, network)
    if reached.shape[1] < 2:
        raise NotMeasuredError(f"{experiment} has one mode, and so no order")
    return np.asarray((reached[:, 1:] / reached[:, :-1]).min(axis=1))


@measure(MEDIAN)
def order_of_distinct_modes(results: Results, experiment: str, network: Network, apart: float = 1.2) -> FloatArray:
    """Kendall's rank correlation of s_α with the discovery times over the pairs of modes that differ, per trial.

    Pairs in order less pairs out of order, over all pairs; 1 if the modes come in order of s_α.

    Args:
        results: everything that can be measured.
        experiment: its name.
        network: its name.
        apart: a pair differs if the one singular value is more than this many times the other.
    """
    found = results.experiment(experiment, network)
    strengths = _strengths(found)
    pairs = [(a, b) for a, b in itertools.combinations(range(len(strengths)), 2) if strengths[a] > apart * strengths[b]]
    if not pairs:
        raise NotMeasuredError(f"no two modes of {experiment} differ by a factor of {apart:g}")
    reached = times(found, network)
    early, late = (reached[:, [pair[end] for pair in pairs]] for end in (0, 1))
    return np.asarray(np.sign(late - early).mean(axis=1))


@measure(MEDIAN)
def early_rise(results: Results, experiment: str, network: Network, modes: list[int] | None = None) -> FloatArray:
    """Time from 0.1 s_α to s_α/2 over the time to s_α/2, largest of some or all modes, per trial.

    A one-layer network, a_α = s_α (1 − exp(−t/τ)), has 0.85.
    """
    found = results.experiment(experiment, network)
    early, half = (times(found, network, share, modes) for share in (0.1, 0.5))
    return np.asarray(((half - early) / half).max(axis=1))


@measure(MEDIAN)
def transition_sharpness(
    results: Results, experiment: str, network: Network, modes: list[int] | None = None
) -> FloatArray:
    """Time from 0.1 s_α to 0.9 s_α over the time to s_α/2, largest of some or all modes, per trial.

    A one-layer network, a_α = s_α (1 − exp(−t/τ)), has 3.2.
    """
    found = results.experiment(experiment, network)
    early, half, late = (times(found, network, share, modes) for share in (0.1, 0.5, 0.9))
    return np.asarray(((late - early) / half).max(axis=1))


@measure(MEDIAN)
def last_discovery_ratio(results: Results, experiment: str) -> FloatArray:
    """When the CNN has found every mode over when the FCNN has, per trial."""
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    return np.asarray(times(found, "linear_cnn").max(axis=1) / times(found, "linear_fcnn").max(axis=1))


@measure(MEDIAN)
def network_delay(results: Results, experiment: str, early: Network, late: Network) -> FloatArray:
    """Discovery time of one network over that of another, least of the modes, per trial."""
    found = results.experiment(experiment, early, late)
    return np.asarray((times(found, late) / times(found, early)).min(axis=1))


@measure(MEDIAN)
def late_change(results: Results, experiment: str, network: Network) -> FloatArray:
    """|change of a_α|/s_α from the tenth of the records before the last tenth to that, largest mode, per trial."""
    found = results.experiment(experiment, network)
    _, values = found.effective_singular_values(network)
    tenth = max(1, values.shape[1] // 10)
    change = values[:, -tenth:].mean(axis=1) - values[:, -2 * tenth : -tenth].mean(axis=1)
    return only(discovering(found, network), (np.abs(change) / _strengths(found)).max(axis=1))


@measure(MEDIAN)
def saturation_difference(results: Results, experiment: str, first: Network, second: Network) -> FloatArray:
    """|a_α(first) − a_α(second)|/s_α at the end, mean of the last tenth of the records, largest mode, per trial."""
    found = results.experiment(experiment, first, second)
    ends = []
    for network in (first, second):
        _, values = found.effective_singular_values(network)
        ends.append(values[:, -max(1, values.shape[1] // 10) :].mean(axis=1))
    learned = discovering(found, first) & discovering(found, second)
    return only(learned, (np.abs(ends[0] - ends[1]) / _strengths(found)).max(axis=1))


@measure(MEDIAN)
def share_learned(
    results: Results, experiment: str, network: Network, sample: int, modes: list[int] | None = None
) -> FloatArray:
    """a_α/s_α at the record nearest to a sample, least of some or all modes, per trial."""
    found = results.experiment(experiment, network)
    samples, values = found.effective_singular_values(network)
    within(samples, sample)
    shares = values[:, np.abs(samples - sample).argmin()] / _strengths(found)
    least = shares[:, existing(found, range(len(found.modes)) if modes is None else modes)].min(axis=1)
    return only(discovering(found, network, [0]), least)


@measure(MEDIAN)
def largest_misalignment(results: Results, experiment: str, network: Network) -> FloatArray:
    """Largest |Ω_αβ|/√(s_α s_β), α ≠ β, at any time, per trial (Fig. S.1)."""
    found = results.experiment(experiment, network)
    largest = alignment.largest_off_diagonal(_omega(found, network), _strengths(found)).max(axis=1)
    return only(discovering(found, network), largest)


@measure(MEDIAN)
def misalignment_left(results: Results, experiment: str, network: Network) -> FloatArray:
    """Largest |Ω_αβ|, α ≠ β, over the last tenth of the records, over its largest rise above the start, per trial.

    Small for a peak that is gone; without a peak there is no value (Fig. S.1).
    """
    found = results.experiment(experiment, network)
    largest = alignment.largest_off_diagonal(_omega(found, network), np.ones(len(found.modes)))
    tenth = max(1, largest.shape[1] // 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = largest[:, -tenth:].max(axis=1) / (largest.max(axis=1) - largest[:, 0])
    return only(discovering(found, network), left)


def _strengths(found: ExperimentResults) -> FloatArray:
    return found.decomposition.singular_values[found.modes]


def _omega(found: ExperimentResults, network: str) -> FloatArray:
    omega = found.trajectories(network, ["effective_singular_values"])["effective_singular_values"].values
    return np.asarray(omega[:, :, found.modes][:, :, :, found.modes])


def _flow(found: ExperimentResults, network: str) -> FloatArray:
    theory = found.theory(network, ["effective_singular_values"])
    if "effective_singular_values" not in theory:
        raise NotMeasuredError(f"the gradient flow of {found.name} was not integrated")
    trials = found.trajectories(network, ["effective_singular_values"])["seed"].values
    omega = theory["effective_singular_values"].sel(seed=trials).values
    return np.einsum("stmm->stm", omega)[..., found.modes]


def _from_sigmoids(found: ExperimentResults, network: str) -> FloatArray:
    """(a_α(t) − Eq. 22 from a_α(0))/s_α, shape (trials, samples, modes)."""
    samples, measured = found.effective_singular_values(network)
    strengths = _strengths(found)
    rate = getattr(found.settings.networks, network).rate * np.ones(len(strengths))
    if network == "linear_cnn":
        images = found.structure["right_singular_vectors"].values[found.modes]
        if not closed_forms.single_frequency_modes(images):
            raise NotMeasuredError(f"Eq. 22 does not apply to {found.name}, whose modes are not single cosines")
        rate = rate * found.data.shape[1] * sigmoid.structural_factor(images[:, 0])
    predicted = sigmoid.effective_singular_value(samples[:, None], measured[:, :1], strengths, rate)
    return np.asarray((measured - predicted) / strengths)


def _largest_error(relative: FloatArray) -> FloatArray:
    """Root mean square over time, then the largest mode; from shape (trials, samples, modes)."""
    return np.asarray(np.sqrt((relative**2).mean(axis=1)).max(axis=1))
