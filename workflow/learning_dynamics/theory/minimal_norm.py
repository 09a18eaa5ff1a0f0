"""Minimal-norm solutions for modes that share no frequency (Pinson et al. 2023, App. F, Eqs. S.73 to S.79).

The conditions describe the aligned and balanced interpolators: of all weights of the same whole network these have the
least ‖W‖_F² + ‖k‖², and gradient descent from small weights ends near one. They leave open how a mode is shared among
its frequencies, and that norm is not the same for all shares: it is least with the strongest frequencies alone, see
``least_norm`` and docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learning_dynamics.engines.linear_cnn import Weights
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray


@dataclass(frozen=True)
class Deviation:
    """How far weights are from a minimal-norm solution; every number is 0 for one.

    interpolation: max_α |n d_α Σ_m |v̂^α_m| |k̂_m|² / s_α − 1| (S.73).
    balance: root mean square of |B_αl|/|k̂_l| − 1 on the supports, weighted by |k̂_l|² (S.76, S.77).
    phase: root mean square of arg B_αl + arg k̂_l + arg v̂^α_l on the supports, weighted by |k̂_l|², in radians.
    kernel_outside: share of ‖k‖² at frequencies of no mode.
    readout_outside: share of ‖W‖² in entries B_αl outside the support of v̂^α.
    norms: ‖W‖²_F/‖k‖² − 1.
    """

    interpolation: float
    balance: float
    phase: float
    kernel_outside: float
    readout_outside: float
    norms: float


def construct(
    kernel_spectrum: fourier.ComplexArray,
    left: FloatArray,
    singular_values: FloatArray,
    input_correlation: FloatArray,
    right_spectra: fourier.ComplexArray,
) -> Weights:
    """The minimal-norm solution with the proportions and phases of a given kernel.

    Within a mode the kernel is free but for the sum in S.73, so it is scaled mode by mode; the readout follows.

    Args:
        kernel_spectrum: Hermitian k̂, for every mode not 0 on all of its frequencies, shape (n, n).
        left: U, shape (p, modes).
        singular_values: s_α, shape (modes,).
        input_correlation: d_α, shape (modes,).
        right_spectra: v̂^α, disjoint, shape (modes, n, n).
    """
    side = right_spectra.shape[-1]
    magnitudes = np.abs(right_spectra)
    supports = magnitudes > 1e-9
    kernel = np.zeros_like(kernel_spectrum)
    for s, d, magnitude, support in zip(singular_values, input_correlation, magnitudes, supports, strict=True):
        total = side * d * (magnitude * np.abs(kernel_spectrum) ** 2)[support].sum()
        kernel += np.where(support, kernel_spectrum * np.sqrt(s / total), 0.0)
    phases = np.exp(-1j * (np.angle(kernel) + np.angle(right_spectra)))
    transfer = np.where(supports, np.abs(kernel) * phases, 0.0)
    readout = fourier.image(np.conj(np.tensordot(left, transfer, axes=1)))
    return Weights(fourier.image(kernel)[None], readout)


def least_norm(
    singular_values: FloatArray, input_correlation: FloatArray, right_spectra: fourier.ComplexArray
) -> float:
    """The least ‖W‖_F² + ‖k‖² of all interpolators: Σ_α 2 s_α / (n d_α max_l |v̂^α_l|).

    From s_α = n d_α Σ_l B_αl k̂_l v̂^α_l ≤ n d_α max_l |v̂^α_l| Σ_l (|B_αl|² + |k̂_l|²)/2, an equality for aligned and
    balanced weights at the strongest frequencies of each mode alone.

    Args:
        singular_values: s_α, shape (modes,).
        input_correlation: d_α, shape (modes,).
        right_spectra: v̂^α, disjoint, shape (modes, n, n).
    """
    strongest = np.abs(right_spectra).max(axis=(1, 2))
    return float((2 * singular_values / (right_spectra.shape[-1] * input_correlation * strongest)).sum())


def deviation(
    weights: Weights,
    left: FloatArray,
    singular_values: FloatArray,
    input_correlation: FloatArray,
    right_spectra: fourier.ComplexArray,
) -> Deviation:
    """Compare one-channel weights with the conditions S.73 to S.79.

    Args:
        weights: kernel (1, n, n) and readout (p, n, n).
        left: U, shape (p, modes).
        singular_values: s_α, shape (modes,).
        input_correlation: d_α, shape (modes,).
        right_spectra: v̂^α, disjoint, shape (modes, n, n).
    """
    side = right_spectra.shape[-1]
    kernel = fourier.spectrum(weights.kernel[0])
    transfer = np.tensordot(left.T, np.conj(fourier.spectrum(weights.readout)), axes=1)
    magnitudes = np.abs(right_spectra)
    supports = magnitudes > 1e-9
    power = np.abs(kernel) ** 2
    sums = side * input_correlation * (magnitudes * power).sum(axis=(1, 2))
    share = np.broadcast_to(power, supports.shape)[supports]
    # |k̂_l| |ratio − 1|, which also holds where a kernel has lost a frequency.
    unbalanced = (np.abs(transfer) - np.abs(kernel))[supports]
    angle = np.angle(transfer * kernel * right_spectra)[supports]
    readout_power = np.abs(transfer) ** 2
    return Deviation(
        interpolation=float(np.abs(sums / singular_values - 1).max()),
        balance=float(np.sqrt((unbalanced**2).sum() / share.sum())),
        phase=float(np.sqrt(np.average(angle**2, weights=share))),
        kernel_outside=float(power[~supports.any(axis=0)].sum() / power.sum()),
        readout_outside=float(readout_power[~supports].sum() / readout_power.sum()),
        norms=float((weights.readout**2).sum() / (weights.kernel**2).sum() - 1),
    )
