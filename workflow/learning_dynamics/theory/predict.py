"""What the theory predicts for one network on one data set, before it is trained."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics import fourier, netcdf, trajectories
from learning_dynamics.config_experiments import Experiment
from learning_dynamics.correlations import (
    Correlations,
    FloatArray,
    Structure,
    input_correlation_in_modes,
)
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.networks import linear_cnn
from learning_dynamics.networks.train import initial_linear_cnn, initial_linear_fcnn, training_attributes
from learning_dynamics.structure import read_averages, read_correlations, read_structure, structure_of
from learning_dynamics.theory import competition, gradient_flow, sigmoid
from learning_dynamics.theory.gradient_flow import PrincipalDirections
from learning_dynamics.theory.whole_networks import Spectra

# So many are integrated together, 0.25 GB of spectra for CIFAR-4; of many classes fewer, so that whole networks of all
# records would be no more than so many numbers.
_TRIALS_TOGETHER = 10
_MOST_RECORDED = 2**27

SOURCE = "Pinson et al. 2023, Eqs. 15, 16, 19, 20 (gradient flow), 22 (sigmoid), 23 and 24 (competition)"


def predict(
    name: str,
    settings: Experiment,
    network: str,
    seeds: int,
    root_seed: int,
    data: LabelledImages,
    correlations: Mapping[str, Correlations],
    structure: Structure,
    log: logging.Logger,
    principal: PrincipalDirections | None = None,
) -> xr.Dataset:
    """The gradient flow from every trial's own initial weights, and the closed forms that apply to the data set.

    Args:
        name: experiment.
        settings: the experiment.
        network: "linear_cnn" or "linear_fcnn".
        seeds: number of trials.
        root_seed: root of the random streams.
        data: the images; only their shape and number of classes are used.
        correlations: by split.
        structure: decomposition of the training Σyx.
        log: for the cost of the integration.
        principal: the eigenvectors of the training Σxx that the flow keeps; by default they are computed.

    Returns:
        The content of the theory file, on the trajectories' own `sample` axis (units: samples).

    Raises:
        UserError: the flow could not be integrated.
    """
    samples = np.array(settings.record_samples(), dtype=np.float64)
    train = correlations["train"]
    model = getattr(settings.networks, network)
    cnn_starts: list[linear_cnn.Weights] = []
    parts = []
    that_fit = int(_MOST_RECORDED // (len(samples) * data.classes * np.prod(data.shape)))
    together = max(1, min(_TRIALS_TOGETHER, that_fit))
    for first in range(0, seeds, together):
        trials = range(first, min(first + together, seeds))
        if network == "linear_cnn":
            starts = [initial_linear_cnn(name, model, seed, root_seed, data, structure) for seed in trials]
            solution = gradient_flow.linear_cnn_flow(
                starts, train, structure, model.learning_rate, samples, principal=principal
            )
            cnn_starts += starts
        else:
            cnn = settings.networks.linear_cnn
            layers = [initial_linear_fcnn(name, model, cnn, seed, root_seed, data, train, structure) for seed in trials]
            solution = gradient_flow.linear_fcnn_flow(layers, train, model.learning_rate, samples, principal=principal)
        log.info(
            "%s, %s, seeds %d to %d: gradient flow with %d evaluations",
            *(name, network, trials[0], trials[-1], solution.evaluations),
        )
        parts.append(_flow_variables(solution, correlations, structure, samples))
    variables = _joined(parts)
    effective = variables["effective_singular_values"].values
    aligned = model.initial_weights != "normal"
    variables |= _closed_forms(data, structure, train, effective, samples, model.learning_rate, cnn_starts, aligned)
    return _dataset(variables, name, settings, network, seeds, root_seed)


def _dataset(
    variables: Mapping[str, xr.Variable], name: str, settings: Experiment, network: str, seeds: int, root_seed: int
) -> xr.Dataset:
    attributes = training_attributes(name, settings, network, seeds, root_seed)
    attributes |= {"title": f"Predictions for {network} on {name}", "source": SOURCE, "seeds": attributes.pop("seed")}
    samples = np.array(settings.record_samples(), dtype=np.int64)
    return xr.Dataset(
        variables,
        coords={
            "sample": netcdf.variable(("sample",), samples, "training samples seen", "samples"),
            "seed": netcdf.variable(("seed",), np.arange(seeds), "seed"),
        },
        attrs=attributes,
    )


def predict_from_files(
    dataset: str,
    correlations: str,
    structure: str,
    name: str,
    settings: Mapping[str, Any],
    seeds: int,
    root_seed: int,
    outputs: Mapping[str, str | Path],
    log: logging.Logger,
) -> None:
    """``predict`` on result files, for every network that `outputs` names; it says where the theory files are made.

    A file has no predictions where the flow would cost too much.

    Raises:
        DataError: an input file is missing or damaged, or an output cannot be written.
        UserError: the flow could not be integrated.
    """
    data = labelled_images.open_file(dataset)
    averages = read_averages(correlations)
    experiment = Experiment.model_validate(settings)
    inputs = int(np.prod(data.shape))
    whole = all(isinstance(average, Correlations) for average in averages.values())
    if not whole or not gradient_flow.affordable(seeds, data.classes, inputs):
        for network, output in outputs.items():
            log.warning(
                "%s, %s: no gradient flow for %d classes of images of %d values, which would take too long",
                *(name, network, data.classes, inputs),
            )
            netcdf.write(_dataset({}, name, experiment, network, seeds, root_seed), output)
        return
    read = (data, read_correlations(correlations), structure_of(read_structure(structure)))
    principal = gradient_flow.principal_directions(read[1]["train"].input)
    for network, output in outputs.items():
        netcdf.write(predict(name, experiment, network, seeds, root_seed, *read, log, principal), output)


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


def _flow_variables(
    solution: gradient_flow.Solution,
    correlations: Mapping[str, Correlations],
    structure: Structure,
    samples: FloatArray,
) -> dict[str, xr.Variable]:
    omega, losses = solution.whole.omega_and_losses(correlations, structure)
    diagonal = np.einsum("stmm->stm", omega)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = trajectories.discovery_times(samples, diagonal, structure.singular_values)
    times[:, ~structure.discoverable] = np.nan
    variables = {
        "effective_singular_values": netcdf.variable(
            ("seed", "sample", "left_mode", "right_mode"), omega, "gradient flow's effective singular values Ω"
        ),
        "discovery_time": netcdf.variable(
            ("seed", "mode"), times, "when the gradient flow's a_α passes s_α/2; NaN if not within the run", "samples"
        ),
    }
    for split, values in losses.items():
        variables[f"{split}_loss"] = netcdf.variable(
            ("seed", "sample"), values, f"gradient flow's mean square error over all {split} samples"
        )
    if isinstance(solution.whole, Spectra):
        variables |= _magnitude_variables(solution.whole, structure)
    return variables


def _magnitude_variables(whole: Spectra, structure: Structure) -> dict[str, xr.Variable]:
    plane = ("frequency_row", "frequency_column")
    final = whole.final_kernel_magnitude
    variables = {
        "mean_kernel_magnitude": netcdf.variable(
            ("sample", "channel", *plane),
            whole.mean_kernel_magnitude.astype(np.float32),
            "gradient flow's |k̂_l|, mean over the seeds",
        ),
    }
    if competition.frequencies_are_disjoint(_right_spectra(structure, final.shape[1:])):
        # Small data sets only: the balance of each trial, for Fig. S.2.
        variables["kernel_magnitude"] = netcdf.variable(
            ("seed", "sample", "channel", *plane),
            whole.kernel_magnitude.astype(np.float32),
            "gradient flow's |k̂_l|",
        )
        variables["readout_magnitude"] = netcdf.variable(
            ("seed", "sample", "mode", *plane),
            whole.readout_magnitude.astype(np.float32),
            "gradient flow's |B_αl|",
        )
    variables["final_kernel_magnitude"] = netcdf.variable(
        ("seed", "channel", *plane), final, "gradient flow's |k̂_l| at the end"
    )
    return variables


def _joined(parts: list[dict[str, xr.Variable]]) -> dict[str, xr.Variable]:
    """The variables of all trials from those of some each; a mean over the trials is the mean of the parts' means."""
    trials = [part["discovery_time"].sizes["seed"] for part in parts]
    joined = {}
    for name, first in parts[0].items():
        values = [part[name].values for part in parts]
        if "seed" in first.dims:
            whole = np.concatenate(values)
        else:
            whole = np.average(values, axis=0, weights=trials).astype(first.dtype)
        joined[name] = xr.Variable(first.dims, whole, first.attrs)
    return joined


def _right_spectra(structure: Structure, shape: tuple[int, ...]) -> fourier.ComplexArray:
    return fourier.spectrum(structure.right.T.reshape(-1, *shape))


def _closed_forms(
    data: LabelledImages,
    structure: Structure,
    train: Correlations,
    effective: FloatArray,
    samples: FloatArray,
    learning_rate: float,
    cnn_starts: list[linear_cnn.Weights],
    aligned: bool,
) -> dict[str, xr.Variable]:
    """The closed forms that hold for these data and this start.

    Eq. 22 from an aligned start: for the CNN where every mode is one cosine, for the FCNN whatever the images. The
    competition for a CNN whose modes share no frequency, from any start: exactly from an aligned one, else for small
    weights.
    """
    channels, side, _ = data.shape
    images = structure.right.T.reshape(-1, channels, side, side)
    if channels != 1 or not structure.discoverable.all() or data.centred:
        return {}
    right_spectra = fourier.spectrum(images[:, 0])
    variables: dict[str, xr.Variable] = {}
    if aligned and (not cnn_starts or single_frequency_modes(images)):
        rate = learning_rate * (side * sigmoid.structural_factor(images[:, 0]) if cnn_starts else 1.0)
        start = np.einsum("stmm->stm", effective)[:, :1]
        curves = sigmoid.effective_singular_value(samples[:, None], start, structure.singular_values, rate)
        variables["sigmoid"] = netcdf.variable(("seed", "sample", "mode"), curves, "a_α(t) by Eq. 22")
    if cnn_starts and competition.frequencies_are_disjoint(right_spectra):
        in_modes = input_correlation_in_modes(train, structure).diagonal()
        effective_values, magnitudes, finals = [], [], []
        for weights in cnn_starts:
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
        full = ("seed", "frequency_row", "frequency_column")
        variables |= {
            "competition": netcdf.variable(
                ("seed", "sample", "mode"), np.stack(effective_values), "a_α(t) by the competition's closed form"
            ),
            "competition_mean_kernel_magnitude": netcdf.variable(
                ("sample", "frequency_row", "frequency_column"),
                np.mean(magnitudes, axis=0),
                "|k̂_l| by the competition's closed form, mean over the seeds",
            ),
            "competition_final_kernel_magnitude": netcdf.variable(
                full, np.stack(finals), "|k̂_l| of the competition's winners, from the root of the clock"
            ),
        }
    return variables


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
