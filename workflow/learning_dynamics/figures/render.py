"""From result files to picture files."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from learning_dynamics.experiment_results import ExperimentResults
from learning_dynamics.figures import catalogue, style


def paper_figure(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> None:
    """Draw a figure of the catalogue and write it to every path.

    Raises:
        DataError: a result file is missing or damaged.
    """
    figure: Figure = _module(catalogue.PAPER_FIGURES[name].module).draw(
        [ExperimentResults.from_files(experiment, files) for experiment, files in experiments.items()]
    )
    style.save(figure, *paths)


def summary_figure(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> None:
    """Draw a figure over all experiments and write it to every path.

    Raises:
        DataError: a result file is missing or damaged.
    """
    figure: Figure = _module(catalogue.SUMMARY_FIGURES[name]).draw(
        [ExperimentResults.from_files(experiment, files) for experiment, files in experiments.items()]
    )
    style.save(figure, *paths)


def experiment_figures(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> None:
    """Draw an experiment's own figures; a path's stem names the figure.

    Raises:
        DataError: a result file is missing or damaged.
    """
    results = ExperimentResults.from_files(name, experiments[name])
    places = [Path(path) for path in paths]
    for figure in catalogue.EXPERIMENT_FIGURES:
        drawn: Figure = _module(figure).draw(results)
        style.save(drawn, *(place for place in places if place.stem == figure))


def _module(name: str) -> Any:
    return importlib.import_module(f"learning_dynamics.figures.{name}")
