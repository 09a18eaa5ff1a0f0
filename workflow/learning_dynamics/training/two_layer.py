"""Train two-layer networks, a trial after the other."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.training import checkpoints, files, loop
from learning_dynamics.training.checkpoints import Checkpointing, State, signals
from learning_dynamics.training.progress import Report, reporter
from learning_dynamics.training.task import TwoLayerTask


def identity(task: TwoLayerTask, seed: int, code: str) -> str:
    """Hash of everything that determines a trial's course, given the state of the code."""
    attributes = task.attributes(seed)
    relevant = {key: attributes[key] for key in ("settings", "python_version", "package_versions")}
    settings = {**relevant, "divergence_factor": task.divergence_factor}
    data = task.data
    return checkpoints.identity(settings, data.images, data.correlations, data.structure, code)


class Training:
    """A trial under way: the network, the order of its samples and what was recorded."""

    def __init__(self, task: TwoLayerTask, seed: int, samples: Any) -> None:
        """At the start.

        Args:
            task: what is trained.
            seed: which trial.
            samples: the training samples in the network's form, which trainings share.
        """
        # ‖y − ŷ‖² is p times the loss of the sample, and a network that answers zero has the loss 1/p.
        limit = task.divergence_factor
        self._network = task.model.training(task.start(seed), samples, task.data, limit)
        images = len(task.data.images.split("train"))
        self._order = task.trial(seed).sample_order(task.settings.order, images)
        self.piece: int = self._network.piece
        self.history = files.History()
        self.progress = loop.Progress()

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        """See ``loop.Trainee``."""
        made: tuple[int, float] = self._network.update(self._order.between(start, stop))
        return made

    def record(self, sample: int) -> None:
        """Keep what the network shows now."""
        self.history.record(sample, self._network.network(), self._network.record())

    def snapshot(self, sample: int) -> None:
        """Keep the weights."""
        self.history.snapshot(sample, self._network.snapshot())

    def state(self) -> State:
        """Everything needed to go on from here."""
        own = {f"training/{name}": values for name, values in self._network.state().items()}
        progress = {name: np.array(value) for name, value in vars(self.progress).items()}
        return {**self.history.state(), **own, **progress}

    def restore(self, state: State) -> None:
        """Go back to a state, to the last bit."""
        self.history.restore(state)
        own: dict[str, FloatArray] = {name: state[f"training/{name}"] for name in self._network.state()}
        self._network.restore(own)
        self.progress = loop.Progress(int(state["finished"]), int(state["here"]), float(state["squared_error"]))


def train(
    task: TwoLayerTask,
    seed: int,
    report: Report,
    checkpointing: Checkpointing | None = None,
    samples: Any = None,
) -> xr.Dataset:
    """One trial by stochastic gradient descent, a sample per update, from the start or from a checkpoint.

    Args:
        task: what is trained.
        seed: which trial.
        report: called with the samples seen and the mean loss since the last call, see ``progress``.
        checkpointing: where and when the state is kept between runs; nowhere if not given.
        samples: the training samples in the network's form, where several trainings share them.

    Returns:
        The content of the trajectory file (units of time: samples).

    Raises:
        DivergenceError: a sample's loss was not a number or too large.
        StoppedError: it was told to stop; the checkpoint is written.
    """
    if samples is None:
        samples = task.model.samples(task.data.images.split("train"), 1)
    training = Training(task, seed, samples)
    before = checkpointing.begin() if checkpointing else None
    if before is not None:
        training.restore(before)
    recorded, kept = set(task.settings.record_samples()), set(task.settings.snapshot_samples())
    stops = sorted(recorded | kept)

    def opportunity() -> None:
        if checkpointing:
            so_far = f"{task.describe(seed)}: stopped after {training.progress.here} of {stops[-1]} samples"
            checkpointing.opportunity(training.state, lambda: so_far)

    subject = loop.Subject(task.describe(seed), task.data.classes, task.model.rate)
    report(training.progress.here, float("nan"))
    for stop, loss in loop.course(training, stops, subject, progress=training.progress, opportunity=opportunity):
        if stop > 0:
            report(stop, loss)
        if stop in recorded:
            training.record(stop)
        if stop in kept:
            training.snapshot(stop)
    return files.to_dataset(training.history, task.data, task.model, task.attributes(seed))


def train_to_files(
    task: TwoLayerTask, outputs: Mapping[int, str], folder: checkpoints.CheckpointFolder, log: logging.Logger
) -> None:
    """``train`` every seed of `outputs`, one after the other, and write its trajectory file there.

    Args:
        task: what is trained.
        outputs: paths by seed.
        folder: where checkpoints are.
        log: for the progress.

    Raises:
        DataError: an output cannot be written.
        DivergenceError, StoppedError: see ``train``.
    """
    samples = task.model.samples(task.data.images.split("train"), len(outputs))
    updates = task.settings.update_count
    # Also while a file is written: it is finished, and what was trained is safe.
    with signals() as stopped:
        for seed, output in outputs.items():
            log.info("%s: %d updates", task.describe(seed), updates)
            known = functools.partial(identity, task, seed, folder.code)
            checkpointing = folder.checkpointing(task.folder / f"seed-{seed}", known, stopped)
            report = reporter(log, task.describe(seed), "sample", updates)
            files.write(train(task, seed, report, checkpointing, samples), output)
            checkpointing.finish()
