"""Pictures in a folder of class folders, or in an archive of one."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from learning_dynamics.datasets.labelled_images import SPLITS, ImageSource, Pixels
from learning_dynamics.datasets.sources import archives, pictures
from learning_dynamics.datasets.sources.fingerprints import DEEPEST
from learning_dynamics.datasets.sources.image_source import Entry, Wanted, places, selected
from learning_dynamics.errors import DataError, did_you_mean, printable

LAYOUT = "<class>/<picture>, or train/<class>/<picture> and test/<class>/<picture>"

_LARGEST_OTHER_MEMBER = 2**30

_log = logging.getLogger(__name__)


def open_source(wanted: Wanted, path: Path) -> ImageSource:
    """The pictures of every class, in the order of their file names, of at least two classes.

    Names are read at once, pictures when asked for; an archive is gone through once for each.

    Raises:
        DataError: the path is of another kind or layout or damaged, or a class lacks pictures.
    """
    found: dict[str, tuple[str, ...]] = {}
    versions: Counter[str] = Counter()
    others: list[str] = []
    for member in _members(path):
        parts = tuple(part for part in member.name.split("/") if part not in ("", "."))
        if member.read is None or any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        is_picture = parts[-1].lower().endswith(pictures.SUFFIXES)
        _check_size(path, member, is_picture)
        if is_picture:
            found[member.name] = parts
            versions[member.name] += 1
        else:
            others.append(member.name)
    if not found:
        raise DataError(
            f"{path}: no pictures ({', '.join(pictures.SUFFIXES)}); expected {LAYOUT}; found {archives.listed(others)}"
        )
    if others:
        _log.warning(
            "%s: %d files that are no pictures were passed over: %s", path, len(others), archives.listed(others)
        )
    entries = sorted(_entries(path, found), key=lambda entry: (entry.class_name, entry.key))
    chosen, names = selected(entries, wanted, str(path))
    labels, is_test = places(chosen, names)
    digests: dict[str, str] = {}
    around = _depth_around(found.values())
    kind = "folder" if path.is_dir() else "archive"

    def origin() -> str:
        lines = "\n".join(f"{digests[name]} {'/'.join(found[name][around:])}" for name in sorted(digests))
        checksum = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
        name = printable(path.resolve().name)
        return f"image {kind} {name}, {len(chosen)} pictures, sha256 of their checksums and names {checksum}"

    read = partial(_read, wanted, path, [entry.key for entry in chosen], versions, digests)
    return ImageSource(labels, is_test, names, read, origin)


def _members(path: Path) -> Iterator[archives.Member]:
    return _folder_members(path, path, 1) if path.is_dir() else archives.members(path, LAYOUT)


def _folder_members(top: Path, folder: Path, depth: int) -> Iterator[archives.Member]:
    for child in sorted(folder.iterdir()):
        name = child.relative_to(top).as_posix()
        if child.is_dir():
            if depth < DEEPEST and not child.name.startswith("."):
                yield from _folder_members(top, child, depth + 1)
        elif child.is_file():
            yield archives.Member(name, partial(archives.read_file, child), child.stat().st_size)
        elif not child.exists() and child.name.lower().endswith(pictures.SUFFIXES):
            raise DataError(f"{top}: {printable(name)}: a link to nothing; expected a picture; mend it or leave it out")


def _check_size(path: Path, member: archives.Member, is_picture: bool) -> None:
    limit = pictures.LARGEST_FILE if is_picture else _LARGEST_OTHER_MEMBER
    if member.size > limit and (is_picture or not path.is_dir()):
        raise DataError(
            f"{path}: {printable(member.name)}: larger than {limit // 2**20} MiB; "
            "expected pictures; scale it or leave it out"
        )


def _entries(path: Path, found: dict[str, tuple[str, ...]]) -> Iterator[Entry]:
    """Split and class of every picture, by the folders it lies in; one folder around all of them does not count."""
    inside = min(_depth_around(found.values()), min(len(parts) for parts in found.values()))
    has_splits = any(len(parts) > inside + 2 and parts[inside] == "train" for parts in found.values())
    for name, parts in found.items():
        below = parts[inside:]
        shown = printable(name)
        if has_splits and below[0] not in SPLITS:
            raise DataError(
                f"{path}: '{shown}' lies beside the folder 'train'; expected only train and test there; "
                "move it into one of them or away"
            )
        split, below = (below[0], below[1:]) if has_splits else ("train", below)
        if len(below) < 2:
            raise DataError(f"{path}: '{shown}' lies in no class folder; expected {LAYOUT}; move it into one or away")
        if len(below) > 2:
            hint = did_you_mean(below[0], SPLITS)
            raise DataError(f"{path}: '{shown}' lies too deep{hint}; expected {LAYOUT}; move it up or away")
        yield Entry(name, split, below[0])


def _depth_around(paths: Iterable[tuple[str, ...]]) -> int:
    """How many folders lie around the layout: those that all pictures share, as long as a class folder is left."""
    every = list(paths)
    depth = 0
    while (
        all(len(parts) > depth + 2 for parts in every)
        and len({parts[depth] for parts in every}) == 1
        and (every[0][depth] not in SPLITS or all(parts[depth + 1] in SPLITS for parts in every))
    ):
        depth += 1
    return depth


def _read(
    wanted: Wanted, path: Path, keys: list[str], versions: Mapping[str, int], digests: dict[str, str]
) -> Iterator[tuple[int, Pixels]]:
    place = {key: number for number, key in enumerate(keys)}
    shape_of: dict[tuple[int, ...], str] = {}
    seen: Counter[str] = Counter()
    for member in _wanted_members(path, keys, place):
        assert member.read is not None
        seen[member.name] += 1
        if seen[member.name] < versions[member.name]:  # a tar may hold a newer version of a file further on
            continue
        content = member.read(pictures.LARGEST_FILE + 1)
        try:
            image = pictures.decoded(content, wanted.side, wanted.colour, fitted=wanted.fitted)
        except DataError as error:
            raise DataError(f"{path}: {printable(member.name)}: {error}") from error
        shape_of.setdefault(image.shape, member.name)
        if len(shape_of) > 1:
            raise _differ(path, shape_of)
        digests[member.name] = hashlib.sha256(content).hexdigest()
        yield place[member.name], image
    missing = [key for key in keys if key not in digests]
    if missing:
        raise DataError(f"{path}: {printable(missing[0])}: gone while it was read; run again")


def _wanted_members(path: Path, keys: list[str], place: dict[str, int]) -> Iterator[archives.Member]:
    if path.is_dir():
        return (archives.Member(key, partial(archives.read_file, path / key)) for key in keys)
    return (member for member in archives.members(path, LAYOUT) if member.name in place and member.read is not None)


def _differ(path: Path, shape_of: dict[tuple[int, ...], str]) -> DataError:
    (first, first_name), (second, second_name) = list(shape_of.items())[:2]
    advice = (
        "set dataset.side to scale all pictures to one size"
        if first[1:] != second[1:]
        else "set dataset.colour to grey or rgb to convert all pictures"
    )
    return DataError(
        f"{path}: {printable(second_name)} is {_size(second)}, and {printable(first_name)} is {_size(first)}; "
        f"expected pictures of one size and number of channels; {advice}"
    )


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]}x{shape[1]} pixels with {shape[0]} channel{'s' if shape[0] > 1 else ''}"
