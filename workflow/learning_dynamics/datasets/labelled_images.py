"""Labelled images in memory and in NetCDF."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics import netcdf, provenance
from learning_dynamics.correlations import Correlations, correlate
from learning_dynamics.errors import DataError

SPLITS = ("train", "test")

# Images of a class that figures show.
EXAMPLES = 4


@dataclass(frozen=True)
class LabelledImages:
    """Images as stored: uint8 in units of 1/255, or float64.

    images: shape (image, C, n, n).
    labels: class of every image, shape (image,).
    is_test: whether an image is held out, shape (image,).
    class_names: p names.
    centred: whether the mean training image is subtracted before any use.
    origin: one sentence on where the images come from.
    whole_mean: of an excerpt, the mean training image of the data set it was taken from, shape (C, n, n).
    """

    images: npt.NDArray[np.uint8] | npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    is_test: npt.NDArray[np.bool_]
    class_names: tuple[str, ...]
    centred: bool
    origin: str
    whole_mean: npt.NDArray[np.float64] | None = None

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
        """What the stored values are multiplied with: 1/255 for uint8."""
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
class Split:
    """The samples of one split, converted to network inputs when asked for."""

    source: LabelledImages
    places: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.places)

    @functools.cached_property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class of every sample."""
        return self.source.labels[self.places]

    def inputs(self, which: slice | npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Network inputs of some samples, scaled and centred, shape (samples, C, n, n)."""
        images = self.source.images[self.places[which]]
        return images * self.source.scale - self.source.mean_image

    def vectors(self, which: slice | npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """The same vectorised, shape (samples, C·n²)."""
        inputs = self.inputs(which)
        return inputs.reshape(len(inputs), -1)

    def correlations(self) -> Correlations:
        """Σyx and Σxx of this split."""
        return correlate(self.vectors, self.labels, self.source.classes)


def write(data: LabelledImages, path: str | Path, experiment: str, settings: Mapping[str, Any]) -> None:
    """Write the data set's NetCDF file.

    Raises:
        DataError: the images contain values that are not finite, or the file cannot be written.
    """
    if not np.isfinite(data.images).all():
        raise DataError(f"data set '{experiment}': an image holds a value that is not finite")
    scaling = {"scale_factor": data.scale} if data.images.dtype == np.uint8 else {}
    dataset = xr.Dataset(
        {
            "images": netcdf.variable(
                ("image", "channel", "row", "column"), data.images, "images as stored", "1", **scaling
            ),
            "label": netcdf.variable(("image",), data.labels, "class of the image, an index into class_name"),
            "split": netcdf.variable(
                ("image",),
                data.is_test.astype(np.int8),
                "split the image belongs to",
                flag_values=np.array([0, 1], dtype=np.int8),
                flag_meanings=" ".join(SPLITS),
            ),
            "mean_image": netcdf.variable(
                ("channel", "row", "column"),
                data.mean_image,
                "mean training image, subtracted from images before any use (zero if the data are not centred)",
            ),
        },
        coords={"class_name": netcdf.variable(("class",), np.array(data.class_names, dtype=object), "class name")},
        attrs={
            **provenance.attributes(
                f"Images of {experiment}",
                "Pinson et al. 2023, Eqs. 21 and S.66, App. I",
                settings,
                ("numpy", "netCDF4", "pillow", "scikit-learn", "torchvision"),
            ),
            "origin": data.origin,
            "centred": str(data.centred).lower(),
        },
    )
    natural = data.images.dtype == np.uint8
    netcdf.write(dataset, path, uncompressed=("images",) if natural else ())


def read(path: str | Path) -> LabelledImages:
    """Read a data set's NetCDF file.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path)
    try:
        return LabelledImages(
            images=dataset["images"].values,
            labels=dataset["label"].values.astype(np.int64),
            is_test=dataset["split"].values == 1,
            class_names=tuple(str(name) for name in dataset["class_name"].values),
            centred=dataset.attrs["centred"] == "true",
            origin=dataset.attrs["origin"],
            whole_mean=dataset["mean_image"].values if "excerpt" in dataset.attrs else None,
        )
    except KeyError as error:
        raise DataError(f"{path}: not a data set file, {error} is missing; delete it and run again") from error


def excerpt(path: str | Path) -> xr.Dataset:
    """A data set file with the images that figures show: the first ``EXAMPLES`` of every class and split.

    Its mean image is that of all images. It is not for training: correlations cannot be computed from it.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    data, dataset = read(path), netcdf.read(path)
    places = [
        place
        for label in range(data.classes)
        for is_test in (False, True)
        for place in np.flatnonzero((data.labels == label) & (data.is_test == is_test))[:EXAMPLES]
    ]
    train, test = (len(data.split(name)) for name in SPLITS)
    shortened = dataset.isel(image=sorted(places))
    whole = dataset.attrs.get(
        "excerpt", f"{EXAMPLES} of each class and split, of {train:,} to train on, {test:,} held out"
    )
    shortened.attrs = {**dataset.attrs, "excerpt": whole}
    return shortened
