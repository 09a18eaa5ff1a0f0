"""When a mode is discovered."""

from __future__ import annotations

import numpy as np

from learning_dynamics.numerics.correlations import FloatArray, Structure


def discovery_times(
    samples: FloatArray, effective: FloatArray, singular_values: FloatArray, share: float = 0.5
) -> FloatArray:
    """When each a_α(t) first passes a share of s_α, interpolated between records; NaN where it never does.

    Args:
        samples: shape (samples,).
        effective: diagonal of Ω, shape (…, samples, modes).
        singular_values: s_α, shape (modes,).
        share: of s_α; at one half the transition is steepest.

    Returns:
        Times in samples, shape (…, modes).
    """
    relative = np.moveaxis(effective / singular_values, -2, -1)
    passed = relative >= share
    after = passed.argmax(axis=-1)
    before = np.maximum(after - 1, 0)
    high = np.take_along_axis(relative, after[..., None], -1)[..., 0]
    low = np.take_along_axis(relative, before[..., None], -1)[..., 0]
    span = samples[after] - samples[before]
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = np.where(after > 0, (share - low) / (high - low), 0.0)
    return np.where(passed.any(axis=-1), samples[before] + fraction * span, np.nan)


def half_rises(samples: FloatArray, omega: FloatArray, structure: Structure) -> FloatArray:
    """``discovery_times`` of every mode; NaN also of those whose singular value is zero.

    Args:
        samples: shape (samples,).
        omega: Ω, shape (…, samples, modes, modes).
        structure: gives s_α.

    Returns:
        Times in samples, shape (…, modes).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        times = discovery_times(samples, np.diagonal(omega, axis1=-2, axis2=-1), structure.singular_values)
    times[..., ~structure.discoverable] = np.nan
    return times
