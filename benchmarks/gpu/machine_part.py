"""What the check runs on, and what this machine can do at most."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from functools import partial

import torch

from benchmarks.gpu.report import Result
from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.timing import seconds
from learning_dynamics.storage import machine

_PACKAGES = ("torch", "numpy", "scipy", "xarray", "netCDF4", "pydantic")
_CHAIN = 100


def describe(result: Result, device: torch.device, sizes: Sizes) -> None:
    """Versions, device and measured rates."""
    result["machine"] = machine.description()
    result["python"] = platform.python_version()
    result["versions"] = {name: _version(name) for name in _PACKAGES}
    result["cuda"] = torch.version.cuda
    result["cudnn"] = torch.backends.cudnn.version() if device.type == "cuda" else None
    result["device"] = "cpu"
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        result["device"] = properties.name
        result["multiprocessors"] = properties.multi_processor_count
        result["memory_gb"] = properties.total_memory / 1e9
        result["driver"] = _driver()
    result["float32_product"] = _product(device, sizes.product)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        try:
            result["tf32_product"] = _product(device, sizes.product)
        finally:
            torch.backends.cuda.matmul.allow_tf32 = False
    result["copy_bytes_per_second"] = _copies(device, sizes.product)
    result |= _launches(device, sizes.calls)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split("\n")[0]
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _product(device: torch.device, side: int) -> float:
    """Operations per second of a product of two square matrices."""
    left, right = (torch.randn(side, side, device=device) for _ in range(2))
    target = torch.empty_like(left)
    torch.mm(left, right, out=target)
    return 2 * side**3 / seconds(lambda: torch.mm(left, right, out=target), device, 5)


def _copies(device: torch.device, side: int) -> float:
    """Bytes read and written per second by a copy on the device."""
    source = torch.zeros(side, side, 4, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * source.nbytes / seconds(lambda: target.copy_(source), device, 5)


def _launches(device: torch.device, calls: int) -> Result:
    """Seconds for an operation on one number, asked for one by one and, on a GPU, as a graph and within one."""
    number = torch.zeros(1, device=device)

    def chain(length: int) -> None:
        for _ in range(length):
            number.add_(1)

    chain(10)
    measured: Result = {"operation_seconds": seconds(lambda: chain(calls), device, 3) / calls}
    if device.type == "cuda":
        for name, length in (("graph_seconds", 1), ("chain_seconds", _CHAIN)):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                chain(length)
            graph.replay()
            measured[name] = seconds(partial(_replay, graph, calls), device, 3) / calls
        measured["operation_in_graph_seconds"] = measured.pop("chain_seconds") / _CHAIN
    return measured


def _replay(graph: torch.cuda.CUDAGraph, times: int) -> None:
    for _ in range(times):
        graph.replay()
