"""The gradient flow at t = 0, at t = ∞, under composition, by its conserved quantities and as the limit of training."""

import itertools

import numpy as np
import pytest
from scipy.integrate import RK45

from learning_dynamics.engines import linear_cnn, linear_fcnn
from learning_dynamics.errors import UserError
from learning_dynamics.numerics import losses
from learning_dynamics.numerics.correlations import effective_singular_values, least_squares_network
from learning_dynamics.numerics.losses import mean_square_error
from learning_dynamics.theory import gradient_flow
from learning_dynamics.theory.factored_steps import FactoredRK45
from theory.data_sets import (
    Prepared,
    cnn_weights,
    dense_network,
    fcnn_weights,
    plain_cnn_flow,
    plain_fcnn_flow,
    random_images,
)

# side, channels, classes, images per class, centred; the last has more classes than pixels.
DATA = [
    (5, 1, 3, 1, False),
    (6, 1, 3, 4, True),
    (4, 3, 2, 3, False),
    (5, 3, 4, 2, True),
    (2, 1, 6, 2, False),
]
NETWORKS = ["linear_cnn", "linear_fcnn"]
TIGHT = 1e-10


def flow(network, data, initial, samples, tolerance=TIGHT, **options):
    rate = data.learning_rate(network)
    options["relative_tolerance"] = tolerance
    if network == "linear_cnn":
        return gradient_flow.linear_cnn_flow(initial, data.correlations, data.structure, rate, samples, **options)
    return gradient_flow.linear_fcnn_flow(initial, data.correlations, rate, samples, **options)


def weights(network, data, std=0.1, hidden=20, seeds=2):
    make = cnn_weights if network == "linear_cnn" else lambda *given: fcnn_weights(given[0], hidden, *given[1:])
    return [make(data, std, seed) for seed in range(seeds)]


def whole_network(network, one):
    return dense_network(one.kernel, one.readout) if network == "linear_cnn" else one.second @ one.first


def difference(measured, expected):
    return np.linalg.norm(measured - expected) / np.linalg.norm(expected)


def on_the_data(data, networks):
    """The part of M that answers to the training images, M Σxx Σxx⁺."""
    return networks @ data.correlations.input @ np.linalg.pinv(data.correlations.input, hermitian=True)


@pytest.mark.parametrize("case", DATA)
def test_cnn_flow_is_the_averaged_gradient_in_pixel_space(case):
    data = random_images(*case)
    samples = np.linspace(0, 200, 9)
    initial = weights("linear_cnn", data)
    solution = flow("linear_cnn", data, initial, samples)
    for trial, start in enumerate(initial):
        networks, kernels, readouts = plain_cnn_flow(data, start, data.learning_rate("linear_cnn"), samples)
        assert difference(networks[-1], networks[0]) > 0.5, "the comparison needs a network that learned"
        assert difference(solution.networks[trial], networks) < 1e-7
        assert difference(solution.final[trial].kernel, kernels[-1]) < 1e-7
        assert difference(solution.final[trial].readout, readouts[-1]) < 1e-7
        spectra = np.abs(np.fft.fft2(kernels, norm="ortho"))
        assert np.allclose(solution.whole.kernel_magnitude[trial], spectra, atol=1e-7)
        modes = np.einsum("pm,tpij->tmij", data.structure.left, readouts)
        assert np.allclose(
            solution.whole.readout_magnitude[trial], np.abs(np.fft.ifft2(modes, norm="ortho")), atol=1e-7
        )


@pytest.mark.parametrize("hidden", [3, 40])
@pytest.mark.parametrize("case", DATA)
def test_fcnn_flow_is_the_averaged_gradient_without_any_reduction(case, hidden):
    data = random_images(*case)
    samples = np.linspace(0, 200, 9)
    initial = weights("linear_fcnn", data, hidden=hidden)
    solution = flow("linear_fcnn", data, initial, samples)
    for trial, start in enumerate(initial):
        networks, first, second = plain_fcnn_flow(data, start, data.learning_rate("linear_fcnn"), samples)
        assert difference(networks[-1], networks[0]) > 0.3, "the comparison needs a network that learned"
        # The whole of M, also where it answers to no training image.
        assert difference(solution.networks[trial], networks) < 1e-6
        # Products of the two layers do not depend on the basis of the hidden space.
        end = solution.final[trial]
        assert difference(end.second @ end.second.T, second[-1] @ second[-1].T) < 1e-6
        assert difference(end.second @ end.first, second[-1] @ first[-1]) < 1e-6


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("case", DATA)
def test_flow_starts_from_the_trials_own_networks(network, case):
    data = random_images(*case)
    initial = weights(network, data)
    for samples in (np.array([0.0]), np.array([0.0, 10.0]), np.array([70.0, 80.0])):
        solution = flow(network, data, initial, samples)
        for trial, start in enumerate(initial):
            assert difference(solution.networks[trial, 0], whole_network(network, start)) < 1e-14


def test_fcnn_flow_starts_from_the_whole_network_on_unseen_images():
    prepared = Prepared("digits4", updates=10, records=10)
    start = prepared.train("linear_fcnn")["test_loss"].values[0]
    assert prepared.predict("linear_fcnn")["test_loss"].values[0, 0] == pytest.approx(start, rel=1e-12)


@pytest.mark.parametrize("case", DATA[:4])
def test_cnn_flow_conserves_the_imbalance_of_every_frequency(case):
    data = random_images(*case)
    solution = flow("linear_cnn", data, weights("linear_cnn", data, std=0.02), np.linspace(0, 800, 9))
    kernel = (solution.whole.kernel_magnitude**2).sum(axis=2)
    readout = (solution.whole.readout_magnitude**2).sum(axis=2)
    assert kernel.max() > 4 * kernel[:, 0].max(), "the comparison needs weights that grew"
    assert np.abs(kernel - readout - (kernel - readout)[:, :1]).max() < 1e-8 * kernel.max()


@pytest.mark.parametrize("hidden", [3, 40])
@pytest.mark.parametrize("case", DATA)
def test_fcnn_flow_conserves_the_imbalance_of_its_layers(case, hidden):
    data = random_images(*case)
    # Narrow layers are written in the basis they started in; wide ones in one found from the start, the same each time.
    initial = weights("linear_fcnn", data, std=0.01, hidden=hidden)
    start, end = (flow("linear_fcnn", data, initial, samples).final for samples in (np.zeros(1), np.array([0.0, 400])))
    for before, after in zip(start, end, strict=True):
        scale = np.linalg.norm(after.second) ** 2
        assert scale > 4 * np.linalg.norm(before.second) ** 2, "the comparison needs weights that grew"
        imbalances = [one.first @ one.first.T - one.second.T @ one.second for one in (before, after)]
        assert np.abs(imbalances[1] - imbalances[0]).max() < 1e-8 * scale


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("case", DATA)
def test_flow_never_raises_the_loss(network, case):
    data = random_images(*case)
    solution = flow(network, data, weights(network, data), np.linspace(0, 400, 50))
    for networks in solution.networks:
        losses = mean_square_error(networks, data.correlations)
        assert (np.diff(losses) < 1e-9).all()
        assert losses[-1] < 0.9 * losses[0]
        assert losses[-1] > mean_square_error(least_squares_network(data.correlations)[None], data.correlations) - 1e-12


@pytest.mark.parametrize("case", [(4, 1, 3, 20, False), (5, 1, 2, 30, True), (5, 3, 4, 1, False), (4, 1, 3, 1, False)])
def test_fcnn_flow_ends_at_least_squares(case):
    data = random_images(*case)
    solution = flow("linear_fcnn", data, weights("linear_fcnn", data, 0.3, hidden=40), np.array([0.0, 3000]))
    for end in solution.networks[:, -1]:
        assert difference(on_the_data(data, end), least_squares_network(data.correlations)) < 1e-6


@pytest.mark.parametrize(
    ("case", "samples"),
    [
        ((4, 1, 3, 1, False), 1000),
        ((5, 3, 4, 1, False), 1000),
        ((3, 1, 2, 3, False), 20_000),
        ((2, 1, 3, 5, False), 20_000),
        ((2, 1, 6, 2, True), 20_000),
    ],
)
def test_cnn_flow_ends_at_least_squares_where_its_form_allows(case, samples):
    # One image per class, or one channel, where B_αl k̂_l can be any number at every frequency and M any matrix.
    data = random_images(*case)
    solution = flow("linear_cnn", data, weights("linear_cnn", data, 0.5), np.array([0.0, samples]), 1e-7)
    for end in solution.networks[:, -1]:
        assert difference(on_the_data(data, end), least_squares_network(data.correlations)) < 1e-5


def test_cnn_flow_in_colour_ends_above_least_squares():
    # At each frequency M is an outer product over classes and channels, which the best M of three channels is not.
    data = random_images(3, 3, 4, 60)
    solution = flow("linear_cnn", data, weights("linear_cnn", data, 0.5), np.array([0.0, 10_000, 20_000]), 1e-8)
    best = mean_square_error(least_squares_network(data.correlations)[None], data.correlations)
    for networks in solution.networks:
        losses = mean_square_error(networks, data.correlations)
        assert losses[1] == pytest.approx(losses[2], rel=5e-3)
        assert losses[2] > 1.4 * best


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("case", DATA)
def test_flow_restarted_half_way_ends_where_it_would_have(network, case):
    data = random_images(*case)
    initial = weights(network, data)
    whole = flow(network, data, initial, np.array([0.0, 100]))
    half = flow(network, data, initial, np.array([0.0, 40]))
    rest = flow(network, data, half.final, np.array([40.0, 100]))
    assert difference(rest.networks[:, -1], whole.networks[:, -1]) < 1e-7
    assert difference(half.networks[:, -1], whole.networks[:, -1]) > 1e-3, "the second part must matter"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("case", DATA)
def test_averages_over_the_samples_are_those_of_the_whole_networks(case, network, monkeypatch):
    """From spectra in pieces or from factors, on the images of the flow and on others."""
    monkeypatch.setattr(losses, "_AT_ONCE", 3 * case[2] * case[1] * case[0] ** 2)
    data, others = random_images(*case), random_images(*case[:3], case[3] + 1, case[4]).correlations
    solution = flow(network, data, weights(network, data, hidden=90), np.linspace(0, 100, 4))
    averages = {"train": data.correlations, "test": others}
    omega, found = solution.whole.omega_and_losses(averages, data.structure)
    networks = solution.networks.reshape(-1, *solution.networks.shape[2:])
    expected = effective_singular_values(networks, data.correlations, data.structure)
    assert difference(omega.reshape(expected.shape), expected) < 1e-12
    again = solution.whole.effective_singular_values(data.correlations, data.structure)
    assert np.array_equal(again, omega)
    for split, part in averages.items():
        assert np.abs(found[split].ravel() - mean_square_error(networks, part)).max() < 1e-12
    assert np.abs(found["train"] - found["test"]).max() > 1e-3, "the images must differ"


@pytest.mark.parametrize("network", NETWORKS)
def test_trials_together_or_alone_give_the_same(network):
    data = random_images(5, 3, 4, 2, True)
    initial = weights(network, data, seeds=3)
    samples = np.linspace(0, 150, 4)
    together = flow(network, data, initial, samples)
    for trial, start in enumerate(initial):
        assert difference(flow(network, data, [start], samples).networks[0], together.networks[trial]) < 1e-7


@pytest.mark.parametrize("tolerance", [1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("case", DATA[:4])
def test_halving_the_tolerance_changes_nothing_beyond_it(case, network, tolerance):
    data = random_images(*case)
    initial = weights(network, data, 0.01)
    ends = [
        flow(network, data, initial, np.array([0.0, 200]), used).networks[:, -1] for used in (tolerance, tolerance / 2)
    ]
    assert 0 < difference(*ends) < 10 * tolerance


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("case", [(5, 1, 3, 1, False), (6, 1, 3, 2, True), (4, 3, 2, 3, False)])
def test_training_in_cyclic_order_approaches_the_flow_in_proportion_to_the_learning_rate(case, network):
    data = random_images(*case)
    images, start = len(data.labels), weights(network, data)[0]
    rates = data.learning_rate(network) / np.array([4, 8, 16, 32])
    errors = []
    for rate in rates:
        passes = round(300 * rates[0] / rate / images)
        stops = images * np.array([passes * part // 10 for part in range(11)])
        times = stops.astype(float)
        if network == "linear_cnn":
            engine = linear_cnn.Engine(start, rate)
            spectra = engine.spectra(data.inputs)
            flowing = gradient_flow.linear_cnn_flow(
                [start], data.correlations, data.structure, rate, times, relative_tolerance=TIGHT
            )
        else:
            engine = linear_fcnn.Engine(start, rate)
            flowing = gradient_flow.linear_fcnn_flow([start], data.correlations, rate, times, relative_tolerance=TIGHT)
        trained = [engine.network()]
        for before, after in itertools.pairwise(stops):
            order = np.arange(before, after) % images
            if network == "linear_cnn":
                engine.update(spectra, data.labels, order)
            else:
                engine.update(data.vectors[order], data.labels[order])
            trained.append(engine.network())
        distances = np.linalg.norm(np.array(trained) - flowing.networks[0], axis=(1, 2))
        errors.append(distances.max() / np.linalg.norm(flowing.networks[0, -1]))
    slope = np.polyfit(np.log(rates), np.log(errors), 1)[0]
    assert errors[0] < 0.1
    assert slope == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("network", NETWORKS)
def test_flow_in_more_directions_is_a_better_approximation(network):
    prepared = Prepared("digits4")
    train, test = prepared.correlations["train"], prepared.correlations["test"]
    rank = np.linalg.matrix_rank(train.input)
    assert rank < 64, "some pixels of the digits are always empty"
    generator, samples = np.random.default_rng(0), np.linspace(0, 40000, 5)
    kernel_and_readout = linear_cnn.normal_weights(generator, (4, 1, 8), 1e-3, 1e-3)
    layers = linear_fcnn.normal_weights(generator, 4, 64, 90, 1e-3)

    def losses(directions):
        kept = gradient_flow.principal_directions(train.input, directions)
        if network == "linear_cnn":
            start, structure = [kernel_and_readout], prepared.structure
            solution = gradient_flow.linear_cnn_flow(start, train, structure, 3e-4, samples, principal=kept)
        else:
            solution = gradient_flow.linear_fcnn_flow([layers], train, 8e-4, samples, principal=kept)
        return np.stack([mean_square_error(solution.networks[0], split) for split in (train, test)])

    exact = losses(64)
    assert np.abs(losses(rank) - exact).max() < 1e-7
    errors = np.array([np.abs(losses(directions) - exact).max() for directions in (4, 8, 16, 32)])
    assert (np.diff(errors) < 0).all()
    assert errors[-1] < 1e-2 < errors[0]


def test_steps_with_factored_stages_are_those_of_the_library():
    generator = np.random.default_rng(3)
    first, second = 0.2 * generator.standard_normal((7, 5)), 0.2 * generator.standard_normal((3, 7))
    target, eigenvalues = generator.standard_normal((3, 5)), generator.uniform(0.1, 2, 5)

    def derivative(_, state):
        first, second = state[:35].reshape(7, 5), state[35:].reshape(3, 7)
        residual = target - second @ first * eigenvalues
        return np.concatenate([(second.T @ residual).ravel(), (residual @ first.T).ravel()])

    start = np.concatenate([first.ravel(), second.ravel()])
    settings = {"t0": 0.0, "t_bound": 20.0, "rtol": 1e-5, "atol": 1e-8}
    factored = FactoredRK45(derivative, start, target, eigenvalues, **settings)
    plain = RK45(derivative, y0=start, **settings)
    # The second is too long and is made again, shorter.
    for steps in range(40):
        for solver in (factored, plain):
            solver.h_abs = 5.0 if steps == 1 else solver.h_abs
            solver.step()
        assert factored.t == pytest.approx(plain.t, rel=1e-9)
        assert factored.h_abs == pytest.approx(plain.h_abs, rel=1e-6)
        assert np.allclose(factored.y, plain.y, rtol=0, atol=1e-12)
        assert factored.nfev == plain.nfev
    assert plain.nfev > 2 + 6 * 40, "one step was rejected"
    assert np.abs(derivative(0, plain.y)).max() < 0.1 * np.abs(derivative(0, start)).max()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("std", [1e3, 1e100])
def test_flow_that_cannot_be_integrated_says_what_to_lower(network, std):
    data = random_images(5, 1, 3, 1)
    with pytest.raises(UserError, match=r"could not be integrated beyond sample 0 .*lower learning_rate"):
        flow(network, data, weights(network, data, std), np.linspace(0, 100, 3))
