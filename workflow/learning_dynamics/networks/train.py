"""Train a two-layer network once and return its trajectory."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics import checkpoints, netcdf, provenance, random_streams, trajectories
from learning_dynamics.checkpoints import Checkpoint
from learning_dynamics.config_experiments import Experiment
from learning_dynamics.config_networks import LinearCNN, LinearFCNN
from learning_dynamics.correlations import Correlations, FloatArray, Structure, effective_singular_values
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages, Split
from learning_dynamics.interruptions import Checkpointing, signals
from learning_dynamics.networks import linear_cnn, linear_fcnn
from learning_dynamics.progress import Report, reporter
from learning_dynamics.structure import read_correlations, read_structure, structure_of

NETWORKS = ("linear_cnn", "linear_fcnn")
SNAPSHOT_HIDDEN_UNITS = 16

# Spectra of so few images stay in memory in any case; those of more where several trainings use them and they are no
# more than half a gigabyte. To fill that for one training costs more than to transform images when their turn comes.
_RESIDENT_IMAGES = 256
_MOST_RESIDENT_BYTES = 2**29
# Both even: the bytes are then the same either way, see ``compiled_updates.spectral_update``.
_UPDATES_AT_ONCE = 32
_RESIDENT_UPDATES = 10_000


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
    report: Report,
    checkpointing: Checkpointing | None = None,
    samples: SampleSpectra | None = None,
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
        report: called after every record, see ``progress``.
        checkpointing: where and when the state is kept between runs; nowhere if not given.
        samples: the training samples of a linear CNN, where several trainings share them.

    Returns:
        The content of the trajectory file (units of time: samples).

    Raises:
        DivergenceError: the loss became infinite or far larger than at the start.
        StoppedError: it was told to stop; the checkpoint is written.
    """
    model = getattr(settings.networks, network)
    split = data.split("train")
    order = random_streams.sample_order(
        random_streams.stream(root_seed, name, "sample_order", seed), settings.order, len(split), settings.update_count
    )
    # ‖y − ŷ‖² is p times the loss of the sample, and a network that answers zero has the loss 1/p.
    error_limit = divergence_factor
    training: _CNNTraining | _FCNNTraining
    if network == "linear_cnn":
        initial = initial_linear_cnn(name, model, seed, root_seed, data, structure)
        cnn = linear_cnn.Engine(initial, model.learning_rate, error_limit)
        training = _CNNTraining(cnn, samples or SampleSpectra(split), order, structure)
    else:
        fcnn_initial = initial_linear_fcnn(
            name, model, settings.networks.linear_cnn, seed, root_seed, data, correlations["train"], structure
        )
        fcnn = linear_fcnn.Engine(fcnn_initial, model.learning_rate, error_limit, model.precision)
        training = _FCNNTraining(fcnn, split, order)
    history = trajectories.follow(
        training,
        settings.record_samples(),
        settings.snapshot_samples(),
        data.classes,
        describe(name, network, seed),
        model.learning_rate,
        report,
        checkpointing,
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
    seeds: Sequence[int],
    root_seed: int,
    divergence_factor: float,
    folder: str,
    checkpoint_minutes: float,
    code: Sequence[str | Path],
    outputs: Sequence[str],
    log: logging.Logger,
) -> None:
    """``train`` on result files, a seed after the other, with its progress in `log`.

    Writes the trajectory files `outputs`, one for each of `seeds`. Checkpoints are in `folder`, under the names of
    experiment, network and seed.

    Raises:
        DataError: an input file is missing or damaged, or the output cannot be written.
        DivergenceError, StoppedError: see ``train``.
    """
    experiment = Experiment.model_validate(settings)
    data, averages = labelled_images.read(dataset), read_correlations(correlations)
    decomposition = structure_of(read_structure(structure))
    samples = SampleSpectra(data.split("train"), trainings=len(seeds))
    # Also while a file is written: it is finished, and what was trained is safe.
    with signals() as stopped:
        for seed, output in zip(seeds, outputs, strict=True):
            log.info("%s: %d updates", describe(name, network, seed), experiment.update_count)
            attributes = training_attributes(name, experiment, network, seed, root_seed)
            relevant = {key: attributes[key] for key in ("settings", "python_version", "package_versions")}
            identity = functools.partial(
                checkpoints.identity,
                {**relevant, "divergence_factor": divergence_factor},
                *(data, averages, decomposition, code),
            )
            checkpoint = Checkpoint(Path(folder, name, network, f"seed-{seed}"), identity)
            checkpointing = Checkpointing(checkpoint, 60 * checkpoint_minutes, stopped)
            report = reporter(log, describe(name, network, seed), "sample", experiment.update_count)
            inputs = (divergence_factor, data, averages, decomposition)
            trajectory = train(name, experiment, network, seed, root_seed, *inputs, report, checkpointing, samples)
            netcdf.write(trajectory, output)
            checkpoint.remove()


def describe(name: str, network: str, seed: int) -> str:
    """A training in messages."""
    return f"experiment '{name}', {network}, seed {seed}"


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


class SampleSpectra:
    """The training samples as the linear CNN takes them: all in memory, or transformed when their turn comes.

    Args:
        split: the images.
        trainings: how many will use them.
    """

    def __init__(self, split: Split, trainings: int = 1) -> None:
        self._split, self._trainings = split, trainings
        self._resident: npt.NDArray[Any] | None = None

    def piece(self, engine: linear_cnn.Engine) -> int:
        """How many updates to make in one go, so that what is transformed for them stays in a cache."""
        if self._resident is None:
            images = len(self._split)
            shared = self._trainings > 1 and images * engine.room(1).nbytes <= _MOST_RESIDENT_BYTES
            if shared or images <= _RESIDENT_IMAGES:
                self._resident = engine.room(images)
                for start in range(0, images, _RESIDENT_IMAGES):
                    some = slice(start, start + _RESIDENT_IMAGES)
                    self._resident[some] = engine.spectra(self._split.inputs(some))
        return _UPDATES_AT_ONCE if self._resident is None else _RESIDENT_UPDATES

    def update(self, engine: linear_cnn.Engine, places: npt.NDArray[np.int64]) -> tuple[int, float]:
        """An update of the engine for each of some places in the split."""
        if self._resident is not None:
            return engine.update(self._resident, self._split.labels, places)
        spectra = engine.spectra(self._split.inputs(places))
        return engine.update(spectra, self._split.labels[places], np.arange(len(places)))


class _CNNTraining:
    def __init__(
        self, engine: linear_cnn.Engine, samples: SampleSpectra, order: npt.NDArray[np.int64], structure: Structure
    ) -> None:
        self._engine, self._samples, self._order = engine, samples, order
        self._left = structure.left
        self.piece = samples.piece(engine)

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        return self._samples.update(self._engine, self._order[start:stop])

    def network(self) -> FloatArray:
        return self._engine.network()

    def record(self) -> dict[str, FloatArray]:
        readout = np.tensordot(self._left.T, np.conj(self._engine.readout_spectrum()), axes=1)
        return {"kernel_magnitude": np.abs(self._engine.kernel_spectrum()), "readout_magnitude": np.abs(readout)}

    def snapshot(self) -> dict[str, FloatArray]:
        weights = self._engine.weights()
        return {"kernel": weights.kernel, "readout": weights.readout}

    def state(self) -> dict[str, FloatArray]:
        return self._engine.state()

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        self._engine.restore(state)


class _FCNNTraining:
    piece = linear_fcnn.BLOCK

    def __init__(self, engine: linear_fcnn.Engine, split: Split, order: npt.NDArray[np.int64]) -> None:
        self._engine, self._split, self._order = engine, split, order

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        places = self._order[start:stop]
        inputs = self._split.vectors(places, self._engine.first.dtype)
        return self._engine.update(inputs, self._split.labels[places])

    def network(self) -> FloatArray:
        return self._engine.network()

    def record(self) -> dict[str, FloatArray]:
        return {}

    def snapshot(self) -> dict[str, FloatArray]:
        rows = self._engine.first[:SNAPSHOT_HIDDEN_UNITS].reshape(-1, *self._split.source.shape)
        return {"first_layer": rows.astype(np.float64), "second_layer": self._engine.second.copy()}

    def state(self) -> dict[str, FloatArray]:
        return self._engine.state()

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        self._engine.restore(state)
