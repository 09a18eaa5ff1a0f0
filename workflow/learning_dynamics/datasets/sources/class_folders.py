"""Pictures in a folder of class folders, or in an archive of one; or beside a table of their labels."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from learning_dynamics.datasets.labelled_images import ImageSource, Pixels
from learning_dynamics.datasets.reading import PassedOver
from learning_dynamics.datasets.sources import archives, label_table, listing, pictures
from learning_dynamics.datasets.sources.image_source import (
    VALIDATION,
    Entry,
    Wanted,
    class_called,
    places,
    selected,
    split_called,
    tested,
)
from learning_dynamics.errors import DataError, did_you_mean, printable

LAYOUT = "<class>/<picture>, or train/<class>/<picture> and test/<class>/<picture>"

_LARGEST_OTHER_MEMBER = 2**30

_log = logging.getLogger(__name__)

Parts = tuple[str, ...]


@dataclass
class _Contents:
    """What a source holds.

    pictures: the parts of every picture's path, by its name.
    versions: how often a name occurs: a tar may hold several versions of a file, of which the last counts.
    tables: the content of every file that may be a table of labels.
    folders: the parts of every folder's path.
    passed_over: what is read in no case.
    """

    pictures: dict[str, Parts] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    tables: dict[str, bytes] = field(default_factory=dict)
    folders: set[Parts] = field(default_factory=set)
    passed_over: list[PassedOver] = field(default_factory=list)


def open_source(wanted: Wanted, path: Path) -> ImageSource:
    """The pictures of every class, in the order of their file names, of at least two classes.

    Names are read at once, pictures when asked for; an archive is gone through once for each.

    Raises:
        DataError: the path is of another kind or layout or damaged, or a class lacks pictures.
    """
    contents = _contents(path)
    if not contents.pictures:
        raise _no_pictures(path, contents)
    # The folders around the layout: those that all pictures share, as long as a class folder is left.
    around = _depth_around(contents.pictures.values())
    table = _table(contents, around)
    digests: dict[str, str] = {}
    if table is None:
        contents.passed_over += [PassedOver(name, _NO_TABLE) for name in contents.tables]
        entries = list(_entries(path, contents, around))
        _check_class_folders(path, contents, around, wanted)
    else:
        entries = _entries_of_table(path, contents, table)
        digests[table] = hashlib.sha256(contents.tables[table]).hexdigest()
    entries.sort(key=lambda entry: (entry.class_name, entry.key))
    parts = tested(entries, _called(contents, around, VALIDATION))
    selection = selected(parts.entries, wanted, str(path))
    _log_passed_over(path, contents.passed_over)
    chosen = selection.entries
    labels, is_test = places(chosen, selection.class_names)

    def origin() -> str:
        lines = "\n".join(f"{digests[name]} {'/'.join(_parts(name)[around:])}" for name in sorted(digests))
        checksum = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
        name, kind = printable(path.resolve().name), "folder" if path.is_dir() else "archive"
        return f"image {kind} {name}, {len(chosen)} pictures, sha256 of their checksums and names {checksum}"

    own = any(entry.split == "test" for entry in parts.entries)
    return ImageSource(
        describe=str(path),
        labels=labels,
        is_test=is_test,
        class_names=selection.class_names,
        read=partial(_read, wanted, path, [entry.key for entry in chosen], contents.versions, digests),
        origin=origin,
        name=lambda place: printable(chosen[place].key),
        split_names={"train": "the training pictures", "test": "the test pictures"} if own else {},
        passed_over=(*map(_printable, contents.passed_over), *parts.passed_over, *selection.passed_over),
        notes=(*parts.notes, *selection.notes),
        checksums=lambda: digests if path.is_dir() else {"": archives.checksum(path)},
    )


_NO_PICTURE = "no picture"
_OTHER_PICTURE = "a picture of a kind that is not read"
_NO_TABLE = "a table; the classes are those of the folders"
_HIDDEN = "hidden"


def _parts(name: str) -> Parts:
    return tuple(part for part in name.split("/") if part not in ("", "."))


def _contents(path: Path) -> _Contents:
    contents = _Contents()
    for member in _members(path, contents):
        parts = _parts(member.name)
        if not parts or listing.is_litter(member.name):
            continue
        if member.read is None:
            contents.folders.add(parts)
            continue
        contents.folders |= {parts[:depth] for depth in range(1, len(parts))}
        if listing.is_hidden(member.name):
            contents.passed_over.append(PassedOver(member.name, _HIDDEN))
        elif listing.is_picture(member.name, member.read):
            _check_size(path, member, pictures.LARGEST_FILE)
            contents.pictures[member.name] = parts
            contents.versions[member.name] += 1
        elif listing.is_table(member.name) and member.size <= label_table.LARGEST:
            contents.tables[member.name] = member.read(label_table.LARGEST)
        else:
            if not path.is_dir():
                _check_size(path, member, _LARGEST_OTHER_MEMBER)
            other = member.name.lower().endswith(listing.OTHER_PICTURES)
            contents.passed_over.append(PassedOver(member.name, _OTHER_PICTURE if other else _NO_PICTURE))
    return contents


def _members(path: Path, contents: _Contents) -> Iterator[archives.Member]:
    if not path.is_dir():
        yield from archives.members(path, LAYOUT)
        return
    for file in listing.below(path):
        if file.is_loop:
            contents.passed_over.append(PassedOver(file.name, "a link to a folder that it lies in"))
        elif file.is_folder:
            if listing.is_hidden(file.name) and not listing.is_litter(file.name):
                contents.passed_over.append(PassedOver(file.name, _HIDDEN))
            else:
                yield archives.Member(file.name, None)
        elif file.status is None:
            if listing.is_picture(file.name, lambda _: b""):
                raise DataError(
                    f"{path}: {printable(file.name)}: a link to nothing; expected a picture; mend it or leave it out"
                )
            contents.passed_over.append(PassedOver(file.name, "a link to nothing"))
        elif not file.is_regular:
            contents.passed_over.append(PassedOver(file.name, "a pipe or device"))
        else:
            yield archives.Member(file.name, partial(archives.read_file, file.path), file.status.st_size)


def _check_size(path: Path, member: archives.Member, limit: int) -> None:
    if member.size > limit:
        raise DataError(
            f"{path}: {printable(member.name)}: larger than {limit // 2**20} MiB; "
            "expected pictures; scale it or leave it out"
        )


def _printable(part: PassedOver) -> PassedOver:
    return PassedOver(printable(part.path), part.reason)


def _log_passed_over(path: Path, passed_over: list[PassedOver]) -> None:
    if passed_over:
        _log.warning(
            "%s: %d files that are no pictures were passed over: %s",
            path,
            len(passed_over),
            archives.listed(part.path for part in passed_over),
        )


def _no_pictures(path: Path, contents: _Contents) -> DataError:
    others = [*contents.tables, *(part.path for part in contents.passed_over)]
    hint = ""
    if any(name.endswith("-ubyte") for name in others):
        hint = "; these are torchvision's files: for those of MNIST set source to torchvision:MNIST and downloads to "
        hint += "the folder that MNIST/raw lies in"
    return DataError(
        f"{path}: no pictures ({', '.join(listing.PICTURE_SUFFIXES)}); expected {LAYOUT}; found "
        f"{archives.listed(others)}{hint}"
    )


def _entries(path: Path, contents: _Contents, inside: int) -> Iterator[Entry]:
    """Split and class of every picture, by the folders it lies in; those around all of them do not count."""
    paths = contents.pictures
    has_splits = _has_splits(path, contents, inside)
    spellings: dict[tuple[str, str], str] = {}
    for name, parts in paths.items():
        below, split, shown = parts[inside:], "train", printable(name)
        if has_splits:
            called = split_called(below[0]) if len(below) > 1 else None
            if called is None:
                raise DataError(
                    f"{path}: '{shown}' lies beside the folder '{_called(contents, inside, 'train')}'; expected only "
                    "train, test and validation splits there; move it into one of them or away"
                )
            split, below = called, below[1:]
        if len(below) < 2:
            raise DataError(f"{path}: '{shown}' lies in no class folder; expected {LAYOUT}; move it into one or away")
        if len(below) > 2:
            # Not one in a folder that is called as a split: beside it lies one that is misspelt.
            deep = (other for other, names in paths.items() if len(names) > inside + 2)
            named = next((other for other in deep if split_called(paths[other][inside]) is None), name)
            hint = did_you_mean(paths[named][inside], ("train", "test"))
            raise DataError(f"{path}: '{printable(named)}' lies too deep{hint}; expected {LAYOUT}; move it up or away")
        class_name = class_called(below[0])
        if spellings.setdefault((split, class_name), below[0]) != below[0]:
            raise DataError(
                f"{path}: two folders are called '{printable(class_name)}', each written with other characters; "
                "expected one folder for a class; put them together"
            )
        yield Entry(name, split, class_name)


def _has_splits(path: Path, contents: _Contents, inside: int) -> bool:
    """Whether the folders are splits; some may be classes that are called like one.

    Raises:
        DataError: a split has two folders, there is no training split, or pictures lie in splits without class folders.
    """
    folders = {parts[inside] for parts in contents.pictures.values() if len(parts) > inside + 1}
    deep = {parts[inside] for parts in contents.pictures.values() if len(parts) > inside + 2}
    all_splits = bool(folders) and all(map(split_called, folders))
    if all_splits and not deep and len(folders) > 1:
        raise DataError(
            f"{path}: pictures lie in {archives.listed(folders)} without class folders; expected {LAYOUT}, or a table "
            "of pictures and labels in CSV beside them; sort them into class folders"
        )
    if not any(split_called(name) == "train" for name in deep) and not (all_splits and deep):
        return False
    called = Counter(split_called(name) for name in folders)
    called.pop(None, None)
    twice = next((split for split, count in called.items() if count > 1), None)
    if twice is not None:
        same = archives.listed(name for name in folders if split_called(name) == twice)
        raise DataError(f"{path}: {same} are both the {twice} split; expected one folder for it; put them together")
    if "train" not in called:
        raise DataError(
            f"{path}: holds {archives.listed(folders)}, but no training split; expected a folder 'train' beside it; "
            "name the folder inside as dataset.source if its pictures are to be trained on"
        )
    return True


def _called(contents: _Contents, inside: int, split: str) -> str:
    """What a split's folder is called; the split's own name if it has none."""
    tops = {parts[inside] for parts in contents.pictures.values() if len(parts) > inside + 1}
    return next((printable(name) for name in sorted(tops) if split_called(name) == split), split)


def _check_class_folders(path: Path, contents: _Contents, inside: int, wanted: Wanted) -> None:
    """Refuse a class folder that yields no picture.

    Raises:
        DataError: there is one, and no choice of classes that leaves it out.
    """
    some = next(iter(contents.pictures.values()))
    level = inside + (2 if len(some) > inside + 2 else 1)
    filled = {parts[:level] for parts in contents.pictures.values()}
    chosen = None if wanted.classes is None else set(map(class_called, wanted.classes))
    for parts in sorted(contents.folders):
        hidden = listing.is_hidden("/".join(parts))
        if len(parts) != level or parts[:inside] != some[:inside] or parts in filled or hidden:
            continue
        if level == inside + 2 and split_called(parts[inside]) is None:
            continue
        if chosen is not None and class_called(parts[-1]) not in chosen:
            continue
        name = "/".join(parts)
        held = [part.path for part in contents.passed_over if part.path.startswith(f"{name}/")]
        raise DataError(
            f"{path}: the class folder '{printable(name)}' holds no picture, but {archives.listed(held)}; expected "
            f"some ({', '.join(listing.PICTURE_SUFFIXES)}); add them, move the folder away or name the classes wanted "
            "in dataset.classes"
        )


def _table(contents: _Contents, inside: int) -> str | None:
    """The table of labels, if the folders of the pictures are no classes and there is one table."""
    folders = {parts[:-1] for parts in contents.pictures.values()}
    tops = {parts[inside] for parts in contents.pictures.values() if len(parts) > inside + 1}
    sorted_in = len(folders) > 1 and not (
        all(map(split_called, tops)) and all(len(parts) <= inside + 2 for parts in contents.pictures.values())
    )
    return next(iter(contents.tables)) if len(contents.tables) == 1 and not sorted_in else None


def _entries_of_table(path: Path, contents: _Contents, table: str) -> list[Entry]:
    found = label_table.labels(f"{path}: {printable(table)}", contents.tables[table], contents.pictures)
    left_out = [name for name in contents.pictures if name not in found]
    contents.passed_over += [PassedOver(name, f"not in the table {table}") for name in left_out]
    splits = {
        name: split_called(contents.pictures[name][-2]) if len(contents.pictures[name]) > 1 else None for name in found
    }
    if not any(split == "train" for split in splits.values()):
        splits = dict.fromkeys(found, "train")
    astray = next((name for name, split in splits.items() if split is None), None)
    if astray is not None:
        raise DataError(
            f"{path}: '{printable(astray)}' lies beside the training split; expected all pictures of the table in "
            "folders of splits, or none; move it"
        )
    return [Entry(name, splits[name] or "train", class_called(label)) for name, label in found.items()]


def _depth_around(paths: Iterable[Parts]) -> int:
    every = list(paths)
    depth = 0
    while (
        all(len(parts) > depth + 2 for parts in every)
        and len({parts[depth] for parts in every}) == 1
        and (split_called(every[0][depth]) is None or all(split_called(parts[depth + 1]) for parts in every))
    ):
        depth += 1
    return depth


def _read(
    wanted: Wanted, path: Path, keys: list[str], versions: Counter[str], digests: dict[str, str]
) -> Iterator[tuple[int, Pixels]]:
    place = {key: number for number, key in enumerate(keys)}
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
        digests[member.name] = hashlib.sha256(content).hexdigest()
        yield place[member.name], image
    missing = [key for key in keys if key not in digests]
    if missing:
        raise DataError(f"{path}: {printable(missing[0])}: gone while it was read; run again")


def _wanted_members(path: Path, keys: list[str], place: dict[str, int]) -> Iterator[archives.Member]:
    if path.is_dir():
        return (archives.Member(key, partial(archives.read_file, path / key)) for key in keys)
    return (member for member in archives.members(path, LAYOUT) if member.name in place and member.read is not None)
