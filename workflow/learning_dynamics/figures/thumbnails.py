"""Small pictures for pages: a pixel of the image is a pixel of the file, and the page makes them large."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from learning_dynamics.figures import style

# Larger images are thinned out: a page holds many.
_LARGEST = 96


def thumbnail(image: npt.ArrayLike, signed: bool = True, limit: float | None = None) -> str:
    """An image (C, n, n) as PNG in base64, in the colours of ``style.colours``; the same bytes for the same image."""
    values = np.asarray(image, dtype=np.float64)
    every = -(-values.shape[-1] // _LARGEST)
    # Rows and columns that stand for their neighbours: means of blocks would need sides that are multiples.
    colours = style.colours(values[:, ::every, ::every], signed, limit)
    drawn = io.BytesIO()
    Image.fromarray(np.round(255 * colours).astype(np.uint8)).save(drawn, "PNG")
    return base64.b64encode(drawn.getvalue()).decode()
