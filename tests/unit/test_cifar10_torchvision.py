"""CIFAR-10 from torchvision's folder, and its download: kept, completed, or refused in one message."""

import errno
import fcntl
import hashlib
import io
import pickle
import socket
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from cifar10_on_disk import TWO, assert_is_two, make, pixels
from pictures_on_disk import write_archive, write_folder

from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES
from learning_dynamics.datasets.sources import cifar10
from learning_dynamics.errors import DataError


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
    return TWO.make(Making("cifar10", 0, "torchvision", tmp_path / "downloads"))


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

    def test_what_is_whole_is_only_read(self, tmp_path, server):
        download(tmp_path)
        lock = tmp_path / "downloads/cifar10/.lock"
        lock.unlink()
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "downloads").rglob("*")}
        assert_is_two(download(tmp_path))
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / "downloads").rglob("*")} == before

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
