"""What is wrong with a user's pictures or their folders is said in one line, with what to do."""

from __future__ import annotations

import io
import re
import tarfile

import pytest
from bad_images import refused
from own_images import made
from pictures_on_disk import deep_png, encoded, huge_png, png, two_classes, write
from PIL import Image

from learning_dynamics.config import loading
from learning_dynamics.errors import ConfigurationError

BROKEN_PICTURES = {
    "truncated PNG": (png()[:150], "not a whole picture"),
    "truncated JPEG": (encoded(Image.effect_noise((9, 9), 90), "JPEG")[:-60], "not a whole picture"),
    "text": (b"certainly no picture", "not a whole picture (unknown format)"),
    "empty file": (b"", "not a whole picture (unknown format)"),
    "HTML": (b"<html>404</html>", "not a whole picture"),
    "damaged PNG": (png()[:60] + b"\0" * 40 + png()[100:], "not a whole picture"),
    "16 bits beside 8": (
        encoded(Image.new("I;16", (9, 9), 40000)),
        "9x9 pixels with 1 channel of uint16, and cats/0.png is 9x9 pixels with 3 channels of uint8",
    ),
    "16 bits, colour": (deep_png(), "16 bits per channel in several channels; expected 8, or 16 in grey"),
    "32 bits": (encoded(Image.new("F", (9, 9)), "TIFF"), "picture of mode F"),
    "for a printer": (encoded(Image.new("CMYK", (9, 9)), "JPEG"), "picture of mode CMYK"),
    "Lab": (encoded(Image.new("LAB", (9, 9)), "TIFF"), "picture of mode LAB"),
    "1x1": (encoded(Image.new("RGB", (1, 1))), "picture of 1x1 pixels; expected at least 2x2"),
    "1 row": (encoded(Image.new("RGB", (9, 1))), "picture of 9x1 pixels; expected at least 2x2"),
    "not square": (encoded(Image.new("RGB", (9, 8))), "picture of 9x8 pixels is not a square; set dataset.side"),
    "other size": (
        encoded(Image.new("RGB", (8, 8))),
        "cats/0.png is 9x9 pixels with 3 channels of uint8; expected images of",
    ),
    "grey beside colour": (png(0, (9, 9)), "with 1 channel of uint8, and cats/0.png is 9x9 pixels with 3 channels"),
    "transparent beside opaque": (
        png(0, (9, 9, 4)),
        "with 4 channels of uint8, and .*cats/0.png.*set dataset.colour to grey or",
    ),
    "grey and transparent": (png(0, (9, 9, 2)), "with 2 channels of uint8, and cats/0.png"),
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
    "beside train": (
        files("train/a/0.png", "train/b/0.png", "more/a/0.png"),
        r"'more/a/0\.png' lies beside .* 'train'",
    ),
    "another class in test": (
        files("train/a/0.png", "train/b/0.png", "test/c/0.png"),
        "test images of c, of which there are no training images",
    ),
    "only test": (
        files("test/a/0.png", "test/b/0.png"),
        "holds test, but no training split; expected a folder 'train'",
    ),
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
    data = made(source, tmp_path / "d.nc")
    assert data.class_names == ("cats", "dogs", "lions")
    assert [part.path for part in data.reading.passed_over] == ["cats/again"]


@pytest.mark.parametrize("source", ["nowhere", "two words/ü{x}*?[a]'\"$(touch no)", "", "a\0b", "~nobody-there/x"])
def test_a_source_that_is_not_there(tmp_path, source):
    if source:
        assert "does not exist" in refused(source, tmp_path)
    else:
        with pytest.raises(ConfigurationError, match=r"source'.*at least 1 character"):
            loading.load({"experiments": {"mine": {"dataset": {"kind": "images", "source": ""}}}})


def test_what_may_have_been_meant_is_suggested(tmp_path):
    write(tmp_path, "folder", two_classes())
    assert "(did you mean 'folder'?)" in refused(tmp_path / "foldr", tmp_path)
    (tmp_path / "results").rmdir()
    assert "(did you mean 'torchvision:FashionMNIST'?)" in refused("FashionMNIST", tmp_path)


@pytest.mark.parametrize("name", ["pictures.rar", "pictures", "pictures.gz", "pictures.npy", "pictures.h5"])
def test_files_of_another_kind(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    assert "neither a folder nor a known kind of archive" in refused(tmp_path / name, tmp_path)


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
