"""The data set that a configuration describes."""

from __future__ import annotations

from pathlib import Path

from learning_dynamics import random_streams
from learning_dynamics.config_datasets import CosinesDataset, Dataset, DigitsDataset, ShapesDataset
from learning_dynamics.datasets.labelled_images import LabelledImages


def make(settings: Dataset, experiment: str, root_seed: int, cifar10: str, downloads: Path) -> LabelledImages:
    """Compute, read or download the images of an experiment.

    Args:
        settings: the experiment's data set.
        experiment: its name, which selects the random stream.
        root_seed: root of the random streams.
        cifar10: source of CIFAR-10, see ``cifar10.make``.
        downloads: folder for downloaded data.

    Raises:
        DataError: the source is missing, damaged or holds too few images.
    """
    if isinstance(settings, CosinesDataset):
        from learning_dynamics.datasets import cosines

        return cosines.make(settings, random_streams.stream(root_seed, experiment, "dataset"))
    if isinstance(settings, ShapesDataset):
        from learning_dynamics.datasets import shapes

        return shapes.make(settings)
    if isinstance(settings, DigitsDataset):
        from learning_dynamics.datasets import digits

        return digits.make(settings)
    from learning_dynamics.datasets import cifar10 as cifar10_images

    return cifar10_images.make(settings, cifar10, downloads)
