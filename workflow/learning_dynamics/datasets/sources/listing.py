"""Which files of a source are looked at, and why others are not. Light to import: the workflow asks it to plan."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# Of pictures, whatever case. A file of another name is one if its first bytes say so.
PICTURE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".pbm",
    ".pgm",
    ".ppm",
    ".pnm",
)
# Of pictures that are not read.
OTHER_PICTURES = (
    ".gif",
    ".heic",
    ".heif",
    ".avif",
    ".jp2",
    ".j2k",
    ".svg",
    ".psd",
    ".dcm",
    ".raw",
    ".cr2",
    ".nef",
    ".dng",
)
TABLE_SUFFIX = ".csv"

# Only those that no text begins with.
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_START = 16
# What file managers and notebooks leave behind: no content of a source.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r", "__MACOSX", ".ipynb_checkpoints"})


@dataclass(frozen=True)
class File:
    """A file or folder below a folder.

    name: its path from there, with slashes.
    path: where it is.
    status: as ``os.stat`` says; None for a link to nothing.
    is_folder: whether it is one.
    is_loop: whether it is a link to a folder that it lies in; what is below is not listed again.
    """

    name: str
    path: Path
    status: os.stat_result | None
    is_folder: bool = False
    is_loop: bool = False

    @property
    def is_regular(self) -> bool:
        """Whether it is a file with content, no pipe or device."""
        return self.status is not None and stat.S_ISREG(self.status.st_mode)


def is_litter(name: str) -> bool:
    """Whether a path leads to what a file manager or a notebook left behind."""
    return any(part in _LITTER or part.startswith("._") for part in name.split("/"))


def is_hidden(name: str) -> bool:
    """Whether a path leads to a hidden file or through a hidden folder."""
    return any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))


def is_picture(name: str, start: Callable[[int], bytes]) -> bool:
    """Whether a file is read as a picture: by its name, or by its first bytes, which `start` gives when asked."""
    if name.lower().endswith(PICTURE_SUFFIXES):
        return True
    first = start(_START)
    return first.startswith(_BEGINNINGS) or (first[:4] == b"RIFF" and first[8:12] == b"WEBP")


def is_table(name: str) -> bool:
    """Whether a file may be a table of labels."""
    return name.lower().endswith(TABLE_SUFFIX)


def beginning(path: Path, size: int) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(size)


def below(top: Path) -> Iterator[File]:
    """Everything below a folder in the order of the names, links followed; nothing of what is in hidden folders."""
    waiting: list[tuple[str, Path, frozenset[tuple[int, int]]]] = [("", top, frozenset({_identity(top.stat())}))]
    while waiting:
        prefix, folder, around = waiting.pop()
        folders = []
        with os.scandir(folder) as entries:
            children = sorted(entries, key=lambda entry: entry.name)
        for child in children:
            name, path = prefix + child.name, Path(child.path)
            try:
                status = child.stat()
            except OSError:
                yield File(name, path, None)
                continue
            if not child.is_dir():
                yield File(name, path, status)
                continue
            is_loop = _identity(status) in around
            yield File(name, path, status, is_folder=True, is_loop=is_loop)
            if not is_loop and not is_hidden(child.name) and not is_litter(child.name):
                folders.append((f"{name}/", path, around | {_identity(status)}))
        waiting += reversed(folders)


def read(top: Path) -> Iterator[File]:
    """The files below a folder that are pictures or tables of labels, and so read."""
    for file in below(top):
        if not file.is_regular or is_hidden(file.name) or is_litter(file.name):
            continue
        if is_table(file.name) or is_picture(file.name, partial(beginning, file.path)):
            yield file


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
