"""What the theory predicts for one network on one data set, before it is trained."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from learning_dynamics.config import costs
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.numerics import discovery, fourier
from learning_dynamics.numerics.correlations import Correlations, FloatArray, Structure
from learning_dynamics.numerics.random_streams import PAPER_TRIALS
from learning_dynamics.predictions import accuracy
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.files import Averages
from learning_dynamics.structure.training_data import StructureFiles, TrainingData
from learning_dynamics.theory import competition, gradient_flow
from learning_dynamics.theory.gradient_flow import PrincipalDirections
from learning_dynamics.theory.whole_networks import Factors, Spectra
from learning_dynamics.training.task import Task, Trials, TwoLayerTask

SOURCE = "Pinson et al. 2023, Eqs. 15, 16, 19, 20 (gradient flow), 22 (sigmoid), 23 and 24 (competition)"
_PACKAGES = ("numpy", "scipy", "numba", "xarray", "netCDF4")


def predict(
    task: TwoLayerTask, seeds: int, log: logging.Logger, principal: PrincipalDirections | None = None
) -> xr.Dataset:
    """The gradient flow from every trial's own initial weights, and the closed forms that apply to the data set.

    Args:
        task: the network and its data; the images are read for the shares that are answered right.
        seeds: number of trials.
        log: for the cost of the integration.
        principal: the eigenvectors of the training Σxx that the flow keeps; by default they are computed.

    Returns:
        The content of the theory file, on the trajectories' own `sample` axis (units: samples).

    Raises:
        UserError: the flow could not be integrated.
    """
    data, model = task.data, task.model
    samples = np.array(task.settings.record_samples(), dtype=np.float64)
    starts, parts = [], []
    together = costs.trials_together(data.classes, data.inputs, len(samples))
    for first in range(0, seeds, together):
        trials = range(first, min(first + together, seeds))
        some = [task.start(seed) for seed in trials]
        solution = model.flow(some, data, samples, principal)
        log.info(
            "%s, %s, seeds %d to %d: gradient flow with %d evaluations",
            task.name,
            task.network,
            trials[0],
            trials[-1],
            solution.evaluations,
        )
        parts.append(_flow_variables(solution, data, samples, PAPER_TRIALS - first))
        starts += some
    variables = _joined(parts)
    effective = variables["effective_singular_values"].values
    return _dataset(variables | model.closed_forms(starts, data, effective, samples), task, seeds)


def _dataset(variables: Mapping[str, xr.Variable], task: Task, seeds: int) -> xr.Dataset:
    attributes = task.attributes(seeds, SOURCE, _PACKAGES)
    attributes |= {"title": f"Predictions for {task.network} on {task.name}", "seeds": attributes.pop("seed")}
    samples = np.array(task.settings.record_samples(), dtype=np.int64)
    return netcdf.dataset(
        variables,
        {
            "sample": netcdf.variable(("sample",), samples, "training samples seen"),
            "seed": netcdf.variable(("seed",), np.arange(seeds), "seed"),
        },
        attributes,
    )


def predict_networks(
    trials: Trials,
    data: LabelledImages,
    averages: Averages,
    structure: Structure,
    *,
    networks: Iterable[str],
    log: logging.Logger,
) -> Iterator[tuple[str, xr.Dataset]]:
    """``predict`` for several networks; without any prediction where the flow would cost too much.

    Args:
        trials: of the experiment.
        data: the images; only their shape and number of classes are used.
        averages: by split.
        structure: decomposition of the training Σyx.
        networks: their names.
        log: for the cost of the integration.

    Raises:
        UserError: the flow could not be integrated.
    """
    whole = {split: part for split, part in averages.items() if isinstance(part, Correlations)}
    known = TrainingData(data, whole, structure)
    affordable = len(whole) == len(averages) and gradient_flow.affordable(trials.seeds, data.classes, known.inputs)
    principal = gradient_flow.principal_directions(whole["train"].input) if affordable else None
    for network in networks:
        task = TwoLayerTask(
            name=trials.name, settings=trials.settings, network=network, root_seed=trials.root_seed, data=known
        )
        if affordable:
            yield network, predict(task, trials.seeds, log, principal)
            continue
        log.warning(
            "%s, %s: no gradient flow for %d classes of images of %d values, which would take too long",
            trials.name,
            network,
            data.classes,
            known.inputs,
        )
        yield network, _dataset({}, task, trials.seeds)


def predict_to_files(
    inputs: StructureFiles, trials: Trials, outputs: Mapping[str, str | Path], log: logging.Logger
) -> None:
    """``predict_networks`` for every network that `outputs` names; it says where the theory files are made.

    Args:
        inputs: result files of the data set.
        trials: of the experiment.
        outputs: paths by network.
        log: for the cost of the integration.

    Raises:
        DataError: an input file is missing or damaged, or an output cannot be written.
        UserError: the flow could not be integrated.
    """
    data = dataset_files.open_file(inputs.dataset)
    averages = structure_files.read_averages(inputs.correlations)
    structure = structure_files.structure_of(structure_files.read_structure(inputs.structure))
    for network, predicted in predict_networks(trials, data, averages, structure, networks=outputs, log=log):
        netcdf.write(predicted, outputs[network])


def _flow_variables(
    solution: gradient_flow.Solution, data: TrainingData, samples: FloatArray, averaged: int
) -> dict[str, xr.Variable]:
    """Of some trials, of which the first `averaged` count in the means that figures show."""
    omega, losses = solution.whole.omega_and_losses(data.correlations, data.structure)
    times = discovery.half_rises(samples, omega, data.structure)
    variables = {
        "effective_singular_values": netcdf.variable(
            ("seed", "sample", "left_mode", "right_mode"), omega, "gradient flow's effective singular values Ω"
        ),
        "discovery_time": netcdf.variable(
            ("seed", "mode"), times, "samples until the gradient flow's a_α passes s_α/2; NaN if not within the run"
        ),
    }
    for split, values in losses.items():
        variables[f"{split}_loss"] = netcdf.variable(
            ("seed", "sample"), values, f"gradient flow's mean square error over all {split} samples"
        )
    for split in losses:
        variables |= _accuracy_variables(solution.whole, data, split, times, samples)
    if isinstance(solution.whole, Spectra):
        variables |= _magnitude_variables(solution.whole, data, averaged)
    return variables


def _accuracy_variables(
    whole: Spectra | Factors, data: TrainingData, split: str, times: FloatArray, samples: FloatArray
) -> dict[str, xr.Variable]:
    found, final = np.full_like(times, np.nan), np.empty(len(times))
    images = data.images.split(split)
    for trial, own in enumerate(times):
        modes, records = accuracy.when_found(own, samples)
        networks = whole.of_trial(trial, np.append(records, len(samples) - 1))
        *found[trial, modes], final[trial] = accuracy.share_right(networks, images)
    return {
        f"{split}_accuracy": netcdf.variable(
            ("seed", "mode"),
            found,
            f"share of the {split} samples that the gradient flow's network answers right when the mode is found, "
            "midway to the next one's half-rise; NaN if not within the run",
        ),
        f"final_{split}_accuracy": netcdf.variable(
            ("seed",), final, f"share of the {split} samples that the gradient flow's network answers right at the end"
        ),
    }


def _magnitude_variables(whole: Spectra, data: TrainingData, averaged: int) -> dict[str, xr.Variable]:
    plane = ("frequency_row", "frequency_column")
    final = whole.final_kernel_magnitude
    variables = {}
    if averaged > 0:
        variables["mean_kernel_magnitude"] = netcdf.variable(
            ("sample", "channel", *plane),
            whole.mean_kernel_magnitude(averaged).astype(np.float32),
            f"gradient flow's |k̂_l|, mean over the first {PAPER_TRIALS} seeds",
        )
    if competition.frequencies_are_disjoint(fourier.spectrum(data.right_images)):
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
    """The variables of all trials from those of some each; a mean over the first trials is that of the parts' means."""
    trials = [part["discovery_time"].sizes["seed"] for part in parts]
    averaged = np.diff(np.minimum(np.cumsum([0, *trials]), PAPER_TRIALS))
    joined = {}
    for name, first in parts[0].items():
        values = [part[name].values for part in parts if name in part]
        if "seed" in first.dims:
            whole = np.concatenate(values)
        else:
            whole = np.average(values, axis=0, weights=averaged[: len(values)]).astype(first.dtype)
        joined[name] = xr.Variable(first.dims, whole, first.attrs)
    return joined
