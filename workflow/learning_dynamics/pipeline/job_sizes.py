"""How large a job is: the seeds that it trains, the memory and the GPUs that it asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from learning_dynamics.config import costs
from learning_dynamics.networks.registry import DEEP_NETWORKS
from learning_dynamics.numerics.random_streams import PAPER_TRIALS
from learning_dynamics.pipeline.experiments import Experiments

_WILDCARD = "{seed}"
_JOB_SECONDS = 60
# Divisors of ten: when ten seeds become more, no block was half full, whose seeds would be trained again.
_BLOCK_SIZES = (10, 5, 2)


@dataclass(frozen=True)
class SeedBlock:
    """Seeds that one job trains; a single one is a wildcard: any can be asked for."""

    seeds: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of its log and benchmark."""
        if self.seeds == (_WILDCARD,):
            return f"seed-{_WILDCARD}"
        return f"seeds-{self.seeds[0]}-to-{self.seeds[-1]}"

    def rule_name(self, rule: str) -> str:
        """Of the rule that trains it."""
        return rule if self.seeds == (_WILDCARD,) else f"{rule}_{self.name}"


@dataclass(frozen=True)
class JobSizes:
    """Sizes of the jobs of some experiments."""

    experiments: Experiments

    def seed_blocks(self, experiment: str, size: int, further: int | None = None) -> list[SeedBlock]:
        """All seeds of an experiment, in blocks of `size`; those after the paper's ten in blocks of `further`."""
        if size == 1:
            return [SeedBlock((_WILDCARD,))]
        seeds = [str(seed) for seed in range(self.experiments.config.seeds_of(experiment))]
        blocks, first = [], 0
        while first < len(seeds):
            last = first + (further if further and first >= PAPER_TRIALS else size)
            blocks.append(SeedBlock(tuple(seeds[first:last])))
            first = last
        return blocks

    def training_blocks(self, deep: bool = False) -> dict[SeedBlock, dict[str, list[str]]]:
        """The blocks of seeds that a job trains, and the networks of each experiment that are trained so.

        Args:
            deep: of the deep networks; else of the two-layer ones.
        """
        blocks: dict[SeedBlock, dict[str, list[str]]] = {}
        for name in self.experiments.names:
            networks = self.experiments[name].networks
            for network in networks.deep if deep else networks.two_layer:
                size = self.seeds_per_job(name, network)
                further = None if deep else self._further_seeds_per_job(name, network)
                for block in self.seed_blocks(name, size, further):
                    blocks.setdefault(block, {}).setdefault(name, []).append(network)
        return blocks

    def seeds_per_job(self, experiment: str, network: str) -> int:
        """Seeds of a network that one job trains; of a two-layer one as many as take about a minute, if not told."""
        config = self.experiments.config
        if network in DEEP_NETWORKS:
            return config.deep_training.seeds_per_job
        if config.seeds_per_job != "auto":
            return config.seeds_per_job
        training = self._training_seconds(experiment, network)
        return next((size for size in _BLOCK_SIZES if size * training <= _JOB_SECONDS), 1)

    def _further_seeds_per_job(self, experiment: str, network: str) -> int | None:
        """Of the seeds after the paper's, as many tens as take about a minute: a job takes two seconds to start."""
        if self.experiments.config.seeds_per_job != "auto":
            return None
        tens = int(_JOB_SECONDS / (PAPER_TRIALS * self._training_seconds(experiment, network)))
        return PAPER_TRIALS * tens or None

    def _training_seconds(self, experiment: str, network: str) -> float:
        return costs.training_seconds(self.experiments[experiment], network, self.input_values(experiment))

    def predicted_together(self) -> dict[tuple[str, ...], list[str]]:
        """The experiments whose two-layer networks one job predicts, by what these are."""
        predicted: dict[tuple[str, ...], list[str]] = {}
        for name in self.experiments.two_layer(self.experiments.names):
            predicted.setdefault(tuple(self.experiments.networks(name)), []).append(name)
        return predicted

    def input_values(self, experiment: str) -> int:
        """C n², the number of values in an image."""
        return self.experiments[experiment].dataset.input_values(self.experiments.config.largest_input)

    def matrix_megabytes(self, experiment: str, matrices: int, others: int) -> int:
        """Memory of so many matrices of the size of Σxx, (C n²)² numbers, and of `others` megabytes beside them."""
        return others + matrices * 8 * self.input_values(experiment) ** 2 // 10**6

    def flow_megabytes(self, experiment: str) -> int:
        """Memory of the gradient flows of an experiment's networks, of which some trials are integrated together."""
        seeds = self.experiments.config.seeds_of(experiment)
        return costs.flow_megabytes(self.experiments[experiment], seeds, self.input_values(experiment))


def trained_pattern(trained: Mapping[str, list[str]]) -> str:
    """Regular expression of experiments' names in a path that goes on with one of the networks trained."""
    return "|".join(f"{name}(?=/({'|'.join(networks)})/)" for name, networks in trained.items())


def gpus(device: str) -> int:
    """GPUs of a job that trains on a device; `auto` counts on one where NVIDIA's driver is installed.

    A job of a cluster reads the rules again, on a node that may differ: it inherits the answer through the environment.
    """
    if device != "auto":
        return 1 if device == "cuda" else 0
    found = "1" if shutil.which("nvidia-smi") else "0"
    return int(os.environ.setdefault("DEEP_TRAINING_GPUS", found))
