"""Small data sets on which the theory is tested, and the averaged gradient of both networks written out plainly.

The plain gradient goes from sample to sample and from shift to shift: no spectrum, no correlation and no singular
vector moves a weight, so that it is independent of what it is compared with.
"""

from __future__ import annotations

import logging

import numpy as np
from scipy.integrate import solve_ivp

from learning_dynamics.config import experiments, loading, paper
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.cosines import Cosine, CosinesDataset
from learning_dynamics.engines import linear_cnn, linear_fcnn
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import (
    correlate,
    decompose,
    effective_singular_values,
    input_correlation_in_modes,
)
from learning_dynamics.predictions.trajectories import predict
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.theory import competition
from learning_dynamics.training.task import TwoLayerTask
from learning_dynamics.training.two_layer import train

# Modes that share no frequency, with self-conjugate ones, on an even and an odd side: (row, column, amplitude).
SUMS_OF_COSINES = {
    8: [
        [(1, 2, 1.0), (3, 1, 0.8), (0, 4, 0.5)],
        [(2, 2, 0.7), (4, 1, 0.6), (1, 1, 0.3)],
    ],
    7: [
        [(1, 2, 1.0), (3, 1, 0.8), (0, 0, 0.3)],
        [(2, 2, 0.7), (0, 1, 0.6)],
        [(1, 1, 0.4), (3, 3, 0.35)],
    ],
}
PURE_COSINES = {
    8: [[(0, 0, 1.5)], [(3, 2, 1.0)], [(4, 0, 0.6)], [(0, 2, 0.3)]],
    7: [[(0, 0, 1.5)], [(3, 2, 1.0)], [(1, 5, 0.5)]],
    6: [[(3, 3, 1.0)], [(1, 2, 0.9)]],
}


class Data:
    """Labelled inputs (images, C, n, n) and what the theory needs of them."""

    def __init__(self, inputs, labels, classes):
        self.inputs, self.labels, self.classes = inputs, labels, classes
        self.channels, self.side = inputs.shape[1:3]
        self.vectors = inputs.reshape(len(inputs), -1)
        self.correlations = correlate(lambda part: self.vectors[part], labels, classes)
        self.structure = decompose(self.correlations.input_output)
        self.singular_values = self.structure.singular_values
        self.right_images = self.structure.right.T.reshape(-1, *inputs.shape[1:])
        self.right_spectra = fourier.spectrum(self.right_images)[:, 0]
        self.in_modes = input_correlation_in_modes(self.correlations, self.structure).diagonal()

    def omega(self, networks):
        """Ω of networks (…, p, CN), shape (…, modes, modes)."""
        flat = networks.reshape(-1, *networks.shape[-2:])
        omega = effective_singular_values(flat, self.correlations, self.structure)
        return omega.reshape(*networks.shape[:-2], *omega.shape[1:])

    def effective(self, networks):
        """a_α of networks (…, p, CN), shape (…, modes)."""
        return np.einsum("...mm->...m", self.omega(networks))

    def learning_rate(self, network):
        """A learning rate at which the flow from weights of 0.1 learns within a few hundred samples."""
        rate = 0.1 / np.sqrt(np.linalg.norm(self.correlations.input, 2))
        return rate / self.side if network == "linear_cnn" else rate


def random_images(side, channels, classes, per_class, centred=False):
    """A mean image for each class and, with more than one image per class, as much noise around it."""
    generator = np.random.default_rng([side, channels, classes, per_class])
    labels = np.repeat(np.arange(classes), per_class)
    inputs = generator.standard_normal((classes, channels, side, side))[labels]
    if per_class > 1:
        inputs = inputs + generator.standard_normal(inputs.shape)
    if centred:
        inputs = inputs - inputs.mean(axis=0)
    return Data(inputs, labels, classes)


def cosines(side, classes):
    """One image per class, a sum of cosines with random phases given as (row, column, amplitude)."""
    settings = CosinesDataset(
        side=side,
        classes=[
            [Cosine(frequency=[row, column], amplitude=size, phase="random") for row, column, size in one]
            for one in classes
        ],
    )
    made = settings.make(Making("cosines", 0))
    return Data(made.images, made.labels, made.classes)


def cnn_weights(data, std, seed=0):
    generator = np.random.default_rng(seed)
    return linear_cnn.normal_weights(generator, (data.classes, data.channels, data.side), std, std)


def aligned_cnn_weights(data, std, seed=0):
    return linear_cnn.aligned_weights(np.random.default_rng(seed), std, data.structure.left, data.right_images)


def fcnn_weights(data, hidden, std, seed=0):
    return linear_fcnn.normal_weights(np.random.default_rng(seed), data.classes, data.vectors.shape[1], hidden, std)


def transfer(data, weights):
    """B = Uᵀ W Q⁻¹ from its definition, shape (modes, n, n)."""
    modes = (data.structure.left.T @ weights.readout.reshape(data.classes, -1)).reshape(-1, data.side, data.side)
    return np.fft.ifft2(modes, norm="ortho")


def competing_modes(data, weights):
    """The competition that the given weights enter."""
    kernel = fourier.spectrum(weights.kernel[0])
    initial = [
        competition.aligned_initial_magnitude(kernel, row, spectrum)
        for row, spectrum in zip(transfer(data, weights), data.right_spectra, strict=True)
    ]
    return competition.modes(data.singular_values, data.in_modes, data.right_spectra, np.stack(initial))


def plain_cnn_flow(data, weights, learning_rate, samples):
    """Networks (samples, p, CN), kernels and readouts of the averaged gradient, from shifted images."""
    side, size = data.side, weights.kernel.size
    shifts = [(row, column) for row in range(side) for column in range(side)]
    # The hidden layer is the sum of kernel entries times shifted images.
    shifted = np.stack([np.roll(data.inputs, shift, axis=(2, 3)) for shift in shifts], axis=2)
    shifted = shifted.reshape(len(data.inputs), size, side * side)
    labels = np.eye(data.classes)[data.labels]

    def derivative(_, state):
        kernel, readout = state[:size], state[size:].reshape(data.classes, -1)
        hidden = np.einsum("a,sai->si", kernel, shifted)
        error = labels - hidden @ readout.T
        changes = [np.einsum("sai,si->a", shifted, error @ readout), (error.T @ hidden).ravel()]
        return learning_rate * np.concatenate(changes) / len(labels)

    states = _solve(derivative, np.concatenate([weights.kernel.ravel(), weights.readout.ravel()]), samples)
    kernels = states[:, :size].reshape(-1, *weights.kernel.shape)
    readouts = states[:, size:].reshape(-1, *weights.readout.shape)
    return np.stack([dense_network(*pair) for pair in zip(kernels, readouts, strict=True)]), kernels, readouts


def dense_network(kernel, readout):
    """W Σ_c dbc(k_c) from the circulant matrices themselves, shape (p, CN)."""
    rows = readout.reshape(len(readout), -1)
    return np.concatenate([rows @ fourier.doubly_block_circulant(channel) for channel in kernel], axis=1)


def plain_fcnn_flow(data, weights, learning_rate, samples):
    """Networks (samples, p, CN), first and second layers of the averaged gradient."""
    labels = np.eye(data.classes)[data.labels]
    size = weights.first.size

    def derivative(_, state):
        first, second = state[:size].reshape(weights.first.shape), state[size:].reshape(weights.second.shape)
        hidden = data.vectors @ first.T
        error = labels - hidden @ second.T
        changes = [(error @ second).T @ data.vectors, error.T @ hidden]
        return learning_rate * np.concatenate([change.ravel() for change in changes]) / len(labels)

    states = _solve(derivative, np.concatenate([weights.first.ravel(), weights.second.ravel()]), samples)
    first = states[:, :size].reshape(-1, *weights.first.shape)
    second = states[:, size:].reshape(-1, *weights.second.shape)
    return second @ first, first, second


def _solve(derivative, start, samples):
    return solve_ivp(derivative, samples[[0, -1]], start, method="RK45", t_eval=samples, rtol=1e-9, atol=1e-12).y.T


class Prepared:
    """An experiment, its images and their structure: the paper's of this name, with changes."""

    def __init__(self, name, **changes):
        base = paper.paper_experiments()[name].model_dump()
        self.name = name
        self.settings = experiments.Experiment.model_validate(loading.merged(base, {"snapshots": [], **changes}))
        self.images = self.settings.dataset.make(Making(name, 0))
        self.correlations = {split: self.images.split(split).correlations() for split in self.images.splits}
        self.structure = decompose(self.correlations["train"].input_output)

    def task(self, network):
        data = TrainingData(self.images, self.correlations, self.structure)
        return TwoLayerTask(name=self.name, settings=self.settings, network=network, root_seed=0, data=data)

    def predict(self, network, seeds=1):
        return predict(self.task(network), seeds, logging.getLogger("theory"))

    def train(self, network, seed=0):
        return train(self.task(network), seed, lambda *_: None)
