"""How the discovery of modes scales: with the image side n, the initial standard deviation σ and the learning rate λ.

Every run is stochastic gradient descent, its times are the half-rise times of the effective singular values, and every
measured number stands beside the theory's own. Slopes are fitted per seed, so that they have an interval.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics import fourier, provenance, random_streams, scaling_files, trajectories
from learning_dynamics.config import Experiment
from learning_dynamics.config_extensions import LearningRateScaling, SideScaling, StdScaling
from learning_dynamics.config_networks import LinearCNN
from learning_dynamics.correlations import FloatArray, Structure, decompose
from learning_dynamics.datasets import cosines, labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DivergenceError, UserError
from learning_dynamics.networks import linear_cnn, linear_fcnn, small_linear_fcnn
from learning_dynamics.networks.train import initial_linear_cnn
from learning_dynamics.scaling_files import NETWORKS, ORDERS, SMALL_START
from learning_dynamics.theory import alignment, competition, gradient_flow, sigmoid

PARAMETERS = ("side", "std", "learning_rate")

# A mode counts as discovered when a_α passes this share of s_α.
_HALF = 0.5
# Records are spaced by this factor; half of a rise takes many times as long.
_SPACING = 1.01
# Trainings last this many times as long as the theory needs for the slowest mode.
_MARGIN = 1.3
_SUPPORT = 1e-9

Advance = Callable[[npt.NDArray[np.int64]], tuple[int, float]]


@dataclass(frozen=True)
class Task:
    """A data set in the form that the runs need.

    images: training inputs of one channel, shape (images, n, n).
    labels: class of each, shape (images,).
    structure: decomposition of Σyx.
    weighted: Σxx V, shape (n², modes), with which Ω = Uᵀ M Σxx V; Σxx itself would have n⁴ entries.
    """

    images: FloatArray
    labels: npt.NDArray[np.int64]
    structure: Structure
    weighted: FloatArray

    @classmethod
    def of(cls, data: LabelledImages) -> Task:
        """The training images of a one-channel data set."""
        split = data.split("train")
        vectors = split.vectors(slice(None))
        one_hot = (split.labels[:, None] == np.arange(data.classes)).astype(np.float64)
        structure = decompose(one_hot.T @ vectors / len(vectors))
        weighted = vectors.T @ (vectors @ structure.right) / len(vectors)
        return cls(vectors.reshape(-1, *data.shape[1:]), split.labels, structure, weighted)

    @property
    def side(self) -> int:
        """The image side n."""
        return self.images.shape[-1]

    @property
    def right_images(self) -> FloatArray:
        """v^α as images, shape (modes, n, n)."""
        return self.structure.right.T.reshape(-1, self.side, self.side)

    @property
    def in_modes(self) -> FloatArray:
        """d_α, the diagonal of Vᵀ Σxx V, shape (modes,)."""
        return np.asarray(np.einsum("im,im->m", self.structure.right, self.weighted))

    def effective(self, network: FloatArray) -> FloatArray:
        """Ω = Uᵀ M Σxx V of a whole network M (p, n²) (Pinson et al. 2023, Eqs. 4 and 5), shape (modes, modes)."""
        return np.asarray(self.structure.left.T @ (network @ self.weighted))


def measure(
    parameter: str,
    settings: Mapping[str, Any],
    experiment: Mapping[str, Any] | None,
    dataset: str | None,
    root_seed: int,
    divergence_factor: float,
    log: logging.Logger,
) -> xr.Dataset:
    """The runs over one parameter; see ``over_sides``, ``over_stds`` and ``over_learning_rates``.

    Args:
        parameter: "side", "std" or "learning_rate".
        settings: the configuration under `scaling`, at this parameter.
        experiment: settings of the experiment it names; None for "side".
        dataset: that experiment's images, a NetCDF file; None for "side".
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.
        log: for the progress.

    Raises:
        DataError: the data set's file is missing or damaged.
        DivergenceError: a training diverged.
        UserError: the gradient flow could not be integrated.
    """
    relevant = {"parameter": parameter, "root_seed": root_seed, "scaling": dict(settings)}
    if parameter == "side":
        result = over_sides(SideScaling.model_validate(settings), root_seed, divergence_factor, log)
        source = "Pinson et al. 2023, Eqs. 21, 22 and S.164"
    else:
        data = labelled_images.read(str(dataset))
        base = Experiment.model_validate(experiment)
        relevant["experiment"] = base.model_dump(mode="json")
        if parameter == "std":
            std = StdScaling.model_validate(settings)
            result = over_stds(std, data, root_seed, divergence_factor, log)
            source = "Pinson et al. 2023, Eqs. 23, 24 and S.164, App. G"
        else:
            rates = LearningRateScaling.model_validate(settings)
            assert base.networks.linear_cnn is not None  # the configuration asks for it
            result = over_learning_rates(rates, base.networks.linear_cnn, data, root_seed, divergence_factor, log)
            source = "Pinson et al. 2023, Eqs. 15 and 16"
    return result.assign_attrs(
        provenance.attributes(
            f"Scaling with {parameter}", source, relevant, ("numpy", "scipy", "numba", "xarray", "netCDF4")
        )
    )


def over_sides(settings: SideScaling, root_seed: int, divergence_factor: float, log: logging.Logger) -> xr.Dataset:
    """Discovery times of pure cosines against the image side n, for CNN and FCNN at one λ (Sec. 3, Eq. S.164).

    The CNN starts aligned and balanced, the FCNN diagonal with the same a_α(0). The classes come in turn, so that no
    random draw adds noise. The FCNN is trained in the basis of the p images, with p hidden units: of a wider one, and
    of the other n² − p directions of its input, no weight would ever leave zero, and a rotation of the inputs changes
    nothing, so that this is the wide network's own iteration. Theory: t ∝ ln(s_α/a_α(0) − 1)/(n s_α) for the CNN,
    n c_α times as long for the FCNN, where s_α ∝ n.

    Args:
        settings: sides, cosines, λ, σ and seeds.
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.
        log: for the progress.

    Returns:
        Times in samples, by network, seed, side and mode, with fitted slopes of ln t against ln n.

    Raises:
        DivergenceError: a training diverged.
        UserError: a mode starts above half of its singular value.
    """
    shape = (len(NETWORKS), settings.seeds, len(settings.sides), len(settings.classes))
    measured, predicted, initial = np.empty(shape), np.empty(shape), np.empty(shape)
    singular_values, factors = np.empty(shape[2:]), np.empty(shape[2:])
    for place, side in enumerate(settings.sides):
        name = f"scaling_side_{side}"
        data = cosines.make(settings.dataset(side), random_streams.stream(root_seed, name, "dataset"))
        task = Task.of(data)
        singular_values[place] = task.structure.singular_values
        factors[place] = sigmoid.structural_factor(task.right_images)
        for seed in range(settings.seeds):
            kernel_stream = random_streams.stream(root_seed, name, "linear_cnn", seed)
            weights = linear_cnn.aligned_weights(
                kernel_stream, settings.kernel_std, task.structure.left, task.right_images[:, None]
            )
            start = task.effective(linear_cnn.network_matrix(weights)).diagonal()
            if (start >= _HALF * singular_values[place]).any():
                raise UserError(
                    f"scaling with side {side}: a mode starts discovered, a_α(0) = {start} of s_α = "
                    f"{singular_values[place]}; lower scaling.side.kernel_std ({settings.kernel_std:g})"
                )
            for row, network in enumerate(NETWORKS):
                rate = settings.learning_rate * (side * factors[place] if network == "linear_cnn" else 1.0)
                times = sigmoid.time_to_reach(_HALF * singular_values[place], start, singular_values[place], rate)
                run = _cnn_run if network == "linear_cnn" else _diagonal_fcnn_run
                describe = f"scaling with side {side}, {network}, seed {seed}"
                here = row, seed, place
                measured[here] = run(task, weights, settings.learning_rate, times, divergence_factor, describe)
                predicted[here], initial[here] = times, start
        log.info("side %d: longest training %.0f samples", side, _MARGIN * predicted[:, :, place].max())
    return scaling_files.side_dataset(settings.sides, measured, predicted, initial, singular_values, factors)


def over_stds(
    settings: StdScaling, data: LabelledImages, root_seed: int, divergence_factor: float, log: logging.Logger
) -> xr.Dataset:
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
        log: for the progress.

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
        for place, std in enumerate(settings.stds):
            stream = random_streams.stream(root_seed, settings.experiment, "linear_cnn", seed)
            weights = linear_cnn.normal_weights(stream, data.classes, 1, task.side, std, std)
            competing = _competition(task, weights)
            here = seed, place
            initial[here] = [float(mode.effective_singular_value(0.0)) for mode in competing]
            predicted[here] = [_competition_time(mode, settings.learning_rate) for mode in competing]
            describe = f"scaling with std {std:g}, seed {seed}"
            run = _StdRun(task, weights, settings.learning_rate, divergence_factor, frequencies)
            # From large weights a mode may be there at once, yet the others need time.
            slowest = max(predicted[here].max(), *(_time_constant(mode, settings.learning_rate) for mode in competing))
            history = run.follow(_record_samples(0.0, slowest, len(task.images)), describe)
            measured[here], misalignment[here], imbalance[here] = history
    small = np.all(initial < SMALL_START * task.structure.singular_values, axis=(0, 2))
    log.info("%d seeds, %d standard deviations, of which %d are small", *shape, small.sum())
    asymptote = np.array([_time_constant(mode, settings.learning_rate) for mode in competing])
    magnitudes = np.abs(fourier.spectrum(task.right_images[0])).ravel()[frequencies]
    return scaling_files.std_dataset(
        settings.stds, small, measured, predicted, initial, misalignment, imbalance, asymptote, magnitudes
    )


def over_learning_rates(
    settings: LearningRateScaling,
    network: LinearCNN,
    data: LabelledImages,
    root_seed: int,
    divergence_factor: float,
    log: logging.Logger,
) -> xr.Dataset:
    """Discovery times and the error of the gradient flow against λ, at the same λ·updates (Sec. 2.3, Eqs. 15 and 16).

    The flow depends on λ t alone and is integrated once. Its error is the root of the mean over the run of
    (a_α − flow)²/s_α². Expected: ∝ λ with the classes in turn, where only the step is finite. With classes drawn at
    random a sampling error is added, the scatter over the seeds of the difference between the two orders: ∝ √λ,
    because a rise takes about 1/λ draws, whose share per class scatters by the root of their number. It is independent
    in every seed, so that it is smaller in their mean.

    Args:
        settings: learning rates, λ·updates, records and seeds.
        network: initial weights of the CNN.
        data: one-channel images.
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.
        log: for the cost of the integration.

    Returns:
        Times and errors by order, seed, learning rate and mode.

    Raises:
        DivergenceError: a training diverged.
        UserError: the gradient flow could not be integrated.
    """
    task = Task.of(data)
    starts = [
        initial_linear_cnn(settings.experiment, network, seed, root_seed, data, task.structure)
        for seed in range(settings.seeds)
    ]
    samples = [_even_samples(settings, rate, len(task.images)) for rate in settings.learning_rates]
    flow_times = [np.round(rate * s, 12) for rate, s in zip(settings.learning_rates, samples, strict=True)]
    every_time = np.unique(np.concatenate(flow_times))
    solution = gradient_flow.linear_cnn_flow(
        starts, data.split("train").correlations(), task.structure, learning_rate=1.0, samples=every_time
    )
    log.info("gradient flow with %d evaluations", solution.evaluations)
    flow = np.einsum("um,stui,im->stm", task.structure.left, solution.networks, task.weighted, optimize=True)
    limits = task.structure.singular_values
    modes = len(limits)
    shape = (len(ORDERS), settings.seeds, len(settings.learning_rates), modes)
    measured, errors, sampling = np.empty(shape), np.empty(shape), np.empty(shape[1:])
    mean_errors = np.empty((len(ORDERS), len(settings.learning_rates), modes))
    for place, rate in enumerate(settings.learning_rates):
        expected = flow[:, np.searchsorted(every_time, flow_times[place])]
        curves = np.empty((len(ORDERS), settings.seeds, len(samples[place]), modes))
        for row, order in enumerate(ORDERS):
            for seed, weights in enumerate(starts):
                stream = random_streams.stream(root_seed, settings.experiment, "sample_order", seed)
                drawn = random_streams.sample_order(stream, order, len(task.images), int(samples[place][-1]))
                describe = f"scaling with learning_rate {rate:g}, {order} order, seed {seed}"
                curves[row, seed] = _cnn_curves(task, weights, rate, samples[place], drawn, divergence_factor, describe)
        measured[:, :, place] = _discovery_times(samples[place], curves, limits)
        errors[:, :, place] = _root_mean_square(curves - expected) / limits
        mean_errors[:, place] = _root_mean_square((curves - expected).mean(axis=1)) / limits
        sampling[:, place] = _root_mean_square(_scatter(curves[1] - curves[0])) / limits
        log.info("learning rate %g: %d updates", rate, samples[place][-1])
    flow_discovery = _discovery_times(every_time, flow, limits)
    return scaling_files.learning_rate_dataset(
        settings.learning_rates, measured, errors, mean_errors, sampling, flow_discovery
    )


def _record_samples(first: float, last: float, cycle: int) -> npt.NDArray[np.int64]:
    """Ascending samples from 0 to beyond `last` at the ends of cycles, geometric from `first` on."""
    start = max(first, cycle) / cycle
    steps = int(np.log(max(_MARGIN * last / cycle / start, _SPACING)) / np.log(_SPACING)) + 1
    cycles = np.unique(np.round(start * _SPACING ** np.arange(steps + 1)).astype(np.int64))
    return np.concatenate([[0], cycle * cycles])


def _even_samples(settings: LearningRateScaling, rate: float, cycle: int) -> npt.NDArray[np.int64]:
    """Evenly spaced samples from 0 to λ·t = `training_time`, at the ends of cycles."""
    even = np.arange(settings.records + 1) * settings.training_time / (settings.records * rate * cycle)
    return cycle * np.unique(np.round(even).astype(np.int64))


def _discovery_times(samples: npt.NDArray[Any], curves: FloatArray, singular_values: FloatArray) -> FloatArray:
    return trajectories.discovery_times(samples.astype(np.float64), curves, singular_values, _HALF)


def _advance(update: Advance, order: npt.NDArray[np.int64], describe: str) -> None:
    done, squared_error = update(order)
    if done < len(order):
        raise DivergenceError(
            f"{describe}: the training diverged, ‖y − ŷ‖² was {squared_error:.3g}; lower its learning rate"
        )


def _in_turn(start: int, stop: int, images: int) -> npt.NDArray[np.int64]:
    return np.arange(start, stop, dtype=np.int64) % images


def _cnn_run(
    task: Task,
    weights: linear_cnn.Weights,
    learning_rate: float,
    expected: FloatArray,
    error_limit: float,
    describe: str,
) -> FloatArray:
    """Discovery times of the CNN with the classes in turn, about the times expected, shape (modes,)."""
    samples = _record_samples(expected.min() / 4, expected.max(), len(task.images))
    order = _in_turn(0, int(samples[-1]), len(task.images))
    curves = _cnn_curves(task, weights, learning_rate, samples, order, error_limit, describe)
    return _discovery_times(samples, curves, task.structure.singular_values)


def _cnn_curves(
    task: Task,
    weights: linear_cnn.Weights,
    learning_rate: float,
    samples: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    error_limit: float,
    describe: str,
) -> FloatArray:
    """a_α at `samples`, shape (samples, modes)."""
    engine = linear_cnn.Engine(weights, learning_rate, error_limit)
    spectra = engine.spectra(task.images[:, None])

    def update(part: npt.NDArray[np.int64]) -> tuple[int, float]:
        return engine.update(spectra, task.labels, part)

    curves = [task.effective(engine.network()).diagonal()]
    for start, stop in itertools.pairwise(samples):
        _advance(update, order[start:stop], describe)
        curves.append(task.effective(engine.network()).diagonal())
    return np.array(curves)


def _diagonal_fcnn_run(
    task: Task,
    weights: linear_cnn.Weights,
    learning_rate: float,
    expected: FloatArray,
    error_limit: float,
    describe: str,
) -> FloatArray:
    """Discovery times of the FCNN that starts with the a_α(0) of the CNN's `weights`, in the basis V of the inputs."""
    left, right = task.structure.left, task.structure.right
    modes = right.shape[1]
    start = task.effective(linear_cnn.network_matrix(weights)).diagonal()
    initial = linear_fcnn.diagonal_weights(modes, start, task.in_modes, left, np.eye(modes))
    engine = small_linear_fcnn.Engine(initial, learning_rate, error_limit)
    inputs = task.images.reshape(len(task.images), -1) @ right
    weighted = inputs.T @ inputs / len(inputs)

    def update(order: npt.NDArray[np.int64]) -> tuple[int, float]:
        return engine.update(inputs, task.labels, order)

    def effective() -> FloatArray:
        return np.asarray(np.diagonal(left.T @ (engine.network() @ weighted)))

    samples = _record_samples(expected.min() / 4, expected.max(), len(inputs))
    curves = [effective()]
    for first, last in itertools.pairwise(samples):
        _advance(update, _in_turn(int(first), int(last), len(inputs)), describe)
        curves.append(effective())
    return _discovery_times(samples, np.array(curves), task.structure.singular_values)


class _StdRun:
    """One training with the classes in turn, of which alignment and balance are recorded too."""

    def __init__(
        self,
        task: Task,
        weights: linear_cnn.Weights,
        learning_rate: float,
        error_limit: float,
        frequencies: npt.NDArray[np.intp],
    ) -> None:
        self._task = task
        self._engine = linear_cnn.Engine(weights, learning_rate, error_limit)
        self._spectra = self._engine.spectra(task.images[:, None])
        self._frequencies = frequencies

    def follow(self, samples: npt.NDArray[np.int64], describe: str) -> tuple[FloatArray, float, FloatArray]:
        """Discovery times (modes,), alignment error, and balance error at the discovery of mode 0 (frequencies,)."""
        task = self._task
        limits = task.structure.singular_values
        omega, balance = [task.effective(self._engine.network())], [self._balance()]
        for start, stop in itertools.pairwise(samples):
            _advance(self._update, _in_turn(int(start), int(stop), len(task.images)), describe)
            omega.append(task.effective(self._engine.network()))
            balance.append(self._balance())
        effective = np.array(omega)
        times = _discovery_times(samples, np.einsum("tmm->tm", effective), limits)
        at_discovery = [np.interp(times[0], samples, values) for values in np.array(balance).T]
        return times, float(alignment.largest_off_diagonal(effective, limits).max()), np.array(at_discovery) - 1

    def _update(self, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        return self._engine.update(self._spectra, self._task.labels, order)

    def _balance(self) -> FloatArray:
        left = self._task.structure.left[:, 0]
        readout = np.tensordot(left, np.conj(self._engine.readout_spectrum()), axes=1).ravel()[self._frequencies]
        kernel = self._engine.kernel_spectrum().ravel()[self._frequencies]
        return alignment.balance(np.abs(readout), np.abs(kernel))


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


def _competition_time(mode: competition.Mode, learning_rate: float) -> float:
    """Samples until a_α = s_α/2 in the competition: ∫ dG/(λ (s_α − a_α(G))) up to the clock at which it is there."""
    from scipy.integrate import quad
    from scipy.optimize import brentq

    goal = _HALF * mode.singular_value

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


def _scatter(trials: FloatArray) -> FloatArray:
    """Trials (first axis) without their mean, scaled so that their mean square is the unbiased variance."""
    return np.asarray((trials - trials.mean(axis=0)) * np.sqrt(len(trials) / (len(trials) - 1)))


def _root_mean_square(difference: FloatArray) -> FloatArray:
    """Over the samples, the last axis but one."""
    return np.asarray(np.sqrt((difference**2).mean(axis=-2)))
