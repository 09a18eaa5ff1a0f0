"""Every measure of weights gives the value that was put into the files."""

import numpy as np
import pytest

from claims.cases import CNN_TIMES, COLOURS, LEVELS, SIDE, VECTORS, Cases, check, spectra_in_time
from claims.known_results import CNN, FCNN, learned, mirrored, results_of, rotation, wave, write_experiment
from learning_dynamics.claims.measures import MEASURES, weights
from learning_dynamics.claims.measures.registry import NotMeasuredError
from learning_dynamics.numerics import fourier

CASES = Cases(weights)
case = CASES.of


def balances(folder, share):
    """Mode 1 has three frequencies, out of balance by 0.2, −0.5, −0.6 in one seed, −0.7, 0.1, 0.75 in the other.

    It passes a quarter of s_1 at 57.5 and 17.5, between two records, and half of it at 60 and 20. At all other times,
    frequencies and modes it is out of balance by 3.
    """
    records = {0.25: (58, 18), 0.5: (60, 20)}[share]
    kernel = np.full((2, 101, SIDE, SIDE), 2.0)
    readout = np.full((2, 101, 4, SIDE, SIDE), 2 * np.exp(3))
    for seed, (strong, weak, weakest) in enumerate([(0.2, -0.5, -0.6), (-0.7, 0.1, 0.75)]):
        there = mirrored(SIDE, {(0, 1): strong, (1, 0): weak, (1, 2): weakest})
        readout[seed, records[seed], 1] = 2 * np.exp(np.where(there == 0, 3, there))
    vectors = np.array([VECTORS[0], wave(SIDE, {(0, 1): 0.8, (1, 0): np.sqrt(0.3591), (1, 2): 0.03}), *VECTORS[2:]])
    vectors[2] = wave(SIDE, {(2, 2): 1.0})
    return spectra_in_time(folder, CNN_TIMES, kernel, readout=readout, vectors=vectors)


@case("balance")
def of_the_strongest_frequency(folder):
    arguments = {"experiment": "known", "mode": 1, "share": 0.25, "frequencies": "strongest"}
    return results_of(balances(folder, 0.25)), arguments, [0.2, 0.7]


@case("balance")
def of_all_frequencies_of_the_mode(folder):
    arguments = {"experiment": "known", "mode": 1, "share": 0.5, "frequencies": "all"}
    return results_of(balances(folder, 0.5)), arguments, [0.6, 0.75]


@case("share_in_structure")
def of_what_the_kernel_has_learned(folder):
    parts = np.array([[1.0, 2.0, 3.0, 5.0], [2.0, 0.0, 1.0, 1.0]])  # along the modes; the fourth has s = 0
    start = np.random.default_rng(0).normal(size=(2, 2, SIDE, SIDE))
    kernel = np.ones((2, 3, 2, SIDE, SIDE))
    kernel[:, 0], kernel[:, -1] = start, start + np.einsum("sm,mkij->skij", parts, VECTORS[:, None] * COLOURS)
    found = write_experiment(
        folder,
        "known",
        singular_values=LEVELS,
        vectors=VECTORS[:, None] * COLOURS,
        trajectories={CNN: {"effective_singular_values": learned(LEVELS, 2, 11), "kernel": kernel}},
        snapshots=[50],
    )
    return results_of(found), {"experiment": "known", "network": CNN}, [14 / 39, 5 / 6]


@case("share_in_structure")
def of_what_the_rows_of_the_first_layer_have_learned(folder):
    rows = np.zeros((2, 2, 3, 1, SIDE, SIDE))
    rows[:, 0] = np.random.default_rng(0).normal(size=(2, 3, 1, SIDE, SIDE))
    rows[:, 1] = rows[:, 0]
    rows[0, 1, :, 0] += [2 * VECTORS[0], VECTORS[2], 3 * VECTORS[3]]
    rows[1, 1, :, 0] += [VECTORS[1], VECTORS[3], VECTORS[3]]
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
    values = MEASURES["minimal_norm_deviation"].function(interpolators(tmp_path), "known", condition)
    assert values == pytest.approx([expected, 0], abs=1e-9)


@case("minimal_norm_deviation")
def in_magnitude(folder):
    return interpolators(folder), {"experiment": "known", "condition": "balance"}, [0.5, 0.0]


def norms(folder):
    """‖k‖² and ‖W‖² of 1 and 2, or 1 and 1/4 of the least of their sum.

    That is Σ 2 s_α/(n d_α max|v̂|), with d_α = 2 s_α² and |v̂| of 0.8 and of 0.9/√2.
    """
    levels, frequencies = (2.0, 1.0), [{(0, 0): 0.8, (2, 2): 0.6}, {(0, 1): 0.9, (1, 1): np.sqrt(0.19)}]
    least = sum(2 / (SIDE * 2 * s * v) for s, v in zip(levels, (0.8, 0.9 / np.sqrt(2)), strict=True))
    kernel, readout = np.full((2, 2, 1, SIDE, SIDE), 7.0), np.full((2, 2, 2, SIDE, SIDE), 7.0)
    for seed, (of_kernel, of_readout) in enumerate([(1.0, 2.0), (1.0, 0.25)]):
        kernel[seed, -1] = wave(SIDE, {(1, 2): 1.0}) * np.sqrt(of_kernel * least)
        readout[seed, -1] = VECTORS[:2] * np.sqrt(of_readout * least / 2)
    trajectories = {CNN: {"effective_singular_values": learned(levels, 2, 11), "kernel": kernel, "readout": readout}}
    found = write_experiment(
        folder,
        "known",
        singular_values=levels,
        vectors=[wave(SIDE, parts) for parts in frequencies],
        left=rotation(0.3),
        trajectories=trajectories,
    )
    return results_of(found)


@case("norm_over_least")
def both_layers_over_the_strongest_frequencies_alone(folder):
    return norms(folder), {"experiment": "known"}, [3.0, 1.25]


@case("minimal_norm_deviation")
def of_norms_that_are_larger_or_smaller(folder):
    return norms(folder), {"experiment": "known", "condition": "norms"}, [2 - 1, 1 - 1 / 4]


@case("balance_order")
def from_the_record_after_the_last_that_is_not_balanced(folder):
    """Of the strongest frequencies, over the time of the earlier mode; the weaker ones never are.

    Balanced for good from record 12 and 35; from 30 and 5; from the first and 8; in the last trial mode 1 never is.
    """
    times = [[20, 60, 30], [10, 20, 80], [10, 20, 80], [10, 20, 80]]
    strong = [(0, 0), (0, 1)]
    kernel = np.full((4, 101, SIDE, SIDE), 2.0)
    readout = np.full((4, 101, 4, SIDE, SIDE), 2 * np.exp(3))
    for seed, records in enumerate([(12, 35), (30, 5), (0, 8), (50, 101)]):
        for mode, (pair, record) in enumerate(zip(strong, records, strict=True)):
            mirror = (-pair[0] % SIDE, -pair[1] % SIDE)
            for place in {pair, mirror}:
                readout[seed, :record, mode][:, place[0], place[1]] = 2 * np.exp((-1) ** seed * 0.11)
                readout[seed, record:, mode][:, place[0], place[1]] = 2 * np.exp(0.09)
                readout[seed, 3:4, mode][:, place[0], place[1]] = 2.0
    parts = [{(0, 0): 0.8, (2, 2): 0.6}, {(0, 1): 0.8, (1, 0): 0.6}, {(0, 1): 0.6, (1, 0): -0.8}, {(1, 1): 1.0}]
    found = spectra_in_time(folder, times, kernel, readout=readout, vectors=[wave(SIDE, one) for one in parts])
    arguments = {"experiment": "known", "early": 0, "late": 1}
    return results_of(found), arguments, [(35 - 12) / 20, (5 - 30) / 10, 8 / 10, np.nan]


@case("balance_order")
def over_the_time_of_the_mode_that_is_named_first(folder):
    kernel, readout = np.full((1, 101, SIDE, SIDE), 2.0), np.full((1, 101, 4, SIDE, SIDE), 4.0)
    readout[0, 40:, 2], readout[0, 25:, 1] = 2.0, 2.0
    found = spectra_in_time(folder, [[20, 60, 30]], kernel, readout=readout)
    return results_of(found), {"experiment": "known", "early": 2, "late": 1}, [(25 - 40) / 30]


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    check(measure, known, tmp_path)


def test_every_measure_has_a_case():
    assert CASES.covered == CASES.measures


@pytest.mark.parametrize(
    ("levels", "vectors"),
    [
        ((2.0, 1.0), VECTORS[:2, None] * COLOURS),
        ((2.0, 0.0), VECTORS[:2, None]),
        ((2.0, 1.0), [[wave(SIDE, {(0, 0): 0.8, (1, 1): 0.6})], [wave(SIDE, {(0, 0): 0.6, (1, 1): -0.8})]]),
    ],
)
def test_the_conditions_are_for_one_channel_and_modes_that_share_no_frequency(tmp_path, levels, vectors):
    both = {"kernel": np.ones((2, 2, *np.shape(vectors)[1:])), "readout": np.ones((2, 2, 2, SIDE, SIDE))}
    trajectories = {CNN: {"effective_singular_values": learned(levels, 2, 11), **both}}
    found = write_experiment(tmp_path, "known", singular_values=levels, vectors=vectors, trajectories=trajectories)
    for measure, arguments in (("minimal_norm_deviation", {"condition": "phase"}), ("norm_over_least", {})):
        with pytest.raises(NotMeasuredError, match="modes that share no frequency: not known"):
            MEASURES[measure].function(results_of(found), "known", **arguments)


def test_a_mode_that_is_not_there_has_no_balance(tmp_path):
    kernel, readout = np.ones((2, 101, SIDE, SIDE)), np.ones((2, 101, 4, SIDE, SIDE))
    results = results_of(spectra_in_time(tmp_path, CNN_TIMES, kernel, readout=readout))
    with pytest.raises(NotMeasuredError, match="known has the modes 0 to 2, and no mode 3"):
        MEASURES["balance"].function(results, "known", 3, 0.5, "all")
    with pytest.raises(NotMeasuredError, match="known has the modes 0 to 2, and no mode 3"):
        MEASURES["balance_order"].function(results, "known", 0, 3)
