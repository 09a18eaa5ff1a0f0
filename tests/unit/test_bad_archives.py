"""A damaged or hostile archive of a user's pictures is refused in one line, and nothing is unpacked."""

from __future__ import annotations

import stat
import tarfile
import zipfile

import pytest
from bad_images import refused
from pictures_on_disk import DAMAGE, KINDS, encrypt, png, two_classes, write


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
