"""CIFAR-10 is the same from every kind of source; what is wrong with a source is said in one message."""

import errno
import fcntl
import functools
import hashlib
import io
import os
import pickle
import re
import shutil
import socket
import stat
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from learning_dynamics.config_datasets import CIFAR10_CLASSES, Cifar10Dataset
from learning_dynamics.datasets import cifar10, image_files
from learning_dynamics.errors import DataError

SIDE = 32
TRAIN, TEST = 3, 2
ARCHIVES = ("images.tar", "images.tar.gz", "images.tgz", "images.tar.xz", "images.txz", "images.zip")
JPEG_COPY = Path(__file__).parents[3] / "shared/data/cifar10-jpeg.tar.xz"
TWO = Cifar10Dataset(classes=["cat", "airplane"], train_images=4, test_images=2)


@functools.cache
def pixels(split, name, number):
    generator = np.random.default_rng([split == "test", CIFAR10_CLASSES.index(name), number])
    return generator.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)


def encoded(image, kind="PNG"):
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


def png(array):
    return encoded(Image.fromarray(array.transpose(1, 2, 0)))


@functools.cache
def encoded_pictures():
    return {
        f"{split}/{name}/{number:04}.png": png(pixels(split, name, number))
        for split, count in (("train", TRAIN), ("test", TEST))
        for name in CIFAR10_CLASSES
        for number in range(count)
    }


def picture_files():
    """The content of every file of a small CIFAR-10, by name."""
    return dict(encoded_pictures())


def write_folder(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_archive(path, files):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    compression = {".tar": "", ".gz": "gz", ".tgz": "gz", ".xz": "xz", ".txz": "xz"}[path.suffix]
    with tarfile.open(path, f"w:{compression}") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def write_source(folder, kind, files):
    return write_folder(folder / kind, files) if kind == "folder" else write_archive(folder / kind, files)


def make(source, settings=TWO):
    return cifar10.make(settings, str(source), Path("unused"))


def assert_is_two(data):
    """Cats, then aeroplanes; first the training images, then the test images."""
    expected = [pixels("train", name, number) for name in TWO.classes for number in range(2)]
    expected += [pixels("test", name, 0) for name in TWO.classes]
    assert np.array_equal(data.images, expected)
    assert data.images.dtype == np.uint8
    assert data.images.flags.c_contiguous
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == [0, 0, 1, 1, 0, 1]
    assert data.is_test.tolist() == [False] * 4 + [True] * 2
    assert data.class_names == ("cat", "airplane")


@pytest.mark.parametrize("top", ["", "some top folder/", "./", "./train/"])
@pytest.mark.parametrize("kind", ["folder", *ARCHIVES])
def test_every_kind_of_source_gives_the_same_images(tmp_path, kind, top):
    files = {top + name: content for name, content in picture_files().items()}
    data = make(write_source(tmp_path, kind, files))
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
    data = make(write_source(tmp_path, kind, files), settings)
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
        "train/cat/deeper/0000.png": b"not of this layout",
        "__MACOSX/train/cat/._0000.png": b"what macOS leaves beside a folder",
    }
    everything = {**picture_files(), **files}
    assert_is_two(make(write_source(tmp_path, kind, everything)))
    assert_is_two(make(write_source(tmp_path, kind, dict(reversed(everything.items())))))


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
    write_folder(tmp_path, {"train/cat/0.PNG": encoded(grey), "train/cat/1.jpeg": encoded(smooth, "JPEG")})
    (images,) = image_files.read(tmp_path, ["cat"], {"train": 2}, SIDE)["train"]
    assert np.array_equal(images[0], np.broadcast_to(grey, (3, SIDE, SIDE)))
    assert np.abs(images[1].astype(int) - np.asarray(smooth).transpose(2, 0, 1)).max() < 8


def huge_png(side):
    """An image that claims to be enormous: only its header is true to that."""
    content = bytearray(encoded(Image.new("RGB", (1, 1))))
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


BROKEN_IMAGES = {
    "too small": (encoded(Image.new("RGB", (16, 8))), "image of 16x8 pixels; expected 32x32"),
    "truncated PNG": (png(pixels("train", "cat", 0))[:1500], "not a whole PNG or JPEG image"),
    "truncated JPEG": (encoded(Image.effect_noise((SIDE, SIDE), 90), "JPEG")[:700], "not a whole PNG or JPEG image"),
    "no image": (b"GIF89a or whatever", "not a whole PNG or JPEG image"),
    "empty": (b"", "not a whole PNG or JPEG image"),
    "another format": (encoded(Image.new("RGB", (SIDE, SIDE)), "BMP"), "not a whole PNG or JPEG image"),
    "16 bits": (encoded(Image.new("I;16", (SIDE, SIDE), 40000)), "expected 8 bits per channel"),
    "many pixels": (huge_png(10_000), "exceeds limit"),
    "very many pixels": (huge_png(60_000), "exceeds limit"),
    "a large file": (png(pixels("train", "cat", 0)) + bytes(2**24), "larger than 16 MiB"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("kind", ["folder", "images.tar.gz", "images.zip"])
@pytest.mark.parametrize("broken", BROKEN_IMAGES)
def test_an_unusable_image_is_named(tmp_path, kind, broken):
    content, complaint = BROKEN_IMAGES[broken]
    source = write_source(tmp_path, kind, {**picture_files(), "train/cat/0001.png": content})
    with pytest.raises(DataError, match=re.escape("train/cat/0001.png") + f".*{complaint}") as raised:
        make(source)
    assert str(source) in str(raised.value)
    assert "\n" not in str(raised.value)


def without(*beginnings):
    return {name: content for name, content in picture_files().items() if not name.startswith(beginnings)}


def renamed(old, new):
    return {name.replace(old, new): content for name, content in picture_files().items()}


WRONG_CONTENT = {
    "no split": (without("test/"), "no folder 'test'; .*found train"),
    "misspelt split": (renamed("train/", "Train/"), r"no folder 'train' \(did you mean 'Train'\?\).*found "),
    "no class": (without("train/cat/"), "no class folder 'cat' in 'train'.*found airplane, automobile, bird, deer"),
    "misspelt class": (renamed("/airplane/", "/aeroplane/"), r"'airplane' in 'train' \(did you mean 'aeroplane'\?\)"),
    "too few": (
        without("test/cat/", "train/cat/0001", "train/cat/0002") | {"test/cat/0000.png": b""},
        "'cat' has 1 images in 'train'.*wanted 2; lower train_images or test_images, or point cifar10 at a complete",
    ),
    "no images": (
        without("train/cat/") | {"train/cat/readme.txt": b"", "train/cat/a.gif": b""},
        "'cat' has 0 images in 'train'",
    ),
    "two folders": (
        {f"{top}/{name}": content for top in "ab" for name, content in picture_files().items()},
        r"holds 2 image folders \(a, b\); expected one",
    ),
    "flat": ({f"{number}.png": b"" for number in range(30)}, "no folder 'train'.*found 0.png, .* and 20 more"),
    "file called train": ({"train": b"not a folder"}, "no folder 'train'"),
}


@pytest.mark.parametrize("kind", ["folder", "images.tar.xz", "images.zip"])
@pytest.mark.parametrize("wrong", WRONG_CONTENT)
def test_another_layout_is_described(tmp_path, kind, wrong):
    files, complaint = WRONG_CONTENT[wrong]
    source = write_source(tmp_path, kind, files)
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
    with pytest.raises(DataError, match=rf"{re.escape(str(source))}: no folder 'train'; .*found nothing"):
        make(source)


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize(
    ("damaged", "complaint"),
    [
        (lambda whole: b"", "empty file"),
        (lambda whole: b"certainly no archive" * 100, "damaged, incomplete or not readable"),
        (lambda whole: whole[: len(whole) // 3], "damaged, incomplete or not readable"),
        (lambda whole: whole[: -len(whole) // 8], "damaged, incomplete or not readable"),
    ],
    ids=["empty", "not one", "a third", "the end is missing"],
)
def test_a_damaged_archive(tmp_path, kind, damaged, complaint):
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


def test_a_damaged_header_in_a_tar_is_not_its_end(tmp_path):
    archive = write_archive(tmp_path / "images.tar", picture_files())
    content = bytearray(archive.read_bytes())
    content[content.index(b"test/truck/0001.png")] ^= 255
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"images\.tar: damaged"):
        make(archive)


def test_a_wrong_checksum_in_a_zip(tmp_path):
    archive = write_archive(tmp_path / "images.zip", picture_files())
    content = bytearray(archive.read_bytes())
    content[content.index(b"train/cat/0000.png") + 500] ^= 255
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"images\.zip.*train/cat/0000\.png"):
        make(archive)


def test_a_password(tmp_path):
    archive = write_archive(tmp_path / "images.zip", picture_files())
    content = bytearray(archive.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(content)):
            content[found.start() + flags] |= 1
    archive.write_bytes(content)
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
    with pytest.raises(DataError, match="nowhere: does not exist"):
        image_files.read(tmp_path / "nowhere", ["cat"], {"train": 1}, SIDE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("kind", ["folder", "images.tar", "images.zip"])
def test_a_source_without_permission(tmp_path, kind):
    source = write_source(tmp_path, kind, picture_files())
    source.chmod(0)
    try:
        with pytest.raises(DataError, match=f"{kind}.*permission"):
            make(source)
    finally:
        source.chmod(0o700)


def batch(split, numbers):
    """A file as torchvision's folder has it: the classes take turns."""
    places = [(name, number) for number in numbers for name in CIFAR10_CLASSES]
    return pickle.dumps(
        {
            "data": np.stack([pixels(split, name, number).reshape(-1) for name, number in places]),
            "labels": [CIFAR10_CLASSES.index(name) for name, _ in places],
        }
    )


@pytest.fixture
def batches(monkeypatch):
    """The files of a small torchvision folder whose checksums torchvision takes for the right ones."""
    dataset = cifar10.torchvision_dataset()
    files = {
        "data_batch_1": batch("train", [0]),
        "data_batch_2": batch("train", [1, 2]),
        "test_batch": batch("test", [0, 1]),
        "batches.meta": pickle.dumps({"label_names": list(CIFAR10_CLASSES)}),
    }
    checksums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(dataset, "train_list", [(name, checksums[name]) for name in files if name.startswith("data")])
    monkeypatch.setattr(dataset, "test_list", [("test_batch", checksums["test_batch"])])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": checksums["batches.meta"]}
    monkeypatch.setattr(dataset, "meta", meta)
    return files


@pytest.mark.parametrize("given", ["root", "root/cifar-10-batches-py", "renamed"])
def test_torchvisions_folder(tmp_path, batches, given):
    write_folder(tmp_path / "renamed" if given == "renamed" else tmp_path / "root/cifar-10-batches-py", batches)
    data = make(tmp_path / given)
    assert_is_two(data)
    assert "torchvision" in data.origin
    assert str(tmp_path) not in data.origin


@pytest.mark.parametrize("name", ["data_batch_2", "test_batch", "batches.meta"])
def test_a_changed_or_missing_file_in_torchvisions_folder(tmp_path, batches, name):
    class Dangerous:
        def __reduce__(self):
            return Path.touch, (tmp_path / "was unpickled",)

    folder = write_folder(tmp_path / "cifar-10-batches-py", {**batches, name: pickle.dumps(Dangerous())})
    with pytest.raises(DataError, match=f"cifar-10-batches-py: the file {name} has a wrong checksum .*fetch it again"):
        make(folder)
    assert not (tmp_path / "was unpickled").exists()
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"the file {name} is missing"):
        make(folder)


def test_torchvisions_archive_has_to_be_unpacked(tmp_path):
    archive = write_archive(tmp_path / "cifar-10-python.tar.gz", {})
    with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz.*unpack it"):
        make(archive)


def download(tmp_path):
    return cifar10.make(TWO, "torchvision", tmp_path / "downloads")


@pytest.mark.parametrize(
    "failure", [urllib.error.URLError("Name or service not known"), TimeoutError("timed out"), ConnectionResetError()]
)
def test_without_a_network_both_ways_out_are_named(tmp_path, monkeypatch, failure):
    timeouts = []

    def urlopen(*_, **__):
        timeouts.append(socket.getdefaulttimeout())
        raise failure

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError) as raised:
        download(tmp_path)
    message = str(raised.value)
    assert timeouts == [30]
    assert socket.getdefaulttimeout() is None
    assert "Connect to the network and run again" in message
    assert "make two-layer CIFAR10=path" in message
    assert "--config cifar10=path" in message
    assert "cifar-10-batches-py" in message
    assert "need no download still run" in message


class Response(io.BytesIO):
    def __init__(self, url, content):
        super().__init__(content)
        self.url = url
        self.length = len(content)


@pytest.fixture
def server(monkeypatch, batches):
    """A pretended server. ``contents`` holds what it sends in turn; the last one again and again."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, batch_content in batches.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(batch_content)
            archive.addfile(entry, io.BytesIO(batch_content))
    whole = content.getvalue()
    monkeypatch.setattr(cifar10.torchvision_dataset(), "tgz_md5", hashlib.md5(whole).hexdigest())
    served = {"content": whole, "requests": 0}

    def urlopen(request, *_, **__):
        served["requests"] += 1
        return Response(request.full_url, served["content"])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return served


# Python 3.12 and 3.13 want torchvision to name a filter when it unpacks.
@pytest.mark.filterwarnings("ignore:Python 3.14:DeprecationWarning")
class TestDownload:
    def test_it_is_kept(self, tmp_path, server, capfd):
        data = download(tmp_path)
        assert_is_two(data)
        assert "torchvision" in data.origin
        requests = server["requests"]
        assert requests > 0
        assert_is_two(download(tmp_path))
        assert server["requests"] == requests, "the second run downloads nothing"
        assert capfd.readouterr().err == "", "the progress goes to the log"

    def test_what_broke_off_is_not_taken_for_complete(self, tmp_path, server):
        whole = server["content"]
        server["content"] = whole[: len(whole) // 2]
        with pytest.raises(DataError, match="could not be downloaded"):
            download(tmp_path)
        assert not list((tmp_path / "downloads").rglob("*.tar.gz"))
        server["content"] = whole
        assert_is_two(download(tmp_path))

    @pytest.mark.parametrize("name", ["data_batch_1", "test_batch", "batches.meta", "*.tar.gz"])
    def test_what_a_killed_run_left_is_completed(self, tmp_path, server, name):
        download(tmp_path)
        downloads = tmp_path / "downloads"
        (left,) = downloads.rglob(name)
        left.write_bytes(left.read_bytes()[:100])
        if name == "*.tar.gz":
            (batch_file,) = downloads.rglob("data_batch_2")
            batch_file.unlink()
        assert_is_two(download(tmp_path))

    def test_a_folder_that_cannot_be_written(self, tmp_path, server):
        (tmp_path / "downloads").write_bytes(b"a file in the way")
        with pytest.raises(DataError, match=r"could not be written .* choose another folder with the key 'downloads'"):
            download(tmp_path)

    def test_a_full_disk(self, tmp_path, monkeypatch):
        def urlopen(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        with pytest.raises(DataError, match=r"could not be written .*No space left on device.*make room"):
            download(tmp_path)

    def test_jobs_that_start_together_take_turns(self, tmp_path, server):
        lock = tmp_path / "downloads/cifar10/.lock"
        lock.parent.mkdir(parents=True)
        results = []
        other_job = threading.Thread(target=lambda: results.append(download(tmp_path)))
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            other_job.start()
            other_job.join(0.5)
            assert server["requests"] == 0
        other_job.join(30)
        assert_is_two(*results)


@pytest.mark.skipif(not JPEG_COPY.exists(), reason=f"no {JPEG_COPY.name} beside the project")
def test_the_whole_data_set_as_jpeg():
    data = make(JPEG_COPY, Cifar10Dataset(train_images=40, test_images=8))
    assert data.images.shape == (48, 3, SIDE, SIDE)
    assert np.bincount(data.labels[data.is_test]).tolist() == [2, 2, 2, 2]
    assert len({image.tobytes() for image in data.images}) == 48
    assert 60 < data.images.mean() < 190
