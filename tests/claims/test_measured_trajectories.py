"""Every measure of a_α(t) and Ω(t) gives the value that was put into the files."""

import dataclasses

import numpy as np
import pytest

from claims.cases import (
    CNN_TIMES,
    COLOURS,
    LEFT,
    LEVELS,
    PART,
    SIDE,
    TIMES,
    VECTORS,
    Cases,
    check,
    lines,
    plateaus,
    straight_lines,
)
from claims.known_results import (
    CNN,
    FCNN,
    RATES,
    diagonal,
    learned,
    mirrored,
    results_of,
    rotation,
    wave,
    write_experiment,
)
from learning_dynamics.claims.measures import MEASURES, trajectories
from learning_dynamics.claims.measures.registry import NotMeasuredError

CASES = Cases(trajectories)
case = CASES.of


@case("discovery_time_ratio")
def of_one_mode(folder):
    return results_of(lines(folder)), {"experiment": "known", "modes": [1], "per": 1.5}, [60 / 20 / 1.5, 20 / 20 / 1.5]


@case("discovery_time_ratio")
def mean_over_modes(folder):
    arguments = {"experiment": "known", "modes": [0, 2]}
    return results_of(lines(folder)), arguments, [(20 / 10 + 30 / 40) / 2, (10 / 50 + 80 / 40) / 2]


@case("delay_at_equal_rate")
def times_what_the_rates_make(folder):
    rates = SIDE * RATES[CNN] / RATES[FCNN]
    return results_of(lines(folder)), {"experiment": "known", "mode": 2}, [30 / 40 * rates, 80 / 40 * rates]


@case("smallest_delay")
def over_that_of_mode_0(folder):
    # CNN over FCNN: 2, 3, 0.75 and 0.2, 1, 2.
    return results_of(lines(folder)), {"experiment": "known"}, [0.75 / 2, 1 / 0.2]


@case("alignment_delay")
def over_the_logistic_curve_of_each_mode(folder):
    """From a_α(0) = s/(1 + exp(2 λ n |v̂| s T)) a mode of one cosine passes s/2 at T."""
    levels, pairs = (20.0, 10.0), [(2, 2), (0, 1)]
    magnitudes, frequencies = (1.0, 1 / np.sqrt(2)), (1, 2)
    kernel = np.full((2, 101, 1, SIDE, SIDE), 7.0)
    for seed, aligned in enumerate([(20, 40), (10, 50)]):
        start = {(1, 1): 5.0}
        for level, pair, magnitude, count, time in zip(levels, pairs, magnitudes, frequencies, aligned, strict=True):
            first = level / (1 + np.exp(2 * RATES[CNN] * SIDE * magnitude * level * time))
            start[pair] = np.sqrt(first / (SIDE * 2 * level**2 * magnitude * count))
        kernel[seed, 0, 0] = mirrored(SIDE, start)
    measured = straight_lines([[22, 50], [15, 55]], 10)[..., :2, :2] * np.array(levels) / LEVELS[:2]
    found = write_experiment(
        folder,
        "known",
        singular_values=levels,
        vectors=[wave(SIDE, {pair: 1.0}) for pair in pairs],
        left=rotation(0.3),
        trajectories={CNN: {"effective_singular_values": measured, "kernel_magnitude": kernel}},
    )
    return results_of(found), {"experiment": "known"}, [(22 / 20 + 50 / 40) / 2, (15 / 10 + 55 / 50) / 2]


@case("discovery_order")
def least_ratio_of_neighbours(folder):
    return results_of(lines(folder)), {"experiment": "known", "network": CNN}, [30 / 60, 20 / 10]


@case("discovery_order")
def of_the_other_network(folder):
    return results_of(lines(folder)), {"experiment": "known", "network": FCNN}, [20 / 10, 20 / 50]


@case("order_of_distinct_modes")
def pairs_in_order_less_those_out_of_order(folder):
    found = lines(folder, cnn=[[20, 60, 30], [10, 20, 80], [50, 20, 40], [20, 20, 30]], fcnn=[[10, 20, 40]] * 4)
    return results_of(found), {"experiment": "known", "network": CNN}, [1 / 3, 1, -1 / 3, 2 / 3]


@case("order_of_distinct_modes")
def only_of_modes_that_are_far_apart(folder):
    # 4 and 1 alone differ by more than 2.5.
    return results_of(lines(folder)), {"experiment": "known", "network": FCNN, "apart": 2.5}, [1, -1]


# From 0.1 to 0.5 a line takes 0.4 of its width, to 0.9 twice that.
WIDTHS = [[10, 24, 40], [10, 16, 8]]


@case("early_rise")
def from_a_tenth_to_half(folder):
    arguments = {"experiment": "known", "network": CNN, "modes": [0, 1]}
    return results_of(lines(folder, widths=WIDTHS)), arguments, [4 / 20, 4 / 10]


@case("early_rise")
def largest_of_all_modes(folder):
    return results_of(lines(folder, widths=WIDTHS)), {"experiment": "known", "network": CNN}, [16 / 30, 4 / 10]


@case("transition_sharpness")
def largest_of_the_modes_asked_for(folder):
    arguments = {"experiment": "known", "network": CNN, "modes": [0, 1]}
    return results_of(lines(folder, widths=WIDTHS)), arguments, [8 / 20, 8 / 10]


@case("transition_sharpness")
def from_a_tenth_to_nine(folder):
    return results_of(lines(folder, widths=WIDTHS)), {"experiment": "known", "network": CNN}, [32 / 30, 8 / 10]


@case("last_discovery_ratio")
def last_of_each_network(folder):
    return results_of(lines(folder)), {"experiment": "known"}, [60 / 40, 80 / 50]


@case("network_delay")
def late_over_early(folder):
    arguments = {"experiment": "known", "early": FCNN, "late": CNN}
    return results_of(lines(folder)), arguments, [30 / 40, 10 / 50]


@case("late_change")
def from_the_last_tenth_but_one_to_the_last(folder):
    values = np.full((2, 101, 3), 50.0)
    values[0, 81:91], values[0, 91:] = [4.0, 1.8, 1.0], [3.6, 2.2, 1.1]
    values[1, 81:91], values[1, 91:] = [4.0, 2.0, 0.7], [4.0, 2.0, 0.4]
    # One record more or less, on either side, has another mean.
    for first, last in ((81, 90), (91, 100)):
        values[:, first] += 10
        values[:, last] -= 10
    found = plateaus(folder, values, np.zeros_like(values))
    return results_of(found), {"experiment": "known", "network": CNN}, [0.4 / 2, 0.3]


@case("late_change")
def of_the_last_two_of_five_records(folder):
    values = np.zeros((1, 5, 3))
    values[0, 3], values[0, 4] = [4.0, 1.0, 1.0], [3.0, 1.1, 1.0]
    return results_of(plateaus(folder, 9 * values, values)), {"experiment": "known", "network": FCNN}, [1 / 4]


@case("saturation_difference")
def of_the_means_of_the_last_ten_of_101_records(folder):
    first, second = np.zeros((2, 2, 101, 3))
    first[:, :91], second[:, :91] = 50, -50
    first[:, 91:] = [[[4.0, 2.2, 0.9]], [[3.6, 2.0, 1.0]]]
    second[:, 91:] = [[[4.0, 2.0, 1.0]], [[4.0, 2.0, 0.95]]]
    # Eleven records or nine would have another mean, and so would the last alone.
    first[:, 91], first[:, 100] = first[:, 91] + 10, first[:, 100] - 10
    arguments = {"experiment": "known", "first": CNN, "second": FCNN}
    return results_of(plateaus(folder, first, second)), arguments, [0.2 / 2, 0.4 / 4]


@case("saturation_difference")
def of_the_last_of_five_records(folder):
    first, second = np.zeros((2, 1, 5, 3))
    first[:, -1], second[:, -1] = [4.0, 2.0, 0.7], [4.1, 2.0, 1.0]
    arguments = {"experiment": "known", "first": FCNN, "second": CNN}
    return results_of(plateaus(folder, first, second)), arguments, [0.3]


def shares(folder):
    """Values in the record at 30 and others in those beside it."""
    values = np.zeros((2, 11, 3))
    values[:, 3] = [[3.0, 1.0, 0.9], [2.0, 1.9, 0.3]]
    values[:, 4], values[:, 2] = 0.1, 9.0
    return results_of(plateaus(folder, values, np.ones_like(values)))


@case("share_learned")
def least_of_the_modes_at_the_nearest_record(folder):
    return shares(folder), {"experiment": "known", "network": CNN, "sample": 28}, [0.5, 0.3]


@case("share_learned")
def of_one_mode_at_the_nearest_record(folder):
    return shares(folder), {"experiment": "known", "network": CNN, "sample": 33, "modes": [0]}, [3 / 4, 2 / 4]


def misaligned(folder, records, peaks):
    """Ω of a CNN that has every mode, with some elements off the diagonal, by (seed, record, row, column)."""
    omega = diagonal(np.full((1 + max(place[0] for place in peaks), records, 4), 50.0))
    omega[:, :, 3, :3] = omega[:, :, :3, 3] = 40.0  # of a mode that cannot be discovered
    for place, value in peaks.items():
        omega[place] = value
    trajectories = {CNN: {"effective_singular_values": omega}}
    return results_of(
        write_experiment(folder, "known", singular_values=LEVELS, vectors=VECTORS, left=LEFT, trajectories=trajectories)
    )


@case("largest_misalignment")
def at_any_time_relative_to_both_levels(folder):
    peaks = {(0, 3, 0, 1): 0.6, (0, 5, 2, 0): -0.9, (0, 9, 1, 2): 0.1, (1, 2, 1, 2): 0.5, (1, 4, 0, 1): -0.2}
    # Over √8, √4 and √2.
    return misaligned(folder, 11, peaks), {"experiment": "known", "network": CNN}, [0.45, 0.5 / np.sqrt(2)]


@case("misalignment_left")
def largest_of_the_last_ten_of_101_records_over_the_largest_rise(folder):
    """From 0.3 to 0.8, from 0 to 0.9, and not at all, which is no number."""
    peaks = {(0, 0, 2, 1): 0.3, (0, 3, 0, 1): 0.8, (0, 90, 0, 1): 0.7, (0, 91, 2, 0): -0.2, (0, 99, 1, 2): 0.1}
    peaks |= {(1, 91, 0, 2): 0.3, (1, 90, 2, 0): 0.9, (2, 0, 0, 1): 0.5, (2, 95, 0, 1): 0.1}
    return misaligned(folder, 101, peaks), {"experiment": "known", "network": CNN}, [0.2 / 0.5, 0.3 / 0.9, np.inf]


@case("misalignment_left")
def in_the_last_of_five_records(folder):
    peaks = {(0, 4, 0, 1): 0.2, (0, 3, 0, 1): 0.5, (1, 4, 1, 0): 0.3}
    return misaligned(folder, 5, peaks), {"experiment": "known", "network": CNN}, [0.4, 1.0]


# Eq. 22 with the levels and rates of the sigmoids below: n = 4, c_0 = 1, c_1 = 1/√2.
STEEP = np.array([40.0, 20.0])
START = np.array([0.4, 0.1])


def logistic(rates):
    return STEEP / (1 + (STEEP / START - 1) * np.exp(-2 * np.array(rates) * STEEP * TIMES[:, None]))


SIGMOIDS = {CNN: logistic([0.001 * 4, 0.001 * 4 / np.sqrt(2)]), FCNN: logistic([0.003, 0.003])}


def sigmoids(folder, network, deviations, vectors=VECTORS[:2]):
    """a_α(t) that follow Eq. 22 but for a share of s_α, (seeds, modes), in 25 of the 101 records, not the first."""
    measured = np.repeat(SIGMOIDS[network][None], len(deviations), axis=0)
    measured[:, 40:65] += (np.array(deviations) * STEEP)[:, None]
    trajectories = {network: {"effective_singular_values": diagonal(measured)}}
    return results_of(
        write_experiment(
            folder, "known", singular_values=STEEP, vectors=vectors, left=rotation(0.3), trajectories=trajectories
        )
    )


@case("sigmoid_error")
def of_the_cnn_largest_mode(folder):
    results = sigmoids(folder, CNN, [[0.1, 0.3], [-0.5, 0.2]])
    return results, {"experiment": "known", "network": CNN}, [0.3 * PART, 0.5 * PART]


@case("sigmoid_error")
def of_the_fcnn_largest_mode(folder):
    results = sigmoids(folder, FCNN, [[0.1, 0.3], [-0.5, 0.2]])
    return results, {"experiment": "known", "network": FCNN}, [0.3 * PART, 0.5 * PART]


def over_time(deviations):
    """Deviations (trials, modes) in 25 of the 101 records."""
    curves = np.zeros((len(deviations), 101, np.shape(deviations)[1]))
    curves[:, 40:65] = np.array(deviations)[:, None]
    return curves


@case("sigmoid_error_of_mean")
def measured_less_eq_22(folder):
    deviations = [[0.3, 0.1], [-0.1, 0.0], [0.1, -0.4]]
    return sigmoids(folder, CNN, deviations), {"experiment": "known", "network": CNN}, over_time(deviations)


SHARES = [[0.3, 0.0, 0.2], [-0.1, 0.1, 0.0], [0.1, 0.0, -0.5]]


def flows(folder):
    flow = straight_lines([[20, 40, 60], [30, 50, 70], [10, 20, 30]], 10)
    measured = flow.copy()
    measured[:, 40:65] += diagonal(np.concatenate([np.array(SHARES) * LEVELS[:3], np.ones((3, 1))], axis=1))[:, None]
    return write_experiment(
        folder,
        "known",
        singular_values=LEVELS,
        vectors=VECTORS,
        left=LEFT,
        trajectories={FCNN: {"effective_singular_values": measured}},
        theory={FCNN: {"effective_singular_values": flow}},
    )


@case("flow_error_of_mean")
def measured_less_flow(folder):
    return results_of(flows(folder)), {"experiment": "known", "network": FCNN}, over_time(SHARES)


@case("flow_error_of_mean")
def each_seed_with_its_own_flow_whatever_their_order(folder):
    found = flows(folder)
    files = [found.trajectory_files[FCNN][seed] for seed in (2, 0)]
    other = dataclasses.replace(found, trajectory_files={FCNN: files})
    return results_of(other), {"experiment": "known", "network": FCNN}, over_time([SHARES[2], SHARES[0]])


def closed_forms(folder):
    flow = np.repeat(SIGMOIDS[CNN][None], 2, axis=0)
    closed = {}
    for name, deviations in {"competition": [[0.1, 0.2], [-0.4, 0.3]], "sigmoid": [[0.6, 0.1], [0.0, -0.7]]}.items():
        closed[name] = flow.copy()
        closed[name][:, 40:65] += np.array(deviations)[:, None] * STEEP
    omega = diagonal(flow)
    omega[..., 0, 1] = 5.0
    return results_of(
        write_experiment(
            folder,
            "known",
            singular_values=STEEP,
            vectors=VECTORS[:2],
            trajectories={CNN: {"effective_singular_values": learned(STEEP, 2, 101)}},
            theory={CNN: {"effective_singular_values": omega, **closed}},
        )
    )


@case("closed_form_against_flow")
def of_the_competition(folder):
    return closed_forms(folder), {"experiment": "known", "variable": "competition"}, [0.2 * PART, 0.4 * PART]


@case("closed_form_against_flow")
def of_the_sigmoid(folder):
    return closed_forms(folder), {"experiment": "known", "variable": "sigmoid"}, [0.6 * PART, 0.7 * PART]


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    check(measure, known, tmp_path)


def test_every_measure_has_a_case():
    assert CASES.covered == CASES.measures


@pytest.mark.parametrize(
    ("measure", "arguments", "vectors"),
    [
        ("sigmoid_error", {"network": CNN}, VECTORS[:2, None] * COLOURS),
        ("sigmoid_error_of_mean", {"network": CNN}, [wave(SIDE, {(0, 1): 0.8, (1, 1): 0.6}), VECTORS[0]]),
    ],
)
def test_eq_22_is_for_single_cosines_in_one_channel(tmp_path, measure, arguments, vectors):
    for network in (CNN, FCNN):
        results = sigmoids(tmp_path / network, network, [[0.0, 0.0]], vectors)
        if network == CNN:
            with pytest.raises(NotMeasuredError, match=r"Eq\. 22 does not apply to known"):
                MEASURES[measure].function(results, "known", network)
        else:
            assert MEASURES[measure].function(results, "known", network).max() < 1e-12


COMMON = [wave(SIDE, {(0, 0): 0.8, (1, 1): 0.6}), wave(SIDE, {(0, 0): 0.6, (1, 1): -0.8}), *VECTORS[1:3]]


@pytest.mark.parametrize("vectors", [VECTORS[:, None] * COLOURS, np.array(COMMON)[:, None]])
def test_the_delay_of_alignment_is_for_one_channel_and_modes_that_share_no_frequency(tmp_path, vectors):
    kernel = np.ones((2, 101, *vectors.shape[1:]))
    found = lines(tmp_path, vectors=vectors, variables={CNN: {"kernel_magnitude": kernel}})
    with pytest.raises(NotMeasuredError, match="the modes of known share frequencies"):
        MEASURES["alignment_delay"].function(results_of(found), "known")


def test_what_theory_does_not_have_is_not_measured(tmp_path):
    results = results_of(lines(tmp_path, theory={CNN: {"effective_singular_values": straight_lines(CNN_TIMES, 10)}}))
    with pytest.raises(NotMeasuredError, match="'sigmoid' does not apply to known"):
        MEASURES["closed_form_against_flow"].function(results, "known", "sigmoid")
    with pytest.raises(NotMeasuredError, match="the gradient flow of known was not integrated"):
        MEASURES["flow_error_of_mean"].function(results, "known", FCNN)


def test_one_mode_has_no_order(tmp_path):
    found = write_experiment(
        tmp_path,
        "known",
        singular_values=[2.0, 0.0],
        vectors=VECTORS[:2],
        trajectories={CNN: {"effective_singular_values": learned([2.0, 0.0], 2, 11)}},
    )
    with pytest.raises(NotMeasuredError, match="known has one mode, and so no order"):
        MEASURES["discovery_order"].function(results_of(found), "known", CNN)
    with pytest.raises(NotMeasuredError, match=r"no two modes of known differ by a factor of 1\.2"):
        MEASURES["order_of_distinct_modes"].function(results_of(found), "known", CNN)


def test_two_modes_have_an_order(tmp_path):
    found = write_experiment(
        tmp_path,
        "known",
        singular_values=LEVELS[:2],
        vectors=VECTORS[:2],
        trajectories={CNN: {"effective_singular_values": straight_lines([[20, 60, 30]], 10)[..., :2, :2]}},
    )
    assert MEASURES["discovery_order"].function(results_of(found), "known", CNN) == pytest.approx([3])


def test_a_network_without_stages_has_what_the_texts_say(tmp_path):
    """One layer, a = s (1 − exp(−t/τ)): ln(0.9/0.5)/ln 2 and ln 9/ln 2."""
    values = np.array(LEVELS) * (1 - np.exp(-TIMES / 10))[:, None]
    omega = diagonal(np.stack([values, values]))
    found = write_experiment(
        tmp_path,
        "known",
        singular_values=LEVELS,
        vectors=VECTORS,
        left=LEFT,
        trajectories={CNN: {"effective_singular_values": omega}},
    )
    for measure, expected in (("early_rise", np.log(1.8) / np.log(2)), ("transition_sharpness", np.log(9) / np.log(2))):
        # Between records the curve is read as a line.
        assert MEASURES[measure].function(results_of(found), "known", CNN) == pytest.approx([expected] * 2, abs=0.01)
