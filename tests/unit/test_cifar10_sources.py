"""CIFAR-10 is the same from every kind of folder and archive."""

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from cifar10_on_disk import (
    ARCHIVES,
    SIDE,
    TEST,
    TRAIN,
    TWO,
    assert_is_two,
    make,
    picture_files,
    pixels,
    png,
)
from pictures_on_disk import encoded, write, write_archive, write_folder
from PIL import Image

from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES, Cifar10Dataset
from learning_dynamics.errors import DataError

JPEG_COPY = Path(__file__).parents[3] / "shared/data/cifar10-jpeg.tar.xz"


@pytest.mark.parametrize("top", ["", "some top folder/", "./", "./train/"])
@pytest.mark.parametrize("kind", ["folder", *ARCHIVES])
def test_every_kind_of_source_gives_the_same_images(tmp_path, kind, top):
    files = {top + name: content for name, content in picture_files().items()}
    data = make(write(tmp_path, kind, files))
    assert_is_two(data)
    assert data.centred is True
    assert kind in data.origin
    assert str(tmp_path) not in data.origin


@pytest.mark.parametrize("top", ["", "top", "train"])
@pytest.mark.parametrize("kind", ["tar", "gztar", "xztar", "zip"])
def test_archives_that_name_their_folders(tmp_path, kind, top):
    write_folder(tmp_path / "packed" / top, picture_files())
    assert_is_two(make(shutil.make_archive(str(tmp_path / "images"), kind, tmp_path / "packed")))


def test_the_origin_of_an_archive_has_its_checksum(tmp_path):
    archive = write_archive(tmp_path / "images.zip", picture_files())
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in make(archive).origin


@pytest.mark.parametrize("kind", ARCHIVES)
def test_the_order_in_an_archive_does_not_matter(tmp_path, kind):
    names = list(picture_files())
    np.random.default_rng(1).shuffle(names)
    shuffled = {name: picture_files()[name] for name in names}
    assert_is_two(make(write_archive(tmp_path / kind, shuffled)))
    backwards = dict(reversed(picture_files().items()))
    assert_is_two(make(write_archive(tmp_path / kind, backwards)))


def test_all_ten_classes(tmp_path):
    settings = Cifar10Dataset(classes=list(CIFAR10_CLASSES), train_images=30, test_images=20, centred=False)
    data = make(write_folder(tmp_path, picture_files()), settings)
    assert data.images.shape == (50, 3, SIDE, SIDE)
    assert np.array_equal(data.labels, [*np.repeat(np.arange(10), TRAIN), *np.repeat(np.arange(10), TEST)])
    assert data.centred is False


@pytest.mark.parametrize("kind", ["folder", "images.tar", "images.zip"])
def test_a_split_of_which_no_images_are_wanted_need_not_be_there(tmp_path, kind):
    files = {name: content for name, content in picture_files().items() if name.startswith("train/")}
    settings = Cifar10Dataset(classes=TWO.classes, train_images=4, test_images=0)
    data = make(write(tmp_path, kind, files), settings)
    assert np.array_equal(data.images, [pixels("train", name, number) for name in TWO.classes for number in range(2)])
    assert not data.is_test.any()


@pytest.mark.parametrize("kind", ["folder", "images.tar", "images.zip"])
def test_what_is_not_asked_for_is_not_looked_at(tmp_path, kind):
    files = {
        "README.md": b"not an image",
        "train/dog/0000.png": b"broken, of another class",
        "train/cat/0002.png": b"broken, after the first two",
        "train/cat/0000.txt": b"not an image",
        "train/cat/._0000.png": b"what macOS leaves beside an image",
        "__MACOSX/train/cat/._0000.png": b"what macOS leaves beside a folder",
    }
    everything = {**picture_files(), **files}
    assert_is_two(make(write(tmp_path, kind, everything)))
    assert_is_two(make(write(tmp_path, kind, dict(reversed(everything.items())))))


@pytest.mark.parametrize("number", [0, 1])
def test_the_last_of_two_versions_in_a_tar_counts(tmp_path, number):
    name = f"train/cat/{number:04}.png"
    archive = write_archive(tmp_path / "images.tar", {**picture_files(), name: b"an old version"})
    with pytest.raises(DataError, match=name):
        make(archive)
    with tarfile.open(archive, "a") as appended:
        content = png(pixels("train", "cat", number))
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        appended.addfile(entry, io.BytesIO(content))
    assert_is_two(make(archive))


def test_jpeg_and_grey_images_become_rgb(tmp_path):
    grey = Image.fromarray(np.arange(SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint8))
    smooth = Image.linear_gradient("L").resize((SIDE, SIDE)).convert("RGB")
    files = {"cat/0.PNG": encoded(grey), "cat/1.jpeg": encoded(smooth, "JPEG"), "cat/2.bmp": encoded(smooth, "BMP")}
    others = {f"dog/{number}.png": png(pixels("train", "dog", number)) for number in range(3)}
    write_folder(tmp_path / "train", {**files, **others})
    images = make(tmp_path, Cifar10Dataset(classes=["cat", "dog"], train_images=6, test_images=0)).images
    assert np.array_equal(images[0], np.broadcast_to(grey, (3, SIDE, SIDE)))
    assert np.abs(images[1].astype(int) - np.asarray(smooth).transpose(2, 0, 1)).max() < 8
    assert np.array_equal(images[2], np.asarray(smooth).transpose(2, 0, 1))


@pytest.mark.skipif(not JPEG_COPY.exists(), reason=f"no {JPEG_COPY.name} beside the project")
def test_the_whole_data_set_as_jpeg():
    data = make(JPEG_COPY, Cifar10Dataset(train_images=40, test_images=8))
    assert data.images.shape == (48, 3, SIDE, SIDE)
    assert np.bincount(data.labels[data.is_test]).tolist() == [2, 2, 2, 2]
    assert len({image.tobytes() for image in data.images}) == 48
    assert 60 < data.images.mean() < 190
