"""The sigmoidal trajectories of pure cosines (Pinson et al. 2023, Eqs. 21, 22 and S.155 to S.165)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray


def structural_factor(right_images: npt.ArrayLike) -> FloatArray:
    """c_α: 1 if the spectrum of v^α is one self-conjugate peak, else 1/√2 for a pair of conjugate peaks.

    It is the largest |v̂^α_l|: how much of the singular vector one frequency holds.

    Args:
        right_images: v^α as images, shape (modes, n, n), each a single cosine.
    """
    return np.asarray(np.abs(fourier.spectrum(right_images)).max(axis=(-2, -1)))


def effective_singular_value(
    samples: npt.ArrayLike, initial: npt.ArrayLike, singular_value: npt.ArrayLike, rate: npt.ArrayLike
) -> FloatArray:
    """a_α(t) = s_α E / (E − 1 + s_α/a_α(0)), E = exp(2 r s_α t) (Pinson et al. 2023, Eq. 22).

    Args:
        samples: time t in samples.
        initial: a_α(0), positive.
        singular_value: s_α.
        rate: r = λ n c_α for the CNN, λ for the FCNN; all four broadcast.
    """
    time, start, limit = np.asarray(samples), np.asarray(initial), np.asarray(singular_value)
    decay = np.exp(-2 * np.asarray(rate) * limit * time)
    return np.asarray(limit / (1 - decay + decay * limit / start))


def time_to_reach(
    value: npt.ArrayLike, initial: npt.ArrayLike, singular_value: npt.ArrayLike, rate: npt.ArrayLike
) -> FloatArray:
    """Samples until a_α(t) = value (Pinson et al. 2023, Eq. S.164).

    t = ln(a_f (s_α − a_0) / (a_0 (s_α − a_f))) / (2 r s_α).

    Args:
        value: a_f, between a_α(0) and s_α.
        initial: a_0 = a_α(0).
        singular_value: s_α.
        rate: r = λ n c_α for the CNN, λ for the FCNN; all four broadcast.
    """
    reached, start, limit = np.asarray(value), np.asarray(initial), np.asarray(singular_value)
    return np.asarray(np.log(reached * (limit - start) / (start * (limit - reached))) / (2 * np.asarray(rate) * limit))
