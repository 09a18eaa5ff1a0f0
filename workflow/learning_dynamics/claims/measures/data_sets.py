"""Measured on data sets alone: nothing is trained, there is one value."""

from __future__ import annotations

import itertools

import numpy as np

from learning_dynamics.claims.measures.registry import NotMeasuredError, measure
from learning_dynamics.claims.measures.trials import Results, mode_spectra
from learning_dynamics.claims.statistics import EXACT
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import alignment


@measure(EXACT)
def coupling(results: Results, experiment: str) -> FloatArray:
    """Largest |(Vᵀ Σxx V)_αβ|/√(d_α d_β), α ≠ β: 0 where Eq. 3 holds (App. A)."""
    return np.array([_coupling(results.experiment(experiment))])


@measure(EXACT)
def incoherence(results: Results, experiment: str) -> FloatArray:
    """Largest of 1 − p s_α²/d_α over the modes: 0 where the images of a class are all the same (App. A)."""
    return np.array([_incoherence(results.experiment(experiment))])


@measure(EXACT)
def coupling_follows_incoherence(results: Results, experiments: list[str]) -> FloatArray:
    """Kendall's rank correlation of coupling and incoherence over data sets; pairs equal to rounding are left out."""
    values = [(_incoherence(found), _coupling(found)) for found in map(results.experiment, experiments)]
    signs = [
        np.sign((a[0] - b[0]) * (a[1] - b[1]))
        for a, b in itertools.combinations(values, 2)
        if abs(a[0] - b[0]) > 1e-9 and abs(a[1] - b[1]) > 1e-9
    ]
    if not signs:
        raise NotMeasuredError("the data sets do not differ in coherence")
    return np.array([np.mean(signs)])


@measure(EXACT)
def broader_is_lower(results: Results, experiment: str) -> FloatArray:
    """Kendall's rank correlation of the modes' index with their mean spatial frequency.

    Mean of |f| = √(f² + g²) in cycles per image, weighted by |v̂^α|²; from 1, every later mode is of higher frequency,
    to −1.
    """
    found = results.experiment(experiment)
    side = found.data.shape[1]
    cycles = np.abs(np.fft.fftfreq(side, 1 / side))
    radius = np.sqrt(cycles[:, None] ** 2 + cycles[None] ** 2).ravel()
    power = mode_spectra(found) ** 2
    means = power @ radius / power.sum(axis=1)
    if len(means) < 2:
        raise NotMeasuredError(f"{experiment} has one mode, and so no order")
    return np.array([np.mean([np.sign(b - a) for a, b in itertools.combinations(means, 2)])])


def _in_modes(found: ExperimentResults) -> FloatArray:
    return np.asarray(found.structure["input_correlation_in_modes"].values[np.ix_(found.modes, found.modes)])


def _coupling(found: ExperimentResults) -> float:
    matrix = _in_modes(found)
    return float(alignment.largest_off_diagonal(matrix, np.diagonal(matrix)))


def _incoherence(found: ExperimentResults) -> float:
    structure = found.decomposition
    shares = alignment.class_mean_share(
        _in_modes(found),
        structure.singular_values[found.modes],
        structure.left[:, found.modes],
        found.structure["class_frequency"].values,
    )
    return float(np.abs(1 - shares).max())
