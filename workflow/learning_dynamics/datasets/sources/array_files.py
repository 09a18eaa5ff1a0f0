"""Labelled images in array files: NumPy's ``.npz``, and the data set files of this project."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import ImageSource, Pixels
from learning_dynamics.datasets.reading import PassedOver
from learning_dynamics.datasets.sources import archives, pictures
from learning_dynamics.datasets.sources.image_source import (
    VALIDATION,
    Entry,
    Wanted,
    class_called,
    places,
    selected,
)
from learning_dynamics.errors import DataError, did_you_mean, printable
from learning_dynamics.storage import netcdf

_NPZ = (
    "`images` (numbers, shape (images, n, n), (images, C, n, n) or (images, n, n, C) with 1 to 4 channels) and "
    "`labels` (whole numbers from 0, shape (images,)), and if wanted `test_images`, `test_labels` and "
    "`class_names`; or the names of MedMNIST (train_images, train_labels, …) or Keras (x_train, y_train, …)"
)
# Names of images and labels by split, in whatever case.
_NAMES = {
    "train": (("images", "labels"), ("train_images", "train_labels"), ("x_train", "y_train"), ("x", "y")),
    "test": (("test_images", "test_labels"), ("x_test", "y_test")),
    VALIDATION: (("val_images", "val_labels"), ("x_val", "y_val"), ("valid_images", "valid_labels")),
}
_CLASS_NAMES = "class_names"
_AT_ONCE = 2**24
# Whole numbers beyond have no neighbours in double precision.
_LARGEST_WHOLE = 2**53

Rows = Callable[[], Iterator[Pixels]]


@dataclass(frozen=True)
class _Part:
    """The images of one split in a file.

    name: what they are called there.
    labels: of every image.
    rows: their pixels one by one, shape (C, rows, columns).
    """

    name: str
    labels: npt.NDArray[np.int64]
    rows: Rows


def open_npz(wanted: Wanted, path: Path) -> ImageSource:
    """The images of an ``.npz`` file. Its arrays are read in pieces; nothing in it is ever unpickled.

    Raises:
        DataError: an array is missing, of another type or shape, or damaged, or holds values that are not finite.
    """
    with zipfile.ZipFile(path) as archive:
        there = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
    called = {split: pair for split in _NAMES if (pair := _names_there(path, split, there)) is not None}
    if "train" not in called:
        hint = did_you_mean("images", there)
        raise DataError(f"{path}: no array 'images'{hint}; expected {_NPZ}; found {archives.listed(sorted(there))}")
    ignored = []
    if "test" in called and VALIDATION in called:
        ignored = [PassedOver(name, "a validation split beside a test split") for name in called.pop(VALIDATION)]
    parts = {split: _npz_part(path, images, labels) for split, (images, labels) in called.items()}
    notes: tuple[str, ...] = ()
    if VALIDATION in parts:
        notes = (f"There is no test split: the validation split '{called[VALIDATION][0]}' serves as one.",)
        parts["test"] = parts.pop(VALIDATION)
    read = {name for pair in called.values() for name in pair} | {part.path for part in ignored}
    ignored += [PassedOver(name, "an array of another name") for name in sorted(there - read - {_CLASS_NAMES})]
    names = _npz_class_names(path) if _CLASS_NAMES in there else None
    classes = max(int(part.labels.max()) for part in parts.values()) + 1 if names is None else len(names)
    for split, part in parts.items():
        if int(part.labels.max()) >= classes:
            raise DataError(
                f"{path}: {split} label {part.labels.max()} is out of range; expected 0 to {classes - 1}, "
                f"a name in class_names for each; correct the labels"
            )
    absent = sorted(set(range(classes)) - set(parts["train"].labels.tolist()))
    if absent:
        raise DataError(
            f"{path}: no training image has label {absent[0]}; expected labels from 0 to {classes - 1}, "
            "each at least once; number the classes without gaps"
        )
    source = _source(wanted, path, parts, names or [str(number) for number in range(classes)], "array file")
    return replace(source, notes=(*notes, *source.notes), passed_over=(*ignored, *source.passed_over))


def _names_there(path: Path, split: str, there: Collection[str]) -> tuple[str, str] | None:
    """What images and labels of a split are called in a file; None if it has neither.

    Raises:
        DataError: it has one without the other, or the split under several names.
    """
    by_lower = {name.lower(): name for name in sorted(there, reverse=True)}
    found = [pair for pair in _NAMES[split] if set(pair) & set(by_lower)]
    whole = [pair for pair in found if set(pair) <= set(by_lower)]
    if len(whole) > 1:
        several = archives.listed(by_lower[images] for images, _ in whole)
        raise DataError(f"{path}: {several} are all the {split} split; expected one of them; leave the others out")
    if whole:
        images, labels = whole[0]
        return by_lower[images], by_lower[labels]
    if not found:
        return None
    missing = next(name for name in found[0] if name not in by_lower)
    raise DataError(
        f"{path}: no array '{missing}'{did_you_mean(missing, there)}; expected {_NPZ}; found "
        f"{archives.listed(sorted(there))}"
    )


def open_netcdf(wanted: Wanted, path: Path) -> ImageSource:
    """The images of a data set file of this project.

    Raises:
        DataError: the file is damaged or of another layout.
    """
    if netcdf.crashing([path]):
        raise DataError(f"{path}: crashes the NetCDF library; expected a data set file of this project; make it again")
    data = dataset_files.open_file(path)
    if data.images.ndim != 4 or data.images.shape[0] != len(data.labels) or not 1 <= data.images.shape[1] <= 4:
        raise DataError(
            f"{path}: images of shape {data.images.shape}; expected (images, 1 to 4 channels, rows, columns)"
        )
    if data.labels.size and not 0 <= data.labels.min() <= data.labels.max() < data.classes:
        raise DataError(f"{path}: a label lies outside what is expected, 0 to {data.classes - 1}; make the file again")

    def rows(split: str) -> Rows:
        where = np.flatnonzero(data.is_test == (split == "test"))

        def read() -> Iterator[Pixels]:
            for start in range(0, len(where), 256):
                yield from data.images[where[start : start + 256]]

        return read

    parts = {split: _Part(split, data.labels[data.is_test == (split == "test")], rows(split)) for split in data.splits}
    source = _source(wanted, path, parts, list(data.class_names), "data set file")
    return replace(source, factor=data.scale)


def _source(wanted: Wanted, path: Path, parts: dict[str, _Part], names: Sequence[str], kind: str) -> ImageSource:
    names = list(map(class_called, names))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(
            f"{path}: two classes are called '{printable(twice)}', however its accents are written; expected distinct "
            "names; correct class_names"
        )
    entries = [
        Entry(str(number), split, names[label])
        for split, part in parts.items()
        for number, label in enumerate(part.labels.tolist())
    ]
    if wanted.classes is None:
        wanted = replace(wanted, classes=names)
    selection = selected(entries, wanted, str(path))
    chosen = selection.entries
    labels, is_test = places(chosen, selection.class_names)
    # An image may be held out although the file has it among the training images: the file's own split finds it.
    own_test = "test" in parts
    place = {(entry.split if own_test else "train", int(entry.key)): number for number, entry in enumerate(chosen)}
    checksums: dict[str, str] = {}

    def name(number: int) -> str:
        entry = chosen[number]
        part = parts[entry.split if own_test else "train"]
        return f"image {entry.key} of '{part.name}'"

    def read() -> Iterator[tuple[int, Pixels]]:
        for split, part in parts.items():
            for number, image in enumerate(part.rows()):
                where = place.get((split, number))
                if where is not None:
                    yield where, _checked(f"{path}: {name(where)}", image, wanted)

    def origin() -> str:
        checksums[""] = archives.checksum(path)
        return f"{kind} {printable(path.resolve().name)}, sha256 {checksums['']}"

    return ImageSource(
        describe=str(path),
        labels=labels,
        is_test=is_test,
        class_names=selection.class_names,
        read=read,
        origin=origin,
        name=name,
        split_names={split: f"'{part.name}'" for split, part in parts.items()} if own_test else {},
        passed_over=selection.passed_over,
        notes=selection.notes,
        checksums=lambda: checksums,
    )


def _checked(what: str, image: Pixels, wanted: Wanted) -> Pixels:
    if not np.isfinite(image).all():
        raise DataError(f"{what} holds a value that is not finite; expected numbers; mend it or leave it out")
    try:
        return pictures.adapted(image, wanted.side, wanted.colour, wanted.full)
    except DataError as error:
        raise DataError(f"{what}: {error}") from error


@dataclass(frozen=True)
class _Header:
    """What an array in the file says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns_first: bool


def _npz_part(path: Path, images: str, labels: str) -> _Part:
    header = _header(path, images)
    values = _labels(path, labels)
    shape, layout = header.shape, _layout(header.shape)
    if header.dtype.kind not in "buif":
        raise DataError(f"{path}: '{images}' is of type {header.dtype}; expected real numbers; convert it")
    if len(shape) in (3, 4) and shape[0] == shape[1] and shape[-1] == len(values) != shape[0]:
        order = (len(shape) - 1, *range(len(shape) - 1))
        raise DataError(
            f"{path}: '{images}' has the shape {shape}, with the {len(values)} images last, as MATLAB stores them; "
            f"expected them first; save numpy.ascontiguousarray(numpy.transpose({images}, {order}))"
        )
    if layout is None or 0 in shape:
        raise DataError(f"{path}: '{images}' has the shape {shape}; expected {_NPZ}")
    if len(values) != shape[0]:
        raise DataError(
            f"{path}: {shape[0]} images in '{images}', but {len(values)} labels in '{labels}'; expected one for each"
        )
    _refuse_columns_first(path, images, header)

    def rows() -> Iterator[Pixels]:
        for block in _blocks(path, images):
            ordered = block[:, None] if layout == "grey" else block.transpose(0, 3, 1, 2) if layout == "last" else block
            yield from _numbers(path, images, ordered)

    return _Part(images, values, rows)


def _numbers(path: Path, name: str, block: npt.NDArray[Any]) -> Pixels:
    """As they are stored: bytes and words of 16 bits, in the machine's order, other numbers in double precision."""
    if block.dtype.kind == "u" and block.dtype.itemsize <= 2:
        return block.astype(block.dtype.newbyteorder("="), copy=False)
    if block.dtype.kind in "iu" and (block.max() > _LARGEST_WHOLE or block.min() < -_LARGEST_WHOLE):
        raise DataError(
            f"{path}: '{name}' holds whole numbers beyond {_LARGEST_WHOLE}; expected the values of pixels; scale it"
        )
    with np.errstate(over="ignore"):
        return block.astype(np.float64)


def _layout(shape: tuple[int, ...]) -> str | None:
    """Where the channels are: nowhere, first, last; channels first where both could be meant."""
    if len(shape) == 3:
        return "grey"
    if len(shape) != 4:
        return None
    return "first" if shape[1] <= 4 else "last" if shape[3] <= 4 else None


def _labels(path: Path, name: str) -> npt.NDArray[np.int64]:
    header = _header(path, name)
    # MedMNIST's are a column.
    is_column = len(header.shape) == 2 and header.shape[1] == 1
    if header.dtype.kind not in "biu" or not (len(header.shape) == 1 or is_column):
        raise DataError(
            f"{path}: '{name}' is of type {header.dtype} and shape {header.shape}; "
            "expected whole numbers, one for each image"
        )
    if header.shape[0] == 0:
        raise DataError(f"{path}: '{name}' is empty; expected a label for each image")
    values = np.concatenate(list(_blocks(path, name))).ravel()
    if int(values.min()) < 0 or int(values.max()) > 10**6:
        wrong = values.min() if int(values.min()) < 0 else values.max()
        raise DataError(f"{path}: '{name}' holds {wrong}; expected whole numbers from 0, one for each class")
    return values.astype(np.int64)


def _npz_class_names(path: Path) -> list[str]:
    header = _header(path, _CLASS_NAMES)
    if header.dtype.kind != "U" or len(header.shape) != 1 or not 0 < header.shape[0] <= 10**5:
        raise DataError(
            f"{path}: 'class_names' is of type {header.dtype} and shape {header.shape}; expected one text per class"
        )
    return [str(name) for block in _blocks(path, _CLASS_NAMES) for name in block]


def _header(path: Path, name: str) -> _Header:
    with zipfile.ZipFile(path) as archive, _member(archive, path, name) as stream:
        return _read_header(path, name, stream)


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> Any:
    entry = archive.getinfo(f"{name}.npy")
    if entry.flag_bits & 1:
        raise DataError(f"{path}: '{name}' is protected by a password; expected an .npz without; make it again")
    return archive.open(entry)


def _read_header(path: Path, name: str, stream: Any) -> _Header:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(stream)
    if version not in readers:
        raise DataError(f"{path}: '{name}' has the format version {version}; expected 1.0 or 2.0; save it again")
    shape, in_columns, dtype = readers[version](stream)
    if dtype.hasobject or dtype.names:
        raise DataError(
            f"{path}: '{name}' holds objects, which are not read because they could run code; "
            f"expected {_NPZ}; save plain arrays"
        )
    return _Header(shape, dtype, in_columns and len(shape) > 1)


def _refuse_columns_first(path: Path, name: str, header: _Header) -> None:
    # A column is the same either way.
    if header.columns_first and header.shape[1:] != (1,):
        raise DataError(
            f"{path}: '{name}' is stored in Fortran order; expected rows in order; save numpy.ascontiguousarray of it"
        )


def _blocks(path: Path, name: str) -> Iterator[npt.NDArray[Any]]:
    """The array's rows, some megabytes at a time."""
    with zipfile.ZipFile(path) as archive, _member(archive, path, name) as stream:
        header = _read_header(path, name, stream)
        size = header.dtype.itemsize * int(np.prod(header.shape[1:], dtype=np.int64))
        at_once = max(1, _AT_ONCE // max(size, 1))
        if size > 2**30:
            raise DataError(f"{path}: an entry of '{name}' has {size} bytes; expected images of at most 1 GiB")
        for start in range(0, header.shape[0], at_once):
            count = min(at_once, header.shape[0] - start)
            content = stream.read(count * size)
            if len(content) < count * size:
                raise EOFError(f"'{name}' ends before its {header.shape[0]} entries")
            yield np.frombuffer(content, header.dtype).reshape(count, *header.shape[1:])
