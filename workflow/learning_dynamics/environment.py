"""Which machine and which software run this process: for logs, never for results, which are the same everywhere."""

from __future__ import annotations

import os
import platform
import socket
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from learning_dynamics.provenance import PACKAGES

# What a cluster tells its jobs.
_CLUSTER = {"SLURMD_NODENAME": "node", "SLURM_JOB_ID": "Slurm job", "CUDA_VISIBLE_DEVICES": "GPU"}


def describe() -> list[str]:
    """Host, cluster job and GPU; Python and its environment; package versions: a line each."""
    place = [f"host {socket.gethostname()}"]
    place += [f"{name} {os.environ[key]}" for key, name in _CLUSTER.items() if os.environ.get(key)]
    python = f"Python {platform.python_version()} {sys.executable}"
    return [", ".join(place), f"{python}, {_environment()}", "packages: " + ", ".join(_packages())]


def _environment() -> str:
    # A conda environment has a folder of this name; CONDA_PREFIX alone may belong to another, active around this one.
    if Path(sys.prefix, "conda-meta").is_dir():
        return f"conda environment {sys.prefix}"
    if sys.prefix != sys.base_prefix:
        return f"virtual environment {sys.prefix}"
    return f"no environment, {sys.prefix}"


def _packages() -> list[str]:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found
