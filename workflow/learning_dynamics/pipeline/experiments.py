"""Which experiments and networks a target is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from learning_dynamics.config.configuration import Config
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.errors import ConfigurationError, did_you_mean
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

    def require(self, name: str, network: str | None = None) -> None:
        """Refuse names that somebody asked for and that are not configured.

        Args:
            name: of an experiment.
            network: of one of its networks.

        Raises:
            ConfigurationError: there is no such experiment, or it does not train the network.
        """
        if name not in self.names:
            hint = did_you_mean(name, self.names)
            raise ConfigurationError(f"experiment '{name}': not configured{hint}; there are {', '.join(self.names)}")
        trained = self.networks(name, deep=True)
        if network is not None and network not in trained:
            hint = did_you_mean(network, trained)
            raise ConfigurationError(f"experiment '{name}': no network '{network}'{hint}; it has {', '.join(trained)}")

    def require_two_layer(self, name: str) -> None:
        """The same for an experiment whose two-layer networks are asked for.

        Raises:
            ConfigurationError: there is no such experiment, or it trains none.
        """
        self.require(name)
        if not self.networks(name):
            raise ConfigurationError(
                f"experiment '{name}': no two-layer network, which figures and predictions of an experiment are about"
            )

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

    @property
    def trained(self) -> list[str]:
        """Every network of every experiment, as in the path of its trajectories."""
        return [f"{name}/{network}" for name in self.names for network in self.networks(name, deep=True)]

    def networks(self, name: str, deep: bool = False) -> list[str]:
        """The networks of an experiment, without or with the deep ones."""
        networks = self[name].networks
        return networks.names if deep else networks.two_layer

    def settings(self, name: str) -> dict[str, Any]:
        """An experiment's settings as plain data; a change reruns exactly what depends on them."""
        settings: dict[str, Any] = marked(self[name].model_dump(mode="json"))
        return settings
