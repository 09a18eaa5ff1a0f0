"""Geometric shapes: solid or hollow, round or square, one antialiased image per class (Fig. 2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from learning_dynamics.config_datasets import ShapesDataset
from learning_dynamics.datasets.labelled_images import LabelledImages


def make(settings: ShapesDataset) -> LabelledImages:
    """One image per shape on [−1, 1]²; a pixel is the share of its points that lie inside the shape."""
    images = np.stack([_covered(shape, settings) for shape in settings.shapes])[:, None]
    images = np.repeat(images, settings.channels, axis=1)
    images /= 1.0 + np.arange(settings.channels)[:, None, None]
    return LabelledImages(
        images=images,
        labels=np.arange(len(images)),
        is_test=np.zeros(len(images), dtype=bool),
        class_names=tuple(settings.class_names),
        centred=False,
        origin="geometric shapes, computed",
    )


def _covered(shape: str, settings: ShapesDataset) -> npt.NDArray[np.float64]:
    points = settings.side * settings.subpixels
    position = (np.arange(points) + 0.5) / points * 2 - 1
    row, column = np.meshgrid(position, position, indexing="ij")
    if shape in ("disc", "ring"):
        distance, outer = np.hypot(row, column), settings.radius
    else:
        distance, outer = np.maximum(abs(row), abs(column)), settings.half_side
    inside = distance <= outer
    if shape in ("ring", "frame"):
        inside &= distance > outer - settings.wall
    blocks = inside.reshape(settings.side, settings.subpixels, settings.side, settings.subpixels)
    return np.asarray(blocks.mean(axis=(1, 3)))
