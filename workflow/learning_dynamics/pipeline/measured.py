"""Which experiments a run measures, given what is asked for and what is there."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping
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

    def makes(self, paths: Iterable[str], through: Iterable[str] = ()) -> set[str]:
        """Those of some files that the targets of the run ask for, and of some through which they may."""

    def has(self, path: str) -> bool:
        """Whether a file is there."""

    def local(self, path: str) -> str | None:
        """Where a file can be read now."""

    def is_of_present_parameters(self, path: str) -> bool:
        """Whether a file was made with the parameters that its rule has now."""


class Measured:
    """The experiments whose claims a run measures: those that it makes, and those that are complete already.

    CIFAR-4, what else is run on it and the deep networks are made when something is asked for that needs them. Measured
    earlier, they are taken as they are: a run that needs no download must not start one.
    """

    def __init__(self, results: ResultFiles, extensions: Extensions, run: Run) -> None:
        """Nothing is looked for before it is asked.

        Args:
            results: names of the files of experiments.
            extensions: of the runs beyond the paper's experiments, of which the same holds.
            run: what is asked for and what is there.
        """
        self.results = results
        self.extensions = extensions
        self._run = run
        self._asked: set[str] | None = None
        # Whether it is being looked for what the run makes; rules whose inputs are looked through ask here again.
        self.is_asking = False
        # By experiment and networks, or by key of other runs: files are looked into and warned of once.
        self._complete: dict[tuple[str, ...], bool] = {}

    @property
    def files(self) -> Files:
        """The results that the run measures, in the configuration's order."""
        return self._files(self._measured(deep=True))

    @property
    def made_files(self) -> Files:
        """Those that the run makes or makes some of."""
        measured = self._measured(deep=True)
        return self._files((name, networks) for name, networks in measured if self._is_touched(name, networks))

    @property
    def two_layer_files(self) -> Files:
        """What figures show of two-layer networks."""
        return self.results.shown(name for name, _ in self._measured(deep=False))

    @property
    def measured_extensions(self) -> list[str]:
        """The keys of the runs beyond the experiments that the run measures."""
        keys = self.extensions.figure_files
        return [key for key in keys if self._is_made_extension(key) or self._is_complete_extension(key)]

    @property
    def made_extensions(self) -> list[str]:
        """Those that the run makes or makes some of."""
        return [key for key in self.measured_extensions if self._is_touched_extension(key)]

    @property
    def extension_files(self) -> dict[str, str]:
        """The files of the runs beyond the experiments that the run measures, by names such as "scaling/side"."""
        return self.extensions.files(self.measured_extensions)

    @property
    def kept_paths(self) -> set[str]:
        """The files that the run measures and does not make: they are taken as they are."""
        kept: set[str] = set()
        made: set[str] = set()
        for name in self._experiments.names:
            for networks in self._groups(name, deep=True):
                paths = paths_of(self.results.of([name], networks))
                # A file that is made anew by the same run must be waited for.
                (made if self._is_touched(name, networks) else kept).update(paths)
        for key in self.measured_extensions:
            (made if self._is_touched_extension(key) else kept).update(self.extensions.figure_files[key].values())
        return kept - made

    @property
    def data_files(self) -> dict[str, str]:
        """The files from which figures and ledger are made, by their names in a results folder."""
        paths = [*paths_of(self.files), *self.extension_files.values()]
        return {self.results.name_in_folder(path): path for path in paths}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of what is measured."""
        networks = {name: list(files["trajectory_files"]) for name, files in self.files.items()}
        return archive.settings_with(self._experiments.config, networks, self.measured_extensions)

    @property
    def licences(self) -> dict[str, dict[str, Any]]:
        """Licence of the images of each experiment that is measured, as plain data."""
        return {name: dataclasses.asdict(self._experiments[name].dataset.LICENCE) for name in self.files}

    @property
    def _experiments(self) -> Experiments:
        return self.results.experiments

    def _measured(self, deep: bool) -> Iterator[tuple[str, list[str]]]:
        """Each experiment and networks of it that the run measures."""
        for name in self._experiments.names:
            for networks in self._groups(name, deep):
                if self._is_made(name, networks) or self._is_complete(name, networks):
                    yield name, networks

    def _files(self, groups: Iterable[tuple[str, list[str]]]) -> Files:
        together: dict[str, list[str]] = {}
        for name, networks in groups:
            together.setdefault(name, []).extend(networks)
        files: Files = {}
        for name, networks in together.items():
            files |= self.results.of([name], networks)
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

    def _is_touched(self, name: str, networks: list[str]) -> bool:
        """Whether the run makes these results or some of them."""
        return self._is_made(name, networks) or not self._asked_for().isdisjoint(
            paths_of(self.results.of([name], networks))
        )

    def _is_made_extension(self, key: str) -> bool:
        """Whether the run makes the runs under a key."""
        return key in self.extensions.without_download or self._asked_for().issuperset(
            self.extensions.figure_files[key].values()
        )

    def _is_touched_extension(self, key: str) -> bool:
        return self._is_made_extension(key) or not self._asked_for().isdisjoint(
            self.extensions.figure_files[key].values()
        )

    def _asked_for(self) -> set[str]:
        """The files of experiments, and of runs beyond them, that the targets of the run ask for."""
        if self._asked is None:
            if self.is_asking:
                return set()
            self.is_asking = True
            everything = [self.results.with_deep_networks(name) for name in self._experiments.names]
            others = self.extensions.files(self.extensions.figure_files).values()
            # What other runs need of an experiment is asked for too.
            self._asked = self._run.makes((path for files in everything for path in paths_of(files)), through=others)
            self.is_asking = False
        return self._asked

    def _is_complete(self, name: str, networks: list[str]) -> bool:
        """Whether the results of some networks are all there and made with present settings, as far as they say."""
        if self.is_asking:
            return False
        key = (name, *networks)
        if key not in self._complete:
            files = self.results.of([name], networks)
            is_there = all(self._run.has(path) for path in paths_of(files))
            self._complete[key] = is_there and self._is_of_present_settings(name, self._trajectories(files[name]))
        return self._complete[key]

    def _is_complete_extension(self, key: str) -> bool:
        """The same for the variants of the convolution under a key."""
        if self.is_asking:
            return False
        if (key,) not in self._complete:
            is_there = all(self._run.has(path) for path in self.extensions.figure_files[key].values())
            self._complete[key,] = is_there and self._is_of_present_settings(key, self._variants(key))
        return self._complete[key,]

    def _trajectories(self, files: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The trajectory files of an experiment, each with the settings that it should have been made with."""
        chosen = files.get("chosen_file")
        settings = resolved_settings(files["settings"], self._run.local(chosen) if chosen else None)
        for path in (path for seeds in files["trajectory_files"].values() for path in seeds):
            yield path, settings

    def _variants(self, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The same for the variants of the convolution."""
        experiment = self.extensions.experiment_settings(f"{key}.experiment") or {}
        for variant, path in self.extensions.variant_files(key).items():
            yield path, {**experiment, **self.extensions.variant_settings(f"{key}/{variant}")}

    def _is_of_present_settings(self, name: str, files: Iterable[tuple[str, Mapping[str, Any]]]) -> bool:
        try:
            for path, settings in files:
                if difference := self._difference(path, settings):
                    print(
                        f"{name} is left out: {path} was made with other settings ({difference}); "
                        "run the target that makes it (two-layer or reproduce-all)",
                        file=sys.stderr,
                    )
                    return False
        except DataError:
            pass  # What is damaged is named by the job that reads it.
        return True

    def _difference(self, path: str, settings: Mapping[str, Any]) -> str | None:
        """What is different now from when a file was made with some settings."""
        place = self._run.local(path)
        if place is None:
            # To be looked into it would have to be fetched from storage; Snakemake's records do not tell more.
            return None if self._run.is_of_present_parameters(path) else "a parameter of its rule differs"
        key = recorded_settings.read_difference(place, {**settings, "root_seed": self._experiments.config.root_seed})
        return f"'{key}' differs" if key else None
