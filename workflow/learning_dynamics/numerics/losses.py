"""The mean square error of whole linear networks, exactly and without touching a sample."""

from __future__ import annotations

import numpy as np

from learning_dynamics.numerics.correlations import Correlations, FloatArray

# Numbers in the networks that are multiplied with Σxx together: as fast as all at once, in memory that is used again.
_AT_ONCE = 2**21


def mean_square_error(networks: FloatArray, correlations: Correlations) -> FloatArray:
    """L = (1/p)⟨‖y − M x‖²⟩ of whole linear networks M, exactly, without touching a sample.

    L = (1/p)(⟨‖y‖²⟩ − 2 tr(M Σyxᵀ) + tr(M Σxx Mᵀ)).

    Args:
        networks: input-output maps M, shape (networks, p, CN).
        correlations: of the split on which the loss is wanted.

    Returns:
        The mean over the p outputs and all samples, shape (networks,).
    """
    number, classes, width = networks.shape
    at_once = networks_at_once(classes, width)
    if number > at_once:
        parts = [networks[start : start + at_once] for start in range(0, number, at_once)]
        return np.concatenate([mean_square_error(part, correlations) for part in parts])
    rows = networks.reshape(number * classes, width)
    squares = _quadratic_forms(rows, correlations.input).reshape(number, classes).sum(axis=1)
    products = np.einsum("mpi,pi->m", networks, correlations.input_output)
    # A perfect fit cancels to rounding, which may fall below zero.
    return np.maximum(correlations.class_frequencies.sum() - 2 * products + squares, 0.0) / classes


def networks_at_once(classes: int, width: int) -> int:
    """How many networks of shape (p, CN) are multiplied with Σxx together."""
    return max(1, _AT_ONCE // (classes * width))


def inner_products(rows: FloatArray, symmetric: FloatArray) -> FloatArray:
    """r S r′ᵀ between all rows, shape (rows, rows), for a symmetric S."""
    products = _twice_the_triangle(rows, symmetric) @ rows.T
    return np.asarray((products + products.T) / 2)


def _quadratic_forms(rows: FloatArray, symmetric: FloatArray) -> FloatArray:
    """r S rᵀ of every row."""
    return np.asarray(np.einsum("ri,ri->r", _twice_the_triangle(rows, symmetric), rows))


def _twice_the_triangle(rows: FloatArray, symmetric: FloatArray) -> FloatArray:
    """The rows times twice S's lower triangle less its diagonal: half the work of a product with S.

    A row times that matrix times the same row is r S rᵀ.
    """
    from scipy.linalg.blas import dtrmm

    # A matrix by rows is its transpose by columns, the order of the library: its lower triangle is the upper one of S.
    products = dtrmm(2.0, symmetric.T, rows.T, lower=1).T
    products -= rows * symmetric.diagonal()
    return np.asarray(products)
