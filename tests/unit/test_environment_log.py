"""A job's log begins with where it runs and with what."""

import socket
import subprocess
import sys

import numpy as np

from conftest import PROJECT
from learning_dynamics import environment


def test_log_begins_with_place_python_and_versions(tmp_path):
    log = tmp_path / "logs" / "job.log"
    code = "import sys; from learning_dynamics import jobs; jobs.begin(sys.argv[1]).info('work')"
    subprocess.run([sys.executable, "-c", code, str(log)], cwd=PROJECT / "workflow", check=True)
    place, python, packages, work = log.read_text(encoding="utf-8").splitlines()
    assert f"host {socket.gethostname()}" in place
    assert sys.executable in python
    assert sys.prefix in python
    assert f"numpy {np.__version__}" in packages
    assert work.endswith("work")


def test_node_job_and_gpu_of_a_cluster_are_named(monkeypatch):
    for name in ("SLURMD_NODENAME", "SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    assert environment.describe()[0] == f"host {socket.gethostname()}"
    monkeypatch.setenv("SLURMD_NODENAME", "node17")
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert environment.describe()[0].endswith(", node node17, Slurm job 4711, GPU 2")


def test_conda_environment_is_told_from_one_that_is_active_around_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CONDA_PREFIX", "/elsewhere")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert f"virtual environment {tmp_path}" in environment.describe()[1]
    (tmp_path / "conda-meta").mkdir()
    assert f"conda environment {tmp_path}" in environment.describe()[1]
