"""The gradient flow of ten trials at CIFAR-4 size against the machine's matrix product."""

from __future__ import annotations

import time

import numpy as np

from benchmarks import ceilings, rooflines
from learning_dynamics.engines import linear_cnn
from learning_dynamics.numerics.correlations import Correlations, decompose
from learning_dynamics.theory import gradient_flow

SIDE, CHANNELS, CLASSES, TRIALS = 32, 3, 4, 10


def measure(measured):
    """Rooflines of one evaluation of the linear CNN's flow: as a large product, and as those of its own shape."""
    generator = np.random.default_rng(0)
    width = CHANNELS * SIDE**2
    vectors = generator.standard_normal((2 * width, width)) / np.sqrt(width)
    labels = np.arange(len(vectors)) % CLASSES
    targets = np.eye(CLASSES)[labels]
    correlations = Correlations(
        input=vectors.T @ vectors / len(vectors),
        input_output=targets.T @ vectors / len(vectors),
        class_frequencies=targets.mean(axis=0),
    )
    structure = decompose(correlations.input_output)
    starts = [linear_cnn.normal_weights(generator, (CLASSES, CHANNELS, SIDE), 1e-3, 1e-3) for _ in range(TRIALS)]
    spent, evaluations = [], []
    # The first has little but the decomposition of Σxx.
    for times in (np.zeros(1), np.linspace(0.0, 3e4, 300)):
        start = time.thread_time()
        solution = gradient_flow.linear_cnn_flow(starts, correlations, structure, 1e-4, times)
        spent.append(time.thread_time() - start)
        evaluations.append(solution.evaluations)
    microseconds = 1e6 * np.diff(spent)[0] / np.diff(evaluations)[0]
    rows, directions = TRIALS * CLASSES, gradient_flow.DIRECTIONS
    values = 2 * CHANNELS * SIDE * (SIDE // 2 + 1)
    operations = 4 * rows * values * directions
    there, back = (
        ceilings.matrix_product(rows, values, directions, np.float64),
        ceilings.matrix_product(rows, directions, values, np.float64),
    )
    own_shape = 2 / (1 / there + 1 / back)
    case = f"gradient flow n={SIDE} C={CHANNELS}, {TRIALS} trials"
    return [
        {
            "case": case,
            "precision": "float64",
            **rooflines.share({"operations": operations, "bounds_us": {name: 1e6 * operations / speed}}, microseconds),
        }
        for name, speed in (
            ("matrix_product", measured["float64"]["matrix_product"]),
            (f"matrix_product_of_{rows}_rows", own_shape),
        )
    ]
