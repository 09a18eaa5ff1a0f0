"""Train a deep network, one seed or several side by side, and return their trajectories."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from learning_dynamics import checkpoints, netcdf, provenance, random_streams
from learning_dynamics.checkpoints import Checkpoint, State
from learning_dynamics.config_experiments import Experiment
from learning_dynamics.config_networks import DeepCNN
from learning_dynamics.correlations import FloatArray, Structure
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DivergenceError
from learning_dynamics.interruptions import Checkpointing, signals
from learning_dynamics.networks.deep import device as devices
from learning_dynamics.networks.deep.architecture import Architecture, Weights, initial_weights
from learning_dynamics.networks.deep.engine import Ensemble, Samples
from learning_dynamics.networks.deep.evaluation import Evaluation, FromAnswers, FromCorrelations, Record, subsets
from learning_dynamics.networks.deep.updates import AT_ONCE, updates
from learning_dynamics.progress import Report, reporter
from learning_dynamics.structure import read_structure, structure_of

NETWORKS = ("deep_linear_cnn", "deep_relu_cnn")

_PACKAGES = ("numpy", "scipy", "numba", "torch", "xarray", "netCDF4")


@dataclass(frozen=True)
class Task:
    """What is trained on what.

    name: experiment, which with `root_seed` and the seed selects the random streams.
    settings: the experiment.
    network: "deep_linear_cnn" or "deep_relu_cnn".
    seeds: numbers of the trials that are trained side by side.
    root_seed: root of the random streams.
    divergence_factor: a loss above this many times 1/p is a divergence.
    data: the images.
    structure: decomposition of the training Σyx.
    """

    name: str
    settings: Experiment
    network: str
    seeds: tuple[int, ...]
    root_seed: int
    divergence_factor: float
    data: LabelledImages
    structure: Structure

    @property
    def model(self) -> DeepCNN:
        """The network's settings."""
        model: DeepCNN = getattr(self.settings.networks, self.network)
        return model

    @property
    def architecture(self) -> Architecture:
        """The network's shapes."""
        channels, side, _ = self.data.shape
        model = self.model
        rectified = self.network == "deep_relu_cnn"
        return Architecture(rectified, channels, side, model.channels, model.hidden_units, self.data.classes)

    def initial(self, seed: int) -> Weights:
        """The trial's own initial weights."""
        generator = random_streams.stream(self.root_seed, self.name, self.network, seed)
        return initial_weights(generator, self.architecture, self.model.initial_factor)

    def order(self) -> torch.Tensor:
        """Which training images every update sees, shape (updates, seeds · batch size), seed by seed."""
        images, samples = len(self.data.split("train")), self.settings.update_count
        orders = [
            random_streams.sample_order(
                random_streams.stream(self.root_seed, self.name, "sample_order", seed),
                self.settings.order,
                images,
                samples,
            ).reshape(-1, self.model.batch_size)
            for seed in self.seeds
        ]
        return torch.from_numpy(np.concatenate(orders, axis=1))

    def evaluation(self, device: torch.device) -> Evaluation:
        """How this network's losses and Ω are measured."""
        generator = random_streams.stream(self.root_seed, self.name, "evaluation_subset")
        images = subsets(self.data, self.model.evaluation_images, generator)
        if self.network == "deep_linear_cnn":
            return FromCorrelations({split: part.correlations() for split, part in images.items()}, self.structure)
        return FromAnswers(images, self.structure, device)

    def attributes(self, seed: int) -> dict[str, Any]:
        """Provenance of a seed's trajectory."""
        relevant = {
            "experiment": self.name,
            "network": self.network,
            "seed": seed,
            "root_seed": self.root_seed,
            **self.settings.model_dump(mode="json"),
        }
        title = f"Trajectory of {self.network} on {self.name}, seed {seed}"
        described = provenance.attributes(title, "Pinson et al. 2023, Sec. 6 and App. K", relevant, _PACKAGES)
        return {**described, "experiment": self.name, "network": self.network, "seed": seed}

    def identity(self, device: torch.device, code: Sequence[str | Path]) -> str:
        """Hash of everything that determines the course of the training, given where it runs and the files that do."""
        settings = {
            "seeds": [self.attributes(seed)["settings"] for seed in self.seeds],
            "versions": {name: self.attributes(0)[name] for name in ("python_version", "package_versions")},
            "device": devices.describe(device),
            "divergence_factor": self.divergence_factor,
        }
        return checkpoints.identity(settings, self.data, {}, self.structure, code)

    def describe(self) -> str:
        """For messages."""
        seeds = f"seed {self.seeds[0]}" if len(self.seeds) == 1 else f"seeds {self.seeds[0]} to {self.seeds[-1]}"
        return f"experiment '{self.name}', {self.network}, {seeds}"


class Training:
    """A training under way: its networks, how far it is and what it has recorded."""

    def __init__(self, task: Task, device: torch.device, state: State | None) -> None:
        """Start at the beginning or, given the state of a checkpoint, there."""
        self.task = task
        self.batch = 0
        self.records: list[Record] = []
        weights = [task.initial(seed) for seed in task.seeds]
        if state is not None:
            weights = [
                {name: state[f"{place}/{name}"].astype(np.float32) for name in one} for place, one in enumerate(weights)
            ]
        model = task.model
        self.ensemble = Ensemble(task.architecture, weights, model.learning_rate, model.batch_size, device)
        if state is not None:
            self._restore(state)
        self._order = task.order()
        if device.type == "cuda":
            self._order = self._order.pin_memory()
        self._make = updates(self.ensemble, Samples(task.data.split("train"), device), device)
        self._evaluate = task.evaluation(device)

    def advance(self, stop: int) -> None:
        """Make updates until `stop` of them are made."""
        self._make(self._order[self.batch : stop])
        self.batch = stop

    def record(self, since: int) -> float:
        """Measure losses and Ω, and return the mean loss of the batches after batch `since`.

        Raises:
            DivergenceError: that loss is not finite or too large.
        """
        classes, model = self.task.data.classes, self.task.model
        loss = float("nan")
        if self.batch > since:
            errors = self.ensemble.squared_error.cpu().numpy() / (classes * model.batch_size * (self.batch - since))
            for seed, own in zip(self.task.seeds, errors, strict=True):
                if not own <= self.task.divergence_factor / classes:
                    raise DivergenceError(
                        f"experiment '{self.task.name}', {self.task.network}, seed {seed}: the training diverged "
                        f"before sample {self.batch * model.batch_size}, where the mean loss was {own:.3g} "
                        f"(an untrained network has {1 / classes:.3g}); lower learning_rate ({model.learning_rate:g})"
                    )
            loss = float(errors.mean())
        self.ensemble.squared_error.zero_()
        self.records.append(self._evaluate(self.ensemble))
        return loss

    def state(self) -> State:
        """Everything needed to go on from here."""
        state: State = {
            f"{place}/{name}": values
            for place, weights in enumerate(self.ensemble.weights())
            for name, values in weights.items()
        }
        state["batch"] = np.array(self.batch)
        state["squared_error"] = self.ensemble.squared_error.cpu().numpy().copy()
        if self.records:
            state |= {f"record/{name}": values for name, values in self.recorded().items()}
        return state

    def _restore(self, state: State) -> None:
        self.batch = int(state["batch"])
        self.ensemble.squared_error.copy_(torch.from_numpy(state["squared_error"]))
        recorded = {
            name.removeprefix("record/"): values for name, values in state.items() if name.startswith("record/")
        }
        effective = recorded.pop("effective", np.empty(0))
        for place, omega in enumerate(effective):
            self.records.append(Record({split: values[place] for split, values in recorded.items()}, omega))

    def recorded(self) -> dict[str, FloatArray]:
        """All records: "effective", shape (records, seeds, modes, modes), and losses by split, (records, seeds)."""
        losses = {split: np.stack([record.losses[split] for record in self.records]) for split in self.task.data.splits}
        return {"effective": np.stack([record.effective for record in self.records]), **losses}


def train(task: Task, device: torch.device, checkpointing: Checkpointing, report: Report) -> list[xr.Dataset]:
    """Train the task's seeds side by side, from the start or from the checkpoint.

    The random streams give every seed its own initial weights and order of the images, whatever trains beside it and
    wherever. The order is a function of the seed, so that the position in it is all a checkpoint remembers of it.

    Args:
        task: what to train.
        device: where.
        checkpointing: where and when the state is kept between runs.
        report: called with the batches seen and the mean loss since the last call, see ``progress``.

    Returns:
        The content of each seed's trajectory file (units of time: samples).

    Raises:
        DivergenceError: the loss became infinite or far larger than at the start.
        StoppedError: it was told to stop; the checkpoint is written.
    """
    with torch.no_grad():
        training = Training(task, device, checkpointing.begin())
        stops = task.settings.record_batches(task.model.batch_size)
        report(training.batch, float("nan"))

        def so_far() -> str:
            return f"{task.describe()}: stopped after {training.batch} of {stops[-1]} batches"

        for place in range(len(training.records), len(stops)):
            while training.batch < stops[place]:
                training.advance(min(stops[place], training.batch + AT_ONCE))
                checkpointing.opportunity(training.state, so_far)
            report(training.batch, training.record(stops[max(place - 1, 0)]))
        return [_trajectory(training, place, device) for place in range(len(task.seeds))]


def train_from_files(
    dataset: str,
    structure: str,
    name: str,
    settings: Mapping[str, Any],
    network: str,
    seeds: Sequence[int],
    root_seed: int,
    divergence_factor: float,
    wanted_device: str,
    folder: str,
    checkpoint_minutes: float,
    code: Sequence[str | Path],
    outputs: Sequence[str],
    log: logging.Logger,
) -> None:
    """``train`` on result files; writes the trajectory files, a path per seed in `outputs`.

    The checkpoint is in `folder`, under the names of experiment, network and seeds.

    Raises:
        DataError: an input file is missing or damaged, or an output cannot be written.
        UserError: the device cannot be used.
        DivergenceError, StoppedError: see ``train``.
    """
    device = devices.choose(wanted_device)
    task = Task(
        name,
        Experiment.model_validate(settings),
        network,
        tuple(seeds),
        root_seed,
        divergence_factor,
        labelled_images.read(dataset),
        structure_of(read_structure(structure)),
    )
    log.info("%s: %d samples on %s", task.describe(), task.settings.update_count, devices.describe(device))
    first, *others = seeds
    file = f"seeds-{first}-to-{others[-1]}" if others else f"seed-{first}"
    checkpoint = Checkpoint(Path(folder, name, network, file), lambda: task.identity(device, code))
    report = reporter(log, task.describe(), "batch", task.settings.update_count // task.model.batch_size)
    # Also while the files are written: they are finished, and what was trained is safe.
    with signals() as stopped:
        trajectories = train(task, device, Checkpointing(checkpoint, 60 * checkpoint_minutes, stopped), report)
        for trajectory, path in zip(trajectories, outputs, strict=True):
            netcdf.write(trajectory, path)
        checkpoint.remove()


def _trajectory(training: Training, place: int, device: torch.device) -> xr.Dataset:
    """The trajectory file's content of one of the seeds."""
    task = training.task
    recorded = training.recorded()
    batches = np.array(task.settings.record_batches(task.model.batch_size))
    variables = {
        "effective_singular_values": netcdf.variable(
            ("sample", "left_mode", "right_mode"),
            recorded["effective"][:, place],
            "effective singular values Ω = Uᵀ Σŷx V",
        )
    }
    for split in task.data.splits:
        variables[f"{split}_loss"] = netcdf.variable(
            ("sample",), recorded[split][:, place], f"mean square error over the p outputs, {split} samples"
        )
    for name, values in training.ensemble.weights()[place].items():
        dimensions, long_name = _weight_layout(name)
        variables[name] = netcdf.variable(dimensions, values, long_name)
    evaluated = f"losses and Ω from at most {task.model.evaluation_images} images of each split"
    return xr.Dataset(
        variables,
        coords={
            "sample": netcdf.variable(("sample",), batches * task.model.batch_size, "training samples seen", "samples"),
            "batch": netcdf.variable(("sample",), batches, "batches seen, that is updates made", "batches"),
        },
        attrs={**task.attributes(task.seeds[place]), "device": devices.describe(device), "evaluated": evaluated},
    )


def _weight_layout(name: str) -> tuple[tuple[str, ...], str]:
    """Dimensions of a weight in the file, and what it is."""
    kind, layer = name.rsplit("_", 1)
    number = int(layer) + 1
    before = f"kernel_channel_{number - 1}" if number > 1 else "channel"
    after = f"kernel_channel_{number}"
    inputs, outputs = ("feature", "hidden_unit") if number == 1 else ("hidden_unit", "class")
    return {
        "kernel": ((after, before, "kernel_row", "kernel_column"), f"final kernels of convolution {number}"),
        "kernel_bias": ((after,), f"final biases of convolution {number}"),
        "dense": ((outputs, inputs), f"final weights of dense layer {number}"),
        "dense_bias": ((outputs,), f"final biases of dense layer {number}"),
    }[kind]
