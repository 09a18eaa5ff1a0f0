"""Our engines against PyTorch's eager loop, side by side in one run: ``make bench``.

Both make the same updates from the same weights and samples; that they give the same weights is checked first. The two
are timed in turn, several times, and the ratio is that of each pair: it holds when the machine's speed drifts. Ours has
one thread, as every job of the workflow; PyTorch has all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

THREADS = os.cpu_count() or 1
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = str(THREADS)
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "workflow")]

import numpy as np  # noqa: E402 - after the number of threads is set

from benchmarks import pytorch_eager  # noqa: E402
from learning_dynamics.networks import linear_cnn, linear_fcnn  # noqa: E402

CLASSES = 4
LEARNING_RATE = 1e-4


def samples(side, channels, images, updates):
    generator = np.random.default_rng([side, channels])
    inputs = generator.standard_normal((images, channels, side, side))
    return generator, inputs, generator.integers(0, CLASSES, images), generator.integers(0, images, updates)


def linear_cnn_case(side, channels):
    generator, inputs, labels, order = samples(side, channels, 64, 200_000)
    initial = linear_cnn.normal_weights(generator, CLASSES, channels, side, 1e-2, 1e-2)
    rate = LEARNING_RATE / side

    def ours(updates):
        engine = linear_cnn.Engine(initial, rate)
        spectra = engine.spectra(inputs)
        start = time.perf_counter()
        engine.update(spectra, labels, order[:updates])
        return time.perf_counter() - start, engine.weights().kernel

    def eager(updates):
        start = time.perf_counter()
        kernel, _ = pytorch_eager.train_linear_cnn(
            initial.kernel, initial.readout, inputs, labels, order[:updates], rate
        )
        return time.perf_counter() - start, kernel

    return ours, eager


def linear_fcnn_case(side, channels, hidden):
    generator, inputs, labels, order = samples(side, channels, 256, 20_000)
    vectors = inputs.reshape(len(inputs), -1)
    initial = linear_fcnn.normal_weights(generator, CLASSES, vectors.shape[1], hidden, 1e-2)

    def ours(updates):
        engine = linear_fcnn.Engine(initial, LEARNING_RATE)
        start = time.perf_counter()
        for first in range(0, updates, linear_fcnn.BLOCK):
            places = order[first : min(first + linear_fcnn.BLOCK, updates)]
            engine.update(vectors[places], labels[places])
        return time.perf_counter() - start, engine.first

    def eager(updates):
        start = time.perf_counter()
        first, _ = pytorch_eager.train_linear_fcnn(
            initial.first, initial.second, vectors, labels, order[:updates], LEARNING_RATE
        )
        return time.perf_counter() - start, first

    return ours, eager


def compare(name, case, our_updates, eager_updates, repetitions):
    """Microseconds per update of both, medians, and the median of the paired ratios."""
    ours, eager = case
    difference = relative_difference(ours(200)[1], eager(200)[1])
    pairs = [(ours(our_updates)[0] / our_updates, eager(eager_updates)[0] / eager_updates) for _ in range(repetitions)]
    result = {
        "case": name,
        "ours_us": 1e6 * statistics.median(pair[0] for pair in pairs),
        "pytorch_eager_us": 1e6 * statistics.median(pair[1] for pair in pairs),
        "ratio": statistics.median(pair[1] / pair[0] for pair in pairs),
        "ratios": [pair[1] / pair[0] for pair in pairs],
        "relative_difference_after_200_updates": difference,
    }
    print(
        f"{name:34} {result['ours_us']:10.2f} {result['pytorch_eager_us']:12.1f} {result['ratio']:9.0f} "
        f"{difference:12.1e}",
        flush=True,
    )
    return result


def relative_difference(measured, expected):
    return float(np.linalg.norm(measured - expected) / np.linalg.norm(expected))


def machine():
    model = next(
        (line.split(":")[1].strip() for line in cpu_description() if line.startswith("model name")),
        platform.processor(),
    )
    return {"processor": model, "cores": THREADS, "platform": platform.platform()}


def cpu_description():
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/bench.json"))
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'microseconds per update':34} {'ours':>10} {'eager':>12} {'ratio':>9} {'difference':>12}")
    cases: list[tuple[str, Callable, int, int]] = [
        ("linear CNN n=16 C=1 p=4", linear_cnn_case(16, 1), 100_000, 300),
        ("linear CNN n=32 C=3 p=4", linear_cnn_case(32, 3), 20_000, 100),
        ("linear FCNN n=16 C=1 h=256", linear_fcnn_case(16, 1, 256), 10_000, 300),
        ("linear FCNN n=32 C=3 h=1024", linear_fcnn_case(32, 3, 1024), 1_280, 100),
    ]
    results = [compare(name, case, ours, eager, arguments.repetitions) for name, case, ours, eager in cases]
    versions = {package: metadata.version(package) for package in ("numpy", "numba", "scipy", "torch")}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "python": platform.python_version(), "versions": versions, "results": results}
    arguments.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
