"""What each target asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning_dynamics.claims.entries import read_all
from learning_dynamics.errors import DataError
from learning_dynamics.figures import catalogue
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.extensions import Extensions
from learning_dynamics.pipeline.result_files import Files, ResultFiles

_PICTURES = ("pdf", "png")
_PAGES = ("json", "txt", "html")


@dataclass(frozen=True)
class Targets:
    """The files that the targets of the Snakefile ask for, each a list of paths."""

    files: ResultFiles
    extensions: Extensions

    @property
    def default(self) -> list[str]:
        """What needs no download, and everything about a user's own experiments; all that is in an archive."""
        archived = self._experiments.archived
        results = self._results(self._experiments.without_download, deep=archived)
        extensions = self.extensions.results(self.extensions.without_download)
        return [*results, *extensions, *([] if archived else self._own())]

    @property
    def two_layer(self) -> list[str]:
        """What the two-layer networks of all experiments lead to."""
        names = self._experiments.two_layer(self._experiments.names)
        return [*self._results(names, deep=False), *self._extensions]

    @property
    def everything(self) -> list[str]:
        """The same with the deep networks."""
        return [*self._results(self._experiments.names, deep=True), *self._extensions]

    @property
    def predictions(self) -> list[str]:
        """What is predicted for a user's own experiments."""
        return _or_hint(self._predictions())

    @property
    def own(self) -> list[str]:
        """What is made for a user's own experiments: prediction, training, figures, how well the prediction did."""
        return _or_hint(self._own())

    def finished(self, is_there: Callable[[str], bool], is_present: Callable[[str], bool]) -> list[str]:
        """What is there of everything that can be made, with the present settings: what a report can show.

        Says on standard error how much was made with other settings.

        Args:
            is_there: whether a file is there.
            is_present: whether it was made with the present settings.

        Raises:
            DataError: nothing is there.
        """
        there = [path for path in [*self.everything, *self._own()] if is_there(path)]
        if not there:
            raise DataError(
                f"{self.files.folder}: nothing has been made yet; run `make reproduce`, or `make own CONFIG=…`, first"
            )
        # The report shows no data, of which there may be thousands of files.
        others = {path for path in there if Path(path).suffix != ".nc" and not is_present(path)}
        if others:
            listed = sorted(path for path in others if path.endswith((".png", ".html")))
            print(
                f"{len(listed)} pictures and pages are left out "
                f"({', '.join(listed[:3])}{' …' if len(listed) > 3 else ''}): "
                "they were made with other settings than the configuration has now; make them again, or name the "
                "configuration they were made with",
                file=sys.stderr,
            )
        return [path for path in there if path not in others]

    def paper_figures(self, names: Collection[str], deep: bool) -> list[str]:
        """The figures of the paper whose experiments are all among some, with every network they show.

        Args:
            names: of the experiments.
            deep: whether their deep networks are there too.
        """
        return [
            name
            for name, figure in catalogue.PAPER_FIGURES.items()
            if all(
                experiment in names and set(figure.networks) <= set(self._experiments.networks(experiment, deep))
                for experiment in figure.experiments
            )
        ]

    def pictures_of_claims(
        self, tables: Sequence[str | Path], results: Files, extensions: Collection[str]
    ) -> list[str]:
        """The pictures that claims name, of those that are drawn of some results and of some runs beyond them.

        Args:
            tables: of claims, the paper's and a user's own.
            results: of experiments, of some or all of their networks.
            extensions: keys of the runs beyond them.
        """
        named = {f"{self.files.folder}/{claim.figure}" for table in read_all(tables) for claim in table.claims}
        shown = [
            figure
            for figure in self.paper_figures(results, deep=True)
            if all(
                set(catalogue.PAPER_FIGURES[figure].networks) <= results[name]["trajectory_files"].keys()
                for name in catalogue.PAPER_FIGURES[figure].experiments
            )
        ]
        experiments = [
            name
            for name in self._experiments.two_layer(results)
            if set(self._experiments.networks(name)) <= results[name]["trajectory_files"].keys()
        ]
        own = [name for name in experiments if name in self._experiments.own]
        drawn = [
            *self._pictures([*shown, *catalogue.SUMMARY_FIGURES]),
            *self._experiment_figures(experiments),
            *self._pictures(f"{name}/{figure}" for name in own for figure in catalogue.COMPARISON_FIGURES),
            *self.extensions.results(extensions),
        ]
        return [path for path in drawn if path in named]

    @property
    def _experiments(self) -> Experiments:
        return self.files.experiments

    @property
    def _extensions(self) -> list[str]:
        return self.extensions.results(self.extensions.figure_files)

    def _results(self, names: list[str], deep: bool) -> list[str]:
        """Trajectories and figures of some experiments, without or with the deep networks, and the pages."""
        trajectories = [
            path
            for name in names
            for network in self._experiments.networks(name, deep)
            for path in self.files.trajectories(name, network)
        ]
        pages = [f"{self.files.folder}/{name}" for name in ("claims.json", "claims.html", "provenance.html")]
        figures = self._pictures([*self.paper_figures(names, deep), *catalogue.SUMMARY_FIGURES])
        return [*trajectories, *pages, *figures, *self._experiment_figures(self._experiments.two_layer(names))]

    def _predictions(self) -> list[str]:
        return self._pages(self._experiments.own)

    def _own(self) -> list[str]:
        names = self._experiments.own
        comparisons = self._pages(f"{name}_measured" for name in names)
        drawn = self._pictures(f"{name}/{figure}" for name in names for figure in catalogue.COMPARISON_FIGURES)
        return [*self._predictions(), *comparisons, *drawn, *self._experiment_figures(names)]

    def _experiment_figures(self, names: Iterable[str]) -> list[str]:
        return self._pictures(f"{name}/{figure}" for name in names for figure in catalogue.EXPERIMENT_FIGURES)

    def _pictures(self, figures: Iterable[str]) -> list[str]:
        return [f"{self.files.folder}/figures/{figure}.{suffix}" for figure in figures for suffix in _PICTURES]

    def _pages(self, predictions: Iterable[str]) -> list[str]:
        return [f"{self.files.folder}/predictions/{name}.{suffix}" for name in predictions for suffix in _PAGES]


def _or_hint(files: list[str]) -> list[str]:
    """Files of own experiments; where there are none, Snakemake says that this hint is missing.

    An error raised here would come with a traceback.
    """
    return files or [
        "an experiment of your own (docs/own-images.md; snakemake --configfile mine.yaml -- predict)",
    ]
