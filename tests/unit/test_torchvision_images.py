"""Any classification data set of torchvision is read by its name."""

from __future__ import annotations

import inspect
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from pictures_on_disk import pixels
from PIL import Image

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.images import ImagesDataset
from learning_dynamics.datasets.sources import cifar10
from learning_dynamics.errors import DataError


class FakeImages:
    """A data set as torchvision has them: MNIST's way, or with ``split`` SVHN's way."""

    def __init__(self, root, train=True, download=False):
        if not download and not Path(root, "fake_images").is_dir():
            raise RuntimeError("Dataset not found.\nYou can use download=True to download it")
        assert Path(root).is_dir()
        self.targets = [2, 0, 1, 0] if train else [1, 0]
        self.classes = ["zero", "one", "two"]
        self.first = 0 if train else 10

    def __getitem__(self, number):
        return Image.fromarray(pixels(self.first + number)), self.targets[number]

    def __len__(self):
        return len(self.targets)


class FakeSplits(FakeImages):
    def __init__(self, root, split="train", transform=None, download=False):
        if split not in ("train", "test", "extra"):
            raise ValueError("unknown split")
        super().__init__(root, split == "train", download)
        self.labels = np.array(self.targets)
        del self.targets

    def __getitem__(self, number):
        return Image.fromarray(pixels(self.first + number)), int(self.labels[number])

    def __len__(self):
        return len(self.labels)


class FakeCaptions(FakeImages):
    def __init__(self, root, train=True, download=False):
        super().__init__(root, train, download)
        self.targets = ["a dog", "a cat", "a bird", "a dog"]


@pytest.fixture
def torchvision(monkeypatch):
    datasets = cifar10.torchvision_datasets()
    for kind in (FakeImages, FakeSplits, FakeCaptions):
        monkeypatch.setattr(datasets, kind.__name__, kind, raising=False)
    monkeypatch.setattr(datasets, "__all__", (*datasets.__all__, "FakeImages", "FakeSplits", "FakeCaptions"))
    return datasets


def from_torchvision(name, folder, **wanted):
    dataset = ImagesDataset(source=f"torchvision:{name}", **wanted)
    dataset.write(Making("mine", 0, downloads=folder / "downloads"), folder / "data.nc")
    return dataset_files.read(folder / "data.nc")


@pytest.mark.parametrize("name", ["FakeImages", "FakeSplits"])
def test_data_sets_of_torchvision(tmp_path, torchvision, name):
    data = from_torchvision(name, tmp_path)
    assert data.class_names == ("zero", "one", "two")
    assert data.labels.tolist() == [0, 0, 1, 2, 0, 1]
    assert np.array_equal(data.images, [pixels(n).transpose(2, 0, 1) for n in (1, 3, 2, 0, 11, 10)])
    assert data.is_test.tolist() == [False] * 4 + [True] * 2
    chosen = from_torchvision(name, tmp_path, classes=["two", "zero"], images_per_class=1, side=4, colour="grey")
    assert chosen.images.shape == (3, 1, 4, 4)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("FashionMNST", r"no data set of this name \(did you mean 'FashionMNIST'\?\)"),
        ("Nothing like it", "no data set of this name"),
        ("FakeCaptions", "does not say one class for each image"),
        ("FakeData", "cannot be asked for a training split"),
        ("ImageFolder", "cannot be asked for a training split"),
        ("VisionDataset", "cannot be asked for a training split"),
        ("", "no data set of this name"),
    ],
)
def test_other_names_of_torchvision(tmp_path, torchvision, name, complaint):
    with pytest.raises(DataError, match=complaint) as raised:
        from_torchvision(name, tmp_path)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "data.nc").exists()


def test_an_interrupted_download_is_not_taken_for_whole(tmp_path, torchvision, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_, download, **__):
        if download:
            raise Killed
        raise RuntimeError("Dataset not found")

    original = torchvision.FakeImages.__init__
    killed.__signature__ = inspect.signature(original)
    monkeypatch.setattr(torchvision.FakeImages, "__init__", killed)
    with pytest.raises(Killed):
        from_torchvision("FakeImages", tmp_path)
    monkeypatch.setattr(torchvision.FakeImages, "__init__", original)
    with pytest.raises(DataError, match="interrupted download left; delete that folder and run again"):
        from_torchvision("FakeImages", tmp_path)
    shutil.rmtree(tmp_path / "downloads")
    assert len(from_torchvision("FakeImages", tmp_path).images) == 6


@pytest.mark.parametrize("place", ["downloads", "downloads/fakeimages"])
def test_data_that_are_there_are_found_as_torchvision_finds_them(tmp_path, torchvision, monkeypatch, place):
    """Below `downloads` itself, which torchvision would be given as root, or where an earlier run put them."""
    (tmp_path / place / "fake_images").mkdir(parents=True)
    original = torchvision.FakeImages.__init__
    roots = []

    def offline(self, root, train=True, download=False):
        roots.append(str(root))
        original(self, root, train, download=False)

    monkeypatch.setattr(torchvision.FakeImages, "__init__", offline)
    data = from_torchvision("FakeImages", tmp_path)
    assert roots[-1] == str(tmp_path / place)
    assert len(data.images) == 6
    assert ("read where it was" in data.origin) == (place == "downloads")


def write_mnist(folder, images=20):
    """MNIST's files as torchvision unpacks them."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for part in ("train", "t10k"):
        labels = (np.arange(images) % 10).astype(np.uint8)
        values = generator.integers(0, 256, (images, 28, 28)).astype(np.uint8)
        head = struct.pack(">IIII", 2051, images, 28, 28)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + values.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, images) + labels.tobytes())


def test_mnist_that_is_there_needs_no_network(tmp_path, monkeypatch):
    import urllib.request

    monkeypatch.setattr(urllib.request, "urlopen", None)
    write_mnist(tmp_path / "downloads" / "MNIST" / "raw")
    data = from_torchvision("MNIST", tmp_path, side=8)
    assert data.images.shape == (40, 1, 8, 8)
    assert data.class_names[3] == "3 - three"


@pytest.mark.parametrize(
    ("name", "folder"), [("MNIST", "MNIST/raw"), ("FashionMNIST", "FashionMNIST/raw"), ("CIFAR100", "cifar-100-python")]
)
def test_the_folder_that_torchvision_expects_is_named(tmp_path, monkeypatch, name, folder):
    import urllib.request

    def urlopen(*_, **__):
        raise OSError("Name or service not known\nand more")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="could not be downloaded") as error:
        from_torchvision(name, tmp_path)
    assert f"where torchvision expects them, {tmp_path}/downloads/{folder}, and set downloads to" in str(error.value)
    assert "\n" not in str(error.value)
    assert "\\n" not in str(error.value)


def test_torchvision_without_a_network(tmp_path, monkeypatch):
    import urllib.request

    def urlopen(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match=r"torchvision:FashionMNIST: could not be downloaded .*run again"):
        from_torchvision("FashionMNIST", tmp_path)
