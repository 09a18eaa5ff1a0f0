"""Trainings of the deep networks that are stopped or killed go on to the same bytes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from deep_tasks import LOG, nth_call, task, trained

from conftest import PROJECT
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.errors import StoppedError
from learning_dynamics.networks.registry import DEEP_NETWORKS
from learning_dynamics.structure import files as structure_files
from learning_dynamics.training import deep
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training.checkpoints import Checkpoint, CheckpointFolder


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_stopped_at_random_and_resumed_gives_identical_bytes(network, tmp_path, monkeypatch):
    monkeypatch.setattr(deep.Training, "piece", 3)
    trajectory_files.write(trained(task(network), tmp_path)[0], tmp_path / "whole.nc")
    generator = np.random.default_rng(3)
    for _ in range(3):
        stops = 0
        while True:
            # Checkpoints also come by the clock, at the same places as the interruptions or others.
            stop = nth_call(int(generator.integers(1, 9)))
            try:
                resumed = trained(task(network), tmp_path, stop, every=generator.choice([0.0, 1e9]))[0]
                break
            except StoppedError:
                stops += 1
        trajectory_files.write(resumed, tmp_path / "resumed.nc")
        assert (tmp_path / "resumed.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()
        assert stops
        (tmp_path / "checkpoint-cpu").unlink(missing_ok=True)


def write_inputs(described, folder):
    dataset_files.write(described.data, folder / "dataset.nc", described.name, {})
    correlations = {split: described.data.split(split).correlations() for split in described.data.splits}
    structure_files.write_structure(described.data, correlations, folder / "structure.nc", described.name, {})


JOB = """
import json, sys
sys.path.insert(0, sys.argv[1])
from learning_dynamics import jobs
log = jobs.begin("job.log")
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.structure import files as structure_files
from learning_dynamics.training import checkpoints, deep
deep.Training.piece = 5
task = deep.DeepTask(
    name="made_up", settings=Experiment.model_validate(json.load(open("settings.json"))), network="deep_relu_cnn",
    root_seed=0, seeds=(0,), data=dataset_files.read("dataset.nc"),
    structure=structure_files.structure_of(structure_files.read_structure("structure.nc")),
)
deep.train_to_files(task, "cpu", ["seed-0.nc"], checkpoints.CheckpointFolder("checkpoints", 1e-9, "the code"), log)
"""


def start_job(folder, described):
    write_inputs(described, folder)
    (folder / "settings.json").write_text(described.settings.model_dump_json())
    command = [sys.executable, "-c", textwrap.dedent(JOB), str(PROJECT / "workflow")]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return lambda: subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(condition, process, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.005)


def test_killed_job_goes_on_and_gives_identical_bytes(tmp_path):
    described = task("deep_relu_cnn", batches=100, records=4)
    job = start_job(tmp_path, described)
    process = job()
    checkpoint = tmp_path / "checkpoints" / "made_up" / "deep_relu_cnn" / "seed-0"
    wait_for(checkpoint.exists, process)
    # The first is written before the first batch.
    first = checkpoint.stat().st_ino
    wait_for(lambda: checkpoint.stat().st_ino != first, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert checkpoint.exists()
    assert not (tmp_path / "seed-0.nc").exists()
    again = job()
    assert again.communicate()[1] == ""
    assert again.returncode == 0
    assert "going on from the checkpoint at batch" in (tmp_path / "job.log").read_text()
    assert not checkpoint.exists()
    trajectory_files.write(trained(described, tmp_path)[0], tmp_path / "whole.nc")
    assert (tmp_path / "seed-0.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_sigterm_keeps_a_checkpoint_and_asks_to_run_again(tmp_path, monkeypatch):
    described = task("deep_linear_cnn", seeds=(0, 1))
    write_inputs(described, tmp_path)
    outputs = [str(tmp_path / f"seed-{seed}.nc") for seed in (0, 1)]

    def job():
        files = {
            "data": dataset_files.read(tmp_path / "dataset.nc"),
            "structure": structure_files.structure_of(structure_files.read_structure(tmp_path / "structure.nc")),
        }
        place = CheckpointFolder(str(tmp_path / "checkpoints"), 1.0, "the code")
        deep.train_to_files(replace(described, **files), "cpu", outputs, place, LOG)

    record = deep.Training.record

    def interrupted(training, since):
        if training.progress.here == 20:
            os.kill(os.getpid(), signal.SIGTERM)
        return record(training, since)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(deep.Training, "record", interrupted)
    with pytest.raises(StoppedError, match=r"seeds 0 to 1: stopped after 20 of 40 batches; .* run again to go on"):
        job()
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) == before
    checkpoint = tmp_path / "checkpoints" / "made_up" / "deep_linear_cnn" / "seeds-0-to-1"
    assert checkpoint.exists()
    job()
    assert not checkpoint.exists()
    for path, expected in zip(outputs, trained(described, tmp_path), strict=True):
        xr.testing.assert_identical(trajectory_files.read(path), expected)


def truncated(content):
    return content[:-20]


def one_bit_flipped(content):
    return content[:300] + bytes([content[300] ^ 1]) + content[301:]


def empty(content):
    return content[:0]


@pytest.mark.parametrize("damage", [truncated, one_bit_flipped, empty])
def test_damaged_checkpoint_is_set_aside(damage, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(deep.Training, "piece", 3)
    described = task("deep_relu_cnn")
    with pytest.raises(StoppedError):
        trained(described, tmp_path, nth_call(5))
    path = tmp_path / "checkpoint-cpu"
    path.write_bytes(damage(path.read_bytes()))
    resumed = trained(described, tmp_path)[0]
    assert "the checkpoint is not used, its checksum is wrong" in caplog.text
    assert (tmp_path / "checkpoint-cpu.damaged").exists()
    (tmp_path / "other").mkdir()
    xr.testing.assert_identical(resumed, trained(described, tmp_path / "other")[0])


@pytest.mark.parametrize("change", [{"learning_rate": 0.06}, {"channels": 5}])
def test_stale_checkpoint_is_set_aside(change, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(deep.Training, "piece", 3)
    with pytest.raises(StoppedError):
        trained(task("deep_linear_cnn"), tmp_path, nth_call(5))
    trained(task("deep_linear_cnn", **change), tmp_path)
    assert "belongs to other settings" in caplog.text
    assert (tmp_path / "checkpoint-cpu.stale").exists()


def test_checkpoint_that_cannot_be_read_or_written_is_no_reason_to_fail(tmp_path, caplog):
    (tmp_path / "checkpoint-cpu").mkdir()
    trained(task("deep_linear_cnn"), tmp_path)
    assert "the checkpoint is not used" in caplog.text
    blocked = Checkpoint(tmp_path / "file" / "checkpoint", lambda: "x")
    (tmp_path / "file").write_text("in the way")
    blocked.save({"batch": np.array(1)})
    assert "could not be written" in caplog.text
