"""Which experiments a run measures, given what is asked for and what is there."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from learning_dynamics.config.chosen_settings import resolved_settings
from learning_dynamics.errors import DataError
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.extensions import Extensions
from learning_dynamics.pipeline.result_files import Files, ResultFiles, paths_of
from learning_dynamics.publishing import archive
from learning_dynamics.storage import recorded_settings


class Run(Protocol):
    """What is asked of the run, see ``snakemake_internals.Run``."""

    def makes(self, paths: Iterable[str]) -> set[str]:
        """Those of some files that the targets of the run ask for."""

    def has(self, path: str) -> bool:
        """Whether a file is there."""

    def local(self, path: str) -> str | None:
        """Where a file can be read now."""

    def is_of_present_parameters(self, path: str) -> bool:
        """Whether a file was made with the parameters that its rule has now."""


class Measured:
    """The experiments whose claims a run measures: those that it makes, and those that are complete already.

    CIFAR-4 and the deep networks are made when something is asked for that needs them. Measured earlier, they are
    taken as they are: a run that needs no download must not start one.
    """

    def __init__(self, results: ResultFiles, extensions: Extensions, run: Run) -> None:
        """Nothing is looked for before it is asked.

        Args:
            results: names of the files of experiments.
            extensions: of the runs beyond the paper's experiments, which are measured where they are made.
            run: what is asked for and what is there.
        """
        self.results = results
        self.extensions = extensions
        self._run = run
        self._asked: set[str] | None = None
        self._is_asking = False
        # By experiment and networks: files are looked into once, and a warning is given once.
        self._complete: dict[tuple[str, ...], bool] = {}

    @property
    def files(self) -> Files:
        """The results that the run measures, in the configuration's order."""
        return self._files(deep=True)

    @property
    def two_layer_files(self) -> Files:
        """Those of two-layer networks."""
        return self._files(deep=False)

    @property
    def kept_paths(self) -> set[str]:
        """The files that the run measures and does not make: they are taken as they are."""
        kept: set[str] = set()
        made: set[str] = set()
        for name in self._experiments.names:
            for networks in self._groups(name, deep=True):
                paths = set(paths_of(self.results.of([name], networks)))
                # A file that is made anew by the same run must be waited for.
                (made if self._is_made(name, networks) or paths & self._asked_for() else kept).update(paths)
        return kept - made

    @property
    def data_files(self) -> dict[str, str]:
        """The files from which figures and ledger are made, by their names in a results folder."""
        paths = [*paths_of(self.files), *self.extensions.files.values()]
        return {self.results.name_in_folder(path): path for path in paths}

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

    def _files(self, deep: bool) -> Files:
        files: Files = {}
        for name in self._experiments.names:
            measured = [
                network
                for networks in self._groups(name, deep)
                if self._is_made(name, networks) or self._is_complete(name, networks)
                for network in networks
            ]
            files |= self.results.of([name] if measured else [], measured)
        return files

    def _groups(self, name: str, deep: bool) -> list[list[str]]:
        """Networks of an experiment that are measured together or not at all: those of two layers, and deep ones."""
        two_layer = self._experiments.networks(name)
        deeper = [network for network in self._experiments.networks(name, deep) if network not in two_layer]
        return [networks for networks in (two_layer, deeper) if networks]

    def _is_made(self, name: str, networks: list[str]) -> bool:
        """Whether the run makes the results of some networks: always without a download, others if asked to."""
        if self._experiments.archived:
            return True
        if name in self._experiments.without_download and networks == self._experiments.networks(name):
            return True
        trajectories = {path for network in networks for path in self.results.trajectories(name, network)}
        return trajectories <= self._asked_for()

    def _asked_for(self) -> set[str]:
        """The files of experiments that the targets of the run ask for."""
        if self._asked is None:
            if self._is_asking:
                return set()
            self._is_asking = True
            everything = [self.results.with_deep_networks(name) for name in self._experiments.names]
            self._asked = self._run.makes(path for files in everything for path in paths_of(files))
            self._is_asking = False
        return self._asked

    def _is_complete(self, name: str, networks: list[str]) -> bool:
        """Whether the results of some networks are all there and made with present settings, as far as they say."""
        if self._is_asking:
            return False
        key = (name, *networks)
        if key not in self._complete:
            files = self.results.of([name], networks)
            is_there = all(self._run.has(path) for path in paths_of(files))
            self._complete[key] = is_there and self._is_of_present_settings(name, files[name])
        return self._complete[key]

    def _is_of_present_settings(self, name: str, files: dict[str, Any]) -> bool:
        trajectories = [path for seeds in files["trajectory_files"].values() for path in seeds]
        try:
            for path in trajectories:
                if difference := self._difference(path, files):
                    print(
                        f"{name} is left out: {path} was made with other settings ({difference}); "
                        "run the target that makes it (two-layer or reproduce-all)",
                        file=sys.stderr,
                    )
                    return False
        except DataError:
            pass  # What is damaged is named by the job that reads it.
        return True

    def _difference(self, path: str, files: dict[str, Any]) -> str | None:
        """What is different now from when a trajectory was made."""
        place = self._run.local(path)
        if place is None:
            # To be looked into it would have to be fetched from storage; Snakemake's records do not tell more.
            return None if self._run.is_of_present_parameters(path) else "a parameter of its rule differs"
        chosen = files.get("chosen_file")
        settings = resolved_settings(files["settings"], self._run.local(chosen) if chosen else None)
        settings["root_seed"] = self._experiments.config.root_seed
        key = recorded_settings.read_difference(place, settings)
        return f"'{key}' differs" if key else None
