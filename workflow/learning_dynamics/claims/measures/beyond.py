"""Measured on the runs beyond the paper's experiments: scaling, and variants of the convolution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import xarray as xr

from learning_dynamics.claims.measures.registry import NotMeasuredError, measure
from learning_dynamics.claims.measures.trials import Results, enough, only
from learning_dynamics.claims.statistics import MEAN, MEDIAN
from learning_dynamics.numerics.correlations import FloatArray


@measure(MEAN)
def speed_up(results: Results) -> FloatArray:
    """Discovery time of the FCNN over that of the CNN at one λ, divided by n c_α: the farthest from 1."""
    ratios = _scaling(results.extension("scaling/side"), "speed_up_ratio").transpose("seed", ...).values
    ratios = ratios.reshape(len(ratios), -1)
    return np.asarray(ratios[np.arange(len(ratios)), np.abs(np.log(ratios)).argmax(axis=1)])


@measure(MEAN)
def scaling_value(
    results: Results, parameter: str, variable: str, select: Mapping[str, str] | None = None
) -> FloatArray:
    """A fitted number of the scaling runs, mean over what is not selected, per trial that discovered every mode."""
    file = results.extension(f"scaling/{parameter}")
    selected = [_scaling(file, name).sel(select or {}) for name in (variable, "discovery_time")]
    values, times = (array.transpose("seed", ...).values.reshape(array.sizes["seed"], -1) for array in selected)
    return only(np.isfinite(times).all(axis=1), values.mean(axis=1))


@measure(MEDIAN)
def flipped_kernel_difference(results: Results) -> FloatArray:
    """‖k_correlation − flip(k_convolution)‖/‖k‖ after the same training, per trial (App. C.2)."""
    reference = results.extension("variants/circular")
    convolution = reference["final_kernel"].values[:, 0]
    correlation = results.extension("variants/correlation")["final_kernel"].values[:, 0]
    flipped = np.roll(convolution[:, ::-1, ::-1], (1, 1), axis=(1, 2))
    difference = np.linalg.norm(correlation - flipped, axis=(1, 2))
    learned = enough(np.isfinite(reference["discovery_time"].values), "variant circular", "discovered")
    return only(learned, difference / np.linalg.norm(flipped, axis=(1, 2)))


@measure(MEDIAN)
def variant_difference(
    results: Results, variant: str, mode: int, runs: Literal["variants", "zero_padding"] = "variants"
) -> FloatArray:
    """Root mean square difference of a_α(t) from the circular convolution's, relative to s_α, per trial.

    Args:
        results: everything that can be measured.
        variant: of the convolution.
        mode: α.
        runs: the variants of the shapes, or those of zero padding on CIFAR-4.
    """
    reference, other = results.extension(f"{runs}/circular"), results.extension(f"{runs}/{variant}")
    if mode not in range(reference.sizes["mode"]):
        raise NotMeasuredError(f"{runs} have {reference.sizes['mode']} modes, and no mode {mode}")
    curves = [file["effective_singular_values"].values[:, :, mode, mode] for file in (reference, other)]
    relative = (curves[1] - curves[0]) / reference["singular_values"].values[mode]
    found = np.isfinite(reference["discovery_time"].values[:, [mode]])
    learned = enough(found, f"{runs}, circular", "discovered", [mode])
    return only(learned, np.sqrt((relative**2).mean(axis=1)))


def _scaling(file: xr.Dataset, variable: str) -> xr.DataArray:
    if variable not in file:
        raise NotMeasuredError(f"the scaling runs hold no '{variable}'")
    return file[variable]
