"""Which experiments a run measures, given what is asked for and what is there."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from learning_dynamics.config.chosen_settings import resolved_settings
from learning_dynamics.errors import DataError
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.extensions import Extensions
from learning_dynamics.pipeline.result_files import Files, ResultFiles, paths_of
from learning_dynamics.publishing import archive
from learning_dynamics.storage import recorded_settings

_TARGETS_WITH_DOWNLOAD = {"two-layer", "reproduce-all"}
_TARGETS_WITH_DEEP_NETWORKS = {"reproduce-all"}


@dataclass(frozen=True)
class Measured:
    """The experiments whose claims a run measures: those that it makes, and those that are complete already.

    CIFAR-4 and the deep networks are made when a target asks for them. Measured earlier, they are taken from what is
    there: a run that needs no download must not start one.

    results: names of the files of experiments.
    extensions: of the runs beyond the paper's experiments, which are measured where they are made.
    targets: gives the targets asked for, which Snakemake knows only after it has read all rules.
    """

    results: ResultFiles
    extensions: Extensions
    targets: Callable[[], Collection[str]]
    # By experiment and whether with deep networks: files are looked into once, and a warning is given once.
    _complete: dict[tuple[str, bool], bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def made_experiments(self) -> list[str]:
        """The two-layer experiments that the run makes."""
        if _TARGETS_WITH_DOWNLOAD.intersection(self.targets()):
            return self._experiments.two_layer(self._experiments.names)
        return self._experiments.two_layer(self._experiments.without_download)

    @property
    def made_files(self) -> Files:
        """The results that the run makes."""
        deep = self._experiments.archived or _TARGETS_WITH_DEEP_NETWORKS.intersection(self.targets())
        return {**self.results.of(self.made_experiments), **(self._deep_files() if deep else {})}

    @property
    def two_layer_files(self) -> Files:
        """The results of all two-layer experiments that the run measures."""
        return self.results.of(self.made_experiments + self._complete_experiments())

    @property
    def files(self) -> Files:
        """The results that the run measures, in the configuration's order."""
        made = self.made_files
        deep = {
            name: files
            for name, files in self._deep_files().items()
            if name not in made and self._is_complete(name, deep=True)
        }
        measured = {**self.results.of(self._complete_experiments()), **deep, **made}
        return {name: measured[name] for name in self._experiments.names if name in measured}

    @property
    def data_files(self) -> dict[str, str]:
        """The files from which figures and ledger are made, by their names in a results folder."""
        return self._by_name(self.files)

    @property
    def made_data_files(self) -> dict[str, str]:
        """Those of them that the run makes."""
        return self._by_name(self.made_files)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of what is measured."""
        networks = {name: list(files["trajectory_files"]) for name, files in self.files.items()}
        return archive.settings_with(self._experiments.config, networks)

    @property
    def licences(self) -> dict[str, dict[str, Any]]:
        """Licence of the images of each experiment that is measured, as plain data."""
        return {name: dataclasses.asdict(self._experiments[name].dataset.LICENCE) for name in self.files}

    @property
    def _experiments(self) -> Experiments:
        return self.results.experiments

    def _by_name(self, files: Files) -> dict[str, str]:
        return {self.results.name_in_folder(path): path for path in [*paths_of(files), *self.extensions.files.values()]}

    def _complete_experiments(self) -> list[str]:
        """The two-layer experiments that the run does not make and that are complete."""
        others = self._experiments.two_layer(self._experiments.names)
        made = self.made_experiments
        return [name for name in others if name not in made and self._is_complete(name, deep=False)]

    def _deep_files(self) -> Files:
        """The results of the experiments that train deep networks."""
        files: Files = {}
        for name in self._experiments.names:
            if self._experiments[name].networks.deep:
                files |= self.results.with_deep_networks(name)
        return files

    def _is_complete(self, name: str, deep: bool) -> bool:
        """Whether an experiment's results are all there and made with its present settings, as far as they say.

        Those of its two-layer networks, or of the deep ones too.
        """
        if (name, deep) not in self._complete:
            files = self.results.with_deep_networks(name) if deep else self.results.of([name])
            is_there = all(Path(path).exists() for path in paths_of(files))
            self._complete[name, deep] = is_there and self._is_of_present_settings(name, files[name])
        return self._complete[name, deep]

    def _is_of_present_settings(self, name: str, files: dict[str, Any]) -> bool:
        settings = resolved_settings(files["settings"], files.get("chosen_file"))
        settings["root_seed"] = self._experiments.config.root_seed
        for path in (path for seeds in files["trajectory_files"].values() for path in seeds):
            try:
                key = recorded_settings.read_difference(path, settings)
            except DataError:
                return True  # What is damaged is named by the job that reads it.
            if key:
                print(
                    f"{name} is left out: {path} was made with other settings ('{key}' differs); "
                    "run the target that makes it (two-layer or reproduce-all)",
                    file=sys.stderr,
                )
                return False
        return True
