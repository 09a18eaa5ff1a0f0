"""Which experiments a run measures, given what is asked for and what is there."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
    extensions: of the runs beyond the paper's experiments; of those that need a download the same holds.
    targets: gives the targets asked for, which Snakemake knows only after it has read all rules.
    """

    results: ResultFiles
    extensions: Extensions
    targets: Callable[[], Collection[str]]
    # By experiment and whether with deep networks, or by key of other runs: files are looked into and warned of once.
    _complete: dict[tuple[str, bool] | str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def made_experiments(self) -> list[str]:
        """The two-layer experiments that the run makes."""
        if self._downloads:
            return self._experiments.two_layer(self._experiments.names)
        return self._experiments.two_layer(self._experiments.without_download)

    @property
    def made_files(self) -> Files:
        """The results that the run makes."""
        deep = self._experiments.archived or _TARGETS_WITH_DEEP_NETWORKS.intersection(self.targets())
        return {**self.results.of(self.made_experiments), **(self._deep_files() if deep else {})}

    @property
    def two_layer_files(self) -> Files:
        """What figures show of all two-layer experiments that the run measures."""
        return self.results.shown(self.made_experiments + self._complete_experiments())

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
    def made_extension_files(self) -> dict[str, str]:
        """The files of the runs beyond the paper's experiments that the run makes."""
        return self.extensions.files(self.made_extensions)

    @property
    def extension_files(self) -> dict[str, str]:
        """Those that the run measures."""
        return self.extensions.files(self._measured_extensions)

    @property
    def data_files(self) -> dict[str, str]:
        """The files from which figures and ledger are made, by their names in a results folder."""
        return self._by_name(self.files, self.extension_files)

    @property
    def made_data_files(self) -> dict[str, str]:
        """Those of them that the run makes."""
        return self._by_name(self.made_files, self.made_extension_files)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of what is measured."""
        networks = {name: list(files["trajectory_files"]) for name, files in self.files.items()}
        return archive.settings_with(self._experiments.config, networks, self._measured_extensions)

    @property
    def licences(self) -> dict[str, dict[str, Any]]:
        """Licence of the images of each experiment that is measured, as plain data."""
        return {name: dataclasses.asdict(self._experiments[name].dataset.LICENCE) for name in self.files}

    @property
    def _experiments(self) -> Experiments:
        return self.results.experiments

    @property
    def _downloads(self) -> bool:
        """Whether the run makes what needs a download."""
        return not _TARGETS_WITH_DOWNLOAD.isdisjoint(self.targets())

    @property
    def made_extensions(self) -> list[str]:
        """The keys of the runs beyond the experiments that the run makes."""
        return list(self.extensions.figure_files) if self._downloads else self.extensions.without_download

    @property
    def _measured_extensions(self) -> list[str]:
        made = self.made_extensions
        return [key for key in self.extensions.figure_files if key in made or self._is_complete_extension(key)]

    def _by_name(self, files: Files, extensions: Mapping[str, str]) -> dict[str, str]:
        return {self.results.name_in_folder(path): path for path in [*paths_of(files), *extensions.values()]}

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
            self._complete[name, deep] = is_there and self._is_of_present_settings(
                name, self._trajectories(files[name])
            )
        return self._complete[name, deep]

    def _is_complete_extension(self, key: str) -> bool:
        """The same for the variants of the convolution under a key."""
        if key not in self._complete:
            is_there = all(Path(path).exists() for path in self.extensions.figure_files[key].values())
            self._complete[key] = is_there and self._is_of_present_settings(key, self._variants(key))
        return self._complete[key]

    def _trajectories(self, files: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The trajectory files of an experiment, each with the settings that it should have been made with."""
        settings = resolved_settings(files["settings"], files.get("chosen_file"))
        for path in (path for seeds in files["trajectory_files"].values() for path in seeds):
            yield path, settings

    def _variants(self, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The same for the variants of the convolution."""
        experiment = self.extensions.experiment_settings(f"{key}.experiment") or {}
        for variant, path in self.extensions.variant_files(key).items():
            yield path, {**experiment, **self.extensions.variant_settings(f"{key}/{variant}")}

    def _is_of_present_settings(self, name: str, files: Iterable[tuple[str, Mapping[str, Any]]]) -> bool:
        for path, settings in files:
            present = {**settings, "root_seed": self._experiments.config.root_seed}
            try:
                key = recorded_settings.read_difference(path, present)
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
