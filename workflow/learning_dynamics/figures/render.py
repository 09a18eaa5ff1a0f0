"""From result files to picture files."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from learning_dynamics.figures import catalogue, style
from learning_dynamics.results import ExperimentResults


def paper_figure(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> None:
    """Draw a figure of the catalogue and write it to every path.

    Raises:
        DataError: a result file is missing or damaged.
    """
    figure: Figure = module(catalogue.PAPER_FIGURES[name].module).draw(
        [ExperimentResults.from_files(experiment, files) for experiment, files in experiments.items()]
    )
    style.save(figure, *paths)


def summary_figure(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> None:
    """Draw a figure over all experiments and write it to every path.

    Raises:
        DataError: a result file is missing or damaged.
    """
    figure: Figure = module(catalogue.SUMMARY_FIGURES[name]).draw(
        [ExperimentResults.from_files(experiment, files) for experiment, files in experiments.items()]
    )
    style.save(figure, *paths)


def experiment_figures(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> None:
    """Draw an experiment's own figures; a path's stem names the figure.

    Raises:
        DataError: a result file is missing or damaged.
    """
    results = ExperimentResults.from_files(name, experiments[name])
    files = [Path(path) for path in paths]
    for figure in catalogue.EXPERIMENT_FIGURES:
        drawn: Figure = module(f"experiment.{figure}").draw(results)
        style.save(drawn, *(file for file in files if file.stem == figure))


def module(name: str) -> Any:
    """A module of this package by its name, such as ``paper.pure_cosines``."""
    return importlib.import_module(f"learning_dynamics.figures.{name}")
