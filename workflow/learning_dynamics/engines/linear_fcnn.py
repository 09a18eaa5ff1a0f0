"""Exact stochastic gradient descent of the two-layer linear fully connected network, in blocks of samples.

An update is rank one in W1, so a sample at a time is bound by memory: the matrix is read and written for every sample.
Here a block of samples is taken through W1 in two matrix products. Within the block every hidden vector and every row
of W2 lies in the span of the rows of Z = [W2; W1 X] (p readouts and B block samples), so the sequential updates run on
coefficients in that basis, with Z Zᵀ for the inner products. It is the same iteration as sample by sample, to rounding.

In single precision W1 and the samples are, because their products are what costs; W2 and the updates within a block are
double in either case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas

from learning_dynamics.numerics.compilation import compiled

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import Split

FloatArray = npt.NDArray[np.float64]

BLOCK = 128
# Rows of W1 that a snapshot keeps.
SNAPSHOT_HIDDEN_UNITS = 16
# A matrix that the second cache holds is read again at little cost, and the products between samples weigh more.
_CACHED_BYTES, _SMALL_BLOCK = 2**20, 32


@dataclass(frozen=True)
class Weights:
    """first: W1, shape (h, CN). second: W2, shape (p, h)."""

    first: FloatArray
    second: FloatArray


class Engine:
    """The weights and their updates, one training sample each (Pinson et al. 2023, Eq. 17).

    Args:
        initial: initial weights.
        learning_rate: λ, applied to the gradient of ½‖y − ŷ‖².
        error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.
        precision: of W1, float64 or float32.
    """

    def __init__(
        self,
        initial: Weights,
        learning_rate: float,
        error_limit: float = np.inf,
        precision: npt.DTypeLike = np.float64,
    ) -> None:
        self.first = np.array(initial.first, dtype=precision, order="C")
        self.second = np.array(initial.second)
        self._learning_rate = learning_rate
        self._error_limit = error_limit
        self._add_product, self._inner_products = blas.get_blas_funcs(("gemm", "syrk"), (self.first,))
        self._block_size = _SMALL_BLOCK if self.first.nbytes <= _CACHED_BYTES else BLOCK
        # The order in memory of Z and of a block's steps with which the library's products are the faster ones.
        self._order: Literal["C", "F"] = "F" if self.first.dtype == np.float32 else "C"
        rows = len(self.second) + self._block_size, self._block_size
        self._rooms = [np.empty(number * len(self.first), self.first.dtype) for number in rows]

    def update(self, inputs: FloatArray, labels: npt.NDArray[np.int64]) -> tuple[int, float]:
        """One update for each row of `inputs` (updates, CN), in order; best in the engine's precision.

        Returns:
            The number of updates made, less than ``len(inputs)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """
        inputs = inputs.astype(self.first.dtype, copy=False)
        total = 0.0
        for start in range(0, len(inputs), self._block_size):
            stop = min(start + self._block_size, len(inputs))
            done, squared = self._block(inputs[start:stop], labels[start:stop])
            if done < stop - start:
                return start + done, squared
            total += squared
        return len(inputs), total

    def _block(self, inputs: FloatArray, labels: npt.NDArray[np.int64]) -> tuple[int, float]:
        classes, precision = len(self.second), self.first.dtype
        basis, steps = (
            room[: number * len(self.first)].reshape((number, -1), order=self._order)
            for room, number in zip(self._rooms, (classes + len(inputs), len(inputs)), strict=True)
        )
        hidden = np.matmul(inputs, self.first.T, out=basis[classes:])
        basis[:classes] = self.second
        # Of products between samples only those with an earlier one are needed: the lower triangle, by rows.
        gram = self._inner_products(1.0, inputs.T, trans=1).T.astype(np.float64, copy=False)
        inner = (basis @ basis.T).astype(np.float64, copy=False)
        pending, second, done, squared = _update(gram, inner, labels, classes, self._learning_rate, self._error_limit)
        if done == len(inputs):
            # W1 += (pending Z)ᵀ X in place: a product followed by an addition would carry W1 through memory twice more.
            np.matmul(pending.astype(precision, copy=False), basis, out=steps)
            by_rows = self._order == "C"
            factors = inputs.T, steps.T if by_rows else steps
            self._add_product(1.0, *factors, beta=1.0, c=self.first.T, trans_b=by_rows, overwrite_c=True)
            # W2 stays double.
            changes = second[:, classes:].astype(precision, copy=False) @ hidden
            self.second = second[:, :classes] @ self.second + changes
        return done, squared

    def weights(self) -> Weights:
        """A copy of the present weights."""
        return Weights(self.first.astype(np.float64), self.second.copy())

    def state(self) -> dict[str, FloatArray]:
        """A copy of both layers."""
        return {"first": self.first.copy(), "second": self.second.copy()}

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state."""
        self.first[...] = state["first"]
        self.second[...] = state["second"]

    def network(self) -> FloatArray:
        """The whole network as one matrix M = W2 W1, shape (p, CN)."""
        product = np.empty((len(self.second), self.first.shape[1]), self.first.dtype, self._order)
        np.matmul(self.second.astype(self.first.dtype, copy=False), self.first, out=product)
        return product.astype(np.float64, order="C", copy=False)


def normal_weights(generator: np.random.Generator, classes: int, inputs: int, hidden: int, std: float) -> Weights:
    """Both layers N(0, std²), the first layer drawn first."""
    first = std * generator.standard_normal((hidden, inputs))
    return Weights(first, std * generator.standard_normal((classes, hidden)))


def diagonal_weights(
    hidden: int, effective: FloatArray, input_correlation: FloatArray, left: FloatArray, right: FloatArray
) -> Weights:
    """Both layers diagonal in the SVD basis with entries √(a_α(0)/d_α), so that Ω starts at diag(a_α(0)).

    W1 = W̄1 Vᵀ and W2 = U W̄2 (Pinson et al. 2023, Eq. 18 with R = 1, and App. I.1).

    Args:
        hidden: hidden width h, at least the number of modes.
        effective: a_α(0), shape (modes,), not negative.
        input_correlation: d_α, shape (modes,).
        left: U, shape (p, modes).
        right: V, shape (CN, modes).
    """
    modes = len(effective)
    entries = np.sqrt(effective / input_correlation)
    first = np.zeros((hidden, len(right)))
    first[:modes] = entries[:, None] * right.T
    second = np.zeros((len(left), hidden))
    second[:, :modes] = left * entries
    return Weights(first, second)


class Training:
    """The network as the loop of a training takes it: an update for each of some indices of the training samples."""

    piece = BLOCK

    def __init__(self, engine: Engine, split: Split) -> None:
        self._engine, self._split = engine, split

    def update(self, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """See ``Engine.update``."""
        inputs = self._split.vectors(order, self._engine.first.dtype)
        return self._engine.update(inputs, self._split.labels[order])

    def network(self) -> FloatArray:
        """The whole network as a matrix M of shape (p, CN)."""
        return self._engine.network()

    def record(self) -> dict[str, FloatArray]:
        """The network's own quantities at this moment, by variable name."""
        return {}

    def snapshot(self) -> dict[str, FloatArray]:
        """The weights to keep, by variable name."""
        rows = self._engine.first[:SNAPSHOT_HIDDEN_UNITS].reshape(-1, *self._split.source.shape)
        return {"first_layer": rows.astype(np.float64), "second_layer": self._engine.second.copy()}

    def state(self) -> dict[str, FloatArray]:
        """A copy of everything that updates change."""
        return self._engine.state()

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state, to the last bit."""
        self._engine.restore(state)


@compiled(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _update(gram, inner, labels, classes, rate, error_limit):  # type: ignore[no-untyped-def]  # noqa: PLR0917 - compiled
    """Coefficients of the pending rank-one factors (B, p + B) and of W2 (p, p + B) in the rows of Z.

    Before sample j only the first p + j are not zero.
    """
    samples = labels.size
    size = inner.shape[0]
    pending = np.zeros((samples, size))
    second = np.zeros((classes, size))
    for i in range(classes):
        second[i, i] = 1.0
    hidden = np.empty(size)
    image = np.empty(size)
    error = np.empty(classes)
    total = 0.0
    for j in range(samples):
        known = classes + j
        hidden[:known] = 0.0
        hidden[known] = 1.0
        for i in range(j):
            weight = gram[j, i]
            for k in range(classes + i):
                hidden[k] += weight * pending[i, k]
        for k in range(known):
            value = 0.0
            for m in range(known + 1):
                value += inner[k, m] * hidden[m]
            image[k] = value
        squared = 0.0
        for i in range(classes):
            answer = 0.0
            for k in range(known):
                answer += second[i, k] * image[k]
            error[i] = (1.0 if labels[j] == i else 0.0) - answer
            squared += error[i] * error[i]
        if not squared <= error_limit:
            return pending, second, j, squared
        total += squared
        for i in range(classes):
            step = rate * error[i]
            for k in range(known):
                pending[j, k] += step * second[i, k]
                second[i, k] += step * hidden[k]
            second[i, known] = step
    return pending, second, samples, total
