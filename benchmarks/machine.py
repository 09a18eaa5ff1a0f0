"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine():
    model = next(
        (line.split(":")[1].strip() for line in cpu_description() if line.startswith("model name")),
        platform.processor(),
    )
    return {"processor": model, "cores": os.cpu_count() or 1, "platform": platform.platform()}


def cpu_description():
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
