"""Train a two-layer network once and return its trajectory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics import provenance, random_streams, trajectories
from learning_dynamics.config import Experiment
from learning_dynamics.config_networks import LinearCNN, LinearFCNN
from learning_dynamics.correlations import Correlations, FloatArray, Structure, effective_singular_values
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages, Split
from learning_dynamics.networks import linear_cnn, linear_fcnn
from learning_dynamics.structure import read_correlations, read_structure, structure_of

NETWORKS = ("linear_cnn", "linear_fcnn")
SNAPSHOT_HIDDEN_UNITS = 16

# Up to so many images their spectra stay in memory; above, they are transformed when their turn comes, which costs
# less than carrying half a gigabyte of spectra through memory.
_RESIDENT_IMAGES = 256
_UPDATES_AT_ONCE = 250

Advance = Callable[[int, int], tuple[int, float]]


def train(
    name: str,
    settings: Experiment,
    network: str,
    seed: int,
    root_seed: int,
    divergence_factor: float,
    data: LabelledImages,
    correlations: dict[str, Correlations],
    structure: Structure,
    progress: trajectories.Progress,
) -> xr.Dataset:
    """One training of one network by stochastic gradient descent, a sample per update.

    Args:
        name: experiment, which with `root_seed` and `seed` selects the random streams.
        settings: the experiment.
        network: "linear_cnn" or "linear_fcnn".
        seed: number of the trial.
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.
        data: the images.
        correlations: Σyx and Σxx by split, "train" and where there is one "test".
        structure: decomposition of the training Σyx.
        progress: called after every record, see ``trajectories.follow``.

    Returns:
        The content of the trajectory file (units of time: samples).

    Raises:
        DivergenceError: the loss became infinite or far larger than at the start.
    """
    model = getattr(settings.networks, network)
    split = data.split("train")
    order = random_streams.sample_order(
        random_streams.stream(root_seed, name, "sample_order", seed), settings.order, len(split), settings.update_count
    )
    # ‖y − ŷ‖² is p times the loss of the sample, and a network that answers zero has the loss 1/p.
    error_limit = divergence_factor
    recorder: _CNNRecorder | _FCNNRecorder
    if network == "linear_cnn":
        initial = initial_linear_cnn(name, model, seed, root_seed, data, structure)
        cnn = linear_cnn.Engine(initial, model.learning_rate, error_limit)
        recorder, advance = _CNNRecorder(cnn, structure), _cnn_advance(cnn, split, order)
    else:
        fcnn_initial = initial_linear_fcnn(
            name, model, settings.networks.linear_cnn, seed, root_seed, data, correlations["train"], structure
        )
        fcnn = linear_fcnn.Engine(fcnn_initial, model.learning_rate, error_limit)
        recorder, advance = _FCNNRecorder(fcnn, data.shape), _fcnn_advance(fcnn, split, order)
    history = trajectories.follow(
        recorder,
        advance,
        settings.record_samples(),
        settings.snapshot_samples(),
        data.classes,
        f"experiment '{name}', {network}, seed {seed}",
        model.learning_rate,
        progress,
    )
    return trajectories.to_dataset(
        history, structure, correlations, training_attributes(name, settings, network, seed, root_seed)
    )


def train_from_files(
    dataset: str,
    correlations: str,
    structure: str,
    name: str,
    settings: Mapping[str, Any],
    network: str,
    seed: int,
    root_seed: int,
    divergence_factor: float,
    log: logging.Logger,
) -> xr.Dataset:
    """``train`` on result files, with its progress in `log`.

    Raises:
        DataError: an input file is missing or damaged.
        DivergenceError: see ``train``.
    """
    experiment = Experiment.model_validate(settings)
    log.info("%s, %s, seed %d: %d updates", name, network, seed, experiment.update_count)
    return train(
        name,
        experiment,
        network,
        seed,
        root_seed,
        divergence_factor,
        labelled_images.read(dataset),
        read_correlations(correlations),
        structure_of(read_structure(structure)),
        _progress(log, experiment.update_count),
    )


def _progress(log: logging.Logger, updates: int, every_seconds: float = 5.0) -> trajectories.Progress:
    """A line every few seconds and at the end: samples, loss, rate and the time left."""
    last = [0.0]

    def report(sample: int, loss: float, seconds: float) -> None:
        if seconds - last[0] < every_seconds and sample < updates:
            return
        last[0] = seconds
        rate = sample / max(seconds, 1e-9)
        log.info(
            "sample %d of %d, loss %.4f, %.0f updates/s, %.0f s left",
            sample,
            updates,
            loss,
            rate,
            (updates - sample) / rate,
        )

    return report


def initial_linear_cnn(
    name: str, model: LinearCNN, seed: int, root_seed: int, data: LabelledImages, structure: Structure
) -> linear_cnn.Weights:
    """The trial's own initial kernel and readout."""
    generator = random_streams.stream(root_seed, name, "linear_cnn", seed)
    channels, side, _ = data.shape
    if model.initial_weights == "normal":
        return linear_cnn.normal_weights(generator, data.classes, channels, side, model.kernel_std, model.readout_std)
    images = structure.right.T.reshape(-1, channels, side, side)
    return linear_cnn.aligned_weights(generator, model.kernel_std, structure.left, images)


def initial_linear_fcnn(
    name: str,
    model: LinearFCNN,
    cnn: LinearCNN | None,
    seed: int,
    root_seed: int,
    data: LabelledImages,
    correlations: Correlations,
    structure: Structure,
) -> linear_fcnn.Weights:
    """The trial's own initial layers; `diagonal` ones take a_α(0) from the aligned CNN of the same trial."""
    channels, side, _ = data.shape
    width = channels * side * side
    hidden = model.hidden_width(width)
    if model.initial_weights == "normal":
        generator = random_streams.stream(root_seed, name, "linear_fcnn", seed)
        return linear_fcnn.normal_weights(generator, data.classes, width, hidden, model.weight_std)
    assert cnn is not None  # the configuration refuses `diagonal` without an aligned CNN
    start = linear_cnn.network_matrix(initial_linear_cnn(name, cnn, seed, root_seed, data, structure))
    effective = effective_singular_values(start[None], correlations, structure)[0].diagonal()
    in_modes = np.einsum("im,ij,jm->m", structure.right, correlations.input, structure.right, optimize=True)
    return linear_fcnn.diagonal_weights(hidden, effective, in_modes, structure.left, structure.right)


def training_attributes(name: str, settings: Experiment, network: str, seed: int, root_seed: int) -> dict[str, Any]:
    """Provenance of a trajectory or of a prediction for it."""
    relevant = {
        "experiment": name,
        "network": network,
        "seed": seed,
        "root_seed": root_seed,
        **settings.model_dump(mode="json"),
    }
    return {
        **provenance.attributes(
            f"Trajectory of {network} on {name}, seed {seed}",
            "Pinson et al. 2023, Eqs. 4, 5, 8 to 11 and 17",
            relevant,
            ("numpy", "scipy", "numba", "xarray", "netCDF4"),
        ),
        "experiment": name,
        "network": network,
        "seed": seed,
    }


class _CNNRecorder:
    def __init__(self, engine: linear_cnn.Engine, structure: Structure) -> None:
        self._engine = engine
        self._left = structure.left

    def network(self) -> FloatArray:
        return self._engine.network()

    def record(self) -> dict[str, FloatArray]:
        readout = np.tensordot(self._left.T, np.conj(self._engine.readout_spectrum()), axes=1)
        return {"kernel_magnitude": np.abs(self._engine.kernel_spectrum()), "readout_magnitude": np.abs(readout)}

    def snapshot(self) -> dict[str, FloatArray]:
        weights = self._engine.weights()
        return {"kernel": weights.kernel, "readout": weights.readout}


class _FCNNRecorder:
    def __init__(self, engine: linear_fcnn.Engine, shape: tuple[int, int, int]) -> None:
        self._engine = engine
        self._shape = shape

    def network(self) -> FloatArray:
        return self._engine.network()

    def record(self) -> dict[str, FloatArray]:
        return {}

    def snapshot(self) -> dict[str, FloatArray]:
        rows = self._engine.first[:SNAPSHOT_HIDDEN_UNITS]
        return {"first_layer": rows.reshape(-1, *self._shape).copy(), "second_layer": self._engine.second.copy()}


def _cnn_advance(engine: linear_cnn.Engine, split: Split, order: npt.NDArray[np.int64]) -> Advance:
    if len(split) <= _RESIDENT_IMAGES:
        spectra = engine.spectra(split.inputs(slice(None)))
        return lambda start, stop: engine.update(spectra, split.labels, order[start:stop])

    def advance(places: npt.NDArray[np.int64]) -> tuple[int, float]:
        labels = split.labels[places]
        return engine.update(engine.spectra(split.inputs(places)), labels, np.arange(len(places)))

    return _in_pieces(advance, order, _UPDATES_AT_ONCE)


def _fcnn_advance(engine: linear_fcnn.Engine, split: Split, order: npt.NDArray[np.int64]) -> Advance:
    def advance(places: npt.NDArray[np.int64]) -> tuple[int, float]:
        return engine.update(split.vectors(places), split.labels[places])

    return _in_pieces(advance, order, linear_fcnn.BLOCK)


def _in_pieces(
    advance: Callable[[npt.NDArray[np.int64]], tuple[int, float]], order: npt.NDArray[np.int64], size: int
) -> Advance:
    """Updates from one sample to another, a bounded number at a time."""

    def between(start: int, stop: int) -> tuple[int, float]:
        total = 0.0
        for first in range(start, stop, size):
            places = order[first : min(first + size, stop)]
            done, squared_error = advance(places)
            if done < len(places):
                return first - start + done, squared_error
            total += squared_error
        return stop - start, total

    return between
