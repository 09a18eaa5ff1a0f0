"""A source counts as changed when something that is read of it has changed, and only then."""

from __future__ import annotations

import io
import os
import shutil

import numpy as np
import pytest
from bad_images import IMAGES, LABELS, array_file
from own_images import NO_DOWNLOADS
from pictures_on_disk import encoded, png, two_classes, write
from PIL import Image

from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.images import ImagesDataset
from learning_dynamics.datasets.sources import fingerprints


def pictures():
    """Of which all have the same size in bytes."""
    images = {path: Image.open(io.BytesIO(content)) for path, content in two_classes().items()}
    return {path: encoded(image, compress_level=0) for path, image in images.items()}


class Read:
    """A source that was read, and what it is now."""

    def __init__(self, folder, kind="folder", files=None, **wanted):
        self.record = folder / "sources" / "mine.json"
        if kind == "arrays":
            self.source = array_file(folder, images=IMAGES, labels=LABELS)
        else:
            self.source = write(folder, kind, files or pictures())
        self.dataset = ImagesDataset(source=str(self.source), **wanted)
        self.planned = self.now()
        self.read(folder)

    def now(self):
        return self.dataset.source_state(self.record)

    def read(self, folder):
        making = Making("mine", 0, downloads=NO_DOWNLOADS, source_record=self.record)
        self.dataset.write(making, folder / "data.nc")

    @property
    def changed(self):
        return self.now() != self.planned


def later(path):
    """A newer time of change."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 5_000_000_000))


def same_size(path):
    """Another picture of the same size in bytes."""
    before = path.read_bytes()
    inverted = encoded(Image.fromarray(255 - np.asarray(Image.open(path))), compress_level=0)
    assert len(inverted) == len(before)
    path.write_bytes(inverted)
    later(path)


NOTHING = {
    "nothing": lambda source: None,
    "new times": lambda source: [later(path) for path in (source, *source.rglob("*"))],
    "a file manager": lambda source: (source / ".DS_Store").write_bytes(b"x"),
    "a file manager in a class": lambda source: (source / "cats" / "Thumbs.db").write_bytes(b"x"),
    "a notebook": lambda source: write(source, "cats/.ipynb_checkpoints", {"0-checkpoint.png": png()}),
    "a hidden picture": lambda source: (source / "cats" / ".0.png").write_bytes(png()),
    "a note": lambda source: (source / "notes.txt").write_bytes(b"x"),
    "an empty folder": lambda source: (source / "cats" / "more").mkdir(),
    "a copy": lambda source: (
        shutil.copytree(source, source.with_name("x")),
        shutil.rmtree(source),
        source.with_name("x").rename(source),
    ),
}
SOMETHING = {
    "changed in place": lambda source: same_size(source / "cats" / "0.png"),
    "another size": lambda source: (source / "cats" / "0.png").write_bytes(png(7, (9, 9, 3)) + b"x"),
    "taken away": lambda source: (source / "cats" / "0.png").unlink(),
    "added": lambda source: (source / "cats" / "9.png").write_bytes(png()),
    "added without an ending": lambda source: (source / "cats" / "picture").write_bytes(png()),
    "renamed": lambda source: (source / "cats" / "0.png").rename(source / "cats" / "00.png"),
    "moved": lambda source: (source / "cats" / "0.png").rename(source / "dogs" / "x.png"),
    "two exchanged": lambda source: [
        (source / "x").write_bytes((source / "cats" / "0.png").read_bytes()),
        shutil.copy(source / "cats" / "1.png", source / "cats" / "0.png"),
        (source / "x").rename(source / "cats" / "1.png"),
    ],
    "a table": lambda source: (source / "labels.csv").write_bytes(b"0.png,x\n"),
}


@pytest.mark.parametrize("change", NOTHING)
def test_what_is_not_read_changes_nothing(tmp_path, change):
    read = Read(tmp_path)
    NOTHING[change](read.source)
    assert not read.changed


@pytest.mark.parametrize("change", SOMETHING)
def test_what_is_read_is_noticed(tmp_path, change):
    read = Read(tmp_path)
    SOMETHING[change](read.source)
    assert read.changed


def test_a_source_that_was_read_again_is_unchanged(tmp_path):
    read = Read(tmp_path)
    for change in ("changed in place", "added", "taken away"):
        SOMETHING[change](read.source)
        read.planned = read.now()
        read.read(tmp_path)
        assert not read.changed, change
        NOTHING["new times"](read.source)
        assert not read.changed, change


@pytest.mark.parametrize("kind", ["pictures.zip", "pictures.tar.gz", "arrays"])
def test_a_file_is_known_by_its_content(tmp_path, kind):
    read = Read(tmp_path, kind)
    later(read.source)
    assert not read.changed
    content = read.source.read_bytes()
    read.source.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    later(read.source)
    assert read.changed
    read.source.write_bytes(content)
    assert not read.changed
    read.source.write_bytes(content + b"x")
    assert read.changed


def test_pictures_that_were_not_wanted_do_not_count(tmp_path):
    read = Read(tmp_path, images_per_class=2)
    same_size(read.source / "cats" / "2.png")
    assert not read.changed
    same_size(read.source / "cats" / "1.png")
    assert read.changed


def test_a_table_counts_with_its_content(tmp_path):
    files = {"a.png": png(0), "b.png": png(1), "c.png": png(2), "labels.csv": b"a.png,x\nb.png,y\n"}
    read = Read(tmp_path, files=files)
    later(read.source / "labels.csv")
    assert not read.changed
    (read.source / "labels.csv").write_bytes(b"a.png,y\nb.png,x\n")
    later(read.source / "labels.csv")
    assert read.changed


def test_a_picture_that_changes_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    from learning_dynamics.datasets import files

    original = files.write_stream

    def changing(source, *arguments, **keywords):
        reading = original(source, *arguments, **keywords)
        same_size(tmp_path / "folder" / "cats" / "0.png")
        return reading

    monkeypatch.setattr(files, "write_stream", changing)
    read = Read(tmp_path)
    assert read.changed
    planned = read.now()
    monkeypatch.undo()
    read.read(tmp_path)
    assert read.now() == planned


def test_a_record_that_is_gone_or_damaged_is_no_reason_to_read_again(tmp_path):
    read = Read(tmp_path)
    for content in (b"", b"{", b"[]", b'{"cats/0.png": 3}', b'{"cats/0.png": [1]}', b"\xff"):
        read.record.write_bytes(content)
        assert not read.changed
    read.record.unlink()
    assert not read.changed


def test_what_is_no_path_has_no_state(tmp_path):
    assert fingerprints.fingerprint(str(tmp_path / "nowhere")) == ""
    assert fingerprints.fingerprint("torchvision:MNIST") == ""
    assert fingerprints.fingerprint("a\0b") == ""


def test_pipes_are_not_opened(tmp_path):
    source = write(tmp_path, "folder", two_classes())
    os.mkfifo(source / "cats" / "pipe")
    read = Read(tmp_path)
    assert len(np.unique(read.now())) == 1
