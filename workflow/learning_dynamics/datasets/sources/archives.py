"""Archives of images, read from their first byte to their last, and the wording of messages about sources.

Nothing in an archive is written to disk. A member that points outside, a link or a device, and a zip with a password
are refused; a damaged end is noticed.
"""

from __future__ import annotations

import functools
import hashlib
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from learning_dynamics.errors import DataError, printable

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".zip")

_TAR_MODES: dict[str, Literal["r:", "r:gz", "r:xz"]] = {
    ".tar": "r:",
    ".tar.gz": "r:gz",
    ".tgz": "r:gz",
    ".tar.xz": "r:xz",
    ".txz": "r:xz",
}
_NAMES_SHOWN = 10
_LONGEST_REASON = 200
# What the standard library raises for damaged archives and unreadable files.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


@dataclass(frozen=True)
class Member:
    """A file or folder in a source. ``read`` returns at most so many bytes of a file; ``size`` is what it claims."""

    name: str
    read: Callable[[int], bytes] | None
    size: int = 0


def members(path: Path, layout: str) -> Iterator[Member]:
    """The files and folders of an archive, those of a zip in the order of their names.

    Args:
        path: a tar, tar.gz, tar.xz or zip.
        layout: what is expected in it, for the messages.

    Raises:
        DataError: the path is missing or no archive, or a member does not belong in one.
    """
    if not path.exists():
        raise DataError(f"{path}: does not exist; expected a folder or an archive with {layout}")
    name = path.name.lower()
    suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
    if suffix is None or not path.is_file():
        raise DataError(
            f"{path}: neither a folder nor a known kind of archive; "
            f"expected a folder or a file ending in {', '.join(SUFFIXES)}"
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path}: empty file; expected an archive with {layout}; fetch it again")
    return _zip_members(path, layout) if suffix == ".zip" else _tar_members(path, _TAR_MODES[suffix], layout)


def not_readable(path: Path, error: BaseException) -> DataError:
    """What to say of a source whose reading failed with one of ``UNREADABLE``."""
    reason = printable(str(error) or type(error).__name__)[:_LONGEST_REASON]
    return DataError(
        f"{path}: damaged, incomplete or not readable ({reason}); "
        "expected a whole folder or archive; fetch it again or check its permissions"
    )


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(path: Path, limit: int) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(limit)


def _tar_members(path: Path, mode: Literal["r:", "r:gz", "r:xz"], layout: str) -> Iterator[Member]:
    with tarfile.open(path, mode) as archive:
        for entry in archive:
            if not (entry.isreg() or entry.isdir()):
                raise _not_a_file(path, entry.name)
            _check_inside(path, entry.name, layout)
            read = None if entry.isdir() else functools.partial(_read_entry, archive, entry)
            yield Member(entry.name, read, entry.size)
        _check_end(archive)


def _read_entry(archive: tarfile.TarFile, entry: tarfile.TarInfo, limit: int) -> bytes:
    content = archive.extractfile(entry)
    return content.read(limit) if content is not None else b""


def _check_end(archive: tarfile.TarFile) -> None:
    """tarfile takes a damaged header for the end, and leaves the compressed stream's checksum unread."""
    stream = archive.fileobj
    assert stream is not None
    stream.seek(archive.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("no end mark after the last readable member")
    while stream.read(2**20):
        pass


def _zip_members(path: Path, layout: str) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _not_a_file(path, entry.filename)
            if entry.flag_bits & 1:
                raise DataError(
                    f"{path}: '{printable(entry.filename)}' is protected by a password; "
                    "expected a zip without; make it again"
                )
            if not entry.filename or "\0" in entry.orig_filename:
                raise DataError(
                    f"{path}: damaged, a member's name is '{printable(entry.orig_filename)}'; make the archive again"
                )
            name = entry.filename.replace("\\", "/")
            _check_inside(path, name, layout)
            read = None if entry.is_dir() else functools.partial(_read_zipped, archive, entry)
            yield Member(name, read, entry.file_size)


def _read_zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    with archive.open(entry) as content:
        return content.read(limit)


def _not_a_file(path: Path, member: str) -> DataError:
    return DataError(
        f"{path}: member '{printable(member)}' is a link, device or other special file; "
        "expected only files and folders; make the archive again with the files themselves"
    )


def _check_inside(path: Path, member: str, layout: str) -> None:
    if re.match(r"/|[A-Za-z]:/", member) or ".." in member.split("/"):
        raise DataError(
            f"{path}: member '{printable(member)}' points outside the archive; "
            f"expected only {layout}; make the archive again without it"
        )


def listed(names: Iterable[str]) -> str:
    """Some of the names, in order."""
    ordered = sorted(names)
    shown = ", ".join(printable(name) or "the outermost folder" for name in ordered[:_NAMES_SHOWN])
    return (shown or "nothing") + (f" and {len(ordered) - _NAMES_SHOWN} more" if len(ordered) > _NAMES_SHOWN else "")
