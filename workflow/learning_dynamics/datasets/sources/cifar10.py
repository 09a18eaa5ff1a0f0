"""CIFAR-10 (Krizhevsky 2009): downloaded by torchvision, or read from a local copy. Never replaced by other data."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import io
import logging
import os
import socket
import time
import urllib.error
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.sources import class_folders
from learning_dynamics.datasets.sources.image_source import Wanted, opened
from learning_dynamics.errors import DataError, did_you_mean

DOWNLOAD = "torchvision"
TORCHVISION_FOLDER = "cifar-10-batches-py"
TORCHVISION_ARCHIVE = "cifar-10-python.tar.gz"
SIDE = 32

_KINDS = (
    f"torchvision's folder {TORCHVISION_FOLDER}, an image folder ({class_folders.LAYOUT}) "
    "or an archive of one (tar, tar.gz, tar.xz, zip)"
)
_TIMEOUT_SECONDS = 30
_PROGRESS_SECONDS = 10
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}

_log = logging.getLogger(__name__)
_operator_library: Any = None

# Shape (image, 3, 32, 32): all training images class by class, then all test images.
Images = npt.NDArray[np.uint8]


def read(source: str, downloads: Path, classes: list[str], wanted: Mapping[str, int]) -> tuple[Images, str]:
    """The first images of some classes: all training images class by class, then all test images; and their origin.

    Args:
        source: ``torchvision`` to download, or the path of torchvision's folder, of an image folder or of an archive.
        downloads: folder for downloaded data, kept between runs.
        classes: names of the classes.
        wanted: how many images of each class, by split.

    Raises:
        DataError: there is no network, or the source is missing, damaged or holds too few images.
    """
    try:
        if source == DOWNLOAD:
            return _downloaded(downloads, classes, wanted)
        return _local(_existing(source), classes, wanted)
    except OSError as error:
        raise DataError(f"cifar10: '{source}' could not be read ({error}); check its permissions") from error


def _existing(source: str) -> Path:
    path = Path(os.path.expanduser(source))  # noqa: PTH111 - pathlib's raises for an unknown user
    if not path.exists():
        hint = did_you_mean(source.lower(), [DOWNLOAD])
        raise DataError(
            f"cifar10: '{source}' does not exist{hint}; expected '{DOWNLOAD}' to download, or the path of {_KINDS}"
        )
    return path


def _local(path: Path, classes: list[str], wanted: Mapping[str, int]) -> tuple[Images, str]:
    name = path.resolve().name
    if path.is_dir():
        batches = _torchvision_folder(path)
        if batches is not None:
            return (
                _read_batches(batches, classes, wanted),
                f"CIFAR-10 in torchvision's folder {batches.resolve().name}, checksums verified",
            )
        return _read_pictures(path, classes, wanted), f"image folder {name}"
    if name == TORCHVISION_ARCHIVE:
        raise DataError(f"{path}: torchvision's archive; unpack it and give the folder {TORCHVISION_FOLDER} in it")
    images = _read_pictures(path, classes, wanted)
    with path.open("rb") as archive:
        checksum = hashlib.file_digest(archive, "sha256").hexdigest()
    return images, f"image archive {name}, sha256 {checksum}"


def _read_pictures(path: Path, classes: list[str], wanted: Mapping[str, int]) -> Images:
    """The pictures in a folder or archive: those of a user's own images, as many as are wanted and of one size."""
    exactly = Wanted(classes=classes, most=wanted, side=SIDE, fitted=False, colour="rgb")
    source = opened(path, class_folders.open_source, exactly)
    for label, name in enumerate(source.class_names):
        for split, count in wanted.items():
            there = np.count_nonzero((source.labels == label) & (source.is_test == (split == "test")))
            if there < count:
                raise DataError(
                    f"{path}: class '{name}' has {there} pictures in '{split}', wanted {count}; expected "
                    f"{class_folders.LAYOUT}; lower train_images or test_images, or point cifar10 at a complete copy"
                )
    images = np.empty((len(source.labels), 3, SIDE, SIDE), dtype=np.uint8)
    for index, image in source.alike():
        if image.dtype != np.uint8:
            raise DataError(f"{path}: {source.name(index)} has 16 bits; expected pictures of 8 bits; convert them")
        images[index] = image
    return images


def _torchvision_folder(path: Path) -> Path | None:
    if (path / TORCHVISION_FOLDER).is_dir():
        return path / TORCHVISION_FOLDER
    is_one = path.resolve().name == TORCHVISION_FOLDER or any(
        (path / name).is_file() for name in ("data_batch_1", "test_batch", "batches.meta")
    )
    return path if is_one else None


def _read_batches(folder: Path, classes: list[str], wanted: Mapping[str, int]) -> Images:
    """The images in torchvision's folder. Its files are pickles: nothing is unpickled before its checksum agrees."""
    cifar10 = torchvision_dataset()
    damage = _damage(cifar10, folder)
    if damage is not None:
        raise DataError(
            f"{folder}: {damage}; expected the unchanged folder {TORCHVISION_FOLDER} of {TORCHVISION_ARCHIVE}; "
            "fetch it again"
        )
    return np.concatenate([_read_split(cifar10, folder, split, classes, count) for split, count in wanted.items()])


def _read_split(cifar10: Any, folder: Path, split: str, classes: list[str], count: int) -> Images:
    class Batches(cifar10):  # type: ignore[misc]
        base_folder = folder.resolve().name

    stored = Batches(root=folder.resolve().parent, train=split == "train", download=False)
    targets = np.asarray(stored.targets)
    first = [np.flatnonzero(targets == stored.class_to_idx[name])[:count] for name in classes]
    return np.ascontiguousarray(stored.data[np.concatenate(first)].transpose(0, 3, 1, 2))


def _damage(cifar10: Any, folder: Path) -> str | None:
    """What is wrong with the first file that is missing or has another checksum. torchvision leaves out the last."""
    from torchvision.datasets.utils import check_integrity

    files = [*cifar10.train_list, *cifar10.test_list, (cifar10.meta["filename"], cifar10.meta["md5"])]
    for name, checksum in files:
        if not (folder / name).is_file():
            return f"the file {name} is missing"
        if not check_integrity(folder / name, checksum):
            return f"the file {name} has a wrong checksum (expected md5 {checksum})"
    return None


def _downloaded(downloads: Path, classes: list[str], wanted: Mapping[str, int]) -> tuple[Images, str]:
    root = downloads / "cifar10"
    cifar10 = torchvision_dataset()
    folder = root / TORCHVISION_FOLDER
    try:
        # A folder that is whole is only read: others may have downloaded it, for all.
        if _damage(cifar10, folder) is not None:
            root.mkdir(parents=True, exist_ok=True)
            with file_lock(root / ".lock"):
                if _damage(cifar10, folder) is not None:
                    _download(cifar10, root)
    except OSError as error:
        raise DataError(
            f"{root}: could not be written ({error}); make room or choose another folder with the key 'downloads'"
        ) from error
    return (
        _read_batches(folder, classes, wanted),
        "CIFAR-10 downloaded by torchvision, checksums verified",
    )


def _download(cifar10: Any, root: Path) -> None:
    """Download and unpack. What a killed run left is found incomplete by its checksum and replaced."""
    from torchvision.datasets.utils import check_integrity, download_and_extract_archive

    archive = root / cifar10.filename
    _log.info("downloading CIFAR-10 from %s to %s", cifar10.url, root)
    try:
        with connection_timeout(), contextlib.redirect_stderr(Progress()):
            download_and_extract_archive(cifar10.url, root, filename=cifar10.filename, md5=cifar10.tgz_md5)
    except (OSError, http.client.HTTPException, RuntimeError) as error:
        if not check_integrity(archive, cifar10.tgz_md5):
            archive.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, urllib.error.URLError) and error.errno in _DISK_ERRORS:
            raise
        raise DataError(
            f"CIFAR-10 could not be downloaded from {cifar10.url} ({error}). Connect to the network and run again, "
            "or give a local copy with `make two-layer CIFAR10=path` (Snakemake: `--config cifar10=path`), "
            f"where path is {_KINDS}. The experiments that need no download still run."
        ) from error
    _log.info("CIFAR-10 is complete in %s", root)


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process: jobs that start together download once.

    filelock would be no shorter, and where a file system has no locks it makes a file that a killed job leaves behind.
    """
    import fcntl

    with path.open("w") as file:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def connection_timeout() -> Iterator[None]:
    """torchvision sets none: without a network some machines would wait for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


class Progress(io.TextIOBase):
    """Takes torchvision's progress bar on the standard error stream and logs it now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def write(self, text: str) -> int:
        """Log the text if the last one was logged some time ago."""
        now = time.monotonic()
        if text.strip() and now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            _log.info("downloading CIFAR-10: %s", text.strip())
        return len(text)


def torchvision_dataset() -> Any:
    """torchvision's class for CIFAR-10.

    Raises:
        DataError: torchvision is not installed or does not fit torch.
    """
    return torchvision_datasets().CIFAR10


def torchvision_datasets() -> Any:
    """torchvision's module of data sets, imported when first asked for.

    A torchvision built for CUDA cannot load its operators beside a CPU build of torch, and then fails to import for
    want of two of them. The data sets use neither, so that declaring the two is enough.

    Raises:
        DataError: torchvision is not installed or does not fit torch.
    """
    global _operator_library
    try:
        try:
            from torchvision import datasets
        except RuntimeError as error:
            if "torchvision::" not in str(error):
                raise
            import torch

            library: Any = torch.library.Library
            _operator_library = library("torchvision", "FRAGMENT")
            _operator_library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _operator_library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            from torchvision import datasets
    except (ImportError, OSError, RuntimeError) as error:
        raise DataError(
            f"torchvision cannot be imported ({error}); it reads and downloads data sets: install it beside torch, "
            "or name a folder of images or an archive of one"
        ) from error
    return datasets
