"""How fast an update can be at most: operations and bytes counted from the formulas, times the measured ceilings."""

from __future__ import annotations

import numpy as np

from benchmarks import ceilings
from benchmarks.problems import CLASSES


def linear_cnn(side, channels, dtype, measured):
    """Bounds of one update on spectra in microseconds: arithmetic, and loads and stores where the weights lie.

    Of each of the n(n//2 + 1) coefficients an update needs, in complex numbers: C products for the hidden layer, p for
    the answer, p for the way back, p for the readout, C for the kernel. It loads the kernel, the readout, the hidden
    value and two samples (the one it learns from and the one it answers next), and stores all but the samples. All of
    it was there at the update before, but the sample that it answers next: that comes from the second cache.
    """
    coefficients = side * (side // 2 + 1)
    operations = 2 * coefficients * (8 * channels + 6 * CLASSES)
    size = np.dtype(dtype).itemsize
    kept = 2 * (channels + CLASSES + 1)
    new = size * coefficients * 2 * channels
    moved = size * coefficients * (2 * kept + 4 * channels)
    working_set = size * coefficients * (kept + 4 * channels)
    nearest = "first_cache" if working_set <= 2 * ceilings.FIRST_CACHE else "second_cache"
    own = measured[np.dtype(dtype).name]
    bounds = {
        "arithmetic": 1e6 * operations / own["multiply_adds_in_registers"],
        # As much as the update has in its caches: between their sizes the speed is between theirs.
        nearest: 1e6 * ((moved - new) / ceilings.stream(working_set, dtype) + new / own["second_cache"]),
    }
    return {"operations": operations, "bytes": moved, "working_set": working_set, "bounds_us": bounds}


def linear_fcnn(width, hidden, dtype, measured):
    """Bound of one update as matrix products: W1 x and the change of W1 have 2·h·CN operations each."""
    operations = 4 * hidden * (width + CLASSES) + 2 * hidden * CLASSES
    bounds = {"matrix_product": 1e6 * operations / measured[np.dtype(dtype).name]["matrix_product"]}
    return {"operations": operations, "bounds_us": bounds}


def share(roofline, microseconds):
    """The roofline with what binds and how much of it was reached."""
    binding = max(roofline["bounds_us"], key=roofline["bounds_us"].get)
    bound = roofline["bounds_us"][binding]
    return {**roofline, "binds": binding, "measured_us": microseconds, "share": bound / microseconds}
