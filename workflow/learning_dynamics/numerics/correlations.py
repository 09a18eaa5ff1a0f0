"""The statistical structure of a data set: Σyx, Σxx, their singular value decomposition and class coherence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Correlations:
    """Averages over the samples of one split (Pinson et al. 2023, Eqs. 1 and 3).

    input_output: Σyx = ⟨y xᵀ⟩, shape (p, CN).
    input: Σxx = ⟨x xᵀ⟩, shape (CN, CN).
    class_frequencies: share of each class, shape (p,); ⟨‖y‖²⟩ = 1 for one-hot labels.
    """

    input_output: FloatArray
    input: FloatArray
    class_frequencies: FloatArray


@dataclass(frozen=True)
class CorrelationsInModes:
    """The same averages of images so large that Σxx is not kept.

    input_output: Σyx, shape (p, CN).
    input_in_modes: Vᵀ Σxx V with the training split's V, shape (modes, modes).
    input_power: tr Σxx = ⟨‖x‖²⟩.
    class_frequencies: share of each class, shape (p,).
    """

    input_output: FloatArray
    input_in_modes: FloatArray
    input_power: float
    class_frequencies: FloatArray


def correlate(
    inputs: Callable[[slice], FloatArray], labels: npt.NDArray[np.integer], classes: int, chunk: int = 1000
) -> Correlations:
    """Accumulate Σyx and Σxx in chunks, so that the images need never be in memory as floats at once.

    Args:
        inputs: gives the vectorised samples of a slice, shape (samples, CN).
        labels: class of every sample.
        classes: number of classes p.
        chunk: samples per step; memory 8·chunk·CN bytes beside the (CN)² result.
    """
    samples = len(labels)
    width = inputs(slice(0, 1)).shape[1]
    input_output = np.zeros((classes, width))
    input_correlation = np.zeros((width, width))
    for start in range(0, samples, chunk):
        part = slice(start, min(start + chunk, samples))
        values = inputs(part)
        one_hot = (labels[part, None] == np.arange(classes)).astype(np.float64)
        input_output += one_hot.T @ values
        input_correlation += values.T @ values
    frequencies = np.bincount(labels, minlength=classes) / samples
    return Correlations(input_output / samples, input_correlation / samples, frequencies)


def correlate_in_modes(
    inputs: Callable[[slice], FloatArray],
    labels: npt.NDArray[np.integer],
    classes: int,
    structure: Structure | None = None,
    chunk: int = 1000,
) -> tuple[CorrelationsInModes, Structure]:
    """Accumulate Σyx and then Vᵀ Σxx V in chunks; see ``correlate``. Memory does not grow as the square of CN.

    Args:
        inputs, labels, classes, chunk: see ``correlate``.
        structure: gives V; by default the decomposition of this Σyx.

    Returns:
        The averages and the decomposition whose V was used.
    """
    samples, width = len(labels), inputs(slice(0, 1)).shape[1]
    input_output = np.zeros((classes, width))
    parts = [slice(start, min(start + chunk, samples)) for start in range(0, samples, chunk)]
    power = 0.0
    for part in parts:
        values = inputs(part)
        one_hot = (labels[part, None] == np.arange(classes)).astype(np.float64)
        input_output += one_hot.T @ values
        power += float(np.einsum("si,si->", values, values))
    input_output /= samples
    decomposition = decompose(input_output) if structure is None else structure
    modes = len(decomposition.singular_values)
    in_modes = np.zeros((modes, modes))
    for part in parts:
        projected = inputs(part) @ decomposition.right
        in_modes += projected.T @ projected
    frequencies = np.bincount(labels, minlength=classes) / samples
    return CorrelationsInModes(input_output, in_modes / samples, power / samples, frequencies), decomposition


@dataclass(frozen=True)
class Structure:
    """Σyx = U S Vᵀ (Pinson et al. 2023, Eq. 2), broader to finer distinctions between the classes.

    singular_values: s_α in descending order, shape (modes,), modes = min(p, CN).
    left: U, shape (p, modes).
    right: V, shape (CN, modes).
    rounding: what rounding alone can make a singular value, see ``rounding_level``.
    """

    singular_values: FloatArray
    left: FloatArray
    right: FloatArray
    rounding: float = 0.0

    @property
    def smallest(self) -> float:
        """Singular values up to here, and differences of them, are zero to rounding."""
        return max(1e-9 * float(self.singular_values[0]), self.rounding)

    @property
    def discoverable(self) -> npt.NDArray[np.bool_]:
        """Modes whose singular value is not zero to rounding (centred data have one that is)."""
        return self.singular_values > self.smallest

    def leading(self, most: float) -> Structure:
        """The first modes, those of the largest singular values, at most so many; itself if there are no more."""
        if len(self.singular_values) <= most:
            return self
        kept = slice(int(most))
        return replace(
            self,
            singular_values=self.singular_values[kept],
            left=np.ascontiguousarray(self.left[:, kept]),
            right=np.ascontiguousarray(self.right[:, kept]),
        )


def rounding_level(shape: tuple[int, ...], root_mean_square: float, single_precision: bool) -> float:
    """What rounding can make a singular value of Σyx that would be zero in exact numbers.

    Sums of float64 numbers are wrong by ε max(p, CN) of the images' norm at most (the tolerance of
    ``numpy.linalg.matrix_rank``). Images that were given in single precision are themselves wrong by ε/2 of every
    value, and their averages by no more.

    Args:
        shape: of Σyx, (p, CN).
        root_mean_square: √⟨‖x‖²⟩ of the images before the mean is subtracted, which leaves its rounding behind.
        single_precision: whether the images hold no more than single precision.
    """
    given = float(np.finfo(np.float32).eps) if single_precision else 0.0
    return max(float(np.finfo(np.float64).eps) * max(shape), given) * root_mean_square


def decompose(input_output: FloatArray) -> Structure:
    """The singular value decomposition of Σyx with a fixed sign.

    A decomposition leaves the sign of each pair (u^α, v^α) open: here the entry of u^α that is largest in magnitude
    is positive, the first one among equals. A class-mean image then looks like its class.
    """
    left, singular_values, right = np.linalg.svd(input_output, full_matrices=False)
    magnitudes = np.abs(left)
    largest = np.argmax(magnitudes >= (1 - 1e-6) * magnitudes.max(axis=0), axis=0)
    signs = np.where(left[largest, np.arange(len(singular_values))] < 0, -1.0, 1.0)
    return Structure(singular_values, left * signs, np.ascontiguousarray((right * signs[:, None]).T))


def input_correlation_in_modes(correlations: Correlations, structure: Structure) -> FloatArray:
    """Vᵀ Σxx V; diagonal with entries d_α when the classes are coherent (Pinson et al. 2023, Eq. 3 and App. A)."""
    return np.asarray(structure.right.T @ correlations.input @ structure.right)


def effective_singular_values(networks: FloatArray, correlations: Correlations, structure: Structure) -> FloatArray:
    """Ω = Uᵀ Σŷx V with Σŷx = M Σxx (Pinson et al. 2023, Eqs. 4 and 5), shape (networks, modes, modes)."""
    weighted = correlations.input @ structure.right
    return np.asarray(structure.left.T @ (networks @ weighted))


def least_squares_network(correlations: Correlations) -> FloatArray:
    """M = Σyx Σxx⁺, the linear map of smallest norm and least mean square error, shape (p, CN)."""
    return np.asarray(correlations.input_output @ np.linalg.pinv(correlations.input, hermitian=True))
