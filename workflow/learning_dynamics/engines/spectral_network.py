"""Linear networks whose hidden layer is a product of spectra: their coefficients, updates and answers.

In the Fourier basis a circular convolution is a product, coefficient by coefficient, whatever the coefficients belong
to. Those of a half plane make the linear CNN; those of several kernels, one kernel after the other, a layer of several
kernels; and a frequency that no sample has needs no coefficient, as it neither answers nor changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_dynamics.engines import compiled_updates
from learning_dynamics.numerics.fourier import ComplexArray

FloatArray = npt.NDArray[np.float64]


class SpectralNetwork:
    """ŷ_i = Σ_l Re(conj(Ŵ_il) Σ_c n k̂_cl x̂_cl) and its updates, one training sample each (Eqs. 8 to 11).

    Args:
        kernel: k̂, shape (C, L).
        readout: Ŵ, shape (p, L).
        occurrences: how often each coefficient occurs in the full plane, shape (L,).
        side: n.
        learning_rate: λ, applied to the gradient of ½‖y − ŷ‖².
        error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.
        precision: of the spectra and of the arithmetic.
    """

    def __init__(
        self,
        kernel: ComplexArray,
        readout: ComplexArray,
        occurrences: FloatArray,
        *,
        side: int,
        learning_rate: float,
        error_limit: float = np.inf,
        precision: npt.DTypeLike = np.float64,
    ) -> None:
        self._channels, self._classes = len(kernel), len(readout)
        self._precision = np.dtype(precision)
        self._learning_rate = np.asarray(learning_rate, self._precision)[()]
        self._error_limit = float(error_limit)
        self._scale = np.sqrt(occurrences)
        self._convolution_factor = np.full(self._scale.shape, float(side))
        self._kernel = compiled_updates.to_blocks(kernel, self._scale, self._precision)
        self._readout = compiled_updates.to_blocks(readout, self._scale, self._precision)
        values = self._kernel.size
        rooms = (values // self._channels, values)
        self._idle = tuple(compiled_updates.aligned_zeros((room,), self._precision) for room in rooms)

    def samples(self, spectra: ComplexArray) -> npt.NDArray[Any]:
        """x̂ of shape (samples, C, L) in the form that ``update`` and ``answers`` take."""
        return compiled_updates.to_blocks(spectra, self._convolution_factor, self._precision)

    def room(self, samples: int) -> npt.NDArray[Any]:
        """Room for so many samples in that form."""
        return compiled_updates.aligned_zeros((samples, self._kernel.size), self._precision)

    def update(
        self, samples: npt.NDArray[Any], labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> tuple[int, float]:
        """One update for each entry of `order`, an index into `samples` and `labels`.

        Returns:
            The number of updates made, less than ``len(order)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """
        return compiled_updates.spectral_update(
            order,
            samples,
            labels,
            self._kernel,
            self._readout,
            self._idle,
            self._channels,
            self._classes,
            self._learning_rate,
            self._error_limit,
        )

    def answers(self, samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """ŷ of every sample, shape (samples, p)."""
        size = compiled_updates.lanes(self._precision)
        kernel = self._kernel.reshape(-1, 1, self._channels, 2, size)
        readout = self._readout.reshape(-1, self._classes, 1, 2, size)
        real, imaginary = readout[..., 0, :], readout[..., 1, :]
        network = np.empty((len(kernel), self._classes, self._channels, 2, size), self._precision)
        network[..., 0, :] = real * kernel[..., 0, :] + imaginary * kernel[..., 1, :]
        network[..., 1, :] = imaginary * kernel[..., 0, :] - real * kernel[..., 1, :]
        return np.asarray(samples @ network.swapaxes(0, 1).reshape(self._classes, -1).T)

    def kernel(self) -> ComplexArray:
        """k̂, shape (C, L)."""
        return compiled_updates.from_blocks(self._kernel, self._channels, self._scale)

    def readout(self) -> ComplexArray:
        """Ŵ, shape (p, L)."""
        return compiled_updates.from_blocks(self._readout, self._classes, self._scale)

    def state(self) -> dict[str, FloatArray]:
        """A copy of the coefficients to the last bit."""
        return {"kernel": self._kernel.copy(), "readout": self._readout.copy()}

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state."""
        self._kernel[...] = state["kernel"]
        self._readout[...] = state["readout"]
