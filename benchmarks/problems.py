"""The updates that all contestants make: samples, initial weights, order and learning rate of one case.

The learning rates are such that the weights move by percents in the updates on which the contestants are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLASSES = 4


@dataclass(frozen=True)
class Problem:
    """first: kernel (C, n, n) or W1 (h, CN). second: readout (p, n, n) or W2 (p, h). inputs: (images, C, n, n)."""

    network: str
    first: np.ndarray
    second: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray
    order: np.ndarray
    rate: float

    @property
    def side(self) -> int:
        return self.inputs.shape[-1]

    @property
    def channels(self) -> int:
        return self.inputs.shape[1]

    @property
    def vectors(self) -> np.ndarray:
        return self.inputs.reshape(len(self.inputs), -1)

    @property
    def targets(self) -> np.ndarray:
        return np.eye(CLASSES, dtype=self.inputs.dtype)[self.labels]

    def in_precision(self, dtype) -> Problem:
        """The same in another precision; the learning rate stays a Python number."""
        first, second, inputs = (array.astype(dtype) for array in (self.first, self.second, self.inputs))
        return Problem(self.network, first, second, inputs, self.labels, self.order, self.rate)


def linear_cnn(side: int, channels: int, images: int = 64) -> Problem:
    generator = np.random.default_rng([side, channels])
    inputs = generator.standard_normal((images, channels, side, side))
    labels = generator.integers(0, CLASSES, images)
    kernel = 2e-2 * generator.standard_normal((channels, side, side))
    readout = 2e-2 * generator.standard_normal((CLASSES, side, side))
    order = generator.integers(0, images, 200_000)
    return Problem("linear_cnn", kernel, readout, inputs, labels, order, 2e-3 / side)


def linear_fcnn(side: int, channels: int, hidden: int, images: int = 256) -> Problem:
    generator = np.random.default_rng([side, channels, hidden])
    inputs = generator.standard_normal((images, channels, side, side))
    labels = generator.integers(0, CLASSES, images)
    first = 1e-2 * generator.standard_normal((hidden, channels * side**2))
    second = 1e-2 * generator.standard_normal((CLASSES, hidden))
    order = generator.integers(0, images, 200_000)
    return Problem("linear_fcnn", first, second, inputs, labels, order, 1e-3)
