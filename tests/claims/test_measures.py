"""What all measures have in common: which trials count, and what is not measured."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest

from claims.cases import LEVELS, VECTORS, lines, slow
from claims.known_results import CNN, FCNN, results_of, wave, write_experiment
from learning_dynamics.claims.measures import MEASURES, trials
from learning_dynamics.claims.measures.registry import NotMeasuredError


def test_every_module_has_its_cases():
    for measure in MEASURES.values():
        module = measure.function.__module__.rpartition(".")[2]
        assert (Path(__file__).parent / f"test_measured_{module}.py").is_file(), module


# What needs every mode, or mode 1, of these networks.
ALL_MODES = [
    ("discovery_time_ratio", {"modes": [1]}, (CNN, FCNN)),
    ("delay_at_equal_rate", {"mode": 1}, (CNN, FCNN)),
    ("smallest_delay", {}, (CNN, FCNN)),
    ("alignment_delay", {}, (CNN,)),
    ("discovery_order", {"network": CNN}, (CNN,)),
    ("order_of_distinct_modes", {"network": CNN}, (CNN,)),
    ("early_rise", {"network": FCNN}, (FCNN,)),
    ("early_rise", {"network": CNN, "modes": [1]}, (CNN,)),
    ("transition_sharpness", {"network": CNN}, (CNN,)),
    ("transition_sharpness", {"network": FCNN, "modes": [1]}, (FCNN,)),
    ("last_discovery_ratio", {}, (CNN, FCNN)),
    ("network_delay", {"early": FCNN, "late": CNN}, (CNN, FCNN)),
    ("late_change", {"network": CNN}, (CNN,)),
    ("saturation_difference", {"first": CNN, "second": FCNN}, (CNN, FCNN)),
    ("largest_misalignment", {"network": FCNN}, (FCNN,)),
    ("misalignment_left", {"network": CNN}, (CNN,)),
    ("loss_ratio", {"first": FCNN, "second": CNN, "split": "train"}, (CNN, FCNN)),
    ("test_loss_rise", {"network": CNN}, (CNN,)),
    ("gap_at_equal_train_loss", {"first": FCNN, "second": CNN}, (CNN, FCNN)),
    ("share_of_dominant", {"when": "end"}, (CNN,)),
    ("share_of_dominant", {"when": "discoveries"}, (CNN,)),
    ("number_of_dominant", {"when": "end"}, (CNN,)),
    ("number_of_dominant", {"when": "discoveries"}, (CNN,)),
    ("winners_error", {}, (CNN,)),
    ("winners_and_start", {"mode": 0}, (CNN,)),
    ("growth_rates", {}, (CNN,)),
    ("early_advantage", {}, (CNN,)),
    ("leader_stays", {"mode": 0, "leader": "any"}, (CNN,)),
    ("some_leader_stays", {"leader": "not-constant"}, (CNN,)),
    ("minimal_norm_deviation", {"condition": "norms"}, (CNN,)),
    ("norm_over_least", {}, (CNN,)),
    ("balance", {"mode": 1, "share": 0.5, "frequencies": "all"}, (CNN,)),
    ("balance_order", {"early": 0, "late": 2}, (CNN,)),
    ("share_in_structure", {"network": CNN}, (CNN,)),
    ("share_in_structure", {"network": FCNN}, (FCNN,)),
]
# What needs mode 0 alone.
MODE_0 = [
    ("sigmoid_error", {"network": FCNN}, FCNN),
    ("sigmoid_error_of_mean", {"network": FCNN}, FCNN),
    ("flow_error_of_mean", {"network": CNN}, CNN),
    ("closed_form_against_flow", {"variable": "competition"}, CNN),
    ("loss", {"network": CNN, "split": "train", "sample": 50}, CNN),
    ("loss", {"network": FCNN, "split": "test", "sample": 50}, FCNN),
    ("share_learned", {"network": CNN, "sample": 25, "modes": [1]}, CNN),
]
LATE = [(*one[:2], network, 1) for one in ALL_MODES for network in one[2]] + [(*one, 0) for one in MODE_0]


def test_every_measure_of_trainings_says_which_modes_it_needs():
    of_trainings = {
        name
        for name, one in MEASURES.items()
        if one.function.__module__.rpartition(".")[2] in ("trajectories", "frequencies", "weights", "losses")
    }
    assert {name for name, *_ in LATE} == of_trainings


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    """``slow``, made once for each network, number of trials and mode."""
    return functools.cache(lambda *which: slow(tmp_path_factory.mktemp("late"), *which))


@pytest.mark.parametrize(("measure", "arguments", "network", "mode"), LATE)
def test_a_trial_without_the_discovery_has_no_value(late, measure, arguments, network, mode):
    values = MEASURES[measure].function(late(network, 10, mode), "known", **arguments)
    missing = np.isnan(values.reshape(10, -1))
    assert missing.all(axis=1).tolist() == missing.any(axis=1).tolist() == [False] * 9 + [True]


@pytest.mark.parametrize(("measure", "arguments", "network", "mode"), LATE)
def test_more_than_a_tenth_without_the_discovery_is_not_measured(late, measure, arguments, network, mode):
    with pytest.raises(NotMeasuredError, match=rf"{network} on known: mode {mode} was not .* in 1 of 9 trials"):
        MEASURES[measure].function(late(network, 9, mode), "known", **arguments)


@pytest.mark.parametrize(("measure", "arguments", "network"), MODE_0)
def test_other_modes_than_the_first_may_be_late(late, measure, arguments, network):
    values = MEASURES[measure].function(late(network, 2, 1), "known", **arguments)
    assert np.isfinite(values).all()


def test_how_much_is_learned_is_measured_however_little(late):
    values = MEASURES["share_learned"].function(late(CNN, 2, 1), "known", CNN, sample=60)
    assert values == pytest.approx([0.5, 1e-3])


def test_what_was_not_run_is_not_measured(tmp_path):
    found = write_experiment(
        tmp_path,
        "known",
        singular_values=LEVELS,
        vectors=VECTORS,
        trajectories={CNN: {"effective_singular_values": np.ones((1, 11, 4, 4))}},
    )
    for measure, arguments, reason in (
        ("share_of_dominant", {"experiment": "other", "when": "end"}, "the experiment other was not run"),
        ("smallest_delay", {"experiment": "known"}, "the experiment known has no linear_fcnn"),
        ("network_delay", {"experiment": "known", "early": CNN, "late": "deep_relu_cnn"}, "known has no deep_relu_cnn"),
        ("speed_up", {}, "scaling/side was not run"),
        ("variant_difference", {"variant": "zero", "mode": 0}, "variants/circular was not run"),
        ("coupling", {"experiment": "other"}, "the experiment other was not run"),
    ):
        with pytest.raises(NotMeasuredError, match=reason):
            MEASURES[measure].function(results_of(found), **arguments)


BOTH = [(measure, arguments) for measure, arguments, networks in ALL_MODES if len(networks) > 1]


@pytest.mark.parametrize("missing", [CNN, FCNN])
@pytest.mark.parametrize(("measure", "arguments"), BOTH)
def test_what_compares_networks_needs_both(late, measure, arguments, missing):
    (found,) = late(CNN, 2, 1).experiments.values()
    files = {network: files for network, files in found.trajectory_files.items() if network != missing}
    one = results_of(dataclasses.replace(found, trajectory_files=files))
    with pytest.raises(NotMeasuredError, match=f"the experiment known has no {missing}"):
        MEASURES[measure].function(one, "known", **arguments)


ALONE = [(*one[:2], one[2][0]) for one in ALL_MODES if len(one[2]) == 1]


@pytest.mark.parametrize(("measure", "arguments", "network"), ALONE + MODE_0)
def test_what_is_about_a_network_needs_it(late, measure, arguments, network):
    (found,) = late(CNN, 2, 1).experiments.values()
    other = results_of(dataclasses.replace(found, trajectory_files={"deep_relu_cnn": []}))
    with pytest.raises(NotMeasuredError, match=f"the experiment known has no {network}"):
        MEASURES[measure].function(other, "known", **arguments)


def test_a_rise_that_the_run_cuts_off_has_no_sharpness(tmp_path):
    with pytest.raises(NotMeasuredError, match=r"mode 1 was not learned to 0\.9 of its singular value in 1 of 2"):
        MEASURES["transition_sharpness"].function(slow(tmp_path, CNN, 2, time=98), "known", CNN, [1])


def test_a_balance_counts_from_its_own_share(tmp_path):
    """Mode 1 passes half of s_1 at 98, and nine tenths after the end."""
    results, arguments = slow(tmp_path, CNN, 2, time=98), {"mode": 1, "frequencies": "all"}
    assert np.isfinite(MEASURES["balance"].function(results, "known", share=0.5, **arguments)).all()
    with pytest.raises(NotMeasuredError, match=r"mode 1 was not learned to 0\.9 of its singular value in 1 of 2"):
        MEASURES["balance"].function(results, "known", share=0.9, **arguments)


def test_a_record_after_the_end_of_the_run_is_not_there(tmp_path):
    results = slow(tmp_path, CNN, 2, time=60)
    for measure, arguments in (("loss", {"split": "train"}), ("share_learned", {})):
        assert np.isfinite(MEASURES[measure].function(results, "known", CNN, sample=100, **arguments)).all()
        with pytest.raises(NotMeasuredError, match="the run ends after 100 samples, before 101"):
            MEASURES[measure].function(results, "known", CNN, sample=101, **arguments)


@pytest.mark.parametrize("mode", [-1, 3])
def test_a_mode_that_is_not_there_is_named(tmp_path, mode):
    results = results_of(lines(tmp_path))
    for measure, arguments in (
        ("discovery_time_ratio", {"modes": [0, mode]}),
        ("delay_at_equal_rate", {"mode": mode}),
        ("early_rise", {"network": CNN, "modes": [mode]}),
        ("share_learned", {"network": CNN, "sample": 50, "modes": [mode]}),
    ):
        with pytest.raises(NotMeasuredError, match=f"known has the modes 0 to 2, and no mode {mode}"):
            MEASURES[measure].function(results, "known", **arguments)


def test_a_network_that_has_learned_nothing_is_not_measured(tmp_path):
    flat = np.zeros((2, 101, 2, 2))
    theory = {CNN: {"effective_singular_values": flat, "sigmoid": np.zeros((2, 101, 2))}}
    found = write_experiment(
        tmp_path,
        "known",
        singular_values=(2.0, 1.0),
        vectors=[wave(4, {(0, 0): 1.0}), wave(4, {(0, 1): 1.0})],
        trajectories={CNN: {"effective_singular_values": flat + 1e-3 * np.eye(2)}},
        theory=theory,
    )
    for measure, arguments in (
        ("sigmoid_error", {"network": CNN}),
        ("sigmoid_error_of_mean", {"network": CNN}),
        ("flow_error_of_mean", {"network": CNN}),
        ("closed_form_against_flow", {"variable": "sigmoid"}),
        ("loss", {"network": CNN, "split": "train", "sample": 50}),
        ("share_learned", {"network": CNN, "sample": 50}),
    ):
        with pytest.raises(NotMeasuredError, match="mode 0 was not discovered in 2 of 2 trials"):
            MEASURES[measure].function(results_of(found), "known", **arguments)


def test_a_measure_cannot_be_altered():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MEASURES["loss"].statistic = None


def test_a_tenth_of_the_trials_may_be_without_for_each_mode():
    there = np.ones((10, 2), dtype=bool)
    there[0, 0] = there[1, 1] = False
    assert trials.enough(there, "of it", "seen").tolist() == [False, False] + [True] * 8
    there[2, 1] = False
    with pytest.raises(NotMeasuredError, match="of it: mode 5 was not seen in 2 of 10 trials"):
        trials.enough(there, "of it", "seen", [2, 5])


def test_the_record_of_a_time_is_the_first_that_is_not_before_it():
    samples = np.array([0.0, 5.0, 10.0])
    assert trials.records_at(samples, np.array([0.0, 0.1, 5.0, 5.1, 10.0, np.nan])).tolist() == [0, 1, 1, 2, 2, 2]


def test_only_some_trials_keep_their_values():
    values = trials.only(np.array([True, False]), np.ones((2, 3, 4)))
    assert np.isnan(values).all(axis=(1, 2)).tolist() == [False, True]
    assert np.isfinite(values[0]).all()
