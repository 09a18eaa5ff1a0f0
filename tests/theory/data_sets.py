"""Small data sets on which the theory is tested, and the networks written out plainly, sample by sample and pixel by pixel.

Nothing here uses a spectrum, a correlation or a singular vector to move a weight: that is what makes it independent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from learning_dynamics import config, fourier
from learning_dynamics.correlations import correlate, decompose, effective_singular_values, input_correlation_in_modes
from learning_dynamics.datasets.make import make
from learning_dynamics.networks import linear_cnn, linear_fcnn


class Data:
    """Labelled inputs (images, C, n, n) and what the theory needs of them."""

    def __init__(self, inputs, labels, classes):
        self.inputs, self.labels, self.classes = inputs, labels, classes
        self.channels, self.side = inputs.shape[1:3]
        self.vectors = inputs.reshape(len(inputs), -1)
        self.correlations = correlate(lambda part: self.vectors[part], labels, classes)
        self.structure = decompose(self.correlations.input_output)
        self.spectra = fourier.spectrum(self.structure.right.T.reshape(-1, *inputs.shape[1:]))[:, 0]
        self.in_modes = input_correlation_in_modes(self.correlations, self.structure)

    def effective(self, networks):
        """Diagonals of Ω of networks (..., p, CN), shape (..., modes)."""
        omega = effective_singular_values(networks.reshape(-1, *networks.shape[-2:]), self.correlations, self.structure)
        return np.einsum("kmm->km", omega).reshape(*networks.shape[:-2], -1)


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


def cosines(side, *classes, phase="random"):
    """One image per class, a sum of cosines given as (row frequency, column frequency, amplitude)."""
    settings = config.CosinesDataset(
        side=side,
        classes=[[config.Cosine(frequency=[f, g], amplitude=a, phase=phase) for f, g, a in one] for one in classes],
    )
    made = make(settings, "cosines", 0, "", Path("nowhere"))
    return Data(made.images, made.labels, made.classes)


def cnn_weights(data, std, seed=0):
    generator = np.random.default_rng(seed)
    return linear_cnn.normal_weights(generator, data.classes, data.channels, data.side, std, std)


def aligned_cnn_weights(data, std, seed=0):
    images = data.structure.right.T.reshape(-1, 1, data.side, data.side)
    return linear_cnn.aligned_weights(np.random.default_rng(seed), std, data.structure.left, images)


def fcnn_weights(data, hidden, std, seed=0):
    return linear_fcnn.normal_weights(np.random.default_rng(seed), data.classes, data.vectors.shape[1], hidden, std)


def plain_cnn_flow(data, weights, learning_rate, samples):
    """Networks (samples, p, CN), kernels and readouts of the averaged gradient, from shifted images alone."""
    side, classes = data.side, data.classes
    shifts = [(a, b) for a in range(side) for b in range(side)]
    # moved[s, c·N + a] is image s, channel c, shifted by a: the hidden layer is the sum of kernel[c, a] · moved.
    moved = np.stack([np.roll(data.inputs, shift, axis=(2, 3)) for shift in shifts], axis=2)
    moved = moved.reshape(len(data.inputs), -1, side * side)
    labels = np.eye(classes)[data.labels]
    size = weights.kernel.size

    def derivative(_, state):
        kernel, readout = state[:size], state[size:].reshape(classes, -1)
        hidden = np.einsum("a,sai->si", kernel, moved)
        error = labels - hidden @ readout.T
        kernel_change = np.einsum("sai,si->a", moved, error @ readout) / len(moved)
        readout_change = error.T @ hidden / len(moved)
        return learning_rate * np.concatenate([kernel_change, readout_change.ravel()])

    states = _solve(derivative, np.concatenate([weights.kernel.ravel(), weights.readout.ravel()]), samples)
    kernels = states[:, :size].reshape(-1, *weights.kernel.shape)
    readouts = states[:, size:].reshape(-1, *weights.readout.shape)
    # Answers to every unit image, one pixel at a time, are the columns of M.
    units = np.eye(data.vectors.shape[1]).reshape(-1, data.channels, side, side)
    moved_units = np.stack([np.roll(units, shift, axis=(2, 3)) for shift in shifts], axis=2)
    hidden = np.einsum(
        "tcij,scaij->tsaij" if False else "tca,sca...->ts...",
        kernels.reshape(len(kernels), data.channels, -1),
        moved_units,
    )
    return np.einsum("tpij,tsij->tps", readouts, hidden), kernels, readouts


def plain_fcnn_flow(data, weights, learning_rate, samples):
    """Networks (samples, p, CN), first and second layers of the averaged gradient, from the samples themselves."""
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
    solution = solve_ivp(
        derivative, (samples[0], samples[-1]), start, method="RK45", t_eval=samples, rtol=1e-9, atol=1e-12
    )
    return solution.y.T
