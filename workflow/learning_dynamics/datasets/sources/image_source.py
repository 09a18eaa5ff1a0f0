"""A source of labelled images that are read one after the other, so that they need never be in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.labelled_images import SPLITS, ImageSource, Pixels
from learning_dynamics.errors import DataError, did_you_mean
from learning_dynamics.values import MOST_CLASSES


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a source.

    classes: names of the classes, in this order; None for all, by name.
    most: at most so many images of each class, the first ones, by split; all of a split that is not named.
    test_fraction: share of every class to hold out, the last images.
    side: n; None for images as they are, which must be squares of one size.
    fitted: whether pictures of another size are cropped and scaled to the side; they are refused otherwise.
    colour: "as_stored", "grey" or "rgb".
    """

    classes: Sequence[str] | None = None
    most: Mapping[str, int] = field(default_factory=dict)
    test_fraction: float = 0.0
    side: int | None = None
    fitted: bool = True
    colour: str = "as_stored"


@dataclass(frozen=True)
class Entry:
    """One image of a source before it is read: where it is from and where it goes.

    key: what the source finds it by.
    split, class_name: where it belongs.
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


def selected(entries: Iterable[Entry], wanted: Wanted, describe: str) -> tuple[list[Entry], tuple[str, ...]]:
    """The images wanted of a source: training images class by class, then test images, and the names of the classes.

    Args:
        entries: all images of the source, those of one class and split in their order.
        wanted: which of them.
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
    names = tuple(wanted.classes) if wanted.classes is not None else tuple(sorted(there["train"]))
    for name in names:
        if name not in there["train"]:
            hint = did_you_mean(name, there["train"])
            raise DataError(
                f"{describe}: no training images of class '{name}'{hint}; expected some of "
                f"{archives.listed(there['train'])}; correct dataset.classes"
            )
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
    return chosen["train"] + chosen["test"], names


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
