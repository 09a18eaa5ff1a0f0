"""How cost and memory grow, and how long a job takes to start: ``make bench``.

Every figure comes from the project's public surface: engines, trainings, and Snakemake's dry run of its Snakefile.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "workflow")]

import numpy as np  # noqa: E402 - after the number of threads is set

from learning_dynamics.config import paper  # noqa: E402
from learning_dynamics.engines import linear_cnn  # noqa: E402

SIDES = (8, 16, 32, 64, 128, 256)
CLASSES = 4
# Two figures of memory or time per job, at these sizes.
UPDATES = (10_000, 100_000)
SEEDS = (1, 4)
PLANNED_SEEDS = 1000

TRAINING = """
import json, logging, resource, sys
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.numerics.correlations import decompose
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training import two_layer
from learning_dynamics.training.task import TwoLayerTask
name, settings, seeds = json.loads(sys.argv[1])
experiment = Experiment.model_validate(settings)
data = experiment.dataset.make(Making(name, 0))
correlations = {split: data.split(split).correlations() for split in data.splits}
structure = decompose(correlations["train"].input_output)
known = TrainingData(data, correlations, structure)
task = TwoLayerTask(name=name, settings=experiment, network="linear_cnn", root_seed=0, data=known)
for seed in range(seeds):
    two_layer.train(task, seed, lambda *_: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

# What a training job imports and reads, up to the moment when its first update has been made.
FIRST_UPDATE = """
import sys, time
import snakemake.script
from learning_dynamics import jobs
from learning_dynamics.training import two_layer
import numpy as np
from learning_dynamics.engines import linear_cnn
engine = linear_cnn.Engine(linear_cnn.Weights(np.ones((1, 16, 16)), np.ones((4, 16, 16))), 1e-9)
engine.update(engine.spectra(np.ones((1, 1, 16, 16))), np.zeros(1, np.int64), np.zeros(1, np.int64))
"""


def cost_of_updates():
    """Microseconds per update against the side, with spectra at hand and transformed when their turn comes."""
    rows = []
    for side in SIDES:
        generator = np.random.default_rng(side)
        inputs = generator.standard_normal((32, 1, side, side))
        labels = generator.integers(0, CLASSES, len(inputs))
        initial = linear_cnn.normal_weights(generator, (CLASSES, 1, side), 1e-3, 1e-3)
        engine = linear_cnn.Engine(initial, 1e-9)
        spectra = engine.spectra(inputs)
        order = generator.integers(0, len(inputs), max(64, 2**22 // side**2))
        every = np.arange(len(inputs))

        def resident(engine=engine, spectra=spectra, labels=labels, order=order):
            engine.update(spectra, labels, order)

        def transformed(engine=engine, inputs=inputs, labels=labels, every=every):
            engine.update(engine.spectra(inputs), labels, every)

        rows.append(
            {
                "side": side,
                "pixels": side**2,
                "resident_us": 1e6 * shortest(resident) / len(order),
                "transformed_us": 1e6 * shortest(transformed) / len(inputs),
            }
        )
    pixels = np.log([row["pixels"] for row in rows])
    exponents = {
        name: float(np.polyfit(pixels, np.log([row[name] for row in rows]), 1)[0])
        for name in ("resident_us", "transformed_us")
    }
    return {"rows": rows, "exponents": exponents}


def shortest(action, repetitions=5):
    """The thread's shortest time of some calls after a first one."""
    action()
    times = []
    for _ in range(repetitions):
        start = time.thread_time()
        action()
        times.append(time.thread_time() - start)
    return min(times)


def peak_memory(updates, seeds):
    """MB of a process that makes the data of the geometric shapes and trains some seeds."""
    settings = paper.paper_experiments()["geometric_shapes"].model_dump(mode="json")
    settings |= {"updates": updates, "records": 100, "snapshots": []}
    made = python("-c", TRAINING, json.dumps(["geometric_shapes", settings, seeds]))
    return int(made.stdout)


def python(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow")}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True, **options
    )


def start_up(repetitions=5):
    """Seconds from the start of a training job's process to its first update; median, the first is not counted."""
    times = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        python("-c", FIRST_UPDATE)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def dry_run(seeds):
    """A dry run of everything that needs no download, with many seeds: seconds, trainings, peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Snakefile", "config", "workflow", "envs"):
            source = PROJECT / name
            target = Path(folder, name)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
        Path(folder, "many.yaml").write_text(f"seeds: {seeds}\nseeds_per_job: 1\n", encoding="utf-8")
        command = ["-m", "snakemake", "--cores", "1", "--dry-run", "--quiet", "all", "--configfile", "many.yaml"]
        measure = (
            "import resource, subprocess, sys; made = subprocess.run(sys.argv[1:], capture_output=True, text=True); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024); sys.exit(made.returncode)"
        )
        start = time.perf_counter()
        made = python("-c", measure, sys.executable, *command, "--", "all", cwd=folder)
        seconds = time.perf_counter() - start
    return {"seeds": seeds, "trainings": 10 * seeds, "seconds": seconds, "peak_mb": int(made.stdout)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/scaling_bench.json"))
    parser.add_argument("--seeds", type=int, default=PLANNED_SEEDS, help="of the dry run: ten trainings each")
    arguments = parser.parse_args()
    cost = cost_of_updates()
    for row in cost["rows"]:
        print(f"n={row['side']:4}  resident {row['resident_us']:9.2f} µs  transformed {row['transformed_us']:9.2f} µs")
    print(f"exponents in the number of pixels: {cost['exponents']}")
    memory = [
        {"updates": updates, "seeds": seeds, "peak_mb": peak_memory(updates, seeds)}
        for updates, seeds in ((UPDATES[0], SEEDS[0]), (UPDATES[1], SEEDS[0]), (UPDATES[0], SEEDS[1]))
    ]
    for row in memory:
        print(f"{row['updates']:8,} updates, {row['seeds']} seeds: {row['peak_mb']} MB")
    seconds = start_up()
    print(f"from start to first update: {seconds:.2f} s")
    planned = dry_run(arguments.seeds)
    print(f"dry run of {planned['trainings']:,} trainings: {planned['seconds']:.1f} s, {planned['peak_mb']} MB")
    document = {"cost": cost, "memory": memory, "start_up_s": seconds, "dry_run": planned}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
