"""A user's own images give the structure that they should, also if they are many, large or unbalanced."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_images import made, structure_of_file
from pictures_on_disk import encoded, png, two_classes, write
from PIL import Image

from learning_dynamics.config import paper
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.errors import DataError
from learning_dynamics.numerics.correlations import correlate, correlate_in_modes, decompose, input_correlation_in_modes
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files
from learning_dynamics.theory.alignment import class_mean_share, coherence


def test_a_data_set_file_of_ours_gives_the_same_structure(tmp_path):
    """The pure cosines, taken for a user's images, have the pure cosines' structure."""
    cosines = paper.paper_experiments()["pure_cosines"].dataset.make(Making("pure_cosines", 0))
    dataset_files.write(cosines, tmp_path / "cosines.nc", "pure_cosines", {})
    expected = structure_of_file(tmp_path / "cosines.nc", tmp_path)
    values = cosines.images[:, 0]
    np.savez(tmp_path / "cosines.npz", images=values, labels=cosines.labels)
    for source in ("cosines.nc", "cosines.npz"):
        classes = ["(0,0)", "(5,2)", "(1,7)", "(0,4)"] if source.endswith("nc") else None
        data = made(tmp_path / source, tmp_path / "own.nc", centred=False, classes=classes, scale=1.0)
        assert np.array_equal(data.images, cosines.images)
        found = structure_of_file(tmp_path / "own.nc", tmp_path)
        for name in ("singular_values", "right_singular_vectors", "input_correlation_in_modes", "class_means"):
            assert np.array_equal(found[name], expected[name]), name


def test_pictures_of_the_cosines_have_nearly_their_structure(tmp_path):
    """Rounded to 256 values of grey, the modes stay what they are; the constant carries what lifts them above zero."""
    cosines = paper.paper_experiments()["pure_cosines"].dataset.make(Making("pure_cosines", 0)).images[1:, 0]
    files = {
        f"{place}/0.png": encoded(Image.fromarray(np.round(127.5 + 127 * image).astype(np.uint8)))
        for place, image in enumerate(cosines)
    }
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    spectra = np.abs(np.fft.fft2(data.split("train").inputs(slice(None))[:, 0], norm="ortho"))
    # Centred: of each class's cosine two thirds are left, and a third of the others with the other sign.
    assert np.allclose([spectra[0, 5, 2], spectra[1, 1, 7]], [16 / 3 * 127 / 255, 8 / 3 * 127 / 255], atol=0.02)


def test_structure_of_large_images_needs_no_square_matrix(tmp_path, caplog):
    made(write(tmp_path, "folder", two_classes(6)), tmp_path / "data.nc", test_fraction=0.3)
    data = dataset_files.open_file(tmp_path / "data.nc")
    structure_files.write_correlations(data, tmp_path / "whole.nc", "mine", {})
    structure_files.write_correlations(data, tmp_path / "large.nc", "mine", {}, largest_input=100)
    assert "243" in caplog.text
    for name in ("whole", "large"):
        averages = structure_files.read_averages(tmp_path / f"{name}.nc")
        structure_files.write_structure(data, averages, tmp_path / f"{name}-structure.nc", "mine", {})
    whole, large = (netcdf.read(tmp_path / f"{name}-structure.nc") for name in ("whole", "large"))
    for name in whole.variables:
        if whole[name].dtype.kind == "f":
            assert np.allclose(whole[name], large[name], atol=1e-12), name
    with pytest.raises(DataError, match=r"set dataset\.side so that the images are smaller"):
        structure_files.read_correlations(tmp_path / "large.nc")


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(1, 40), st.integers(1, 7))
def test_averages_in_modes_are_those_of_the_whole_matrix(classes, samples, chunk):
    generator = np.random.default_rng(samples)
    inputs = generator.standard_normal((samples + classes, 7))
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, samples)])
    whole = correlate(lambda part: inputs[part], labels, classes)
    in_modes, decomposition = correlate_in_modes(lambda part: inputs[part], labels, classes, chunk=chunk)
    assert np.allclose(in_modes.input_output, whole.input_output)
    assert np.allclose(in_modes.input_in_modes, input_correlation_in_modes(whole, decomposition))
    assert in_modes.input_power == pytest.approx(np.trace(whole.input))


def test_a_thousand_classes_of_one_image(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (1000, 32, 32), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", images=values, labels=np.arange(1000))
    data = made(tmp_path / "x.npz", tmp_path / "data.nc", centred=False)
    assert data.classes == 1000
    found = structure_of_file(tmp_path / "data.nc", tmp_path)
    in_modes = found["input_correlation_in_modes"].values
    s = found["singular_values"].values
    assert np.allclose(in_modes, np.diag(1000 * s**2), atol=1e-9 * in_modes.max()), "one image per class is coherent"


def test_unbalanced_classes_are_said_and_weighed_by_their_images(tmp_path, caplog):
    files = two_classes(2) | {f"dogs/{number}.png": png(number) for number in range(2, 9)}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    assert "from 2 training images of 'cats' to 9 of 'dogs'" in caplog.text
    average = data.split("train").correlations()
    inputs = data.split("train").vectors(slice(None))
    assert average.class_frequencies == pytest.approx([2 / 11, 9 / 11])
    assert np.allclose(average.input_output[0], inputs[data.labels == 0].sum(axis=0) / 11)
    found = decompose(average.input_output)
    in_modes = input_correlation_in_modes(average, found)
    means = np.stack([inputs[data.labels == label].mean(axis=0) for label in range(2)])
    explained = (average.class_frequencies[:, None] * (means @ found.right) ** 2).sum(axis=0) / np.diagonal(in_modes)
    share = class_mean_share(in_modes, found.singular_values, found.left, average.class_frequencies)
    assert share[0] == pytest.approx(explained[0])
    assert 0 < share[0] < 1


def test_share_of_the_class_means_is_the_coherence_of_balanced_classes():
    data = paper.paper_experiments()["geometric_shapes"].dataset.make(Making("x", 0))
    average = data.split("train").correlations()
    found = decompose(average.input_output)
    in_modes = input_correlation_in_modes(average, found)
    share = class_mean_share(in_modes, found.singular_values, found.left, average.class_frequencies)
    assert np.allclose(share, coherence(in_modes, found.singular_values, 4))
    assert np.allclose(share, 1)


def test_classes_with_the_same_mean_have_no_structure(tmp_path):
    files = {f"{name}/{number}.png": png(number) for name in "ab" for number in range(3)}
    made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    with pytest.raises(DataError, match="the mean image of every class is the same"):
        structure_of_file(tmp_path / "data.nc", tmp_path)
    assert not (tmp_path / "structure.nc").exists()
