"""The pages of a prediction, with their figures: what is predicted before training, and how well it did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from learning_dynamics.figures import catalogue, render, style
from learning_dynamics.predictions import page, summary
from learning_dynamics.results import ExperimentResults


def prediction(
    name: str, experiments: Mapping[str, Mapping[str, Any]], smallest_mode: float, paths: Mapping[str, Any]
) -> None:
    """Write an experiment's prediction, as JSON, text and page, and its figures; no trajectory is read.

    Args:
        name: experiment.
        experiments: its settings and files.
        smallest_mode: modes of a smaller share of the largest s_α are not waited for.
        paths: "json", "text", "page", and "figures": their stem names the figure.

    Raises:
        DataError: a result file is missing or damaged.
    """
    results = ExperimentResults.from_files(name, experiments[name])
    files = [Path(path) for path in paths["figures"]]
    for figure in catalogue.PREDICTION_FIGURES:
        drawn: Figure = render.module(f"experiment.{figure}").draw(results)
        style.save(drawn, *(file for file in files if file.stem == figure))
    pictures = {
        caption: str(next(file for file in files if file.name == f"{figure}.png"))
        for figure, caption in catalogue.PREDICTION_FIGURES.items()
    }
    described = summary.summarise(results, smallest_mode, experiments[name].get("chosen_file"))
    page.write(described, pictures, paths["json"], paths["text"], paths["page"])


def comparison(name: str, experiments: Mapping[str, Mapping[str, Any]], paths: Mapping[str, Any]) -> None:
    """Write how well an experiment's prediction did: its numbers as JSON, text and page, and its figures.

    Args:
        name: experiment.
        experiments: its settings and files.
        paths: "json", "text", "page", and "drawings" (PDF) and "pictures" (PNG): their stem names the figure.

    Raises:
        DataError: a result file is missing or damaged.
    """
    results = ExperimentResults.from_files(name, experiments[name])
    files = [Path(path) for path in (*paths["drawings"], *paths["pictures"])]
    for figure in catalogue.COMPARISON_FIGURES:
        drawn: Figure = render.module(f"beyond.{figure}").draw([results])
        style.save(drawn, *(file for file in files if file.stem == figure))
    pictures = {
        caption: next(path for path in paths["pictures"] if Path(path).stem == figure)
        for figure, caption in catalogue.COMPARISON_FIGURES.items()
    }
    page.write_comparison(summary.measured(results), pictures, paths["json"], paths["text"], paths["page"])
