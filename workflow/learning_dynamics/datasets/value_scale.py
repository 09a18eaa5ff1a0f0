"""What the values of a user's images are divided by: the documented rule, and what is refused by it.

uint8 and uint16 are divided by their full range. Other numbers are taken as they are where they lie within 0 to 1, or
are centred within −1 to 1. Anything else needs `scale`: a number, or `auto` for the largest magnitude.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from learning_dynamics.errors import DataError

FULL_RANGE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
Scale = float | Literal["auto"] | None

# Beyond one, by rounding.
_ROUNDING = 1e-6
# Values that use less than this share of their range are another range's: 0 and 1 in bytes, bytes in 16 bits.
_LEAST_SHARE = 1 / 255
# Below this share it is worth a note: pictures of 12 bits in 16.
_SMALL_SHARE = 1 / 8
# Splits whose largest magnitudes differ by this factor are on different scales.
_MOST_APART = 16
# What images differ by, as a share of their values: less is lost to rounding when the mean image is subtracted.
_LEAST_CONTRAST = 1e-6
# Of a scale that was given.
_LEAST_SCALED, _MOST_SCALED = 1e-3, 1e3
# Sums over images and their squares stay numbers.
_TINIEST, _LARGEST = 1e-100, 1e100
_COMMON_RANGES = (1, 255, 1023, 4095, 16383, 65535)


@dataclass
class Values:
    """The values of the images of a source, gathered block by block.

    least, largest: of every split that has images.
    """

    least: dict[str, float] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    _lowest: npt.NDArray[Any] | None = None
    _highest: npt.NDArray[Any] | None = None

    def add(self, images: npt.NDArray[Any], split: str) -> None:
        """Take in some images of a split, shape (images, C, n, n)."""
        if not len(images):
            return
        lowest, highest = images.min(axis=0), images.max(axis=0)
        self.least[split] = min(self.least.get(split, np.inf), float(lowest.min()))
        self.largest[split] = max(self.largest.get(split, -np.inf), float(highest.max()))
        if split == "train":
            self._lowest = lowest if self._lowest is None else np.minimum(self._lowest, lowest)
            self._highest = highest if self._highest is None else np.maximum(self._highest, highest)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the largest of all."""
        return min(self.least.values()), max(self.largest.values())

    def magnitude(self, split: str) -> float:
        """The largest absolute value in a split."""
        return max(abs(self.least[split]), abs(self.largest[split]))

    @property
    def contrast(self) -> float:
        """The most that a value differs between two training images."""
        assert self._lowest is not None
        assert self._highest is not None
        with np.errstate(over="ignore"):
            return float((self._highest.astype(np.float64) - self._lowest).max())


@dataclass(frozen=True)
class Scaling:
    """What becomes of the values.

    factor: what those stored are multiplied with.
    description: what that is, in words.
    notes: whole sentences on ranges that look odd.
    """

    factor: float
    description: str
    notes: tuple[str, ...] = ()


def check_splits(values: Values, names: Mapping[str, str], describe: str) -> None:
    """Refuse training and test images on different scales.

    Args:
        values: of all images.
        names: what the splits are called in the source, those that it has of its own.
        describe: the source.

    Raises:
        DataError: they are; the message names both.
    """
    if not {"train", "test"} <= set(names) & set(values.least):
        return
    magnitudes = [values.magnitude(split) for split in ("train", "test")]
    apart = max(magnitudes) > _MOST_APART * min(magnitudes)
    centred = [values.least[split] < -values.magnitude(split) / _MOST_APART for split in ("train", "test")]
    positive = [values.least[split] >= 0 for split in ("train", "test")]
    if apart or (centred[0] and positive[1]) or (centred[1] and positive[0]):
        train, test = (
            f"{names[split]} from {values.least[split]:g} to {values.largest[split]:g}" for split in ("train", "test")
        )
        raise DataError(
            f"{describe}: values of {train}, but of {test}; expected both on one scale; scale them alike and save again"
        )


def scaling(values: Values, dtype: np.dtype[Any], wanted: Scale, own: float | None, describe: str) -> Scaling:
    """What the values of a source are multiplied with.

    Args:
        values: of all images as they are stored.
        dtype: of the stored images.
        wanted: the key `scale`.
        own: what a source says itself that its values are to be multiplied with; None if it says nothing.
        describe: the source.

    Raises:
        DataError: the rule asks for a scale, the one given makes the values tiny or huge, or the images hardly differ
            against their values.
    """
    magnitude = max(values.magnitude(split) for split in values.least)
    least, largest = values.range
    shown = f"values from {least:g} to {largest:g}"
    if not _TINIEST <= magnitude <= _LARGEST:
        raise DataError(
            f"{describe}: {shown}; expected numbers of a magnitude from {_TINIEST:g} to {_LARGEST:g}; save them again"
        )
    if 0 < values.contrast <= _LEAST_CONTRAST * magnitude:
        raise DataError(
            f"{describe}: {shown}, of which none differs between two images by more than {values.contrast:.1g}; "
            "expected images that differ by more than a millionth of their values; subtract what they have in common "
            "and save them again"
        )
    unit = 1.0 if own is None else own
    if wanted == "auto":
        reached = magnitude * unit
        return Scaling(1 / magnitude, f"divided by {reached:g}, the largest magnitude (scale: auto)")
    if wanted is not None:
        scaled = magnitude * unit / wanted
        if not _LEAST_SCALED <= scaled <= _MOST_SCALED:
            raise DataError(
                f"{describe}: {shown}, which dataset.scale: {wanted:g} makes {scaled:.3g} at the most; expected "
                f"something around 1; set dataset.scale to what the values are to be divided by, or to auto"
            )
        return Scaling(unit / wanted, f"divided by {wanted:g} (scale: {wanted:g})")
    if own is not None:
        return Scaling(own, "as the data set file says")
    return _by_rule(magnitude, least, dtype, f"{describe}: {shown}")


def _by_rule(magnitude: float, least: float, dtype: np.dtype[Any], shown: str) -> Scaling:
    full = FULL_RANGE.get(dtype, 1)
    kind = f"of the full range of {dtype}, 0 to {full}" if dtype in FULL_RANGE else "of 0 to 1"
    if magnitude > full * (1 + _ROUNDING):
        raise DataError(
            f"{shown}; expected uint8 or uint16, or numbers within 0 to 1, or centred within -1 to 1; set "
            f"dataset.scale to what they are to be divided by{_suggested(magnitude)}, or to auto"
        )
    if magnitude <= full * _LEAST_SHARE * (1 + _ROUNDING):
        raise DataError(
            f"{shown}, next to nothing {kind}; expected values that use it; set dataset.scale to what they are to be "
            f"divided by{_suggested(magnitude)}, or to auto"
        )
    notes: tuple[str, ...] = ()
    if magnitude < _SMALL_SHARE * full:
        notes = (
            f"The values reach {magnitude:g} {kind}: networks see them as dark as that. Set dataset.scale"
            f"{_suggested(magnitude)} if their range is another.",
        )
    if dtype in FULL_RANGE:
        return Scaling(1 / full, f"divided by {full}, the full range of {dtype}", notes)
    centred = "centred within -1 to 1" if least < 0 else "within 0 to 1"
    return Scaling(1.0, f"taken as they are, {centred}", notes)


def _suggested(magnitude: float) -> str:
    """The range that values of some magnitude probably have."""
    fitting = [full for full in _COMMON_RANGES if full / 4 < magnitude <= full]
    return f", perhaps {fitting[0]}" if fitting else ""
