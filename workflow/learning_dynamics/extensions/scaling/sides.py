"""Discovery times against the image side n."""

from __future__ import annotations

import logging

import numpy as np
import xarray as xr

from learning_dynamics.config.extensions import SideScaling
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.engines import linear_cnn
from learning_dynamics.errors import UserError
from learning_dynamics.extensions.scaling import files, trainings
from learning_dynamics.extensions.scaling.files import NETWORKS
from learning_dynamics.extensions.scaling.task import Task
from learning_dynamics.extensions.scaling.trainings import HALF, MARGIN
from learning_dynamics.numerics import random_streams
from learning_dynamics.theory import sigmoid
from learning_dynamics.training import loop

_log = logging.getLogger(__name__)


def over_sides(settings: SideScaling, root_seed: int, divergence_factor: float) -> xr.Dataset:
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

    Returns:
        Times in samples, by network, seed, side and mode, with fitted slopes of ln t against ln n.

    Raises:
        DivergenceError: a training diverged.
        UserError: a mode starts above half of its singular value.
    """
    shape = (len(NETWORKS), settings.seeds, len(settings.sides), len(settings.classes))
    measured, predicted, initial = np.empty(shape), np.empty(shape), np.empty(shape)
    singular_values, factors = np.empty(shape[2:]), np.empty(shape[2:])
    for index, side in enumerate(settings.sides):
        streams = f"scaling_side_{side}"
        data = settings.dataset(side).make(Making(streams, root_seed))
        task = Task.of(data)
        singular_values[index] = task.structure.singular_values
        factors[index] = sigmoid.structural_factor(task.right_images)
        for seed in range(settings.seeds):
            kernel_stream = random_streams.stream(root_seed, streams, "linear_cnn", seed)
            weights = linear_cnn.aligned_weights(
                kernel_stream, settings.kernel_std, task.structure.left, task.right_images[:, None]
            )
            start = task.effective(linear_cnn.network_matrix(weights)).diagonal()
            if (start >= HALF * singular_values[index]).any():
                raise UserError(
                    f"scaling with side {side}: a mode starts discovered, a_α(0) = {start} of s_α = "
                    f"{singular_values[index]}; lower scaling.side.kernel_std ({settings.kernel_std:g})"
                )
            rate = settings.learning_rate
            cnn = trainings.CNN(task, weights, rate, divergence_factor)
            fcnn = trainings.DiagonalFCNN(task, start, rate, divergence_factor)
            speeds = rate * side * factors[index], np.full(len(start), rate)
            networks: tuple[trainings.Network, ...] = (cnn, fcnn)
            for row, (network, speed) in enumerate(zip(networks, speeds, strict=True)):
                times = sigmoid.time_to_reach(HALF * singular_values[index], start, singular_values[index], speed)
                samples = trainings.record_samples(times.min() / 4, times.max(), len(task.images))
                order = trainings.in_turn(samples, len(task.images))
                describe = f"scaling with side {side}, {NETWORKS[row]}, seed {seed}"
                history = trainings.follow(network, samples, order, loop.Subject(describe, task.classes, rate))
                curves = np.array([omega.diagonal() for omega in history])
                here = row, seed, index
                measured[here] = trainings.discovery_times(samples, curves, singular_values[index])
                predicted[here], initial[here] = times, start
        _log.info("side %d: longest training %.0f samples", side, MARGIN * predicted[:, :, index].max())
    return files.side_dataset(
        settings.sides,
        measured=measured,
        predicted=predicted,
        initial=initial,
        singular_values=singular_values,
        factors=factors,
    )
