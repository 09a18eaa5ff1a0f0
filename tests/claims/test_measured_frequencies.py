"""Every measure of the kernel's spectrum gives the value that was put into the files."""

import dataclasses

import numpy as np
import pytest

from claims.cases import (
    COLOURS,
    LEVELS,
    SIDE,
    VECTORS,
    Cases,
    check,
    kernels,
    lines,
    spectra_in_time,
)
from claims.known_results import CNN, RATES, learned, mirrored, results_of, rotation, wave, write_experiment
from learning_dynamics.claims.measures import MEASURES, frequencies
from learning_dynamics.claims.measures.registry import NotMeasuredError
from learning_dynamics.numerics import fourier

CASES = Cases(frequencies)
case = CASES.of

# |v̂|² is 1 at one frequency; 0.495 at two, which hold 90 %, and 0.005 at two; 0.64 at one and 0.18 at two, all of them
# needed. So 1, 2 and 3 are dominant, 6 in all, while of the sum of all modes 5 hold 90 %, and of modes 0 and 2 three;
# (1, 2) is of the mode with s = 0.
PARTS = [
    {(0, 0): 1.0},
    {(0, 1): np.sqrt(0.99), (1, 1): np.sqrt(0.01)},
    {(2, 2): 0.8, (1, 0): 0.6},
    {(1, 2): 1.0},
]
MODES = np.array([wave(SIDE, parts) for parts in PARTS])


def powers(values, start=1.0):
    """|k̂_l| that has learned these powers beside what is there at the start; what is negative it has lost."""
    return np.sqrt(start + mirrored(SIDE, values))


def learning(folder, records, cnn):
    """A CNN whose kernel has learned these powers at these records (seed, record), and at others only at (1, 1)."""
    kernel = np.sqrt(np.ones((2, 101, SIDE, SIDE)) + mirrored(SIDE, {(1, 1): 50.0}))
    kernel[:, 0] = 1.0
    for place, values in records.items():
        kernel[place] = powers(values)
    return results_of(spectra_in_time(folder, cnn, kernel, vectors=MODES))


# Of 19 the dominant frequencies have 11, and five frequencies 90 %; of 8 they have 2, and four have 90 %.
AT_END = {
    (0, 100): {(0, 0): 4, (0, 1): 3, (2, 2): 1, (1, 0): -0.5, (1, 2): 4},
    (1, 100): {(0, 1): 1, (1, 1): 3},
}
# Found are modes 0, 2, 1 at 20, 30 and 60; modes 0, 1, 2 at 10, 20.5 and 80.
AT_DISCOVERIES = {
    (0, 20): {(0, 0): 3, (0, 1): 0.5},  # 3 of 4; 3 frequencies for 1
    (0, 30): {(0, 0): 3, (2, 2): 2, (0, 1): 1.5},  # 5 of 8; 4 for 3
    (0, 60): {(0, 0): 1, (0, 1): 2.5, (1, 1): 1},  # 6 of 8; 5 for 5
    (1, 10): {(0, 0): 9, (1, 0): 0.25},  # 9 of 9.5; 1 for 1
    (1, 21): {(0, 0): 1, (0, 1): 2, (1, 2): 0.5},  # 5 of 6; 4 for 3
    (1, 80): {(2, 2): 3, (1, 1): 0.5},  # 3 of 4; 3 for 5
}
FOUND = [[20, 60, 30], [10, 20.5, 80]]


@case("share_of_dominant")
def of_what_is_learned_at_the_end(folder):
    return learning(folder, AT_END, FOUND), {"experiment": "known", "when": "end"}, [11 / 19, 2 / 8]


@case("share_of_dominant")
def least_at_the_discoveries(folder):
    return learning(folder, AT_DISCOVERIES, FOUND), {"experiment": "known", "when": "discoveries"}, [5 / 8, 3 / 4]


@case("number_of_dominant")
def over_those_of_all_modes_at_the_end(folder):
    return learning(folder, AT_END, FOUND), {"experiment": "known", "when": "end"}, [5 / 5, 4 / 5]


@case("number_of_dominant")
def largest_at_the_discoveries(folder):
    return learning(folder, AT_DISCOVERIES, FOUND), {"experiment": "known", "when": "discoveries"}, [3, 4 / 3]


def final_kernels(folder):
    predicted = [mirrored(SIDE, {(0, 0): 3, (2, 0): 4}), mirrored(SIDE, {(0, 0): 6, (2, 0): 8})]
    measured = [
        mirrored(SIDE, {(0, 0): 3.3, (2, 0): 4.4, (1, 1): 7}),
        mirrored(SIDE, {(0, 0): 7.2, (2, 0): 6.4, (1, 1): 7}),
    ]
    return kernels(folder, measured, theory={CNN: {"competition_final_kernel_magnitude": predicted}})


@case("winners_error")
def relative_over_the_frequencies_of_the_modes(folder):
    return results_of(final_kernels(folder)), {"experiment": "known"}, [0.1, 0.2]


@case("winners_error")
def each_seed_with_its_own_prediction_whatever_their_order(folder):
    found = final_kernels(folder)
    files = {CNN: list(found.trajectory_files[CNN])[::-1]}
    return results_of(dataclasses.replace(found, trajectory_files=files)), {"experiment": "known"}, [0.2, 0.1]


def competitors(folder, parts, *, kernel, transfer, final, shift=0.0):
    """A CNN whose second mode has these parts, the other half of which moves by an angle.

    Args:
        folder: where.
        parts: shares by frequency pair.
        kernel: k̂ at the start by frequency pair, for every seed.
        transfer: B_1l at the start by frequency pair, for every seed.
        final: |k̂| at the end by frequency pair, for every seed.
        shift: phase of v̂ at (0, 1).
    """
    spectrum = np.fft.fft2(wave(SIDE, parts), norm="ortho") * hermitian({(0, 1): np.exp(1j * shift)}, 1.0)
    vectors = [wave(SIDE, {(0, 0): 1.0}), fourier.image(spectrum)]
    left, seeds = rotation(0.3), len(kernel)
    weights = {"kernel": np.ones((seeds, 2, 1, SIDE, SIDE)), "readout": np.ones((seeds, 2, 2, SIDE, SIDE))}
    magnitudes = np.full((seeds, 11, 1, SIDE, SIDE), 9.0)
    for seed in range(seeds):
        b = np.stack([hermitian({(0, 0): 5.0, (0, 1): 2 - 4j}), hermitian(transfer[seed])])
        weights["kernel"][seed, 0, 0] = fourier.image(hermitian(kernel[seed]))
        weights["readout"][seed, 0] = fourier.image(np.conj(np.einsum("cm,mij->cij", left, b)))
        magnitudes[seed, -1, 0] = mirrored(SIDE, final[seed])
    omega = learned((2.0, 1.0), seeds, 11)
    trajectories = {CNN: {"effective_singular_values": omega, "kernel_magnitude": magnitudes, **weights}}
    return results_of(
        write_experiment(
            folder, "known", singular_values=(2.0, 1.0), vectors=vectors, left=left, trajectories=trajectories
        )
    )


def hermitian(values, other=0.0):
    """A spectrum of a real image with a value at each frequency pair and its conjugate at the mirror."""
    plane = np.full((SIDE, SIDE), other, complex)
    for (i, j), value in values.items():
        plane[i, j], plane[-i % SIDE, -j % SIDE] = value, np.conj(value)
    return plane


# |v̂| is 0.6 at (2, 2), 0.75/√2 at (0, 1), which is the second, and less at (1, 1).
THREE = {(2, 2): 0.6, (0, 1): 0.75, (1, 1): np.sqrt(1 - 0.36 - 0.75**2)}


@case("winners_and_start")
def ratio_of_what_enters_and_of_what_is_left(folder):
    """|k̂ + conj(B)|/2 is |3 + 1|/2 and |1 + 2i + 3 + i|/2 in one seed, |1 − 3|/2 and |2 + 6i|/2 in the other."""
    kernel = [{(2, 2): 3, (0, 1): 1 + 2j, (1, 1): 8}, {(2, 2): 1, (0, 1): 2, (1, 1): 8}]
    transfer = [{(2, 2): 1, (0, 1): 3 - 1j, (1, 1): 9}, {(2, 2): -3, (0, 1): -6j, (1, 1): 9}]
    final = [{(2, 2): 6, (0, 1): 3, (1, 1): 7}, {(2, 2): 2, (0, 1): 5, (1, 1): 7}]
    expected = np.log([[2 / 2.5, 6 / 3], [1 / np.sqrt(10), 2 / 5]])
    results = competitors(folder, THREE, kernel=kernel, transfer=transfer, final=final)
    return results, {"experiment": "known", "mode": 1}, expected


@case("winners_and_start")
def of_a_second_frequency_however_weak(folder):
    """|v̂| is 0.07 there."""
    parts = {(0, 1): np.sqrt(0.99), (1, 1): 0.1}
    kernel, transfer = [{(0, 1): 3, (1, 1): 4}], [{(0, 1): 1, (1, 1): 2}]
    results = competitors(folder, parts, kernel=kernel, transfer=transfer, final=[{(0, 1): 5, (1, 1): 2}])
    return results, {"experiment": "known", "mode": 1}, np.log([[4 / 6, 5 / 2]])


@case("winners_and_start")
def by_the_phase_of_the_singular_vector(folder):
    """B turned back by that phase is what enters: |1 + 2i + 3 + i|/2 again."""
    kernel, transfer = [{(2, 2): 3, (0, 1): 1 + 2j}], [{(2, 2): 1, (0, 1): (3 - 1j) * np.exp(-0.7j)}]
    final = [{(2, 2): 6, (0, 1): 3}]
    results = competitors(folder, THREE, kernel=kernel, transfer=transfer, final=final, shift=0.7)
    return results, {"experiment": "known", "mode": 1}, np.log([[2 / 2.5, 6 / 3]])


def growing(folder, factors, cnn, widths=10):
    """|k̂_l| that grow λ n s_α |v̂_l| times a factor (seed, mode), from half of the discovery time to before a tenth.

    Only the two records that bound this time hold it, others hold 9.
    """
    kernel = np.full((len(cnn), 101, SIDE, SIDE), 9.0)
    spectra = np.abs(np.fft.fft2(MODES, norm="ortho"))
    for seed, times in enumerate(cnn):
        for mode, time in enumerate(times):
            used = spectra[mode] > 1e-9
            width = np.broadcast_to(widths, np.shape(cnn))[seed, mode]
            first, last = int(np.ceil(time / 2)), int(np.ceil(time - 0.4 * width)) - 1
            rates = factors[seed][mode] * RATES[CNN] * SIDE * LEVELS[mode] * spectra[mode][used]
            kernel[seed, first, used], kernel[seed, last, used] = 2.0, 2.0 * np.exp(rates * (last - first))
    return spectra_in_time(folder, cnn, kernel, vectors=MODES, widths=widths)


@case("growth_rates")
def all_rates_alike(folder):
    found = growing(folder, [[0.9] * 3, [1.2] * 3], [[20, 60, 30], [14, 61, 80]])
    return results_of(found), {"experiment": "known"}, [0.9, 1.2]


@case("growth_rates")
def slope_of_a_line_through_the_origin(folder):
    """Weighted by (s_α |v̂_l|)², each pair of mirrored frequencies once."""
    factors = np.array([[1.0, 1.5, 0.5], [2.0, 1.0, 1.0]])
    weights = np.array([16 * 1.0, 4 * (0.495 + 0.005), 1 * (0.64 + 0.18)])
    found = growing(folder, factors, [[20, 60, 30], [14, 61, 80]])
    return results_of(found), {"experiment": "known"}, factors @ weights / weights.sum()


@case("growth_rates")
def of_the_differences_within_a_mode(folder):
    """Weighted by (s_α/2)² (|v̂_1| − |v̂_2|)² of its two frequencies; mode 0 has one."""
    factors = np.array([[9.0, 1.5, 0.5], [0.1, 1.0, 2.0]])
    weights = np.array([0, 4 * (np.sqrt(0.495) - np.sqrt(0.005)) ** 2, (0.8 - np.sqrt(0.18)) ** 2])
    found = growing(folder, factors, [[20, 60, 30], [14, 61, 80]])
    return results_of(found), {"experiment": "known", "within_modes": True}, factors @ weights / weights.sum()


@case("growth_rates")
def none_if_a_tenth_is_passed_before_half_of_the_time(folder):
    found = growing(folder, [[1.0] * 3] * 2, [[40, 60, 30], [14, 61, 80]], [[60, 10, 10], [10, 10, 10]])
    return results_of(found), {"experiment": "known"}, [np.nan, 1.0]


# Mode 2 has its power at (0, 1), (1, 1) and (1, 0), 0.1152, 0.2048 and 0.18 each: all are dominant, and only the last
# are not mode 1's.
SHARED = np.array(
    [
        wave(SIDE, {(0, 0): 1.0}),
        wave(SIDE, {(0, 1): 0.8, (1, 1): 0.6}),
        wave(SIDE, {(0, 1): 0.48, (1, 1): -0.64, (1, 0): 0.6}),
        wave(SIDE, {(1, 2): 1.0}),
    ]
)


@case("early_advantage")
def of_the_first_two_of_three_modes(folder):
    """90 % of what is learned are (0, 0) and (0, 1), three of five; (1, 0) and (0, 0), one of five and all others."""
    final = [powers({(0, 0): 4, (0, 1): 3, (1, 0): 0.5}), powers({(1, 0): 4, (0, 0): 2, (1, 1): -0.9})]
    found = kernels(folder, final, vectors=SHARED, start=1.0)
    return results_of(found), {"experiment": "known"}, [3 / 5 - 0, 1 / 5 - 1]


@case("early_advantage")
def of_the_first_of_two_modes(folder):
    final = [powers({(0, 0): 4, (0, 1): 1}), powers({(0, 1): 4, (1, 1): 1})]
    found = kernels(folder, final, vectors=SHARED[[0, 1, 3]], levels=(2.0, 1.0, 0.0), start=1.0)
    return results_of(found), {"experiment": "known"}, [1 - 2 / 4, 0 - 4 / 4]


# Modes 0, 2, 1 are found at 20, 30 and 60.5; modes 0, 1, 2 at 10, 20 and 80. One channel: halves are exact.
LEAD = {
    (0, 20): {(0, 0): 9, (0, 1): 2},
    (0, 30): {(1, 0): 9, (0, 0): 1},
    (0, 61): {(0, 0): 20, (1, 0): 6, (0, 1): 8},
    (0, 100): {(0, 0): 1, (1, 0): 5, (0, 1): 8},
    (1, 10): {(0, 0): 9, (1, 1): 3},
    (1, 20): {(0, 0): 7, (0, 1): 4, (1, 0): 6},
    (1, 80): {(0, 0): 6, (0, 1): 10, (1, 0): 4},
    (1, 100): {(0, 0): 5, (0, 1): 8, (1, 0): 5},
    # Exactly half at the third discovery.
    (2, 10): {(1, 1): 9},
    (2, 20): {(0, 1): 4},
    (2, 80): {(0, 1): 2, (1, 0): 4},
    (2, 100): {(0, 1): 3, (1, 0): 4},
    # Lost at the end alone.
    (3, 10): {(1, 1): 9},
    (3, 20): {(0, 1): 5},
    (3, 80): {(0, 1): 5},
    (3, 100): {(0, 1): 1, (1, 0): 3},
}


def leading(folder, records):
    seeds = 1 + max(seed for seed, _ in records)
    kernel = np.full((seeds, 101, 1, SIDE, SIDE), 1.0) + mirrored(SIDE, {(1, 2): 50.0})
    for (seed, record), values in records.items():
        kernel[seed, record, 0] = mirrored(SIDE, values)
    cnn = [[20, 60.5, 30], *[[10, 20, 80]] * (seeds - 1)]
    variables = {CNN: {"kernel_magnitude": kernel}}
    return results_of(lines(folder, cnn=cnn, fcnn=cnn, variables=variables))


@case("leader_stays")
def the_constant_frequency_may_lead(folder):
    """It leads at 61 and has 1 of 8 at the end; at 20, and has 6 of 10 and 5 of 8."""
    return leading(folder, LEAD), {"experiment": "known", "mode": 1, "leader": "any"}, [0, 1, 1, 0]


@case("leader_stays")
def the_constant_frequency_may_not_lead(folder):
    """At 61 (0, 1) leads and does so at the end; at 20 (1, 0), which has 4 of 10 at 80."""
    return leading(folder, LEAD), {"experiment": "known", "mode": 1, "leader": "not-constant"}, [1, 0, 1, 0]


@case("leader_stays")
def of_the_mode_asked_for(folder):
    """Mode 2, found at 30, where (1, 0) leads, which has 6 of 20 at 61; or last, which leads at the end or not."""
    return leading(folder, LEAD), {"experiment": "known", "mode": 2, "leader": "any"}, [0, 1, 1, 0]


SOME = {
    # (1, 0) of mode 2 stays; of mode 0 (0, 0) and (0, 1) do not.
    (0, 20): {(0, 0): 9, (0, 1): 2},
    (0, 30): {(1, 0): 9, (0, 0): 1},
    (0, 61): {(0, 0): 1, (1, 0): 6, (0, 1): 8},
    (0, 100): {(1, 0): 5, (0, 1): 8},
    # Only that of the last discovery stays.
    (1, 10): {(0, 0): 9, (1, 1): 3},
    (1, 20): {(0, 1): 9, (0, 0): 1},
    (1, 80): {(1, 0): 9, (0, 0): 1, (0, 1): 1},
    (1, 100): {(1, 0): 9},
    # Only the constant one stays.
    (2, 10): {(0, 0): 9, (0, 1): 3},
    (2, 20): {(0, 0): 9, (1, 0): 4},
    (2, 80): {(0, 0): 9, (1, 0): 2},
    (2, 100): {(0, 0): 9, (1, 0): 6},
}


@case("some_leader_stays")
def at_any_discovery_but_the_last(folder):
    return leading(folder, SOME), {"experiment": "known", "leader": "any"}, [1, 0, 1]


@case("some_leader_stays")
def but_not_the_constant_frequency(folder):
    return leading(folder, SOME), {"experiment": "known", "leader": "not-constant"}, [1, 0, 0]


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    check(measure, known, tmp_path)


def test_every_measure_has_a_case():
    assert CASES.covered == CASES.measures


def test_what_a_competition_needs_is_named(tmp_path):
    one = [{(0, 1): 1.0}]
    single = competitors(tmp_path / "one", one[0], kernel=one, transfer=one, final=one)
    with pytest.raises(NotMeasuredError, match="mode 1 of known has one frequency"):
        MEASURES["winners_and_start"].function(single, "known", 1)
    with pytest.raises(NotMeasuredError, match="known has the modes 0 to 1, and no mode 2"):
        MEASURES["winners_and_start"].function(single, "known", 2)
    # However little they share.
    few = [wave(SIDE, {(0, 1): 0.995, (1, 1): np.sqrt(1 - 0.995**2)})]
    few.append(wave(SIDE, {(0, 1): np.sqrt(1 - 0.995**2), (1, 1): -0.995}))
    found = kernels(tmp_path, [np.ones((SIDE, SIDE))], vectors=few, levels=(2.0, 1.0))
    with pytest.raises(NotMeasuredError, match="the modes of known share frequencies"):
        MEASURES["growth_rates"].function(results_of(found), "known")
    with pytest.raises(NotMeasuredError, match="the competition's closed form does not apply to known"):
        MEASURES["winners_error"].function(results_of(found), "known")


def test_two_channels_have_no_one_phase(tmp_path):
    weights = {"kernel": np.ones((1, 2, 2, SIDE, SIDE)), "readout": np.ones((1, 2, 4, SIDE, SIDE))}
    found = lines(
        tmp_path,
        cnn=[[10, 20, 30]],
        fcnn=[[10, 20, 30]],
        vectors=MODES[:, None] * COLOURS,
        variables={CNN: {**weights, "kernel_magnitude": np.ones((1, 101, 2, SIDE, SIDE))}},
    )
    with pytest.raises(NotMeasuredError, match="known has images of several channels"):
        MEASURES["winners_and_start"].function(results_of(found), "known", 1)


def test_without_later_modes_there_is_no_advantage(tmp_path):
    two = [wave(SIDE, {(0, 0): 0.8, (2, 2): 0.6}), wave(SIDE, {(0, 0): 0.6, (2, 2): -0.8})]
    found = kernels(tmp_path, [np.ones((SIDE, SIDE))], vectors=two, levels=(2.0, 1.0))
    with pytest.raises(NotMeasuredError, match="no later mode of known has dominant frequencies of its own"):
        MEASURES["early_advantage"].function(results_of(found), "known")


def test_one_mode_has_no_later_discovery(tmp_path):
    found = kernels(tmp_path, [np.ones((SIDE, SIDE))], vectors=VECTORS[:2], levels=(2.0, 0.0))
    with pytest.raises(NotMeasuredError, match="known has one mode, and so no later discovery"):
        MEASURES["some_leader_stays"].function(results_of(found), "known", "any")
    with pytest.raises(NotMeasuredError, match="known has the modes 0 to 0, and no mode 1"):
        MEASURES["leader_stays"].function(results_of(found), "known", 1, "any")
