"""A user's images, read or refused."""

from __future__ import annotations

import numpy as np
import pytest
from own_images import made

from learning_dynamics.errors import UserError


def refused(source, folder, **wanted):
    """The message with which a source is refused: one line, and nothing is written."""
    target = folder / "results"
    target.mkdir()
    with pytest.raises(UserError) as raised:
        made(source, target / "data.nc", **wanted)
    assert list(target.iterdir()) == []
    message = str(raised.value)
    assert "\n" not in message
    assert "expected" in message or "run again" in message or " set dataset." in message, "says what would be right"
    return message


def array_file(folder, **arrays):
    path = folder / "images.npz"
    np.savez_compressed(path, **arrays)
    return path


IMAGES, LABELS = np.random.default_rng(0).integers(0, 256, (4, 5, 5), dtype=np.uint8), np.array([0, 1, 0, 1])
