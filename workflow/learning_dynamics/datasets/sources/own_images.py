"""A user's own images: which kind of source a path or name is, and its images as a stream."""

from __future__ import annotations

import os
from pathlib import Path

from learning_dynamics.datasets.labelled_images import ImageSource
from learning_dynamics.datasets.sources.fingerprints import TORCHVISION
from learning_dynamics.datasets.sources.image_source import Opener, Wanted, opened
from learning_dynamics.errors import DataError, did_you_mean, printable

_KINDS = (
    "the path of a folder with a folder of images per class, of an archive of one (tar, tar.gz, tar.xz, zip), of an "
    f".npz or .nc file, or {TORCHVISION}<name>"
)


def open_source(source: str, wanted: Wanted, downloads: Path) -> ImageSource:
    """The images of a source, none of them read yet.

    Args:
        source: a path, or `torchvision:` and a name.
        wanted: which images, and how.
        downloads: folder for downloaded data, kept between runs.

    Raises:
        DataError: the source is missing, damaged, of another kind or layout, or lacks what is wanted of it.
    """
    if source.startswith(TORCHVISION):
        from learning_dynamics.datasets.sources import torchvision_images

        return torchvision_images.open_source(wanted, source.removeprefix(TORCHVISION), downloads)
    path = existing(source)
    return opened(path, _opener(path), wanted)


def _opener(path: Path) -> Opener:
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
