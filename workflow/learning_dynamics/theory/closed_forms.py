"""The closed forms that hold for a data set and a start, as variables of a theory file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray, Structure, input_correlation_in_modes
from learning_dynamics.numerics.random_streams import PAPER_TRIALS
from learning_dynamics.storage import netcdf
from learning_dynamics.theory import competition, sigmoid

if TYPE_CHECKING:
    from learning_dynamics.engines import linear_cnn
    from learning_dynamics.structure.training_data import TrainingData


def apply(data: TrainingData) -> bool:
    """Whether the data are as the closed forms ask: one channel, no mode that is zero, no mean subtracted."""
    return data.shape[0] == 1 and bool(data.structure.discoverable.all()) and not data.images.centred


def single_frequency_modes(right_images: FloatArray) -> bool:
    """Whether every v^α (modes, C, n, n) is one cosine in one channel, as Eq. 22 asks of the CNN's data."""
    if right_images.shape[1] != 1:
        return False
    spectra = np.abs(fourier.spectrum(right_images[:, 0])).reshape(len(right_images), -1)
    side = right_images.shape[-1]
    mirror = fourier.mirror_index(side)
    strongest = spectra.argmax(axis=1)
    return all(
        set(np.flatnonzero(spectrum > 1e-9)) == {l, mirror[l]} for spectrum, l in zip(spectra, strongest, strict=True)
    )


def speed_up(data: TrainingData) -> FloatArray:
    """n c_α: by how much the CNN's mode α is faster than the FCNN's (Pinson et al. 2023, Eq. 22), shape (modes,)."""
    return data.shape[1] * sigmoid.structural_factor(data.right_images[:, 0])


def sigmoid_variables(
    data: TrainingData, effective: FloatArray, samples: FloatArray, rate: FloatArray | float
) -> dict[str, xr.Variable]:
    """a_α(t) by Eq. 22 from the a_α(0) of every trial.

    Args:
        data: gives s_α.
        effective: Ω of the flow, shape (seeds, samples, modes, modes).
        samples: times.
        rate: λ, times n c_α for the CNN.
    """
    start = np.einsum("stmm->stm", effective)[:, :1]
    curves = sigmoid.effective_singular_value(samples[:, None], start, data.structure.singular_values, rate)
    return {"sigmoid": netcdf.variable(("seed", "sample", "mode"), curves, "a_α(t) by Eq. 22")}


def competition_variables(
    starts: Sequence[linear_cnn.Weights], data: TrainingData, samples: FloatArray, learning_rate: float
) -> dict[str, xr.Variable]:
    """The competition of a CNN whose modes share no frequency: exact from an aligned start, else for small weights.

    No variables where frequencies are shared.
    """
    structure, side = data.structure, data.shape[1]
    right_spectra = fourier.spectrum(data.right_images[:, 0])
    if not competition.frequencies_are_disjoint(right_spectra):
        return {}
    in_modes = input_correlation_in_modes(data.correlations["train"], structure).diagonal()
    effective_values, magnitudes, finals = [], [], []
    for weights in starts:
        competing = _competition(weights, structure, in_modes, right_spectra)
        clocks = [mode.clock(samples, learning_rate) for mode in competing]
        effective_values.append(
            np.stack([m.effective_singular_value(g) for m, g in zip(competing, clocks, strict=True)], axis=-1)
        )
        present = np.abs(right_spectra) > 1e-9
        magnitude = np.zeros((len(samples), side, side))
        final = np.zeros((side, side))
        for mode, clock, where in zip(competing, clocks, present, strict=True):
            magnitude[:, where] = mode.kernel_magnitude(clock)
            final[where] = mode.winners()
        magnitudes.append(magnitude)
        finals.append(final)
    return {
        "competition": netcdf.variable(
            ("seed", "sample", "mode"), np.stack(effective_values), "a_α(t) by the competition's closed form"
        ),
        "competition_mean_kernel_magnitude": netcdf.variable(
            ("sample", "frequency_row", "frequency_column"),
            np.mean(magnitudes[:PAPER_TRIALS], axis=0),
            f"|k̂_l| by the competition's closed form, mean over the first {PAPER_TRIALS} seeds",
        ),
        "competition_final_kernel_magnitude": netcdf.variable(
            ("seed", "frequency_row", "frequency_column"),
            np.stack(finals),
            "|k̂_l| of the competition's winners, from the root of the clock",
        ),
    }


def _competition(
    weights: linear_cnn.Weights, structure: Structure, in_modes: FloatArray, right_spectra: fourier.ComplexArray
) -> list[competition.Mode]:
    kernel = fourier.spectrum(weights.kernel[0])
    transfer = np.tensordot(structure.left.T, np.conj(fourier.spectrum(weights.readout)), axes=1)
    initial = np.stack(
        [
            competition.aligned_initial_magnitude(kernel, row, spectrum)
            for row, spectrum in zip(transfer, right_spectra, strict=True)
        ]
    )
    return competition.modes(structure.singular_values, in_modes, right_spectra, initial)
