"""What repeated trials say about a mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from learning_dynamics.numerics.correlations import FloatArray

CONFIDENCE = 0.95


def confidence_interval(trials: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean over independent trials (first axis) and the ends of its 95 % interval, by Student's t.

    The interval is NaN for a single trial, everything is where a trial is NaN.
    """
    # Slow to import, and not every module that reads fits measures.
    from scipy.special import stdtrit

    values = np.asarray(trials, dtype=np.float64)
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    half = stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half
