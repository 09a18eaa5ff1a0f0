"""Variants of the convolution are plain stochastic gradient descent, and agree with each other where they must."""

import json

import dense_convolution
import numpy as np
import pytest
import torch
import xarray as xr
from torch.nn import functional

from learning_dynamics.config import experiments, extensions, loading, paper
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.engines import convolution_variants, linear_cnn
from learning_dynamics.errors import ConfigurationError, DataError, DivergenceError
from learning_dynamics.extensions import variants
from learning_dynamics.numerics.correlations import decompose
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training import two_layer
from learning_dynamics.training.task import Trials, TwoLayerTask

UPDATES = 200
CLASSES = 4
LEARNING_RATE = 2e-4


def samples(side, images=5, channels=1):
    generator = np.random.default_rng(side)
    inputs = generator.standard_normal((images, channels, side, side))
    return inputs, generator.integers(0, CLASSES, images), generator.integers(0, images, UPDATES), generator


def by_autograd(initial, images, labels, order, *, padding, operation):
    """The same training with conv2d over explicitly padded images and gradients by autograd."""
    side = images.shape[-1]
    kernels = torch.tensor(initial.kernels, requires_grad=True)
    readouts = torch.tensor(initial.readouts.reshape(CLASSES, -1), requires_grad=True)
    targets = torch.eye(CLASSES, dtype=torch.float64)
    for sample in order:
        # A kernel in the order of its shifts, the most negative first; conv2d does not flip it.
        window = torch.fft.fftshift(kernels, dim=(-2, -1))
        before, after = (side // 2, (side - 1) // 2)
        if operation == "correlation":
            window = torch.fft.fftshift(kernels.flip(-2, -1).roll((1, 1), (-2, -1)), dim=(-2, -1))
        # As a convolution of the flipped window: output i sees pixels from i − after to i + before.
        padded = functional.pad(
            torch.tensor(images[sample])[None],
            (after, before, after, before),
            mode="circular" if padding == "circular" else "constant",
        )
        hidden = functional.conv2d(padded, window.flip(-2, -1))
        error = targets[labels[sample]] - readouts @ hidden.reshape(-1)
        gradients = torch.autograd.grad(0.5 * (error**2).sum(), (kernels, readouts))
        with torch.no_grad():
            kernels -= LEARNING_RATE * gradients[0]
            readouts -= LEARNING_RATE * gradients[1]
    return kernels.detach().numpy(), readouts.detach().numpy().reshape(initial.readouts.shape)


def relative_difference(measured, expected):
    return np.linalg.norm(measured - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("operation", ["convolution", "correlation"])
@pytest.mark.parametrize("padding", ["circular", "zero"])
@pytest.mark.parametrize(("side", "kernels", "channels"), [(7, 1, 1), (8, 1, 3), (8, 3, 1), (17, 2, 2)])
def test_variant_is_plain_stochastic_gradient_descent(side, kernels, channels, padding, operation):
    images, labels, order, generator = samples(side, channels=channels)
    initial = convolution_variants.normal_weights(generator, (CLASSES, kernels, channels, side), 0.1, 0.1)
    unchanged = (initial.kernels.copy(), initial.readouts.copy())
    engine = convolution_variants.engine(initial, images, convolution_variants.Layer(padding, operation), LEARNING_RATE)
    done, squared_errors = engine.update(labels, order)
    kernel, readout = by_autograd(initial, images, labels, order, padding=padding, operation=operation)
    trained = engine.weights()
    assert done == UPDATES
    assert 0 < squared_errors < np.inf
    assert np.array_equal(initial.kernels, unchanged[0])
    assert np.array_equal(initial.readouts, unchanged[1])
    assert relative_difference(kernel, initial.kernels) > 1e-2, "the comparison needs weights that moved"
    assert relative_difference(trained.kernels, kernel) < 1e-10
    assert relative_difference(trained.readouts, readout) < 1e-10


@pytest.mark.parametrize("operation", ["convolution", "correlation"])
@pytest.mark.parametrize("padding", ["circular", "zero"])
@pytest.mark.parametrize(("side", "kernels", "channels"), [(5, 2, 1), (9, 1, 3), (16, 1, 1), (16, 4, 2), (20, 3, 1)])
def test_variant_agrees_with_the_dense_matrices_to_rounding(side, kernels, channels, padding, operation):
    images, labels, order, generator = samples(side, channels=channels)
    # Rows with no, an odd and an even number of pixels, and an image of zeros.
    images[generator.random(images.shape) < 0.6] = 0.0
    images[1, :, side // 2], images[2] = 0.0, 0.0
    initial = convolution_variants.normal_weights(generator, (CLASSES, kernels, channels, side), 0.1, 0.1)
    layer = convolution_variants.Layer(padding, operation)
    engine = convolution_variants.engine(initial, images, layer, LEARNING_RATE)
    half = len(order) // 2
    parts = [engine.update(labels, part) for part in (order[:half], order[half:])]
    kernel, readout, squared_errors, answers = dense_convolution.train(
        initial, images, labels, order, padding=padding, operation=operation, learning_rate=LEARNING_RATE
    )
    assert relative_difference(kernel, initial.kernels) > 1e-2, "the comparison needs weights that moved"
    assert relative_difference(engine.weights().kernels, kernel) < 1e-13
    assert relative_difference(engine.weights().readouts, readout) < 1e-13
    network = convolution_variants.network_matrix(engine.weights(), layer)
    assert relative_difference(images.reshape(len(images), -1) @ network.T, answers) < 1e-12
    assert sum(part[1] for part in parts) == pytest.approx(squared_errors, rel=1e-12)


@pytest.mark.parametrize("side", [7, 8])
def test_one_circular_convolution_is_the_linear_cnn(side):
    images, labels, order, _ = samples(side, channels=3)
    first = convolution_variants.normal_weights(np.random.default_rng(5), (CLASSES, 1, 3, side), 0.1, 0.2)
    expected = linear_cnn.normal_weights(np.random.default_rng(5), (CLASSES, 3, side), 0.1, 0.2)
    assert np.array_equal(first.kernels[0], expected.kernel)
    assert np.array_equal(first.readouts[:, 0], expected.readout)
    layer = convolution_variants.Layer("circular", "convolution")
    variant = convolution_variants.engine(first, images, layer, LEARNING_RATE)
    theory = linear_cnn.Engine(expected, LEARNING_RATE)
    variant.update(labels, order)
    theory.update(theory.spectra(images), labels, order)
    assert np.array_equal(variant.weights().kernels[0], theory.weights().kernel)
    assert np.array_equal(variant.weights().readouts[:, 0], theory.weights().readout)
    network = convolution_variants.network_matrix(variant.weights(), layer)
    assert np.allclose(network, theory.network(), rtol=0, atol=1e-13)


def test_copies_of_a_kernel_that_share_its_variance_train_like_the_kernel():
    images, labels, order, generator = samples(8)
    one = convolution_variants.normal_weights(generator, (CLASSES, 1, 1, 8), 0.1, 0.1)
    four = convolution_variants.Weights(np.repeat(one.kernels, 4, axis=0) / 2, np.repeat(one.readouts, 4, axis=1) / 2)
    layer = convolution_variants.Layer("zero", "convolution")
    engines = [convolution_variants.engine(weights, images, layer, LEARNING_RATE) for weights in (one, four)]
    for engine in engines:
        engine.update(labels, order)
    networks = [convolution_variants.network_matrix(engine.weights(), layer) for engine in engines]
    assert np.allclose(*networks, rtol=0, atol=1e-13)


def test_more_kernels_begin_with_those_of_fewer_and_share_the_variance():
    one, four = (
        convolution_variants.normal_weights(np.random.default_rng(1), (3, kernels, 1, 16), 0.1, 0.2)
        for kernels in (1, 4)
    )
    assert np.allclose(2 * four.kernels[0], one.kernels[0])
    assert np.allclose(2 * four.readouts[:, 0], one.readouts[:, 0])
    assert (four.kernels**2).sum(axis=0).mean() == pytest.approx(0.01, rel=0.1)
    assert (four.readouts**2).sum(axis=1).mean() == pytest.approx(0.04, rel=0.1)


@pytest.mark.parametrize("padding", ["circular", "zero"])
@pytest.mark.parametrize("side", [7, 8])
def test_correlation_with_the_flipped_kernel_is_the_convolution(side, padding):
    images, _, _, generator = samples(side)
    kernel = generator.standard_normal((side, side))
    flipped = convolution_variants.flipped(kernel)
    assert np.array_equal(convolution_variants.flipped(flipped), kernel)
    hidden = dense_convolution.shift_matrices(images[:, 0], padding, "convolution") @ kernel.ravel()
    same = dense_convolution.shift_matrices(images[:, 0], padding, "correlation") @ flipped.ravel()
    assert np.allclose(same, hidden, rtol=0, atol=1e-12)
    other = dense_convolution.shift_matrices(images[:, 0], padding, "correlation") @ kernel.ravel()
    assert relative_difference(other, hidden) > 0.1


def test_zero_padding_differs_from_circular_only_where_the_kernel_reaches_over_the_border():
    image = np.zeros((1, 9, 9))
    image[0, 4, 4] = 1.0
    circular, zero = (
        dense_convolution.shift_matrices(image, padding, "convolution") for padding in ("circular", "zero")
    )
    assert np.array_equal(circular, zero)
    image[0, 4, 4], image[0, 0, 0] = 0.0, 1.0
    circular, zero = (
        dense_convolution.shift_matrices(image, padding, "convolution") for padding in ("circular", "zero")
    )
    assert circular.sum() == 81
    assert zero.sum() == 25


def test_too_many_images_are_refused():
    initial = convolution_variants.Weights(np.zeros((8, 1, 32, 32)), np.zeros((2, 8, 32, 32)))
    message = r"20000 distinct images of 32x32 pixels and 8 kernels need 1\.3 GB of spectra"
    with pytest.raises(DataError, match=message):
        convolution_variants.engine(
            initial, np.broadcast_to(0.0, (20000, 1, 32, 32)), convolution_variants.Layer(), LEARNING_RATE
        )


@pytest.mark.parametrize("padding", ["circular", "zero"])
def test_a_diverging_update_is_reported_and_stops_there(padding):
    images, labels, _, generator = samples(8)
    images[0] *= 1e6
    initial = convolution_variants.normal_weights(generator, (CLASSES, 2, 1, 8), 0.1, 0.1)
    engine = convolution_variants.engine(
        initial, images, convolution_variants.Layer(padding, "convolution"), LEARNING_RATE, error_limit=100.0
    )
    order = np.array([1, 2, 3, 0, 1])
    done, squared_error = engine.update(labels, order)
    assert done == 3
    assert not squared_error <= 100
    images[0] = np.nan
    engine = convolution_variants.engine(
        initial, images, convolution_variants.Layer(padding, "convolution"), LEARNING_RATE, error_limit=100.0
    )
    done, squared_error = engine.update(labels, order)
    assert done == 3
    assert np.isnan(squared_error)


class Small:
    """The variants of a small experiment."""

    def __init__(self, **changes):
        base = paper.paper_experiments()["geometric_shapes"].model_dump()
        small = {"updates": 15000, "records": 30, "snapshots": [], "dataset": {"side": 9}}
        rate = {"networks": {"linear_cnn": {"learning_rate": 1e-3}, "linear_fcnn": None}}
        self.settings = experiments.Experiment.model_validate(loading.merged(base, small | rate | changes))
        images = self.settings.dataset.make(Making("shapes", 0))
        correlations = {"train": images.split("train").correlations()}
        self.data = TrainingData(images, correlations, decompose(correlations["train"].input_output))

    def train(self, name="variant", **convolution):
        trials = Trials(name="shapes", settings=self.settings, root_seed=0, seeds=2)
        return variants.train(name, extensions.Convolution(**convolution), trials, self.data, 100.0)


# One image per class; several channels; many images per class, centred, so that a mode has the singular value 0.
DATA_SETS = {
    "one channel": {},
    "colours": {"dataset": {"side": 9, "channels": 3}},
    "many images": {"dataset": {"kind": "digits", "classes": [0, 1, 2]}, "order": "epochs"},
}


@pytest.mark.parametrize("data", DATA_SETS)
def test_reference_repeats_the_experiment_s_own_trajectory(data):
    small = Small(**DATA_SETS[data])
    result = small.train()
    task = TwoLayerTask(name="shapes", settings=small.settings, network="linear_cnn", root_seed=0, data=small.data)
    modes = np.flatnonzero(small.data.structure.discoverable)
    assert len(modes) == {"many images": 2}.get(data, 4)
    assert np.array_equal(result["singular_values"], small.data.structure.singular_values[modes])
    for seed in range(2):
        trajectory = two_layer.train(task, seed, lambda *_: None)
        omega = trajectory["effective_singular_values"].values[:, : len(modes), : len(modes)]
        assert np.isfinite(result["discovery_time"][seed, 0])
        assert np.allclose(result["effective_singular_values"][seed], omega, rtol=0, atol=1e-11)
        assert np.allclose(result["train_loss"][seed], trajectory["train_loss"], rtol=0, atol=1e-12)
        final = trajectory["kernel"].values[-1]
        assert np.allclose(result["final_kernel"][seed], final, rtol=0, atol=1e-12)
    assert result["sample"].values.tolist() == list(range(0, 15001, 500))


@pytest.mark.parametrize("padding", ["circular", "zero"])
@pytest.mark.parametrize("channels", [1, 3])
def test_correlation_learns_the_flipped_kernel(padding, channels):
    small = Small(dataset={"side": 9, "channels": channels})
    convolution = small.train(padding=padding)
    correlation = small.train(padding=padding, operation="correlation")
    assert (correlation["flip_difference"] < 1e-12).all()
    flipped = convolution_variants.flipped(convolution["final_kernel"].values)
    assert np.allclose(correlation["final_kernel"], flipped, rtol=0, atol=1e-12)
    assert not np.allclose(correlation["final_kernel"], convolution["final_kernel"], rtol=0, atol=1e-3)
    assert np.allclose(
        correlation["effective_singular_values"], convolution["effective_singular_values"], rtol=0, atol=1e-12
    )


def test_comparison_with_the_reference(tmp_path):
    small = Small()
    files = {}
    for name, convolution in (("circular", {}), ("two", {"kernels": 2}), ("zero", {"padding": "zero"})):
        files[name] = str(tmp_path / f"{name}.nc")
        result = small.train(name, **convolution)
        netcdf.write(result, files[name])
        xr.testing.assert_identical(netcdf.read(files[name]), result)
        assert json.loads(result.attrs["settings"])["convolution"] == extensions.Convolution(**convolution).model_dump()
        assert result["final_kernel"].shape == (2, convolution.get("kernels", 1), 9, 9)
        assert all({"long_name", "units"} <= set(variable.attrs) for variable in result.variables.values())
    comparison = variants.compare(files, "circular")
    assert comparison["variant"].values.tolist() == ["circular", "two", "zero"]
    assert (comparison["discovery_time_ratio"].isel(variant=0)[:, :2] == 1).all()
    assert (comparison["difference"].isel(variant=0) == 0).all()
    assert (comparison["difference"].isel(variant=slice(1, None), mode=slice(2)) > 1e-4).all()
    assert all({"long_name", "units"} <= set(variable.attrs) for variable in comparison.variables.values())

    from learning_dynamics.figures import style
    from learning_dynamics.figures.beyond import variants as figure

    netcdf.write(comparison, tmp_path / "comparison.nc")
    drawn = figure.draw(files | {"comparison": str(tmp_path / "comparison.nc")})
    assert len(drawn.get_axes()) == 2 + 4 + 2
    style.save(drawn, tmp_path / "variants.png")


def test_divergence_is_named():
    fast = Small(networks={"linear_cnn": {"learning_rate": 0.5}, "linear_fcnn": None})
    with pytest.raises(DivergenceError, match=r"variant 'x', seed 0: the training diverged by sample \d+.*lower"):
        fast.train("x")


MISTAKES = {
    "variants.reference": {"reference": "circlar"},
    "variants.convolutions.zero-padding.paddin": {"convolutions": {"zero-padding": {"paddin": "zero"}}},
    "variants.convolutions.mine.padding": {"convolutions": {"mine": {"padding": "zeros"}}},
    "variants.convolutions": {"convolutions": {"comparison": {}}},
    "variants.records": {"records": 900, "updates": 800},
    "variants.experiment": {"experiment": "pure_cosines"},
}


@pytest.mark.parametrize("key", MISTAKES)
def test_mistake_in_the_configuration_is_named(key):
    with pytest.raises(ConfigurationError, match=rf"^configuration key '{key}': "):
        loading.load({"variants": MISTAKES[key]})


def test_variants_are_merged_by_name():
    loaded = loading.load(
        {"variants": {"convolutions": {"four-kernels": None, "two-kernels": {"padding": "zero"}, "own": {}}}}
    )
    convolutions = loaded.variants.convolutions
    assert list(convolutions) == ["circular", "two-kernels", "zero-padding", "correlation", "own"]
    assert convolutions["two-kernels"] == extensions.Convolution(kernels=2, padding="zero")
    taken = loaded.extension_experiment("variants.experiment")
    assert (taken.updates, taken.records) == (loaded.variants.updates, loaded.variants.records)
