"""Correlations, their decomposition, and losses without touching a sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_dynamics.numerics import correlations
from learning_dynamics.numerics.losses import mean_square_error


def random_samples(seed, samples=37, width=11, classes=4):
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((samples, width))
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, samples - classes)])
    return inputs, labels, generator


def averages(inputs, labels, classes=4, chunk=1000):
    return correlations.correlate(lambda part: inputs[part], labels, classes, chunk)


@pytest.mark.parametrize("chunk", [1, 10, 37, 1000])
def test_averages_over_samples_whatever_the_chunk(chunk):
    inputs, labels, _ = random_samples(0)
    one_hot = np.eye(4)[labels]
    measured = averages(inputs, labels, chunk=chunk)
    assert np.allclose(
        measured.input_output, np.mean([np.outer(y, x) for y, x in zip(one_hot, inputs, strict=True)], 0)
    )
    assert np.allclose(measured.input, np.mean([np.outer(x, x) for x in inputs], 0))
    assert np.allclose(measured.class_frequencies, one_hot.mean(0))


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_decomposition_is_unique_and_rebuilds(seed):
    inputs, labels, generator = random_samples(seed)
    matrix = averages(inputs, labels).input_output
    structure = correlations.decompose(matrix)
    rebuilt = structure.left @ np.diag(structure.singular_values) @ structure.right.T
    assert np.allclose(rebuilt, matrix)
    assert (np.diff(structure.singular_values) <= 0).all()
    assert np.allclose(structure.right.T @ structure.right, np.eye(4))
    flip = np.diag(generator.choice([-1.0, 1.0], 4))
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    again = correlations.decompose(left @ flip @ np.diag(values) @ flip @ right)
    assert np.allclose(again.left, structure.left, atol=1e-9)
    assert np.allclose(again.right, structure.right, atol=1e-9)


def test_largest_entry_of_each_left_vector_is_positive():
    structure = correlations.decompose(-np.diag([3.0, 2.0, 1.0]))
    assert np.allclose(structure.left, np.eye(3))
    assert np.allclose(structure.right, -np.eye(3))


def test_centred_data_have_one_mode_less():
    inputs, labels, _ = random_samples(1, samples=40)
    labels = np.repeat(np.arange(4), 10)
    inputs = inputs - inputs.mean(0)
    structure = correlations.decompose(averages(inputs, labels).input_output)
    assert structure.discoverable.tolist() == [True, True, True, False]


def test_one_image_per_class_is_coherent():
    inputs, _, _ = random_samples(2, samples=4)
    data = averages(inputs, np.arange(4))
    structure = correlations.decompose(data.input_output)
    in_modes = correlations.input_correlation_in_modes(data, structure)
    assert np.allclose(in_modes, np.diag(4 * structure.singular_values**2), atol=1e-12)


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_loss_from_correlations_is_the_mean_over_samples(seed):
    inputs, labels, generator = random_samples(seed)
    networks = generator.standard_normal((3, 4, 11))
    data = averages(inputs, labels)
    residuals = np.eye(4)[labels] - np.einsum("mpi,si->msp", networks, inputs)
    assert np.allclose(mean_square_error(networks, data), (residuals**2).mean(axis=(1, 2)))


def test_zero_network_has_loss_one_over_p_and_least_squares_is_optimal():
    inputs, labels, generator = random_samples(3)
    data = averages(inputs, labels)
    best = correlations.least_squares_network(data)
    nearby = best + 1e-3 * generator.standard_normal((20, 4, 11))
    assert mean_square_error(np.zeros((1, 4, 11)), data)[0] == pytest.approx(1 / 4)
    assert (mean_square_error(nearby, data) > mean_square_error(best[None], data)).all()


def test_effective_singular_values_of_a_perfect_network_are_the_singular_values():
    inputs, _, _ = random_samples(4, samples=4)
    data = averages(inputs, np.arange(4))
    structure = correlations.decompose(data.input_output)
    network = correlations.least_squares_network(data)
    effective = correlations.effective_singular_values(network[None], data, structure)[0]
    assert np.allclose(effective, np.diag(structure.singular_values), atol=1e-10)
