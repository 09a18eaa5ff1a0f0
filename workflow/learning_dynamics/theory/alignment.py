"""How aligned, balanced and coherent a network and a data set are (Pinson et al. 2023, App. A and G)."""

from __future__ import annotations

import numpy as np

from learning_dynamics.numerics.correlations import FloatArray


def off_diagonal_share(effective: FloatArray) -> FloatArray:
    """Frobenius norm of Ω's off-diagonal part over that of Ω: 0 when the network is aligned (App. G).

    Args:
        effective: Ω, shape (…, modes, modes).
    """
    # Masked before squaring: the difference of two sums of squares would leave 1e-8 of rounding.
    off_diagonal = np.where(np.eye(effective.shape[-1], dtype=bool), 0.0, effective)
    return np.asarray(np.linalg.norm(off_diagonal, axis=(-2, -1)) / np.linalg.norm(effective, axis=(-2, -1)))


def largest_off_diagonal(effective: FloatArray, singular_values: FloatArray) -> FloatArray:
    """max_{α≠β} |Ω_αβ| / √(s_α s_β), shape (…): how far the network ever is from diagonal (Fig. S.1)."""
    modes = len(singular_values)
    scale = np.sqrt(np.outer(singular_values, singular_values))
    relative = np.abs(effective[..., :modes, :modes]) / scale
    return np.asarray(np.where(np.eye(modes, dtype=bool), 0.0, relative).max(axis=(-2, -1)))


def balance(readout_magnitude: FloatArray, kernel_magnitude: FloatArray) -> FloatArray:
    """|B_αl| / |k̂_l|, 1 when mode α's frequencies are balanced (Fig. S.2); shapes broadcast."""
    return np.asarray(readout_magnitude / kernel_magnitude)


def coherence(input_correlation_in_modes: FloatArray, singular_values: FloatArray, classes: int) -> FloatArray:
    """p s_α² / d_α: the share of the power along v^α that lies in the class means (App. A), shape (modes,).

    1 for coherent classes (one image per class), where Vᵀ Σxx V is diagonal with d_α = p s_α². For balanced classes.
    """
    return classes * singular_values**2 / np.diagonal(input_correlation_in_modes)[: len(singular_values)]


def participation_ratio(weights: FloatArray) -> FloatArray:
    """(Σ w)² / Σ w² over the last axis: how many entries share the weight, from 1 to all of them."""
    return np.asarray(weights.sum(axis=-1) ** 2 / (weights**2).sum(axis=-1))


def class_mean_share(
    input_correlation_in_modes: FloatArray, singular_values: FloatArray, left: FloatArray, class_frequencies: FloatArray
) -> FloatArray:
    """``coherence`` for classes of any size: Σ_c f_c (m_c·v^α)²/d_α with class means m_c and shares f_c (App. A).

    Row c of Σyx is f_c m_c, so that m_c·v^α = s_α U_cα/f_c. For balanced classes this is p s_α²/d_α.

    Args:
        input_correlation_in_modes: Vᵀ Σxx V, shape (modes, modes).
        singular_values: s_α, shape (modes,).
        left: U, shape (p, modes).
        class_frequencies: f_c, shape (p,).
    """
    power = singular_values**2 * (left**2 / class_frequencies[:, None]).sum(axis=0)
    return np.asarray(power / np.diagonal(input_correlation_in_modes))
