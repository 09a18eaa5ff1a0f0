"""Discovery times and the error of the gradient flow against the learning rate λ."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.config.extensions import LearningRateScaling
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.extensions.scaling import files, trainings
from learning_dynamics.extensions.scaling.files import ORDERS
from learning_dynamics.extensions.scaling.task import Task
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.registry import Networks
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.numerics.random_streams import Trial
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training import loop

_log = logging.getLogger(__name__)


def over_learning_rates(
    settings: LearningRateScaling,
    model: LinearCNN,
    data: LabelledImages,
    root_seed: int,
    divergence_factor: float,
) -> xr.Dataset:
    """Discovery times and the error of the gradient flow against λ, at the same λ·updates (Sec. 2.3, Eqs. 15 and 16).

    The flow depends on λ t alone and is integrated once. Its error is the root of the mean over the run of
    (a_α − flow)²/s_α². Expected: ∝ λ with the classes in turn, where only the step is finite. With classes drawn at
    random a sampling error is added, the scatter over the seeds of the difference between the two orders: ∝ √λ,
    because a rise takes about 1/λ draws, whose share per class scatters by the root of their number. It is independent
    in every seed, so that it is smaller in their mean.

    Args:
        settings: learning rates, λ·updates, records and seeds.
        model: initial weights of the CNN.
        data: one-channel images.
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.

    Returns:
        Times and errors by order, seed, learning rate and mode.

    Raises:
        DivergenceError: a training diverged.
        UserError: the gradient flow could not be integrated.
    """
    task = Task.of(data)
    known = TrainingData(data, {"train": data.split("train").correlations()}, task.structure)
    trials = [Trial(root_seed, settings.experiment, seed) for seed in range(settings.seeds)]
    starts = [model.start(trial, known, Networks(linear_cnn=model)) for trial in trials]
    samples = [_even_samples(settings, rate, len(task.images)) for rate in settings.learning_rates]
    flow_times = [np.round(rate * s, 12) for rate, s in zip(settings.learning_rates, samples, strict=True)]
    every_time = np.unique(np.concatenate(flow_times))
    # In samples of the smallest λ: the flow takes steps of several samples, and fails where that is not enough.
    smallest = min(settings.learning_rates)
    slowest = model.model_copy(update={"learning_rate": smallest})
    solution = slowest.flow(starts, known, every_time / smallest)
    _log.info("gradient flow with %d evaluations", solution.evaluations)
    flow = np.einsum("um,stui,im->stm", task.structure.left, solution.networks, task.weighted, optimize=True)
    limits = task.structure.singular_values
    modes = len(limits)
    shape = (len(ORDERS), settings.seeds, len(settings.learning_rates), modes)
    measured, errors, sampling = np.empty(shape), np.empty(shape), np.empty(shape[1:])
    mean_errors = np.empty((len(ORDERS), len(settings.learning_rates), modes))
    for index, rate in enumerate(settings.learning_rates):
        expected = flow[:, np.searchsorted(every_time, flow_times[index])]
        curves = np.empty((len(ORDERS), settings.seeds, len(samples[index]), modes))
        for row, order in enumerate(ORDERS):
            for seed, weights in enumerate(starts):
                drawn = trials[seed].sample_order(order, len(task.images)).between(0, int(samples[index][-1]))
                describe = f"scaling with learning_rate {rate:g}, {order} order, seed {seed}"
                subject = loop.Subject(describe, task.classes, rate)
                network = trainings.CNN(task, weights, rate, divergence_factor)
                history = trainings.follow(network, samples[index], trainings.as_drawn(drawn), subject)
                curves[row, seed] = [omega.diagonal() for omega in history]
        measured[:, :, index] = trainings.discovery_times(samples[index], curves, limits)
        errors[:, :, index] = _root_mean_square(curves - expected) / limits
        mean_errors[:, index] = _root_mean_square((curves - expected).mean(axis=1)) / limits
        sampling[:, index] = _root_mean_square(_scatter(curves[1] - curves[0])) / limits
        _log.info("learning rate %g: %d updates", rate, samples[index][-1])
    flow_discovery = trainings.discovery_times(every_time, flow, limits)
    return files.learning_rate_dataset(
        settings.learning_rates,
        measured=measured,
        errors=errors,
        mean_errors=mean_errors,
        sampling=sampling,
        flow_discovery=flow_discovery,
    )


def _even_samples(settings: LearningRateScaling, rate: float, cycle: int) -> npt.NDArray[np.int64]:
    """Evenly spaced samples from 0 to λ·t = `training_time`, at the ends of cycles."""
    even = np.arange(settings.records + 1) * settings.training_time / (settings.records * rate * cycle)
    return cycle * np.unique(np.round(even).astype(np.int64))


def _scatter(trials: FloatArray) -> FloatArray:
    """Trials (first axis) without their mean, scaled so that their mean square is the unbiased variance."""
    return np.asarray((trials - trials.mean(axis=0)) * np.sqrt(len(trials) / (len(trials) - 1)))


def _root_mean_square(difference: FloatArray) -> FloatArray:
    """Over the samples, the last axis but one."""
    return np.asarray(np.sqrt((difference**2).mean(axis=-2)))
