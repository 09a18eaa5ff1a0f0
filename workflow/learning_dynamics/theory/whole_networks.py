"""The whole networks of a gradient flow at every record, and what is averaged over the samples with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from learning_dynamics.numerics import fourier, losses
from learning_dynamics.numerics.correlations import Correlations, FloatArray, Structure


@dataclass(frozen=True)
class Spectra:
    """M = U image(n conj(B k̂)) of the linear CNN, of which matrices are made in pieces that a cache holds.

    kernels: half-plane spectra k̂, shape (trials, samples, C, n, n//2 + 1).
    transfers: half-plane spectra B, shape (trials, samples, p, n, n//2 + 1).
    basis: U completed to p left vectors, shape (p, p).
    modes: how many of them belong to modes.
    """

    kernels: fourier.ComplexArray
    transfers: fourier.ComplexArray
    basis: FloatArray
    modes: int

    @property
    def matrices(self) -> FloatArray:
        """M, shape (trials, samples, p, CN)."""
        return self._joined(list(self._pieces()))

    @property
    def kernel_magnitude(self) -> FloatArray:
        """|k̂_c,l|, shape (trials, samples, C, n, n)."""
        return self._full(np.abs(self.kernels))

    @property
    def readout_magnitude(self) -> FloatArray:
        """|B_αl|, shape (trials, samples, modes, n, n)."""
        return self._full(np.abs(self.transfers[:, :, : self.modes]))

    def mean_kernel_magnitude(self, trials: int) -> FloatArray:
        """The mean of |k̂_c,l| over the first trials, shape (samples, C, n, n)."""
        return self._full(np.abs(self.kernels[:trials]).mean(axis=0))

    @property
    def final_kernel_magnitude(self) -> FloatArray:
        """|k̂_c,l| at the last sample, shape (trials, C, n, n)."""
        return self._full(np.abs(self.kernels[:, -1]))

    def of_trial(self, trial: int, samples: npt.NDArray[np.integer]) -> FloatArray:
        """M of one trial at some samples, shape (samples, p, CN)."""
        some = replace(self, kernels=self.kernels[[trial]][:, samples], transfers=self.transfers[[trial]][:, samples])
        return some.matrices[0]

    def effective_singular_values(self, averages: Correlations, structure: Structure) -> FloatArray:
        """Ω = Uᵀ M Σxx V (Pinson et al. 2023, Eqs. 4 and 5), shape (trials, samples, modes, modes)."""
        weighted = averages.input @ structure.right
        return self._joined([structure.left.T @ (networks @ weighted) for networks in self._pieces()])

    def omega_and_losses(
        self, averages: Mapping[str, Correlations], structure: Structure
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Ω with the training averages, and the ``mean_square_error``, shape (trials, samples), on every split."""
        weighted = averages["train"].input @ structure.right
        omega: list[FloatArray] = []
        found: dict[str, list[FloatArray]] = {split: [] for split in averages}
        for networks in self._pieces():
            omega.append(structure.left.T @ (networks @ weighted))
            for split, parts in found.items():
                parts.append(losses.mean_square_error(networks, averages[split]))
        return self._joined(omega), {split: self._joined(parts) for split, parts in found.items()}

    def _joined(self, parts: list[FloatArray]) -> FloatArray:
        together = np.concatenate(parts)
        return together.reshape(*self.kernels.shape[:2], *together.shape[1:])

    def _full(self, magnitudes: FloatArray) -> FloatArray:
        return fourier.full_from_half(magnitudes, magnitudes.shape[-2])

    def _pieces(self) -> Iterator[FloatArray]:
        """M of some samples of some trials after the others, shape (networks, p, CN)."""
        side, columns = self.kernels.shape[-2:]
        kernels = self.kernels.reshape(-1, 1, self.kernels.shape[2], side, columns)
        transfers = self.transfers.reshape(-1, len(self.basis), 1, side, columns)
        at_once = losses.networks_at_once(len(self.basis), kernels[0].size // columns * side)
        for start in range(0, len(kernels), at_once):
            some = slice(start, start + at_once)
            images = fourier.image_from_half(side * np.conj(transfers[some] * kernels[some]), side)
            yield self.basis @ images.reshape(*images.shape[:2], -1)


@dataclass(frozen=True)
class Factors:
    """M = F B, where B has far fewer rows than there are networks: averages over B x answer for all of them.

    coefficients: F of every trial, shape (samples, p, rows).
    common: the first rows of every B, shape (directions, CN).
    own: those of every trial after them, shape (rows − directions, CN).
    """

    coefficients: Sequence[FloatArray]
    common: FloatArray
    own: Sequence[FloatArray]

    @property
    def matrices(self) -> FloatArray:
        """M, shape (trials, samples, p, CN)."""
        samples, classes, _ = self.coefficients[0].shape
        networks = np.empty((len(self.own), samples, classes, self.common.shape[1]))
        for into, factors, own in zip(networks, self.coefficients, self.own, strict=True):
            np.matmul(factors, np.concatenate([self.common, own]), out=into)
        return networks

    def of_trial(self, trial: int, samples: npt.NDArray[np.integer]) -> FloatArray:
        """M of one trial at some samples, shape (samples, p, CN)."""
        return np.asarray(self.coefficients[trial][samples] @ np.concatenate([self.common, self.own[trial]]))

    def effective_singular_values(self, averages: Correlations, structure: Structure) -> FloatArray:
        """Ω = Uᵀ M Σxx V (Pinson et al. 2023, Eqs. 4 and 5), shape (trials, samples, modes, modes)."""
        weighted = averages.input @ structure.right
        common = self.common @ weighted
        return np.stack(
            [
                structure.left.T @ (factors @ np.concatenate([common, own @ weighted]))
                for factors, own in zip(self.coefficients, self.own, strict=True)
            ]
        )

    def omega_and_losses(
        self, averages: Mapping[str, Correlations], structure: Structure
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Ω with the training averages, and the ``mean_square_error``, shape (trials, samples), on every split."""
        omega = self.effective_singular_values(averages["train"], structure)
        return omega, {split: self._mean_square_error(part) for split, part in averages.items()}

    def _mean_square_error(self, averages: Correlations) -> FloatArray:
        weighted = self.common @ averages.input
        among_common = weighted @ self.common.T
        answers = []
        for factors, own in zip(self.coefficients, self.own, strict=True):
            between = weighted @ own.T
            inner = np.block([[among_common, between], [between.T, losses.inner_products(own, averages.input)]])
            outer = averages.input_output @ np.concatenate([self.common, own]).T
            seen = Correlations(outer, inner, averages.class_frequencies)
            answers.append(losses.mean_square_error(factors, seen))
        return np.stack(answers)
