"""Every measure gives the value that was put into the files, in the trials, modes and records where it was put.

A case chooses times, levels and weights, so that the value follows from them by arithmetic. Ratios are not 1, seeds and
modes differ, and what a measure must not look at (other records, other networks, modes with s = 0) holds other numbers.
"""

import numpy as np
import pytest
import xarray as xr

from claims.known_results import (
    CNN,
    FCNN,
    diagonal,
    learned,
    mirrored,
    ramp,
    results_of,
    rotation,
    wave,
    write_experiment,
    write_extension,
)
from learning_dynamics.claims.ledger import NotMeasuredError
from learning_dynamics.claims.measures import MEASURES, Results
from learning_dynamics.extensions.scaling.files import side_dataset
from learning_dynamics.numerics import fourier

SIDE = 4
TIMES = np.arange(101)
# Three modes that can be discovered, and a fourth with the singular value 0.
LEVELS = (4.0, 2.0, 1.0, 0.0)
VECTORS = np.array([wave(SIDE, {pair: 1.0}) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))])
LEFT = rotation(0.3, 4)
COLOURS = np.array([0.6, 0.8])[:, None, None]  # two channels, of which the root of the sum of squares is 1

CASES = []


def case(measure):
    def register(function):
        CASES.append(pytest.param(measure, function, id=f"{measure}-{function.__name__}"))
        return function

    return register


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    results, arguments, expected = known(tmp_path)
    values = MEASURES[measure](results, **arguments)
    assert values.shape == np.shape(expected)
    assert values == pytest.approx(np.array(expected), rel=1e-5, abs=1e-9)


def test_every_measure_has_a_case():
    assert {parameters.values[0] for parameters in CASES} == set(MEASURES)


def straight_lines(times, widths):
    """Ω of a network whose a_α rise along straight lines, shape (seeds, samples, 4, 4); the fourth mode is at 7."""
    times, widths = np.array(times), np.broadcast_to(widths, np.shape(times))
    values = np.full((len(times), len(TIMES), 4), 7.0)
    for (seed, mode), time in np.ndenumerate(times):
        values[seed, :, mode] = LEVELS[mode] * ramp(TIMES, time, widths[seed, mode])
    return diagonal(values)


CNN_TIMES, FCNN_TIMES = [[20, 60, 30], [10, 20, 80]], [[10, 20, 40], [50, 20, 40]]


def lines(folder, *, cnn=CNN_TIMES, fcnn=FCNN_TIMES, widths=10, **more):
    """A CNN and an FCNN that pass s_α/2 at these times, (seeds, modes)."""
    runs = {CNN: straight_lines(cnn, widths), FCNN: straight_lines(fcnn, 4)}
    trajectories = {network: {"effective_singular_values": omega} for network, omega in runs.items()}
    for network, variables in more.pop("variables", {}).items():
        trajectories[network] |= variables
    vectors = more.pop("vectors", VECTORS)
    return write_experiment(
        folder, "known", singular_values=LEVELS, vectors=vectors, left=LEFT, trajectories=trajectories, **more
    )


@case("discovery_time_ratio")
def of_one_mode(folder):
    return results_of(lines(folder)), {"experiment": "known", "modes": [1], "per": 1.5}, [60 / 20 / 1.5, 20 / 20 / 1.5]


@case("discovery_time_ratio")
def mean_over_modes(folder):
    arguments = {"experiment": "known", "modes": [0, 2]}
    return results_of(lines(folder)), arguments, [(20 / 10 + 30 / 40) / 2, (10 / 50 + 80 / 40) / 2]


@case("smallest_delay")
def over_that_of_mode_0(folder):
    # CNN over FCNN: 2, 3, 0.75 and 0.2, 1, 2.
    return results_of(lines(folder)), {"experiment": "known"}, [0.75 / 2, 1 / 0.2]


@case("discovery_order")
def least_ratio_of_neighbours(folder):
    return results_of(lines(folder)), {"experiment": "known", "network": CNN}, [30 / 60, 20 / 10]


@case("discovery_order")
def of_the_other_network(folder):
    return results_of(lines(folder)), {"experiment": "known", "network": FCNN}, [20 / 10, 20 / 50]


@case("transition_sharpness")
def largest_of_the_modes_asked_for(folder):
    found = lines(folder, widths=[[10, 24, 40], [10, 16, 8]])
    arguments = {"experiment": "known", "network": CNN, "modes": [0, 1]}
    # From 0.1 to 0.9 a line takes 0.8 of its width: 8/20 and 19.2/60; 8/10 and 12.8/20.
    return results_of(found), arguments, [8 / 20, 8 / 10]


@case("last_discovery_ratio")
def last_of_each_network(folder):
    return results_of(lines(folder)), {"experiment": "known"}, [60 / 40, 80 / 50]


@case("network_delay")
def late_over_early(folder):
    arguments = {"experiment": "known", "early": FCNN, "late": CNN}
    return results_of(lines(folder)), arguments, [30 / 40, 10 / 50]


def plateaus(folder, first, second, **more):
    """Two networks with given a_α of three modes, (seeds, samples, 3), at their levels in the first record."""
    trajectories = {}
    for network, given in ((CNN, first), (FCNN, second)):
        values = np.array(given)
        values[:, 0] = LEVELS[:3]
        fourth = np.full((*np.shape(values)[:-1], 1), 7.0)
        omega = diagonal(np.concatenate([values, fourth], axis=-1))
        trajectories[network] = {"effective_singular_values": omega, **more.pop(network, {})}
    return write_experiment(
        folder, "known", singular_values=LEVELS, vectors=VECTORS, left=LEFT, trajectories=trajectories, **more
    )


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


def losses(folder):
    """Losses t-dependent and distinct in every record, split, seed and network; records at 0, 10, … 100."""
    records = np.arange(11)
    values = np.zeros((2, 11, 3))
    curves = {
        network: {
            "train_loss": start * np.array([100 - records, 50 - records]),
            "test_loss": start * np.array([200 - records, 70 - records]),
        }
        for network, start in ((CNN, 1.0), (FCNN, 3.0))
    }
    return plateaus(folder, values, values, test=True, **curves)


@case("loss_ratio")
def at_the_end(folder):
    arguments = {"experiment": "known", "first": CNN, "second": FCNN, "split": "train"}
    return results_of(losses(folder)), arguments, [1 / 3, 1 / 3]


@case("loss_ratio")
def of_the_images_held_out(folder):
    records = np.zeros((2, 11, 3))
    curve = np.linspace(5, 1, 11)
    cnn = {"test_loss": np.array([curve, 2 * curve]), "train_loss": np.full((2, 11), 9.0)}
    fcnn = {"test_loss": np.array([curve[::-1], curve[::-1]]), "train_loss": np.full((2, 11), 8.0)}
    found = plateaus(folder, records, records, test=True, **{CNN: cnn, FCNN: fcnn})
    arguments = {"experiment": "known", "first": FCNN, "second": CNN, "split": "test"}
    return results_of(found), arguments, [5 / 1, 5 / 2]


@case("loss")
def at_the_nearest_record(folder):
    arguments = {"experiment": "known", "network": FCNN, "split": "test", "sample": 36}
    return results_of(losses(folder)), arguments, [3.0 * 196, 3.0 * 66]


@case("loss")
def of_the_images_trained_on(folder):
    arguments = {"experiment": "known", "network": CNN, "split": "train", "sample": 34}
    return results_of(losses(folder)), arguments, [97.0, 47.0]


@case("generalisation_gap")
def held_out_less_trained_on_at_the_end(folder):
    return results_of(losses(folder)), {"experiment": "known", "network": FCNN}, [300.0, 60.0]


@case("share_learned")
def least_of_the_modes_at_the_nearest_record(folder):
    values = np.zeros((2, 11, 3))
    values[:, 3] = [[3.0, 1.0, 0.9], [2.0, 1.9, 0.3]]
    values[:, 4], values[:, 2] = 0.1, 9.0
    found = plateaus(folder, values, np.ones_like(values))
    return results_of(found), {"experiment": "known", "network": CNN, "sample": 28}, [0.5, 0.3]


@case("largest_misalignment")
def at_any_time_relative_to_both_levels(folder):
    omega = diagonal(np.full((2, 11, 4), 50.0))
    omega[0, 3, 0, 1], omega[0, 5, 2, 0], omega[0, 9, 1, 2] = 0.6, -0.9, 0.1  # over √8, √4 and √2
    omega[1, 2, 1, 2], omega[1, 4, 0, 1] = 0.5, -0.2
    omega[:, :, 3, :3] = omega[:, :, :3, 3] = 40.0  # of a mode that cannot be discovered
    trajectories = {CNN: {"effective_singular_values": omega}}
    found = write_experiment(
        folder, "known", singular_values=LEVELS, vectors=VECTORS, left=LEFT, trajectories=trajectories
    )
    return results_of(found), {"experiment": "known", "network": CNN}, [0.45, 0.5 / np.sqrt(2)]


# Eq. 22 with the levels and rates of the sigmoids below: n = 4, c_0 = 1, c_1 = 1/√2.
STEEP = np.array([40.0, 20.0])
START = np.array([0.4, 0.1])


def logistic(rates):
    return STEEP / (1 + (STEEP / START - 1) * np.exp(-2 * np.array(rates) * STEEP * TIMES[:, None]))


SIGMOIDS = {CNN: logistic([0.001 * 4, 0.001 * 4 / np.sqrt(2)]), FCNN: logistic([0.003, 0.003])}


def sigmoids(folder, network, deviations):
    """a_α(t) that follow Eq. 22 but for a share of s_α, (seeds, modes), in 25 of the 101 records, not the first."""
    measured = np.repeat(SIGMOIDS[network][None], len(deviations), axis=0)
    measured[:, 40:65] += (np.array(deviations) * STEEP)[:, None]
    trajectories = {network: {"effective_singular_values": diagonal(measured)}}
    return results_of(
        write_experiment(
            folder, "known", singular_values=STEEP, vectors=VECTORS[:2], left=rotation(0.3), trajectories=trajectories
        )
    )


# The root mean square over the run of a deviation of 1 in 25 of 101 records.
PART = np.sqrt(25 / 101)


@case("sigmoid_error")
def of_the_cnn_largest_mode(folder):
    results = sigmoids(folder, CNN, [[0.1, 0.3], [-0.5, 0.2]])
    return results, {"experiment": "known", "network": CNN}, [0.3 * PART, 0.5 * PART]


@case("sigmoid_error")
def of_the_fcnn_largest_mode(folder):
    results = sigmoids(folder, FCNN, [[0.1, 0.3], [-0.5, 0.2]])
    return results, {"experiment": "known", "network": FCNN}, [0.3 * PART, 0.5 * PART]


# Of the means over the trials: 0.1; without one of them 0, 0.2 and 0.1, of which the pseudo-values are 0.3, −0.1, 0.1.
THREE_TRIALS = [[0.3, 0.0], [-0.1, 0.0], [0.1, 0.0]]


@case("sigmoid_error_of_mean")
def of_the_mean_and_scattered_as_its_pseudo_values(folder):
    results = sigmoids(folder, CNN, THREE_TRIALS)
    return results, {"experiment": "known", "network": CNN}, np.array([0.3, -0.1, 0.1]) * PART


@case("flow_error_of_mean")
def of_the_mean_of_measured_less_flow(folder):
    flow = straight_lines([[20, 40, 60], [30, 50, 70], [10, 20, 30]], 10)
    measured = flow.copy()
    for seed, (share, _) in enumerate(THREE_TRIALS):
        measured[seed, 40:65, 1, 1] -= share * LEVELS[1]
    measured[..., 3, 3] = 0
    found = write_experiment(
        folder,
        "known",
        singular_values=LEVELS,
        vectors=VECTORS,
        left=LEFT,
        trajectories={FCNN: {"effective_singular_values": measured}},
        theory={FCNN: {"effective_singular_values": flow}},
    )
    return results_of(found), {"experiment": "known", "network": FCNN}, np.array([0.3, -0.1, 0.1]) * PART


@case("closed_form_against_flow")
def largest_mode(folder):
    flow = np.repeat(SIGMOIDS[CNN][None], 2, axis=0)
    competition = flow.copy()
    competition[:, 40:65] += np.array([[0.1, 0.2], [-0.4, 0.3]])[:, None] * STEEP
    omega = diagonal(flow)
    omega[..., 0, 1] = 5.0
    found = write_experiment(
        folder,
        "known",
        singular_values=STEEP,
        vectors=VECTORS[:2],
        trajectories={CNN: {"effective_singular_values": learned(STEEP, 2, 101)}},
        theory={CNN: {"effective_singular_values": omega, "competition": competition, "sigmoid": 3 * flow}},
    )
    arguments = {"experiment": "known", "variable": "competition"}
    return results_of(found), arguments, [0.2 * PART, 0.4 * PART]


# The speed-up n c_α of modes with c = 1 and 1/2 at n = 4 and 8.
SIDES, FACTORS = (4, 8), np.array([[1.0, 0.5], [1.0, 0.5]])


def scaling(folder, measured):
    """The project's file over sides from discovery times (network, seed, side, mode)."""
    measured = np.asarray(measured, dtype=float)
    start, levels = np.full(measured.shape, 0.1), np.ones((2, 2))
    dataset = side_dataset(
        SIDES, measured=measured, predicted=measured**2, initial=start, singular_values=levels, factors=FACTORS
    )
    return write_extension(folder, "scaling/side", dataset)


@case("speed_up")
def fcnn_over_cnn_over_n_c(folder):
    ratios = np.array([[[1.0, 1.2], [0.9, 1.3]], [[0.5, 0.5], [0.7, 0.7]]])  # seed, side, mode
    cnn = np.array([[[3.0, 5.0], [7.0, 11.0]], [[2.0, 9.0], [4.0, 6.0]]])
    results = scaling(folder, [cnn, cnn * ratios * np.array(SIDES)[:, None] * FACTORS])
    return results, {}, [1.1, 0.6]


@case("scaling_value")
def of_what_is_selected_mean_over_the_rest(folder):
    powers = np.array([[[-2.0, -1.0], [-1.5, -1.5]], [[0.5, 1.5], [2.0, 4.0]]])  # network, seed, mode
    times = np.array(SIDES, dtype=float)[:, None] ** powers[:, :, None]
    arguments = {"parameter": "side", "variable": "slope", "select": {"network": FCNN}}
    return scaling(folder, times), arguments, [1.0, 3.0]


@case("scaling_value")
def of_all_if_nothing_is_selected(folder):
    powers = np.array([[[-2.0, -1.0], [-1.5, -1.5]], [[0.5, 1.5], [2.0, 4.0]]])
    times = np.array(SIDES, dtype=float)[:, None] ** powers[:, :, None]
    return scaling(folder, times), {"parameter": "side", "variable": "slope"}, [-0.25, 0.75]


def kernels(folder, magnitudes, *, vectors=VECTORS, levels=LEVELS, **more):
    """A CNN with two channels and given |k̂_l| at the end, (seeds, n, n); before they are 9 everywhere."""
    magnitudes = np.asarray(magnitudes)
    records = np.full((len(magnitudes), 6, 2, *magnitudes.shape[1:]), 9.0)
    records[:, -1] = COLOURS * magnitudes[:, None]
    omega = learned(levels, len(magnitudes), 6)
    return write_experiment(
        folder,
        "known",
        singular_values=levels,
        vectors=np.asarray(vectors)[:, None] * COLOURS,
        trajectories={CNN: {"effective_singular_values": omega, "kernel_magnitude": records}},
        **more,
    )


@case("participation")
def kernel_over_the_discoverable_modes(folder):
    # Σ_α |v̂^α_l|² is 1 at one frequency and 1/2 at four: 3²/2 share it.
    first = np.sqrt(mirrored(SIDE, {(0, 0): 5.0, (0, 1): 5.0}))
    second = np.sqrt(mirrored(SIDE, {(0, 0): 4.0, (0, 1): 1.0}))
    return results_of(kernels(folder, [first, second])), {"experiment": "known"}, [3 / 4.5, 36 / 18 / 4.5]


# In the order of |v̂|, five frequencies of which l and l* count once.
DESCENDING = [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2)]
FIVE = [wave(3, {(0, 0): 0.8, (0, 1): 0.6}), wave(3, {(1, 0): 0.9, (1, 1): 0.4, (1, 2): np.sqrt(0.03)})]


@case("rank_correlation")
def one_exchange_and_the_reverse(folder):
    order = {pair: 5.0 - rank for rank, pair in enumerate(DESCENDING)}
    first = mirrored(3, {**order, (0, 0): 4.0, (1, 0): 5.0})
    second = mirrored(3, {pair: 6 - value for pair, value in order.items()})
    # 1 − 6 Σ d²/(m (m² − 1)) with m = 5.
    found = kernels(folder, [first, second], vectors=FIVE, levels=(2.0, 1.0))
    return results_of(found), {"experiment": "known"}, [1 - 6 * 2 / 120, -1.0]


@case("rank_correlation")
def equal_magnitudes_share_their_rank(folder):
    kernel = mirrored(3, dict(zip(DESCENDING, [9.0, 8.0, 7.0, 1.0, 1.0], strict=True)))
    # Ranks 5, 4, 3, 1.5, 1.5 against 5, 4, 3, 2, 1.
    found = kernels(folder, [kernel], vectors=FIVE, levels=(2.0, 1.0))
    return results_of(found), {"experiment": "known"}, [np.sqrt(0.95)]


@case("winners_error")
def relative_over_the_frequencies_of_the_modes(folder):
    predicted = [mirrored(SIDE, {(0, 0): 3, (2, 0): 4}), mirrored(SIDE, {(0, 0): 6, (2, 0): 8})]
    measured = [
        mirrored(SIDE, {(0, 0): 3.3, (2, 0): 4.4, (1, 1): 7}),
        mirrored(SIDE, {(0, 0): 7.2, (2, 0): 6.4, (1, 1): 7}),
    ]
    theory = {CNN: {"competition_final_kernel_magnitude": predicted}}
    return results_of(kernels(folder, measured, theory=theory)), {"experiment": "known"}, [0.1, 0.2]


def spectra_in_time(folder, cnn, kernel, readout=None, vectors=VECTORS):
    """A CNN and an FCNN as in ``lines``, with |k̂_l| (seeds, samples, n, n) and |B_αl| (seeds, samples, 4, n, n)."""
    variables = {"kernel_magnitude": COLOURS * kernel[:, :, None]}
    if readout is not None:
        variables["readout_magnitude"] = readout
    return lines(
        folder, cnn=cnn, vectors=np.asarray(vectors)[:, None] * COLOURS, variables={CNN: variables}, fcnn=FCNN_TIMES
    )


@case("cascade")
def the_constant_frequency_may_lead(folder):
    return results_of(leaders(folder)), {"experiment": "known", "constant": True}, [1 / 8, 3 / 5]


@case("cascade")
def the_constant_frequency_may_not_lead(folder):
    return results_of(leaders(folder)), {"experiment": "known", "constant": False}, [6 / 8, 2 / 5]


def leaders(folder):
    """Mode 1 is found at 60.5 and 20: the records are 61 and 20."""
    kernel = np.ones((2, 101, SIDE, SIDE)) + mirrored(SIDE, {(1, 1): 50.0})
    kernel[0, 61] = mirrored(SIDE, {(0, 0): 5.0, (0, 1): 4.0, (1, 0): 3.0})
    kernel[0, -1] = mirrored(SIDE, {(0, 0): 1.0, (0, 1): 6.0, (1, 0): 8.0})
    kernel[1, 20] = mirrored(SIDE, {(0, 0): 7.0, (0, 1): 2.0, (1, 0): 3.0})
    kernel[1, -1] = mirrored(SIDE, {(0, 0): 3.0, (0, 1): 5.0, (1, 0): 2.0})
    return spectra_in_time(folder, [[20, 60.5, 30], [10, 20, 80]], kernel)


def balances(folder, share):
    """Mode 1 has two frequencies, out of balance by 0.2 and −0.5 in one seed, −0.7 and 0.1 in the other.

    It passes a quarter of s_1 at 57.5 and 17.5, between two records, and half of it at 60 and 20. At all other times,
    frequencies and modes it is out of balance by 3.
    """
    records = {0.25: (58, 18), 0.5: (60, 20)}[share]
    kernel = np.full((2, 101, SIDE, SIDE), 2.0)
    readout = np.full((2, 101, 4, SIDE, SIDE), 2 * np.exp(3))
    for seed, (strong, weak) in enumerate([(0.2, -0.5), (-0.7, 0.1)]):
        there = mirrored(SIDE, {(0, 1): strong, (1, 0): weak})
        readout[seed, records[seed], 1] = 2 * np.exp(np.where(there == 0, 3, there))
    vectors = np.array([VECTORS[0], wave(SIDE, {(0, 1): 0.8, (1, 0): 0.6}), *VECTORS[2:]])
    vectors[2] = wave(SIDE, {(0, 1): 0.6, (1, 0): -0.8})
    return spectra_in_time(folder, CNN_TIMES, kernel, readout, vectors)


@case("balance")
def of_the_strongest_frequency(folder):
    arguments = {"experiment": "known", "mode": 1, "share": 0.25, "frequencies": "strongest"}
    return results_of(balances(folder, 0.25)), arguments, [0.2, 0.7]


@case("balance")
def of_all_frequencies_of_the_mode(folder):
    arguments = {"experiment": "known", "mode": 1, "share": 0.5, "frequencies": "all"}
    return results_of(balances(folder, 0.5)), arguments, [0.5, 0.7]


@case("share_in_structure")
def of_the_kernel(folder):
    parts = np.array([[1.0, 2.0, 3.0, 5.0], [2.0, 0.0, 1.0, 1.0]])  # along the modes; the fourth has s = 0
    kernel = np.zeros((2, 3, 2, SIDE, SIDE))
    kernel[:, 1] = 1.0
    kernel[:, -1] = np.einsum("sm,mkij->skij", parts, VECTORS[:, None] * COLOURS)
    omega = learned(LEVELS, 2, 11)
    trajectories = {CNN: {"effective_singular_values": omega, "kernel": kernel}}
    found = write_experiment(
        folder,
        "known",
        singular_values=LEVELS,
        vectors=VECTORS[:, None] * COLOURS,
        trajectories=trajectories,
        snapshots=[50],
    )
    arguments = {"experiment": "known", "network": CNN}
    return results_of(found), arguments, [14 / 39, 5 / 6]


@case("share_in_structure")
def of_the_rows_of_the_first_layer(folder):
    rows = np.zeros((2, 2, 3, 1, SIDE, SIDE))
    rows[:, 0] = VECTORS[3]
    rows[0, 1, :, 0] = [2 * VECTORS[0], VECTORS[2], 3 * VECTORS[3]]
    rows[1, 1, :, 0] = [VECTORS[1], VECTORS[3], VECTORS[3]]
    trajectories = {FCNN: {"effective_singular_values": learned(LEVELS, 2, 11), "first_layer": rows}}
    found = write_experiment(folder, "known", singular_values=LEVELS, vectors=VECTORS, trajectories=trajectories)
    return results_of(found), {"experiment": "known", "network": FCNN}, [5 / 14, 1 / 3]


def interpolators(folder):
    """Weights that deviate from a minimal-norm solution in every respect, each by a number of the seed's own.

    Seed 0: |k̂_l|² of mode 1 is 1.21 times, of mode 0 0.9 times what S.73 says; |B_αl| is 1.5 |k̂_l|; the phases are off
    by 0.3; a fifth of the kernel's and a third of the readout's power lies elsewhere. Seed 1 is exact.
    """
    levels, side = np.array([2.0, 1.0]), SIDE
    pairs = [(0, 1), (1, 0)]
    left = rotation(0.3)
    outside = mirrored(side, {(1, 1): 1.0})
    kernel, readout = np.zeros((2, 2, 1, side, side)), np.full((2, 2, 2, side, side), 0.3)
    kernel[:, 0] = wave(side, {(1, 1): 1.0})
    for seed, (gains, tilt, ratio, share, other) in enumerate(
        [((0.9, 1.21), 0.3, 1.5, 0.2, 1 / 3), ((1, 1), 0, 1, 0, 0)]
    ):
        spectrum, transfer = np.zeros((side, side), complex), np.zeros((2, side, side), complex)
        for mode, (pair, gain, phase) in enumerate(zip(pairs, gains, (0.7, -1.1), strict=True)):
            # S.73 with d = p s² and a pair of |v̂| = 1/√2: n d (2/√2) |k̂|² = s.
            size = np.sqrt(gain / (side * 2 * levels[mode] * np.sqrt(2)))
            place, mirror = pair, (-pair[0] % side, -pair[1] % side)
            spectrum[place], spectrum[mirror] = size * np.exp(1j * phase), size * np.exp(-1j * phase)
            turned = ratio * size * np.exp(1j * (tilt - phase))
            transfer[mode][place], transfer[mode][mirror] = turned, np.conj(turned)
        power = (np.abs(spectrum) ** 2).sum()
        spectrum = spectrum + outside * np.sqrt(power * share / (1 - share) / 2)
        power = (np.abs(transfer) ** 2).sum()
        transfer[0] += outside * np.sqrt(power * other / (1 - other) / 2)
        kernel[seed, -1, 0] = fourier.image(spectrum)
        readout[seed, -1] = fourier.image(np.conj(np.einsum("cm,mij->cij", left, transfer)))
    trajectories = {
        CNN: {"effective_singular_values": learned(levels, 2, 11), "kernel": kernel, "readout": readout}
    }  # fmt: skip
    vectors = [wave(side, {pair: 1.0}) for pair in pairs]
    return results_of(
        write_experiment(folder, "known", singular_values=levels, vectors=vectors, left=left, trajectories=trajectories)
    )


# ‖W‖² is 1.5² of the kernel's power on the modes and half as much again; a fifth of ‖k‖² lies outside.
NORMS = 1.5**2 / (1 - 1 / 3) * (1 - 0.2) - 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("interpolation", 0.21),
        ("balance", 0.5),
        ("phase", 0.3),
        ("kernel_outside", 0.2),
        ("readout_outside", 1 / 3),
        ("norms", NORMS),
    ],
)
def test_minimal_norm_deviation_in_every_condition(tmp_path, condition, expected):
    values = MEASURES["minimal_norm_deviation"](interpolators(tmp_path), "known", condition)
    assert values == pytest.approx([expected, 0], abs=1e-9)


@case("minimal_norm_deviation")
def in_magnitude(folder):
    return interpolators(folder), {"experiment": "known", "condition": "balance"}, [0.5, 0.0]


def variants(folder, **datasets):
    """Files of variants by name."""
    parts = [write_extension(folder, f"variants/{name}", dataset) for name, dataset in datasets.items()]
    return Results({}, {name: path for part in parts for name, path in part.extensions.items()})


@case("flipped_kernel_difference")
def from_the_kernel_with_both_indices_negated(folder):
    kernel = np.arange(18.0).reshape(2, 3, 3) ** 2
    index = -np.arange(3) % 3
    flipped = kernel[:, index][:, :, index].copy()
    norms = np.sqrt((kernel**2).sum(axis=(1, 2)))
    flipped[0, 1, 2] += 0.3 * norms[0]
    flipped[1, 0, 1] -= 0.1 * norms[1]
    files = {
        name: xr.Dataset(
            {
                "final_kernel": (("seed", "kernel", "row", "column"), np.stack([values, values + 5], axis=1)),
                "discovery_time": (("seed", "mode"), np.ones((2, 3))),
            }
        )
        for name, values in (("circular", kernel), ("correlation", flipped))
    }
    return variants(folder, **files), {}, [0.3, 0.1]


@case("variant_difference")
def root_mean_square_in_time_mean_over_modes(folder):
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
    return variants(folder, **files), {"variant": "zero"}, [0.2 * PART, 0.35 * PART]


def test_what_was_not_run_is_not_measured(tmp_path):
    results = results_of(kernels(tmp_path, [np.ones((SIDE, SIDE))]))
    with pytest.raises(NotMeasuredError, match="the experiment other was not run"):
        MEASURES["participation"](results, "other")
    with pytest.raises(NotMeasuredError, match="the experiment known has no linear_fcnn"):
        MEASURES["smallest_delay"](results, "known")
    with pytest.raises(NotMeasuredError, match="scaling/side was not run"):
        MEASURES["speed_up"](results)
    with pytest.raises(NotMeasuredError, match="'sigmoid' does not apply to known"):
        MEASURES["closed_form_against_flow"](results, "known", "sigmoid")
    with pytest.raises(NotMeasuredError, match="closed form does not apply to known"):
        MEASURES["winners_error"](results, "known")
    with pytest.raises(NotMeasuredError, match="the scaling runs hold no 'height'"):
        MEASURES["scaling_value"](scaling(tmp_path, np.ones((2, 2, 2, 2))), "side", "height")


def slow(folder, late, trials):
    """A CNN that finds mode 1 late, if at all, in one of some trials; its kernel and readout change all the time."""
    times = [[20, 60, 30]] * (trials - 1) + [[20, late, 30]]
    kernel = np.random.default_rng(0).uniform(1, 2, (trials, 101, SIDE, SIDE))
    readout = np.random.default_rng(1).uniform(1, 2, (trials, 101, 4, SIDE, SIDE))
    losses = {"train_loss": np.ones((trials, 101))}
    spectra = {"kernel_magnitude": COLOURS * kernel[:, :, None], "readout_magnitude": readout}
    return results_of(
        lines(
            folder,
            cnn=times,
            fcnn=[[10, 20, 40]] * trials,
            vectors=VECTORS[:, None] * COLOURS,
            variables={CNN: {**losses, **spectra}, FCNN: losses},
        )
    )


# What depends on the discovery of mode 1, or of every mode.
ON_MODE_1 = [
    ("discovery_time_ratio", {"modes": [1]}),
    ("smallest_delay", {}),
    ("discovery_order", {"network": CNN}),
    ("transition_sharpness", {"network": CNN, "modes": [1]}),
    ("last_discovery_ratio", {}),
    ("network_delay", {"early": FCNN, "late": CNN}),
    ("saturation_difference", {"first": CNN, "second": FCNN}),
    ("loss_ratio", {"first": FCNN, "second": CNN, "split": "train"}),
    ("participation", {}),
    ("rank_correlation", {}),
    ("balance", {"mode": 1, "share": 0.5, "frequencies": "all"}),
    ("largest_misalignment", {"network": CNN}),
    ("cascade", {"constant": False}),
]


@pytest.mark.parametrize(("measure", "arguments"), ON_MODE_1)
def test_a_trial_without_the_discovery_has_no_value(tmp_path, measure, arguments):
    values = MEASURES[measure](slow(tmp_path, late=400, trials=10), "known", **arguments)
    assert np.isnan(values).tolist() == [False] * 9 + [True]


@pytest.mark.parametrize(("measure", "arguments"), ON_MODE_1)
def test_more_than_a_tenth_without_the_discovery_is_not_measured(tmp_path, measure, arguments):
    with pytest.raises(NotMeasuredError, match=r"linear_cnn on known: mode 1 was not .* in 1 of 9 trials"):
        MEASURES[measure](slow(tmp_path, late=400, trials=9), "known", **arguments)


def test_a_rise_that_the_run_cuts_off_has_no_sharpness(tmp_path):
    with pytest.raises(NotMeasuredError, match=r"mode 1 was not learned to 0\.9 of its singular value in 1 of 2"):
        MEASURES["transition_sharpness"](slow(tmp_path, late=98, trials=2), "known", CNN, [1])


def test_a_record_after_the_end_of_the_run_is_not_there(tmp_path):
    results = slow(tmp_path, late=60, trials=2)
    for measure, arguments in (("loss", {"split": "train"}), ("share_learned", {})):
        with pytest.raises(NotMeasuredError, match="the run ends after 100 samples, before 101"):
            MEASURES[measure](results, "known", CNN, sample=101, **arguments)


def test_a_network_that_has_learned_nothing_is_not_measured(tmp_path):
    """Nor is a variant of the convolution, whatever its curves and kernels."""
    flat = np.zeros((2, 101, 2, 2))
    theory = {CNN: {"effective_singular_values": flat, "sigmoid": np.zeros((2, 101, 2))}}
    found = write_experiment(
        tmp_path,
        "known",
        singular_values=STEEP,
        vectors=VECTORS[:2],
        trajectories={CNN: {"effective_singular_values": flat + 1e-3 * np.eye(2)}},
        theory=theory,
    )
    for measure, arguments in (
        ("sigmoid_error", {"network": CNN}),
        ("sigmoid_error_of_mean", {"network": CNN}),
        ("flow_error_of_mean", {"network": CNN}),
        ("closed_form_against_flow", {"variable": "sigmoid"}),
        ("loss", {"network": CNN, "split": "train", "sample": 50}),
    ):
        with pytest.raises(NotMeasuredError, match="mode 0 was not discovered in 2 of 2 trials"):
            MEASURES[measure](results_of(found), "known", **arguments)
    file = xr.Dataset(
        {
            "final_kernel": (("seed", "kernel", "row", "column"), np.ones((2, 1, 3, 3))),
            "effective_singular_values": (("seed", "sample", "left_mode", "right_mode"), flat),
            "singular_values": (("mode",), np.ones(2)),
            "discovery_time": (("seed", "mode"), np.full((2, 2), np.nan)),
        }
    )
    results = variants(tmp_path, circular=file, correlation=file, zero=file)
    for measure, arguments in (("flipped_kernel_difference", {}), ("variant_difference", {"variant": "zero"})):
        with pytest.raises(NotMeasuredError, match="variant circular: mode 0 was not discovered in 2 of 2 trials"):
            MEASURES[measure](results, **arguments)
