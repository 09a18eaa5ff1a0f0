"""Our two-layer engines against what one would use instead, side by side in one run: ``make bench``.

Every contestant makes the same updates from the same weights and samples; that they give the same weights is checked
first. They are timed in turn, several times, and a ratio is that of one turn: it holds when the machine's speed drifts.
Ours has one thread, as every job of the workflow; the others have all cores. Compilation and the transforms of samples
come before the clock starts, for everyone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path

THREADS = os.cpu_count() or 1
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "workflow")]

import numpy as np  # noqa: E402 - after the number of threads is set

from benchmarks import (  # noqa: E402
    ceilings,
    flow,
    jax_scan,
    keras_batches,
    numpy_loop,
    ours,
    problems,
    pytorch_loops,
    rooflines,
    samples,
)
from learning_dynamics.storage import machine  # noqa: E402

OURS, EAGER = "ours", "PyTorch eager"
CHECKED_UPDATES = 200
ALLOWED_DIFFERENCE = {"float64": 1e-10, "float32": 1e-3}
# Updates per turn at n = 16 and at n = 32 with three channels: about a tenth of a second each, and at least ten.
LINEAR_CNN = {
    OURS: (ours.linear_cnn_engine, 100_000, 20_000),
    EAGER: (pytorch_loops.linear_cnn_eager, 300, 40),
    "PyTorch eager, one thread": (pytorch_loops.on_one_thread(pytorch_loops.linear_cnn_eager), 300, 40),
    "PyTorch eager, rfft2": (pytorch_loops.on_one_thread(pytorch_loops.linear_cnn_eager_rfft2), 300, 300),
    "torch.compile": (pytorch_loops.linear_cnn_compiled, 300, 40),
    "Keras on JAX": (keras_batches.linear_cnn, 100, 20),
    "JAX scan, convolution": (jax_scan.linear_cnn_convolution, 1_000, 40),
    "JAX scan, rfft2": (jax_scan.linear_cnn_rfft2, 5_000, 2_000),
    "JAX scan, our algorithm": (jax_scan.linear_cnn_spectra, 20_000, 5_000),
    "NumPy, rfft2": (numpy_loop.linear_cnn, 1_000, 500),
}
LINEAR_FCNN = {
    OURS: (ours.linear_fcnn_engine, 10_000, 640),
    EAGER: (pytorch_loops.linear_fcnn_eager, 300, 30),
    "PyTorch eager, one thread": (pytorch_loops.on_one_thread(pytorch_loops.linear_fcnn_eager), 300, 30),
    "torch.compile": (pytorch_loops.linear_fcnn_compiled, 300, 30),
    "Keras on JAX": (keras_batches.linear_fcnn, 100, 20),
    "JAX scan": (jax_scan.linear_fcnn, 1_000, 30),
    "NumPy": (numpy_loop.linear_fcnn, 1_000, 30),
}
CASES = [
    ("linear CNN n=16 C=1 p=4", problems.linear_cnn(16, 1), LINEAR_CNN, 1, ("float64", "float32")),
    ("linear CNN n=32 C=3 p=4", problems.linear_cnn(32, 3), LINEAR_CNN, 2, ("float64", "float32")),
    ("linear FCNN n=16 C=1 h=256", problems.linear_fcnn(16, 1, 256), LINEAR_FCNN, 1, ("float64",)),
    ("linear FCNN n=32 C=3 h=1024", problems.linear_fcnn(32, 3, 1024), LINEAR_FCNN, 2, ("float64", "float32")),
]


def compare(case, problem, contestants, size, *, precision, repetitions, fraction):
    """One row per contestant: microseconds per update, and how many times those of ours."""
    problem = problem.in_precision(precision)
    checked = problem.order[:CHECKED_UPDATES]
    reference = contestants[EAGER][0](problem.in_precision("float64"))(checked)[1]
    runs = {name: entry[0](problem) for name, entry in contestants.items()}
    differences = {name: relative_difference(run(checked)[1], reference, problem.first) for name, run in runs.items()}
    for name, difference in differences.items():
        if not difference <= ALLOWED_DIFFERENCE[precision]:
            sys.exit(f"{case}, {precision}: the weights of '{name}' differ by {difference:.1e}; not the same updates")
    orders = {name: problem.order[: max(10, round(fraction * contestants[name][size]))] for name in runs}
    for name, run in runs.items():
        run(orders[name])
    turns = [
        {name: 1e6 * run(orders[name])[0] / len(orders[name]) for name, run in runs.items()} for _ in range(repetitions)
    ]
    rows = []
    for name in runs:
        ratios = [turn[name] / turn[OURS] for turn in turns]
        row = {
            "case": case,
            "precision": precision,
            "contestant": name,
            "us": statistics.median(turn[name] for turn in turns),
            "ratio_to_ours": statistics.median(ratios),
            "ratios": ratios,
            "relative_difference_after_200_updates": differences[name],
        }
        rows.append(row)
        print(
            f"{case:28} {precision:8} {name:26} {row['us']:10.2f} {row['ratio_to_ours']:9.1f} "
            f"{differences[name]:10.0e}",
            flush=True,
        )
    return rows


def relative_difference(measured, expected, initial):
    """How far two trained layers are apart, relative to how far they moved."""
    return float(np.linalg.norm(measured - expected) / np.linalg.norm(expected - initial))


def against_eager(rows):
    """The rows in float64 as pairs of ours and PyTorch's eager loop, which the README shows."""
    pairs = []
    for case in dict.fromkeys(row["case"] for row in rows):
        own, eager = (
            next(row for row in rows if (row["case"], row["precision"], row["contestant"]) == (case, "float64", name))
            for name in (OURS, EAGER)
        )
        pairs.append(
            {
                "case": case,
                "ours_us": own["us"],
                "pytorch_eager_us": eager["us"],
                "ratio": eager["ratio_to_ours"],
                "ratios": eager["ratios"],
                "relative_difference_after_200_updates": own["relative_difference_after_200_updates"],
            }
        )
    return pairs


def roofline_rows(measured, fraction):
    """How much of the machine's limit each of our engines reaches, both in the thread's own time."""
    found = []
    for case, problem, contestants, size, precisions in CASES:
        for precision in precisions:
            run = contestants[OURS][0](problem.in_precision(precision), time.thread_time)
            order = problem.order[: max(1000, round(fraction * contestants[OURS][size]))]
            microseconds = 1e6 * min(run(order)[0] for _ in range(6)) / len(order)
            if problem.network == "linear_cnn":
                limit = rooflines.linear_cnn(problem.side, problem.channels, precision, measured)
            else:
                limit = rooflines.linear_fcnn(problem.first.shape[1], len(problem.first), precision, measured)
            found.append({"case": case, "precision": precision, **rooflines.share(limit, microseconds)})
    return found


def show_rooflines(rows):
    print(f"\n{'share of the machine':41} {'bound':>10} {'measured':>10} {'share':>7}  what binds")
    for row in rows:
        bound = row["bounds_us"][row["binds"]]
        print(
            f"{row['case']:32} {row['precision']:8} {bound:10.3f} {row['measured_us']:10.3f} {row['share']:7.0%}  "
            f"{row['binds'].replace('_', ' ')}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/bench.json"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--fraction", type=float, default=1.0, help="of the updates per turn, for a first look")
    arguments = parser.parse_args()
    print(f"{'microseconds per update':62} {'':10} {'ratio':>9} {'difference':>10}")
    rows = [
        row
        for case, problem, contestants, size, precisions in CASES
        for precision in precisions
        for row in compare(
            case,
            problem,
            contestants,
            size,
            precision=precision,
            repetitions=arguments.repetitions,
            fraction=arguments.fraction,
        )
    ]
    measured = ceilings.measure()
    limits = [*roofline_rows(measured, arguments.fraction), *samples.measure(measured), *flow.measure(measured)]
    show_rooflines(limits)
    versions = {
        package: metadata.version(package) for package in ("numpy", "numba", "scipy", "torch", "jax", "jaxlib", "keras")
    }
    document = {
        "machine": machine.description(),
        "python": platform.python_version(),
        "versions": versions,
        "results": against_eager(rows),
        "contestants": rows,
        "ceilings": measured,
        "rooflines": limits,
        "float32_deviation": samples.float32_deviation(),
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
