"""The sigmoidal trajectories of pure cosines are the gradient flow from aligned weights (Eq. 22, App. H)."""

import numpy as np
import pytest

from learning_dynamics.engines import linear_fcnn
from learning_dynamics.theory import gradient_flow, sigmoid
from theory.data_sets import PURE_COSINES, aligned_cnn_weights, cosines, fcnn_weights, random_images

SIDES = sorted(PURE_COSINES)
RATE = 1e-3


def structural_factor(data):
    return sigmoid.structural_factor(data.right_images[:, 0])


def until_all_are_found(data, rate):
    """Times by which also the slowest mode is found."""
    return np.linspace(0, 25 / (2 * np.min(rate * data.singular_values)), 60)


def cnn_case(side, std=1e-2):
    """Data, a_α(t) of the flow of three aligned CNNs, and the times and rates of Eq. 22."""
    data = cosines(side, PURE_COSINES[side])
    rate = RATE * side * structural_factor(data)
    samples = until_all_are_found(data, rate)
    starts = [aligned_cnn_weights(data, std, seed) for seed in range(3)]
    solution = gradient_flow.linear_cnn_flow(
        starts, data.correlations, data.structure, RATE, samples, relative_tolerance=1e-10
    )
    return data, data.effective(solution.networks), samples, rate


@pytest.mark.parametrize("side", SIDES)
def test_structural_factor_is_one_for_self_conjugate_frequencies_only(side):
    data = cosines(side, PURE_COSINES[side])
    expected = []
    for left in data.structure.left.T:
        ((row, column, _),) = PURE_COSINES[side][np.abs(left).argmax()]
        expected.append(1 if (2 * row) % side == 0 and (2 * column) % side == 0 else 0.5**0.5)
    assert 1 in expected
    assert 0.5**0.5 in expected
    assert structural_factor(data) == pytest.approx(expected)


@pytest.mark.parametrize("side", SIDES)
def test_cnn_flow_from_aligned_weights_is_equation_22(side):
    data, measured, samples, rate = cnn_case(side)
    predicted = sigmoid.effective_singular_value(samples[:, None], measured[:, :1], data.singular_values, rate)
    assert (measured[:, 0] < 0.1 * data.singular_values).all()
    assert (measured[:, -1] > 0.99 * data.singular_values).all()
    assert np.abs((measured - predicted) / data.singular_values).max() < 1e-5


@pytest.mark.parametrize("hidden", [4, 30])
@pytest.mark.parametrize("case", ["cosines", "colour"])
def test_fcnn_flow_from_diagonal_weights_is_equation_22_whatever_the_images(case, hidden):
    data = cosines(8, PURE_COSINES[8]) if case == "cosines" else random_images(5, 3, 4, 1)
    samples = until_all_are_found(data, RATE)
    start = 1e-3 * data.singular_values * np.arange(1, 5)
    weights = linear_fcnn.diagonal_weights(hidden, start, data.in_modes, data.structure.left, data.structure.right)
    solution = gradient_flow.linear_fcnn_flow([weights], data.correlations, RATE, samples, relative_tolerance=1e-10)
    measured = data.effective(solution.networks[0])
    assert measured[0] == pytest.approx(start, rel=1e-9)
    predicted = sigmoid.effective_singular_value(samples[:, None], start, data.singular_values, RATE)
    assert np.abs((measured - predicted) / data.singular_values).max() < 1e-6


@pytest.mark.parametrize("side", SIDES)
def test_fcnn_needs_n_times_c_as_long_as_the_cnn(side):
    data, measured, _, rate = cnn_case(side)
    half = data.singular_values / 2
    cnn = sigmoid.time_to_reach(half, measured[0, 0], data.singular_values, rate)
    fcnn = sigmoid.time_to_reach(half, measured[0, 0], data.singular_values, RATE)
    assert fcnn / cnn == pytest.approx(side * structural_factor(data))


@pytest.mark.parametrize("side", SIDES)
def test_the_flow_passes_any_value_at_the_time_of_equation_s164(side):
    data, measured, samples, rate = cnn_case(side)
    for share in (0.2, 0.5, 0.9):
        times = sigmoid.time_to_reach(share * data.singular_values, measured[:, 0], data.singular_values, rate)
        for trial, trajectory in enumerate(measured):
            # a/(s − a) grows exponentially, so that its logarithm is interpolated without error.
            odds = np.log(trajectory / (data.singular_values - trajectory).clip(1e-12))
            for mode, time in enumerate(times[trial]):
                reached = np.interp(time, samples, odds[:, mode])
                assert reached == pytest.approx(np.log(share / (1 - share)), abs=1e-4)


def test_equation_22_at_its_limits():
    values = sigmoid.effective_singular_value([0.0, 1e-9, 1e9], 1e-4, 3.0, 0.01)
    assert values == pytest.approx([1e-4, 1e-4, 3.0], rel=1e-9)
    # While small it grows exponentially, and from s_α it does not move.
    assert sigmoid.effective_singular_value(10.0, 1e-9, 3.0, 0.01) == pytest.approx(1e-9 * np.exp(0.6), rel=1e-6)
    assert sigmoid.effective_singular_value([0, 5, 50], 3.0, 3.0, 0.01) == pytest.approx(3.0)


def test_equation_22_solves_its_differential_equation():
    time, step = np.linspace(0, 400, 9), 1e-3
    around = [sigmoid.effective_singular_value(time + shift, 0.02, 2.0, 0.005) for shift in (-step, 0, step)]
    slope = (around[2] - around[0]) / (2 * step)
    assert slope == pytest.approx(2 * 0.005 * around[1] * (2.0 - around[1]), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("rate", [1e-3, 0.05])
@pytest.mark.parametrize("start", [1e-8, 1e-2])
def test_time_and_value_are_inverse(start, rate):
    reached = 3.0 * np.linspace(0.01, 0.99, 7)
    time = sigmoid.time_to_reach(reached, start, 3.0, rate)
    assert sigmoid.effective_singular_value(time, start, 3.0, rate) == pytest.approx(reached, rel=1e-10)
    assert sigmoid.time_to_reach(start, start, 3.0, rate) == 0


def test_equation_22_does_not_hold_from_random_weights():
    # What the aligned start is for: otherwise two numbers per frequency decide, and the delay is not a_α(0)'s.
    data = cosines(8, PURE_COSINES[8])
    samples = until_all_are_found(data, RATE)
    start = fcnn_weights(data, 30, 1e-2)
    measured = data.effective(gradient_flow.linear_fcnn_flow([start], data.correlations, RATE, samples).networks[0])
    positive = measured[0] > 0
    predicted = sigmoid.effective_singular_value(samples[:, None], np.abs(measured[0]), data.singular_values, RATE)
    assert positive.any()
    assert np.abs(measured - predicted)[:, positive].max() > 0.1 * data.singular_values[positive].min()
