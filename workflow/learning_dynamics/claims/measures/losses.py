"""Measured on train and test losses."""

from __future__ import annotations

from typing import Literal

import numpy as np

from learning_dynamics.claims.measures.registry import Network, NotMeasuredError, measure
from learning_dynamics.claims.measures.trials import Results, discovering, only, within
from learning_dynamics.claims.statistics import MEAN
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults


@measure(MEAN)
def loss(
    results: Results, experiment: str, network: Network, split: Literal["train", "test"], sample: int
) -> FloatArray:
    """The mean square error at the record nearest to a sample, per trial."""
    found = results.experiment(experiment, network)
    samples, _ = found.effective_singular_values(network)
    within(samples, sample)
    values = _losses(found, network, split)[:, np.abs(samples - sample).argmin()]
    return only(discovering(found, network, [0]), values)


@measure(MEAN)
def loss_ratio(
    results: Results, experiment: str, first: Network, second: Network, split: Literal["train", "test"]
) -> FloatArray:
    """Loss of the first network over that of the second at the end, per trial."""
    found = results.experiment(experiment, first, second)
    last = [_losses(found, network, split)[:, -1] for network in (first, second)]
    return only(discovering(found, first) & discovering(found, second), last[0] / last[1])


@measure(MEAN)
def test_loss_rise(results: Results, experiment: str, network: Network) -> FloatArray:
    """Rise of the test loss from its least to the end, relative to the least, per trial; 0 if it falls to the end.

    Each a mean over a tenth of the records. Where the least is, is taken from the mean of the other trials: the least
    of a trial's own would lie below the rest by its noise.
    """
    found = results.experiment(experiment, network)
    values = _losses(found, network, "test")
    if len(values) < 2:
        raise NotMeasuredError("where the test loss is least is taken from other trials, and there is one")
    means = _over_tenths(values)
    others = means.sum(axis=0) - means
    least = means[np.arange(len(means)), others.argmin(axis=1)]
    return only(discovering(found, network), means[:, -1] / least - 1)


@measure(MEAN)
def gap_at_equal_train_loss(results: Results, experiment: str, first: Network, second: Network) -> FloatArray:
    """Test less train loss of the first network less that of the second, when both have the same train loss, per trial.

    That is the lowest that both reach, a mean over a tenth of the records.
    """
    found = results.experiment(experiment, first, second)
    trains = [_over_tenths(_losses(found, network, "train")) for network in (first, second)]
    tests = [_over_tenths(_losses(found, network, "test")) for network in (first, second)]
    lowest = np.maximum(trains[0].min(axis=1), trains[1].min(axis=1))
    gaps = []
    for train, test in zip(trains, tests, strict=True):
        gap = test - train
        reached = (train <= lowest[:, None] * (1 + 1e-12)).argmax(axis=1)
        gaps.append(gap[np.arange(len(gap)), reached])
    return only(discovering(found, first) & discovering(found, second), gaps[0] - gaps[1])


def _over_tenths(curves: FloatArray) -> FloatArray:
    """Running means over a tenth of the records, shape (trials, records − a tenth + 1)."""
    tenth = max(1, curves.shape[1] // 10)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(curves, tenth, axis=1).mean(axis=-1))


def _losses(found: ExperimentResults, network: str, split: Literal["train", "test"]) -> FloatArray:
    """Shape (trials, records)."""
    if split == "test" and not found.data.is_test.any():
        raise NotMeasuredError(f"{found.name} has no test images")
    return np.asarray(found.trajectories(network, [f"{split}_loss"])[f"{split}_loss"].values)
