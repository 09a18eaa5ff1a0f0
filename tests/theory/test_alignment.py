"""Measures of alignment, balance and class coherence at their limits (App. A and G)."""

import numpy as np
import pytest

from learning_dynamics.numerics.correlations import input_correlation_in_modes
from learning_dynamics.theory import alignment, gradient_flow
from theory.data_sets import SUMS_OF_COSINES, Prepared, cnn_weights, cosines, random_images


def test_off_diagonal_share():
    diagonal = np.diag([3.0, -2.0, 0.1])
    assert alignment.off_diagonal_share(diagonal) == 0
    hollow = np.array([[0.0, 2.0], [-1.0, 0.0]])
    assert alignment.off_diagonal_share(hollow) == 1
    mixed = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert alignment.off_diagonal_share(mixed) == pytest.approx(0.8)
    assert alignment.off_diagonal_share(-7 * mixed) == pytest.approx(0.8)
    assert alignment.off_diagonal_share(np.stack([np.diag([3.0, 1.0]), hollow, mixed])) == pytest.approx([0, 1, 0.8])
    # Small parts are not lost in rounding.
    assert alignment.off_diagonal_share(np.array([[1.0, 1e-12], [0.0, 1.0]])) == pytest.approx(1e-12 / np.sqrt(2))


def test_largest_off_diagonal():
    omega = np.array([[[4.0, 0.1, 9.0], [-0.6, 1.0, 9.0]], [[0.0, 0.0, 9.0], [0.2, 0.0, 9.0]]])
    # √(s_0 s_1) = 2; columns of no mode do not count.
    assert alignment.largest_off_diagonal(omega, np.array([4.0, 1.0])) == pytest.approx([0.3, 0.1])
    assert alignment.largest_off_diagonal(np.diag([4.0, 1.0]), np.array([4.0, 1.0])) == 0


def test_balance_is_readout_over_kernel():
    kernel = np.array([[1.0, 4.0]])
    assert alignment.balance(np.array([[2.0, 1.0], [1.0, 4.0]]), kernel) == pytest.approx(np.array([[2, 0.25], [1, 1]]))


def test_random_weights_become_aligned_and_balanced_before_a_mode_is_learned():
    data = cosines(8, SUMS_OF_COSINES[8])
    start = [cnn_weights(data, 1e-4, seed) for seed in range(5)]
    samples = np.linspace(0, 8000, 400)
    solution = gradient_flow.linear_cnn_flow(start, data.correlations, data.structure, 1e-4, samples)
    omega = data.omega(solution.networks)
    share = alignment.off_diagonal_share(omega)
    strongest = np.unravel_index(np.abs(data.right_spectra[0]).argmax(), (8, 8))
    balance = alignment.balance(solution.whole.readout_magnitude[:, :, 0], solution.whole.kernel_magnitude[:, :, 0])
    for trial in range(5):
        learned = np.argmax(omega[trial, :, 0, 0] > 0.05 * data.singular_values[0])
        assert learned > 0
        assert share[trial, 0] > 0.1
        assert share[trial, learned] < 0.01
        assert balance[trial, learned][strongest] == pytest.approx(1, abs=1e-3)
    starting = np.abs(np.log(balance[:, 0, strongest[0], strongest[1]]))
    assert starting.max() > 0.2


@pytest.mark.parametrize(("side", "channels"), [(5, 1), (6, 1), (4, 3)])
def test_one_image_per_class_is_coherent(side, channels):
    data = random_images(side, channels, 4, 1)
    in_modes = input_correlation_in_modes(data.correlations, data.structure)
    assert alignment.coherence(in_modes, data.singular_values, 4) == pytest.approx(np.ones(4))
    assert alignment.off_diagonal_share(in_modes) < 1e-12


@pytest.mark.parametrize("centred", [False, True])
def test_coherence_is_the_share_of_the_power_that_is_in_the_class_means(centred):
    data = random_images(5, 3, 3, 6, centred)
    means = np.stack([data.vectors[data.labels == label].mean(axis=0) for label in range(3)])
    modes = data.structure.right[:, : 2 if centred else 3]
    expected = ((means @ modes) ** 2).mean(axis=0) / ((data.vectors @ modes) ** 2).mean(axis=0)
    in_modes = input_correlation_in_modes(data.correlations, data.structure)
    measured = alignment.coherence(in_modes, data.singular_values, 3)[: modes.shape[1]]
    assert measured == pytest.approx(expected)
    assert (measured < 0.99).all()
    assert alignment.off_diagonal_share(in_modes) > 1e-3


def test_digits_are_less_coherent_the_finer_the_distinction():
    prepared = Prepared("digits4")
    in_modes = input_correlation_in_modes(prepared.correlations["train"], prepared.structure)
    measured = alignment.coherence(in_modes, prepared.structure.singular_values, 4)[:3]
    assert measured == pytest.approx([0.90, 0.80, 0.58], abs=0.01)


def test_participation_ratio():
    assert alignment.participation_ratio(np.array([0.0, 5.0, 0.0, 0.0])) == pytest.approx(1)
    assert alignment.participation_ratio(np.full(7, 0.3)) == pytest.approx(7)
    assert alignment.participation_ratio(np.array([1.0, 1.0, 0.0, 0.0, 0.0])) == pytest.approx(2)
    weights = np.random.default_rng(0).random((4, 9))
    measured = alignment.participation_ratio(weights)
    assert measured.shape == (4,)
    assert ((measured > 1) & (measured < 9)).all()
    assert alignment.participation_ratio(3 * weights) == pytest.approx(measured)
    assert alignment.participation_ratio(np.concatenate([weights, weights], axis=1)) == pytest.approx(2 * measured)
