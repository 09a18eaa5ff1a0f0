"""The trainings of the scaling runs, and when modes are discovered in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from learning_dynamics.engines import linear_cnn, linear_fcnn, small_linear_fcnn
from learning_dynamics.engines.spectral_network import SpectralNetwork
from learning_dynamics.extensions.scaling.task import Task
from learning_dynamics.numerics import discovery, fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.training import loop

# A mode counts as discovered when a_α passes this share of s_α.
HALF = 0.5
# Trainings last this many times as long as the theory needs for the slowest mode.
MARGIN = 1.3
# Records are spaced by this factor; half of a rise takes many times as long.
_SPACING = 1.01
# Coefficients below this share of the largest are the rounding of zero.
_ROUNDING = 1e-13

Order = Callable[[int, int], npt.NDArray[np.int64]]


class Network(Protocol):
    """What can be trained on a task's images."""

    def update(self, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """One update for each entry of `order`: the number made, less if it diverged, and the sum of ‖y − ŷ‖²."""

    def effective(self) -> FloatArray:
        """Ω, shape (modes, modes)."""


class CNN:
    """The linear CNN at the frequencies that a task's images have; at the others it neither changes nor answers."""

    def __init__(self, task: Task, weights: linear_cnn.Weights, learning_rate: float, error_limit: float) -> None:
        images = fourier.half_coefficients(task.images)
        largest = np.abs(images).max(axis=0)
        self._present = np.flatnonzero(largest > _ROUNDING * largest.max())
        self._network = SpectralNetwork(
            fourier.half_coefficients(weights.kernel)[:, self._present],
            fourier.half_coefficients(weights.readout)[:, self._present],
            fourier.half_plane_weights(task.side).ravel()[self._present],
            side=task.side,
            learning_rate=learning_rate,
            error_limit=error_limit,
        )
        self._side, self._labels, self._left = task.side, task.labels, task.structure.left
        self._samples = self._network.samples(images[:, None, self._present])
        weighted = task.weighted.T.reshape(-1, task.side, task.side)
        self._weighted = self._network.samples(fourier.half_coefficients(weighted)[:, None, self._present])

    def update(self, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """See ``Network``."""
        return self._network.update(self._samples, self._labels, order)

    def effective(self) -> FloatArray:
        """Ω = Uᵀ M Σxx V: the answers to the columns of Σxx V, in the basis U."""
        return np.asarray(self._left.T @ self._network.answers(self._weighted).T)

    def state(self) -> dict[str, FloatArray]:
        """A copy of the spectra."""
        return self._network.state()

    def restore(self, state: dict[str, FloatArray]) -> None:
        """Go back to a state."""
        self._network.restore(state)

    def magnitudes(self, frequencies: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """|B_0l| and |k̂_l| at vec-2D indices of frequencies that the images have, each (frequencies,)."""
        # The half plane has one of a conjugate pair, and both have the same magnitude.
        mirrored = fourier.mirror_index(self._side)[frequencies]
        row, column = np.divmod(np.where(frequencies % self._side > self._side // 2, mirrored, frequencies), self._side)
        indices = np.searchsorted(self._present, row * (self._side // 2 + 1) + column)
        readout = self._left[:, 0] @ np.conj(self._network.readout()[:, indices])
        return np.abs(readout), np.abs(self._network.kernel()[0, indices])


class DiagonalFCNN:
    """The linear FCNN that starts diagonal with given a_α(0), in the basis V of the inputs, with p hidden units."""

    def __init__(self, task: Task, start: FloatArray, learning_rate: float, error_limit: float) -> None:
        right = task.structure.right
        modes = right.shape[1]
        self._left, self._labels = task.structure.left, task.labels
        self._inputs = task.images.reshape(len(task.images), -1) @ right
        self._weighted = self._inputs.T @ self._inputs / len(self._inputs)
        initial = linear_fcnn.diagonal_weights(modes, start, task.in_modes, self._left, np.eye(modes))
        self._engine = small_linear_fcnn.Engine(initial, learning_rate, error_limit)

    def update(self, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """See ``Network``."""
        return self._engine.update(self._inputs, self._labels, order)

    def effective(self) -> FloatArray:
        """See ``Network``."""
        return np.asarray(self._left.T @ (self._engine.network() @ self._weighted))


@dataclass
class _Trainee:
    """A network and the order of its images, as the loop of all trainings takes them."""

    network: Network
    order: Order
    piece: int

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        return self.network.update(self.order(start, stop))


def follow(
    network: Network, samples: npt.NDArray[np.int64], order: Order, subject: loop.Subject
) -> Iterator[FloatArray]:
    """Train, and give Ω at each of `samples`; in between, the network is as it is then.

    Args:
        network: at the start.
        samples: ascending from 0.
        order: which images from a sample to another.
        subject: the training in messages.

    Raises:
        DivergenceError: the training diverged.
    """
    trainee = _Trainee(network, order, int(samples[-1]))
    for _ in loop.course(trainee, samples.tolist(), subject):
        yield network.effective()


def in_turn(samples: npt.NDArray[np.int64], images: int) -> Order:
    """One image after the other; `samples` are at the ends of cycles."""
    turns = np.tile(np.arange(images), int(np.diff(samples).max()) // images)
    return lambda start, stop: turns[: stop - start]


def as_drawn(drawn: npt.NDArray[np.int64]) -> Order:
    """The images of a whole training."""
    return lambda start, stop: drawn[start:stop]


def discovery_times(samples: npt.NDArray[Any], curves: FloatArray, singular_values: FloatArray) -> FloatArray:
    """When a_α of shape (…, samples, modes) passes half of s_α."""
    return discovery.discovery_times(samples.astype(np.float64), curves, singular_values, HALF)


def record_samples(first: float, last: float, cycle: int) -> npt.NDArray[np.int64]:
    """Ascending samples from 0 to beyond `last` at the ends of cycles, geometric from `first` on."""
    start = max(first, cycle) / cycle
    steps = int(np.log(max(MARGIN * last / cycle / start, _SPACING)) / np.log(_SPACING)) + 1
    cycles = np.unique(np.round(start * _SPACING ** np.arange(steps + 1)).astype(np.int64))
    return np.concatenate([[0], cycle * cycles])
