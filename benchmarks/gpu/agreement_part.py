"""Whether the GPU makes the updates of the CPU, and whether a training that is stopped goes on as if it was not."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.problem import NETWORKS, Checkpoint, Checkpointing, Problem, Samples, StoppedError, Task, train
from benchmarks.gpu.report import Result

CPU = torch.device("cpu")
# At which opportunity the first run stops, and the one that goes on from there.
_STOPS = (1, 2)


def compare_updates(result: Result, problem: Problem) -> None:
    """The weights on GPU and CPU after some updates from the same start, with the same batches."""
    rows = result["rows"] = []
    most = max(problem.sizes.compared)
    cases = [(torch.float32, 1), (torch.float32, problem.sizes.few), (torch.float64, 1)]
    places = (CPU, problem.device)
    samples = {dtype: [Samples(problem.data.split("train"), place, dtype) for place in places] for dtype, _ in cases}
    for network, (dtype, networks) in itertools.product(NETWORKS, cases):
        task = problem.task(network, range(networks), most)
        order = task.order().between(0, task.updates)
        ensembles = [problem.ensemble(task, place, dtype) for place in places]
        makers = [problem.maker(*pair) for pair in zip(ensembles, samples[dtype], strict=True)]
        start, done = ensembles[0].weights(), 0
        for updates in problem.sizes.compared:
            for make in makers:
                make(order[done:updates])
            done = updates
            ours, theirs = (ensemble.weights() for ensemble in ensembles)
            rows.append(
                {
                    "network": network,
                    "networks": networks,
                    "precision": str(dtype).removeprefix("torch."),
                    "updates": updates,
                    "of_the_weights": largest_difference(ours, theirs, None),
                    "of_the_movement": largest_difference(ours, theirs, start),
                }
            )


def largest_difference(ours: list[Any], theirs: list[Any], start: list[Any] | None) -> float:
    """‖ours − theirs‖ over ‖ours − start‖, norms over all weights of a network, of the one that differs most."""
    shares = []
    for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        differences = [np.linalg.norm(mine[name].astype(float) - other[name]) for name in mine]
        scales = [np.linalg.norm(mine[name].astype(float) - (start[place][name] if start else 0)) for name in mine]
        shares.append(float(np.linalg.norm(differences) / np.linalg.norm(scales)))
    return max(shares)


def stop_and_resume(result: Result, problem: Problem) -> None:
    """The same training twice without a stop, and once stopped twice: which of them are equal."""
    rows = result["rows"] = []
    images = max(problem.sizes.evaluation_images // 5, 1)
    for network in NETWORKS:
        task = problem.task(
            network, range(problem.sizes.few), problem.sizes.resumed_batches, 2, evaluation_images=images
        )

        with tempfile.TemporaryDirectory() as folder:
            whole, again = (_run(problem, task, folder, None) for _ in range(2))
            for opportunity in _STOPS:
                with contextlib.suppress(StoppedError):
                    _run(problem, task, folder, opportunity)
                    raise RuntimeError(f"{network}: the training did not stop")
            resumed = _run(problem, task, folder, None)
        rows.append(
            {
                "network": network,
                "networks": problem.sizes.few,
                "batches": problem.sizes.resumed_batches,
                "stops": len(_STOPS),
                "repeated": comparison(whole, again),
                "resumed": comparison(whole, resumed),
            }
        )


def _run(problem: Problem, task: Task, folder: str, opportunity: int | None) -> list[Any]:
    """Train on from the checkpoint in a folder, until told to stop at the given opportunity."""
    counter = itertools.count(1)
    checkpoint = Checkpoint(Path(folder, "checkpoint"), lambda: task.identity(problem.device, ""))
    checkpointing = Checkpointing(checkpoint, 1e9, lambda: next(counter) == opportunity)
    finished = train(task, problem.device, checkpointing, lambda done, loss: None)
    checkpoint.remove()
    return finished


def comparison(ours: list[Any], theirs: list[Any]) -> Result:
    """Whether all variables of the result files are equal, and by how much they differ relative to their norm."""
    largest, equal = 0.0, True
    for mine, other in zip(ours, theirs, strict=True):
        for name in mine:
            if not np.array_equal(mine[name], other[name]):
                equal = False
                largest = max(largest, float(np.linalg.norm(mine[name] - other[name]) / np.linalg.norm(mine[name])))
    return {"equal": equal, "largest_difference": largest}
