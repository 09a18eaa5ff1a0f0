"""Minimal-norm solutions are built, recognised, and what gradient flow from small weights ends near (App. F)."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.optimize import minimize

from learning_dynamics.engines.linear_cnn import Weights
from learning_dynamics.numerics import fourier
from learning_dynamics.theory import gradient_flow, minimal_norm
from theory.data_sets import (
    PURE_COSINES,
    SUMS_OF_COSINES,
    aligned_cnn_weights,
    cnn_weights,
    cosines,
    dense_network,
    transfer,
)

CASES = [pytest.param(cosines, side, classes, id=f"sums-{side}") for side, classes in SUMS_OF_COSINES.items()]
CASES += [pytest.param(cosines, side, classes, id=f"pure-{side}") for side, classes in PURE_COSINES.items()]
RATE = 1e-3


def construct(data, seed=0):
    kernel = fourier.spectrum(np.random.default_rng(seed).standard_normal((data.side, data.side)))
    return minimal_norm.construct(kernel, *of(data))


def of(data):
    return data.structure.left, data.singular_values, data.in_modes, data.right_spectra


def deviation(data, weights):
    return asdict(minimal_norm.deviation(weights, *of(data)))


def least_norm(data):
    return minimal_norm.least_norm(data.singular_values, data.in_modes, data.right_spectra)


def norm(weights):
    return (weights.kernel**2).sum() + (weights.readout**2).sum()


def from_spectra(data, kernel, rows):
    """Weights with the given k̂ and B = Uᵀ W Q⁻¹."""
    return Weights(fourier.image(kernel)[None], fourier.image(np.conj(np.tensordot(data.structure.left, rows, axes=1))))


@pytest.mark.parametrize(("make", "side", "classes"), CASES)
def test_constructed_solution_satisfies_every_condition(make, side, classes):
    data = make(side, classes)
    for seed in range(3):
        weights = construct(data, seed)
        assert max(map(abs, deviation(data, weights).values())) < 1e-10
        assert (weights.kernel**2).sum() == pytest.approx((weights.readout**2).sum())
        network = dense_network(weights.kernel, weights.readout)
        assert np.allclose(data.omega(network), np.diag(data.singular_values), atol=1e-10)
        assert np.allclose(network @ data.vectors.T, np.eye(data.classes), atol=1e-9), "it answers with the labels"


@pytest.mark.parametrize(("make", "side", "classes"), CASES)
def test_constructed_solution_is_at_rest(make, side, classes):
    data = make(side, classes)
    weights = construct(data)
    solution = gradient_flow.linear_cnn_flow(
        [weights], data.correlations, data.structure, RATE, np.array([0.0, 5000]), relative_tolerance=1e-9
    )
    assert np.allclose(solution.final[0].kernel, weights.kernel, atol=1e-8)
    assert np.allclose(solution.final[0].readout, weights.readout, atol=1e-8)


@pytest.mark.parametrize(("make", "side", "classes"), CASES)
def test_no_weights_of_the_same_network_have_a_smaller_norm(make, side, classes):
    data = make(side, classes)
    best = construct(data)
    kernel, rows = fourier.spectrum(best.kernel[0]), transfer(data, best)
    generator = np.random.default_rng(0)
    for size in (0.01, 0.1, 1.0):
        # A real image's spectrum as exponent keeps the kernel real; what it gains at a frequency the readout gives up.
        exponent = fourier.spectrum(size * generator.standard_normal((side, side)))
        added = fourier.spectrum(size * generator.standard_normal((side, side)))
        other = from_spectra(
            data, kernel * np.exp(exponent) + np.where(np.abs(kernel) < 1e-9, added, 0.0), rows * np.exp(-exponent)
        )
        difference = dense_network(other.kernel, other.readout) - dense_network(best.kernel, best.readout)
        assert np.abs(difference).max() < 1e-9
        assert norm(other) > norm(best) * (1 + 1e-6)


@pytest.mark.parametrize(("make", "side", "classes"), CASES)
def test_no_interpolator_has_less_than_the_least_norm(make, side, classes):
    data = make(side, classes)
    bound = least_norm(data)
    generator = np.random.default_rng(0)
    for _ in range(20):
        # A random kernel with the readout of least norm that gives the labels, balanced as well as one factor can.
        kernel = generator.standard_normal((1, side, side)) * generator.choice([0.1, 1.0, 3.0], (1, side, side))
        hidden = fourier.circular_convolution(kernel[0], data.inputs[:, 0]).reshape(data.classes, -1)
        readout = np.linalg.pinv(hidden).T
        balance = np.sqrt(np.linalg.norm(readout) / np.linalg.norm(kernel))
        weights = Weights(kernel * balance, readout.reshape(-1, side, side) / balance)
        answers = dense_network(weights.kernel, weights.readout) @ data.vectors.T
        assert np.allclose(answers, np.eye(data.classes), atol=1e-8)
        assert norm(weights) > bound


@pytest.mark.parametrize(("make", "side", "classes"), CASES)
def test_the_least_norm_is_that_of_the_strongest_frequencies_alone(make, side, classes):
    data = make(side, classes)
    magnitudes = np.abs(data.right_spectra)
    strongest = (magnitudes > magnitudes.max(axis=(1, 2), keepdims=True) - 1e-9).any(axis=0)
    kernel = fourier.spectrum(np.random.default_rng(0).standard_normal((side, side)))
    alone = minimal_norm.construct(kernel * strongest, *of(data))
    assert max(map(abs, deviation(data, alone).values())) < 1e-10
    assert norm(alone) == pytest.approx(least_norm(data))
    # The conditions do not fix how a mode is shared: other shares obey them too, with a larger norm if |v̂_l| differ.
    shared = norm(construct(data))
    if classes in PURE_COSINES.values():
        assert shared == pytest.approx(least_norm(data))
    else:
        assert shared > 1.01 * least_norm(data)


@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_an_optimiser_of_the_weights_finds_the_least_norm(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    start = construct(data)
    labels, pixels = np.eye(data.classes), side * side
    shifts = [(row, column) for row in range(side) for column in range(side)]
    shifted = np.stack([np.roll(data.inputs[:, 0], shift, axis=(1, 2)) for shift in shifts], axis=1)
    shifted = shifted.reshape(data.classes, pixels, pixels)

    def answers(weights):
        hidden = np.einsum("a,sai->si", weights[:pixels], shifted)
        return (hidden @ weights[pixels:].reshape(data.classes, -1).T - labels).ravel()

    def slope(weights):
        hidden = np.einsum("a,sai->si", weights[:pixels], shifted)
        by_kernel = np.einsum("pi,sai->spa", weights[pixels:].reshape(data.classes, -1), shifted)
        by_readout = np.einsum("pq,si->spqi", labels, hidden)
        return np.concatenate([by_kernel, by_readout.reshape(*by_kernel.shape[:2], -1)], axis=2).reshape(
            labels.size, -1
        )

    found = minimize(
        lambda weights: weights @ weights,
        np.concatenate([start.kernel.ravel(), start.readout.ravel()]),
        jac=lambda weights: 2 * weights,
        constraints={"type": "eq", "fun": answers, "jac": slope},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert np.abs(answers(found.x)).max() < 1e-9
    assert norm(start) > 1.05 * found.fun, "the start obeys S.73 to S.77 and is not the least"
    assert found.fun == pytest.approx(least_norm(data), rel=1e-6)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 2.0])
@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_a_rescaled_interpolator_is_rejected_by_as_much_as_it_was_rescaled(side, factor):
    data = cosines(side, SUMS_OF_COSINES[side])
    best = construct(data)
    rescaled = deviation(data, Weights(best.kernel * factor, best.readout / factor))
    assert rescaled["interpolation"] == pytest.approx(abs(factor**2 - 1))
    assert rescaled["balance"] == pytest.approx(abs(factor**-2 - 1))
    assert rescaled["norms"] == pytest.approx(factor**-4 - 1)
    assert rescaled["phase"] < 1e-10
    assert rescaled["kernel_outside"] < 1e-20
    assert rescaled["readout_outside"] < 1e-20


@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_weights_added_where_the_data_have_nothing_are_seen(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    best = construct(data)
    absent = (np.abs(data.right_spectra) < 1e-9).all(axis=0)
    noise = fourier.image(np.where(absent, fourier.spectrum(np.random.default_rng(0).standard_normal((side, side))), 0))
    kernel = deviation(data, replace(best, kernel=best.kernel + 0.1 * noise))
    added, own = 0.01 * (noise**2).sum(), (best.kernel**2).sum()
    assert kernel["kernel_outside"] == pytest.approx(added / (added + own))
    assert kernel["norms"] == pytest.approx(-added / (added + own))
    readout = deviation(data, replace(best, readout=best.readout + 0.1 * noise))
    share = data.classes * added / (data.classes * added + own)
    assert readout["readout_outside"] == pytest.approx(share)
    assert readout["norms"] == pytest.approx(data.classes * added / own)
    for one in (kernel, readout):
        assert max(one["interpolation"], one["balance"], one["phase"]) < 1e-9


@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_a_kernel_that_is_not_aligned_is_seen_in_its_phase(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    best = construct(data)
    assert deviation(data, replace(best, kernel=-best.kernel))["phase"] == pytest.approx(np.pi)
    moved = replace(best, kernel=np.roll(best.kernel, (1, 0), axis=(1, 2)))
    angles = 2 * np.pi * np.fft.fftfreq(side)[:, None] * np.ones((1, side))
    power = np.abs(fourier.spectrum(best.kernel[0])) ** 2
    assert deviation(data, moved)["phase"] == pytest.approx(np.sqrt((power * angles**2).sum() / power.sum()))
    assert deviation(data, moved)["balance"] < 1e-9


@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_gradient_flow_ends_the_nearer_to_a_minimal_norm_solution_the_smaller_it_starts(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    stds = np.array([1e-2, 5e-3, 2.5e-3, 1.25e-3])
    strongest = np.abs(data.right_spectra).max(axis=(1, 2))
    measured, excess = [], []
    for std in stds:
        samples = np.array([0.0, (20 - 2 * np.log(std)) / ((side * strongest * data.singular_values).min() * RATE)])
        starts = [cnn_weights(data, std, seed) for seed in range(12)]
        ends = gradient_flow.linear_cnn_flow(
            starts, data.correlations, data.structure, RATE, samples, relative_tolerance=1e-10
        ).final
        measured.append([list(map(abs, deviation(data, end).values())) for end in ends])
        excess.append(np.median([norm(end) / least_norm(data) - 1 for end in ends]))
    names = list(deviation(data, cnn_weights(data, 1.0)))
    medians = dict(zip(names, np.median(measured, axis=1).T, strict=True))
    slopes = {name: np.polyfit(np.log(stds), np.log(values), 1)[0] for name, values in medians.items()}
    assert all(values[-1] < 3e-3 for values in medians.values())
    # What starts as σ² stays: the imbalance of every frequency, and the weights where the data have nothing.
    for name in ("interpolation", "norms", "kernel_outside", "readout_outside"):
        assert slopes[name] == pytest.approx(2, abs=0.3)
    for name in ("balance", "phase"):
        assert slopes[name] > 1.3
    # Dominance, unlike balance, comes slowly: the norm exceeds the least one by a small power of σ.
    assert 0 < excess[-1] < excess[0]


@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_large_initial_weights_do_not_end_near_one(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    start, samples = cnn_weights(data, 1.0), np.array([0.0, 3000])
    end = gradient_flow.linear_cnn_flow([start], data.correlations, data.structure, RATE, samples).final[0]
    answers = dense_network(end.kernel, end.readout) @ data.vectors.T
    assert np.allclose(answers, np.eye(data.classes), atol=1e-4), "it interpolates all the same"
    assert deviation(data, end)["readout_outside"] > 0.5


@pytest.mark.parametrize("side", SUMS_OF_COSINES)
def test_aligned_weights_end_at_a_minimal_norm_solution_whatever_their_size(side):
    data = cosines(side, SUMS_OF_COSINES[side])
    start = aligned_cnn_weights(data, 0.1)
    samples = np.array([0.0, 30 / (side * 0.4 * data.singular_values.min() * RATE)])
    end = gradient_flow.linear_cnn_flow(
        [start], data.correlations, data.structure, RATE, samples, relative_tolerance=1e-10
    ).final[0]
    found = deviation(data, end)
    # Only the kernel at frequencies of no mode, which neither moves nor matters, is left of the start.
    assert max(found["interpolation"], found["balance"], found["phase"], found["readout_outside"]) < 1e-6
    absent = (np.abs(data.right_spectra) < 1e-9).all(axis=0)
    before, after = (fourier.spectrum(weights.kernel[0])[absent] for weights in (start, end))
    assert np.allclose(after, before, atol=1e-9)
