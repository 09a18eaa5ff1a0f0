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

from learning_dynamics.config import loading
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.structure import files as structure_files
from learning_dynamics.theory import gradient_flow
from learning_dynamics.training import two_layer

NETWORKS = ("linear_cnn", "linear_fcnn")


class Experiment:
    """The settings and the data of an experiment of a finished run."""

    def __init__(self, results, name):
        whole = loading.load(yaml.safe_load((PROJECT / "config" / "config.yaml").read_text(encoding="utf-8")))
        self.name, self.settings, self.root_seed = name, whole.experiments[name], whole.root_seed
        self.divergence_factor = whole.divergence_factor
        self.data = dataset_files.read(results / "datasets" / f"{name}.nc")
        self.correlations = structure_files.read_correlations(results / "correlations" / f"{name}.nc")
        self.structure = structure_files.structure_of(
            structure_files.read_structure(results / "structure" / f"{name}.nc")
        )

    def trained(self, precision):
        """Trajectory of seed 0 of the FCNN in some precision."""
        fcnn = self.settings.networks.linear_fcnn.model_copy(update={"precision": precision})
        networks = self.settings.networks.model_copy(update={"linear_fcnn": fcnn})
        settings = self.settings.model_copy(update={"networks": networks})
        inputs = (self.divergence_factor, self.data, self.correlations, self.structure)
        return two_layer.train(self.name, settings, "linear_fcnn", 0, self.root_seed, *inputs, lambda *_: None)

    def flow(self, network, trials, **accuracy):
        """a_α/s_α of some trials' flows for the modes that can be learned, and their losses on all splits."""
        model, averages = getattr(self.settings.networks, network), self.correlations["train"]
        samples = np.array(self.settings.record_samples(), dtype=np.float64)
        common = (self.root_seed, self.data)
        if network == "linear_cnn":
            starts = [
                two_layer.initial_linear_cnn(self.name, model, seed, *common, self.structure) for seed in range(trials)
            ]
            solution = gradient_flow.linear_cnn_flow(
                starts, averages, self.structure, model.learning_rate, samples, **accuracy
            )
        else:
            cnn = self.settings.networks.linear_cnn
            starts = [
                two_layer.initial_linear_fcnn(self.name, model, cnn, seed, *common, averages, self.structure)
                for seed in range(trials)
            ]
            solution = gradient_flow.linear_fcnn_flow(starts, averages, model.learning_rate, samples, **accuracy)
        omega, losses = solution.whole.omega_and_losses(self.correlations, self.structure)
        learned = self.structure.discoverable
        effective = np.einsum("stmm->stm", omega)[..., learned] / self.structure.singular_values[learned]
        return effective, np.stack(list(losses.values()))


def single_precision(experiment):
    single, double = (experiment.trained(precision) for precision in ("single", "double"))
    omega = "effective_singular_values"
    changed = float(abs(single[omega] - double[omega]).max() / abs(double[omega]).max())
    losses = max(
        float((abs(single[f"{split}_loss"] - double[f"{split}_loss"]) / double[f"{split}_loss"]).max())
        for split in experiment.correlations
    )
    print(f"{experiment.name}, FCNN, seed 0, single against double precision, largest difference over the training:")
    print(f"  Ω {changed:.1e} of its largest entry, loss {losses:.1e} of it")


def directions(experiment, network, trials, numbers):
    def flow(number):
        kept = gradient_flow.principal_directions(experiment.correlations["train"].input, number)
        return experiment.flow(network, trials, principal=kept)

    width = int(np.prod(experiment.data.shape))
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
