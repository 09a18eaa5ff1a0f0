"""The vec-2D discrete Fourier transform, half-plane spectra and circulant matrices (App. B and C).

Images are arrays whose last two axes are row and column (n×n); a vectorised image stacks the rows, so that the vec-2D
index of frequency pair (i, j) is l = i·n + j.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def _fft() -> ModuleType:
    # Slow to import, and most figures transform nothing.
    from scipy import fft

    return fft


def fourier_matrix(side: int) -> ComplexArray:
    """Q = F ⊗ F, the unitary and symmetric matrix of the vec-2D DFT (Pinson et al. 2023, Eqs. S.14 and S.15).

    Returns an array of shape (n², n²); 16 n⁴ bytes. ``spectrum`` applies it without building it.
    """
    index = np.arange(side)
    one_dimensional = np.exp(-2j * np.pi * (np.outer(index, index) % side) / side) / np.sqrt(side)
    return np.kron(one_dimensional, one_dimensional)


def spectrum(images: npt.ArrayLike) -> ComplexArray:
    """v̂ = Q v for images of shape (…, n, n): the full plane of Fourier coefficients, of the same shape."""
    return _fft().fft2(images, norm="ortho")


def image(spectra: npt.ArrayLike) -> FloatArray:
    """v = Q⁻¹ v̂ for Hermitian full-plane spectra of shape (…, n, n): the real images."""
    return np.ascontiguousarray(_fft().ifft2(spectra, norm="ortho").real)


def half_spectrum(images: npt.ArrayLike) -> ComplexArray:
    """The n×(n//2 + 1) coefficients that determine the spectrum of real images of shape (…, n, n)."""
    return _fft().rfft2(images, norm="ortho")


def half_coefficients(images: npt.ArrayLike) -> ComplexArray:
    """``half_spectrum`` with the coefficients of an image in one row: shape (…, n·(n//2 + 1))."""
    half = half_spectrum(images)
    return half.reshape(*half.shape[:-2], -1)


def image_from_half(half: npt.ArrayLike, side: int) -> FloatArray:
    """The real images of shape (…, n, n) that have the given half-plane spectra."""
    return _fft().irfft2(half, s=(side, side), norm="ortho")


def full_from_half(half: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """The full plane (…, n, n) of a half-plane spectrum, or of its magnitudes, by v̂[l*] = conj(v̂[l])."""
    columns = np.arange(side // 2 + 1, side)
    rows = -np.arange(side) % side
    mirrored = np.conj(half[..., rows, :][..., side - columns])
    return np.concatenate([half, mirrored], axis=-1)


def hermitian_half(half: ComplexArray, side: int) -> ComplexArray:
    """The half-plane spectra (…, n, n//2 + 1) of real images that are nearest to the given ones.

    Only the columns that are their own mirror, 0 and for an even side n/2, can deviate from those of a real image.
    """
    rows = -np.arange(side) % side
    nearest = half.copy()
    for column in (0, side // 2) if side % 2 == 0 else (0,):
        nearest[..., column] = (half[..., column] + np.conj(half[..., rows, column])) / 2
    return nearest


def half_plane_weights(side: int) -> FloatArray:
    """How often each half-plane coefficient occurs in a sum over all l: 1 for column 0 (and n/2), else 2."""
    weights = np.full((side, side // 2 + 1), 2.0)
    weights[:, 0] = 1.0
    if side % 2 == 0:
        weights[:, -1] = 1.0
    return weights


def mirror_index(side: int) -> npt.NDArray[np.intp]:
    """l* for every vec-2D index l: the index of frequency pair (−i mod n, −j mod n)."""
    index = np.arange(side)
    return (((-index % side)[:, None] * side) + (-index % side)[None, :]).ravel()


def is_self_conjugate(row: int, column: int, side: int) -> bool:
    """Whether frequency (row, column) is its own mirror, so that its coefficient in a real image is real."""
    return (2 * row) % side == 0 and (2 * column) % side == 0


def doubly_block_circulant(kernel: npt.ArrayLike) -> FloatArray:
    """dbc(k), with dbc(k) x = k ⊛ x on vectorised images (Pinson et al. 2023, Eqs. 6, 7, S.16 and S.17).

    Args:
        kernel: shape (n, n).

    Returns:
        The (n², n²) real matrix n Q⁻¹ diag(Q k) Q, built from the definition by shifts; 8 n⁴ bytes.
    """
    values = np.asarray(kernel, dtype=np.float64)
    side = len(values)
    index = np.arange(side)
    shift = (index[:, None] - index[None, :]) % side
    matrix = values[shift[:, None, :, None], shift[None, :, None, :]]
    return matrix.reshape(side * side, side * side)


def circular_convolution(kernel: npt.ArrayLike, images: npt.ArrayLike) -> FloatArray:
    """k ⊛ x for images of shape (…, n, n) through the convolution theorem (Pinson et al. 2023, Eq. 7)."""
    side = np.shape(images)[-1]
    return image(side * spectrum(kernel) * spectrum(images))


def circular_correlation(kernel: npt.ArrayLike, images: npt.ArrayLike) -> FloatArray:
    """k ⋆ x, what frameworks call a convolution: the kernel flipped (Pinson et al. 2023, Eqs. S.20 and S.29)."""
    side = np.shape(images)[-1]
    return image(side * np.conj(spectrum(kernel)) * spectrum(images))
