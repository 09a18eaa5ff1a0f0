"""Every measure of the runs beyond the paper's experiments gives the value that was put into the files."""

import numpy as np
import pytest
import xarray as xr

from claims.cases import LEVELS, PART, Cases, check, straight_lines
from claims.known_results import CNN, FCNN, diagonal, write_extension
from learning_dynamics.claims.measures import MEASURES, Results, beyond
from learning_dynamics.claims.measures.registry import NotMeasuredError
from learning_dynamics.extensions.scaling.files import side_dataset

CASES = Cases(beyond)
case = CASES.of

# The speed-up n c_α of modes with c = 1 and 1/2 at n = 4 and 8.
SIDES, FACTORS = (4, 8), np.array([[1.0, 0.5], [1.0, 0.5]])


def side_file(measured):
    """The project's file over sides from discovery times (network, seed, side, mode)."""
    measured = np.asarray(measured, dtype=float)
    start, levels = np.full(measured.shape, 0.1), np.ones((2, 2))
    return side_dataset(
        SIDES, measured=measured, predicted=measured**2, initial=start, singular_values=levels, factors=FACTORS
    )


def scaling(folder, measured):
    return write_extension(folder, "scaling/side", side_file(measured))


@case("speed_up")
def farthest_from_one_as_a_ratio(folder):
    ratios = np.array([[[1.0, 1.2], [0.75, 1.3]], [[0.9, 1.4], [0.8, 0.7]]])  # seed, side, mode
    cnn = np.array([[[3.0, 5.0], [7.0, 11.0]], [[2.0, 9.0], [4.0, 6.0]]])
    results = scaling(folder, [cnn, cnn * ratios * np.array(SIDES)[:, None] * FACTORS])
    return results, {}, [0.75, 0.7]


POWERS = np.array([[[-2.0, -1.0], [-1.5, -1.5]], [[0.5, 1.5], [2.0, 4.0]]])  # network, seed, mode


def slopes(folder):
    return scaling(folder, np.array(SIDES, dtype=float)[:, None] ** POWERS[:, :, None])


@case("scaling_value")
def of_what_is_selected_mean_over_the_rest(folder):
    arguments = {"parameter": "side", "variable": "slope", "select": {"network": FCNN}}
    return slopes(folder), arguments, [1.0, 3.0]


@case("scaling_value")
def of_all_if_nothing_is_selected(folder):
    return slopes(folder), {"parameter": "side", "variable": "slope"}, [-0.25, 0.75]


@case("scaling_value")
def only_of_trials_that_find_every_mode(folder):
    """One does not with the FCNN, at one side, which is nothing to the CNN."""
    times = np.array(SIDES, dtype=float)[:, None] ** POWERS[:, :, None]
    times[1, 0, 1, 0] = np.nan
    file = side_file(times)
    # There is a number all the same.
    file["slope"] = xr.full_like(file["slope"], 3.0)
    arguments = {"parameter": "side", "variable": "slope"}
    results = write_extension(folder, "scaling/side", file)
    of_cnn = MEASURES["scaling_value"].function(results, **arguments, select={"network": CNN})
    assert of_cnn.tolist() == [3.0, 3.0]
    return results, arguments, [np.nan, 3.0]


def variants(folder, runs="variants", **datasets):
    """Files of variants by name."""
    parts = [write_extension(folder, f"{runs}/{name}", dataset) for name, dataset in datasets.items()]
    return Results({}, {name: path for part in parts for name, path in part.extensions.items()})


@case("flipped_kernel_difference")
def from_the_kernel_with_both_indices_negated(folder):
    """The third trial does not find every mode."""
    kernel = np.arange(27.0).reshape(3, 3, 3) ** 2
    index = -np.arange(3) % 3
    flipped = kernel[:, index][:, :, index].copy()
    norms = np.sqrt((kernel**2).sum(axis=(1, 2)))
    flipped[0, 1, 2] += 0.3 * norms[0]
    flipped[1, 0, 1] -= 0.1 * norms[1]
    files = {
        name: xr.Dataset(
            {
                "final_kernel": (("seed", "kernel", "row", "column"), np.stack([values, values + 5], axis=1)),
                "discovery_time": (("seed", "mode"), np.ones((3, 3))),
            }
        )
        for name, values in (("circular", kernel), ("correlation", flipped))
    }
    return variants(folder, **files), {}, [0.3, 0.1, 0.0]


def padded(folder, runs="variants"):
    reference = straight_lines([[20, 40, 60], [30, 50, 70]], 10)[..., :2, :2]
    other = reference + 9 * (1 - np.eye(2))
    shares = np.array([[0.1, 0.3], [-0.5, 0.2]])
    other[:, 40:65] += diagonal(shares * LEVELS[:2])[:, None]
    files = {
        name: xr.Dataset(
            {
                "effective_singular_values": (("seed", "sample", "left_mode", "right_mode"), omega),
                "singular_values": (("mode",), np.array(levels)),
                "discovery_time": (("seed", "mode"), np.ones((2, 2))),
            }
        )
        for name, omega, levels in (("circular", reference, LEVELS[:2]), ("zero", other, (9.0, 9.0)))
    }
    return variants(folder, runs, **files)


@case("variant_difference")
def root_mean_square_in_time_of_the_first_mode(folder):
    return padded(folder), {"variant": "zero", "mode": 0}, [0.1 * PART, 0.5 * PART]


@case("variant_difference")
def root_mean_square_in_time_of_the_second_mode(folder):
    return padded(folder), {"variant": "zero", "mode": 1}, [0.3 * PART, 0.2 * PART]


@case("variant_difference")
def of_the_runs_asked_for(folder):
    arguments = {"variant": "zero", "mode": 0, "runs": "zero_padding"}
    return padded(folder, "zero_padding"), arguments, [0.1 * PART, 0.5 * PART]


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    check(measure, known, tmp_path)


def test_every_measure_has_a_case():
    assert CASES.covered == CASES.measures


def test_what_a_file_does_not_hold_is_not_measured(tmp_path):
    with pytest.raises(NotMeasuredError, match="the scaling runs hold no 'height'"):
        MEASURES["scaling_value"].function(slopes(tmp_path), "side", "height")
    for mode in (-1, 2):
        with pytest.raises(NotMeasuredError, match=f"variants have 2 modes, and no mode {mode}"):
            MEASURES["variant_difference"].function(padded(tmp_path), "zero", mode)


def unequal(folder, trials, mode):
    """Variants of which one trial, the last, does not find a mode; all numbers are random."""
    generator = np.random.default_rng(0)
    times = np.ones((trials, 2))
    times[-1, mode] = np.nan
    files = {
        name: xr.Dataset(
            {
                "final_kernel": (("seed", "kernel", "row", "column"), generator.random((trials, 1, 3, 3))),
                "effective_singular_values": (
                    ("seed", "sample", "left_mode", "right_mode"),
                    generator.random((trials, 5, 2, 2)),
                ),
                "singular_values": (("mode",), np.ones(2)),
                # Of the reference alone it counts.
                "discovery_time": (("seed", "mode"), found),
            }
        )
        for name, found in (
            ("circular", times),
            ("correlation", np.full((trials, 2), np.nan)),
            ("zero", np.full((trials, 2), np.nan)),
        )
    }
    return variants(folder, **files)


ON_A_MODE = [("flipped_kernel_difference", {}, 0), ("flipped_kernel_difference", {}, 1)]
ON_A_MODE += [("variant_difference", {"variant": "zero", "mode": mode}, mode) for mode in (0, 1)]


@pytest.mark.parametrize(("measure", "arguments", "mode"), ON_A_MODE)
def test_a_trial_in_which_the_reference_misses_a_mode_has_no_value(tmp_path, measure, arguments, mode):
    values = MEASURES[measure].function(unequal(tmp_path, 10, mode), **arguments)
    assert np.isnan(values).tolist() == [False] * 9 + [True]
    with pytest.raises(NotMeasuredError, match=f"circular: mode {mode} was not discovered in 1 of 9 trials"):
        MEASURES[measure].function(unequal(tmp_path, 9, mode), **arguments)


def test_only_the_mode_that_is_measured_must_be_found(tmp_path):
    values = MEASURES["variant_difference"].function(unequal(tmp_path, 2, 1), "zero", 0)
    assert np.isfinite(values).all()
