"""The deep networks' weights, predictions and updates are those of plain PyTorch, on a GPU too."""

import itertools

import numpy as np
import pytest
import torch
from deep_tasks import CLASSES, CPU, ensemble_of, plain, plain_inputs, random_weights, task

from benchmarks import deep_eager
from learning_dynamics.engines.deep import architecture, device, engine, pooled_gradients, updates
from learning_dynamics.networks.registry import DEEP_NETWORKS


@pytest.mark.parametrize("rectified", [False, True])
def test_architecture_is_that_of_appendix_k(rectified):
    layers = architecture.Architecture(rectified, 3, 32, 16, 16, 10)
    shapes = layers.shapes()
    assert shapes["kernel_0"] == (16, 3, 3, 3)
    assert all(shapes[f"kernel_{layer}"] == (16, 16, 3, 3) for layer in (1, 2, 3))
    assert shapes["dense_0"] == (16, 16 * (8 * 8 if rectified else 32 * 32))
    assert shapes["dense_1"] == (10, 16)
    model = deep_eager.network(layers)
    parameters = sum(values.numel() for values in model.parameters())
    assert sum(np.prod(shape) for shape in shapes.values()) == parameters


@pytest.mark.parametrize("shape", [(16, 16, 3, 3), (16, 16384), (10, 16)])
def test_initial_weights_are_glorots_truncated_normal_ones(shape):
    draws = [
        architecture.glorot_normal(np.random.default_rng(seed), shape, 0.9)
        for seed in range(200_000 // np.prod(shape) + 1)
    ]
    values = np.stack(draws).astype(np.float64)
    window = np.prod(shape[2:])
    std = 0.9 * np.sqrt(2 / (window * (shape[0] + shape[1])))
    assert values.std() == pytest.approx(std, rel=0.01)
    assert values.mean() == pytest.approx(0, abs=0.01 * std)
    # Cut at two standard deviations of the normal distribution before it was cut, which is 1/0.87962566 as wide.
    assert np.abs(values).max() <= 2 * std / 0.87962566 * (1 + 1e-6)
    assert np.abs(values).max() > 1.9 * std / 0.87962566
    inside = (np.abs(values) < std / 0.87962566).mean()
    assert inside == pytest.approx(0.682689 / 0.954500, abs=0.01)


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_biases_start_at_zero_and_seeds_differ(network):
    described = task(network)
    first, second = described.initial(0), described.initial(1)
    for name, values in first.items():
        assert (not values.any()) == ("bias" in name)
        assert "bias" in name or not np.allclose(values, second[name])


@pytest.mark.parametrize(("network", "side"), [*itertools.product(DEEP_NETWORKS, (8, 7)), ("deep_relu_cnn", 10)])
def test_predictions_and_updates_are_those_of_plain_pytorch(network, side):
    described = task(network, side=side)
    weights = random_weights(described)
    ensemble, model = ensemble_of(described, [weights]), plain(described, weights)
    samples = engine.Samples(described.data.split("train"), CPU)
    inputs, labels = plain_inputs(described, "train")
    with torch.no_grad():
        predicted = ensemble.predict(samples.inputs(torch.arange(len(samples)))[None])[0]
    torch.testing.assert_close(predicted, deep_eager.predict(model, inputs), rtol=1e-4, atol=1e-5)
    first = described.order().between(0, 3)
    for row in first:
        with torch.no_grad():
            ensemble.update(samples, row)
    deep_eager.train(model, inputs, labels, first, learning_rate=described.model.learning_rate, classes=CLASSES)
    expected = dict(plain(described, ensemble.weights()[0]).named_parameters())
    start = dict(plain(described, weights).named_parameters())
    for name, values in model.named_parameters():
        moved = values - start[name]
        assert moved.abs().max() > 0
        error = (expected[name] - values).norm() / moved.norm()
        assert error < 1e-3, name
    assert float(ensemble.squared_error) > 0


@pytest.mark.parametrize(("side", "inputs", "outputs"), [(8, 4, 4), (7, 3, 5), (2, 16, 16)])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_gradients_through_a_pooling_are_those_of_autograd(side, inputs, outputs, memory_format):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, inputs, side, side, generator=generator).contiguous(memory_format=memory_format)
    kernel = torch.randn(outputs, inputs, 3, 3, generator=generator).contiguous(memory_format=memory_format)
    gradient = torch.randn(3, outputs, side // 2, side // 2, generator=generator)
    gradient[gradient < 0] = 0
    maps.requires_grad_()
    kernel.requires_grad_()
    output = torch.conv2d(maps, kernel, padding=1)
    pooled, chosen = torch.nn.functional.max_pool2d(output, 2, return_indices=True)
    expected = torch.autograd.grad(pooled, (maps, kernel), gradient)
    measured = pooled_gradients.gradients(gradient, chosen, maps.detach(), kernel.detach())
    for ours, theirs in zip(measured, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_values_that_are_no_numbers_spread_through_a_pooling():
    maps, kernel = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
    _, chosen = torch.nn.functional.max_pool2d(torch.conv2d(maps, kernel, padding=1), 2, return_indices=True)
    before, step = pooled_gradients.gradients(torch.full((1, 1, 2, 2), torch.nan), chosen, maps, kernel)
    assert before.isnan().all()
    assert step.isnan().all()


def every_update(described):
    """The images that each update of a training sees, a row each."""
    return described.order().between(0, described.updates)


def after_updates(described, place, orders):
    """Weights of an ensemble in float64, where rounding flips no ReLU, after updates in calls of several rows."""
    initial = [described.initial(seed) for seed in described.seeds]
    model = described.model
    ensemble = engine.Ensemble(
        described.architecture, initial, model.learning_rate, model.batch_size, place, dtype=torch.float64
    )
    samples = engine.Samples(described.data.split("train"), place, dtype=torch.float64)
    with torch.no_grad():
        make = updates.updates(ensemble, samples, place)
        for rows in orders:
            make(rows)
    return ensemble.weights()


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_ensemble_is_exact_in_double_precision(network):
    described = task(network, seeds=(0, 1, 2), batches=200)
    together = after_updates(described, CPU, [every_update(described)])
    for seed, own in enumerate(together):
        alone = task(network, seeds=(seed,), batches=200)
        for name, values in after_updates(alone, CPU, [every_update(alone)])[0].items():
            assert np.allclose(own[name], values, rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_every_network_may_have_a_learning_rate_of_its_own(network):
    described, rates = task(network, batches=30), (0.02, 0.05)
    initial, samples = described.initial(0), engine.Samples(described.data.split("train"), CPU, torch.float64)

    def trained_with(learning_rate, networks):
        model = described.model
        ensemble = engine.Ensemble(
            described.architecture, [initial] * networks, learning_rate, model.batch_size, CPU, dtype=torch.float64
        )
        with torch.no_grad():
            for row in every_update(described):
                ensemble.update(samples, row.repeat(networks))
        return ensemble.weights()

    together = trained_with(rates, 2)
    for rate, own in zip(rates, together, strict=True):
        for name, values in trained_with(rate, 1)[0].items():
            assert np.allclose(own[name], values, rtol=1e-9, atol=1e-12), name
    assert not np.allclose(together[0]["kernel_0"], together[1]["kernel_0"])


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="no GPU: that the captured graph makes the updates of the CPU, for ensembles too, is not verified",
)
@pytest.mark.parametrize("network", DEEP_NETWORKS)
@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_gpu_makes_the_updates_of_the_cpu(network, seeds):
    described = task(network, seeds=seeds, batches=120)
    orders = every_update(described).split(updates.AT_ONCE)
    expected = after_updates(described, CPU, orders)
    for ours, theirs in zip(expected, after_updates(described, device.choose("cuda"), orders), strict=True):
        for name, values in ours.items():
            assert np.allclose(theirs[name], values, rtol=1e-8, atol=1e-11), name


def test_updates_on_the_cpu_are_made_row_by_row():
    described = task("deep_linear_cnn")
    ensembles = [ensemble_of(described, [described.initial(0)]) for _ in range(2)]
    samples, order = engine.Samples(described.data.split("train"), CPU), described.order().between(0, 5)
    with torch.no_grad():
        updates.updates(ensembles[0], samples, CPU)(order)
        before = ensembles[1].state()
        ensembles[1].update(samples, order[-1])
        ensembles[1].restore(before)
        for row in order:
            ensembles[1].update(samples, row)
    for name, values in ensembles[0].weights()[0].items():
        assert np.array_equal(values, ensembles[1].weights()[0][name])
