"""What is wrong with a folder or archive of CIFAR-10 is said in one message."""

import os
import re
import stat
import tarfile
import zipfile

import pytest
from cifar10_on_disk import (
    ARCHIVES,
    SIDE,
    assert_is_two,
    make,
    picture_files,
    pixels,
    png,
)
from pictures_on_disk import DAMAGE, encoded, encrypt, huge_png, write, write_archive
from PIL import Image

from learning_dynamics.errors import DataError

BROKEN_IMAGES = {
    "too small": (encoded(Image.new("RGB", (16, 8))), "picture of 16x8 pixels; expected 32x32"),
    "too large": (encoded(Image.new("RGB", (64, 64))), "picture of 64x64 pixels; expected 32x32; scale it or leave"),
    "truncated PNG": (png(pixels("train", "cat", 0))[:1500], "not a whole picture"),
    "truncated JPEG": (encoded(Image.effect_noise((SIDE, SIDE), 90), "JPEG")[:700], "not a whole picture"),
    "no image": (b"GIF89a or whatever", "not a whole picture"),
    "empty": (b"", "not a whole picture"),
    "another format": (encoded(Image.new("RGB", (SIDE, SIDE)), "GIF"), "not a whole picture .unknown format."),
    "16 bits": (
        encoded(Image.new("I;16", (SIDE, SIDE), 40000)),
        "3 channels of uint16, and .* of uint8; expected images of one size",
    ),
    "for a printer": (
        encoded(Image.new("CMYK", (SIDE, SIDE)), "JPEG"),
        "picture of mode CMYK; expected grey with 8 or 16 bits, or red",
    ),
    "many pixels": (huge_png(10_000), "exceeds limit"),
    "very many pixels": (huge_png(60_000), "exceeds limit"),
    "a large file": (png(pixels("train", "cat", 0)) + bytes(2**26), "larger than 64 MiB"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("kind", ["folder", "images.tar.gz", "images.zip"])
@pytest.mark.parametrize("broken", BROKEN_IMAGES)
def test_an_unusable_image_is_named(tmp_path, kind, broken):
    content, complaint = BROKEN_IMAGES[broken]
    source = write(tmp_path, kind, {**picture_files(), "train/cat/0001.png": content})
    with pytest.raises(DataError, match=re.escape("train/cat/0001.png") + f".*{complaint}") as raised:
        make(source)
    assert str(source) in str(raised.value)
    assert "\n" not in str(raised.value)


def without(*beginnings):
    return {name: content for name, content in picture_files().items() if not name.startswith(beginnings)}


def renamed(old, new):
    return {name.replace(old, new): content for name, content in picture_files().items()}


WRONG_CONTENT = {
    "no split": (without("test/"), "'cat' has 0 pictures in 'test', wanted 1; expected .*train/<class>/<picture> and"),
    "misspelt split": (
        renamed("train/", "trains/"),
        r"'trains/airplane/0000.png' lies too deep \(did you mean 'train'\?\); expected .*train/<class>/<picture>",
    ),
    "no class": (without("train/cat/"), "no training images of class 'cat'.*expected some of airplane, automobile,"),
    "misspelt class": (renamed("/airplane/", "/aeroplane/"), r"class 'airplane' \(did you mean 'aeroplane'\?\)"),
    "too few": (
        without("test/cat/", "train/cat/0001", "train/cat/0002") | {"test/cat/0000.png": b""},
        "'cat' has 1 pictures in 'train', wanted 2; .*lower train_images or test_images, or point cifar10 at a",
    ),
    "no images": (
        without("train/cat/") | {"train/cat/readme.txt": b"", "train/cat/a.gif": b""},
        r"the class folder 'train/cat' holds no picture, but train/cat/a\.gif, train/cat/readme\.txt",
    ),
    "too deep": (picture_files() | {"train/cat/deeper/0000.png": b""}, "'train/cat/deeper/0000.png' lies too deep"),
    "two folders": (
        {f"{top}/{name}": content for top in "ab" for name, content in picture_files().items()},
        "'a/(test|train)/airplane/0000.png' lies too deep; expected",
    ),
    "flat": ({f"{number}.png": b"" for number in range(30)}, "'0.png' lies in no class folder; expected"),
    "file called train": ({"train": b"not a folder"}, "no pictures .*; expected .*train/<class>/.*found train"),
}


@pytest.mark.parametrize("kind", ["folder", "images.tar.xz", "images.zip"])
@pytest.mark.parametrize("wrong", WRONG_CONTENT)
def test_another_layout_is_described(tmp_path, kind, wrong):
    files, complaint = WRONG_CONTENT[wrong]
    source = write(tmp_path, kind, files)
    with pytest.raises(DataError, match=complaint) as raised:
        make(source)
    assert str(source) in str(raised.value)


@pytest.mark.parametrize("kind", ["folder", *ARCHIVES])
def test_a_source_without_any_file(tmp_path, kind):
    source = tmp_path / kind
    if kind == "folder":
        source.mkdir()
    else:
        write_archive(source, {})
    with pytest.raises(DataError, match=rf"{re.escape(str(source))}: no pictures .*; expected .*found nothing"):
        make(source)


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_archive(tmp_path, kind, damage):
    damaged, complaint = DAMAGE[damage]
    archive = write_archive(tmp_path / kind, picture_files())
    archive.write_bytes(damaged(archive.read_bytes()))
    with pytest.raises(DataError, match=f"{re.escape(str(archive))}: {complaint}"):
        make(archive)


@pytest.mark.parametrize("kind", ["images.tar.gz", "images.tar.xz"])
def test_a_wrong_checksum_at_the_end_of_a_compressed_tar(tmp_path, kind):
    archive = write_archive(tmp_path / kind, picture_files())
    content = bytearray(archive.read_bytes())
    content[-6] ^= 255
    archive.write_bytes(content)
    with pytest.raises(DataError, match=f"{kind}: damaged"):
        make(archive)


def flip(archive, text, offset=0):
    """Alter the byte so far behind the first occurrence of a text."""
    content = bytearray(archive.read_bytes())
    content[content.index(text) + offset] ^= 255
    archive.write_bytes(content)


def test_a_damaged_header_in_a_tar_is_not_its_end(tmp_path):
    archive = write_archive(tmp_path / "images.tar", picture_files())
    flip(archive, b"test/truck/0001.png")
    with pytest.raises(DataError, match=r"images\.tar: damaged"):
        make(archive)


def test_a_wrong_checksum_in_a_zip(tmp_path):
    archive = write_archive(tmp_path / "images.zip", picture_files())
    flip(archive, b"train/cat/0000.png", 500)
    with pytest.raises(DataError, match=r"images\.zip.*train/cat/0000\.png"):
        make(archive)


def test_a_password(tmp_path):
    archive = write_archive(tmp_path / "images.zip", picture_files())
    encrypt(archive)
    with pytest.raises(DataError, match=r"images\.zip: .* password; expected a zip without"):
        make(archive)


@pytest.mark.parametrize("member", ["/train/cat/0000.png", "../train/cat/9.png", "train/../../cat/9.png"])
@pytest.mark.parametrize("kind", ["images.tar", "images.tar.xz", "images.zip"])
def test_members_outside_the_archive_are_refused(tmp_path, kind, member):
    archive = write_archive(tmp_path / kind, {**picture_files(), member: b""})
    with pytest.raises(DataError, match=f"{kind}: member '{re.escape(member)}' points outside"):
        make(archive)


def test_windows_paths_in_a_zip(tmp_path):
    assert_is_two(make(write_archive(tmp_path / "images.zip", renamed("/", "\\"))))
    absolute = write_archive(tmp_path / "absolute.zip", {**picture_files(), "C:\\train\\cat\\0.png": b""})
    with pytest.raises(DataError, match="points outside"):
        make(absolute)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    archive = write_archive(tmp_path / "images.tar", picture_files())
    entry = tarfile.TarInfo("train/cat/0009.png")
    entry.type, entry.linkname = kind, "train/cat/0000.png"
    with tarfile.open(archive, "a") as appended:
        appended.addfile(entry)
    with pytest.raises(DataError, match=r"images\.tar: member 'train/cat/0009\.png' is a link, device"):
        make(archive)


def test_links_in_a_zip_are_refused(tmp_path):
    archive = write_archive(tmp_path / "images.zip", picture_files())
    entry = zipfile.ZipInfo("train/cat/0009.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as appended:
        appended.writestr(entry, "0000.png")
    with pytest.raises(DataError, match=r"images\.zip: member 'train/cat/0009\.png' is a link, device"):
        make(archive)


def test_an_unsupported_kind_of_file(tmp_path):
    file = tmp_path / "images.rar"
    file.write_bytes(b"anything")
    with pytest.raises(DataError, match=r"images\.rar: .*expected a folder or a file ending in \.tar, .*\.zip"):
        make(file)


def test_a_missing_path_is_never_replaced_by_other_data(tmp_path):
    with pytest.raises(DataError, match=r"^cifar10: '.*nowhere' does not exist; expected 'torchvision' .* archive"):
        make(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"'torchvison' does not exist \(did you mean 'torchvision'\?\)"):
        make("torchvison")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("kind", ["folder", "images.tar", "images.zip"])
def test_a_source_without_permission(tmp_path, kind):
    source = write(tmp_path, kind, picture_files())
    source.chmod(0)
    try:
        with pytest.raises(DataError, match=f"{kind}.*permission"):
            make(source)
    finally:
        source.chmod(0o700)
