"""A small CIFAR-10 of every kind of folder and archive."""

import functools
from pathlib import Path

import numpy as np
from pictures_on_disk import encoded
from PIL import Image

from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES, Cifar10Dataset

SIDE = 32
TRAIN, TEST = 3, 2
ARCHIVES = ("images.tar", "images.tar.gz", "images.tgz", "images.tar.xz", "images.txz", "images.zip")
TWO = Cifar10Dataset(classes=["cat", "airplane"], train_images=4, test_images=2)


@functools.cache
def pixels(split, name, number):
    generator = np.random.default_rng([split == "test", CIFAR10_CLASSES.index(name), number])
    return generator.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)


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


def make(source, settings=TWO):
    return settings.make(Making("cifar10", 0, str(source), Path("unused")))


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
