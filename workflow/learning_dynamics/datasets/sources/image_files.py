"""Images in a folder, or in an archive of one: ``train/<class>/…`` and ``test/<class>/…``.

An archive is read from its first byte to its last. Nothing in it is written to disk.
"""

from __future__ import annotations

import bisect
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from learning_dynamics.datasets.labelled_images import SPLITS
from learning_dynamics.datasets.sources import archives, pictures
from learning_dynamics.errors import DataError, did_you_mean, printable

LAYOUT = "train/<class>/<image> and test/<class>/<image>, with or without one folder around them"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")

_LARGEST_FILE = 16 * 2**20
# Pillow would clip the others (16 bits, floating point) to 0…255.
_MODES_OF_8_BITS = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}

Pixels = npt.NDArray[np.uint8]


def read(path: Path, classes: Sequence[str], per_class: Mapping[str, int], side: int) -> dict[str, Pixels]:
    """The first images of every class, in the order of their file names, as RGB.

    Args:
        path: a folder, or an archive of one (tar, tar.gz, tar.xz, zip), laid out as ``LAYOUT`` says.
        classes: names of the class folders wanted; others are passed over.
        per_class: images wanted of each class, by split; a split with none need not be there.
        side: height and width that every image must have.

    Returns:
        for every split with images an array of shape (class, image, 3, side, side).

    Raises:
        DataError: the path is missing, of another kind or layout, damaged, or holds something that does not belong
            in it; an image is damaged or of another size; a class has too few images.
    """
    wanted = {split: count for split, count in per_class.items() if count > 0}
    selection = _Selection(path, classes, wanted, side)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            for member in _members(path):
                selection.consider(member)
    except archives.UNREADABLE as error:
        raise archives.not_readable(path, error) from error
    return {split: selection.images(split) for split in wanted}


class _FirstImages:
    """The first images of one class by name. An image that cannot be used is an error once it is asked for."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._names: list[str] = []
        self._outcomes: dict[str, Pixels | DataError] = {}

    def __len__(self) -> int:
        return len(self._names)

    def has_place_for(self, name: str) -> bool:
        return len(self._names) < self._wanted or name <= self._names[-1]

    def add(self, name: str, outcome: Pixels | DataError) -> None:
        if name not in self._outcomes:  # a tar may hold a newer version of a file further on
            bisect.insort(self._names, name)
        self._outcomes[name] = outcome
        if len(self._names) > self._wanted:
            del self._outcomes[self._names.pop()]

    def stacked(self) -> Pixels:
        images = []
        for name in self._names:
            outcome = self._outcomes[name]
            if isinstance(outcome, DataError):
                raise outcome
            images.append(outcome)
        return np.stack(images)


class _Selection:
    """The wanted images of a source, and what else was seen there, for the messages."""

    def __init__(self, path: Path, classes: Sequence[str], per_class: Mapping[str, int], side: int) -> None:
        self._path = path
        self._classes = classes
        self._per_class = per_class
        self._side = side
        self._first = {(split, name): _FirstImages(count) for split, count in per_class.items() for name in classes}
        self._outermost: set[str] = set()
        self._around: set[str] = set()
        self._class_folders: dict[str, set[str]] = {}

    def consider(self, member: archives.Member) -> None:
        """Take note of a member, and decode it if it is among the first of a wanted class so far."""
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            return
        self._outermost.add("/".join(parts[:2]))
        inside = 1 if len(parts) > 1 and parts[1] in SPLITS else 0
        if len(parts) <= inside or parts[inside] not in SPLITS:
            return
        split, below = parts[inside], parts[inside + 1 :]
        if not below and member.read is not None:
            return
        folders = self._class_folders.setdefault(split, set())
        if below and (len(below) > 1 or member.read is None):
            folders.add(below[0])
        if member.read is None or len(below) != 2 or not below[1].lower().endswith(IMAGE_SUFFIXES):
            return
        self._around.add("/".join(parts[:inside]))
        first = self._first.get((split, below[0]))
        if first is not None and first.has_place_for(below[1]):
            first.add(below[1], self._outcome(member.name, member.read(_LARGEST_FILE + 1)))

    def images(self, split: str) -> Pixels:
        """All images of a split, shape (class, image, 3, side, side)."""
        self._check_folders(split)
        return np.stack([self._of_class(split, name) for name in self._classes])

    def _outcome(self, name: str, content: bytes) -> Pixels | DataError:
        try:
            return _decoded(content, self._side)
        except DataError as error:
            return DataError(f"{self._path}: {printable(name)}: {error}")

    def _check_folders(self, split: str) -> None:
        if len(self._around) > 1:
            raise DataError(
                f"{self._path}: holds {len(self._around)} image folders ({archives.listed(self._around)}); expected one"
            )
        if split not in self._class_folders:
            names = {part for name in self._outermost for part in name.split("/")}
            raise DataError(
                f"{self._path}: no folder '{split}'{did_you_mean(split, names)}; "
                f"expected {LAYOUT}; found {archives.listed(self._outermost)}"
            )

    def _of_class(self, split: str, name: str) -> Pixels:
        there = self._class_folders[split]
        if name not in there:
            raise DataError(
                f"{self._path}: no class folder '{name}' in '{split}'{did_you_mean(name, there)}; "
                f"expected one folder per class; found {archives.listed(there)}"
            )
        first, wanted = self._first[split, name], self._per_class[split]
        if len(first) < wanted:
            raise DataError(
                f"{self._path}: class '{name}' has {len(first)} images in '{split}' ({', '.join(IMAGE_SUFFIXES)}), "
                f"wanted {wanted}; lower train_images or test_images, or point cifar10 at a complete copy"
            )
        return first.stacked()


def _members(path: Path) -> Iterator[archives.Member]:
    return _folder_members(path) if path.is_dir() else archives.members(path, LAYOUT)


def _folder_members(folder: Path) -> Iterator[archives.Member]:
    """What the layout names and what lies beside it; a folder given by mistake is not searched any deeper."""
    for child in sorted(folder.iterdir()):
        yield archives.Member(child.name, None if child.is_dir() else partial(archives.read_file, child))
    for split_folder in sorted(
        found for split in SPLITS for found in (*folder.glob(split), *folder.glob(f"*/{split}"))
    ):
        if not split_folder.is_dir():
            continue
        name = split_folder.relative_to(folder).as_posix()
        yield archives.Member(name, None)
        for class_folder in sorted(child for child in split_folder.iterdir() if child.is_dir()):
            yield archives.Member(f"{name}/{class_folder.name}", None)
            for file in sorted(child for child in class_folder.iterdir() if child.is_file()):
                yield archives.Member(f"{name}/{class_folder.name}/{file.name}", partial(archives.read_file, file))


def _decoded(content: bytes, side: int) -> Pixels:
    """One image, shape (3, side, side). The message of an error begins after the image's name."""
    if len(content) > _LARGEST_FILE:
        raise DataError(f"larger than {_LARGEST_FILE // 2**20} MiB; expected an image of {side}x{side} pixels")
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            if image.size != (side, side):
                width, height = image.size
                raise DataError(f"image of {width}x{height} pixels; expected {side}x{side}; scale it or leave it out")
            if image.mode not in _MODES_OF_8_BITS or pictures.has_16_bits(content):
                raise DataError(f"image of mode {image.mode}; expected 8 bits per channel; convert it or leave it out")
            return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1))
    except DataError:
        raise
    except Exception as error:  # Pillow raises errors of many kinds for damaged files
        reason = "unknown format" if isinstance(error, UnidentifiedImageError) else printable(str(error))
        raise DataError(
            f"not a whole PNG or JPEG image ({reason}); expected one of {side}x{side} pixels; fetch it again"
        ) from error
