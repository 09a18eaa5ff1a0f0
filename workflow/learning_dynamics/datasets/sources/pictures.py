"""From a picture, encoded or an array, to an image with channels first, cropped and scaled where that is asked."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, PpmImagePlugin, TiffImagePlugin, UnidentifiedImageError

from learning_dynamics.datasets.labelled_images import Pixels
from learning_dynamics.datasets.sources.listing import PICTURE_SUFFIXES
from learning_dynamics.errors import DataError, printable

LARGEST_FILE = 64 * 2**20
SMALLEST_SIDE = 2

_LONGEST_REASON = 200
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM")
# What each of Pillow's modes of 8 bits becomes; the others hold more bits, or colours for a printer.
_STORED = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "PA": "RGBA", "RGB": "RGB", "RGBA": "RGBA", "YCbCr": "RGB"}
# 16 bits, grey; "I" is what Pillow makes of a PGM whose values go beyond 255, scaled to 65535.
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N")
_WANTED = {"grey": "L", "rgb": "RGB"}
_GREY_WEIGHTS = np.array([0.299, 0.587, 0.114])


def decoded(content: bytes, side: int | None, colour: str, *, fitted: bool = True) -> Pixels:
    """The image in a file's content, shape (C, n, n), upright if the camera noted how it was held.

    A grey picture of 16 bits is read at full depth, as uint16; one of more bits than 8 in several channels is refused,
    whatever the format: Pillow has none.

    Args:
        content: of the file.
        side: n, to which the largest square in the middle is scaled; None to take the image as it is.
        colour: "as_stored", "grey" or "rgb".
        fitted: whether an image of another size is scaled to the side; it is refused otherwise.

    Raises:
        DataError: no whole picture of a depth that is read, or not a square though no side is given. The message
            begins after the picture's name.
    """
    if len(content) > LARGEST_FILE:
        raise DataError(
            f"larger than {LARGEST_FILE // 2**20} MiB; expected a smaller picture; scale it or leave it out"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                _check(image, content)
                if not fitted and image.size != (side, side):
                    raise DataError(
                        f"picture of {image.width}x{image.height} pixels; expected {side}x{side}; "
                        "scale it or leave it out"
                    )
                return from_picture(image, side, colour)
    except DataError:
        raise
    except Exception as error:  # Pillow raises errors of many kinds for damaged files
        reason = (
            "unknown format" if isinstance(error, UnidentifiedImageError) else printable(str(error))[:_LONGEST_REASON]
        )
        raise DataError(
            f"not a whole picture ({reason}); expected one of {', '.join(PICTURE_SUFFIXES)}; mend it or leave it out"
        ) from error


def _check(image: Image.Image, content: bytes) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise DataError(f"holds {frames} pictures; expected one; take it apart")
    if _is_deep_colour(image, content):
        raise DataError(
            "has 16 bits per channel in several channels; expected 8, or 16 in grey; convert it, or save all images as "
            "uint16 in an .npz"
        )
    if image.mode in _DEEP and image.format == "TIFF" and _tag(image, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:
        raise DataError("has 16 bits per channel, of which 0 is white; expected 0 to be black; convert it")


def _is_deep_colour(image: Image.Image, content: bytes) -> bool:
    """Whether a picture has more than 8 bits in one of several channels, of which Pillow would drop some."""
    if image.format == "PNG":
        depth, colours = content[24:26]
        return depth > 8 and colours != 0
    if image.format == "TIFF":
        bits = _tag(image, TiffImagePlugin.BITSPERSAMPLE) or (1,)
        return len(bits) > 1 and max(bits) > 8
    if isinstance(image, PpmImagePlugin.PpmImageFile) and image.mode == "RGB":
        (_, _, _, arguments), *_ = image.tile
        return isinstance(arguments, tuple) and int(arguments[-1]) > 255
    return False


def _tag(image: Image.Image, number: int) -> Any:
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    return image.tag_v2.get(number)


def from_picture(image: Image.Image, side: int | None, colour: str) -> Pixels:
    """The same for a picture that Pillow has opened.

    Raises:
        DataError: see ``decoded``.
    """
    deep = image.mode in _DEEP or (image.format == "PPM" and image.mode == "I")
    if image.mode not in _STORED and not deep:
        raise DataError(
            f"picture of mode {image.mode}; expected grey with 8 or 16 bits, or red, green and blue with 8 bits per "
            "channel; convert it or leave it out"
        )
    check_square(image.width, image.height, side)
    if deep:
        grey = np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)[None]
        return adapted(grey, side, colour)
    stored = "RGBA" if image.mode == "P" and "transparency" in image.info else _STORED[image.mode]
    upright = ImageOps.exif_transpose(image).convert(stored).convert(_WANTED.get(colour, stored))
    if side is not None and upright.size != (side, side):
        upright = _fitted(upright, side)
    values = np.asarray(upright)
    return np.ascontiguousarray(values[None] if values.ndim == 2 else values.transpose(2, 0, 1))


def check_square(width: int, height: int, side: int | None) -> None:
    """Refuse pictures that are too small, or not square where they are to be taken as they are.

    Raises:
        DataError: with a message that begins after the picture's name.
    """
    if min(width, height) < SMALLEST_SIDE:
        raise DataError(
            f"picture of {width}x{height} pixels; expected at least {SMALLEST_SIDE}x{SMALLEST_SIDE}; leave it out"
        )
    if side is None and width != height:
        raise DataError(
            f"picture of {width}x{height} pixels is not a square; "
            "set dataset.side to crop every picture to the square in its middle and scale it, or crop them yourself"
        )


def adapted(image: Pixels, side: int | None, colour: str, full: float = 0.0) -> Pixels:
    """The same for an image that is an array already, shape (C, rows, columns).

    Args:
        image: uint8, uint16 or floating point.
        side, colour: see ``decoded``.
        full: of floating point numbers, the largest magnitude that they may have; where an image goes beyond it, its
            own. Scaling to another size overshoots at edges and is cut off there, as it is for bytes.

    Raises:
        DataError: it is not square though no side is given, or has channels that are no colours though a colour is
            asked for. The message begins after the image's name.
    """
    channels, rows, columns = image.shape
    check_square(columns, rows, side)
    if colour != "as_stored":
        if channels not in (1, 3):
            raise DataError(
                f"image of {channels} channels, which are no colours; expected 1 or 3 for colour: {colour}; "
                "leave dataset.colour out"
            )
        image = _coloured(image, colour)
    if side is None or (rows, columns) == (side, side):
        return image
    if image.dtype == np.uint8:
        return np.stack([np.asarray(_fitted(Image.fromarray(channel), side)) for channel in image])
    return _fitted_numbers(image, side, full)


def _coloured(image: Pixels, colour: str) -> Pixels:
    if colour == "rgb" and len(image) == 1:
        return np.concatenate([image, image, image])
    if colour == "rgb" or len(image) == 1:
        return image
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image.transpose(1, 2, 0)).convert("L"))[None]
    grey = np.tensordot(_GREY_WEIGHTS, image, axes=1)[None]
    return _rounded(grey) if image.dtype == np.uint16 else grey


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """The square in the middle, scaled. Cropped first: scaling a part of a picture would look beyond its border."""
    return _square(picture).resize((side, side), Image.Resampling.LANCZOS)


def _square(picture: Image.Image) -> Image.Image:
    size = min(picture.size)
    left, top = (picture.width - size) // 2, (picture.height - size) // 2
    return picture.crop((left, top, left + size, top + size))


def _fitted_numbers(image: Pixels, side: int, full: float) -> Pixels:
    """The same of numbers, in single precision of the largest magnitude they may have.

    Of bytes what overshoots is cut off after the rows have been scaled, and again after the columns: so it is here.
    """
    most = 65535.0 if image.dtype == np.uint16 else max(full, float(np.abs(image).max())) or 1.0
    least = -1.0 if image.min() < 0 else 0.0
    fitted = []
    for channel in (image / most).astype(np.float32):
        square = _square(Image.fromarray(channel))
        for size in ((side, square.height), (side, side)):
            scaled = square.resize(size, Image.Resampling.LANCZOS)
            square = Image.fromarray(np.clip(np.asarray(scaled), least, 1.0))
        fitted.append(np.asarray(square))
    values = np.stack(fitted).astype(np.float64) * most
    return _rounded(values) if image.dtype == np.uint16 else values


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint16]:
    return np.clip(np.rint(values), 0, 65535).astype(np.uint16)
