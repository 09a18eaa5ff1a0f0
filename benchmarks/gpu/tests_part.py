"""The project's own tests that need a GPU, in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.gpu.prepared import PROJECT
from benchmarks.gpu.report import Result

_FILES = ("test_deep_updates.py", "test_deep_trainings.py")
_LIMIT = 80


def run(result: Result) -> None:
    """Run them; without a GPU they skip themselves.

    The project's configuration of pytest is for its own environment, which is not here.
    """
    files = [str(PROJECT / "tests" / "unit" / name) for name in _FILES]
    options = ["-c", os.devnull, f"--rootdir={PROJECT}", "--noconftest", "-p", "no:cacheprovider", "-q", "-rsf"]
    process = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-k", "gpu_makes or on_a_gpu", *files],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=_LIMIT,
    )
    lines = (process.stdout + process.stderr).strip().splitlines()
    result["summary"] = lines[-1] if lines else ""
    result["output"] = lines[-40:]
    if process.returncode:
        raise RuntimeError(f"pytest ended with {process.returncode}: {result['summary']}")
