"""Without a shared file system: results in storage, jobs in folders where nothing of the project is."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Project

pytestmark = pytest.mark.workflow

SETTINGS = """
seeds: 1
experiments:
  pure_cosines: null
  pure_cosines_cyclic: null
  sums_of_cosines: null
  digits4: null
  cifar4: null
  cifar10: null
  geometric_shapes:
    networks:
      linear_cnn: {learning_rate: 1.0e-3, kernel_std: 1.0e-2, readout_std: 1.0e-2}
      linear_fcnn: {learning_rate: 1.0e-2, hidden_units: 16}
    updates: 400
    records: 40
    snapshots: []
scaling: null
variants: {convolutions: {two-kernels: null, four-kernels: null, zero-padding: null}, updates: 400, records: 40}
zero_padding: null
"""
TARGETS = (
    "results/claims.html",
    "results/archive.zip",
    "results/figures/fig2.png",
    "results/figures/variants.png",
    "results/figures/predicted_discovery.png",
    "results/figures/geometric_shapes/losses.png",
)
# A cluster whose only node starts every job in an empty folder.
SUBMIT = """#!/bin/sh
node=$(mktemp -d "{folder}/node.XXXXXX")
cd "$node"
if sh "$1" > log 2>&1; then echo success > status; else echo failed > status; fi
echo "$node"
"""
PLUGINS = ("snakemake_storage_plugin_fs", "snakemake_executor_plugin_cluster_generic")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A project whose results are in storage; runs Snakemake with its jobs elsewhere."""
    missing = [name for name in PLUGINS if importlib.util.find_spec(name) is None]
    missing += ["rsync"] if shutil.which("rsync") is None else []
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: what happens without a shared file system is not checked")
    folder = tmp_path_factory.mktemp("storage")
    project = Project(folder / "project")
    project.settings(SETTINGS)
    (project.folder / ".gitignore").write_text("__pycache__\n.snakemake\nresults\n")
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "The project"]):
        subprocess.run(["git", *command], cwd=project.folder, check=True)
    cluster = folder / "cluster"
    cluster.mkdir()
    for name, text in (("submit", SUBMIT.format(folder=cluster)), ("status", '#!/bin/sh\ncat "$1/status"\n')):
        (cluster / name).write_text(text)
        (cluster / name).chmod(0o755)

    def run(*arguments):
        command = [sys.executable, "-m", "snakemake", "--nocolor", "--configfile", "config/added.yaml"]
        command += ["--executor", "cluster-generic", "--jobs", "2", "--seconds-between-status-checks", "1"]
        command += ["--cluster-generic-submit-cmd", str(cluster / "submit")]
        command += ["--cluster-generic-status-cmd", str(cluster / "status")]
        command += ["--default-storage-provider", "fs", "--default-storage-prefix", str(folder / "store")]
        command += ["--shared-fs-usage", "none", "--job-deploy-sources"]
        return subprocess.run(
            [*command, *arguments],
            cwd=project.folder,
            # A node calls the Python that it finds.
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    done = run("--", *TARGETS)
    assert done.returncode == 0, done.stdout[-5000:] + "".join(log.read_text() for log in cluster.glob("node.*/log"))
    return folder, project, run


def files(results):
    """Content of every result by its name; logs and benchmarks tell of this machine."""
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in results.rglob("*")
        if path.is_file() and not {"logs", "benchmarks"} & set(path.relative_to(results).parts)
    }


def test_results_in_storage_have_the_bytes_of_those_made_here(stored):
    """The commit is among them, which no node could tell."""
    folder, project, _ = stored
    assert len(list((folder / "cluster").glob("node.*/status"))) >= 10
    assert not project.results("**/*.nc")
    made = project.snakemake("--configfile", "config/added.yaml", "--", *TARGETS, cores=2)
    assert made.returncode == 0, made.stdout[-5000:]
    expected, found = files(project.folder / "results"), files(folder / "store" / "results")
    assert set(found) == set(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_nothing_in_storage_is_made_twice(stored):
    _, _, run = stored
    said = run("--dry-run", "--", *TARGETS)
    assert "Nothing to be done" in said.stdout, said.stdout[-3000:]
