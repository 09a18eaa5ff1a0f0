"""Keras on JAX: a model of layers, ``train_on_batch`` with one sample, the step compiled."""

from __future__ import annotations

import os
import time

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from keras import ops


class CircularConvolution(keras.layers.Layer):
    """k ⊛ x of all channels together; channels last, and the kernel stored as Keras convolves, flipped."""

    def build(self, shape):
        _, self.side, _, channels = shape
        self.kernel = self.add_weight(shape=(self.side, self.side, channels, 1), name="kernel")

    def call(self, inputs):
        padding = [(0, 0), (self.side - 1, 0), (self.side - 1, 0), (0, 0)]
        return ops.conv(ops.pad(inputs, padding, mode="wrap"), self.kernel, padding="valid")


def _contestant(problem, layers, inputs, initial, trained):
    keras.config.set_floatx(problem.inputs.dtype.name)
    model = keras.Sequential([keras.Input(inputs.shape[1:]), *layers()])
    model.compile(
        optimizer=keras.optimizers.SGD(problem.rate),
        loss=lambda target, answer: 0.5 * ops.sum((target - answer) ** 2, axis=-1),
        jit_compile=True,
    )
    targets = problem.targets

    def run(order):
        model.set_weights(initial)
        start = time.perf_counter()
        for sample in order:
            model.train_on_batch(inputs[sample : sample + 1], targets[sample : sample + 1])
        return time.perf_counter() - start, trained(model.get_weights())

    return run


def linear_cnn(problem):
    classes = len(problem.second)
    kernel = problem.first.transpose(1, 2, 0)[::-1, ::-1, :, None]

    def layers():
        return [CircularConvolution(), keras.layers.Flatten(), keras.layers.Dense(classes, use_bias=False)]

    inputs = np.ascontiguousarray(problem.inputs.transpose(0, 2, 3, 1))
    return _contestant(
        problem,
        layers,
        inputs,
        [kernel, problem.second.reshape(classes, -1).T],
        lambda weights: weights[0][::-1, ::-1, :, 0].transpose(2, 0, 1),
    )


def linear_fcnn(problem):
    def layers():
        return [keras.layers.Dense(len(layer), use_bias=False) for layer in (problem.first, problem.second)]

    initial = [problem.first.T, problem.second.T]
    return _contestant(problem, layers, problem.vectors, initial, lambda weights: weights[0].T)
