"""A user's array or data set file that is not what it should be is refused in one line; nothing is unpickled."""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from bad_images import IMAGES, LABELS, array_file, refused
from pictures_on_disk import DAMAGE, encrypt

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets import labelled_images
from learning_dynamics.storage import netcdf

NOT_A_NUMBER = np.where(np.arange(100).reshape(4, 5, 5) == 30, np.nan, 0.5)


BAD_ARRAYS = {
    "no images": ({"labels": LABELS}, "no array 'images'.*found labels"),
    "misspelt": ({"image": IMAGES, "labels": LABELS}, r"no array 'images' \(did you mean 'image'\?\)"),
    "no labels": ({"images": IMAGES}, "no array 'labels'"),
    "positional": ({"arr_0": IMAGES, "arr_1": LABELS}, "no array 'images'.*found arr_0, arr_1"),
    "objects as images": ({"images": np.array([[1], "a", None, 2], dtype=object), "labels": LABELS}, "holds objects"),
    "objects as labels": ({"images": IMAGES, "labels": np.array([0, 1, 0, 1], dtype=object)}, "holds objects"),
    "objects as names": (
        {"images": IMAGES, "labels": LABELS, "class_names": np.array(["a", "b"], dtype=object)},
        "holds objects",
    ),
    "records": ({"images": np.zeros(4, dtype=[("x", "u1")]), "labels": LABELS}, "holds objects"),
    "NaN": ({"images": NOT_A_NUMBER, "labels": LABELS}, "image 1 of 'images' holds a value that is not finite"),
    "infinity": ({"images": np.full((4, 5, 5), np.inf), "labels": LABELS}, "image 0 of 'images' holds a value"),
    "integers": (
        {"images": IMAGES.astype(int), "labels": LABELS},
        "values from 0 to 248; expected uint8 or uint16.* perhaps 255, or to auto",
    ),
    "16 bits": (
        {"images": IMAGES.astype(np.uint16), "labels": LABELS},
        "next to nothing of the full range of uint16, 0 to 65535.* perhaps 255,",
    ),
    "complex": ({"images": IMAGES * 1j, "labels": LABELS}, "is of type complex128"),
    "text": ({"images": np.array(["a"] * 4), "labels": LABELS}, "is of type <U1"),
    "vectors": ({"images": IMAGES.reshape(4, 25), "labels": LABELS}, r"'images' has the shape \(4, 25\)"),
    "five channels": ({"images": np.zeros((4, 5, 5, 5)), "labels": LABELS}, r"has the shape \(4, 5, 5, 5\)"),
    "five dimensions": ({"images": np.zeros((4, 1, 1, 5, 5)), "labels": LABELS}, "has the shape"),
    "a number": ({"images": np.float64(3), "labels": LABELS}, r"has the shape \(\)"),
    "none": ({"images": IMAGES[:0], "labels": LABELS[:0]}, "'labels' is empty"),
    "no pixels": ({"images": np.zeros((4, 0, 0)), "labels": LABELS}, r"has the shape \(4, 0, 0\)"),
    "columns first": ({"images": np.asfortranarray(IMAGES), "labels": LABELS}, "Fortran order"),
    "not square": (
        {"images": IMAGES[:, :4], "labels": LABELS},
        "image 0 of 'images': picture of 5x4 pixels is not a square",
    ),
    "one pixel": ({"images": IMAGES[:, :1, :1], "labels": LABELS}, "expected at least 2x2"),
    "fewer labels": ({"images": IMAGES, "labels": LABELS[:3]}, "4 images in 'images', but 3 labels"),
    "labels as numbers": ({"images": IMAGES, "labels": LABELS * 1.0}, "'labels' is of type float64"),
    "labels as text": ({"images": IMAGES, "labels": LABELS.astype(str)}, "'labels' is of type <U"),
    "one-hot labels": ({"images": IMAGES, "labels": np.eye(4, dtype=int)}, r"shape \(4, 4\)"),
    "negative label": ({"images": IMAGES, "labels": LABELS - 1}, "'labels' holds -1"),
    "large label": ({"images": IMAGES, "labels": LABELS + 2**40}, "'labels' holds 1099511627777"),
    "gap": ({"images": IMAGES, "labels": LABELS * 2}, "no training image has label 1; expected labels from 0 to 2"),
    "more than names": (
        {"images": IMAGES, "labels": LABELS, "class_names": np.array(["a"])},
        "train label 1 is out of range; expected 0 to 0",
    ),
    "name of no image": (
        {"images": IMAGES, "labels": LABELS, "class_names": np.array(["a", "b", "c"])},
        "no training image has label 2",
    ),
    "same names": ({"images": IMAGES, "labels": LABELS, "class_names": np.array(["a", "a"])}, "the same name"),
    "names as numbers": ({"images": IMAGES, "labels": LABELS, "class_names": np.array([1, 2])}, "one text per class"),
    "one class": ({"images": IMAGES, "labels": LABELS * 0}, "1 class"),
    "test without labels": ({"images": IMAGES, "labels": LABELS, "test_images": IMAGES}, "no array 'test_labels'"),
    "other test label": (
        {"images": IMAGES, "labels": LABELS, "test_images": IMAGES, "test_labels": LABELS + 1},
        "no training image has label 2",
    ),
}


@pytest.mark.parametrize("bad", BAD_ARRAYS)
def test_an_array_file_with(tmp_path, bad):
    arrays, complaint = BAD_ARRAYS[bad]
    source = array_file(tmp_path, **arrays)
    message = refused(source, tmp_path)
    assert str(source) in message
    assert re.search(complaint, message)


def test_nothing_in_an_array_file_is_unpickled(tmp_path):
    class Dangerous:
        def __reduce__(self):
            return Path.touch, (tmp_path / "was unpickled",)

    harmless = array_file(tmp_path, images=IMAGES, labels=LABELS)
    with zipfile.ZipFile(harmless) as archive:
        labels = archive.read("labels.npy")
    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }".ljust(117) + b"\n"
    for content in (header + pickle.dumps(Dangerous()), pickle.dumps(Dangerous())):
        with zipfile.ZipFile(harmless, "w") as archive:
            archive.writestr("images.npy", content)
            archive.writestr("labels.npy", labels)
        message = refused(harmless, tmp_path)
        assert "holds objects" in message or "not readable" in message
        assert not (tmp_path / "was unpickled").exists()
        (tmp_path / "results").rmdir()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_array_file(tmp_path, damage):
    source = array_file(tmp_path, images=IMAGES, labels=LABELS)
    source.write_bytes(DAMAGE[damage][0](source.read_bytes()))
    assert "damaged, incomplete or not readable" in refused(source, tmp_path)


def test_an_array_file_that_claims_more_than_it_has(tmp_path):
    source = array_file(tmp_path, images=IMAGES, labels=LABELS)
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for claim in (b"(4000000000, 5, 5)", b"(4, 5, 50000000000)"):
        said = b"(4, 5, 5), }" + b" " * (len(claim) - 9)
        assert said in parts["images.npy"]
        grown = parts["images.npy"].replace(said, claim + b", }")
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("images.npy", grown)
            archive.writestr("labels.npy", parts["labels.npy"])
        assert str(source) in refused(source, tmp_path)
        (tmp_path / "results").rmdir()


def test_an_array_file_with_a_password(tmp_path):
    source = array_file(tmp_path, images=IMAGES, labels=LABELS)
    encrypt(source)
    assert "protected by a password" in refused(source, tmp_path)


def other_netcdf(path):
    netcdf.write(xr.Dataset({"x": netcdf.variable(("t",), [1.0], "x")}), path)


def our_netcdf(path, images=IMAGES[:, None], labels=LABELS, centred=True):
    data = labelled_images.LabelledImages(images, labels, np.zeros(4, dtype=bool), ("a", "b"), centred, "made up")
    dataset_files.write(data, path, "mine", {})


BAD_NETCDF = {
    "another layout": (other_netcdf, "not a data set file"),
    "no NetCDF": (lambda path: path.write_bytes(b"nothing"), "not a readable NetCDF file"),
    "empty": (lambda path: path.write_bytes(b""), "not a readable NetCDF file"),
    "five channels": (lambda path: our_netcdf(path, np.zeros((4, 5, 3, 3))), "expected .images, 1 to 4 channels"),
    "label without a name": (
        lambda path: our_netcdf(path, labels=LABELS + 1),
        "a label lies outside what is expected, 0 to 1",
    ),
    "not square": (lambda path: our_netcdf(path, np.zeros((4, 1, 3, 4))), "picture of 4x3 pixels is not a square"),
}


@pytest.mark.parametrize("bad", BAD_NETCDF)
def test_a_netcdf_file_with(tmp_path, bad):
    spoil, complaint = BAD_NETCDF[bad]
    source = tmp_path / "data.nc"
    spoil(source)
    assert re.search(complaint, refused(source, tmp_path))


def test_a_truncated_netcdf_file(tmp_path):
    source = tmp_path / "data.nc"
    our_netcdf(source)
    source.write_bytes(source.read_bytes()[:-2000])
    assert "not a readable NetCDF file" in refused(source, tmp_path)
