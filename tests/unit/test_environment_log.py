"""A job's log begins with where it runs and with what."""

import os
import socket
import subprocess
import sys

import numpy as np

from conftest import PROJECT


def logged(folder, before="", said="'work'", **environment):
    """The lines of the log of a job that says something, after some statements of its Python."""
    log = folder / "logs" / "job.log"
    code = f"import sys; {before}\nfrom learning_dynamics import jobs; jobs.begin(sys.argv[1]).info({said})"
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


def test_packages_beside_snakemake_are_of_no_use_to_a_rule_with_its_own_environment(tmp_path):
    """As dask is, which xarray looks for, of another Python than the rule's."""
    place = tmp_path / "elsewhere" / "site-packages"
    for name in ("snakemake", "only_there"):
        (place / name).mkdir(parents=True)
        (place / name / "__init__.py").touch()
    said = "__import__('importlib').util.find_spec('only_there') is not None"
    before = f"import importlib.util; sys.path.append({str(place)!r})"
    assert logged(tmp_path, before, said)[3].endswith(" True")
    # Snakemake itself comes from there.
    before += "; sys.path.insert(0, sys.path[-1]); import snakemake"
    assert logged(tmp_path, before, said)[3].endswith(" False")


def test_node_job_and_gpu_of_a_cluster_are_named(tmp_path):
    assert logged(tmp_path)[0].endswith(f" host {socket.gethostname()}")
    place, *_ = logged(tmp_path, SLURMD_NODENAME="node17", SLURM_JOB_ID="4711", CUDA_VISIBLE_DEVICES="2")
    assert place.endswith(f" host {socket.gethostname()}, node node17, Slurm job 4711, GPU 2")


def test_conda_environment_is_told_from_one_that_is_active_around_it(tmp_path):
    there = f"sys.prefix = {str(tmp_path)!r}"
    assert logged(tmp_path, there, CONDA_PREFIX="/elsewhere")[1].endswith(f", virtual environment {tmp_path}")
    (tmp_path / "conda-meta").mkdir()
    assert logged(tmp_path, there, CONDA_PREFIX="/elsewhere")[1].endswith(f", conda environment {tmp_path}")
