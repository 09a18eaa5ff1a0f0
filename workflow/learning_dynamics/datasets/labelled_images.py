"""Labelled images, in memory or read one after the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.reading import PassedOver, Reading
from learning_dynamics.errors import DataError
from learning_dynamics.numerics.correlations import Correlations, correlate

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float64]

SPLITS = ("train", "test")


@dataclass(frozen=True)
class LabelledImages:
    """Images as stored: uint8 in units of 1/255, uint16, or float64.

    images: shape (image, C, n, n), in memory or read from a file when asked for (``open_file``).
    labels: class of every image, shape (image,).
    is_test: whether an image is held out, shape (image,).
    class_names: p names.
    centred: whether the mean training image is subtracted before any use.
    origin: one sentence on where the images come from.
    whole_mean: of an excerpt, the mean training image of the data set it was taken from, shape (C, n, n).
    factor: what the stored values are multiplied with; None for 1/255 of uint8 and 1 of others.
    reading: how a user's own images were read; None for all others.
    """

    images: Pixels
    labels: npt.NDArray[np.int64]
    is_test: npt.NDArray[np.bool_]
    class_names: tuple[str, ...]
    centred: bool
    origin: str
    whole_mean: npt.NDArray[np.float64] | None = None
    factor: float | None = None
    reading: Reading | None = None

    @property
    def classes(self) -> int:
        """Number of classes p."""
        return len(self.class_names)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, n, n)."""
        channels, rows, columns = self.images.shape[1:]
        return channels, rows, columns

    @property
    def scale(self) -> float:
        """What the stored values are multiplied with."""
        if self.factor is not None:
            return self.factor
        return 1 / 255 if self.images.dtype == np.uint8 else 1.0

    @functools.cached_property
    def mean_image(self) -> npt.NDArray[np.float64]:
        """Mean training image, shape (C, n, n); zero for data that are not centred."""
        if self.whole_mean is not None:
            return self.whole_mean
        if not self.centred:
            return np.zeros(self.shape)
        return np.asarray(self.images[~self.is_test].mean(axis=0, dtype=np.float64) * self.scale)

    def split(self, name: str) -> Split:
        """The samples of "train" or "test"."""
        return Split(self, np.flatnonzero(self.is_test == (name == "test")))

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have images."""
        return SPLITS if self.is_test.any() else SPLITS[:1]


@dataclass(frozen=True)
class ImageSource:
    """Images whose number, classes and splits are known and whose pixels are read when asked for.

    describe: the source, in messages.
    labels, is_test: of every image, shape (images,).
    class_names: p names.
    read: gives every image once with its place, in whatever order the source has them; (C, n, n), uint8, uint16 or
        float64.
    origin: one sentence on where the images come from, after they have been read.
    name: of the image at a place, in messages after the source.
    split_names: what the splits are called in the source; empty where it has not both.
    factor: what a source says itself that its values are to be multiplied with; None if it says nothing.
    passed_over: what the source holds beside these images, and why it is not read.
    notes: sentences on what was not obvious about the source.
    checksums: SHA-256 of what was read, by file, "" for a source that is one; after the images have been read.
    """

    describe: str
    labels: npt.NDArray[np.int64]
    is_test: npt.NDArray[np.bool_]
    class_names: tuple[str, ...]
    read: Callable[[], Iterator[tuple[int, Pixels]]]
    origin: Callable[[], str]
    name: Callable[[int], str]
    split_names: Mapping[str, str] = field(default_factory=dict)
    factor: float | None = None
    passed_over: tuple[PassedOver, ...] = ()
    notes: tuple[str, ...] = ()
    checksums: Callable[[], Mapping[str, str]] = dict

    def alike(self) -> Iterator[tuple[int, Pixels]]:
        """``read``, of images of one shape and depth.

        Raises:
            DataError: two differ; the message names both.
        """
        first: tuple[int, Pixels] | None = None
        for place, image in self.read():
            if first is None:
                first = place, image
            elif (image.shape, image.dtype) != (first[1].shape, first[1].dtype):
                raise self._differ(first, (place, image))
            yield place, image

    def _differ(self, first: tuple[int, Pixels], second: tuple[int, Pixels]) -> DataError:
        one, other = first[1], second[1]
        if one.shape[1:] != other.shape[1:]:
            advice = "set dataset.side to scale all of them to one size"
        elif len(one) != len(other):
            advice = "set dataset.colour to grey or rgb to convert all of them"
        else:
            advice = "save all of them as one type, on one scale"
        return DataError(
            f"{self.describe}: {self.name(second[0])} is {_described(other)}, and {self.name(first[0])} is "
            f"{_described(one)}; expected images of one size, number of channels and type; {advice}"
        )


def _described(image: Pixels) -> str:
    channels, rows, columns = image.shape
    return f"{columns}x{rows} pixels with {channels} channel{'s' if channels > 1 else ''} of {image.dtype}"


@dataclass(frozen=True)
class Split:
    """The samples of one split, converted to network inputs when asked for."""

    source: LabelledImages
    indices: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.indices)

    @functools.cached_property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class of every sample."""
        return self.source.labels[self.indices]

    def inputs(self, which: slice | npt.NDArray[np.integer], precision: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """Network inputs of some samples, scaled and centred, shape (samples, C, n, n)."""
        # Chosen by an array of indices, they are a copy.
        scaled = self.source.images[self.indices[which]].astype(precision, copy=False)
        scaled *= scaled.dtype.type(self.source.scale)
        scaled -= self.source.mean_image.astype(precision, copy=False)
        return scaled

    def vectors(
        self, which: slice | npt.NDArray[np.integer], precision: npt.DTypeLike = np.float64
    ) -> npt.NDArray[Any]:
        """The same vectorised, shape (samples, C·n²)."""
        inputs = self.inputs(which, precision)
        return inputs.reshape(len(inputs), -1)

    def correlations(self) -> Correlations:
        """Σyx and Σxx of this split."""
        return correlate(self.vectors, self.labels, self.source.classes)
