"""Exact stochastic gradient descent of the two-layer linear CNN, iterated on half-plane spectra.

Q is unitary, so gradient descent on (k, W) and on the spectra (k̂, Ŵ) are the same iteration. In the Fourier basis the
circular convolution is a product: an update costs O((C + p) N) operations and holds no convolution and no transform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from learning_dynamics import fourier

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """kernel: k, shape (C, n, n). readout: W with each row as an image, shape (p, n, n)."""

    kernel: FloatArray
    readout: FloatArray


class Engine:
    """The network's spectra and its updates, one training sample each (Pinson et al. 2023, Eqs. 8 to 11).

    Args:
        initial: initial weights.
        learning_rate: λ, applied to the gradient of ½‖y − ŷ‖².
        error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.
    """

    def __init__(self, initial: Weights, learning_rate: float, error_limit: float = np.inf) -> None:
        self.side = initial.kernel.shape[-1]
        self._learning_rate = learning_rate
        self._error_limit = error_limit
        self._kernel = _split(fourier.half_spectrum(initial.kernel))
        self._readout = _split(fourier.half_spectrum(initial.readout))
        self._weights = fourier.half_plane_weights(self.side).ravel()

    def spectra(self, inputs: FloatArray) -> FloatArray:
        """Samples of shape (images, C, n, n) in the form that ``update`` takes: (images, 2, C, n·(n//2 + 1))."""
        half = fourier.half_spectrum(inputs)
        parts = np.empty((len(inputs), 2, *half.shape[1:]))
        parts[:, 0] = half.real
        parts[:, 1] = half.imag
        return parts.reshape(len(inputs), 2, inputs.shape[1], -1)

    def update(
        self, spectra: FloatArray, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> tuple[int, float]:
        """One update for each entry of `order`, an index into `spectra` and `labels`.

        Returns:
            The number of updates made, less than ``len(order)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """
        return _update(
            order,
            spectra,
            labels,
            self._kernel[0],
            self._kernel[1],
            self._readout[0],
            self._readout[1],
            self._weights,
            float(self.side),
            self._learning_rate,
            self._error_limit,
        )

    def weights(self) -> Weights:
        """The present kernel and readout as images."""
        return Weights(
            fourier.image_from_half(self._half(self._kernel), self.side),
            fourier.image_from_half(self._half(self._readout), self.side),
        )

    def state(self) -> dict[str, FloatArray]:
        """A copy of the half-plane spectra: the kernels would not give them back to the last bit."""
        return {"kernel": self._kernel.copy(), "readout": self._readout.copy()}

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state."""
        self._kernel[...] = state["kernel"]
        self._readout[...] = state["readout"]

    def kernel_spectrum(self) -> fourier.ComplexArray:
        """k̂ on the full plane, shape (C, n, n)."""
        return fourier.full_from_half(self._half(self._kernel), self.side)

    def readout_spectrum(self) -> fourier.ComplexArray:
        """Ŵ = W Q with row i the spectrum of readout i, on the full plane, shape (p, n, n)."""
        return fourier.full_from_half(self._half(self._readout), self.side)

    def network(self) -> FloatArray:
        """The whole network as one matrix M, ŷ = M x (Pinson et al. 2023, Eq. 8), shape (p, C·n²)."""
        kernel, readout = self._half(self._kernel), self._half(self._readout)
        rows = fourier.image_from_half(self.side * readout[:, None] * np.conj(kernel)[None], self.side)
        return rows.reshape(len(readout), -1)

    def _half(self, parts: FloatArray) -> fourier.ComplexArray:
        return (parts[0] + 1j * parts[1]).reshape(-1, self.side, self.side // 2 + 1)


def network_matrix(weights: Weights) -> FloatArray:
    """The whole network W Σ_c dbc(k_c) as one matrix of shape (p, C·n²) (Pinson et al. 2023, Eq. 8)."""
    return Engine(weights, learning_rate=0.0).network()


def normal_weights(
    generator: np.random.Generator, classes: int, channels: int, side: int, kernel_std: float, readout_std: float
) -> Weights:
    """Kernel N(0, kernel_std²) and readout N(0, readout_std²), drawn in this order."""
    kernel = kernel_std * generator.standard_normal((channels, side, side))
    return Weights(kernel, readout_std * generator.standard_normal((classes, side, side)))


def aligned_weights(
    generator: np.random.Generator, kernel_std: float, left: FloatArray, right_images: FloatArray
) -> Weights:
    """Kernel N(0, kernel_std²) and the readout that makes Ω diagonal and positive from the start.

    W = U B Q with B_αl = |k̂_l| exp(−i(arg k̂_l + arg v̂^α_l)) on the support of v̂^α and 0 elsewhere (Pinson et al.
    2023, Eqs. S.138 to S.141). Meant for one channel and modes that share no frequency.

    Args:
        generator: stream the kernel is drawn from.
        kernel_std: standard deviation σ of the kernel.
        left: U, shape (p, modes).
        right_images: v^α as images, shape (modes, 1, n, n).
    """
    side = right_images.shape[-1]
    kernel = kernel_std * generator.standard_normal((1, side, side))
    kernel_spectrum = fourier.spectrum(kernel)
    right_spectra = fourier.spectrum(right_images[:, 0])
    support = np.abs(right_spectra) > 1e-9
    transfer = np.abs(kernel_spectrum) * np.exp(-1j * (np.angle(kernel_spectrum) + np.angle(right_spectra))) * support
    # U B = W Q⁻¹, and for a real W that is the conjugate of W Q, whose rows are the spectra of the readouts.
    readout = fourier.image(np.conj(np.tensordot(left, transfer, axes=1)))
    return Weights(kernel, readout)


def _split(half: fourier.ComplexArray) -> FloatArray:
    return np.ascontiguousarray(np.stack([half.real, half.imag]).reshape(2, half.shape[0], -1))


# Reassociation lets the sums run in vector registers; NaN and infinities keep their meaning for the divergence check.
@numba.njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _update(order, spectra, labels, kr, ki, wr, wi, weights, side, rate, error_limit):  # type: ignore[no-untyped-def]
    channels, coefficients = kr.shape
    classes = wr.shape[0]
    ur = np.empty(coefficients)
    ui = np.empty(coefficients)
    vr = np.empty(coefficients)
    vi = np.empty(coefficients)
    error = np.empty(classes)
    total = 0.0
    for step in range(order.size):
        sample = order[step]
        xr = spectra[sample, 0]
        xi = spectra[sample, 1]
        for l in range(coefficients):
            ur[l] = side * (kr[0, l] * xr[0, l] - ki[0, l] * xi[0, l])
            ui[l] = side * (kr[0, l] * xi[0, l] + ki[0, l] * xr[0, l])
        for c in range(1, channels):
            for l in range(coefficients):
                ur[l] += side * (kr[c, l] * xr[c, l] - ki[c, l] * xi[c, l])
                ui[l] += side * (kr[c, l] * xi[c, l] + ki[c, l] * xr[c, l])
        for l in range(coefficients):
            vr[l] = weights[l] * ur[l]
            vi[l] = weights[l] * ui[l]
        squared = 0.0
        for i in range(classes):
            answer = 0.0
            for l in range(coefficients):
                answer += wr[i, l] * vr[l] + wi[i, l] * vi[l]
            error[i] = (1.0 if labels[sample] == i else 0.0) - answer
            squared += error[i] * error[i]
        if not squared <= error_limit:
            return step, squared
        total += squared
        for l in range(coefficients):
            vr[l] = 0.0
            vi[l] = 0.0
        for i in range(classes):
            step_size = rate * error[i]
            back = rate * side * error[i]
            for l in range(coefficients):
                vr[l] += back * wr[i, l]
                vi[l] += back * wi[i, l]
                wr[i, l] += step_size * ur[l]
                wi[i, l] += step_size * ui[l]
        for c in range(channels):
            for l in range(coefficients):
                kr[c, l] += xr[c, l] * vr[l] + xi[c, l] * vi[l]
                ki[c, l] += xr[c, l] * vi[l] - xi[c, l] * vr[l]
    return order.size, total
