"""A source of labelled images that are read one after the other, so that they need never be in memory at once."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.labelled_images import SPLITS, ImageSource, Pixels
from learning_dynamics.datasets.reading import PassedOver
from learning_dynamics.errors import DataError, did_you_mean, printable
from learning_dynamics.values import MOST_CLASSES

# What a split may be called, in whatever case. A validation split is the test split where there is no other.
VALIDATION = "validation"
_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
}


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a source.

    classes: names of the classes, in this order; None for all, by name.
    most: at most so many images of each class, the first ones, by split; all of a split that is not named.
    test_fraction: share of every class to hold out, the last images.
    side: n; None for images as they are, which must be squares of one size.
    fitted: whether pictures of another size are cropped and scaled to the side; they are refused otherwise.
    colour: "as_stored", "grey" or "rgb".
    full: of floating point numbers, the largest magnitude that they may have; 0 where it is not known.
    """

    classes: Sequence[str] | None = None
    most: Mapping[str, int] = field(default_factory=dict)
    test_fraction: float = 0.0
    side: int | None = None
    fitted: bool = True
    colour: str = "as_stored"
    full: float = 1.0


@dataclass(frozen=True)
class Entry:
    """One image of a source before it is read: where it is from and where it goes.

    key: what the source finds it by.
    split, class_name: where it belongs; the split may be ``VALIDATION`` until ``tested`` has decided what that is.
    """

    key: str
    split: str
    class_name: str


Opener = Callable[[Wanted, Path], ImageSource]


def opened(path: Path, opener: Opener, wanted: Wanted) -> ImageSource:
    """A source at a path, none of its images read yet.

    Raises:
        DataError: the path cannot be read or is damaged, which may be noticed while the images are read, or it lacks
            what is wanted.
    """
    from learning_dynamics.datasets.sources import archives

    def read() -> Iterator[tuple[int, Pixels]]:
        try:
            yield from source.read()
        except archives.UNREADABLE as error:
            raise archives.not_readable(path, error) from error

    try:
        source = opener(wanted, path)
    except archives.UNREADABLE as error:
        raise archives.not_readable(path, error) from error
    return replace(source, read=read)


def split_called(name: str) -> str | None:
    """The split that a name stands for: train, test or ``VALIDATION``; None for any other name."""
    return _SPLIT_NAMES.get(name.lower())


def class_called(name: str) -> str:
    """A class's name with letters and their accents composed, whoever wrote it; bytes that are no text are escaped."""
    return unicodedata.normalize("NFC", name).encode("utf-8", "backslashreplace").decode("utf-8")


def in_order(names: Iterable[str]) -> list[str]:
    """Names of classes: numbers by their value, others by the alphabet."""
    every = set(names)
    if all(name.isascii() and name.isdigit() for name in every):
        return sorted(every, key=lambda name: (int(name), name))
    return sorted(every)


@dataclass(frozen=True)
class Tested:
    """Entries of training and test split alone.

    entries: these.
    notes: a sentence if the validation split serves as test split.
    passed_over: the validation split if there is a test split beside it.
    """

    entries: list[Entry]
    notes: tuple[str, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


def tested(entries: Sequence[Entry], validation: str) -> Tested:
    """What becomes of the validation split: the test split, where there is no other; otherwise nothing.

    Args:
        entries: of all splits.
        validation: what the validation split is called in the source.
    """
    count = sum(entry.split == VALIDATION for entry in entries)
    if not count:
        return Tested(list(entries))
    if any(entry.split == "test" for entry in entries):
        reason = f"a validation split beside a test split ({_counted(count)})"
        kept = [entry for entry in entries if entry.split != VALIDATION]
        return Tested(kept, passed_over=(PassedOver(validation, reason),))
    note = f"There is no test split: the validation split '{validation}' serves as one."
    moved = [replace(entry, split="test") if entry.split == VALIDATION else entry for entry in entries]
    return Tested(moved, notes=(note,))


@dataclass(frozen=True)
class Selection:
    """The images wanted of a source.

    entries: training images class by class, then test images.
    class_names: of the classes, in the order of their labels.
    notes: sentences on what is left out of a class, or lacking in the test split.
    passed_over: the classes that are not wanted.
    """

    entries: list[Entry]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]


def selected(entries: Iterable[Entry], wanted: Wanted, describe: str) -> Selection:
    """The images wanted of a source.

    Args:
        entries: all images of the source, those of one class and split in their order.
        wanted: which of them; a class without any in the order of its name, a number by its value.
        describe: the source, for messages.

    Raises:
        DataError: there are too few or too many classes, one that is wanted or tested is not there or empty, or a
            test split is asked for beside the one that the source has.
    """
    from learning_dynamics.datasets.sources import archives

    by_class: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        by_class.setdefault((entry.split, entry.class_name), []).append(entry)
    there = {split: {name for part, name in by_class if part == split} for split in SPLITS}
    if not there["train"]:
        raise DataError(f"{describe}: no training images; expected some of at least two classes")
    names = tuple(map(class_called, wanted.classes)) if wanted.classes is not None else tuple(in_order(there["train"]))
    for name in names:
        if name not in there["train"]:
            hint = did_you_mean(name, there["train"])
            raise DataError(
                f"{describe}: no training images of class '{printable(name)}'{hint}; expected some of "
                f"{archives.listed(there['train'])}; correct dataset.classes"
            )
    if len(set(names)) < len(names):
        raise DataError(f"{describe}: dataset.classes names a class twice; expected each at most once")
    unknown = there["test"] - there["train"]
    if unknown and wanted.classes is None:
        raise DataError(
            f"{describe}: test images of {archives.listed(unknown)}, of which there are no training images; "
            "expected the same classes in both; add them or name the classes wanted in dataset.classes"
        )
    if not 2 <= len(names) <= MOST_CLASSES:
        raise DataError(
            f"{describe}: {len(names)} class{'es' if len(names) > 1 else ''} ({archives.listed(names)}); "
            f"expected 2 to {MOST_CLASSES}; choose them with dataset.classes, or check that every class has a folder"
        )
    fraction = wanted.test_fraction
    if fraction and there["test"]:
        raise DataError(f"{describe}: has a test split of its own; expected dataset.test_fraction: 0, got {fraction:g}")
    chosen: dict[str, list[Entry]] = {split: [] for split in SPLITS}
    for name in names:
        for split in SPLITS:
            of_class = by_class.get((split, name), [])[: wanted.most.get(split)]
            held_out = min(round(fraction * len(of_class)), len(of_class) - 1) if split == "train" else 0
            chosen[split] += of_class[: len(of_class) - held_out]
            if held_out:
                chosen["test"] += [Entry(entry.key, "test", name) for entry in of_class[-held_out:]]
    kept = chosen["train"] + chosen["test"]
    counts = Counter(name for (_, name), of_class in by_class.items() for _ in of_class)
    left_out = tuple(
        PassedOver(name, f"a class that dataset.classes does not name ({_counted(counts[name])})")
        for name in in_order(counts)
        if name not in names
    )
    surplus = sum(counts[name] for name in names) - len(kept)
    return Selection(kept, names, tuple(_remarks(chosen["test"], names, surplus)), left_out)


def _remarks(test: Sequence[Entry], names: Sequence[str], surplus: int) -> Iterator[str]:
    from learning_dynamics.datasets.sources import archives

    if surplus:
        yield f"dataset.images_per_class leaves out {_counted(surplus)} of these classes."
    lacking = set(names) - {entry.class_name for entry in test}
    if test and lacking:
        which = f"class {archives.listed(lacking)}" if len(lacking) == 1 else f"the classes {archives.listed(lacking)}"
        yield f"The test split has no image of {which}: what is measured on it says nothing of that."


def _counted(images: int) -> str:
    return f"{images:,} image{'s' if images > 1 else ''}"


def places(chosen: Sequence[Entry], names: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Labels and whether held out, of the images chosen."""
    number = {name: label for label, name in enumerate(names)}
    labels = np.array([number[entry.class_name] for entry in chosen], dtype=np.int64)
    return labels, np.array([entry.split == "test" for entry in chosen], dtype=bool)


def unbalanced(labels: npt.NDArray[np.int64], is_test: npt.NDArray[np.bool_], names: Sequence[str]) -> str | None:
    """A sentence on classes of different size in the training split; None if they are equal."""
    counts = np.bincount(labels[~is_test], minlength=len(names))
    fewest, most = int(counts.argmin()), int(counts.argmax())
    if counts[fewest] == counts[most]:
        return None
    return (
        f"the classes are unbalanced, from {counts[fewest]} training images of '{names[fewest]}' to {counts[most]} of "
        f"'{names[most]}': averages are over the images, so that larger classes weigh more"
    )
