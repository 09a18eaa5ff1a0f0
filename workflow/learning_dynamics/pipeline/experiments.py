"""Which experiments and networks a target is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from learning_dynamics.config.configuration import Config
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.pipeline.user_text import marked

PAPER_EXPERIMENTS = frozenset(paper_experiments())


@dataclass(frozen=True)
class Experiments:
    """The experiments of a configuration, and selections of them by name.

    config: the configuration.
    archived: whether their results are those of an archive.
    """

    config: Config
    archived: bool = False

    def __getitem__(self, name: str) -> Experiment:
        return self.config.experiments[name]

    @property
    def names(self) -> list[str]:
        """All of them."""
        return list(self.config.experiments)

    @property
    def without_download(self) -> list[str]:
        """Those whose images need no download: from an archive all."""
        return [name for name in self.names if self.archived or not self[name].dataset.DOWNLOADED]

    @property
    def own(self) -> list[str]:
        """Those that are not the paper's and train a two-layer network."""
        return self.two_layer(name for name in self.names if name not in PAPER_EXPERIMENTS)

    def two_layer(self, names: Iterable[str]) -> list[str]:
        """Those of some experiments that train a two-layer network."""
        return [name for name in names if self.networks(name)]

    def networks(self, name: str, deep: bool = False) -> list[str]:
        """The networks of an experiment, without or with the deep ones."""
        networks = self[name].networks
        return networks.names if deep else networks.two_layer

    def settings(self, name: str) -> dict[str, Any]:
        """An experiment's settings as plain data; a change reruns exactly what depends on them."""
        settings: dict[str, Any] = marked(self[name].model_dump(mode="json"))
        return settings
