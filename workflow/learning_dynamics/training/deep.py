"""Train a deep network, one seed or several side by side, and return their trajectories."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr

from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.engines.deep import device as devices
from learning_dynamics.engines.deep.architecture import Architecture, Weights, initial_weights
from learning_dynamics.engines.deep.engine import Ensemble, Samples
from learning_dynamics.engines.deep.evaluation import Evaluation, FromAnswers, FromCorrelations, Record, subsets
from learning_dynamics.engines.deep.updates import AT_ONCE, updates
from learning_dynamics.networks.deep_cnn import DeepCNN
from learning_dynamics.numerics.correlations import FloatArray, Structure
from learning_dynamics.numerics.random_streams import SampleOrder
from learning_dynamics.storage import netcdf
from learning_dynamics.training import checkpoints, files, loop
from learning_dynamics.training.checkpoints import Checkpointing, State, signals
from learning_dynamics.training.progress import Report, reporter
from learning_dynamics.training.task import Task

_SOURCE = "Pinson et al. 2023, Sec. 6 and App. K"
_PACKAGES = ("numpy", "scipy", "numba", "torch", "xarray", "netCDF4")


@dataclass(frozen=True, kw_only=True)
class DeepTask(Task):
    """A deep network of an experiment, and the trials that are trained side by side.

    seeds: numbers of these trials.
    data: the images.
    structure: decomposition of the training Σyx.
    """

    seeds: tuple[int, ...]
    data: LabelledImages
    structure: Structure

    @property
    def model(self) -> DeepCNN:
        """The network."""
        model: DeepCNN = super().model
        return model

    @property
    def architecture(self) -> Architecture:
        """The network's shapes."""
        channels, side, _ = self.data.shape
        return self.model.architecture(channels, side, self.data.classes)

    def initial(self, seed: int) -> Weights:
        """The trial's own initial weights."""
        return initial_weights(self.trial(seed).stream(self.network), self.architecture, self.model.initial_factor)

    @property
    def updates(self) -> int:
        """Batches of a training."""
        return self.settings.update_count // self.model.batch_size

    def order(self) -> BatchOrder:
        """Which training images every update sees."""
        images = len(self.data.split("train"))
        orders = [self.trial(seed).sample_order(self.settings.order, images) for seed in self.seeds]
        return BatchOrder(orders, self.model.batch_size)

    def evaluation(self, device: torch.device) -> Evaluation:
        """How this network's losses and Ω are measured."""
        generator = self.trial(0).stream("evaluation_subset")
        images = subsets(self.data, self.model.evaluation_images, generator)
        if not self.model.RECTIFIED:
            return FromCorrelations({split: part.correlations() for split, part in images.items()}, self.structure)
        return FromAnswers(images, self.structure, device)

    def attributes(self, seed: int, source: str = _SOURCE, packages: tuple[str, ...] = _PACKAGES) -> dict[str, Any]:
        """Provenance of a seed's trajectory."""
        return super().attributes(seed, source, packages)

    def identity(self, device: torch.device, code: str) -> str:
        """Hash of everything that determines the course of the training, given where it runs and the code's state."""
        settings = {
            "seeds": [self.attributes(seed)["settings"] for seed in self.seeds],
            "versions": {name: self.attributes(0)[name] for name in ("python_version", "package_versions")},
            "device": devices.describe(device),
            "divergence_factor": self.divergence_factor,
        }
        return checkpoints.identity(settings, self.data, {}, self.structure, code)


@dataclass(frozen=True)
class BatchOrder:
    """Which training images the updates of some trials side by side see.

    trials: the order of the samples of each.
    batch_size: samples of an update.
    """

    trials: Sequence[SampleOrder]
    batch_size: int

    def between(self, start: int, stop: int) -> torch.Tensor:
        """Those of the updates from one to another, shape (updates, seeds · batch size), seed by seed."""
        size = self.batch_size
        drawn = [order.between(start * size, stop * size).reshape(-1, size) for order in self.trials]
        return torch.from_numpy(np.concatenate(drawn, axis=1))


class Training:
    """A training under way: its networks, how far it is and what it has recorded."""

    piece = AT_ONCE

    def __init__(self, task: DeepTask, device: torch.device, state: State | None) -> None:
        """Start at the beginning or, given the state of a checkpoint, there."""
        self.task = task
        self.progress = loop.Progress()
        self.records: list[Record] = []
        weights = [task.initial(seed) for seed in task.seeds]
        if state is not None:
            weights = [
                {name: state[f"{index}/{name}"].astype(np.float32) for name in one} for index, one in enumerate(weights)
            ]
        model = task.model
        self.ensemble = Ensemble(task.architecture, weights, model.learning_rate, model.batch_size, device)
        if state is not None:
            self._restore(state)
        self._order = task.order()
        self._pinned = device.type == "cuda"
        self._make = updates(self.ensemble, Samples(task.data.split("train"), device), device)
        self._evaluate = task.evaluation(device)

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        """See ``loop.Trainee``; the errors add up on the device, and ``record`` looks at them."""
        images = self._order.between(start, stop)
        self._make(images.pin_memory() if self._pinned else images)
        return stop - start, 0.0

    def record(self, since: int) -> float:
        """Measure losses and Ω, and return the mean loss of the batches after batch `since`.

        Raises:
            DivergenceError: that loss is not finite or too large.
        """
        task, model, batch = self.task, self.task.model, self.progress.here
        loss = float("nan")
        if batch > since:
            errors = self.ensemble.squared_error.cpu().numpy()
            errors /= task.data.classes * model.batch_size * (batch - since)
            for seed, own in zip(task.seeds, errors, strict=True):
                if not own <= task.divergence_factor / task.data.classes:
                    subject = loop.Subject(task.describe(seed), task.data.classes, model.learning_rate)
                    raise subject.divergence(batch * model.batch_size, own)
            loss = float(errors.mean())
        self.ensemble.squared_error.zero_()
        self.records.append(self._evaluate(self.ensemble))
        return loss

    def state(self) -> State:
        """Everything needed to go on from here."""
        state: State = {
            f"{index}/{name}": values
            for index, weights in enumerate(self.ensemble.weights())
            for name, values in weights.items()
        }
        state["batch"] = np.array(self.progress.here)
        state["squared_error"] = self.ensemble.squared_error.cpu().numpy().copy()
        if self.records:
            state |= {f"record/{name}": values for name, values in self.recorded().items()}
        return state

    def _restore(self, state: State) -> None:
        self.ensemble.squared_error.copy_(torch.from_numpy(state["squared_error"]))
        recorded = {
            name.removeprefix("record/"): values for name, values in state.items() if name.startswith("record/")
        }
        effective = recorded.pop("effective", np.empty(0))
        for index, omega in enumerate(effective):
            self.records.append(Record({split: values[index] for split, values in recorded.items()}, omega))
        self.progress = loop.Progress(len(self.records), int(state["batch"]))

    def recorded(self) -> dict[str, FloatArray]:
        """All records: "effective", shape (records, seeds, modes, modes), and losses by split, (records, seeds)."""
        losses = {split: np.stack([record.losses[split] for record in self.records]) for split in self.task.data.splits}
        return {"effective": np.stack([record.effective for record in self.records]), **losses}


def train(task: DeepTask, device: torch.device, checkpointing: Checkpointing, report: Report) -> list[xr.Dataset]:
    """Train the task's seeds side by side, from the start or from the checkpoint.

    The random streams give every seed its own initial weights and order of the images, whatever trains beside it and
    wherever. The order is a function of the seed, so that the index in it is all a checkpoint remembers of it.

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
        progress, stops = training.progress, task.settings.record_batches(task.model.batch_size)

        def opportunity() -> None:
            so_far = f"{task.describe(*task.seeds)}: stopped after {progress.here} of {stops[-1]} batches"
            checkpointing.opportunity(training.state, lambda: so_far)

        subject = loop.Subject(task.describe(*task.seeds), task.data.classes, task.model.learning_rate)
        report(progress.here, float("nan"))
        for stop, _ in loop.course(training, stops, subject, progress=progress, opportunity=opportunity):
            report(stop, training.record(stops[max(progress.finished - 1, 0)]))
        return [_trajectory(training, index, device) for index in range(len(task.seeds))]


def train_to_files(
    task: DeepTask,
    wanted_device: str,
    outputs: Sequence[str],
    folder: checkpoints.CheckpointFolder,
    log: logging.Logger,
) -> None:
    """``train`` and write the trajectory files.

    Args:
        task: what to train.
        wanted_device: where, see ``engines.deep.device``.
        outputs: a path per seed.
        folder: where checkpoints are.
        log: for the progress.

    Raises:
        DataError: an output cannot be written.
        UserError: the device cannot be used.
        DivergenceError, StoppedError: see ``train``.
    """
    device = devices.choose(wanted_device)
    described, updates = task.describe(*task.seeds), task.settings.update_count
    log.info("%s: %d samples on %s", described, updates, devices.describe(device))
    first, *others = task.seeds
    file = f"seeds-{first}-to-{others[-1]}" if others else f"seed-{first}"
    report = reporter(log, described, "batch", updates // task.model.batch_size)
    # Also while the files are written: they are finished, and what was trained is safe.
    with signals() as stopped:
        checkpointing = folder.checkpointing(task.folder / file, lambda: task.identity(device, folder.code), stopped)
        trajectories = train(task, device, checkpointing, report)
        for trajectory, path in zip(trajectories, outputs, strict=True):
            files.write(trajectory, path)
        checkpointing.finish()


def _trajectory(training: Training, index: int, device: torch.device) -> xr.Dataset:
    """The trajectory file's content of one of the seeds."""
    task = training.task
    recorded = training.recorded()
    batches = np.array(task.settings.record_batches(task.model.batch_size))
    variables = {
        "effective_singular_values": netcdf.variable(
            ("sample", "left_mode", "right_mode"),
            recorded["effective"][:, index],
            "effective singular values Ω = Uᵀ Σŷx V",
        )
    }
    for split in task.data.splits:
        variables[f"{split}_loss"] = netcdf.variable(
            ("sample",), recorded[split][:, index], f"mean square error over the p outputs, {split} samples"
        )
    for name, values in training.ensemble.weights()[index].items():
        dimensions, long_name = _weight_layout(name)
        variables[name] = netcdf.variable(dimensions, values, long_name)
    evaluated = f"losses and Ω from at most {task.model.evaluation_images} images of each split"
    return netcdf.dataset(
        variables,
        {
            "sample": netcdf.variable(("sample",), batches * task.model.batch_size, "training samples seen"),
            "batch": netcdf.variable(("sample",), batches, "batches seen, that is updates made"),
            "class_name": netcdf.variable(("class",), np.array(task.data.class_names, dtype=object), "class name"),
        },
        {**task.attributes(task.seeds[index]), "device": devices.describe(device), "evaluated": evaluated},
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
