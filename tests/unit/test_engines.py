"""Both engines are the same iteration as a plain autograd loop."""

import numpy as np
import pytest

from benchmarks import pytorch_eager
from learning_dynamics.engines import compiled_updates, linear_cnn, linear_fcnn

UPDATES = 200
CLASSES = 4
LEARNING_RATE = 2e-3


def samples(side, channels, images=9):
    generator = np.random.default_rng([side, channels])
    inputs = generator.standard_normal((images, channels, side, side))
    return inputs, generator.integers(0, CLASSES, images), generator.integers(0, images, UPDATES), generator


def relative_difference(measured, expected):
    return np.linalg.norm(measured - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("side", [7, 8, 16, 33])
def test_linear_cnn_is_plain_stochastic_gradient_descent(side, channels):
    inputs, labels, order, generator = samples(side, channels)
    initial = linear_cnn.normal_weights(generator, (CLASSES, channels, side), 0.05, 0.05)
    engine = linear_cnn.Engine(initial, LEARNING_RATE / side)
    done, squared_errors = engine.update(engine.spectra(inputs), labels, order)
    kernel, readout = pytorch_eager.train_linear_cnn(
        initial.kernel, initial.readout, inputs, labels, order, learning_rate=LEARNING_RATE / side
    )
    trained = engine.weights()
    assert done == UPDATES
    assert 0 < squared_errors < np.inf
    assert relative_difference(kernel, initial.kernel) > 1e-2, "the comparison needs weights that moved"
    assert relative_difference(trained.kernel, kernel) < 1e-10
    assert relative_difference(trained.readout, readout) < 1e-10


@pytest.mark.parametrize("classes", [1, 2, 8, 11])
@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize(("side", "channels"), [(7, 2), (32, 1)])
def test_updates_are_the_same_with_answers_in_registers_or_in_memory(side, channels, classes, precision, monkeypatch):
    inputs, _, order, generator = samples(side, channels)
    labels = generator.integers(0, classes, len(inputs))
    initial = linear_cnn.normal_weights(generator, (classes, channels, side), 0.05, 0.05)
    states, squared_errors = [], []
    for few in (classes, 0):
        monkeypatch.setattr(compiled_updates, "FEW_CLASSES", few)
        engine = linear_cnn.Engine(initial, LEARNING_RATE / side, precision=precision)
        squared_errors.append(engine.update(engine.spectra(inputs), labels, order))
        states.append(engine.state())
    assert squared_errors[0] == squared_errors[1]
    for name, values in states[0].items():
        assert np.array_equal(values, states[1][name]), name


def test_updates_are_the_same_whether_the_hidden_layer_is_kept_or_computed_again(monkeypatch):
    inputs, labels, order, generator = samples(9, 1)
    initial = linear_cnn.normal_weights(generator, (CLASSES, 1, 9), 0.05, 0.05)
    states = []
    for near in (2**15, 0):
        monkeypatch.setattr(compiled_updates, "_HIDDEN_LAYER_BYTES", near)
        engine = linear_cnn.Engine(initial, LEARNING_RATE)
        engine.update(engine.spectra(inputs), labels, order)
        states.append(engine.state())
    assert np.array_equal(states[0]["kernel"], states[1]["kernel"])
    assert np.array_equal(states[0]["readout"], states[1]["readout"])


@pytest.mark.parametrize("classes", [4, 11])
@pytest.mark.parametrize("channels", [1, 3])
def test_passes_to_and_fro_make_the_same_updates_to_rounding(channels, classes, monkeypatch):
    """And to the last bit where they begin forwards at the same updates."""
    inputs, _, order, generator = samples(9, channels)
    labels = generator.integers(0, classes, len(inputs))
    initial = linear_cnn.normal_weights(generator, (classes, channels, 9), 0.05, 0.05)

    def kernel_and_readout(near, *cuts):
        monkeypatch.setattr(compiled_updates, "_ONE_WAY_BYTES", near)
        engine = linear_cnn.Engine(initial, LEARNING_RATE)
        for part in np.split(order, cuts):
            engine.update(engine.spectra(inputs), labels, part)
        weights = engine.weights()
        return np.concatenate([weights.kernel.ravel(), weights.readout.ravel()])

    forwards, to_and_fro = kernel_and_readout(2**30), kernel_and_readout(0)
    assert 0 < relative_difference(to_and_fro, forwards) < 1e-12
    assert np.array_equal(kernel_and_readout(0, 32, 64, 190), to_and_fro)
    assert not np.array_equal(kernel_and_readout(0, 33), to_and_fro)


def test_updates_are_the_same_wherever_the_samples_lie():
    """Far more samples than the second cache holds are asked for ahead; registers may lie across two lines of it."""
    inputs, labels, order, generator = samples(16, 1)
    initial = linear_cnn.normal_weights(generator, (CLASSES, 1, 16), 0.05, 0.05)
    engines = [linear_cnn.Engine(initial, LEARNING_RATE) for _ in range(3)]
    near = engines[0].spectra(inputs)
    far = engines[0].room(2000)
    far[::200][: len(near)] = near
    shifted = np.zeros(near.size + 1)[1:].reshape(near.shape)
    shifted[...] = near
    engines[0].update(near, labels, order)
    engines[1].update(far, np.repeat(labels, 200), 200 * order)
    engines[2].update(shifted, labels, order)
    for engine in engines[1:]:
        assert np.array_equal(engine.state()["kernel"], engines[0].state()["kernel"])


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("side", [7, 8, 16])
def test_linear_fcnn_is_plain_stochastic_gradient_descent(side, channels):
    inputs, labels, order, generator = samples(side, channels)
    vectors = inputs.reshape(len(inputs), -1)
    initial = linear_fcnn.normal_weights(generator, CLASSES, vectors.shape[1], 30, 0.05)
    engine = linear_fcnn.Engine(initial, LEARNING_RATE)
    done, squared_errors = engine.update(vectors[order], labels[order])
    first, second = pytorch_eager.train_linear_fcnn(
        initial.first, initial.second, vectors, labels, order, learning_rate=LEARNING_RATE
    )
    trained = engine.weights()
    assert done == UPDATES
    assert 0 < squared_errors < np.inf
    assert relative_difference(first, initial.first) > 1e-2, "the comparison needs weights that moved"
    assert relative_difference(trained.first, first) < 1e-10
    assert relative_difference(trained.second, second) < 1e-10


@pytest.mark.parametrize(("side", "hidden"), [(8, 30), (24, 500)])
def test_linear_fcnn_in_single_precision_follows_double(side, hidden):
    inputs, labels, order, generator = samples(side, 1)
    vectors = inputs.reshape(len(inputs), -1) / side
    initial = linear_fcnn.normal_weights(generator, CLASSES, side**2, hidden, 0.05)
    double, single = (
        linear_fcnn.Engine(initial, LEARNING_RATE, precision=precision) for precision in (np.float64, np.float32)
    )
    for engine in (double, single):
        done, _ = engine.update(vectors[order], labels[order])
        assert done == UPDATES
    assert single.first.dtype == np.float32
    assert single.network().dtype == np.float64
    moved = np.linalg.norm(double.network() - initial.second @ initial.first)
    assert moved > 1e-2 * np.linalg.norm(double.network()), "the comparison needs a network that moved"
    assert 0 < np.linalg.norm(single.network() - double.network()) < 1e-4 * moved
    before = single.state()
    single.update(vectors[order], labels[order])
    single.restore(before)
    assert np.array_equal(single.first, before["first"])


@pytest.mark.parametrize("split", [1, 50, 128, 199])
def test_updates_can_be_split_anywhere(split):
    inputs, labels, order, generator = samples(8, 1)
    cnn_initial = linear_cnn.normal_weights(generator, (CLASSES, 1, 8), 0.05, 0.05)
    whole, parts = (linear_cnn.Engine(cnn_initial, 1e-3) for _ in range(2))
    spectra = whole.spectra(inputs)
    whole.update(spectra, labels, order)
    parts.update(spectra, labels, order[:split])
    parts.update(spectra, labels, order[split:])
    assert np.array_equal(whole.weights().kernel, parts.weights().kernel)

    vectors = inputs.reshape(len(inputs), -1)
    fcnn_initial = linear_fcnn.normal_weights(generator, CLASSES, 64, 20, 0.05)
    whole, parts = (linear_fcnn.Engine(fcnn_initial, 1e-2) for _ in range(2))
    whole.update(vectors[order], labels[order])
    parts.update(vectors[order[:split]], labels[order[:split]])
    parts.update(vectors[order[split:]], labels[order[split:]])
    assert relative_difference(parts.network(), whole.network()) < 1e-12


def test_network_matrix_answers_like_the_layers():
    generator = np.random.default_rng(3)
    weights = linear_cnn.normal_weights(generator, (3, 2, 7), 1.0, 1.0)
    inputs = generator.standard_normal((5, 2, 7, 7))
    from learning_dynamics.numerics import fourier

    hidden = sum(fourier.circular_convolution(weights.kernel[c], inputs[:, c]) for c in range(2))
    answers = np.einsum("pij,sij->sp", weights.readout, hidden)
    network = linear_cnn.network_matrix(weights)
    assert np.allclose(inputs.reshape(5, -1) @ network.T, answers, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bad", ["large", "nan"])
def test_a_diverging_update_is_reported_and_stops_there(bad):
    inputs, labels, order, generator = samples(8, 1)
    order[17] = 0
    order[:17] = 1 + order[:17] % 8
    inputs[0] = np.nan if bad == "nan" else 1e6 * inputs[0]
    cnn = linear_cnn.Engine(linear_cnn.normal_weights(generator, (CLASSES, 1, 8), 0.1, 0.1), 1e-4, error_limit=100.0)
    done, squared_error = cnn.update(cnn.spectra(inputs), labels, order)
    assert done == 17
    assert not squared_error <= 100
    vectors = inputs.reshape(len(inputs), -1)
    fcnn = linear_fcnn.Engine(linear_fcnn.normal_weights(generator, CLASSES, 64, 20, 0.1), 1e-4, error_limit=100.0)
    done, squared_error = fcnn.update(vectors[order], labels[order])
    assert not squared_error <= 100
    # A sample that is not a number spoils the inner products of its whole block.
    assert done == 17 or bad == "nan"
