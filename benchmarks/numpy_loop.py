"""NumPy and SciPy, one sample at a time, gradients by hand; the samples are transformed before the clock starts."""

from __future__ import annotations

import time

import numpy as np
from scipy import fft
from scipy.linalg import blas


def linear_cnn(problem):
    side = problem.side
    plane = (side, side)
    spectra = fft.rfft2(problem.inputs)
    targets = problem.targets

    def run(order):
        kernel, readout = problem.first.copy(), problem.second.reshape(len(problem.second), -1).copy()
        rate = problem.inputs.dtype.type(problem.rate)
        start = time.perf_counter()
        for sample in order:
            hidden = fft.irfft2((fft.rfft2(kernel) * spectra[sample]).sum(axis=0), s=plane).ravel()
            step = rate * (targets[sample] - readout @ hidden)
            back = fft.rfft2((step @ readout).reshape(plane))
            readout += step[:, None] * hidden
            kernel += fft.irfft2(back * np.conj(spectra[sample]), s=plane)
        return time.perf_counter() - start, kernel

    return run


def linear_fcnn(problem):
    vectors, targets = problem.vectors, problem.targets
    rank_one = blas.dger if vectors.dtype == np.float64 else blas.sger

    def run(order):
        first, second = problem.first.copy(), problem.second.copy()
        start = time.perf_counter()
        for sample in order:
            hidden = first @ vectors[sample]
            step = problem.rate * (targets[sample] - second @ hidden)
            back = step @ second
            second += step[:, None] * hidden
            rank_one(1.0, vectors[sample], back, a=first.T, overwrite_a=True)
        return time.perf_counter() - start, first

    return run
