"""What repeated trainings say of a number: an estimate and its 95 % interval, by a method that fits the number.

A measure says which of these its values need. Student's t is for values that scatter about their mean alike on both
sides; a largest or least of several, or a quantity that cannot be negative, is judged by its median, whose interval
holds for any distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, betaincinv, ndtri, stdtrit

from learning_dynamics.numerics.confidence import CONFIDENCE, confidence_interval
from learning_dynamics.numerics.correlations import FloatArray

# So many trials are looked through for the number that would decide.
_MOST_TRIALS = 100_000
# 2 · 2⁻⁶ is the first to be less than 5 %.
_FEWEST_FOR_ORDER = 6
_FEWEST_FOR_LOGARITHMS = 3


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95 % interval; None where there are too few trials for an interval."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Statistic:
    """How the values of the trials become one number.

    name: what the ledger calls it.
    fewest: trials with which there is an interval whatever the values.
    number: the number, from values of shape (trials, …).
    interval: the ends of its 95 % interval; None if the trials are too few.
    single: one number per trial, shape (trials,).
    """

    name: str
    fewest: int
    number: Callable[[FloatArray], float]
    interval: Callable[[FloatArray], tuple[float, float] | None]
    single: Callable[[FloatArray], FloatArray] = np.asarray

    def estimate(self, values: FloatArray) -> Estimate:
        """The number and its interval, from values of shape (trials, …)."""
        return Estimate(self.number(values), *(self.interval(values) or (None, None)))


def trials_needed(trials: int, half_width: float, distance: float) -> int | None:
    """With how many trials an interval would be as narrow as a distance, if the scatter stays; None if far too many.

    The half-width falls as t(N − 1)/√N with Student's t.

    Args:
        trials: N of the present interval.
        half_width: of the present interval, on the side of the bound.
        distance: from the number to the bound.
    """
    number = np.arange(2, _MOST_TRIALS)
    widths = stdtrit(number - 1, (1 + CONFIDENCE) / 2) / np.sqrt(number)
    enough = half_width * widths / widths[max(trials, 2) - 2] < distance
    return int(number[enough.argmax()]) if enough.any() else None


def _t_interval(values: FloatArray) -> tuple[float, float] | None:
    if len(values) < 2:
        return None
    _, low, high = confidence_interval(values)
    return float(low), float(high)


def _median_interval(values: FloatArray) -> tuple[float, float] | None:
    """The k-th smallest and k-th largest, k as large as P(fewer than k of N are on one side) ≤ 2.5 % allows.

    Of three to five positive values, for which there is no such k, that of a log-normal's median: Student's t of ln.
    """
    number = len(values)
    if number < _FEWEST_FOR_ORDER:
        if number < _FEWEST_FOR_LOGARITHMS or not (values > 0).all():
            return None
        _, *ends = confidence_interval(np.log(values))
        return float(np.exp(ends[0])), float(np.exp(ends[1]))
    below = bdtr(np.arange(number), number, 0.5)
    k = int((below <= (1 - CONFIDENCE) / 2).sum())
    ordered = np.sort(values)
    return float(ordered[k - 1]), float(ordered[-k])


def _proportion_interval(values: FloatArray) -> tuple[float, float]:
    """By Clopper and Pearson, from 0 and 1 per trial."""
    number, successes = len(values), round(float(values.sum()))
    tail = (1 - CONFIDENCE) / 2
    low = betaincinv(successes, number - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, number - successes, 1 - tail) if successes < number else 1.0
    return float(low), float(high)


def _correlation(values: FloatArray) -> float:
    return float(_standard_scores(values).mean())


def _correlation_interval(values: FloatArray) -> tuple[float, float] | None:
    """By Fisher's z = artanh r, normal with variance 1/(N − 3)."""
    if len(values) < 4:
        return None
    z = np.arctanh(np.clip(_correlation(values), -1 + 1e-15, 1 - 1e-15))
    half = ndtri((1 + CONFIDENCE) / 2) / np.sqrt(len(values) - 3)
    return float(np.tanh(z - half)), float(np.tanh(z + half))


def _standard_scores(values: FloatArray) -> FloatArray:
    """Products of the standard scores; NaN where one of the two is the same in every trial, up to rounding."""
    spread = values.std(axis=0)
    differs = spread > 1e-12 * np.abs(values).max(axis=0)
    return np.asarray(((values - values.mean(axis=0)) / np.where(differs, spread, np.nan)).prod(axis=1))


def _root(values: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(values, 0.0))


def _mean_square_of_mean(deviations: FloatArray) -> FloatArray:
    """Per mode D̄² − s²/N averaged over time, shape (modes,): D̄² alone is too large by the noise of the mean, s²/N."""
    noise = deviations.var(axis=0, ddof=1) / len(deviations) if len(deviations) > 1 else 0.0
    return np.asarray((deviations.mean(axis=0) ** 2 - noise).mean(axis=0))


def _error_of_mean(deviations: FloatArray) -> float:
    return float(_root(_mean_square_of_mean(deviations)).max())


def _error_of_mean_interval(deviations: FloatArray) -> tuple[float, float] | None:
    """From the noise of the mean curve along itself and across.

    With λ, the variance of the trials along the mean curve, and tr Σ² of their covariance Σ over time,

        c² + t² λ/N ± t √(4 c² λ/N + 2 (tr Σ² − λ²)/N²),   c² = D̄² − s²/N + λ/N

    are the ends of one mode, squared. For noise along the curve alone they are |D̄| ± t √(λ/N), which is Student's t;
    noise across it makes c² scatter as the mean square of a mean does. Of the modes the largest ends, the lower with
    a quantile for as many as there are.
    """
    number, times, modes = deviations.shape
    if number < 3:
        return None
    degrees = number - 1
    mean = deviations.mean(axis=0)
    residuals = deviations - mean
    # It has the trace of Σ, and of its square, in as many rows as trials.
    gram = np.einsum("itm,jtm->mij", residuals, residuals) / (times * degrees)
    trace = np.einsum("mii->m", gram)
    squares = ((gram**2).sum(axis=(1, 2)) - trace**2 / degrees) / ((1 - 1 / degrees) * (1 + 2 / degrees))
    size = (mean**2).mean(axis=0)
    along = ((residuals * mean).mean(axis=1) ** 2).sum(axis=0) / (np.where(size > 0, size, 1.0) * degrees)
    across = np.maximum(squares - along**2, 0.0)
    centre = np.maximum(_mean_square_of_mean(deviations) + along / number, 0.0)
    ends = []
    for sign, share in ((-1, modes), (1, 1)):
        t = stdtrit(degrees, 1 - (1 - CONFIDENCE) / 2 / share)
        half = t * np.sqrt(4 * centre * along / number + 2 * across / number**2)
        square = centre + t**2 * along / number + sign * half
        # Nearer to zero than the noise reaches, the lower end is zero.
        ends.append(_root(np.where((sign > 0) | (centre > t**2 * along / number), square, 0.0)).max())
    return float(ends[0]), float(ends[1])


MEAN = Statistic("mean, Student's t", 2, lambda values: float(values.mean()), _t_interval)
MEDIAN = Statistic(
    "median, order statistics", _FEWEST_FOR_ORDER, lambda values: float(np.median(values)), _median_interval
)
PROPORTION = Statistic("proportion, Clopper–Pearson", 1, lambda values: float(values.mean()), _proportion_interval)
CORRELATION = Statistic("correlation, Fisher's z", 4, _correlation, _correlation_interval, _standard_scores)
# Of the mean over the trials, from relative deviations of shape (trials, times, modes).
ERROR_OF_MEAN = Statistic(
    "root mean square of the trials' mean, without its noise",
    3,
    _error_of_mean,
    _error_of_mean_interval,
    lambda deviations: np.asarray(_root((deviations**2).mean(axis=1)).max(axis=1)),
)
# Of the data set alone: nothing is drawn, there is one value.
EXACT = Statistic(
    "exact", 1, lambda values: float(values.mean()), lambda values: (float(values.min()), float(values.max()))
)
