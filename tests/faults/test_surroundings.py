"""What surrounds a run does not reach its results: clocks, time zones, languages, folders, cores, the order of jobs."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_altered_files import Run

from conftest import Project

SETTINGS = "scaling: null\nvariants: null\nexperiments: {digits4: {updates: 600, snapshots: []}}\n"
TARGETS = [
    f"results/trajectories/digits4/{network}/seed-{seed}.nc"
    for network in ("linear_cnn", "linear_fcnn")
    for seed in (0, 1)
]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Kathmandu", "<-25>+25:59", "no/such/zone"])
def test_clocks_and_time_zones_do_not_matter(zone, tmp_path, monkeypatch):
    run = Run(tmp_path)
    files = [*run.inputs, *itertools.chain(*run.trajectories.values()), *run.theory.values()]
    expected = {file: Path(file).read_bytes() for file in files}
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    # A clock that is set back again and again, and forth.
    jumps = itertools.cycle([0.0, -86_400.0, 3.0e8, -4.0e8])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + next(jumps))
    again = Run(tmp_path)
    monkeypatch.undo()
    time.tzset()
    assert again.inputs == run.inputs
    assert {file: Path(file).read_bytes() for file in files} == expected


def made(project):
    return {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in project.results("**/*.nc")
        if "digits4" in str(path)
    }


def snakemake(project, *arguments, environment=None, cores=1):
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--nocolor", *project.settings(SETTINGS)]
    return subprocess.run(
        [*command, *arguments],
        cwd=project.folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def usual(shared_project):
    run = snakemake(shared_project, "--", *TARGETS, cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    return shared_project


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("folder", "environment", "arguments"),
    [
        ('it\'s "quoted", spaced', {"LC_ALL": "C", "TZ": "Asia/Kathmandu"}, ("--scheduler", "greedy")),
        ("ürün 数据", {"LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8"}, ("--prioritize", TARGETS[3])),
        ("seeds in one job", {}, ("--config", "seeds_per_job=2")),
    ],
)
def test_folder_language_and_order_do_not_matter(usual, folder, environment, arguments, tmp_path):
    project = Project(tmp_path / folder)
    run = snakemake(project, *arguments, "--", *reversed(TARGETS), environment=environment)
    assert run.returncode == 0, run.stdout[-5000:]
    assert made(project) == made(usual)


@pytest.mark.workflow
def test_clock_that_was_set_back_is_named_and_harms_nothing(usual):
    expected = made(usual)
    gone = "results/trajectories/digits4/linear_fcnn/seed-1.nc"
    (usual.folder / gone).unlink()
    (dataset,) = usual.results("datasets/digits4.nc")
    tomorrow = time.time() + 86_400
    os.utime(dataset, (tomorrow, tomorrow))
    refused = snakemake(usual, "--", gone)
    assert refused.returncode != 0
    assert "has older modification time" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert made(usual) == {path: content for path, content in expected.items() if path != gone}
    os.utime(dataset)
    run = snakemake(usual, "--", *TARGETS)
    assert run.returncode == 0, run.stdout[-5000:]
    assert made(usual) == expected


@pytest.mark.workflow
def test_second_run_in_the_same_folder_refuses_and_harms_nothing(usual):
    expected = made(usual)
    shutil.rmtree(usual.folder / "results" / "trajectories")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--nocolor", *usual.settings(SETTINGS), "--"]
    first = subprocess.Popen(
        [*command, *TARGETS], cwd=usual.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    locks = usual.folder / ".snakemake" / "locks"
    end = time.monotonic() + 300
    while not (locks.exists() and any(locks.iterdir())):
        assert first.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    # Without the option it might refuse because of the first one's unfinished files.
    second = snakemake(usual, "--rerun-incomplete", "--", *TARGETS)
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout
    assert "Traceback" not in second.stdout
    output, _ = first.communicate()
    assert first.returncode == 0, output[-5000:]
    assert made(usual) == expected
