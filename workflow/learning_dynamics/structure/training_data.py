"""What the training of a two-layer network, and the theory of it, start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.numerics.correlations import Correlations, FloatArray, Structure
from learning_dynamics.structure import files as structure_files


@dataclass(frozen=True)
class StructureFiles:
    """The result files of a data set: its images, its correlations and its structure."""

    dataset: str | Path
    correlations: str | Path
    structure: str | Path

    def training_data(self, *, in_memory: bool) -> TrainingData:
        """What they hold; the images in memory, or read from their file when they are asked for.

        Raises:
            DataError: a file is missing or damaged, or the images are so large that Σxx is not kept.
        """
        images = (dataset_files.read if in_memory else dataset_files.open_file)(self.dataset)
        averages = structure_files.read_correlations(self.correlations)
        stored = structure_files.read_structure(self.structure)
        return TrainingData(images, averages, structure_files.structure_of(stored))


@dataclass(frozen=True)
class TrainingData:
    """A data set with its averages.

    images: the data set.
    correlations: Σyx and Σxx by split, "train" and where there is one "test".
    structure: decomposition of the training Σyx.
    """

    images: LabelledImages
    correlations: Mapping[str, Correlations]
    structure: Structure

    @property
    def classes(self) -> int:
        """p."""
        return self.images.classes

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, n, n)."""
        return self.images.shape

    @property
    def inputs(self) -> int:
        """C n²."""
        return int(np.prod(self.shape))

    @property
    def right_images(self) -> FloatArray:
        """v^α as images, shape (modes, C, n, n)."""
        return self.structure.right.T.reshape(-1, *self.shape)
