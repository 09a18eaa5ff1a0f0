"""A user's own images: which kind of source a path or name is, and its images as a stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from learning_dynamics.datasets.labelled_images import Pixels
from learning_dynamics.datasets.sources import archives
from learning_dynamics.datasets.sources.fingerprints import TORCHVISION
from learning_dynamics.datasets.sources.image_source import ImageSource
from learning_dynamics.errors import DataError, did_you_mean, printable

if TYPE_CHECKING:
    from learning_dynamics.datasets.kinds.images import ImagesDataset

_KINDS = (
    "the path of a folder with a folder of images per class, of an archive of one (tar, tar.gz, tar.xz, zip), of an "
    f".npz or .nc file, or {TORCHVISION}<name>"
)


def open_source(settings: ImagesDataset, downloads: Path) -> ImageSource:
    """The images that the settings name, none of them read yet.

    Args:
        settings: the source, and what is wanted of it.
        downloads: folder for downloaded data, kept between runs.

    Raises:
        DataError: the source is missing, damaged, of another kind or layout, or lacks what is wanted of it.
    """
    if settings.source.startswith(TORCHVISION):
        from learning_dynamics.datasets.sources import torchvision_images

        return torchvision_images.open_source(settings, settings.source.removeprefix(TORCHVISION), downloads)
    path = existing(settings.source)
    try:
        source = _opener(path)(settings, path)
    except archives.UNREADABLE as error:
        raise archives.not_readable(path, error) from error
    return replace(source, read=partial(_explained, path, source.read))


def _explained(path: Path, read: Callable[[], Iterator[tuple[int, Pixels]]]) -> Iterator[tuple[int, Pixels]]:
    """What is read, and a message for what goes wrong on the way."""
    try:
        yield from read()
    except archives.UNREADABLE as error:
        raise archives.not_readable(path, error) from error


def _opener(path: Path) -> Callable[[ImagesDataset, Path], ImageSource]:
    from learning_dynamics.datasets.sources import array_files, class_folders

    by_suffix = {".npz": array_files.open_npz, ".nc": array_files.open_netcdf}
    return class_folders.open_source if path.is_dir() else by_suffix.get(path.suffix.lower(), class_folders.open_source)


def existing(source: str) -> Path:
    """The path that is meant.

    Raises:
        DataError: there is nothing.
    """
    path = Path(os.path.expanduser(source))  # noqa: PTH111 - pathlib's raises for an unknown user
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if not there:
        shown = printable(source)
        hint = f" (did you mean '{TORCHVISION}{shown}'?)" if shown.isidentifier() else ""
        near = did_you_mean(path.name, _names_in(path.parent))
        raise DataError(f"'{shown}' does not exist{near or hint}; expected for dataset.source {_KINDS}")
    return path


def _names_in(folder: Path) -> list[str]:
    try:
        return [child.name for child in folder.iterdir()]
    except (OSError, ValueError):
        return []
