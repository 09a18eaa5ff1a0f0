"""A user's own images of every kind are the images that were given."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from own_images import made, structure_of_file
from pictures_on_disk import KINDS, encoded, pixels, png, two_classes, write
from PIL import Image

from conftest import PROJECT
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.sources import pictures
from learning_dynamics.storage import netcdf


@pytest.mark.parametrize("top", ["", "around/", "a/b/"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_gives_the_same_images(tmp_path, kind, top):
    source = write(tmp_path, kind, {top + name: content for name, content in two_classes().items()})
    data = made(source, tmp_path / "data.nc")
    expected = [pixels(100 * place + number).transpose(2, 0, 1) for place in range(2) for number in range(3)]
    assert data.images.dtype == np.uint8
    assert np.array_equal(data.images, expected)
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.class_names == ("cats", "dogs")
    assert not data.is_test.any()
    assert str(tmp_path) not in data.origin
    again = made(write(tmp_path / "again", "folder", two_classes()), tmp_path / "again.nc")
    assert data.origin.split("sha256")[1] == again.origin.split("sha256")[1], "the same pictures, the same checksum"


@pytest.mark.parametrize("kind", ["folder", "pictures.tar", "pictures.zip"])
def test_splits_classes_and_numbers_that_are_wanted(tmp_path, kind):
    names = ("train/b/2.png", "train/b/1.png", "train/a/1.png", "train/c/1.png", "test/b/1.png", "test/c/1.png")
    files = {name: png(place, (4, 4)) for place, name in enumerate(names)}
    data = made(write(tmp_path, kind, files), tmp_path / "data.nc", classes=["c", "b"], images_per_class=1)
    assert np.array_equal(data.images[:, 0], [pixels(place, (4, 4)) for place in (3, 1, 5, 4)])
    assert data.labels.tolist() == [0, 1, 0, 1]
    assert data.is_test.tolist() == [False, False, True, True]


def test_a_share_of_every_class_is_held_out(tmp_path):
    source = write(tmp_path, "folder", two_classes(5, (4, 4)))
    data = made(source, tmp_path / "data.nc", test_fraction=0.4)
    assert np.bincount(data.labels[data.is_test]).tolist() == [2, 2]
    assert np.array_equal(data.images[data.is_test][0, 0], pixels(3, (4, 4)))


def test_a_class_may_be_called_train(tmp_path):
    files = {f"{name}/{n}.png": png(n, (4, 4)) for name in ("bus", "train", "test") for n in range(2)}
    assert made(write(tmp_path, "folder", files), tmp_path / "d.nc").class_names == ("bus", "test", "train")


def test_the_last_of_two_versions_in_a_tar_counts_once(tmp_path):
    import io
    import tarfile

    source = write(tmp_path, "pictures.tar", {**two_classes(1), "cats/0.png": b"an old version"})
    with tarfile.open(source, "a") as archive:
        entry = tarfile.TarInfo("cats/0.png")
        entry.size = len(png(7))
        archive.addfile(entry, io.BytesIO(png(7)))
    data = made(source, tmp_path / "data.nc")
    assert np.array_equal(data.images[0], pixels(7).transpose(2, 0, 1))
    assert np.allclose(data.mean_image, data.images.mean(axis=0) / 255)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [4, 5])
def test_one_to_four_channels_of_odd_and_even_side(tmp_path, channels, side):
    shape = (side, side) if channels == 1 else (side, side, channels)
    data = made(write(tmp_path, "folder", two_classes(2, shape)), tmp_path / "data.nc")
    assert data.shape == (channels, side, side)
    found = structure_of_file(tmp_path / "data.nc", tmp_path)
    assert found["right_singular_vectors"].shape == (2, channels, side, side)
    assert found["singular_values"].values[1] < 1e-9 * found["singular_values"].values[0], "two classes, centred"


@pytest.mark.parametrize(
    ("colour", "mode", "channels"), [("grey", "RGBA", 1), ("rgb", "L", 3), ("rgb", "P", 3), ("grey", "1", 1)]
)
def test_colours_are_converted_when_that_is_asked_for(tmp_path, colour, mode, channels):
    picture = Image.fromarray(pixels(3)).convert(mode)
    files = {**two_classes(1), "cats/1.png": encoded(picture)}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc", colour=colour)
    assert data.shape == (channels, 9, 9)
    wanted = np.asarray(picture.convert("L" if colour == "grey" else "RGB"))
    assert np.array_equal(data.images[1], wanted[None] if channels == 1 else wanted.transpose(2, 0, 1))


def test_pictures_of_any_size_are_cropped_in_the_middle_and_scaled(tmp_path):
    wide = np.zeros((10, 30, 3), dtype=np.uint8)
    wide[:, 10:20] = (200, 100, 50)
    files = {"a/0.png": encoded(Image.fromarray(wide)), "b/0.png": png(1, (40, 12, 3))}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc", side=5)
    assert data.shape == (3, 5, 5)
    colour = np.array([200, 100, 50])[:, None, None]
    assert np.abs(data.images[0] - colour.astype(int)).max() <= 1, "nothing of the sides is left"


def test_a_photograph_that_was_held_upright_is_turned(tmp_path):
    sideways = Image.fromarray(pixels(1))
    exif = sideways.getexif()
    exif[274] = 6
    files = {**two_classes(1), "cats/0.png": encoded(sideways, exif=exif)}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    assert np.array_equal(data.images[0], np.rot90(pixels(1), -1).transpose(2, 0, 1))


LAYOUTS = {"grey": (4, 5, 5), "channels first": (4, 3, 5, 5), "channels last": (4, 5, 5, 2)}


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64, ">f8"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compressed", [True, False])
def test_array_files(tmp_path, layout, kind, compressed):
    values = np.random.default_rng(0).integers(0, 256, LAYOUTS[layout]).astype(kind)
    values = values if kind == np.uint8 else values / np.dtype(kind).type(255)
    labels = np.array([1, 0, 1, 0])
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "x.npz", images=values, labels=labels, class_names=np.array(["no", "yes"]))
    data = made(tmp_path / "x.npz", tmp_path / "data.nc")
    first = {"grey": values[:, None], "channels first": values}.get(layout, np.moveaxis(values, -1, 1))
    assert np.array_equal(data.images, first[[1, 3, 0, 2]])
    assert data.images.dtype == (np.uint8 if kind == np.uint8 else np.float64)
    assert data.class_names == ("no", "yes")
    assert data.labels.tolist() == [0, 0, 1, 1]


def test_array_files_with_a_test_split(tmp_path):
    values, labels = np.random.default_rng(0).random((4, 5, 5)), np.array([0, 1, 1, 0])
    np.savez(tmp_path / "x.npz", images=values, labels=labels, test_images=values[:2], test_labels=labels[:2])
    data = made(tmp_path / "x.npz", tmp_path / "data.nc", classes=["1", "0"], side=4)
    assert data.is_test.tolist() == [False] * 4 + [True] * 2
    assert data.labels.tolist() == [0, 0, 1, 1, 0, 1]
    assert data.shape == (1, 4, 4)


def test_images_are_written_as_they_are_read(tmp_path):
    """The stream makes the same file content as the whole set in memory."""
    source = write(tmp_path, "folder", two_classes(4))
    data = made(source, tmp_path / "stream.nc")
    dataset_files.write(data, tmp_path / "whole.nc", "mine", {})
    stream, whole = (netcdf.read(tmp_path / name) for name in ("stream.nc", "whole.nc"))
    for name in whole.variables:
        assert np.array_equal(stream[name], whole[name]), name
        assert str(stream[name].attrs) == str(whole[name].attrs)
    assert np.allclose(data.mean_image, data.images.mean(axis=0) / 255)
    made(source, tmp_path / "again.nc")
    assert (tmp_path / "again.nc").read_bytes() == (tmp_path / "stream.nc").read_bytes()


def test_images_in_a_file_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_files, "_WRITTEN_AT_ONCE", 600)
    write(tmp_path, "pictures.tar", dict(reversed(two_classes(9).items())))
    whole = made(tmp_path / "pictures.tar", tmp_path / "data.nc", test_fraction=0.3)
    opened = dataset_files.open_file(tmp_path / "data.nc")
    assert np.array_equal(opened.mean_image, whole.mean_image)
    for which in (np.arange(18), np.array([5, 3, 3, 17, 0]), np.array([], dtype=int), slice(2, 5)):
        assert np.array_equal(opened.images[which], whole.images[which])
    for split in ("train", "test"):
        assert np.array_equal(opened.split(split).inputs(slice(None)), whole.split(split).inputs(slice(None)))


def test_files_that_are_no_pictures_are_passed_over_and_said(tmp_path, caplog):
    files = {**two_classes(), "cats/notes.txt": b"", "README": b"", ".hidden/0.png": b"", "dogs/.DS_Store": b""}
    assert len(made(write(tmp_path, "folder", files), tmp_path / "data.nc").images) == 6
    assert "3 files that are no pictures were passed over: .hidden, README, cats/notes.txt" in caplog.text


def test_planning_does_not_import_what_reading_needs():
    import subprocess

    code = (
        "import sys; from learning_dynamics.datasets.sources import fingerprints; "
        "from learning_dynamics.config import loading; "
        "print([name for name in ('PIL', 'xarray', 'numba', 'torch', 'scipy') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT / "workflow",
    )
    assert shown.stdout.strip() == "[]"


def test_grey_of_arrays_is_that_of_pictures():
    image = pixels(5).transpose(2, 0, 1)
    grey = pictures.adapted(image, None, "grey")
    assert np.array_equal(grey[0], np.asarray(Image.fromarray(pixels(5)).convert("L")))
    assert np.allclose(pictures.adapted(image.astype(float), None, "grey"), grey, atol=1)
