"""Exact stochastic gradient descent of linear CNNs with several kernels, zero padding, or correlation.

Away from one circular kernel the Fourier basis no longer turns an update into a few products. For a data set of few
distinct images the convolution is written as a matrix instead: the hidden layer is X_s k, linear in the kernel, with
one n²×n² matrix X_s of shifted pixels for every image s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from learning_dynamics.errors import DataError

FloatArray = npt.NDArray[np.float64]

# Beyond, neither the matrices nor the products with them would be worth it.
MOST_BYTES = 10**9


@dataclass(frozen=True)
class Weights:
    """kernels: k_κ, shape (K, n, n). readouts: W_κ with each row as an image, shape (p, K, n, n)."""

    kernels: FloatArray
    readouts: FloatArray


class Engine:
    """The network ŷ = Σ_κ W_κ (k_κ ∗ x) and its updates, one training sample each.

    With one kernel, circular padding and convolution it is the linear CNN of the theory (Pinson et al. 2023, Eq. 8).

    Args:
        initial: initial weights.
        images: the distinct inputs, of one channel, shape (images, n, n); 8·images·n⁴ bytes of matrices are made.
        padding: "circular" or "zero", see ``shift_matrices``.
        operation: "convolution" or "correlation".
        learning_rate: λ, applied to the gradient of ½‖y − ŷ‖².
        error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.

    Raises:
        DataError: there are too many or too large images.
    """

    def __init__(
        self,
        initial: Weights,
        images: FloatArray,
        padding: str,
        operation: str,
        learning_rate: float,
        error_limit: float = np.inf,
    ) -> None:
        self._shifts = shift_matrices(images, padding, operation)
        self._side = images.shape[-1]
        kernels, classes = len(initial.kernels), len(initial.readouts)
        # A column per kernel: one product with X_s serves all kernels.
        self._kernels = np.array(initial.kernels.reshape(kernels, -1).T, order="C")
        self._readouts = np.array(initial.readouts.reshape(classes, kernels, -1).swapaxes(1, 2), order="C")
        self._learning_rate = learning_rate
        self._error_limit = error_limit

    def update(self, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """One update for each entry of `order`, an index into the images and their `labels`.

        Returns:
            The number of updates made, less than ``len(order)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """
        flat = self._readouts.reshape(len(self._readouts), -1)
        return _update(order, self._shifts, labels, self._kernels, flat, self._learning_rate, self._error_limit)

    def answers(self) -> FloatArray:
        """ŷ for every image, shape (images, p)."""
        return np.asarray(np.tensordot(self._shifts @ self._kernels, self._readouts, axes=((1, 2), (1, 2))))

    def weights(self) -> Weights:
        """A copy of the present kernels and readouts as images."""
        side, kernels = self._side, self._kernels.shape[1]
        return Weights(
            self._kernels.T.reshape(kernels, side, side).copy(),
            self._readouts.swapaxes(1, 2).reshape(-1, kernels, side, side).copy(),
        )


def shift_matrices(images: FloatArray, padding: str, operation: str) -> FloatArray:
    """X_s with X_s k = k ∗ x_s for a kernel as large as the image, shape (images, n², n²) (Eqs. S.18 and S.20).

    Output i of a convolution takes pixel i − a with entry a of the kernel, that of a correlation pixel i + a; beyond
    the image follows its other side ("circular") or zeros. For zeros the upper half of the entries stands for negative
    a, a − n, so that the kernel reaches equally far to all sides: "same" padding, with (n − 1)//2 zeros before the
    image for a correlation. Circularly a and a − n are the same.

    Args:
        images: shape (images, n, n).
        padding: "circular" or "zero".
        operation: "convolution" or "correlation".

    Raises:
        DataError: the matrices would need more than a gigabyte.
    """
    number, side = len(images), images.shape[-1]
    needed = 8 * number * side**4
    if needed > MOST_BYTES:
        raise DataError(
            f"{number} distinct images of {side}x{side} pixels need {needed / 1e9:.1f} GB of shift matrices; variants "
            f"of the convolution are for few small images, at most {MOST_BYTES / 1e9:g} GB"
        )
    place = np.arange(side)
    entry = place if operation == "convolution" else -place % side
    source = place[:, None] - ((entry + side // 2) % side - side // 2)
    inside = (source >= 0) & (source < side) if padding == "zero" else np.ones_like(source, dtype=bool)
    source %= side
    matrices = images[:, source[:, None, :, None], source[None, :, None, :]]
    matrices = np.where(inside[:, None, :, None] & inside[None, :, None, :], matrices, 0.0)
    return np.ascontiguousarray(matrices.reshape(number, side * side, side * side))


def flipped(kernels: FloatArray) -> FloatArray:
    """The kernel (…, n, n) with which a correlation computes what the given one does in a convolution (App. C.2).

    Both axes are reversed, entry 0 stays where it is (Pinson et al. 2023, Eqs. S.23 to S.26).
    """
    return np.roll(kernels[..., ::-1, ::-1], (1, 1), axis=(-2, -1))


def normal_weights(
    generator: np.random.Generator, classes: int, kernels: int, side: int, kernel_std: float, readout_std: float
) -> Weights:
    """Normal kernels and readouts whose variance is shared by the K kernels.

    The frequencies of all kernels add up in a_α = n d_α Σ_l |v̂^α_l| Σ_κ |k̂_κl|² once they are aligned and balanced, and
    each κ obeys the single kernel's equations. Standard deviations over √K leave the expectation of a_α(0), and with it
    the predicted trajectory, as it is. Kernel and readout are drawn together, κ after κ, so that the first ones are
    those of a network with fewer kernels, times a factor.
    """
    drawn = [
        (generator.standard_normal((side, side)), generator.standard_normal((classes, side, side)))
        for _ in range(kernels)
    ]
    share = np.sqrt(kernels)
    return Weights(
        kernel_std / share * np.stack([kernel for kernel, _ in drawn]),
        readout_std / share * np.stack([readout for _, readout in drawn], axis=1),
    )


@numba.njit(cache=True, error_model="numpy")
def _update(order, shifts, labels, kernels, readouts, rate, error_limit):  # type: ignore[no-untyped-def]
    classes, width = readouts.shape
    total = 0.0
    for step in range(order.size):
        sample = order[step]
        hidden = np.dot(shifts[sample], kernels)
        flat = hidden.reshape(width)
        error = -np.dot(readouts, flat)
        error[labels[sample]] += 1.0
        squared = np.dot(error, error)
        if not squared <= error_limit:
            return step, squared
        total += squared
        back = (rate * np.dot(error, readouts)).reshape(kernels.shape)
        for i in range(classes):
            step_size = rate * error[i]
            for l in range(width):
                readouts[i, l] += step_size * flat[l]
        kernels += np.dot(shifts[sample].T, back)
    return order.size, total
