"""The NetCDF files of the scaling runs: what was measured, what the theory says, and the fitted slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.numerics import fits
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.storage import netcdf

NETWORKS = ("linear_cnn", "linear_fcnn")
ORDERS = ("cyclic", "random")
# The flow's error is fitted over learning rates up to so many times the smallest: beyond, it is not of first order.
FIRST_ORDER_RANGE = 10.0
# σ counts as small, and its runs enter the fits, where the theory starts every mode below this share of s_α.
SMALL_START = 0.01


def _coordinate(name: str, values: Sequence[Any], long_name: str) -> dict[str, xr.Variable]:
    array = np.array(values, dtype=object) if isinstance(values[0], str) else np.array(values)
    return {name: netcdf.variable((name,), array, long_name)}


def side_dataset(
    sides: Sequence[int],
    *,
    measured: FloatArray,
    predicted: FloatArray,
    initial: FloatArray,
    singular_values: FloatArray,
    factors: FloatArray,
) -> xr.Dataset:
    """The file over sides from arrays (network, seed, side, mode), singular values and factors (side, mode)."""
    everywhere = ("network", "seed", "side", "mode")
    # ln(s/a − 1) is what the time would be for a time constant of 1; without it the power of n is a whole number.
    growth = np.log(singular_values / initial - 1)
    speed_up = measured[1] / measured[0]
    predicted_speed_up = np.array(sides)[:, None] * factors

    def slopes(times: FloatArray) -> FloatArray:
        return fits.power(sides, times.transpose(1, 0, 3, 2))

    variables = {
        "discovery_time": netcdf.variable(everywhere, measured, "measured samples until a_α = s_α/2"),
        "predicted_time": netcdf.variable(everywhere, predicted, "the same by Eq. S.164"),
        "initial_effective_singular_value": netcdf.variable(everywhere, initial, "a_α(0)"),
        "singular_value": netcdf.variable(("side", "mode"), singular_values, "singular value s_α"),
        "structural_factor": netcdf.variable(("side", "mode"), factors, "structural factor c_α"),
        "speed_up": netcdf.variable(
            ("seed", "side", "mode"), speed_up, "discovery time of the FCNN over that of the CNN at the same λ"
        ),
        "predicted_speed_up": netcdf.variable(("side", "mode"), predicted_speed_up, "the speed-up n c_α"),
        "speed_up_ratio": netcdf.variable(
            ("seed", "side", "mode"), speed_up / predicted_speed_up, "measured speed-up over n c_α"
        ),
    }
    network_mode = ("network", "mode")
    variables |= fits.summary("slope", slopes(measured), network_mode, "fitted slope of ln t against ln n")
    variables |= fits.summary(
        "predicted_slope", slopes(predicted), network_mode, "the theory's slope of ln t against ln n"
    )
    variables |= fits.summary(
        "reduced_slope",
        slopes(measured / growth),
        network_mode,
        "fitted slope of ln(t/ln(s_α/a_α(0) − 1)) against ln n, by theory −2 for the CNN and −1 for the FCNN",
    )
    variables |= fits.summary(
        "speed_up_slope",
        fits.power(sides, speed_up.transpose(0, 2, 1)),
        ("mode",),
        "fitted slope of ln speed-up against ln n, by theory 1",
    )
    coordinates = _coordinate("network", NETWORKS, "network") | _coordinate("side", sides, "image side n, in pixels")
    return netcdf.dataset(variables, coordinates, {})


def std_dataset(
    stds: Sequence[float],
    *,
    small: npt.NDArray[np.bool_],
    measured: FloatArray,
    predicted: FloatArray,
    initial: FloatArray,
    misalignment: FloatArray,
    imbalance: FloatArray,
    asymptote: FloatArray,
    magnitudes: FloatArray,
) -> xr.Dataset:
    """The file over σ from arrays (seed, std, …); slopes are fitted over the small σ."""
    everywhere = ("seed", "std", "mode")
    fitted = np.array(stds)[small]
    logarithm = -2 * np.log(fitted)

    def slopes(times: FloatArray) -> FloatArray:
        return fits.slope(logarithm, times[:, small].transpose(0, 2, 1))

    variables = {
        "discovery_time": netcdf.variable(everywhere, measured, "measured samples until a_α = s_α/2"),
        "predicted_time": netcdf.variable(
            everywhere, predicted, "the same by the competition's closed form; 0 if it starts above"
        ),
        "initial_effective_singular_value": netcdf.variable(
            everywhere, initial, "a_α(0) with which the mode enters the competition"
        ),
        "is_fitted": netcdf.variable(
            ("std",), small.astype(np.int8), f"whether every a_α(0) is below {SMALL_START:g} s_α, so that fits use it"
        ),
        "asymptotic_slope": netcdf.variable(
            ("mode",), asymptote, "1/(2 λ n max_l |v̂^α_l| s_α), the slope of t (samples) against ln(1/σ²) for small σ"
        ),
        "alignment_error": netcdf.variable(
            ("seed", "std"), misalignment, "largest |Ω_αβ|/√(s_α s_β), α ≠ β, during the run"
        ),
        "balance_error": netcdf.variable(
            ("seed", "std", "frequency"), imbalance, "|B_0l|/|k̂_l| − 1 at the discovery of mode 0"
        ),
        "frequency_magnitude": netcdf.variable(("frequency",), magnitudes, "|v̂^0_l| of mode 0's frequencies"),
        "predicted_balance_power": netcdf.variable(
            ("frequency",), 2 * magnitudes / magnitudes.max(), "power of σ in the balance error, 2 |v̂^0_l|/max|v̂^0|"
        ),
    }
    variables |= fits.summary("slope", slopes(measured), ("mode",), "fitted slope of t (samples) against ln(1/σ²)")
    variables |= fits.summary(
        "predicted_slope", slopes(predicted), ("mode",), "the closed form's slope of t (samples) against ln(1/σ²)"
    )
    variables |= fits.summary(
        "slope_ratio", slopes(measured) / slopes(predicted), ("mode",), "fitted slope over the closed form's"
    )
    variables |= fits.summary(
        "alignment_power",
        fits.power(fitted, misalignment[:, small]),
        (),
        "fitted power of σ in the alignment error, by theory 1",
    )
    variables |= fits.summary(
        "balance_power",
        fits.power(fitted, np.abs(imbalance[:, small]).transpose(0, 2, 1)),
        ("frequency",),
        "fitted power of σ in the magnitude of the balance error",
    )
    return netcdf.dataset(variables, _coordinate("std", stds, "standard deviation σ of all initial weights"), {})


def learning_rate_dataset(
    rates: Sequence[float],
    *,
    measured: FloatArray,
    errors: FloatArray,
    mean_errors: FloatArray,
    sampling: FloatArray,
    flow_discovery: FloatArray,
) -> xr.Dataset:
    """The file over λ from arrays (order, seed, learning_rate, mode), some without order or seed."""
    everywhere = ("order", "seed", "learning_rate", "mode")
    fitted = np.array(rates) <= FIRST_ORDER_RANGE * (1 + 1e-9) * min(rates)
    # Two points at least, whatever the rates.
    fitted |= np.argsort(np.argsort(rates)) < 2
    small = np.array(rates)[fitted]
    variables = {
        "discovery_time": netcdf.variable(everywhere, measured, "measured samples until a_α = s_α/2"),
        "predicted_time": netcdf.variable(
            everywhere[1:],
            flow_discovery[:, None] / np.array(rates)[:, None],
            "the same by the gradient flow from the seed's own initial weights",
        ),
        "flow_error": netcdf.variable(everywhere, errors, "root mean square of a_α minus the flow's, relative to s_α"),
        "mean_flow_error": netcdf.variable(
            ("order", "learning_rate", "mode"), mean_errors, "the same for the means over the seeds"
        ),
        "sampling_error": netcdf.variable(
            everywhere[1:],
            sampling,
            "root mean square scatter over the seeds of a_α in random order minus in cyclic order, relative to s_α",
        ),
        "is_fitted": netcdf.variable(
            ("learning_rate",),
            fitted.astype(np.int8),
            f"whether λ is within {FIRST_ORDER_RANGE:g} times the smallest, so that the fits of the errors use it",
        ),
    }
    variables |= fits.summary(
        "slope",
        fits.power(rates, measured.transpose(1, 0, 3, 2)),
        ("order", "mode"),
        "fitted slope of ln t against ln λ, by theory −1",
    )
    variables |= fits.summary(
        "flow_error_power",
        fits.power(small, errors.mean(axis=-1)[..., fitted].transpose(1, 0, 2)),
        ("order",),
        "fitted power of λ in the flow's error, mean over the modes, by theory 1 in cyclic order",
    )
    variables |= fits.summary(
        "sampling_error_power",
        fits.power(small, sampling.mean(axis=-1)[..., fitted]),
        (),
        "fitted power of λ in the sampling error, mean over the modes, by theory 1/2",
    )
    coordinates = _coordinate("order", ORDERS, "order of the classes")
    return netcdf.dataset(variables, coordinates | _coordinate("learning_rate", rates, "learning rate λ"), {})
