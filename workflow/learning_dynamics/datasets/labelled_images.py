"""Labelled images in memory and in NetCDF."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics import netcdf, provenance
from learning_dynamics.correlations import Correlations, correlate
from learning_dynamics.errors import DataError

if TYPE_CHECKING:
    from learning_dynamics.datasets.image_source import ImageSource

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.float64]

SPLITS = ("train", "test")
# Images are written as soon as so many bytes of them have come together.
_WRITTEN_AT_ONCE = 2**24

# Images of a class that figures show.
EXAMPLES = 4


@dataclass(frozen=True)
class LabelledImages:
    """Images as stored: uint8 in units of 1/255, or float64.

    images: shape (image, C, n, n), in memory or read from a file when asked for (``open_file``).
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

    def inputs(self, which: slice | npt.NDArray[np.integer], precision: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """Network inputs of some samples, scaled and centred, shape (samples, C, n, n)."""
        # Chosen by an array of places, they are a copy.
        scaled = self.source.images[self.places[which]].astype(precision, copy=False)
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


def write(data: LabelledImages, path: str | Path, experiment: str, settings: Mapping[str, Any]) -> None:
    """Write the data set's NetCDF file.

    Raises:
        DataError: the images contain values that are not finite, or the file cannot be written.
    """
    if not np.isfinite(data.images).all():
        raise DataError(f"data set '{experiment}': an image holds a value that is not finite")
    scaling = {"scale_factor": data.scale} if data.images.dtype == np.uint8 else {}
    images = netcdf.variable(("image", "channel", "row", "column"), data.images, "images as stored", "1", **scaling)
    described = _described(
        data.labels, data.is_test, data.class_names, data.centred, data.origin, data.mean_image, experiment, settings
    )
    dataset = xr.Dataset({"images": images, **described.data_vars}, described.coords, described.attrs)
    natural = data.images.dtype == np.uint8
    netcdf.write(dataset, path, uncompressed=("images",) if natural else ())


def write_stream(
    source: ImageSource, centred: bool, path: str | Path, experiment: str, settings: Mapping[str, Any]
) -> None:
    """The same file from images that are read one after the other, of which few are in memory at a time.

    Args:
        source: gives all images, of one shape and type.
        centred: whether the mean training image is subtracted before any use.
        path: the file to make.
        experiment: its name.
        settings: everything that determined the content.

    Raises:
        DataError: the source is damaged or holds images that do not belong together, there are more classes than
            values in an image, or the file cannot be written.
    """
    sums: list[npt.NDArray[Any]] = []

    def fill(file: netcdf.File) -> str:
        waiting: dict[int, npt.NDArray[Any]] = {}
        images = None
        for place, image in source.read():
            if images is None:
                images = _image_variable(file, len(source.labels), image, source.class_names, experiment)
                sums.append(np.zeros(image.shape, np.int64 if image.dtype == np.uint8 else np.float64))
            waiting[place] = image
            if len(waiting) * image.nbytes >= _WRITTEN_AT_ONCE:
                _flush(images, waiting, source.is_test, sums[0])
        _flush(images, waiting, source.is_test, sums[0])
        return "images"

    def describe() -> xr.Dataset:
        (total,) = sums
        scale = 1 / 255 if total.dtype == np.int64 else 1.0
        mean = total / np.count_nonzero(~source.is_test) * scale if centred else np.zeros(total.shape)
        return _described(
            source.labels, source.is_test, source.class_names, centred, source.origin(), mean, experiment, settings
        )

    netcdf.write_in_pieces(path, fill, describe)


def _image_variable(
    file: netcdf.File, number: int, image: npt.NDArray[Any], class_names: tuple[str, ...], experiment: str
) -> netcdf.Variable:
    if len(class_names) > image.size:
        raise DataError(
            f"data set '{experiment}': {len(class_names)} classes for images of {image.size} values; "
            "expected at most one class per value; use larger images or fewer classes"
        )
    dimensions = ("image", "channel", "row", "column")
    for name, size in zip(dimensions, (number, *image.shape), strict=True):
        file.createDimension(name, size)
    images = file.createVariable("images", image.dtype, dimensions, contiguous=True, fill_value=False)
    images.set_auto_maskandscale(False)
    attributes = {"long_name": "images as stored", "units": "1"}
    images.setncatts({**attributes, "scale_factor": 1 / 255} if image.dtype == np.uint8 else attributes)
    return images


def _flush(
    images: netcdf.Variable,
    waiting: dict[int, npt.NDArray[Any]],
    is_test: npt.NDArray[np.bool_],
    total: npt.NDArray[Any],
) -> None:
    """Write the images that wait, neighbours together, and add those of the training split to `total`."""
    where = np.array(sorted(waiting), dtype=np.int64)
    for run in np.split(where, np.flatnonzero(np.diff(where) > 1) + 1):
        if not len(run):
            continue
        block = np.stack([waiting[place] for place in run])
        images[run[0] : run[-1] + 1] = block
        total += block[~is_test[run]].sum(axis=0, dtype=total.dtype)
    waiting.clear()


def _described(
    labels: npt.NDArray[np.int64],
    is_test: npt.NDArray[np.bool_],
    class_names: tuple[str, ...],
    centred: bool,
    origin: str,
    mean_image: npt.NDArray[np.float64],
    experiment: str,
    settings: Mapping[str, Any],
) -> xr.Dataset:
    """What a data set's file holds beside the images."""
    return xr.Dataset(
        {
            "label": netcdf.variable(("image",), labels, "class of the image, an index into class_name"),
            "split": netcdf.variable(
                ("image",),
                is_test.astype(np.int8),
                "split the image belongs to",
                flag_values=np.array([0, 1], dtype=np.int8),
                flag_meanings=" ".join(SPLITS),
            ),
            "mean_image": netcdf.variable(
                ("channel", "row", "column"),
                mean_image,
                "mean training image, subtracted from images before any use (zero if the data are not centred)",
            ),
        },
        coords={"class_name": netcdf.variable(("class",), np.array(class_names, dtype=object), "class name")},
        attrs={
            **provenance.attributes(
                f"Images of {experiment}",
                "Pinson et al. 2023, Eqs. 21 and S.66, App. I",
                settings,
                ("numpy", "netCDF4", "pillow", "scikit-learn", "torchvision"),
            ),
            "origin": origin,
            "centred": str(centred).lower(),
        },
    )


def read(path: str | Path) -> LabelledImages:
    """Read a data set's NetCDF file.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path)
    return _from_file(path, dataset, lambda: dataset["images"].values)


def open_file(path: str | Path) -> LabelledImages:
    """The same, with images that are read from the file when they are asked for.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path, ("label", "split", "mean_image", "class_name"))
    return _from_file(path, dataset, lambda: netcdf.LazyArray(path, "images"))


def _from_file(path: str | Path, dataset: xr.Dataset, images: Callable[[], Any]) -> LabelledImages:
    try:
        data = LabelledImages(
            images=images(),
            labels=dataset["label"].values.astype(np.int64),
            is_test=dataset["split"].values == 1,
            class_names=tuple(str(name) for name in dataset["class_name"].values),
            centred=dataset.attrs["centred"] == "true",
            origin=dataset.attrs["origin"],
            whole_mean=dataset["mean_image"].values if "excerpt" in dataset.attrs else None,
        )
        # As stored: its sum over many images need not be made again.
        data.__dict__["mean_image"] = dataset["mean_image"].values
    except KeyError as error:
        raise DataError(f"{path}: not a data set file, {error} is missing; delete it and run again") from error
    return data


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
