"""The vec-2D DFT and circulant matrices obey their definitions (App. B and C)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_dynamics.numerics import fourier

SIDES = [2, 3, 5, 8]


def images(side, *leading):
    return np.random.default_rng(side).standard_normal((*leading, side, side))


@pytest.mark.parametrize("side", SIDES)
def test_matrix_is_unitary_and_symmetric(side):
    matrix = fourier.fourier_matrix(side)
    assert np.allclose(matrix @ matrix.conj().T, np.eye(side**2), atol=1e-12)
    assert np.array_equal(matrix, matrix.T)


@pytest.mark.parametrize("side", SIDES)
def test_matrix_and_transform_agree(side):
    image = images(side)
    assert np.allclose(fourier.fourier_matrix(side) @ image.ravel(), fourier.spectrum(image).ravel(), atol=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_half_plane_determines_the_image_and_the_full_plane(side):
    stack = images(side, 2, 3)
    half = fourier.half_spectrum(stack)
    assert half.shape == (2, 3, side, side // 2 + 1)
    assert np.allclose(fourier.image_from_half(half, side), stack)
    assert np.allclose(fourier.full_from_half(half, side), fourier.spectrum(stack))


@pytest.mark.parametrize("side", SIDES)
def test_weighted_half_plane_sums_are_inner_products(side):
    first, second = images(side, 2)
    product = np.conj(fourier.half_spectrum(first)) * fourier.half_spectrum(second)
    assert np.isclose((fourier.half_plane_weights(side) * product.real).sum(), (first * second).sum())


@pytest.mark.parametrize("side", SIDES)
def test_nearest_half_plane_of_a_real_image(side):
    half = fourier.half_spectrum(images(side, 3))
    generator = np.random.default_rng(side)
    noise = generator.standard_normal(half.shape) + 1j * generator.standard_normal(half.shape)
    nearest = fourier.hermitian_half(half + noise, side)
    assert np.allclose(fourier.hermitian_half(half, side), half, atol=1e-14)
    assert np.allclose(fourier.half_spectrum(fourier.image_from_half(nearest, side)), nearest), "of a real image"
    # The rest is orthogonal to all real images, so that none is nearer.
    product = np.conj(half + noise - nearest) * half
    assert abs((fourier.half_plane_weights(side) * product.real).sum()) < 1e-10


@given(side=st.integers(2, 12))
@settings(deadline=None, max_examples=20)
def test_mirror_index_conjugates_real_spectra(side):
    spectrum = fourier.spectrum(images(side)).ravel()
    mirror = fourier.mirror_index(side)
    assert np.allclose(spectrum[mirror], np.conj(spectrum))
    assert np.array_equal(mirror[mirror], np.arange(side**2))
    own = [fourier.is_self_conjugate(l // side, l % side, side) for l in range(side**2)]
    assert np.array_equal(mirror == np.arange(side**2), own)


@pytest.mark.parametrize("side", SIDES)
def test_circulant_matrix_is_diagonal_in_fourier_space(side):
    kernel = images(side)
    matrix = fourier.fourier_matrix(side)
    expected = side * matrix.conj() @ np.diag(fourier.spectrum(kernel).ravel()) @ matrix
    assert np.allclose(fourier.doubly_block_circulant(kernel), expected, atol=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_convolution_is_the_sum_over_shifts(side):
    kernel, image = images(side, 2)
    shifted = sum(kernel[a, b] * np.roll(image, (a, b), axis=(0, 1)) for a in range(side) for b in range(side))
    assert np.allclose(fourier.circular_convolution(kernel, image), shifted)
    assert np.allclose(fourier.doubly_block_circulant(kernel) @ image.ravel(), shifted.ravel())


@pytest.mark.parametrize("side", SIDES)
def test_correlation_is_convolution_with_the_flipped_kernel(side):
    kernel, image = images(side, 2)
    flipped = np.roll(kernel[::-1, ::-1], (1, 1), axis=(0, 1))
    expected = fourier.circular_convolution(flipped, image)
    assert np.allclose(fourier.circular_correlation(kernel, image), expected)
    assert np.allclose(fourier.spectrum(fourier.spectrum(kernel)).real, flipped)
