"""Which modes are one group: against data sets whose structure is known, and against chance."""

from __future__ import annotations

import numpy as np
import pytest

from learning_dynamics.numerics.correlations import correlate, decompose, input_correlation_in_modes, rounding_level
from learning_dynamics.theory import close_modes
from learning_dynamics.theory.close_modes import CloseModes

WIDTH = 64


def grouped(amplitudes, number, noise, generator):
    """The structure of classes that are a pixel each, of some strength, less their mean; and its groups."""
    classes = len(amplitudes)
    labels = np.repeat(np.arange(classes), number)
    images = np.diag(amplitudes) @ np.eye(classes, WIDTH)
    vectors = images[labels] + noise * generator.standard_normal((len(labels), WIDTH))
    vectors -= vectors.mean(axis=0)
    averages = correlate(lambda which: vectors[which], labels, classes)
    structure = decompose(averages.input_output)
    in_modes = input_correlation_in_modes(averages, structure)
    arguments = structure, in_modes, averages.class_frequencies, len(labels)
    return structure, close_modes.groups(*arguments), close_modes.gap_errors(*arguments), averages


def test_equal_classes_are_equal_modes():
    _, found, errors, _ = grouped([1, 1, 1, 1], 1, 0.0, np.random.default_rng(0))
    assert found == [CloseModes((0, 1, 2), "equal")]
    assert np.array_equal(errors, np.zeros(3))


def test_modes_apart_are_no_group():
    generator = np.random.default_rng(0)
    assert not [found for _ in range(50) if (found := grouped([1, 1.5, 2, 2.6], 50, 0.1, generator)[1])]


@pytest.mark.parametrize("number", [5, 40])
def test_modes_that_are_equal_in_truth_are_close_in_99_of_100_data_sets(number):
    generator = np.random.default_rng(1)
    data_sets = 400
    hits = sum(grouped([1, 1, 1], number, 0.1, generator)[1] == [CloseModes((0, 1), "close")] for _ in range(data_sets))
    # Binomial with 1 − exp(−9/2) = 0.989: less than 381 or 400 of 400 has a probability below 1.1 %.
    assert 381 <= hits < data_sets


def test_the_error_of_a_gap_is_what_other_images_change():
    generator = np.random.default_rng(2)
    pairs = [grouped([1, 1.6, 2.3], 20, 0.2, generator) for _ in range(400)]
    gaps = np.array([-np.diff(structure.singular_values)[0] for structure, *_ in pairs])
    errors = np.array([errors[0] for *_, errors, _ in pairs])
    assert errors.mean() == pytest.approx(gaps.std(), rel=0.15)


def test_neighbours_of_neighbours_belong_to_one_group():
    _, found, _, _ = grouped([1, 1.005, 1.01, 1.015, 3], 4, 0.02, np.random.default_rng(0))
    assert found == [CloseModes((1, 2, 3), "close")]


def test_classes_of_the_same_mean_image():
    structure, _, _, averages = grouped([1, 0, 2, 0, 0], 3, 0.0, np.random.default_rng(0))
    assert close_modes.same_means(structure, averages.class_frequencies) == [(1, 3, 4)]
    structure, _, _, averages = grouped([1, 0.5, 2], 3, 0.0, np.random.default_rng(0))
    assert close_modes.same_means(structure, averages.class_frequencies) == []


@pytest.mark.parametrize("single", [True, False])
def test_rounding_makes_singular_values_up_to_its_level(single):
    """A class that is the mean of two others adds no mode; the singular value that it seems to have is rounding."""
    generator = np.random.default_rng(0)
    images = generator.random((2, WIDTH)) + (1 if single else 1e7)
    whole = np.stack([images[0], images[1], images.mean(axis=0)])
    given = whole.astype(np.float32).astype(float) if single else whole
    centred = given - given.mean(axis=0)
    values = np.linalg.svd(centred / 3, compute_uv=False)
    level = rounding_level((3, WIDTH), float(np.sqrt((given**2).sum(axis=1).mean())), single)
    assert 0 < values[1] < level < 1e-3 * values[0]
