"""Times on a device, which runs behind the program that asks for work."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch


def synchronise(device: torch.device) -> None:
    """Wait until all that was asked for is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(action: Callable[[], Any], device: torch.device, repetitions: int = 1) -> float:
    """From asking to done, the median of some repetitions."""
    times = []
    for _ in range(repetitions):
        synchronise(device)
        start = time.perf_counter()
        action()
        synchronise(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
