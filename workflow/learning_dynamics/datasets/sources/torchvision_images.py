"""Classification data sets that torchvision knows by name, downloaded when they are first asked for."""

from __future__ import annotations

import contextlib
import errno
import http.client
import inspect
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from learning_dynamics.datasets.labelled_images import ImageSource, Pixels
from learning_dynamics.datasets.sources import cifar10, pictures
from learning_dynamics.datasets.sources.image_source import Entry, Wanted, class_called, places, selected
from learning_dynamics.errors import DataError, did_you_mean, printable

_log = logging.getLogger(__name__)

# What torchvision raises for a split that a data set has not, and for arguments that it does not take.
_FAILURES = (ValueError, TypeError, ImportError)
# What may stop the unpacking of a download halfway.
_HALF_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


def open_source(wanted: Wanted, name: str, downloads: Path) -> ImageSource:
    """The images of one of torchvision's data sets, train and test split as torchvision has them.

    Raises:
        DataError: there is no such data set, it is none for classification, or it could not be downloaded.
    """
    root = _root(name, downloads)
    stored = {split: _stored(name, split, root) for split in ("train", "test")}
    if stored["train"] is None:
        raise DataError(f"torchvision:{name}: has no training split; expected a data set with one")
    parts = {split: part for split, part in stored.items() if part is not None}
    targets = {split: _targets(name, part) for split, part in parts.items()}
    names = _class_names(parts["train"], targets)
    entries = [
        Entry(str(number), split, class_called(names[target]))
        for split, values in targets.items()
        for number, target in enumerate(values)
    ]
    describe = f"torchvision:{name}"
    wanted = replace(wanted, classes=wanted.classes or list(map(class_called, names)))
    selection = selected(entries, wanted, describe)
    chosen = selection.entries
    labels, is_test = places(chosen, selection.class_names)
    own_test = "test" in parts

    def called(place: int) -> str:
        return f"image {chosen[place].key}"

    def read() -> Iterator[tuple[int, Pixels]]:
        for place, entry in enumerate(chosen):
            yield (
                place,
                _image(f"{describe}, {called(place)}", parts[entry.split if own_test else "train"], entry, wanted),
            )

    return ImageSource(
        describe=describe,
        labels=labels,
        is_test=is_test,
        class_names=selection.class_names,
        read=read,
        origin=lambda: f"{name} of torchvision, {'read where it was' if root.own else 'downloaded by it'}",
        name=called,
        split_names={"train": "the training images", "test": "the test images"} if own_test else {},
        passed_over=selection.passed_over,
        notes=selection.notes,
    )


@dataclass(frozen=True)
class _Root:
    """What torchvision is given as `root`.

    folder: that.
    own: whether the user put the data there: they are only read.
    """

    folder: Path
    own: bool


def _root(name: str, downloads: Path) -> _Root:
    """Where torchvision itself finds the data below `downloads`, or else a folder there to download them to."""
    own = _Root(downloads, own=True)
    # Without a word on what is missing there: it may be downloaded.
    with contextlib.suppress(*_FAILURES, OSError, RuntimeError):
        _dataset_class(name)(**_arguments(name, "train", own))
        return own
    return _Root(downloads / name.lower(), own=False)


def _arguments(name: str, split: str, root: _Root) -> dict[str, Any]:
    """What torchvision's class is called with."""
    accepted = inspect.signature(_dataset_class(name).__init__).parameters
    if "root" not in accepted or not {"train", "split"} & set(accepted):
        raise DataError(
            f"torchvision:{name}: cannot be asked for a training split; expected a data set for classification"
        )
    arguments: dict[str, Any] = {"root": str(root.folder)}
    if "train" in accepted:
        arguments["train"] = split == "train"
    if "split" in accepted and "train" not in accepted:
        arguments["split"] = split
    elif "split" in accepted and accepted["split"].default is inspect.Parameter.empty:
        arguments["split"] = "balanced"  # EMNIST, which has both
    if "download" in accepted:
        arguments["download"] = not root.own
    return arguments


def _stored(name: str, split: str, root: _Root) -> Any:
    """torchvision's object for a split; None if the data set has no such split."""
    arguments = _arguments(name, split, root)
    # Of some data sets torchvision takes a folder that is there for all of it.
    unfinished = root.folder / f".{split}.unfinished"
    try:
        if root.own:
            return _dataset_class(name)(**arguments)
        root.folder.mkdir(parents=True, exist_ok=True)
        with (
            cifar10.file_lock(root.folder / ".lock"),
            cifar10.connection_timeout(),
            contextlib.redirect_stderr(cifar10.Progress()),
        ):
            if unfinished.exists():
                raise DataError(
                    f"torchvision:{name}: {root.folder} holds what an interrupted download left; delete that folder "
                    f"and run again, or, if its data are whole, {unfinished.name} in it"
                )
            unfinished.touch()
            stored = _dataset_class(name)(**arguments)
            unfinished.unlink()
            return stored
    except (OSError, http.client.HTTPException, RuntimeError) as error:
        if getattr(error, "errno", None) not in _HALF_WRITTEN:
            _forget(unfinished)
        raise DataError(
            f"torchvision:{name}: could not be downloaded to {root.folder} or read there ({_on_one_line(error)}); "
            f"connect to the network and run again, or put its files where torchvision expects them, "
            f"{_expected_folder(name, root)}, and set downloads to the folder that this begins with"
        ) from error
    except _FAILURES as error:
        _forget(unfinished)
        if split == "test":
            return None
        raise DataError(
            f"torchvision:{name}: cannot be used ({_on_one_line(error)}); "
            "expected a data set for classification; export it to a folder and name that"
        ) from error


def _expected_folder(name: str, root: _Root) -> str:
    """The folder in which torchvision looks for a data set's files, as far as its class says."""
    kind, downloads = _dataset_class(name), root.folder if root.own else root.folder.parent
    inner = getattr(kind, "base_folder", None)
    if isinstance(getattr(kind, "raw_folder", None), property):
        inner = f"{kind.__name__}/raw"
    return str(downloads / inner) if isinstance(inner, str) else str(downloads)


def _on_one_line(error: BaseException) -> str:
    return printable(" ".join(str(error).split()))


def _forget(unfinished: Path) -> None:
    with contextlib.suppress(OSError):
        unfinished.unlink(missing_ok=True)


def _dataset_class(name: str) -> Any:
    datasets = cifar10.torchvision_datasets()
    known = [known for known in datasets.__all__ if isinstance(getattr(datasets, known), type)]
    if name not in known:
        raise DataError(
            f"torchvision:{name}: torchvision has no data set of this name{did_you_mean(name, known)}; "
            "expected one like MNIST, FashionMNIST, CIFAR100 or SVHN"
        )
    return getattr(datasets, name)


def _targets(name: str, stored: Any) -> list[int]:
    for attribute in ("targets", "labels", "_labels"):
        if hasattr(stored, attribute):
            values = np.asarray(getattr(stored, attribute))
            break
    else:
        try:
            values = np.asarray([stored[number][1] for number in range(len(stored))])
        except OSError as error:
            raise _damaged(name, error) from error
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise _no_classification(name) from error
    if values.ndim != 1 or values.dtype.kind not in "iu" or not len(values) or values.min() < 0:
        raise _no_classification(name)
    return [int(value) for value in values]


def _no_classification(name: str) -> DataError:
    return DataError(
        f"torchvision:{name}: does not say one class for each image; expected a data set for classification"
    )


def _damaged(describe: str, error: OSError) -> DataError:
    return DataError(
        f"{describe}: could not be read ({_on_one_line(error)}); delete the data set's folder in "
        "`downloads` and run again"
    )


def _class_names(stored: Any, targets: dict[str, list[int]]) -> list[str]:
    number = max(max(values) for values in targets.values()) + 1
    names = [
        str(name) if isinstance(name, str) else "/".join(map(str, name)) for name in getattr(stored, "classes", [])
    ]
    return names if len(names) >= number and len(set(names)) == len(names) else [str(label) for label in range(number)]


def _image(describe: str, stored: Any, entry: Entry, wanted: Wanted) -> Pixels:
    try:
        picture = stored[int(entry.key)][0]
    except OSError as error:
        raise _damaged(describe, error) from error
    if not isinstance(picture, Image.Image):
        raise DataError(f"{describe}: is no picture but a {type(picture).__name__}; expected a picture")
    try:
        return pictures.from_picture(picture, wanted.side, wanted.colour)
    except DataError as error:
        raise DataError(f"{describe}: {error}") from error
