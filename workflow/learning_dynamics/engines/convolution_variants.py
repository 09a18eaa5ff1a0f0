"""Exact stochastic gradient descent of linear CNNs with several kernels, zero padding, or correlation.

Circular padding keeps the Fourier basis, in which several kernels are more coefficients and a correlation conjugates
some (``spectral_network``). With zeros beyond the image the hidden layer is a sum of moved kernels, one for every pixel
that is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from learning_dynamics.engines import compiled_updates
from learning_dynamics.engines.spectral_network import SpectralNetwork
from learning_dynamics.errors import DataError
from learning_dynamics.numerics import fourier

FloatArray = npt.NDArray[np.float64]

# Of the spectra of all images.
MOST_BYTES = 10**9


@dataclass(frozen=True)
class Weights:
    """kernels: k_κc, shape (K, C, n, n). readouts: W_κ with each row as an image, shape (p, K, n, n)."""

    kernels: FloatArray
    readouts: FloatArray


class Engine(Protocol):
    """The network ŷ = Σ_κ W_κ Σ_c (k_κc ∗ x_c) on the images it was made with."""

    def start(self, initial: Weights) -> None:
        """Begin anew with other weights of the same shape."""

    def update(self, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """One update for each entry of `order`, an index into the images and their `labels`.

        Returns:
            The number of updates made, less than ``len(order)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """

    def weights(self) -> Weights:
        """A copy of the present kernels and readouts as images."""


@dataclass(frozen=True)
class Layer:
    """What the hidden layer computes.

    padding: "circular" or "zero".
    operation: "convolution" or "correlation".
    """

    padding: str = "circular"
    operation: str = "convolution"


def engine(
    initial: Weights,
    images: FloatArray,
    layer: Layer,
    learning_rate: float,
    error_limit: float = np.inf,
) -> Engine:
    """The engine for a padding; with one kernel, circular padding and convolution, the theory's linear CNN (Eq. 8).

    Output i of a convolution takes pixel i − a with entry a of the kernel, that of a correlation pixel i + a; beyond
    the image follows its other side ("circular") or zeros (Pinson et al. 2023, Eqs. S.18 and S.20). For zeros the upper
    half of the entries stands for negative a, a − n, so that the kernel reaches equally far to all sides: "same"
    padding, with (n − 1)//2 zeros before the image for a correlation. Circularly a and a − n are the same.

    Args:
        initial: initial weights, kernels as large as the images.
        images: the distinct inputs, shape (images, C, n, n).
        layer: padding and operation.
        learning_rate: λ, applied to the gradient of ½‖y − ŷ‖².
        error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.

    Raises:
        DataError: there are too many or too large images for the spectra of circular padding.
    """
    make = CircularEngine if layer.padding == "circular" else ZeroPaddedEngine
    return make(initial, images, layer.operation, learning_rate, error_limit)


class CircularEngine:
    """Circular padding: K kernels are K times as many coefficients, kernel after kernel, and every one sees the sample.

    A correlation's hidden layer has the spectrum n conj(k̂_l) x̂_l. Its conjugate n k̂_l conj(x̂_l) with conjugate
    readouts gives the same answers, so that a correlation is a convolution of conjugate samples.
    """

    def __init__(
        self, initial: Weights, images: FloatArray, operation: str, learning_rate: float, error_limit: float
    ) -> None:
        self._kernels, self._side = len(initial.kernels), images.shape[-1]
        needed = 8 * initial.kernels.size * len(images)
        if needed > MOST_BYTES:
            raise DataError(
                f"{len(images)} distinct images of {self._side}x{self._side} pixels and {self._kernels} kernels need "
                f"{needed / 1e9:.1f} GB of spectra; variants of the convolution may have {MOST_BYTES / 1e9:g} GB"
            )
        self._conjugate = operation == "correlation"
        self._learning_rate, self._error_limit = learning_rate, error_limit
        self.start(initial)
        spectra = self._conjugated(fourier.half_coefficients(images))
        self._samples = self._network.samples(np.tile(spectra, self._kernels))

    def start(self, initial: Weights) -> None:
        """See ``Engine``."""
        kernels = fourier.half_spectrum(initial.kernels).swapaxes(0, 1)
        readouts = self._conjugated(fourier.half_spectrum(initial.readouts))
        self._network = SpectralNetwork(
            kernels.reshape(len(kernels), -1),
            readouts.reshape(len(readouts), -1),
            np.tile(fourier.half_plane_weights(self._side).ravel(), self._kernels),
            side=self._side,
            learning_rate=self._learning_rate,
            error_limit=self._error_limit,
        )

    def update(self, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """See ``Engine``."""
        return self._network.update(self._samples, labels, order)

    def weights(self) -> Weights:
        """See ``Engine``."""
        side = self._side
        plane = (self._kernels, side, side // 2 + 1)
        kernels = self._network.kernel().reshape(-1, *plane).swapaxes(0, 1)
        readouts = self._conjugated(self._network.readout()).reshape(-1, *plane)
        return Weights(fourier.image_from_half(kernels, side), fourier.image_from_half(readouts, side))

    def _conjugated(self, spectra: fourier.ComplexArray) -> fourier.ComplexArray:
        return np.conj(spectra) if self._conjugate else spectra


class ZeroPaddedEngine:
    """Zeros beyond the image: the hidden layer is the sum of the kernels moved to every pixel, times the pixel."""

    def __init__(
        self, initial: Weights, images: FloatArray, operation: str, learning_rate: float, error_limit: float
    ) -> None:
        self._side = images.shape[-1]
        self._flip = operation == "correlation"
        self._images = np.ascontiguousarray(images)
        self._learning_rate, self._error_limit = learning_rate, error_limit
        self.start(initial)

    def start(self, initial: Weights) -> None:
        """See ``Engine``."""
        side = self._side
        kernels = flipped(initial.kernels) if self._flip else initial.kernels
        border = np.zeros((*kernels.shape[:2], 2 * side - 1, 2 * side - 1))
        self._window = slice(side - 1 - side // 2, 2 * side - 1 - side // 2)
        border[..., self._window, self._window] = np.fft.fftshift(kernels, axes=(-2, -1))
        self._kernels = np.zeros((*kernels.shape[:2], compiled_updates.padded_numbers(side)))
        self._kernels[..., : (2 * side - 1) ** 2] = border.reshape(*kernels.shape[:2], -1)
        self._shape = initial.readouts.shape
        size, numbers = compiled_updates.lanes(np.float64), initial.readouts[0].size
        self._readouts = np.zeros((len(initial.readouts), -(-numbers // size) * size))
        self._readouts[:, :numbers] = initial.readouts.reshape(len(initial.readouts), -1)

    def update(self, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """See ``Engine``."""
        return compiled_updates.zero_padded_update(
            order,
            self._images,
            labels,
            self._kernels,
            self._readouts,
            self._side,
            self._learning_rate,
            self._error_limit,
        )

    def weights(self) -> Weights:
        """See ``Engine``."""
        side = self._side
        border = self._kernels[..., : (2 * side - 1) ** 2].reshape(*self._kernels.shape[:2], 2 * side - 1, -1)
        kernels = np.fft.ifftshift(border[..., self._window, self._window], axes=(-2, -1))
        readouts = self._readouts[:, : np.prod(self._shape[1:])].reshape(self._shape)
        return Weights(flipped(kernels) if self._flip else kernels, readouts.copy())


def flipped(kernels: FloatArray) -> FloatArray:
    """The kernel (…, n, n) with which a correlation computes what the given one does in a convolution (App. C.2).

    Both axes are reversed, entry 0 stays where it is (Pinson et al. 2023, Eqs. S.23 to S.26).
    """
    return np.roll(kernels[..., ::-1, ::-1], (1, 1), axis=(-2, -1))


def network_matrix(weights: Weights, layer: Layer) -> FloatArray:
    """The whole network as one matrix M, ŷ = M x, shape (p, C n²).

    M_ic(j) = Σ_κ Σ_r W_iκ(r) k_κc(r − j), with r and j pixels: a correlation of readouts and kernels, which is circular
    on the image or, with zeros beyond it, on a plane so large that nothing comes round.
    """
    kernels = flipped(weights.kernels) if layer.operation == "correlation" else weights.kernels
    side = kernels.shape[-1]
    period = side if layer.padding == "circular" else 2 * side
    # Where entries of the kernel are: the upper half is that of negative ones.
    place = (np.arange(side) + side // 2) % side - side // 2
    kernel_plane = np.zeros((*kernels.shape[:2], period, period))
    kernel_plane[..., place[:, None], place] = kernels
    readout_plane = np.zeros((*weights.readouts.shape[:2], period, period))
    readout_plane[..., :side, :side] = weights.readouts
    kernel, readout = fourier.half_spectrum(kernel_plane), fourier.half_spectrum(readout_plane)
    products = (readout[:, :, None] * np.conj(kernel)).sum(axis=1)
    rows = fourier.image_from_half(period * products, period)[..., :side, :side]
    return rows.reshape(len(rows), -1)


def normal_weights(
    generator: np.random.Generator, shape: tuple[int, int, int, int], kernel_std: float, readout_std: float
) -> Weights:
    """Normal kernels and readouts whose variance is shared by the K kernels.

    The frequencies of all kernels add up in a_α = n d_α Σ_l |v̂^α_l| Σ_κ |k̂_κl|² once they are aligned and balanced, and
    each κ obeys the single kernel's equations. Standard deviations over √K leave the expectation of a_α(0), and with it
    the predicted trajectory, as it is. Kernel and readout are drawn together, κ after κ, so that the first ones are
    those of a network with fewer kernels, times a factor. `shape` is (p, K, C, n).
    """
    classes, kernels, channels, side = shape
    drawn = [
        (generator.standard_normal((channels, side, side)), generator.standard_normal((classes, side, side)))
        for _ in range(kernels)
    ]
    share = np.sqrt(kernels)
    return Weights(
        kernel_std / share * np.stack([kernel for kernel, _ in drawn]),
        readout_std / share * np.stack([readout for _, readout in drawn], axis=1),
    )
