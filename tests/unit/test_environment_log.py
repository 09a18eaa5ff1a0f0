"""A job's log begins with where it runs and with what."""

import os
import socket
import subprocess
import sys

import numpy as np

from conftest import PROJECT


def logged(folder, before="", **environment):
    """The lines of the log of a job that says "work", after some statements of its Python."""
    log = folder / "logs" / "job.log"
    code = f"import sys; {before}\nfrom learning_dynamics import jobs; jobs.begin(sys.argv[1]).info('work')"
    cluster = {"SLURMD_NODENAME": "", "SLURM_JOB_ID": "", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(
        [sys.executable, "-c", code, str(log)],
        cwd=PROJECT / "workflow",
        env=os.environ | cluster | environment,
        check=True,
    )
    return log.read_text(encoding="utf-8").splitlines()


def test_log_begins_with_place_python_and_versions(tmp_path):
    place, python, packages, work, modules = logged(tmp_path)
    assert f"host {socket.gethostname()}" in place
    assert sys.executable in python
    assert sys.prefix in python
    assert f"numpy {np.__version__}" in packages
    assert work.endswith("work")
    assert "learning_dynamics.jobs" in modules.split("modules: ")[1].split()


def test_node_job_and_gpu_of_a_cluster_are_named(tmp_path):
    assert logged(tmp_path)[0].endswith(f" host {socket.gethostname()}")
    place, *_ = logged(tmp_path, SLURMD_NODENAME="node17", SLURM_JOB_ID="4711", CUDA_VISIBLE_DEVICES="2")
    assert place.endswith(f" host {socket.gethostname()}, node node17, Slurm job 4711, GPU 2")


def test_conda_environment_is_told_from_one_that_is_active_around_it(tmp_path):
    there = f"sys.prefix = {str(tmp_path)!r}"
    assert logged(tmp_path, there, CONDA_PREFIX="/elsewhere")[1].endswith(f", virtual environment {tmp_path}")
    (tmp_path / "conda-meta").mkdir()
    assert logged(tmp_path, there, CONDA_PREFIX="/elsewhere")[1].endswith(f", conda environment {tmp_path}")
