"""The project's engines as contestants: functions that make ``run(order) -> (seconds, trained first layer)``."""

from __future__ import annotations

import time

import numpy as np

from learning_dynamics.engines import linear_cnn, linear_fcnn


def linear_cnn_engine(problem, clock=time.perf_counter):
    dtype = problem.inputs.dtype
    initial = linear_cnn.Weights(problem.first.astype(np.float64), problem.second.astype(np.float64))
    spectra = linear_cnn.Engine(initial, problem.rate, precision=dtype).spectra(problem.inputs.astype(np.float64))

    def run(order):
        engine = linear_cnn.Engine(initial, problem.rate, precision=dtype)
        start = clock()
        engine.update(spectra, problem.labels, order)
        return clock() - start, engine.weights().kernel

    return run


def linear_fcnn_engine(problem, clock=time.perf_counter):
    vectors = problem.vectors
    initial = linear_fcnn.Weights(problem.first, problem.second.astype(np.float64))

    def run(order):
        engine = linear_fcnn.Engine(initial, problem.rate, precision=vectors.dtype)
        start = clock()
        for first in range(0, len(order), linear_fcnn.BLOCK):
            places = order[first : first + linear_fcnn.BLOCK]
            engine.update(vectors[places], problem.labels[places])
        return clock() - start, engine.first

    return run
