"""What single precision, fewer eigenvectors of Σxx and the solver's tolerance change; about two minutes.

    .venv/bin/python benchmarks/accuracy.py [RESULTS]

From the data sets, correlations and structure of a finished run of ``two-layer`` at the settings of the paper. Prints
the numbers of docs/benchmarks.md and docs/theory.md that are about this.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import yaml

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "workflow"))

from learning_dynamics.config import loading  # noqa: E402
from learning_dynamics.structure.training_data import StructureFiles  # noqa: E402
from learning_dynamics.theory import gradient_flow  # noqa: E402
from learning_dynamics.training import two_layer  # noqa: E402
from learning_dynamics.training.task import TwoLayerTask  # noqa: E402

NETWORKS = ("linear_cnn", "linear_fcnn")


class Experiment:
    """The settings and the data of an experiment of a finished run."""

    def __init__(self, results, name):
        whole = loading.load(yaml.safe_load((PROJECT / "config" / "config.yaml").read_text(encoding="utf-8")))
        self.name, self.settings, self.root_seed = name, whole.experiments[name], whole.root_seed
        files = [results / kind / f"{name}.nc" for kind in ("datasets", "correlations", "structure")]
        self.known = StructureFiles(*files).training_data(in_memory=True)

    def task(self, network, settings=None):
        """The training of a network, or what is predicted of it."""
        described = {"name": self.name, "settings": settings or self.settings, "root_seed": self.root_seed}
        return TwoLayerTask(**described, network=network, data=self.known)

    def trained(self, precision):
        """Trajectory of seed 0 of the FCNN in some precision."""
        fcnn = self.settings.networks.linear_fcnn.model_copy(update={"precision": precision})
        networks = self.settings.networks.model_copy(update={"linear_fcnn": fcnn})
        settings = self.settings.model_copy(update={"networks": networks})
        return two_layer.train(self.task("linear_fcnn", settings), 0, lambda *_: None)

    def flow(self, network, trials, **accuracy):
        """a_α/s_α of some trials' flows for the modes that can be learned, and their losses on all splits."""
        task, averages, structure = self.task(network), self.known.correlations, self.known.structure
        samples = np.array(self.settings.record_samples(), dtype=np.float64)
        starts = [task.start(seed) for seed in range(trials)]
        options = {"samples": samples, "learning_rate": task.model.rate, **accuracy}
        if network == "linear_cnn":
            solution = gradient_flow.linear_cnn_flow(starts, averages["train"], structure, **options)
        else:
            solution = gradient_flow.linear_fcnn_flow(starts, averages["train"], **options)
        omega, losses = solution.whole.omega_and_losses(averages, structure)
        learned = structure.discoverable
        effective = np.einsum("stmm->stm", omega)[..., learned] / structure.singular_values[learned]
        return effective, np.stack(list(losses.values()))


def single_precision(experiment):
    single, double = (experiment.trained(precision) for precision in ("single", "double"))
    omega = "effective_singular_values"
    changed = float(abs(single[omega] - double[omega]).max() / abs(double[omega]).max())
    losses = max(
        float((abs(single[f"{split}_loss"] - double[f"{split}_loss"]) / double[f"{split}_loss"]).max())
        for split in experiment.known.correlations
    )
    print(f"{experiment.name}, FCNN, seed 0, single against double precision, largest difference over the training:")
    print(f"  Ω {changed:.1e} of its largest entry, loss {losses:.1e} of it")


def directions(experiment, network, trials, numbers):
    def flow(number):
        kept = gradient_flow.principal_directions(experiment.known.correlations["train"].input, number)
        return experiment.flow(network, trials, principal=kept)

    width = experiment.known.inputs
    effective, losses = flow(width)
    print(f"{experiment.name}, {network}, {trials} trials, largest error against the flow with all {width} directions:")
    for number in numbers:
        fewer, other = flow(number)
        print(f"  {number:4}: a_α {abs(fewer - effective).max():.1e} of s_α, loss {abs(other - losses).max():.1e}")


def tolerance(experiment, network, trials):
    usual, _ = experiment.flow(network, trials)
    tight, _ = experiment.flow(network, trials, relative_tolerance=1e-11)
    error = abs(usual - tight).max()
    print(f"{experiment.name}, {network}, {trials} trials: a_α {error:.1e} of s_α against a tolerance of 1e-11")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", nargs="?", type=Path, default=PROJECT / "results")
    results = parser.parse_args().results
    digits = Experiment(results, "digits4")
    for network in NETWORKS:
        directions(digits, network, 3, (4, 8, 16, 32))
    for name in ("geometric_shapes", "digits4"):
        for network in NETWORKS:
            tolerance(Experiment(results, name), network, 3)
    cifar4 = Experiment(results, "cifar4")
    directions(cifar4, "linear_cnn", 3, (gradient_flow.DIRECTIONS,))
    single_precision(cifar4)


if __name__ == "__main__":
    main()
