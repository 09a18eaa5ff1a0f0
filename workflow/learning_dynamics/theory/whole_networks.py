"""The whole networks of a gradient flow at every record, and what is averaged over the samples with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learning_dynamics import correlations, losses
from learning_dynamics.correlations import Correlations, FloatArray, Structure


@dataclass(frozen=True)
class Matrices:
    """The matrices M themselves, shape (trials, samples, p, CN)."""

    matrices: FloatArray

    def effective_singular_values(self, averages: Correlations, structure: Structure) -> FloatArray:
        """Ω = Uᵀ M Σxx V (Pinson et al. 2023, Eqs. 4 and 5), shape (trials, samples, modes, modes)."""
        omega = correlations.effective_singular_values(self._in_a_row(), averages, structure)
        return omega.reshape(*self.matrices.shape[:2], *omega.shape[1:])

    def mean_square_error(self, averages: Correlations) -> FloatArray:
        """See ``losses``, shape (trials, samples)."""
        return losses.mean_square_error(self._in_a_row(), averages).reshape(self.matrices.shape[:2])

    def _in_a_row(self) -> FloatArray:
        return self.matrices.reshape(-1, *self.matrices.shape[2:])


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

    def mean_square_error(self, averages: Correlations) -> FloatArray:
        """See ``losses``, shape (trials, samples)."""
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
