"""Modes that the images do not tell apart: singular values that are equal, or closer than chance.

The singular vectors of equal singular values are any basis of the space that they span: only the space means
something. The same holds of values whose difference another draw of as many images would change by as much. With
Σyx + E in place of Σyx, to first order in E (e_αβ = u^αᵀ E v^β), the gap of two neighbours changes by e_αα − e_ββ, and
their vectors turn into each other by (e_αβ + e_βα)/(2 (s_α − s_β)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from learning_dynamics.numerics.correlations import FloatArray, Structure
from learning_dynamics.theory.alignment import class_mean_share

# Of the gap. Two modes that are equal in truth stay within three of them in 99 of 100 data sets (the gap of a random
# symmetric 2x2 matrix: 1 − exp(−3²/2)); at three, another data set turns the vectors by about 10° (1/6 in radians).
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class CloseModes:
    """Neighbouring modes of which only the space that they span means something.

    modes: their numbers, ascending, at least two.
    kind: "equal" to rounding, or "close": nearer than ``STANDARD_ERRORS`` standard errors of their difference.
    """

    modes: tuple[int, ...]
    kind: Literal["equal", "close"]


def gap_errors(
    structure: Structure, input_correlation_in_modes: FloatArray, class_frequencies: FloatArray, samples: int
) -> FloatArray:
    """Standard error of s_α − s_(α+1) if as many images of each class were drawn anew, shape (modes − 1,).

    e_αα is the mean over the images of u_cα (x − m_c)·v^α with the image's class c. Its variance is
    Σ_c f_c u_cα² w_α/N with the variance w_α of x·v^α inside the classes, taken as equal in all of them. Zero for one
    image per class, of which nothing is known of others.

    Args:
        structure: U, S and V.
        input_correlation_in_modes: Vᵀ Σxx V, shape (modes, modes).
        class_frequencies: f_c, shape (p,).
        samples: N, number of training images.
    """
    power = np.diagonal(input_correlation_in_modes)
    freedom = samples - np.count_nonzero(class_frequencies)
    if not freedom:
        return np.zeros(len(structure.singular_values) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = class_mean_share(
            input_correlation_in_modes, structure.singular_values, structure.left, class_frequencies
        )
    inside = power * np.clip(1 - np.nan_to_num(share, nan=1.0), 0, None) * samples / freedom
    variances = inside * (class_frequencies[:, None] * structure.left**2).sum(axis=0) / samples
    return np.asarray(np.sqrt(variances[:-1] + variances[1:]))


def groups(
    structure: Structure, input_correlation_in_modes: FloatArray, class_frequencies: FloatArray, samples: int
) -> list[CloseModes]:
    """The groups among the discoverable modes, in order; neighbours that are close belong to one.

    Args:
        structure, input_correlation_in_modes, class_frequencies, samples: see ``gap_errors``.
    """
    errors = gap_errors(structure, input_correlation_in_modes, class_frequencies, samples)
    modes = np.flatnonzero(structure.discoverable)
    found: list[list[int]] = [[int(modes[0])]]
    for mode in modes[1:]:
        gap = structure.singular_values[mode - 1] - structure.singular_values[mode]
        if gap <= max(STANDARD_ERRORS * errors[mode - 1], structure.smallest):
            found[-1].append(int(mode))
        else:
            found.append([int(mode)])
    return [CloseModes(tuple(group), _kind(structure, group)) for group in found if len(group) > 1]


def _kind(structure: Structure, group: list[int]) -> Literal["equal", "close"]:
    values = structure.singular_values[group]
    return "equal" if (np.abs(np.diff(values)) <= structure.smallest).all() else "close"


def same_means(structure: Structure, class_frequencies: FloatArray) -> list[tuple[int, ...]]:
    """Classes whose mean images are the same to rounding, which no linear network tells apart, as groups.

    The mean image of class c is Σ_α s_α u_cα v^α/f_c: the rows of U S/f are compared.

    Args:
        structure: U, S and V.
        class_frequencies: f_c, shape (p,).
    """
    use = structure.discoverable
    means = structure.left[:, use] * structure.singular_values[use] / class_frequencies[:, None]
    left = list(range(len(means)))
    found = []
    while left:
        first = left.pop(0)
        # Rounding of Σyx is divided by f_c like its rows.
        allowed = structure.smallest / class_frequencies.min()
        alike = [other for other in left if np.linalg.norm(means[first] - means[other]) <= allowed]
        if alike:
            found.append((first, *alike))
            left = [other for other in left if other not in alike]
    return found
