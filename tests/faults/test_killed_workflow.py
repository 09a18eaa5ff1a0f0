"""Snakemake or its jobs killed at random: the same command, unlocked where it asks for it, makes the same bytes."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.workflow

SETTINGS = """
seeds: 1
checkpoint_minutes: 1.0e-6
scaling: null
variants: null
experiments:
  digits4: {updates: 30000, records: 20, networks: {linear_fcnn: {hidden_units: 100, learning_rate: 1.0e-3}}}
"""
TARGETS = [f"results/trajectories/digits4/{network}/seed-0.nc" for network in ("linear_cnn", "linear_fcnn")]
SHARE = 0.1
VICTIMS = ("Snakemake alone", "the jobs alone", "all of them")


def start(project, arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", "--rerun-incomplete", *arguments]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=project.folder, stdout=quiet, stderr=quiet, start_new_session=True)


def jobs_of(process):
    """The processes that train; Snakemake's own helpers are between them and it."""
    try:
        found = psutil.Process(process.pid).children(recursive=True)
        return [child for child in found if ".snakemake/scripts" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def kill(process, victim):
    """Whether there was somebody to kill."""
    if victim == "the jobs alone":
        jobs = jobs_of(process)
        for job in jobs:
            job.send_signal(signal.SIGKILL)
        return bool(jobs)
    if process.poll() is not None:
        return False
    if victim == "Snakemake alone":
        process.send_signal(signal.SIGKILL)
    else:
        os.killpg(process.pid, signal.SIGKILL)
    return True


def wait_for_checkpoints(project, process):
    """Until one has been replaced: the first one is written before the first update."""
    end = time.monotonic() + 300
    seen = set()
    while len(seen) < 3 and process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            seen |= {path.stat().st_mtime_ns for path in project.results("checkpoints/*/linear_fcnn/seed-0")}
        assert time.monotonic() < end


def test_killed_workflow_goes_on_to_the_same_bytes(project, pytestconfig):
    arguments = (*project.settings(SETTINGS), "--", *TARGETS)
    started = time.monotonic()
    run = project.snakemake("--rerun-incomplete", *arguments, cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    seconds = time.monotonic() - started
    expected = {path: (project.folder / path).read_bytes() for path in TARGETS}
    generator = random.Random(7)
    wanted = max(len(VICTIMS), round(SHARE * pytestconfig.getoption("kills")))
    kills, locked, went_on = 0, 0, 0
    while kills < wanted:
        victim = VICTIMS[kills % len(VICTIMS)]
        shutil.rmtree(project.folder / "results" / "trajectories")
        process = start(project, arguments)
        # Most of the time Snakemake starts; the kill is to meet the trainings as well.
        if victim != "the jobs alone" and kills % 2:
            time.sleep(generator.uniform(0, seconds / 2))
        else:
            wait_for_checkpoints(project, process)
            time.sleep(generator.uniform(0, 0.2))
        if not kill(process, victim):
            process.wait()
            continue
        kills += 1
        process.wait()
        assert process.returncode != 0
        again = project.snakemake("--rerun-incomplete", *arguments, cores=2)
        if again.returncode != 0:
            # A lock is all that may be in the way; a job that outlived Snakemake may even work on meanwhile.
            assert "cannot be locked" in again.stdout, again.stdout[-5000:]
            assert "Traceback" not in again.stdout
            locked += 1
            unlocked = project.snakemake("--unlock", *arguments)
            assert unlocked.returncode == 0, unlocked.stdout[-5000:]
            again = project.snakemake("--rerun-incomplete", *arguments, cores=2)
        assert again.returncode == 0, f"{victim}: {again.stdout[-5000:]}"
        assert {path: (project.folder / path).read_bytes() for path in TARGETS} == expected, victim
        logs = [path.read_text() for path in project.results("logs/trajectories/**/*.log")]
        went_on += any("going on from the checkpoint" in log for log in logs)
    print(f"Snakemake and its jobs: {kills} kills, {locked} times locked, {went_on} times went on, all identical")
    assert went_on


@pytest.mark.parametrize(
    ("target", "settings", "other"),
    [
        ("results/datasets/pure_cosines.nc", "seeds: 1", "root_seed: 1"),
        # Also where another job makes it, that of two seeds.
        ("results/trajectories/pure_cosines/linear_cnn/seed-0.nc", "seeds: 1", "seeds: 2\nroot_seed: 1"),
    ],
)
def test_job_that_outlives_its_workflow_replaces_no_later_result(project, target, settings, other):
    process = start(project, (*project.settings(settings), "--", target))
    # Stopped as soon as it has begun, so that it ends last.
    begun = f".{target.rsplit('/', 1)[1].removesuffix('.nc')}.*.partial.nc"
    end = time.monotonic() + 300
    while not list((project.folder / target).parent.glob(begun)):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    (orphan,) = jobs_of(process)
    orphan.suspend()
    process.kill()
    process.wait()
    arguments = (*project.settings(other), "--", target)
    unlocked = project.snakemake("--unlock", *arguments)
    assert unlocked.returncode == 0, unlocked.stdout[-5000:]
    again = project.snakemake("--rerun-incomplete", *arguments)
    assert again.returncode == 0, again.stdout[-5000:]
    expected = (project.folder / target).read_bytes()
    orphan.resume()
    psutil.wait_procs([orphan], timeout=300)
    assert not orphan.is_running()
    assert (project.folder / target).read_bytes() == expected
    assert not project.results("**/*.partial*")
