"""The competition between frequencies, solved with one clock per mode, is the gradient flow (Eqs. 23 and 24)."""

import numpy as np
import pytest

from learning_dynamics.theory import competition, gradient_flow, sigmoid
from theory.data_sets import (
    PURE_COSINES,
    SUMS_OF_COSINES,
    aligned_cnn_weights,
    cnn_weights,
    competing_modes,
    cosines,
    random_images,
)

SIDES = sorted(SUMS_OF_COSINES)
RATE = 1e-3


def long_enough(data, std):
    strongest = np.abs(data.right_spectra).max(axis=(1, 2))
    slowest = (data.side * strongest * data.singular_values).min()
    return np.linspace(0, (15 - np.log(std)) / (slowest * RATE), 40)


def flow(data, starts, samples):
    return gradient_flow.linear_cnn_flow(
        starts, data.correlations, data.structure, RATE, samples, relative_tolerance=1e-10
    )


def kernel_of_mode(data, solution, trial, mode):
    """|k̂_l| of the flow at the frequencies of a mode, shape (samples, frequencies)."""
    return solution.whole.kernel_magnitude[trial, :, 0][:, np.abs(data.right_spectra[mode]) > 1e-9]


@pytest.mark.parametrize("std", [1e-2, 1e-3])
@pytest.mark.parametrize("side", SIDES)
def test_closed_form_is_the_flow_from_aligned_weights(side, std):
    data = cosines(side, SUMS_OF_COSINES[side])
    samples = long_enough(data, std)
    starts = [aligned_cnn_weights(data, std, seed) for seed in range(3)]
    solution = flow(data, starts, samples)
    measured = data.effective(solution.networks)
    assert (measured[:, -1] > 0.999 * data.singular_values).all()
    for trial, start in enumerate(starts):
        for place, mode in enumerate(competing_modes(data, start)):
            clock = mode.clock(samples, RATE)
            kernel = kernel_of_mode(data, solution, trial, place)
            assert np.allclose(mode.kernel_magnitude(0.0), kernel[0], rtol=1e-12)
            assert np.abs(mode.effective_singular_value(clock) - measured[trial, :, place]).max() < 1e-6
            assert np.abs(mode.kernel_magnitude(clock) - kernel).max() < 1e-6 * kernel.max()
            assert mode.winners() == pytest.approx(kernel[-1], abs=1e-6 * kernel.max())


@pytest.mark.parametrize("side", SIDES)
def test_closed_form_describes_small_random_weights_the_better_the_smaller(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    stds = np.array([1e-2, 5e-3, 2.5e-3, 1.25e-3])
    kernel_errors, effective_errors = [], []
    for std in stds:
        samples = long_enough(data, std)
        starts = [cnn_weights(data, std, seed) for seed in range(12)]
        solution = flow(data, starts, samples)
        measured = data.effective(solution.networks)
        kernel_error, effective_error = [], []
        for trial, start in enumerate(starts):
            modes = competing_modes(data, start)
            predicted = np.concatenate([mode.winners() for mode in modes])
            final = [kernel_of_mode(data, solution, trial, place)[-1] for place in range(len(modes))]
            kernel_error.append(np.linalg.norm(np.concatenate(final) - predicted) / np.linalg.norm(predicted))
            curves = [mode.effective_singular_value(mode.clock(samples, RATE)) for mode in modes]
            effective_error.append(np.abs(np.stack(curves, axis=1) - measured[trial]).max())
        kernel_errors.append(np.median(kernel_error))
        effective_errors.append(np.median(effective_error))
    assert kernel_errors[0] < 0.02
    assert kernel_errors[-1] < 5e-4
    # a_α is off by σ² to a logarithm; a weak |k̂_l| by σ^(1 + r), r its |v̂_l| over the strongest.
    assert np.polyfit(np.log(stds), np.log(effective_errors), 1)[0] == pytest.approx(1.9, abs=0.25)
    assert np.polyfit(np.log(stds), np.log(kernel_errors), 1)[0] == pytest.approx(1.6, abs=0.25)


def test_aligned_magnitude_is_what_the_growing_part_of_random_weights_has():
    # Early on k̂ = ((k̂ + w) e^g + (k̂ − w) e^−g)/2 with g = λ n s |v̂| t; the closed form has the first part alone.
    data = cosines(8, SUMS_OF_COSINES[8])
    start = cnn_weights(data, 1e-6)
    time = 3 / (RATE * 8 * data.singular_values[-1] * np.abs(data.right_spectra[-1]).max())
    solution = flow(data, [start], np.array([0.0, time]))
    for place, mode in enumerate(competing_modes(data, start)):
        growth = 8 * mode.spectrum * RATE * mode.singular_value * time
        kernel = kernel_of_mode(data, solution, 0, place)
        growing = mode.initial * np.exp(growth)
        decaying = 2e-6 * np.exp(-growth)
        assert (np.abs(kernel[1] - growing) <= 2 * decaying + 1e-3 * growing).all()
        assert (np.abs(kernel[0] - mode.initial) > 1e-3 * kernel[0]).all()


@pytest.mark.parametrize("std", [1e-2, 1e-3])
@pytest.mark.parametrize("side", SIDES)
def test_frequencies_of_a_mode_obey_the_power_law_at_every_time(side, std):
    data = cosines(side, SUMS_OF_COSINES[side])
    solution = flow(data, [aligned_cnn_weights(data, std)], long_enough(data, std))
    for place, spectrum in enumerate(data.right_spectra):
        magnitudes = np.abs(spectrum[np.abs(spectrum) > 1e-9])
        kernel = kernel_of_mode(data, solution, 0, place)
        growth = np.log(kernel / kernel[0])
        strongest = magnitudes.argmax()
        assert growth[-1, strongest] > 0.5
        assert np.allclose(growth, growth[:, [strongest]] * magnitudes / magnitudes[strongest], atol=1e-5)


@pytest.mark.parametrize("side", SIDES)
def test_final_clock_is_the_clock_after_a_long_time(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    for std in (1e-4, 1e-2, 3.0):
        for mode in competing_modes(data, aligned_cnn_weights(data, std)):
            above = mode.effective_singular_value(0.0) > mode.singular_value
            assert above == (std == 3.0), "weights that large shrink, and the clock runs backwards"
            assert (mode.final_clock() < 0) == above
            clock = mode.clock(long_enough(data, 1e-4) * (1 if std < 1 else 3), RATE)
            assert clock[-1] == pytest.approx(mode.final_clock(), rel=1e-7)


@pytest.mark.parametrize("std", [1e-6, 1e-2, 3.0])
@pytest.mark.parametrize("side", SIDES)
def test_winners_satisfy_the_sum_of_equation_s73(side, std):
    data = cosines(side, SUMS_OF_COSINES[side])
    for place, mode in enumerate(competing_modes(data, cnn_weights(data, std))):
        magnitudes = np.abs(data.right_spectra[place][np.abs(data.right_spectra[place]) > 1e-9])
        total = (magnitudes * mode.winners() ** 2).sum()
        assert side * data.in_modes[place] * total == pytest.approx(data.singular_values[place], rel=1e-9)


def test_a_mode_that_starts_at_its_singular_value_stays():
    spectrum, initial = np.array([0.5, 0.5, 0.2]), np.array([0.3, 0.3, 0.1])
    there = 8 * 2.0 * (spectrum * initial**2).sum()
    mode = competition.Mode(there, 2.0, spectrum, initial, 8)
    assert mode.final_clock() == pytest.approx(0, abs=1e-12)
    assert mode.winners() == pytest.approx(initial)


@pytest.mark.parametrize("side", sorted(PURE_COSINES))
def test_a_mode_of_one_frequency_is_equation_22(side):
    data = cosines(side, PURE_COSINES[side])
    samples = long_enough(data, 1e-3)
    factors = sigmoid.structural_factor(data.right_images[:, 0])
    for mode, factor in zip(competing_modes(data, aligned_cnn_weights(data, 1e-3)), factors, strict=True):
        start = mode.effective_singular_value(0.0)
        expected = sigmoid.effective_singular_value(samples, start, mode.singular_value, RATE * side * factor)
        measured = mode.effective_singular_value(mode.clock(samples, RATE))
        assert np.allclose(measured, expected, rtol=1e-7)


@pytest.mark.parametrize("side", SIDES)
def test_winners_take_all_as_the_start_shrinks(side):
    # The share of a weaker frequency falls as σ^(1 − r), r its |v̂_l| over the strongest.
    data = cosines(side, SUMS_OF_COSINES[side])
    start = aligned_cnn_weights(data, 1.0)
    scales = np.array([1e-6, 1e-9, 1e-12])
    for mode in competing_modes(data, start):
        shrunk = [
            competition.Mode(mode.singular_value, mode.input_correlation, mode.spectrum, scale * mode.initial, side)
            for scale in scales
        ]
        winners = np.stack([one.winners() for one in shrunk])
        strongest = mode.spectrum.argmax()
        exponents = np.polyfit(np.log(scales), np.log(winners / winners[:, [strongest]]), 1)[0]
        assert exponents == pytest.approx(1 - mode.spectrum / mode.spectrum[strongest], abs=0.02)


def test_disjoint_frequencies():
    assert competition.frequencies_are_disjoint(cosines(8, SUMS_OF_COSINES[8]).right_spectra)
    assert competition.frequencies_are_disjoint(cosines(7, PURE_COSINES[7]).right_spectra)
    shared = cosines(8, [[(1, 2, 1.0), (3, 1, 0.5)], [(1, 2, 0.4), (2, 2, 0.9)]])
    assert not competition.frequencies_are_disjoint(shared.right_spectra)
    assert not competition.frequencies_are_disjoint(random_images(5, 1, 3, 1).right_spectra)
