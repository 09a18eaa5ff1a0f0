"""Whether what is read of a source has changed. Light to import: the workflow asks it to plan.

A file counts as the same while its size and time are; where those have changed, while its content is. What it was when
it was read is kept in a record beside the results.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning_dynamics.datasets.sources import listing
from learning_dynamics.storage import whole_files

# Before the name of a data set that torchvision knows.
TORCHVISION = "torchvision:"


@dataclass(frozen=True)
class Seen:
    """A file when it was read.

    size, time: of it, the time of its change in nanoseconds.
    identity: what stands for its content: size and time when this content was first seen.
    checksum: SHA-256 of its content; None for one that was there but not wanted.
    """

    size: int
    time: int
    identity: str
    checksum: str | None


def fingerprint(source: str, record: Path | None = None) -> str:
    """What changes when something that is read of a source does; empty for a source that is no path or not there.

    Args:
        source: a path, or `torchvision:` and a name.
        record: written by ``keep`` when the source was read, if it was.
    """
    digest = hashlib.sha256()
    identities = _identities(source, _read(record))
    for name in sorted(identities):
        digest.update(f"{name}\0{identities[name]}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32] if identities else ""


class Reading:
    """A source while it is read, whose record is kept when that is done."""

    def __init__(self, source: str, record: Path) -> None:
        """Look at all files before any is read."""
        self._source, self._record = source, record
        self._states = _states(source)
        self._identities = _identities(source, _read(record))

    def keep(self, checksums: Mapping[str, str]) -> None:
        """Write the record: of every file that has not changed since.

        Args:
            checksums: SHA-256 of what was read, by the file's path in the source, "" for the source itself.

        Raises:
            DataError: it cannot be written.
        """
        now = _states(self._source)
        seen = {
            name: [*state, self._identities[name], checksums.get(name)]
            for name, state in self._states.items()
            if now.get(name) == state and name in self._identities
        }
        self._record.parent.mkdir(parents=True, exist_ok=True)
        with whole_files.replacing(self._record) as temporary:
            temporary.write_text(json.dumps(seen), encoding="utf-8")


def _path(source: str) -> Path | None:
    return None if source.startswith(TORCHVISION) else Path(os.path.expanduser(source))  # noqa: PTH111


def _states(source: str) -> dict[str, tuple[int, int]]:
    """Size and time of every file that is read, by its path in the source."""
    path = _path(source)
    try:
        if path is None or not path.exists():
            return {}
        files = {file.name: file.status for file in listing.read(path)} if path.is_dir() else {"": path.stat()}
    except (OSError, ValueError):
        return {}
    return {name: (status.st_size, status.st_mtime_ns) for name, status in files.items() if status is not None}


def _identities(source: str, seen: Mapping[str, Seen]) -> dict[str, str]:
    path = _path(source)
    return {
        name: seen[name].identity
        if path is not None and name in seen and _unchanged(path / name if name else path, state, seen[name])
        else f"{state[0]} {state[1]}"
        for name, state in _states(source).items()
    }


def _unchanged(path: Path, state: tuple[int, int], seen: Seen) -> bool:
    if seen.checksum is None or state == (seen.size, seen.time):
        return True
    if state[0] != seen.size:
        return False
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == seen.checksum
    except OSError:
        return False


def _read(record: Path | None) -> dict[str, Seen]:
    """A record; nothing of one that is not there or damaged: the source then counts as changed at the worst."""
    try:
        plain: Any = json.loads(record.read_text(encoding="utf-8")) if record else {}
        return {name: Seen(*entry) for name, entry in plain.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
