"""Labelled images in arrays, as a notebook or a program has them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DataError
from learning_dynamics.values import MOST_CLASSES

_IMAGES = "expected (images, n, n), (images, C, n, n) or (images, n, n, C) with 1 to 4 channels"


def labelled_images(
    train: tuple[npt.ArrayLike, npt.ArrayLike],
    test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    class_names: Sequence[str] | None = None,
    centred: bool = True,
) -> LabelledImages:
    """The data set of some images and their labels.

    Args:
        train: images to train on, uint8 (in units of 1/255) or floating point, shape (images, n, n),
            (images, C, n, n) or (images, n, n, C), channels first where both are possible; and the class of each, a
            whole number from 0.
        test: the same held out.
        class_names: a name per class; its number by default.
        centred: whether the mean training image is subtracted before any use.

    Raises:
        DataError: an array has another type or shape or holds a value that is not finite, the images and labels do not
            belong together, or a class has no training image.
    """
    parts = {"images": train} if test is None else {"images": train, "test images": test}
    images = {name: _images(part[0], name) for name, part in parts.items()}
    labels = {name: _labels(part[1], name, len(images[name])) for name, part in parts.items()}
    first = images["images"]
    for name, others in images.items():
        if (others.shape[1:], others.dtype) != (first.shape[1:], first.dtype):
            raise DataError(
                f"{name}: shape {others.shape[1:]} and type {others.dtype}; expected those of the training images, "
                f"{first.shape[1:]} and {first.dtype}; convert them"
            )
    every = np.concatenate(list(labels.values()))
    classes = int(every.max()) + 1 if class_names is None else len(class_names)
    if not 2 <= classes <= min(MOST_CLASSES, first[0].size):
        raise DataError(
            f"labels: {classes} classes for images of {first[0].size} values; expected 2 to {MOST_CLASSES} classes, at "
            "most one per value; use fewer classes or larger images"
        )
    if int(every.max()) >= classes:
        raise DataError(f"labels: {every.max()} has no name; expected one in class_names for each, got {classes}")
    absent = sorted(set(range(classes)) - set(labels["images"].tolist()))
    if absent:
        raise DataError(
            f"labels: no training image has label {absent[0]}; expected 0 to {classes - 1}, each at least once; number "
            "the classes without gaps"
        )
    together = np.concatenate(list(images.values()))
    digest = hashlib.sha256(np.ascontiguousarray(together).data)
    digest.update(every.tobytes())
    return LabelledImages(
        images=together,
        labels=every,
        is_test=np.repeat([False, True][: len(parts)], [len(part) for part in images.values()]),
        class_names=tuple(str(name) for name in (range(classes) if class_names is None else class_names)),
        centred=centred,
        origin=f"arrays of images, sha256 {digest.hexdigest()}",
    )


def _images(values: npt.ArrayLike, name: str) -> npt.NDArray[np.uint8] | npt.NDArray[np.float64]:
    """Channels first."""
    images = np.asarray(values)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise DataError(f"{name}: of type {images.dtype}; expected uint8, or floating point numbers; convert them")
    shape = images.shape
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and shape[1] > 4:
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or not 1 <= images.shape[1] <= 4 or images.shape[2] != images.shape[3] or 0 in shape:
        raise DataError(f"{name}: of shape {shape}; {_IMAGES}; reshape or crop them")
    if not np.isfinite(images).all():
        raise DataError(f"{name}: hold a value that is not finite; expected numbers; mend it or leave it out")
    return images if images.dtype == np.uint8 else images.astype(np.float64)


def _labels(values: npt.ArrayLike, name: str, number: int) -> npt.NDArray[np.int64]:
    labels = np.asarray(values)
    if labels.dtype.kind not in "iu" or labels.shape != (number,) or labels.min() < 0:
        raise DataError(
            f"labels of the {name}: of type {labels.dtype} and shape {labels.shape}; expected {number} whole numbers "
            "from 0, one for each image"
        )
    return labels.astype(np.int64)
