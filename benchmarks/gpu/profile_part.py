"""Where the time of an update goes, and what other settings of the GPU would bring."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.problem import NETWORKS, Problem
from benchmarks.gpu.report import Result
from benchmarks.gpu.timing import seconds, synchronise

_PROFILED = 20
_LISTED = 12
# The first that an operation's name holds one of the words of.
_KINDS = {
    "convolutions": ("conv", "cudnn", "xmma"),
    "dense layers": ("bmm", "mm", "matmul"),
    "copies": ("copy", "clone", "contiguous", "index_select", "memcpy", "memset", "::cat"),
}
_OTHERS = "sums, ReLU, pooling and steps"


def profiled(action: Callable[[], Any], device: torch.device) -> list[Any]:
    """PyTorch's averages by operation and, on a GPU, by kernel."""
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        action()
        synchronise(device)
    return list(profiler.key_averages())


def kernels_per_batch(make: Callable[[torch.Tensor], Any], order: torch.Tensor, device: torch.device) -> float | None:
    """What the GPU runs for one batch, copies counted; None on a CPU."""
    make(order)
    if device.type != "cuda":
        return None
    entries = profiled(lambda: make(order), device)
    return sum(entry.count for entry in entries if _on_gpu(entry)) / len(order)


def where_time_goes(result: Result, problem: Problem, speed: Result) -> None:
    """The device's time for an update of a whole paper's ensemble by kind of work, and what is left for launches."""
    rows = result["rows"] = []
    on_gpu = problem.device.type == "cuda"
    for network in NETWORKS:
        task = problem.task(network, range(problem.sizes.many), problem.sizes.batches)
        ensemble, order = problem.ensemble(task), task.order().between(0, _PROFILED).to(problem.device)

        def make(order: torch.Tensor = order, ensemble: Any = ensemble) -> None:
            for row in order:
                ensemble.update(problem.samples, row)

        make()
        entries = profiled(make, problem.device)
        operations = {
            entry.key: (entry.self_device_time_total if on_gpu else entry.self_cpu_time_total) / len(order) / 1e6
            for entry in entries
            if not _on_gpu(entry)
        }
        kernels = {entry.key: entry.self_device_time_total / len(order) / 1e6 for entry in entries if _on_gpu(entry)}
        busy = sum(kernels.values()) if on_gpu else sum(operations.values())
        # Without a link from kernels to operations, the kernels' own names must do.
        kinds = by_kind(operations if sum(operations.values()) > 0 else kernels)
        batch = next(
            (
                row["seconds_per_batch"]
                for row in reversed(speed.get("rows", []))
                if (row["network"], row["networks"]) == (network, problem.sizes.many)
            ),
            None,
        )
        rows.append(
            {
                "network": network,
                "networks": problem.sizes.many,
                "seconds_per_batch": batch,
                "seconds_of_work_per_batch": busy,
                "share_of_work": {kind: part / sum(kinds.values()) for kind, part in kinds.items()},
                "share_between_kernels": 1 - busy / batch if batch else None,
                "largest_operations": _largest(operations),
                "largest_kernels": _largest(kernels),
            }
        )


def by_kind(operations: dict[str, float]) -> dict[str, float]:
    """Seconds by kind of work, from seconds by operation."""
    kinds = dict.fromkeys((*_KINDS, _OTHERS), 0.0)
    for name, part in operations.items():
        lowered = name.lower()
        kind = next((kind for kind, words in _KINDS.items() if any(word in lowered for word in words)), _OTHERS)
        kinds[kind] += part
    return kinds


def other_settings(result: Result, problem: Problem) -> None:
    """An update of a whole paper's ensemble with settings that trainings do not have."""
    rows = result["rows"] = []
    for network in NETWORKS:
        task = problem.task(network, range(problem.sizes.many), problem.sizes.batches)
        order = problem.order(task)
        for name, switches in _SETTINGS.items():
            with _switched(switches):
                make = problem.maker(problem.ensemble(task), problem.samples)
                make(order[:10])
                batch = seconds(lambda make=make, order=order: make(order), problem.device) / len(order)
            rows.append({"network": network, "settings": name, "seconds_per_batch": batch})


_SETTINGS: dict[str, dict[str, bool]] = {
    "as trainings are": {},
    "cuDNN's fastest algorithms, tried out": {"benchmark": True},
    "the same, not only deterministic ones": {"benchmark": True, "deterministic": False},
    "the same, with TF32": {"benchmark": True, "deterministic": False, "allow_tf32": True},
}


@contextlib.contextmanager
def _switched(switches: dict[str, bool]) -> Iterator[None]:
    """cuDNN's switches in the block; TF32 also for matrix products."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = {name: getattr(cudnn, name) for name in switches}
    products = matmul.allow_tf32
    try:
        for name, value in switches.items():
            setattr(cudnn, name, value)
        matmul.allow_tf32 = switches.get("allow_tf32", products)
        yield
    finally:
        for name, value in before.items():
            setattr(cudnn, name, value)
        matmul.allow_tf32 = products


def _largest(times: dict[str, float]) -> dict[str, float]:
    ordered = sorted(times.items(), key=lambda item: -item[1])[:_LISTED]
    return {name[:120]: value for name, value in ordered if value > 0}


def _on_gpu(entry: Any) -> bool:
    """Whether the entry is of what the GPU ran, a kernel or a copy."""
    return str(entry.device_type).endswith("CUDA")
