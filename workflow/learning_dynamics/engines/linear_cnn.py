"""Exact stochastic gradient descent of the two-layer linear CNN, iterated on half-plane spectra.

Q is unitary, so gradient descent on (k, W) and on the spectra (k̂, Ŵ) are the same iteration. In the Fourier basis the
circular convolution is a product: an update costs O((C + p) N) operations and holds no convolution and no transform
(``spectral_network``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from learning_dynamics.engines.spectral_network import SpectralNetwork
from learning_dynamics.numerics import fourier

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import Split

FloatArray = npt.NDArray[np.float64]

# Spectra of so few images stay in memory in any case; those of more where several trainings use them and they are no
# more than half a gigabyte. To fill that for one training costs more than to transform images when their turn comes.
_RESIDENT_IMAGES = 256
_MOST_RESIDENT_BYTES = 2**29
# Both even: the bytes are then the same either way, see ``compiled_updates.spectral_update``.
_UPDATES_AT_ONCE = 32
_RESIDENT_UPDATES = 10_000


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
        precision: of the spectra and of the arithmetic; float32 is twice as fast and deviates, see docs/benchmarks.md.
    """

    def __init__(
        self,
        initial: Weights,
        learning_rate: float,
        error_limit: float = np.inf,
        precision: npt.DTypeLike = np.float64,
    ) -> None:
        self.side = initial.kernel.shape[-1]
        self._network = SpectralNetwork(
            fourier.half_coefficients(initial.kernel),
            fourier.half_coefficients(initial.readout),
            fourier.half_plane_weights(self.side).ravel(),
            side=self.side,
            learning_rate=learning_rate,
            error_limit=error_limit,
            precision=precision,
        )

    def spectra(self, inputs: FloatArray) -> npt.NDArray[Any]:
        """Samples of shape (images, C, n, n) in the form that ``update`` takes: about 8·C·n² bytes each."""
        return self._network.samples(fourier.half_coefficients(inputs))

    def room(self, images: int) -> npt.NDArray[Any]:
        """An array for so many of them, which ``update`` reads faster than any other."""
        return self._network.room(images)

    def update(
        self, spectra: npt.NDArray[Any], labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> tuple[int, float]:
        """One update for each entry of `order`, an index into `spectra` and `labels`.

        Returns:
            The number of updates made, less than ``len(order)`` if the training diverged, and the sum of ‖y − ŷ‖².
        """
        return self._network.update(spectra, labels, order)

    def weights(self) -> Weights:
        """The present kernel and readout as images."""
        return Weights(
            fourier.image_from_half(self._kernel(), self.side), fourier.image_from_half(self._readout(), self.side)
        )

    def state(self) -> dict[str, FloatArray]:
        """A copy of the half-plane spectra: the kernels would not give them back to the last bit."""
        return self._network.state()

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state."""
        self._network.restore(state)

    def kernel_spectrum(self) -> fourier.ComplexArray:
        """k̂ on the full plane, shape (C, n, n)."""
        return fourier.full_from_half(self._kernel(), self.side)

    def readout_spectrum(self) -> fourier.ComplexArray:
        """Ŵ = W Q with row i the spectrum of readout i, on the full plane, shape (p, n, n)."""
        return fourier.full_from_half(self._readout(), self.side)

    def network(self) -> FloatArray:
        """The whole network as one matrix M, ŷ = M x (Pinson et al. 2023, Eq. 8), shape (p, C·n²)."""
        kernel, readout = self._kernel(), self._readout()
        rows = fourier.image_from_half(self.side * readout[:, None] * np.conj(kernel)[None], self.side)
        return rows.reshape(len(readout), -1)

    def _kernel(self) -> fourier.ComplexArray:
        return self._network.kernel().reshape(-1, self.side, self.side // 2 + 1)

    def _readout(self) -> fourier.ComplexArray:
        return self._network.readout().reshape(-1, self.side, self.side // 2 + 1)


def network_matrix(weights: Weights) -> FloatArray:
    """The whole network W Σ_c dbc(k_c) as one matrix of shape (p, C·n²) (Pinson et al. 2023, Eq. 8)."""
    return Engine(weights, learning_rate=0.0).network()


def normal_weights(
    generator: np.random.Generator, shape: tuple[int, int, int], kernel_std: float, readout_std: float
) -> Weights:
    """Kernel N(0, kernel_std²) and readout N(0, readout_std²), drawn in this order, for a shape (p, C, n)."""
    classes, channels, side = shape
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


class SampleSpectra:
    """The training samples as the linear CNN takes them: all in memory, or transformed when their turn comes.

    Args:
        split: the images.
        trainings: how many will use them.
    """

    def __init__(self, split: Split, trainings: int = 1) -> None:
        self._split, self._trainings = split, trainings
        self._resident: npt.NDArray[Any] | None = None

    def piece(self, engine: Engine) -> int:
        """How many updates to make in one go, so that what is transformed for them stays in a cache."""
        if self._resident is None:
            images = len(self._split)
            shared = self._trainings > 1 and images * engine.room(1).nbytes <= _MOST_RESIDENT_BYTES
            if shared or images <= _RESIDENT_IMAGES:
                self._resident = engine.room(images)
                for start in range(0, images, _RESIDENT_IMAGES):
                    some = slice(start, start + _RESIDENT_IMAGES)
                    self._resident[some] = engine.spectra(self._split.inputs(some))
        return _UPDATES_AT_ONCE if self._resident is None else _RESIDENT_UPDATES

    def update(self, engine: Engine, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """An update of the engine for each entry of `order`, an index into the split."""
        if self._resident is not None:
            return engine.update(self._resident, self._split.labels, order)
        spectra = engine.spectra(self._split.inputs(order))
        return engine.update(spectra, self._split.labels[order], np.arange(len(order)))


class Training:
    """The network as the loop of a training takes it: an update for each of some indices of the training samples."""

    def __init__(self, engine: Engine, samples: SampleSpectra, left: FloatArray) -> None:
        """Left singular vectors U give the basis of what is recorded of the readout."""
        self._engine, self._samples, self._left = engine, samples, left
        self.piece = samples.piece(engine)

    def update(self, order: npt.NDArray[np.int64]) -> tuple[int, float]:
        """See ``Engine.update``."""
        return self._samples.update(self._engine, order)

    def network(self) -> FloatArray:
        """The whole network as a matrix M of shape (p, CN)."""
        return self._engine.network()

    def record(self) -> dict[str, FloatArray]:
        """The network's own quantities at this moment, by variable name."""
        readout = np.tensordot(self._left.T, np.conj(self._engine.readout_spectrum()), axes=1)
        return {"kernel_magnitude": np.abs(self._engine.kernel_spectrum()), "readout_magnitude": np.abs(readout)}

    def snapshot(self) -> dict[str, FloatArray]:
        """The weights to keep, by variable name."""
        weights = self._engine.weights()
        return {"kernel": weights.kernel, "readout": weights.readout}

    def state(self) -> dict[str, FloatArray]:
        """A copy of everything that updates change."""
        return self._engine.state()

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state, to the last bit."""
        self._engine.restore(state)
