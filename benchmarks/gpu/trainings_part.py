"""Trainings: a sweep over learning rate and initial factor, and as many of the paper's own as there is time for."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from benchmarks.gpu.problem import (
    AT_ONCE,
    NETWORKS,
    Checkpoint,
    Checkpointing,
    Ensemble,
    Problem,
    StoppedError,
    Task,
    discovery_times,
    reporter,
    train,
)
from benchmarks.gpu.report import Result
from benchmarks.gpu.timing import synchronise

_log = logging.getLogger(__name__)

# Seconds before the end at which a training stops, so that what it has is written.
_MARGIN = 5.0


def sweep(result: Result, problem: Problem, *, network: str, folder: Path, allowed: float) -> None:
    """Seed 0 at every point of the grid, all points one ensemble, until the time is over: sweep-<network>.npz."""
    end, sizes = time.monotonic() + allowed - _MARGIN, problem.sizes
    points = list(product(sizes.rates, sizes.factors))
    tasks = [
        problem.task(
            network, range(1), sizes.sweep_batches, sizes.sweep_records, learning_rate=rate, initial_factor=factor
        )
        for rate, factor in points
    ]
    first = tasks[0]
    ensemble = Ensemble(
        first.architecture,
        [task.initial(0) for task in tasks],
        [rate for rate, _ in points],
        first.model.batch_size,
        problem.device,
    )
    make, evaluate = problem.maker(ensemble, problem.samples), first.evaluation(problem.device)
    order, stops = first.order().between(0, first.updates), first.settings.record_batches(first.model.batch_size)
    start = time.monotonic()
    records = [evaluate(ensemble)]
    for since, stop in pairwise(stops):
        for rows in order[since:stop].split(AT_ONCE):
            if time.monotonic() > end:
                break
            make(rows.repeat(1, len(points)))
        else:
            records.append(evaluate(ensemble))
            continue
        break
    synchronise(problem.device)
    elapsed = time.monotonic() - start
    batches = np.array(stops[: len(records)])
    effective = np.stack([record.effective for record in records], axis=1)
    losses = {split: np.stack([record.losses[split] for record in records], axis=1) for split in records[0].losses}
    name = f"sweep-{network}.npz"
    _save(folder / name, effective, losses, batches=batches, task=first, points=points)
    courses = [
        {"rate": rate, "factor": factor, **_course(problem, batches, effective[place], losses["train"][place])}
        for place, (rate, factor) in enumerate(points)
    ]
    result |= {
        "network": network,
        "networks": len(points),
        "batches": int(batches[-1]),
        "batches_wanted": sizes.sweep_batches,
        "seconds": elapsed,
        "file": name,
        "points": courses,
    }


def _course(problem: Problem, batches: np.ndarray, effective: np.ndarray, loss: np.ndarray) -> Result:
    """When every mode passes half of its singular value, and where it ends."""
    modes = problem.structure.discoverable
    diagonal = np.einsum("tmm->tm", effective)[:, modes]
    relative = diagonal / problem.structure.singular_values[modes]
    if not np.isfinite(relative).all():
        return {"diverged": True}
    times = discovery_times(batches.astype(float), relative, np.ones(relative.shape[1]))
    return {
        "diverged": False,
        "start": float(np.abs(relative[0]).max()),
        "batches_to_half": [None if np.isnan(when) else float(when) for when in times],
        "end": [float(value) for value in relative[-1]],
        "train_loss": float(loss[-1]),
    }


def plan(left: float, few: float, many: float) -> list[str]:
    """Which ensembles of every network are trained, "few" or "many", given the seconds left and those they need.

    The many hold the few: these come first if there is time for both, or if there is not even time for the many.
    """
    if few + many <= left or many > left:
        return ["few", "many"]
    return ["many"]


def expected_seconds(problem: Problem, speed: Result, evaluation: Result, networks: int) -> float:
    """What the trainings of both networks take, from the measured updates and records; infinite if unknown."""

    def of(result: Result, network: str, key: str, at_least: int) -> float:
        rows = [row for row in result.get("rows", []) if row["network"] == network and row["networks"] >= at_least]
        return float(min((row[key] for row in rows), default=np.inf))

    return sum(
        problem.sizes.paper_batches * of(speed, network, "seconds_per_batch", networks)
        + problem.sizes.records * of(evaluation, network, "seconds_per_record", networks)
        + of(evaluation, network, "seconds_to_begin", networks)
        for network in NETWORKS
    )


def choose(result: Result, problem: Problem, left: float, speed: Result, evaluation: Result) -> None:
    """The ensembles to train, in order, given the seconds left and the measured updates and records."""
    numbers = {"few": problem.sizes.few, "many": problem.sizes.many}
    expected = {name: expected_seconds(problem, speed, evaluation, number) for name, number in numbers.items()}
    known = {name: value for name, value in expected.items() if np.isfinite(value)}
    result["seconds_left"], result["expected_seconds"] = left, known
    result["ensembles"] = [
        {"networks": numbers[size], "network": network} for size in plan(left, **expected) for network in NETWORKS
    ]


def paper(result: Result, problem: Problem, *, network: str, number: int, folder: Path, allowed: float) -> None:
    """Trainings of the paper's size side by side, to their end or until the time is over: <network>-<n>-seeds.npz."""
    end = time.monotonic() + allowed - _MARGIN
    task = problem.task(network, range(number), problem.sizes.paper_batches, problem.sizes.records)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as kept:
        checkpoint = Checkpoint(Path(kept, "checkpoint"), lambda: "")
        checkpointing = Checkpointing(checkpoint, 1e9, lambda: time.monotonic() > end)
        report = reporter(_log, task.describe(*task.seeds), "batch", problem.sizes.paper_batches)
        try:
            trajectories = train(task, problem.device, checkpointing, report)
        except StoppedError:
            state = checkpoint.load() or {}
            effective = np.moveaxis(state["record/effective"], 1, 0)
            losses = {split: state[f"record/{split}"].T for split in problem.data.splits}
            done = int(state["batch"])
        else:
            effective = np.stack([one["effective_singular_values"].values for one in trajectories])
            losses = {
                split: np.stack([one[f"{split}_loss"].values for one in trajectories]) for split in problem.data.splits
            }
            done = problem.sizes.paper_batches
    elapsed = time.monotonic() - start
    batches = np.array(task.settings.record_batches(task.model.batch_size)[: effective.shape[1]])
    name = f"{network}-{number}-seeds.npz"
    _save(folder / name, effective, losses, batches=batches, task=task)
    result |= {
        "network": network,
        "networks": number,
        "batches": done,
        "batches_wanted": problem.sizes.paper_batches,
        "seconds": elapsed,
        "train_loss": float(losses["train"][:, -1].mean()),
        "test_loss": float(losses["test"][:, -1].mean()),
        "file": name,
    }


def _save(
    path: Path,
    effective: np.ndarray,
    losses: dict[str, np.ndarray],
    *,
    batches: np.ndarray,
    task: Task,
    points: list[tuple[float, float]] | None = None,
) -> None:
    """Ω and losses of every network, what they were trained with, and the points of a sweep."""
    more = {} if points is None else {"learning_rate_and_factor": np.array(points)}
    attributes = task.attributes(task.seeds[0])
    np.savez_compressed(
        path,
        effective=effective.astype(np.float32),
        batch=batches,
        settings=np.array(json.dumps(attributes)),
        **{f"{split}_loss": values for split, values in losses.items()},
        **more,
    )
