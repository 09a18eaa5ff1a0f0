"""The NetCDF file of a data set: writing it, also from images that come one after the other, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.datasets.labelled_images import SPLITS, ImageSource, LabelledImages
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
    scaling = {"scale_factor": data.scale} if data.images.dtype == np.uint8 else {}
    images = netcdf.variable(("image", "channel", "row", "column"), data.images, "images as stored", "1", **scaling)
    described = _described(data, data.mean_image, _attributes(experiment, settings, data.origin, data.centred))
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
        for index, image in source.read():
            if images is None:
                images = _image_variable(file, len(source.labels), image, source.class_names, experiment)
                sums.append(np.zeros(image.shape, np.int64 if image.dtype == np.uint8 else np.float64))
            waiting[index] = image
            if len(waiting) * image.nbytes >= _WRITTEN_AT_ONCE:
                _flush(images, waiting, source.is_test, sums[0])
        _flush(images, waiting, source.is_test, sums[0])
        return "images"

    def describe() -> xr.Dataset:
        (total,) = sums
        scale = 1 / 255 if total.dtype == np.int64 else 1.0
        mean = total / np.count_nonzero(~source.is_test) * scale if centred else np.zeros(total.shape)
        return _described(source, mean, _attributes(experiment, settings, source.origin(), centred))

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
        block = np.stack([waiting[index] for index in run])
        images[run[0] : run[-1] + 1] = block
        total += block[~is_test[run]].sum(axis=0, dtype=total.dtype)
    waiting.clear()


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
