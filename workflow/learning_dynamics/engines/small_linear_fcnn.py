"""Exact stochastic gradient descent of a small linear fully connected network, a sample at a time.

The engine of ``linear_fcnn`` takes samples in blocks, whose inner products cost more than the updates themselves when
inputs and hidden units are few. This is the same iteration, written out, and compiled for its numbers of classes,
hidden units and inputs: without loops that have to count it takes two thirds of the time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from learning_dynamics.engines.linear_fcnn import FloatArray, Weights
from learning_dynamics.numerics.compilation import compiled


class Engine:
    """The weights and their updates, one training sample each (Pinson et al. 2023, Eq. 17).

    Args:
        initial: initial weights.
        learning_rate: λ, applied to the gradient of ½‖y − ŷ‖².
        error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.
    """

    def __init__(self, initial: Weights, learning_rate: float, error_limit: float = np.inf) -> None:
        self._first = np.array(initial.first, order="C")
        self._second = np.array(initial.second, order="C")
        self._learning_rate = learning_rate
        self._error_limit = error_limit
        self._update = _compiled(*self._second.shape, self._first.shape[1])

    def update(
        self, inputs: FloatArray, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> tuple[int, float]:
        """One update for each entry of `order`, an index into `inputs` (samples, CN) and `labels`.

        Returns:
            The number of updates made, less than ``len(order)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """
        return self._update(order, inputs, labels, self._first, self._second, self._learning_rate, self._error_limit)

    def weights(self) -> Weights:
        """A copy of the present weights."""
        return Weights(self._first.copy(), self._second.copy())

    def network(self) -> FloatArray:
        """The whole network as one matrix M = W2 W1, shape (p, CN)."""
        return self._second @ self._first


@functools.cache
def _compiled(classes: int, hidden_units: int, width: int) -> Callable[..., tuple[int, float]]:
    """The update for these numbers, which the compiler takes as constants."""

    @compiled(error_model="numpy")
    def update(order, inputs, labels, first, second, rate, error_limit):  # type: ignore[no-untyped-def]  # noqa: PLR0917 - compiled
        hidden = np.empty(hidden_units)
        error = np.empty(classes)
        total = 0.0
        for step in range(order.size):
            sample = order[step]
            for unit in range(hidden_units):
                value = 0.0
                for index in range(width):
                    value += first[unit, index] * inputs[sample, index]
                hidden[unit] = value
            squared = 0.0
            for i in range(classes):
                answer = 0.0
                for unit in range(hidden_units):
                    answer += second[i, unit] * hidden[unit]
                error[i] = (1.0 if labels[sample] == i else 0.0) - answer
                squared += error[i] * error[i]
            if not squared <= error_limit:
                return step, squared
            total += squared
            for unit in range(hidden_units):
                back = 0.0
                for i in range(classes):
                    back += error[i] * second[i, unit]
                    second[i, unit] += rate * error[i] * hidden[unit]
                for index in range(width):
                    first[unit, index] += rate * back * inputs[sample, index]
        return order.size, total

    return update
