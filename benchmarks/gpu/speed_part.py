"""What an update and a record cost: of plain eager loops, of the engine operation by operation and in trainings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks import deep_eager
from benchmarks.gpu import profile_part
from benchmarks.gpu.problem import NETWORKS, Problem, Task, Training
from benchmarks.gpu.report import Result
from benchmarks.gpu.timing import seconds

Make = Callable[[torch.Tensor], Any]


class Eager:
    """A network of modules and everything its loop needs, on the device."""

    def __init__(self, problem: Problem, task: Task, memory_format: torch.memory_format) -> None:
        shapes = task.architecture
        model = deep_eager.network(shapes)
        self.model = deep_eager.load(model, task.initial(0)).to(problem.device).to(memory_format=memory_format)
        self.rate, self.classes = task.model.learning_rate, shapes.classes
        inputs, self.labels = problem.plain_samples
        self.inputs = inputs.contiguous(memory_format=memory_format)

    def train(self, order: torch.Tensor) -> None:
        """One update per row."""
        with torch.enable_grad():
            deep_eager.train(self.model, self.inputs, self.labels, order, learning_rate=self.rate, classes=self.classes)


def measure(result: Result, problem: Problem, machine: Result) -> None:
    """A row for every contestant and network; `machine` holds the rates that bound them."""
    result["rows"] = []
    for network in NETWORKS:
        task = problem.task(network, range(1), problem.sizes.batches)
        for name, memory_format in (
            ("eager loop", torch.contiguous_format),
            ("eager loop, channels last", torch.channels_last),
        ):
            train = Eager(problem, task, memory_format).train
            result["rows"].append(_eager_row(problem, task, name, train, machine))
        for networks in problem.sizes.ensembles:
            result["rows"] += _our_rows(problem, network, networks, machine)


def measure_compiled(result: Result, problem: Problem, machine: Result) -> None:
    """The eager loop with its network compiled, where a compiler is at hand."""
    rows = result["rows"] = []
    for network in NETWORKS:
        task = problem.task(network, range(1), problem.sizes.batches)
        eager = Eager(problem, task, torch.contiguous_format)
        eager.model = torch.compile(eager.model, backend=problem.sizes.compiler)
        rows.append(_eager_row(problem, task, "eager loop, torch.compile", eager.train, machine))


def evaluation(result: Result, problem: Problem) -> None:
    """A record of losses and Ω, for one network and for as many as a whole paper's ensemble."""
    rows = result["rows"] = []
    for network in NETWORKS:
        for networks in (1, problem.sizes.many):
            task = problem.task(network, range(networks), 1)
            ensemble, kept = problem.ensemble(task), []
            begin = seconds(lambda task=task, kept=kept: kept.append(task.evaluation(problem.device)), problem.device)
            (evaluate,) = kept
            evaluate(ensemble)
            record = seconds(
                lambda evaluate=evaluate, ensemble=ensemble: evaluate(ensemble),
                problem.device,
                problem.sizes.repetitions,
            )
            rows.append(
                {"network": network, "networks": networks, "seconds_to_begin": begin, "seconds_per_record": record}
            )


def memory(result: Result, problem: Problem) -> None:
    """What a training of a whole paper's ensemble holds on the device and in the process."""
    import resource

    rows = result["rows"] = []
    for network in NETWORKS:
        task = problem.task(network, range(problem.sizes.many), problem.sizes.batches)
        on_gpu = problem.device.type == "cuda"
        before = 0
        if on_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(problem.device)
            before = torch.cuda.memory_allocated(problem.device)
        training = Training(task, problem.device, None)
        training.progress.here = min(50, problem.sizes.batches)
        training.advance(0, training.progress.here)
        training.record(0)
        rows.append(
            {
                "network": network,
                "networks": problem.sizes.many,
                "device_bytes": torch.cuda.max_memory_allocated(problem.device) - before if on_gpu else None,
                "device_bytes_reserved": torch.cuda.max_memory_reserved(problem.device) if on_gpu else None,
                "process_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )


def _eager_row(problem: Problem, task: Task, name: str, train: Make, machine: Result) -> Result:
    order = problem.order(task).to(problem.device)[: problem.sizes.eager_batches]
    kernels = profile_part.kernels_per_batch(train, order[:3], problem.device)
    bound = _product(kernels, machine.get("operation_seconds"))
    return _row(problem, task, name, train, order, kernels=kernels, launch_bound=bound, machine=machine)


def _our_rows(problem: Problem, network: str, networks: int, machine: Result) -> list[Result]:
    """The engine's operations asked for one by one, and as a training asks for them."""
    task = problem.task(network, range(networks), problem.sizes.batches)
    order = problem.order(task)
    ensemble = problem.ensemble(task)
    on_device = order.to(problem.device)

    def one_by_one(rows: torch.Tensor) -> None:
        for row in rows:
            ensemble.update(problem.samples, row)

    kernels = profile_part.kernels_per_batch(one_by_one, on_device[:3], problem.device)
    operations = _product(kernels, machine.get("operation_seconds"))
    graph = _sum(machine.get("graph_seconds"), _product(kernels, machine.get("operation_in_graph_seconds")))
    few = on_device[: problem.sizes.eager_batches]
    as_trained, make = _AS_TRAINED[problem.device.type], problem.maker(ensemble, problem.samples)
    named = {"kernels": kernels, "machine": machine}
    return [
        _row(problem, task, "ours, operation by operation", one_by_one, few, launch_bound=operations, **named),
        _row(problem, task, as_trained, make, order, launch_bound=graph, **named),
    ]


_AS_TRAINED = {"cuda": "ours, captured graph", "cpu": "ours, as trainings on a CPU"}


def _row(
    problem: Problem,
    task: Task,
    name: str,
    make: Make,
    order: torch.Tensor,
    *,
    kernels: float | None,
    launch_bound: float | None,
    machine: Result,
) -> Result:
    """The time of a batch, with the shares of it that arithmetic at its peak and launches alone would take."""
    make(order[: min(10, len(order))])
    batch = seconds(lambda: make(order), problem.device, problem.sizes.repetitions) / len(order)
    networks = len(task.seeds)
    operations = networks * deep_eager.operations_per_batch(task.architecture, task.model.batch_size)
    peak = machine.get("float32_product")
    return {
        "network": task.network,
        "contestant": name,
        "networks": networks,
        "seconds_per_batch": batch,
        "seconds_per_batch_and_network": batch / networks,
        "kernels_per_batch": kernels,
        "share_of_peak": operations / batch / peak if peak else None,
        "share_of_launch_bound": launch_bound / batch if launch_bound else None,
    }


def _product(*factors: float | None) -> float | None:
    return None if None in factors else float(np.prod(factors))


def _sum(*terms: float | None) -> float | None:
    return None if None in terms else float(np.sum(terms))
