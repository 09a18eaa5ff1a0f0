"""Measured on the weights: minimal norm, balance, and what rows and kernels are mixtures of."""

from __future__ import annotations

from typing import Literal

import numpy as np

from learning_dynamics.claims.measures.registry import NotMeasuredError, measure
from learning_dynamics.claims.measures.trials import (
    Results,
    discovering,
    existing,
    mode_spectra,
    only,
    records_at,
    times,
)
from learning_dynamics.claims.statistics import MEDIAN
from learning_dynamics.engines.linear_cnn import Weights
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults
from learning_dynamics.theory import competition, minimal_norm

CNN = "linear_cnn"
# A frequency belongs to a mode if its |v̂^α_l| is above this share of the largest: below are errors of rounding.
_PRESENT = 1e-9
# Balanced: |B_αl| and |k̂_l| differ by less than ten percent.
_BALANCED = 0.1


@measure(MEDIAN)
def minimal_norm_deviation(
    results: Results,
    experiment: str,
    condition: Literal["interpolation", "balance", "phase", "kernel_outside", "readout_outside", "norms"],
) -> FloatArray:
    """A number of ``minimal_norm.Deviation`` for the weights at the end, in magnitude, per trial (S.73 to S.79)."""
    found = results.experiment(experiment, CNN)
    d, spectra = _disjoint(found)
    structure = found.decomposition
    deviations = [
        minimal_norm.deviation(weights, structure.left, structure.singular_values, d, spectra)
        for weights in _last_weights(found)
    ]
    return only(discovering(found, CNN), [abs(getattr(deviation, condition)) for deviation in deviations])


@measure(MEDIAN)
def norm_over_least(results: Results, experiment: str) -> FloatArray:
    """(‖k‖² + ‖W‖²) at the end over the least of all interpolators, per trial (Eq. S.68 against S.73 to S.79)."""
    found = results.experiment(experiment, CNN)
    d, spectra = _disjoint(found)
    least = minimal_norm.least_norm(found.decomposition.singular_values, d, spectra)
    norms = [(weights.kernel**2).sum() + (weights.readout**2).sum() for weights in _last_weights(found)]
    return only(discovering(found, CNN), np.array(norms) / least)


@measure(MEDIAN)
def balance(
    results: Results, experiment: str, mode: int, share: float, frequencies: Literal["strongest", "all"]
) -> FloatArray:
    """|ln(|B_αl|/|k̂_l|)| when a_α passes a share of s_α, largest of the mode's frequencies, per trial (Fig. S.2).

    Args:
        results: everything that can be measured.
        experiment: its name.
        mode: α.
        share: of s_α.
        frequencies: the mode's strongest only, or all.
    """
    found = results.experiment(experiment, CNN)
    reached = times(found, CNN, share, [mode])[:, 0]
    ratios = _ratios(found, mode, frequencies)
    indices = records_at(found.effective_singular_values(CNN)[0], reached)
    return only(np.isfinite(reached), ratios[np.arange(len(ratios)), indices])


@measure(MEDIAN)
def balance_order(results: Results, experiment: str, early: int, late: int) -> FloatArray:
    """When the strongest frequency of one mode is balanced for good, less when that of an earlier is, per trial.

    Over the discovery time of the earlier mode. Balanced: |B_αl| and |k̂_l| differ by less than ten percent (Fig. S.2).
    """
    found = results.experiment(experiment, CNN)
    samples, _ = found.effective_singular_values(CNN)
    moments = []
    for mode in existing(found, [early, late]):
        apart = _ratios(found, mode, "strongest") >= _BALANCED
        last = apart.shape[1] - 1 - apart[:, ::-1].argmax(axis=1)
        # The record after the last that is not balanced; never balanced: no value.
        after = np.where(apart.any(axis=1), last + 1, 0)
        moments.append(np.where(after < len(samples), samples[after.clip(max=len(samples) - 1)], np.nan))
    reached = times(found, CNN, modes=[early])[:, 0]
    return only(discovering(found, CNN), (moments[1] - moments[0]) / reached)


@measure(MEDIAN)
def share_in_structure(results: Results, experiment: str, network: Literal["linear_cnn", "linear_fcnn"]) -> FloatArray:
    """Share of the learned weights' power in the span of the right singular vectors at the end, per trial (Eq. 18).

    Learned: less the start. FCNN: the kept rows of W1. CNN: the kernel as an image.
    """
    found = results.experiment(experiment, network)
    variable = {"linear_cnn": "kernel", "linear_fcnn": "first_layer"}[network]
    snapshots = found.trajectories(network, [variable])[variable]
    learned = (snapshots.isel(snapshot_sample=-1) - snapshots.isel(snapshot_sample=0)).values
    rows = learned.reshape(len(learned), -1, found.decomposition.right.shape[0])
    inside = rows @ found.decomposition.right[:, found.modes]
    return only(discovering(found, network), (inside**2).sum(axis=(1, 2)) / (rows**2).sum(axis=(1, 2)))


def _disjoint(found: ExperimentResults) -> tuple[FloatArray, fourier.ComplexArray]:
    """d_α and v̂^α, of modes for which the conditions are stated."""
    file = found.structure
    spectra = fourier.spectrum(file["right_singular_vectors"].values)
    every = len(found.modes) == len(spectra)
    if spectra.shape[1] > 1 or not every or not competition.frequencies_are_disjoint(spectra):
        raise NotMeasuredError(
            f"the conditions are for one channel and modes that share no frequency: not {found.name}"
        )
    return np.diagonal(file["input_correlation_in_modes"].values), spectra[:, 0]


def _last_weights(found: ExperimentResults) -> list[Weights]:
    last = found.trajectories(CNN, ["kernel", "readout"]).isel(snapshot_sample=-1)
    return [Weights(*weights) for weights in zip(last["kernel"].values, last["readout"].values, strict=True)]


def _ratios(found: ExperimentResults, mode: int, frequencies: Literal["strongest", "all"]) -> FloatArray:
    """|ln(|B_αl|/|k̂_l|)| at every record, largest of the mode's frequencies, shape (trials, records)."""
    runs = found.trajectories(CNN, ["kernel_magnitude", "readout_magnitude"])
    side = found.data.shape[1]
    spectrum = mode_spectra(found)[mode]
    used = spectrum == spectrum.max() if frequencies == "strongest" else spectrum > _PRESENT * spectrum.max()
    used = used.reshape(side, side)
    kernel = np.sqrt((runs["kernel_magnitude"].values ** 2).sum(axis=2))[..., used]
    readout = runs["readout_magnitude"].values[:, :, found.modes[mode], used]
    return np.asarray(np.abs(np.log(readout / kernel)).max(axis=-1), dtype=np.float64)
