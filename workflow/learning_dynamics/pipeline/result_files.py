"""Names of the result files of experiments, as figures, the ledger and predictions read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning_dynamics.config.chosen_settings import ChosenSettingsFile
from learning_dynamics.figures import catalogue
from learning_dynamics.networks.registry import TWO_LAYER_NETWORKS
from learning_dynamics.numerics.random_streams import PAPER_TRIALS
from learning_dynamics.pipeline.experiments import Experiments

# Settings and files of an experiment, see ``ExperimentResults.from_files``; by the name of the experiment.
Files = dict[str, dict[str, Any]]

# In a results folder: what a user's own files were when they were read, an experiment each.
SOURCE_RECORDS = "sources"


@dataclass(frozen=True)
class ResultFiles:
    """Where the results of experiments are."""

    experiments: Experiments

    @property
    def folder(self) -> str:
        """The results folder."""
        return self.experiments.config.results

    def trajectories(self, experiment: str, network: str) -> list[str]:
        """The trajectory files of all seeds of one network."""
        seeds = range(self.experiments.config.seeds_of(experiment))
        return [f"{self.folder}/trajectories/{experiment}/{network}/seed-{seed}.nc" for seed in seeds]

    def chosen_settings(self, experiment: str) -> list[str]:
        """The file of the settings that are `auto` in the configuration; none if no setting is."""
        return [f"{self.folder}/settings/{experiment}.json"] if self.experiments[experiment].automatic else []

    def source_record(self, experiment: str) -> str:
        """The file in which it is noted what a user's own files were when they were read."""
        return f"{self.folder}/{SOURCE_RECORDS}/{experiment}.json"

    def of(self, names: Iterable[str], networks: Sequence[str] | None = None, seeds: int | None = None) -> Files:
        """Settings and files of some experiments and of some of their networks, as plain data.

        Args:
            names: of the experiments.
            networks: the two-layer ones of each experiment by default.
            seeds: of the first so many of them; of all by default.
        """
        return {
            name: self._of(name, self.experiments.networks(name) if networks is None else networks, seeds)
            for name in names
        }

    def shown(self, names: Iterable[str], networks: Sequence[str] | None = None) -> Files:
        """The same of the seeds that figures and pages show, the first ones: as many as in the paper, if there are."""
        return self.of(names, networks, PAPER_TRIALS)

    def with_deep_networks(self, name: str) -> Files:
        """The same for one experiment and all of its networks."""
        return self.of([name], self.experiments.networks(name, deep=True))

    def of_paper_figure(self, figure: str) -> Files:
        """What a figure of the paper shows."""
        shown = catalogue.PAPER_FIGURES[figure]
        return self.shown(shown.experiments, shown.networks)

    def name_in_folder(self, path: str) -> str:
        """What a file is called in a results folder, and so in an archive."""
        return Path(path).relative_to(self.folder).as_posix()

    def _of(self, name: str, networks: Sequence[str], seeds: int | None) -> dict[str, Any]:
        some = range(self.experiments.config.seeds_of(name))[:seeds]
        chosen = [ChosenSettingsFile(path) for path in self.chosen_settings(name)]
        return {
            "settings": self.experiments.settings(name),
            **({"chosen_file": chosen[0]} if chosen else {}),
            "dataset_file": f"{self.folder}/datasets/{name}.nc",
            "structure_file": f"{self.folder}/structure/{name}.nc",
            "seeds": list(some),
            "trajectory_files": {network: self.trajectories(name, network)[: len(some)] for network in networks},
            "theory_files": {
                network: f"{self.folder}/theory/{name}/{network}.nc"
                for network in networks
                if network in TWO_LAYER_NETWORKS
            },
        }


def settings_of(files: Files) -> dict[str, Any]:
    """The settings of each experiment, its seeds and networks: what makes a job run again where they change."""
    return {
        name: {
            "settings": part["settings"],
            "seeds": part["seeds"],
            "networks": list(part["trajectory_files"]),
        }
        for name, part in files.items()
    }


def found_at(files: Files, places: Sequence[str], trajectories: bool = True) -> Files:
    """The same files where a job finds them: a module may have a prefix, and storage is fetched into a folder.

    Args:
        files: as the configuration names them.
        places: what has become of ``paths_of`` these, one by one.
        trajectories: as for ``paths_of``; files that are no inputs stay as they are.
    """
    place = dict(zip(paths_of(files, trajectories), places, strict=True))
    return {
        name: {
            "settings": part["settings"],
            **({"chosen_file": ChosenSettingsFile(place[part["chosen_file"]])} if "chosen_file" in part else {}),
            "dataset_file": place[part["dataset_file"]],
            "structure_file": place[part["structure_file"]],
            "seeds": part["seeds"],
            "trajectory_files": {
                network: [place.get(path, path) for path in paths]
                for network, paths in part["trajectory_files"].items()
            },
            "theory_files": {network: place[path] for network, path in part["theory_files"].items()},
        }
        for name, part in files.items()
    }


def paths_of(files: Mapping[str, Mapping[str, Any]], trajectories: bool = True) -> list[str]:
    """The paths of files of experiments, as a rule's inputs; predictions are made without the trajectories."""
    paths: list[str] = []
    for part in files.values():
        paths += [part["dataset_file"], part["structure_file"]]
        paths += [part["chosen_file"]] if "chosen_file" in part else []
        paths += part["theory_files"].values()
        if trajectories:
            paths += [path for seeds in part["trajectory_files"].values() for path in seeds]
    return paths
