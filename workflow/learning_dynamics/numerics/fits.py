"""Slopes fitted by least squares, and what repeated trials say about a number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.numerics.confidence import confidence_interval
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.storage import netcdf


def slope(x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
    """Slope of the least-squares line of y against x, along the last axis of y.

    Args:
        x: shape (points,).
        y: shape (…, points); a point that is not finite makes the slope NaN, as do fewer than two points.
    """
    indices, values = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(indices) < 2:
        return np.full(values.shape[:-1], np.nan)
    centred = indices - indices.mean()
    with np.errstate(invalid="ignore"):
        return np.asarray(values @ centred / (centred @ centred))


def power(x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
    """Exponent b of y ∝ x^b: the slope of ln y against ln x, along the last axis of y; both positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return slope(np.log(x), np.log(y))


def summary(name: str, trials: FloatArray, dimensions: tuple[str, ...], long_name: str) -> dict[str, xr.Variable]:
    """Variables for a result file: a number per seed, its mean over the seeds and the ends of the 95 % interval.

    Args:
        name: of the variable; the others are called name_mean, name_low and name_high.
        trials: seeds along the first axis.
        dimensions: of the other axes.
        long_name: what the number is.
    """
    mean, low, high = confidence_interval(trials)
    return {
        name: netcdf.variable(("seed", *dimensions), trials, long_name),
        f"{name}_mean": netcdf.variable(dimensions, mean, f"{long_name}, mean over the seeds"),
        f"{name}_low": netcdf.variable(dimensions, low, f"{long_name}, lower end of the mean's 95 % interval"),
        f"{name}_high": netcdf.variable(dimensions, high, f"{long_name}, upper end of the mean's 95 % interval"),
    }
