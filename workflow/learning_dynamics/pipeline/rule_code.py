"""The code that each rule runs: its script, and the modules that this picks at run time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from learning_dynamics.figures.catalogue import PaperFigure
from learning_dynamics.pipeline import code_state
from learning_dynamics.pipeline.experiments import Experiments


@dataclass(frozen=True)
class RuleCode:
    """States of the code that rules run, their parameter `code`.

    scripts: folder of the scripts.
    experiments: those of the run; their data sets and networks are picked by name.
    """

    scripts: Path
    experiments: Experiments

    def of(self, script: str, modules: Iterable[str] = ()) -> str:
        """The state of a script, of what that imports, and of modules that it picks at run time."""
        return code_state.state(self.scripts / script, tuple(sorted(modules)))

    def of_dataset(self, script: str, experiment: str) -> str:
        """The same for a script that makes an experiment's images."""
        return self.of(script, [type(self.experiments[experiment].dataset).__module__])

    def of_networks(self, script: str, networks: Iterable[tuple[str, str]]) -> str:
        """The same for a script that uses some networks, each given by its experiment and its name."""
        return self.of(script, self._modules(networks))

    def of_experiments(self, script: str, names: Iterable[str], deep: bool = False) -> str:
        """The same for a script that uses the networks of some experiments, without or with the deep ones."""
        return self.of_networks(script, self._networks(names, deep))

    def of_figures(self, script: str, figures: Iterable[str], names: Iterable[str] = ()) -> str:
        """The same for a script that draws figures of the two-layer networks of some experiments.

        Args:
            script: name of the script.
            figures: modules of the package ``figures``.
            names: of the experiments.
        """
        modules = [f"learning_dynamics.figures.{figure}" for figure in figures]
        return self.of(script, [*modules, *self._modules(self._networks(names, deep=False))])

    def of_paper_figure(self, script: str, figure: PaperFigure) -> str:
        """The same for a script that draws a figure of the paper, with the networks that it shows."""
        shown = [(name, network) for name in figure.experiments for network in figure.networks]
        return self.of(script, [f"learning_dynamics.figures.{figure.module}", *self._modules(shown)])

    def _networks(self, names: Iterable[str], deep: bool) -> list[tuple[str, str]]:
        return [(name, network) for name in names for network in self.experiments.networks(name, deep)]

    def _modules(self, networks: Iterable[tuple[str, str]]) -> set[str]:
        return {module for name, network in networks for module in self.experiments[name].networks.modules([network])}
