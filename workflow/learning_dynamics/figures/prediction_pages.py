"""The pages of a prediction, with their figures: what is predicted before training, and how well it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from learning_dynamics.figures import catalogue, class_labels, panels, render, style
from learning_dynamics.figures.thumbnails import thumbnail
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.predictions import answer, page, steps, summary
from learning_dynamics.results import ExperimentResults

# Pictures of one step, and of classes.
_CLASSES_OF_A_STEP, _MODES_OF_A_STEP, _EXAMPLES = 4, 4, 24


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
        # What every experiment has too is narrow here: the page is read on phones.
        options = {"narrow": True} if figure in catalogue.EXPERIMENT_FIGURES else {}
        drawn: Figure = render.module(f"experiment.{figure}").draw(results, **options)
        style.save(drawn, *(file for file in files if file.stem == figure))
    described = summary.summarise(results, smallest_mode, experiments[name].get("chosen_file"))
    pictures = page.Pictures(
        drawings={
            caption: str(next(file for file in files if file.name == f"{figure}.png"))
            for figure, caption in catalogue.PREDICTION_FIGURES.items()
        },
        steps=_step_pictures(results, described),
        examples=_examples(results, described),
        remarks=[class_labels.note(undrawn)] if (undrawn := panels.labels(results).undrawn) else [],
    )
    page.write(described, pictures, paths["json"], paths["text"], paths["page"])


def _step_pictures(results: ExperimentResults, described: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """For each step the mean image of a class on either side, its modes and its waves, with captions."""
    names, said = answer.Names(described), answer.steps_in_words(described)
    class_names = results.data.class_names
    means = _on_one_scale(results.structure["class_means"].values + results.data.mean_image)
    pictures = []
    for step, in_words in zip(described["steps"], said, strict=False):
        shown = [*step["classes_for"][:1], *step["classes_against"][:1]]
        if step["kind"] != "single":
            shown = step["classes_for"][:_CLASSES_OF_A_STEP]
        modes = step["modes"][:_MODES_OF_A_STEP]
        vectors = results.structure["right_singular_vectors"].values[modes]
        waves = [steps.wave_image(results, step["modes"], wave) for wave in step["waves"]]
        pictures.append(
            [
                *((f"{names.of(name)}, mean image", means(class_names.index(name))) for name in shown),
                *((f"mode {m}: {in_words['mode']}", thumbnail(v)) for m, v in zip(modes, vectors, strict=True)),
                *zip(in_words["waves"], map(thumbnail, waves), strict=True),
            ]
        )
    return pictures


def _examples(results: ExperimentResults, described: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The first training image of the first classes, and the mean that is subtracted."""
    data, names = results.data, answer.Names(described)
    shown = data.class_names[:_EXAMPLES]
    firsts = [int(np.flatnonzero((data.labels == label) & ~data.is_test)[0]) for label in range(len(shown))]
    images = [data.images[np.array([first])][0] * data.scale for first in firsts]
    captions = [names.of(name) for name in shown]
    if data.centred:
        images.append(data.mean_image)
        captions.append("mean image, subtracted")
    drawn = _on_one_scale(np.stack(images))
    return [(caption, drawn(index)) for index, caption in enumerate(captions)]


def _on_one_scale(images: FloatArray) -> Callable[[int], str]:
    """The n-th image as a small picture, dark to bright or, with negative values, signed."""
    signed, limit = bool(images.min() < 0), float(np.abs(images).max())
    return lambda index: thumbnail(images[index], signed, limit)


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
    measured = summary.measured(results)
    page.write_comparison(measured, page.Pictures(pictures), paths["json"], paths["text"], paths["page"])
