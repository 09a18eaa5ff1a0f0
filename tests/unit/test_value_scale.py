"""The scale of a user's values: the documented rule, what it refuses, and that it does not change the answer."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bad_images import array_file, refused
from own_images import made, structure_of_file
from pictures_on_disk import deep_png, deep_pnm, deep_tiff, encoded, write
from PIL import Image

from learning_dynamics.datasets.kinds.images import ImagesDataset

LABELS = np.arange(12) % 3
BYTES = np.random.default_rng(0).integers(0, 256, (12, 6, 6)).astype(np.uint8)
BYTES[LABELS == 1, :3] //= 4
BYTES[0, 0, :2] = 0, 255
UNIT = BYTES / 255


def of_arrays(folder, train, test=None, **wanted):
    folder.mkdir()
    arrays = {"images": train, "labels": LABELS}
    if test is not None:
        arrays |= {"test_images": test, "test_labels": LABELS[: len(test)]}
    return made(array_file(folder, **arrays), folder / "data.nc", **wanted)


def inputs(data):
    return data.split("train").inputs(slice(None))


# The same pictures as they are stored, and what has to be said.
SAME = {
    "bytes": (BYTES, {}, "divided by 255, the full range of uint8"),
    "16 bits": (257 * BYTES.astype(np.uint16), {}, "divided by 65535, the full range of uint16"),
    "big-endian 16 bits": ((257 * BYTES.astype(np.uint16)).astype(">u2"), {}, "divided by 65535"),
    "0 to 1": (UNIT, {}, "taken as they are, within 0 to 1"),
    "0 to 1, half precision": (UNIT.astype(np.float16), {}, "taken as they are"),
    "0 to 255": (BYTES.astype(np.float32), {"scale": 255.0}, "divided by 255 (scale: 255)"),
    "whole numbers": (BYTES.astype(np.int64), {"scale": 255.0}, "divided by 255 (scale: 255)"),
    "bytes in 16 bits": (BYTES.astype(np.uint16), {"scale": 255.0}, "divided by 255 (scale: 255)"),
    "12 bits": (BYTES.astype(np.float64) * 4095 / 255, {"scale": 4095.0}, "divided by 4095 (scale: 4095)"),
    "auto of bytes": (BYTES, {"scale": "auto"}, "divided by 255, the largest magnitude (scale: auto)"),
    "auto of anything": (UNIT * 1e-7, {"scale": "auto"}, "divided by 1e-07, the largest magnitude (scale: auto)"),
}


@pytest.mark.parametrize("stored", SAME)
def test_the_same_pictures_are_the_same_inputs_however_they_are_stored(tmp_path, stored):
    values, wanted, said = SAME[stored]
    data = of_arrays(tmp_path / "x", values, **wanted)
    tolerance = 1e-3 if values.dtype == np.float16 else 1e-7
    assert np.allclose(inputs(data), inputs(of_arrays(tmp_path / "y", BYTES)), atol=tolerance)
    assert data.reading.scaling.startswith(said)
    found, expected = (
        structure_of_file(tmp_path / folder / "data.nc", tmp_path / folder)["singular_values"].values
        for folder in ("x", "y")
    )
    assert np.allclose(found, expected, rtol=10 * tolerance, atol=1e-9)


@pytest.mark.parametrize("side", [4, 5, 9, 20])
def test_scaling_to_another_size_treats_numbers_like_bytes(tmp_path, side):
    """Lanczos overshoots at edges, and what is beyond the range of bytes is cut off."""
    sharp = np.where(BYTES > 128, 255, 0).astype(np.uint8)
    expected = inputs(of_arrays(tmp_path / "bytes", sharp, side=side, centred=False))
    for name, values, wanted in (
        ("unit", sharp / 255, {}),
        ("numbers", sharp.astype(float), {"scale": 255.0}),
        ("deep", 257 * sharp.astype(np.uint16), {}),
    ):
        found = inputs(of_arrays(tmp_path / name, values, side=side, centred=False, **wanted))
        assert np.allclose(found, expected, atol=1.5 / 255), name


@pytest.mark.parametrize("stored", [UNIT * 2 - 1, (UNIT * 2 - 1).astype(np.float32), UNIT - UNIT.mean()])
def test_centred_numbers_are_taken_as_they_are(tmp_path, stored):
    data = of_arrays(tmp_path / "x", stored, centred=False)
    assert np.array_equal(np.sort(inputs(data).ravel()), np.sort(stored.ravel()).astype(float))
    assert data.reading.scaling == "taken as they are, centred within -1 to 1"


def test_booleans_and_whole_numbers_of_masks_are_read(tmp_path):
    masks = BYTES > 100
    expected = of_arrays(tmp_path / "float", masks.astype(float))
    for kind in (bool, np.int8, np.int64, np.uint32):
        assert np.array_equal(of_arrays(tmp_path / np.dtype(kind).name, masks.astype(kind)).images, expected.images)


SCALES = {
    "0 to 255 as numbers": (BYTES.astype(float), {}, r"values from 0 to 255; expected .* perhaps 255, or to auto"),
    "0 to 4095 as numbers": (UNIT * 4095, {}, r"values from 0 to 4095; .*perhaps 4095, or to auto"),
    "standardised": ((UNIT - UNIT.mean()) / UNIT.std(), {}, r"values from -1\.\d+ to 1\.7\d+; expected .* or to auto"),
    "masks in bytes": (
        (BYTES > 9).astype(np.uint8),
        {},
        "0 to 1, next to nothing of the full range of uint8.* perhaps 1",
    ),
    "bytes in 16 bits": (BYTES.astype(np.uint16), {}, "0 to 255, next to nothing of the full range of uint16.*255"),
    "tiny": (UNIT * 1e-150, {}, r"1e-150; expected numbers of a magnitude from 1e-100 to 1e\+100"),
    "tiny, with auto": (UNIT * 1e-150, {"scale": "auto"}, r"1e-150; expected numbers of a magnitude from 1e-100"),
    "small": (UNIT * 1e-3, {}, "0 to 0.001, next to nothing of 0 to 1"),
    "huge": (UNIT * 1e300, {"scale": "auto"}, r"values from 0 to 1e\+300; expected numbers of a magnitude"),
    "huge whole numbers": (BYTES.astype(np.uint64) + 2**62, {}, "holds whole numbers beyond"),
    "an offset without contrast": (1e6 + 1e-3 * UNIT, {"scale": 1e6}, "differs between two images by more than 0.001"),
    "another scale than said": (BYTES.astype(float), {"scale": 1e9}, r"which dataset.scale: 1e\+09 makes 2.55e-07"),
    "nothing": (UNIT * 0, {}, "values from 0 to 0"),
}


@pytest.mark.parametrize("case", SCALES)
def test_a_scale_that_is_not_known_is_asked_for(tmp_path, case):
    values, wanted, complaint = SCALES[case]
    source = array_file(tmp_path, images=values, labels=LABELS)
    message = refused(source, tmp_path, **wanted)
    assert re.search(complaint, message), message
    assert str(source) in message


def test_a_range_that_is_hardly_used_is_noted(tmp_path, caplog):
    data = of_arrays(tmp_path / "x", (UNIT * 4095).astype(np.uint16))
    (note,) = data.reading.notes
    assert "reach 4095 of the full range of uint16, 0 to 65535" in note
    assert "Set dataset.scale, perhaps 4095" in note
    assert note in caplog.text
    assert data.reading.value_range == (0, 4095)


NUMBERS = BYTES.astype(np.float32)
SPLITS = {
    "bytes and 0 to 1": (BYTES, UNIT[:6], {}, "'test_images' is 6x6 pixels with 1 channel of float64.*of 'images' is"),
    "0 to 1 and bytes": (UNIT, BYTES[:6], {}, "'test_images' is 6x6 pixels with 1 channel of uint8.*of 'images' is"),
    "bytes and 0 to 255": (BYTES, NUMBERS[:6], {}, "with 1 channel of float64, and .* with 1 channel of uint8"),
    "bytes and 16 bits": (BYTES, BYTES[:6].astype(np.uint16), {}, "of uint16, and .* of uint8"),
    "bytes and masks": (
        BYTES,
        (BYTES[:6] > 9).astype(np.uint8),
        {},
        "of 'images' from 0 to 255, but of 'test_images' from 0 to 1",
    ),
    "numbers on two scales": (NUMBERS, UNIT[:6], {"scale": 255.0}, "of 'images' from 0 to 255, but of 'test_images'"),
    "two scales with auto": (
        UNIT,
        NUMBERS[:6],
        {"scale": "auto"},
        "of 'images' from 0 to 1, but of 'test_images' from",
    ),
    "normalised and not": (UNIT * 2 - 1, UNIT[:6], {}, "of 'images' from -1 to 1, but of 'test_images' from"),
    "not and normalised": (UNIT, UNIT[:6] * 2 - 1, {}, "expected both on one scale"),
    "black": (UNIT, UNIT[:6] * 0, {}, "of 'test_images' from 0 to 0"),
    "colour and grey": (
        BYTES,
        np.stack([BYTES[:6]] * 3, -1),
        {},
        "with 3 channels of uint8.*1 channel.*dataset.colour",
    ),
    "two sizes": (BYTES, BYTES[:6, :5, :5], {}, "5x5 pixels .* 6x6 pixels.*dataset.side"),
}


@pytest.mark.parametrize("case", SPLITS)
def test_splits_that_do_not_belong_together_are_refused_naming_both(tmp_path, case):
    train, test, wanted, complaint = SPLITS[case]
    source = array_file(tmp_path, images=train, labels=LABELS, test_images=test, test_labels=LABELS[:6])
    message = refused(source, tmp_path, **wanted)
    assert re.search(complaint, message), message
    assert str(source) in message


def test_splits_that_are_made_alike_belong_together(tmp_path):
    colour = np.stack([BYTES[:6, :5, :5]] * 3, -1)
    data = of_arrays(tmp_path / "x", BYTES, colour, side=4, colour="grey")
    assert data.images.shape == (18, 1, 4, 4)


def test_blocks_that_are_written_apart_are_compared_too(tmp_path, monkeypatch):
    from learning_dynamics.datasets import files

    monkeypatch.setattr(files, "_WRITTEN_AT_ONCE", 100)
    source = array_file(tmp_path, images=BYTES, labels=LABELS, test_images=UNIT[:6], test_labels=LABELS[:6])
    assert "one size, number of channels and type" in refused(source, tmp_path)


def test_a_share_held_out_is_not_taken_for_a_split_on_another_scale(tmp_path):
    dark = BYTES.copy()
    dark[9:] //= 128
    assert of_arrays(tmp_path / "x", dark, test_fraction=0.25).is_test.sum() == 3


DEEP = np.random.default_rng(0).integers(0, 65536, (4, 9, 9)).astype(np.uint16)
DEEP_GREY = {
    "PNG": ("png", deep_png),
    "TIFF": ("tif", deep_tiff),
    "TIFF, big-endian": ("tif", lambda values: deep_tiff(values, ">")),
    "compressed TIFF": ("tiff", lambda values: encoded(Image.fromarray(values), "TIFF", compression="tiff_lzw")),
    "PGM": ("pgm", deep_pnm),
}


@pytest.mark.parametrize("kind", DEEP_GREY)
def test_grey_pictures_of_16_bits_are_read_at_full_depth(tmp_path, kind):
    ending, encode = DEEP_GREY[kind]
    files = {f"{name}/{n}.{ending}": encode(DEEP[2 * place + n]) for place, name in enumerate("ab") for n in range(2)}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    assert data.images.dtype == np.uint16
    assert np.array_equal(data.images[:, 0], DEEP)
    assert np.allclose(data.split("train").inputs(slice(None)) + data.mean_image, DEEP[:, None] / 65535)


def test_a_pgm_says_its_own_range(tmp_path):
    values = DEEP // 16
    files = {
        f"{name}/{n}.pgm": deep_pnm(values[2 * place + n], 4095) for place, name in enumerate("ab") for n in range(2)
    }
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc", centred=False)
    assert np.allclose(data.split("train").inputs(slice(None))[:, 0], values / 4095, atol=1e-5)


DEEP_COLOUR = {
    "PNG": ("png", deep_png),
    "TIFF": ("tif", deep_tiff),
    "TIFF, big-endian": ("tif", lambda values: deep_tiff(values, ">")),
    "PPM": ("ppm", deep_pnm),
    "PPM, 12 bits": ("ppm", lambda values: deep_pnm(values // 16, 4095)),
}


@pytest.mark.parametrize("kind", DEEP_COLOUR)
def test_colour_pictures_of_16_bits_are_refused_whatever_their_format(tmp_path, kind):
    ending, encode = DEEP_COLOUR[kind]
    values = np.stack([DEEP[0]] * 3, axis=-1)
    files = {f"{name}/0.{ending}": encode(values) for name in "ab"}
    message = refused(write(tmp_path, "folder", files), tmp_path)
    assert "has 16 bits per channel in several channels; expected 8, or 16 in grey" in message


def test_a_tiff_whose_zero_is_white_is_refused(tmp_path):
    files = {f"{name}/0.tif": deep_tiff(DEEP[0], black_is_zero=False) for name in "ab"}
    assert "of which 0 is white" in refused(write(tmp_path, "folder", files), tmp_path)


def test_deep_pictures_are_scaled_and_coloured_like_others(tmp_path):
    smooth = np.add.outer(np.arange(12), np.arange(12)).astype(np.uint8) * 11
    files = {
        f"{name}/0.png": deep_png(257 * (smooth // (1 + place)).astype(np.uint16)) for place, name in enumerate("ab")
    }
    flat = {f"{name}/0.png": encoded(Image.fromarray(smooth // (1 + place))) for place, name in enumerate("ab")}
    deep = made(write(tmp_path, "deep", files), tmp_path / "deep.nc", side=5, colour="rgb", centred=False)
    plain = made(write(tmp_path, "plain", flat), tmp_path / "plain.nc", side=5, colour="rgb", centred=False)
    assert deep.images.shape == (2, 3, 5, 5)
    assert np.allclose(inputs(deep), inputs(plain), atol=1 / 255)


def test_a_data_set_file_says_its_own_scale(tmp_path):
    first = of_arrays(tmp_path / "x", UNIT * 4095, scale=4095.0)
    again = made(tmp_path / "x" / "data.nc", tmp_path / "again.nc")
    assert np.array_equal(inputs(again), inputs(first))
    assert again.reading.scaling == "as the data set file says"
    halved = made(tmp_path / "x" / "data.nc", tmp_path / "half.nc", scale=2.0)
    assert np.allclose(inputs(halved), inputs(first) / 2)


def test_the_key_is_described_by_the_rule():
    text = str(ImagesDataset.model_fields["scale"].description)
    for part in ("uint8 by 255", "uint16 by 65535", "within 0 to 1", "centred within −1 to 1", "auto"):
        assert part in text
