"""The images are what their settings say, for odd and even sides, one and three channels."""

import numpy as np
import pytest
import xarray as xr

from learning_dynamics.config import paper
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.kinds import digits, shapes
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.cosines import Cosine, CosinesDataset
from learning_dynamics.errors import DataError
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import decompose
from learning_dynamics.storage import netcdf


def cosines(side, channels=1, **cosine):
    classes = [[Cosine(frequency=[f, 1], amplitude=1.0 + f, **cosine)] for f in range(3)]
    return CosinesDataset(side=side, channels=channels, classes=classes)


def made(settings, experiment="mine", root_seed=0):
    return settings.make(Making(experiment, root_seed))


@pytest.mark.parametrize("side", [7, 8])
@pytest.mark.parametrize("channels", [1, 3])
def test_pure_cosine_has_one_pair_of_frequencies(side, channels):
    data = made(cosines(side, channels, phase="random"))
    assert data.images.shape == (3, channels, side, side)
    for f, image in enumerate(data.images):
        spectrum = np.abs(fourier.spectrum(image[0]))
        present = {(int(i), int(j)) for i, j in np.argwhere(spectrum > 1e-9)}
        assert present == {(f, 1), (-f % side, side - 1)}
        assert np.linalg.norm(image[0]) == pytest.approx((1.0 + f) * side / np.sqrt(2))
        assert np.allclose(image[-1], image[0] / channels)


def test_constant_cosine_has_the_norm_of_theory():
    data = made(paper.paper_experiments()["pure_cosines"].dataset)
    norms = np.linalg.norm(data.images.reshape(4, -1), axis=1)
    assert norms == pytest.approx([1.5 * 16, 16 / np.sqrt(2), 8 / np.sqrt(2), 3.2 / np.sqrt(2)])
    structure = decompose(data.split("train").correlations().input_output)
    assert structure.singular_values == pytest.approx(norms / 4)


def test_random_phases_follow_the_seed_and_the_experiment():
    same = [made(cosines(8, phase="random"), "mine", 3).images for _ in range(2)]
    assert np.array_equal(*same)
    assert not np.allclose(same[0], made(cosines(8, phase="random"), "mine", 4).images)
    assert not np.allclose(same[0], made(cosines(8, phase="random"), "other", 3).images)


@pytest.mark.parametrize("side", [9, 16])
def test_shapes_have_their_areas_and_symmetry(side):
    settings = shapes.ShapesDataset(side=side, channels=3, subpixels=32)
    images = made(settings).images
    area = images[:, 0].mean(axis=(1, 2)) * 4
    radius, half, wall = settings.radius, settings.half_side, settings.wall
    ring = np.pi * (radius**2 - (radius - wall) ** 2)
    frame = 4 * (half**2 - (half - wall) ** 2)
    assert area == pytest.approx([np.pi * radius**2, 4 * half**2, ring, frame], rel=0.03)
    assert np.array_equal(images, images.swapaxes(-1, -2))
    assert np.array_equal(images, images[..., ::-1])
    assert images.min() == 0
    assert images.max() == 1


def test_digits_are_split_and_centred_by_the_training_images():
    data = made(digits.DigitsDataset())
    train, test = data.split("train"), data.split("test")
    inputs = train.inputs(slice(None))
    assert len(train) + len(test) == 720
    assert abs(len(test) / 720 - 0.2) < 0.01
    assert np.allclose(inputs.mean(axis=0), 0)
    assert not np.allclose(test.inputs(slice(None)).mean(axis=0), 0)
    assert set(train.labels) == set(test.labels) == {0, 1, 2, 3}
    assert np.allclose(inputs + data.mean_image, data.images[~data.is_test])


def test_a_subset_of_the_digits_keeps_the_order_asked_for():
    data = made(digits.DigitsDataset(classes=[7, 2], test_fraction=0.0, centred=False))
    assert data.class_names == ("7", "2")
    assert data.splits == ("train",)
    assert np.array_equal(data.mean_image, np.zeros((1, 8, 8)))


@pytest.mark.parametrize("kind", ["float", "uint8"])
def test_file_round_trip(tmp_path, kind):
    data = made(digits.DigitsDataset())
    if kind == "uint8":
        images = np.random.default_rng(0).integers(0, 256, (6, 3, 5, 5), dtype=np.uint8)
        labels = np.array([0, 1, 2, 0, 1, 2])
        data = labelled_images.LabelledImages(images, labels, labels == 2, ("a", "b", "ç"), True, "made up")
    path = tmp_path / "data.nc"
    dataset_files.write(data, path, "mine", {"setting": 1})
    again = dataset_files.read(path)
    assert again.images.dtype == data.images.dtype
    for name in ("images", "labels", "is_test", "mean_image"):
        assert np.array_equal(getattr(again, name), getattr(data, name))
    assert (again.class_names, again.centred, again.origin) == (data.class_names, data.centred, data.origin)
    with xr.open_dataset(path) as opened:
        assert np.allclose(opened["images"], data.images * data.scale)
        assert opened["split"].attrs["flag_meanings"] == "train test"


def test_image_that_is_not_finite_is_refused(tmp_path):
    data = made(cosines(8))
    data.images[0, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        dataset_files.write(data, tmp_path / "data.nc", "mine", {})
    assert list(tmp_path.iterdir()) == []


def test_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "other.nc"
    netcdf.write(xr.Dataset({"x": netcdf.variable(("t",), [1.0], "x")}), path)
    with pytest.raises(DataError, match=r"other\.nc: not a data set file"):
        dataset_files.read(path)
