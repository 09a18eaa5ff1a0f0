"""Whatever is wrong with a user's images is said in one line with the file, what was expected and what to do."""

from __future__ import annotations

import io
import pickle
import re
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures_on_disk import KINDS, deep_png, encoded, huge_png, png, two_classes, write
from PIL import Image

from learning_dynamics import config_loading, netcdf
from learning_dynamics.config_datasets import ImagesDataset
from learning_dynamics.datasets import image_source, labelled_images, make
from learning_dynamics.errors import ConfigurationError, DataError, UserError

NO_DOWNLOADS = Path("no downloads")


def make_from(source, target, **wanted):
    make.write(ImagesDataset(source=str(source), **wanted), "mine", 0, "", NO_DOWNLOADS, target)
    return labelled_images.read(target)


def refused(source, folder, **wanted):
    """The message with which a source is refused: one line, and nothing is written."""
    target = folder / "results"
    target.mkdir()
    with pytest.raises(UserError) as raised:
        make_from(source, target / "data.nc", **wanted)
    assert list(target.iterdir()) == []
    message = str(raised.value)
    assert "\n" not in message
    assert "expected" in message or "run again" in message or " set dataset." in message, "says what would be right"
    return message


BROKEN_PICTURES = {
    "truncated PNG": (png()[:150], "not a whole picture"),
    "truncated JPEG": (encoded(Image.effect_noise((9, 9), 90), "JPEG")[:-60], "not a whole picture"),
    "text": (b"certainly no picture", "not a whole picture (unknown format)"),
    "empty file": (b"", "not a whole picture (unknown format)"),
    "HTML": (b"<html>404</html>", "not a whole picture"),
    "damaged PNG": (png()[:60] + b"\0" * 40 + png()[100:], "not a whole picture"),
    "16 bits, grey": (encoded(Image.new("I;16", (9, 9), 40000)), "expected 8"),
    "16 bits, colour": (deep_png(), "16 bits per channel; expected 8"),
    "32 bits": (encoded(Image.new("F", (9, 9)), "TIFF"), "picture of mode F"),
    "for a printer": (encoded(Image.new("CMYK", (9, 9)), "JPEG"), "picture of mode CMYK"),
    "Lab": (encoded(Image.new("LAB", (9, 9)), "TIFF"), "picture of mode LAB"),
    "1x1": (encoded(Image.new("RGB", (1, 1))), "picture of 1x1 pixels; expected at least 2x2"),
    "1 row": (encoded(Image.new("RGB", (9, 1))), "picture of 9x1 pixels; expected at least 2x2"),
    "not square": (encoded(Image.new("RGB", (9, 8))), "picture of 9x8 pixels is not a square; set dataset.side"),
    "other size": (encoded(Image.new("RGB", (8, 8))), "cats/0.png is 9x9 pixels with 3 channels; expected pictures of"),
    "grey beside colour": (png(0, (9, 9)), "with 1 channel, and cats/0.png is 9x9 pixels with 3 channels"),
    "transparent beside opaque": (png(0, (9, 9, 4)), "with 4 channels, and cats/0.png.*set dataset.colour to grey or"),
    "grey and transparent": (png(0, (9, 9, 2)), "with 2 channels, and cats/0.png"),
    "claims many pixels": (huge_png(10_000), "exceeds limit"),
    "claims very many pixels": (huge_png(60_000), "exceeds limit"),
    "many bytes": (png() + bytes(2**26), "larger than 64 MiB"),
    "animation": (
        encoded(Image.new("RGB", (9, 9)), "PNG", save_all=True, append_images=[Image.new("RGB", (9, 9), "red")]),
        "holds 2 pictures; expected one",
    ),
}


@pytest.mark.parametrize("kind", ["folder", "pictures.tar", "pictures.zip"])
@pytest.mark.parametrize("broken", BROKEN_PICTURES)
def test_an_unusable_picture_is_named(tmp_path, kind, broken):
    content, complaint = BROKEN_PICTURES[broken]
    source = write(tmp_path, kind, {**two_classes(), "cats/1.png": content})
    message = refused(source, tmp_path)
    assert "cats/1.png" in message
    assert str(source) in message
    assert re.search(complaint if ".*" in complaint else re.escape(complaint), message)


def files(*names):
    return {name: png(place) for place, name in enumerate(names)}


WRONG_LAYOUTS = {
    "nothing": ({}, "no pictures.*found nothing"),
    "no pictures": ({"a/readme.txt": b"", "b/notes.doc": b""}, r"no pictures .*found a/readme\.txt, b/notes\.doc"),
    "an archive inside": ({"pictures.zip": b"PK", "more.tar.gz": b""}, "no pictures.*found more.tar.gz, pictures.zip"),
    "flat": (files("0.png", "1.png"), r"'0\.png' lies in no class folder"),
    "one beside the folders": (files("a/0.png", "b/0.png", "c.png"), r"'c\.png' lies in no class folder"),
    "one class": (files("a/0.png", "a/1.png"), r"1 class \(a\); expected 2 to 1000"),
    "one class in train": (files("train/a/0.png", "test/a/1.png"), r"1 class \(a\); expected 2 to 1000"),
    "too deep": (files("a/0.png", "b/x/0.png"), r"'b/x/0\.png' lies too deep"),
    "too deep in train": (files("train/a/0.png", "train/b/x/0.png"), r"'train/b/x/0\.png' lies too deep"),
    "beside train": (files("train/a/0.png", "train/b/0.png", "val/a/0.png"), r"'val/a/0\.png' lies beside .* 'train'"),
    "another class in test": (
        files("train/a/0.png", "train/b/0.png", "test/c/0.png"),
        "test images of c, of which there are no training images",
    ),
    "only test": (files("test/a/0.png", "test/b/0.png"), r"lies too deep"),
    "too many classes": ({f"{number}/0.png": png() for number in range(1001)}, "1001 classes .*expected 2 to 1000"),
}


@pytest.mark.parametrize("kind", ["folder", "pictures.tar.gz", "pictures.zip"])
@pytest.mark.parametrize("wrong", WRONG_LAYOUTS)
def test_another_layout_is_described(tmp_path, kind, wrong):
    content, complaint = WRONG_LAYOUTS[wrong]
    source = write(tmp_path, kind, content)
    message = refused(source, tmp_path)
    assert str(source) in message
    assert re.search(complaint, message)


WRONG_WISHES = {
    "class that is not there": (
        {"classes": ["cats", "dog"]},
        "class 'dog' (did you mean 'dogs'?); expected some of cats, dogs",
    ),
    "another name": (
        {"classes": ["cats", "zebra"]},
        "class 'zebra'; expected some of cats, dogs; correct dataset.classes",
    ),
    "second test split": ({"test_fraction": 0.5}, "has a test split of its own; expected dataset.test_fraction: 0"),
}


@pytest.mark.parametrize("wish", WRONG_WISHES)
def test_what_is_not_there_cannot_be_had(tmp_path, wish):
    wanted, complaint = WRONG_WISHES[wish]
    names = [f"{split}/{name}/{n}.png" for split in ("train", "test") for name in ("cats", "dogs") for n in range(2)]
    assert complaint in refused(write(tmp_path, "folder", files(*names)), tmp_path, **wanted)


def test_more_classes_than_values_in_an_image(tmp_path):
    source = write(tmp_path, "folder", {f"{number}/0.png": png(number, (2, 2)) for number in range(5)})
    assert "5 classes for images of 4 values; expected at most one class per value" in refused(source, tmp_path)


def test_a_link_to_nothing(tmp_path):
    source = write(tmp_path, "folder", two_classes())
    (source / "cats" / "9.png").symlink_to(tmp_path / "nowhere")
    assert "cats/9.png: a link to nothing" in refused(source, tmp_path)


def test_links_in_a_folder_are_followed_but_not_in_circles(tmp_path):
    source = write(tmp_path, "folder", two_classes())
    (source / "cats" / "again").symlink_to(source)
    (source / "lions").symlink_to(source / "dogs")
    message = refused(source, tmp_path)
    assert "lies too deep" in message
    (source / "cats" / "again").unlink()
    assert make_from(source, tmp_path / "d.nc").class_names == ("cats", "dogs", "lions")


@pytest.mark.parametrize("source", ["nowhere", "two words/ü{x}*?[a]'\"$(touch no)", "", "a\0b", "~nobody-there/x"])
def test_a_source_that_is_not_there(tmp_path, source):
    if source:
        assert "does not exist" in refused(source, tmp_path)
    else:
        with pytest.raises(ConfigurationError, match=r"source'.*at least 1 character"):
            config_loading.load({"experiments": {"mine": {"dataset": {"kind": "images", "source": ""}}}})


def test_what_may_have_been_meant_is_suggested(tmp_path):
    write(tmp_path, "folder", two_classes())
    assert "(did you mean 'folder'?)" in refused(tmp_path / "foldr", tmp_path)
    (tmp_path / "results").rmdir()
    assert "(did you mean 'torchvision:FashionMNIST'?)" in refused("FashionMNIST", tmp_path)


@pytest.mark.parametrize("name", ["pictures.rar", "pictures", "pictures.gz", "pictures.npy", "pictures.h5"])
def test_files_of_another_kind(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    assert "neither a folder nor a known kind of archive" in refused(tmp_path / name, tmp_path)


DAMAGE = {
    "empty": (lambda whole: b"", "empty file"),
    "something else": (lambda whole: b"certainly no archive" * 100, "damaged, incomplete or not readable"),
    "a third": (lambda whole: whole[: len(whole) // 3], "damaged, incomplete or not readable"),
    "without its end": (lambda whole: whole[: 5 * len(whole) // 9], "damaged, incomplete or not readable"),
}


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_archive(tmp_path, kind, damage):
    change, complaint = DAMAGE[damage]
    archive = write(tmp_path, kind, two_classes())
    archive.write_bytes(change(archive.read_bytes()))
    assert f"{archive}: {complaint}" in refused(archive, tmp_path)


@pytest.mark.parametrize("member", ["/cats/9.png", "../cats/9.png", "cats/../../9.png", "a/b/../../../9.png"])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_members_outside_an_archive(tmp_path, kind, member):
    archive = write(tmp_path, kind, {**two_classes(), member: png()})
    assert f"member '{member}' points outside the archive" in refused(archive, tmp_path)


SPECIAL = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]


@pytest.mark.parametrize("target", ["dogs/0.png", "/etc/passwd"])
@pytest.mark.parametrize("kind", SPECIAL)
def test_links_and_devices_in_a_tar(tmp_path, kind, target):
    archive = write(tmp_path, "pictures.tar", two_classes())
    entry = tarfile.TarInfo("cats/9.png")
    entry.type, entry.linkname = kind, target
    with tarfile.open(archive, "a") as appended:
        appended.addfile(entry)
    assert "member 'cats/9.png' is a link, device or other special file" in refused(archive, tmp_path)


def test_links_in_a_zip(tmp_path):
    archive = write(tmp_path, "pictures.zip", two_classes())
    entry = zipfile.ZipInfo("cats/9.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as appended:
        appended.writestr(entry, "/etc/passwd")
    assert "is a link, device" in refused(archive, tmp_path)


def encrypt(path):
    """Mark every member as protected by a password."""
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(content)):
            content[found.start() + flags] |= 1
    path.write_bytes(content)


def test_a_zip_with_a_password(tmp_path):
    archive = write(tmp_path, "pictures.zip", two_classes())
    encrypt(archive)
    assert "protected by a password" in refused(archive, tmp_path)


@pytest.mark.parametrize("kind", ["pictures.tar.gz", "pictures.tar.xz", "pictures.zip"])
def test_a_bomb_is_not_unpacked(tmp_path, kind):
    archive = write(tmp_path, kind, {**two_classes(), "cats/9.png": bytes(2**26 + 1)})
    assert archive.stat().st_size < 2**18
    assert "cats/9.png: larger than 64 MiB" in refused(archive, tmp_path)


def test_a_bomb_beside_the_pictures(tmp_path):
    archive = tmp_path / "pictures.tar"
    entry = tarfile.TarInfo("video.mp4")
    entry.size = 2**30 + 1
    with archive.open("wb") as file:
        file.write(entry.tobuf())
        file.truncate(2**30 + 4096)
    assert "video.mp4: larger than 1024 MiB" in refused(archive, tmp_path)


def array_file(folder, **arrays):
    path = folder / "images.npz"
    np.savez_compressed(path, **arrays)
    return path


IMAGES, LABELS = np.random.default_rng(0).integers(0, 256, (4, 5, 5), dtype=np.uint8), np.array([0, 1, 0, 1])
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
    "NaN": ({"images": NOT_A_NUMBER, "labels": LABELS}, "train image 1 holds a value that is not finite"),
    "infinity": ({"images": np.full((4, 5, 5), np.inf), "labels": LABELS}, "train image 0 holds a value"),
    "integers": ({"images": IMAGES.astype(int), "labels": LABELS}, "is of type int64; expected uint8"),
    "16 bits": ({"images": IMAGES.astype(np.uint16), "labels": LABELS}, "is of type uint16; expected uint8"),
    "booleans": ({"images": IMAGES > 9, "labels": LABELS}, "is of type bool"),
    "complex": ({"images": IMAGES * 1j, "labels": LABELS}, "is of type complex128"),
    "text": ({"images": np.array(["a"] * 4), "labels": LABELS}, "is of type <U1"),
    "vectors": ({"images": IMAGES.reshape(4, 25), "labels": LABELS}, r"'images' has the shape \(4, 25\)"),
    "five channels": ({"images": np.zeros((4, 5, 5, 5)), "labels": LABELS}, r"has the shape \(4, 5, 5, 5\)"),
    "five dimensions": ({"images": np.zeros((4, 1, 1, 5, 5)), "labels": LABELS}, "has the shape"),
    "a number": ({"images": np.float64(3), "labels": LABELS}, r"has the shape \(\)"),
    "none": ({"images": IMAGES[:0], "labels": LABELS[:0]}, r"has the shape \(0, 5, 5\)"),
    "no pixels": ({"images": np.zeros((4, 0, 0)), "labels": LABELS}, r"has the shape \(4, 0, 0\)"),
    "columns first": ({"images": np.asfortranarray(IMAGES), "labels": LABELS}, "Fortran order"),
    "not square": ({"images": IMAGES[:, :4], "labels": LABELS}, "train image 0: picture of 5x4 pixels is not a square"),
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
    labelled_images.write(data, path, "mine", {})


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


BAD_KEYS = {
    "{kind: images}": ["dataset.source'", "missing"],
    "{kind: images, source: 3}": ["source'", "string"],
    "{kind: images, source: []}": ["source'", "string"],
    "{kind: images, source: x, sidee: 3}": ["sidee'", "did you mean 'side'"],
    "{kind: images, source: x, color: grey}": ["color'", "did you mean 'colour'"],
    "{kind: images, source: x, side: 1}": ["side'", "greater than or equal to 2"],
    "{kind: images, source: x, side: 5000}": ["side'", "less than or equal to 4096"],
    "{kind: images, source: x, side: 32.0}": ["side'", "integer"],
    "{kind: images, source: x, side: '32'}": ["side'", "without quotes"],
    "{kind: images, source: x, side: [32, 32]}": ["side'", "integer"],
    "{kind: images, source: x, colour: gray}": ["colour'", "did you mean 'grey'"],
    "{kind: images, source: x, colour: null}": ["colour'", "expected"],
    "{kind: images, source: x, classes: a}": ["classes'", "list"],
    "{kind: images, source: x, classes: [a]}": ["classes'", "2 items"],
    "{kind: images, source: x, classes: [a, a]}": ["classes'", "twice"],
    "{kind: images, source: x, classes: [1, 2]}": ["classes.0'", "string"],
    "{kind: images, source: x, images_per_class: 0}": ["images_per_class'", "greater than or equal to 1"],
    "{kind: images, source: x, images_per_class: all}": ["images_per_class'", "integer"],
    "{kind: images, source: x, test_fraction: 1.0}": ["test_fraction'", "less than 1"],
    "{kind: images, source: x, test_fraction: -0.1}": ["test_fraction'", "greater than or equal to 0"],
    "{kind: images, source: x, test_fraction: .nan}": ["test_fraction'"],
    "{kind: images, source: x, centred: 1}": ["centred'", "boolean"],
    "{kind: image, source: x}": ["dataset'", "did you mean 'images'"],
}


@pytest.mark.parametrize("text", BAD_KEYS)
def test_a_bad_key_is_named(text):
    import yaml

    with pytest.raises(ConfigurationError) as raised:
        config_loading.load({"experiments": {"mine": {"dataset": yaml.safe_load(text), "updates": 1000}}})
    for part in BAD_KEYS[text]:
        assert part in str(raised.value), str(raised.value)


NAME = st.text(st.characters(exclude_characters="/\0\n\r", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name.strip(". ") == name and not name.startswith(".") and name not in ("train", "test", "__MACOSX")
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAME, min_size=2, max_size=4, unique_by=str.casefold), kind=st.sampled_from(KINDS))
def test_classes_of_any_name_are_read(tmp_path_factory, names, kind):
    folder = tmp_path_factory.mktemp("names")
    content = {f"{name}/0.png": png(place, (3, 3)) for place, name in enumerate(names)}
    if kind.endswith(".zip"):
        content = {name.replace("\\", "_"): file for name, file in content.items()}
    data = make_from(write(folder, kind, content), folder / "data.nc")
    assert list(data.class_names) == sorted({name.split("/")[0] for name in content})


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), start=st.integers(0, 220))
def test_any_bytes_are_a_picture_or_one_message(content, start):
    from learning_dynamics.datasets import pictures

    whole = png()
    spoilt = whole[:start] + content + whole[start + len(content) :]
    message = None
    try:
        image = pictures.decoded(spoilt, None, "as_stored")
    except DataError as error:
        message = str(error)
    if message is not None:
        assert "\n" not in message
    else:
        assert image.dtype == np.uint8
        assert image.shape[1] == image.shape[2]


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 2000), value=st.integers(0, 255), kind=st.sampled_from([*KINDS[1:], "images.npz"]))
def test_a_changed_byte_is_found_or_harmless(tmp_path_factory, position, value, kind):
    folder = tmp_path_factory.mktemp("changed")
    if kind == "images.npz":
        source = array_file(folder, images=IMAGES, labels=LABELS)
    else:
        source = write(folder, kind, two_classes(2, (3, 3)))
    content = bytearray(source.read_bytes())
    content[position % len(content)] = value
    source.write_bytes(content)
    message = None
    try:
        data = make_from(source, folder / "data.nc")
    except UserError as error:
        message = str(error)
    if message is not None:
        assert "\n" not in message
        assert not (folder / "data.nc").exists()
    else:
        # A picture whose name lost its ending is passed over, and the log says so.
        assert len(data.images) in (3, 4)


@given(
    train=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=2),
    at_most=st.none() | st.integers(1, 5),
    fraction=st.floats(0, 0.99),
)
def test_every_class_keeps_a_training_image(train, at_most, fraction):
    entries = [image_source.Entry(f"{n}", "train", name) for name, count in train.items() for n in range(count)]
    chosen, names = image_source.selected(entries, None, at_most, fraction, "made up")
    labels, is_test = image_source.places(chosen, names)
    counts = np.bincount(labels[~is_test], minlength=len(names))
    assert (counts >= 1).all()
    assert names == tuple(sorted(train))
    for label, name in enumerate(names):
        assert (labels == label).sum() == min(train[name], at_most or 9)
    assert not is_test[: np.count_nonzero(~is_test)].any(), "training images first"


def test_a_message_is_one_line_whatever_a_file_is_called(tmp_path):
    with tarfile.open(tmp_path / "pictures.tar", "w") as archive:
        for name in ("cats/0.png", "dogs/two\nlines\x1b[31m.png"):
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"abc"))
    assert "cats/0.png" in refused(tmp_path / "pictures.tar", tmp_path)
    (tmp_path / "results").rmdir()
    assert r"two\nlines\x1b[31m.png" in refused(
        write(tmp_path, "pictures.zip", {"cats/0.png": png(), "dogs/two\nlines\x1b[31m.png": b""}), tmp_path
    )
