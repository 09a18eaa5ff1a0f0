"""The NetCDF file of a data set: writing it, also from images that come one after the other, and reading it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.datasets import value_scale
from learning_dynamics.datasets.labelled_images import SPLITS, ImageSource, LabelledImages
from learning_dynamics.datasets.reading import ClassCount, Reading, listed
from learning_dynamics.datasets.value_scale import Scale, Scaling, Values
from learning_dynamics.errors import DataError
from learning_dynamics.storage import netcdf, provenance

# Images are written as soon as so many bytes of them have come together.
_WRITTEN_AT_ONCE = 2**24


# Images of a class that figures show.
EXAMPLES = 4


def write(data: LabelledImages, path: str | Path, experiment: str, settings: Mapping[str, Any]) -> None:
    """Write the data set's NetCDF file.

    Raises:
        DataError: the images contain values that are not finite, or the file cannot be written.
    """
    if not np.isfinite(data.images).all():
        raise DataError(f"data set '{experiment}': an image holds a value that is not finite")
    natural = data.images.dtype.kind == "u"
    scaling = {"scale_factor": data.scale} if natural or data.scale != 1 else {}
    images = netcdf.variable(("image", "channel", "row", "column"), data.images, "images as stored", "1", **scaling)
    attributes = _attributes(experiment, settings, data.origin, data.centred)
    if data.reading is not None:
        attributes["reading"] = data.reading.json()
    described = _described(data, data.mean_image, attributes)
    dataset = xr.Dataset({"images": images, **described.data_vars}, described.coords, described.attrs)
    netcdf.write(dataset, path, uncompressed=("images",) if natural else ())


def write_stream(
    source: ImageSource,
    centred: bool,
    path: str | Path,
    experiment: str,
    settings: Mapping[str, Any],
    *,
    scale: Scale = None,
) -> Reading:
    """The same file from images that are read one after the other, of which few are in memory at a time.

    Args:
        source: gives all images.
        centred: whether the mean training image is subtracted before any use.
        path: the file to make.
        experiment: its name.
        settings: everything that determined the content.
        scale: what the values are divided by, see ``value_scale``.

    Returns:
        How the images were read, which is in the file too.

    Raises:
        DataError: the source is damaged or holds images that do not belong together or whose scale is not known, there
            are more classes than values in an image, or the file cannot be written.
    """
    writing = _Writing(source, experiment)
    readings: list[Reading] = []

    def fill(file: netcdf.File) -> str:
        writing.images_of(file)
        scaling = writing.scaled(scale)
        readings.append(_reading(source, writing.values, scaling))
        return "images"

    def describe() -> xr.Dataset:
        assert writing.total is not None
        train = np.count_nonzero(~source.is_test)
        mean = writing.total / train * writing.factor if centred else np.zeros(writing.total.shape)
        attributes = _attributes(experiment, settings, source.origin(), centred)
        return _described(source, mean, {**attributes, "reading": readings[0].json()})

    netcdf.write_in_pieces(path, fill, describe)
    return readings[0]


class _Writing:
    """Images on their way into a file, and what is gathered of them there."""

    def __init__(self, source: ImageSource, experiment: str) -> None:
        self._source, self._experiment = source, experiment
        self._images: netcdf.Variable = None
        self.values = Values()
        self.total: npt.NDArray[Any] | None = None
        self.factor = 1.0

    def images_of(self, file: netcdf.File) -> None:
        """Write all images."""
        waiting: dict[int, npt.NDArray[Any]] = {}
        for index, image in self._source.alike():
            if self._images is None:
                self._images = self._variable(file, image)
                self.total = np.zeros(image.shape, np.int64 if image.dtype.kind == "u" else np.float64)
            waiting[index] = image
            if len(waiting) * image.nbytes >= _WRITTEN_AT_ONCE:
                self._flush(waiting)
        self._flush(waiting)

    def scaled(self, scale: Scale) -> Scaling:
        """Note in the file what the values are multiplied with."""
        source = self._source
        value_scale.check_splits(self.values, source.split_names, source.describe)
        found = value_scale.scaling(self.values, self._images.dtype, scale, source.factor, source.describe)
        self.factor = found.factor
        if self.factor != 1:
            self._images.setncattr("scale_factor", self.factor)
        return found

    def _variable(self, file: netcdf.File, image: npt.NDArray[Any]) -> netcdf.Variable:
        number, class_names = len(self._source.labels), self._source.class_names
        if len(class_names) > image.size:
            raise DataError(
                f"data set '{self._experiment}': {len(class_names)} classes for images of {image.size} values; "
                "expected at most one class per value; use larger images or fewer classes"
            )
        dimensions = ("image", "channel", "row", "column")
        for name, size in zip(dimensions, (number, *image.shape), strict=True):
            file.createDimension(name, size)
        images = file.createVariable("images", image.dtype, dimensions, contiguous=True, fill_value=False)
        images.set_auto_maskandscale(False)
        images.setncatts({"long_name": "images as stored", "units": "1"})
        return images

    def _flush(self, waiting: dict[int, npt.NDArray[Any]]) -> None:
        """Write the images that wait, neighbours together, and add those of the training split to the total."""
        is_test = self._source.is_test
        where = np.array(sorted(waiting), dtype=np.int64)
        # Neighbours of one split.
        ends = np.flatnonzero((np.diff(where) > 1) | np.diff(is_test[where].astype(np.int8)).astype(bool)) + 1
        for run in np.split(where, ends):
            if not len(run):
                continue
            block = np.stack([waiting[index] for index in run])
            self._images[run[0] : run[-1] + 1] = block
            self.values.add(block, SPLITS[int(is_test[run[0]])])
            if not is_test[run[0]]:
                with np.errstate(over="ignore", invalid="ignore"):
                    self.total += block.sum(axis=0, dtype=self.total.dtype)  # type: ignore[union-attr]
        waiting.clear()


def _reading(source: ImageSource, values: Values, scaling: Scaling) -> Reading:
    train, test = (
        np.bincount(source.labels[source.is_test == held], minlength=len(source.class_names)) for held in (False, True)
    )
    return Reading(
        classes=tuple(
            ClassCount(name, int(train[index]), int(test[index])) for index, name in enumerate(source.class_names)
        ),
        value_range=values.range,
        scaling=scaling.description,
        passed_over=listed(source.passed_over),
        passed_over_total=len(source.passed_over),
        notes=(*source.notes, *scaling.notes),
    )


def _attributes(experiment: str, settings: Mapping[str, Any], origin: str, centred: bool) -> dict[str, Any]:
    packages = ("numpy", "netCDF4", "pillow", "scikit-learn", "torchvision")
    source = "Pinson et al. 2023, Eqs. 21 and S.66, App. I"
    described = provenance.attributes(f"Images of {experiment}", source, settings, packages)
    return {**described, "origin": origin, "centred": str(centred).lower()}


def _described(
    images: LabelledImages | ImageSource, mean_image: npt.NDArray[np.float64], attributes: Mapping[str, Any]
) -> xr.Dataset:
    """What a data set's file holds beside the images."""
    return xr.Dataset(
        {
            "label": netcdf.variable(("image",), images.labels, "class of the image, an index into class_name"),
            "split": netcdf.variable(
                ("image",),
                images.is_test.astype(np.int8),
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
        coords={"class_name": netcdf.variable(("class",), np.array(images.class_names, dtype=object), "class name")},
        attrs=attributes,
    )


def read(path: str | Path) -> LabelledImages:
    """Read a data set's NetCDF file.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path)
    return _from_file(path, dataset, lambda: (dataset["images"].values, dataset["images"].attrs))


def open_file(path: str | Path) -> LabelledImages:
    """The same, with images that are read from the file when they are asked for.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path, ("label", "split", "mean_image", "class_name"))

    def images() -> tuple[Any, Mapping[str, Any]]:
        lazy = netcdf.LazyArray(path, "images")
        return lazy, lazy.attributes

    return _from_file(path, dataset, images)


def _from_file(
    path: str | Path, dataset: xr.Dataset, images: Callable[[], tuple[Any, Mapping[str, Any]]]
) -> LabelledImages:
    """The data set in a file; `images` gives those and their attributes."""
    try:
        stored, attributes = images()
        data = LabelledImages(
            images=stored,
            labels=dataset["label"].values.astype(np.int64),
            is_test=dataset["split"].values == 1,
            class_names=tuple(str(name) for name in dataset["class_name"].values),
            centred=dataset.attrs["centred"] == "true",
            origin=dataset.attrs["origin"],
            whole_mean=dataset["mean_image"].values if "excerpt" in dataset.attrs else None,
            factor=float(attributes.get("scale_factor", 1.0)),
            reading=Reading.from_json(dataset.attrs["reading"]) if "reading" in dataset.attrs else None,
        )
        # As stored: its sum over many images need not be made again.
        data.__dict__["mean_image"] = dataset["mean_image"].values
    except KeyError as error:
        raise DataError(f"{path}: not a data set file, {error} is missing; delete it and run again") from error
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: not a data set file ({error}); delete it and run again") from error
    return data


def reading(path: str | Path) -> dict[str, Any]:
    """How a source of images was read: ``classes``, ``value_range``, ``scaling``, ``passed_over`` and ``notes``.

    Empty if the file does not say.

    Raises:
        DataError: the file is missing or damaged.
    """
    recorded: dict[str, Any] = json.loads(netcdf.read(path, []).attrs.get("reading", "{}"))
    return recorded


def excerpt(path: str | Path) -> xr.Dataset:
    """A data set file with the images that figures show: the first ``EXAMPLES`` of every class and split.

    Its mean image is that of all images. It is not for training: correlations cannot be computed from it.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    data, dataset = read(path), netcdf.read(path)
    indices = [
        index
        for label in range(data.classes)
        for is_test in (False, True)
        for index in np.flatnonzero((data.labels == label) & (data.is_test == is_test))[:EXAMPLES]
    ]
    train, test = (len(data.split(name)) for name in SPLITS)
    shortened = dataset.isel(image=sorted(indices))
    whole = dataset.attrs.get(
        "excerpt", f"{EXAMPLES} of each class and split, of {train:,} to train on, {test:,} held out"
    )
    shortened.attrs = {**dataset.attrs, "excerpt": whole}
    return shortened
