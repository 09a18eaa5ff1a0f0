"""Estimates from the structure alone, where the theory knows better what they should be."""

import numpy as np
import pytest

from learning_dynamics.config import paper
from learning_dynamics.engines import linear_cnn, linear_fcnn
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import input_correlation_in_modes
from learning_dynamics.numerics.discovery import discovery_times
from learning_dynamics.theory import estimates, gradient_flow
from theory.data_sets import PURE_COSINES, SUMS_OF_COSINES, Data


def images_of(classes, side, channels=1):
    row, column = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    images = np.stack(
        [sum(a * np.cos(2 * np.pi * (row * f + column * g) / side + f) for f, g, a in cosines) for cosines in classes]
    )
    return Data(np.repeat(images[:, None], channels, axis=1), np.arange(len(images)), len(images))


def modes_of(data, smallest_mode=0.01):
    spectra = np.sqrt((np.abs(fourier.spectrum(data.right_images)) ** 2).sum(axis=1))
    in_modes = input_correlation_in_modes(data.correlations, data.structure).diagonal()
    s = data.singular_values
    power = float(np.trace(data.correlations.input))
    present = data.structure.discoverable
    return estimates.ModeStructure(s, in_modes, spectra, power, present, present & (s >= smallest_mode * s[0]))


@pytest.mark.parametrize("side", [6, 7, 8])
def test_speed_of_a_pure_cosine_is_that_of_equation_22(side):
    data = images_of(PURE_COSINES[side], side)
    rates = LinearCNN().rates(modes_of(data))
    largest = np.abs(data.right_spectra).max(axis=(-2, -1))
    assert rates == pytest.approx(side * largest)
    assert set(np.round(largest, 6)) <= {1.0, np.round(1 / np.sqrt(2), 6)}
    assert np.array_equal(LinearFCNN().rates(modes_of(data)), np.ones(len(rates)))


@pytest.mark.parametrize("network", [LinearCNN(), LinearFCNN()], ids=["linear_cnn", "linear_fcnn"])
def test_an_update_at_the_chosen_rate_is_as_large_as_wanted(network):
    data = images_of(PURE_COSINES[8], 8)
    modes = modes_of(data)
    r = network.rates(modes)
    rate = estimates.learning_rate(modes, r, 0.02)
    assert estimates.learning_rate(modes, r, 0.01) == pytest.approx(rate / 2, rel=5e-3)
    # One image per class: d_α = p s_α², so that a sample moves mode α by 2 λ r_α p s_α of its distance.
    s, classes = modes.singular_values, data.classes
    steps = np.maximum(2 * rate * r * classes * s, rate * r * modes.power / (classes * s))
    assert steps.max() == pytest.approx(0.02, rel=5e-3)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("side", [7, 8])
def test_estimated_times_are_the_flows_where_no_frequency_is_shared(side, channels):
    data = images_of(SUMS_OF_COSINES[side], side, channels)
    modes, rate = modes_of(data), 2e-3
    width, inputs = 30, channels * side**2
    estimated = {
        "linear_cnn": LinearCNN(learning_rate=rate).estimated_times(modes, inputs),
        "linear_fcnn": LinearFCNN(learning_rate=rate, hidden_units=width).estimated_times(modes, inputs),
    }
    generators = [np.random.default_rng(seed) for seed in range(8)]
    for network, times in estimated.items():
        samples = np.linspace(0, 3 * times.max(), 600)
        if network == "linear_cnn":
            starts = [linear_cnn.normal_weights(g, (data.classes, channels, side), 1e-3, 1e-3) for g in generators]
            flow = gradient_flow.linear_cnn_flow(starts, data.correlations, data.structure, rate, samples)
        else:
            wide = [linear_fcnn.normal_weights(g, data.classes, inputs, width, 1e-3) for g in generators]
            flow = gradient_flow.linear_fcnn_flow(wide, data.correlations, rate, samples)
        omega = np.einsum("stmm->stm", data.omega(flow.networks))
        found = discovery_times(samples, omega, data.singular_values)
        # A typical start, against the mean of eight: the logarithm of the start is what differs.
        assert found.mean(axis=0) == pytest.approx(times, rel=0.12), network


def test_final_kernel_is_that_of_the_winners():
    data = images_of(SUMS_OF_COSINES[8], 8)
    modes = modes_of(data)
    kernel = LinearCNN(learning_rate=1e-3).estimated_kernel(modes)
    assert np.array_equal(kernel > 0, (modes.spectra > 1e-9).any(axis=0))
    for s, d, spectrum in zip(modes.singular_values, modes.input_correlation, modes.spectra, strict=True):
        assert 8 * d * (spectrum * kernel**2).sum() == pytest.approx(s), "a_α has reached s_α"


def test_share_of_power_at_the_same_frequencies():
    disjoint = estimates.shared_power(modes_of(images_of(PURE_COSINES[8], 8)).spectra)
    assert np.allclose(disjoint, np.eye(4))
    twice = estimates.shared_power(np.stack([np.eye(4) / 2, np.eye(4) / 2, np.eye(4)[::-1] / 2]))
    assert np.allclose(twice, [[1, 1, 0], [1, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("side", [7, 8])
def test_dominant_frequencies_are_named_once_with_their_sign(side):
    row, column = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    turns = 2 * np.pi / side
    image = np.cos(turns * (row - 2 * column)) + 0.5 * np.cos(turns * 3 * row) + 0.2
    found = estimates.dominant_frequencies(np.abs(fourier.spectrum(image)), 3)
    assert {(abs(i), abs(j), np.sign(i * j)) for i, j, _ in found[:1]} == {(1, 2, -1)}
    assert abs(found[1][0]) == 3
    assert found[2][:2] == (0, 0)
    assert sum(share for *_, share in found) == pytest.approx(1)
    power = np.array([0.5, 0.125, 0.04])
    assert [share for *_, share in found] == pytest.approx(power / power.sum())


def test_paper_settings_are_left_alone():
    assert not any(experiment.automatic for experiment in paper.paper_experiments().values())
