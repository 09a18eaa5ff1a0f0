"""Estimates that need only the structure, not Σxx: how fast each mode is learned, when, and a slow learning rate.

Every mode is taken by itself, as if it shared no frequency with another and the classes were coherent. Where that does
not hold the gradient flow is the better prediction; these are its starting point, and stand alone where it costs too
much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.integrate import quad

from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.structure import files as structure_files
from learning_dynamics.theory import competition, sigmoid

# Coefficients of a unit vector that are not zero to rounding.
_PRESENT = 1e-9


@dataclass(frozen=True)
class ModeStructure:
    """What the estimates need of a data set.

    singular_values: s_α, shape (modes,).
    input_correlation: d_α = v^αᵀ Σxx v^α, shape (modes,).
    spectra: |v̂^α_l| with channels combined, shape (modes, n, n).
    power: ⟨‖x‖²⟩ of the inputs.
    present: modes whose s_α is not zero to rounding, shape (modes,).
    worthwhile: modes to wait for, shape (modes,).
    """

    singular_values: FloatArray
    input_correlation: FloatArray
    spectra: FloatArray
    power: float
    present: npt.NDArray[np.bool_]
    worthwhile: npt.NDArray[np.bool_]

    @property
    def side(self) -> int:
        """n."""
        return int(self.spectra.shape[-1])


def mode_structure(structure: xr.Dataset, power: float, smallest_mode: float) -> ModeStructure:
    """From the structure file.

    Args:
        structure: its variables.
        power: tr Σxx of the training split.
        smallest_mode: a mode is worth waiting for if its s_α is at least this share of the largest.
    """
    values = structure["singular_values"].values
    parts = structure["right_singular_spectra"].values
    spectra = np.sqrt((parts**2).sum(axis=(1, 4)))
    in_modes = structure["input_correlation_in_modes"].values.diagonal()
    present = structure_files.structure_of(structure).discoverable
    worthwhile = present & (values >= smallest_mode * values[0])
    return ModeStructure(values, in_modes, spectra, power, present, worthwhile)


def learning_rate(modes: ModeStructure, rates: FloatArray, step: float) -> float:
    """λ = ε / max_α r_α max(2 d_α/s_α, ⟨‖x‖²⟩ s_α/d_α), over the modes worth waiting for, to three digits.

    Near the end of its rise mode α relaxes at the rate 2 λ r_α s_α per sample on average (Eq. 22), but by the samples
    along v^α, which one update sees, 2 λ r_α d_α/s_α at a time; d_α/s_α = p s_α for coherent classes (App. A). The
    second term is the other way in which an update can be large: a learned mode has squared readout weights of s_α/d_α,
    which every sample drives, whatever its class.

    Args:
        modes: of the data set.
        rates: r_α, see ``TwoLayerNetwork.rates``.
        step: ε.
    """
    use = modes.worthwhile
    s, d, r = modes.singular_values[use], modes.input_correlation[use], rates[use]
    fastest = (r * np.maximum(2 * d / s, modes.power * s / d)).max()
    return float(f"{step / fastest:.2e}")


def competition_times(modes: ModeStructure, start: float, rate: float) -> FloatArray:
    """When each a_α should pass s_α/2 by the competition's clock, in samples; NaN for modes that are zero.

    Args:
        modes: of the data set.
        start: typical magnitude of the initial coefficients.
        rate: λ.
    """
    times = np.full(len(modes.singular_values), np.nan)
    for mode in np.flatnonzero(modes.present):
        times[mode] = _half_rise(_alone(modes, int(mode), start), rate)
    return times


def sigmoid_times(modes: ModeStructure, starts: FloatArray, rate: float) -> FloatArray:
    """When each a_α should pass s_α/2 by Eq. 22 without n c_α, in samples; NaN for modes that are zero.

    Args:
        modes: of the data set.
        starts: typical a_α(0), shape (modes,).
        rate: λ.
    """
    times = np.full(len(modes.singular_values), np.nan)
    for mode in np.flatnonzero(modes.present):
        s, start = float(modes.singular_values[mode]), float(starts[mode])
        times[mode] = float(sigmoid.time_to_reach(s / 2, start, s, rate)) if start < s / 2 else 0.0
    return times


def largest_start(modes: ModeStructure, starts: FloatArray) -> float:
    """The largest a_α(0)/s_α over the modes worth waiting for.

    Args:
        modes: of the data set.
        starts: typical a_α(0), shape (modes,).
    """
    use = modes.worthwhile
    return float((starts[use] / modes.singular_values[use]).max())


def final_kernel(modes: ModeStructure, start: float) -> FloatArray:
    """|k̂_l| after all modes are learned, each by itself, channels combined (Pinson et al. 2023, Sec. 4); (n, n)."""
    power = np.zeros(modes.spectra.shape[1:])
    for mode in np.flatnonzero(modes.present):
        one = _alone(modes, int(mode), start)
        power[modes.spectra[mode] > _PRESENT] += one.winners() ** 2
    return np.sqrt(power)


def _alone(modes: ModeStructure, mode: int, start: float) -> competition.Mode:
    spectrum = modes.spectra[mode].ravel()
    present = spectrum[spectrum > _PRESENT]
    s, d = float(modes.singular_values[mode]), float(modes.input_correlation[mode])
    return competition.Mode(s, d, present, np.full(len(present), start), modes.side)


def _half_rise(mode: competition.Mode, rate: float) -> float:
    """t = ∫ dG/(λ (s − a(G))) from 0 to where a = s/2."""
    s = mode.singular_value
    if mode.effective_singular_value(0.0) >= s / 2:
        return 0.0
    half = competition.Mode(s / 2, mode.input_correlation, mode.spectrum, mode.initial, mode.side).final_clock()
    value, _ = quad(lambda clock: 1 / (s - float(mode.effective_singular_value(clock))), 0.0, half, limit=200)
    return float(value / rate)


def shared_power(spectra: FloatArray) -> FloatArray:
    """Σ_l min(P_αl, P_βl) with P_αl = |v̂^α_l|²: the share of two modes' power at the same frequencies (modes, modes).

    0 where the competition of each mode is its own (App. E), 1 where all frequencies are shared.
    """
    power = (spectra**2).reshape(len(spectra), -1)
    return np.array([np.minimum(power, row).sum(axis=1) for row in power])


def dominant_frequencies(magnitudes: FloatArray, number: int) -> list[tuple[int, int, float]]:
    """The strongest frequencies of a real image's spectrum (n, n), l and l* as one: signed pair and share of power."""
    side = magnitudes.shape[-1]
    index = np.arange(side * side)
    mirror = fourier.mirror_index(side)
    half = np.flatnonzero(index <= mirror)
    power = magnitudes.ravel() ** 2
    together = power[half] + np.where(half == mirror[half], 0.0, power[mirror[half]])
    order = np.argsort(-together, kind="stable")[:number]
    total = float(power.sum()) or 1.0
    signed = [tuple(int(v) if v <= side // 2 else int(v) - side for v in divmod(int(half[l]), side)) for l in order]
    return [(i, j, float(together[l] / total)) for (i, j), l in zip(signed, order, strict=True)]
