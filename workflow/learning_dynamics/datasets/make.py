"""The data set that a configuration describes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from learning_dynamics import random_streams
from learning_dynamics.config_datasets import CosinesDataset, Dataset, DigitsDataset, ImagesDataset, ShapesDataset
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages

_log = logging.getLogger(__name__)


def write(settings: Dataset, experiment: str, root_seed: int, cifar10: str, downloads: Path, path: str | Path) -> None:
    """Make an experiment's images and write them; see ``make`` for the arguments. A user's own are written as read.

    Raises:
        DataError: the source is missing, damaged or lacks what is wanted of it, or the file cannot be written.
    """
    provenance: Mapping[str, Any] = {
        "experiment": experiment,
        "root_seed": root_seed,
        "dataset": settings.model_dump(mode="json"),
    }
    if not isinstance(settings, ImagesDataset):
        labelled_images.write(make(settings, experiment, root_seed, cifar10, downloads), path, experiment, provenance)
        return
    from learning_dynamics.datasets import image_source, own_images

    source = own_images.open_source(settings, downloads)
    _log.info("%s: %d images of %d classes", settings.source, len(source.labels), len(source.class_names))
    uneven = image_source.unbalanced(source.labels, source.is_test, source.class_names)
    if uneven:
        _log.warning("%s: %s", settings.source, uneven)
    labelled_images.write_stream(source, settings.centred, path, experiment, provenance)


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
    if isinstance(settings, ImagesDataset):
        raise TypeError("own images are written as they are read: use write")
    from learning_dynamics.datasets import cifar10 as cifar10_images

    return cifar10_images.make(settings, cifar10, downloads)
