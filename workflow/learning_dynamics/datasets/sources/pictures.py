"""From a picture, encoded or an array, to an image with channels first, cropped and scaled where that is asked."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from learning_dynamics.datasets.labelled_images import Pixels
from learning_dynamics.errors import DataError, printable

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
LARGEST_FILE = 64 * 2**20
SMALLEST_SIDE = 2

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM")
# What each of Pillow's modes becomes; the others hold more than 8 bits, or colours for a printer.
_STORED = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "PA": "RGBA", "RGB": "RGB", "RGBA": "RGBA", "YCbCr": "RGB"}
_WANTED = {"grey": "L", "rgb": "RGB"}
_GREY_WEIGHTS = np.array([0.299, 0.587, 0.114])


def decoded(content: bytes, side: int | None, colour: str, *, fitted: bool = True) -> npt.NDArray[np.uint8]:
    """The image in a file's content, shape (C, n, n), upright if the camera noted how it was held.

    Args:
        content: of the file.
        side: n, to which the largest square in the middle is scaled; None to take the image as it is.
        colour: "as_stored", "grey" or "rgb".
        fitted: whether an image of another size is scaled to the side; it is refused otherwise.

    Raises:
        DataError: no whole picture of 8 bits per channel, or not a square though no side is given. The message begins
            after the picture's name.
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
        reason = "unknown format" if isinstance(error, UnidentifiedImageError) else printable(str(error))
        raise DataError(
            f"not a whole picture ({reason}); expected one of {', '.join(SUFFIXES)}; mend it or leave it out"
        ) from error


def _check(image: Image.Image, content: bytes) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise DataError(f"holds {frames} pictures; expected one; take it apart")
    if _has_16_bits(content):
        raise DataError("has 16 bits per channel; expected 8; convert it or leave it out")


def from_picture(image: Image.Image, side: int | None, colour: str) -> npt.NDArray[np.uint8]:
    """The same for a picture that Pillow has opened.

    Raises:
        DataError: see ``decoded``.
    """
    if image.mode not in _STORED:
        raise DataError(
            f"picture of mode {image.mode}; expected grey or red, green and blue with 8 bits per channel; "
            "convert it or leave it out"
        )
    check_square(image.width, image.height, side)
    stored = "RGBA" if image.mode == "P" and "transparency" in image.info else _STORED[image.mode]
    upright = ImageOps.exif_transpose(image).convert(stored).convert(_WANTED.get(colour, stored))
    if side is not None and upright.size != (side, side):
        upright = _fitted(upright, side)
    values = np.asarray(upright)
    return np.ascontiguousarray(values[None] if values.ndim == 2 else values.transpose(2, 0, 1))


def _has_16_bits(content: bytes) -> bool:
    """Whether this is a PNG of 16 bits per channel, of which Pillow would drop half without a word."""
    return content[:8] == b"\x89PNG\r\n\x1a\n" and content[24:25] == b"\x10"


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


def adapted(image: Pixels, side: int | None, colour: str) -> Pixels:
    """The same for an image that is an array already, shape (C, rows, columns).

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
    fitted: Any = np.stack([_fitted_channel(channel, side) for channel in image])
    return fitted


def _coloured(image: Pixels, colour: str) -> Pixels:
    if colour == "rgb" and len(image) == 1:
        return np.concatenate([image, image, image])
    if colour == "rgb" or len(image) == 1:
        return image
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image.transpose(1, 2, 0)).convert("L"))[None]
    return np.tensordot(_GREY_WEIGHTS, image, axes=1)[None]


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """The square in the middle, scaled. Cropped first: scaling a part of a picture would look beyond its border."""
    size = min(picture.size)
    left, top = (picture.width - size) // 2, (picture.height - size) // 2
    square = picture.crop((left, top, left + size, top + size))
    return square.resize((side, side), Image.Resampling.LANCZOS)


def _fitted_channel(channel: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    kind = channel.dtype
    picture = Image.fromarray(channel if kind == np.uint8 else channel.astype(np.float32))
    return np.asarray(_fitted(picture, side)).astype(kind)
