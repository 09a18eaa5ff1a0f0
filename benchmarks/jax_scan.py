"""JAX: all updates in one compiled ``lax.scan``, gradients by automatic differentiation.

The linear CNN comes with a convolution, with ``rfft2`` (the samples' transforms made before the clock starts), and, the
best we can do with JAX, as our own algorithm: the updates of the half-plane spectra written out.
"""

from __future__ import annotations

import time

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

jax.config.update("jax_enable_x64", True)


def _scan(problem, parameters, samples, step, first_layer=lambda parameters: parameters[0]):
    """A contestant from ``step(parameters, sample, target) -> parameters``."""
    parameters = jax.tree.map(jnp.asarray, parameters)
    samples, targets = jnp.asarray(samples), jnp.asarray(problem.targets)

    @jax.jit
    def train(parameters, order):
        def body(parameters, place):
            return step(parameters, samples[place], targets[place]), None

        return lax.scan(body, parameters, order)[0]

    def run(order):
        order = jnp.asarray(order)
        start = time.perf_counter()
        trained = jax.block_until_ready(train(parameters, order))
        return time.perf_counter() - start, np.asarray(first_layer(trained))

    return run


def _descent(loss, rate):
    def step(parameters, sample, target):
        gradients = jax.grad(loss)(parameters, sample, target)
        return tuple(value - rate * gradient for value, gradient in zip(parameters, gradients, strict=True))

    return step


def linear_cnn_convolution(problem):
    side = problem.side

    def loss(parameters, sample, target):
        kernel, readout = parameters
        padded = jnp.pad(sample, ((0, 0), (side - 1, 0), (side - 1, 0)), mode="wrap")
        hidden = lax.conv_general_dilated(padded[None], kernel[None, :, ::-1, ::-1], (1, 1), "VALID")
        return 0.5 * jnp.sum((target - jnp.tensordot(readout, hidden[0, 0], axes=2)) ** 2)

    return _scan(problem, (problem.first, problem.second), problem.inputs, _descent(loss, problem.rate))


def linear_cnn_rfft2(problem):
    side = problem.side

    def loss(parameters, spectrum, target):
        kernel, readout = parameters
        hidden = jnp.fft.irfft2(jnp.sum(jnp.fft.rfft2(kernel) * spectrum, axis=0), s=(side, side))
        return 0.5 * jnp.sum((target - jnp.tensordot(readout, hidden, axes=2)) ** 2)

    spectra = jnp.fft.rfft2(jnp.asarray(problem.inputs))
    return _scan(problem, (problem.first, problem.second), spectra, _descent(loss, problem.rate))


def linear_cnn_spectra(problem):
    side = problem.side
    often = np.full((side, side // 2 + 1), 2.0)
    often[:, 0] = 1.0
    if side % 2 == 0:
        often[:, -1] = 1.0
    dtype = problem.inputs.dtype
    half = {name: np.fft.rfft2(getattr(problem, name), norm="ortho") for name in ("first", "second", "inputs")}
    root, rate = jnp.asarray(np.sqrt(often).astype(dtype)), dtype.type(problem.rate)

    def step(parameters, sample, target):
        kernel_real, kernel_imaginary, readout_real, readout_imaginary = parameters
        real, imaginary = sample
        hidden_real = jnp.sum(kernel_real * real - kernel_imaginary * imaginary, axis=0)
        hidden_imaginary = jnp.sum(kernel_real * imaginary + kernel_imaginary * real, axis=0)
        answer = jnp.sum(readout_real * hidden_real + readout_imaginary * hidden_imaginary, axis=(1, 2))
        sizes = (rate * (target - answer))[:, None, None]
        back_real = jnp.sum(sizes * readout_real, axis=0)
        back_imaginary = jnp.sum(sizes * readout_imaginary, axis=0)
        return (
            kernel_real + real * back_real + imaginary * back_imaginary,
            kernel_imaginary + real * back_imaginary - imaginary * back_real,
            readout_real + sizes * hidden_real,
            readout_imaginary + sizes * hidden_imaginary,
        )

    def parts(name, scale):
        return jnp.asarray((scale * half[name]).real.astype(dtype)), jnp.asarray(
            (scale * half[name]).imag.astype(dtype)
        )

    samples = jnp.stack(parts("inputs", side), axis=1)

    def kernel_image(parameters):
        return np.fft.irfft2((parameters[0] + 1j * parameters[1]) / root, s=(side, side), norm="ortho")

    return _scan(problem, (*parts("first", root), *parts("second", root)), samples, step, kernel_image)


def linear_fcnn(problem):
    def loss(parameters, sample, target):
        first, second = parameters
        return 0.5 * jnp.sum((target - second @ (first @ sample)) ** 2)

    return _scan(problem, (problem.first, problem.second), problem.vectors, _descent(loss, problem.rate))
