"""What every training is of: an experiment, one of its networks, and where randomness comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.networks.base import TwoLayerNetwork
from learning_dynamics.numerics.random_streams import Trial
from learning_dynamics.storage import provenance
from learning_dynamics.structure.training_data import TrainingData

_SOURCE = "Pinson et al. 2023, Eqs. 4, 5, 8 to 11 and 17"
_PACKAGES = ("numpy", "scipy", "numba", "xarray", "netCDF4")


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The repetitions of an experiment.

    name: of the experiment.
    settings: the experiment.
    root_seed: root of the random streams.
    seeds: how many there are.
    """

    name: str
    settings: Experiment
    root_seed: int
    seeds: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """A network of an experiment, for all its trials.

    name: experiment, which with `root_seed` and a seed selects the random streams.
    settings: the experiment.
    network: which of its networks.
    root_seed: root of the random streams.
    divergence_factor: a loss above this many times 1/p is a divergence.
    """

    name: str
    settings: Experiment
    network: str
    root_seed: int
    divergence_factor: float = 100.0

    @property
    def model(self) -> Any:
        """The network."""
        return self.settings.networks.named(self.network)

    @property
    def folder(self) -> Path:
        """Below which a trial's files are."""
        return Path(self.name, self.network)

    def trial(self, seed: int) -> Trial:
        """The random streams of a trial."""
        return Trial(self.root_seed, self.name, seed)

    def describe(self, *seeds: int) -> str:
        """The trainings of some seeds, in messages."""
        some = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
        return f"experiment '{self.name}', {self.network}, {some}"

    def attributes(self, seed: int, source: str, packages: tuple[str, ...]) -> dict[str, Any]:
        """Provenance of a trial's trajectory.

        Args:
            seed: of the trial.
            source: the equations.
            packages: whose versions count.
        """
        relevant = {
            "experiment": self.name,
            "network": self.network,
            "seed": seed,
            "root_seed": self.root_seed,
            **self.settings.model_dump(mode="json"),
        }
        title = f"Trajectory of {self.network} on {self.name}, seed {seed}"
        described = provenance.attributes(title, source, relevant, packages)
        return {**described, "experiment": self.name, "network": self.network, "seed": seed}


@dataclass(frozen=True, kw_only=True)
class TwoLayerTask(Task):
    """A two-layer network of an experiment on its data."""

    data: TrainingData

    @property
    def model(self) -> TwoLayerNetwork:
        """The network."""
        model: TwoLayerNetwork = super().model
        return model

    def start(self, seed: int) -> Any:
        """The trial's own initial weights."""
        return self.model.start(self.trial(seed), self.data, self.settings.networks)

    def attributes(self, seed: int, source: str = _SOURCE, packages: tuple[str, ...] = _PACKAGES) -> dict[str, Any]:
        """Provenance of a trajectory or of a prediction for it."""
        return super().attributes(seed, source, packages)
