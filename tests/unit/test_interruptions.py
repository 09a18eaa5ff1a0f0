"""The two-layer trainings go on from a checkpoint to the same bytes, and short ones pay nothing for it."""

import itertools
import logging
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from test_training import Prepared

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.engines import linear_cnn
from learning_dynamics.errors import StoppedError
from learning_dynamics.networks.registry import TWO_LAYER_NETWORKS
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.files import write_correlations, write_structure
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training import two_layer
from learning_dynamics.training.checkpoints import Checkpoint, CheckpointFolder, Checkpointing, identity, signals

LOG = logging.getLogger("learning_dynamics.test")


def nth_call(number):
    """A question that is answered with yes the n-th time."""
    counter = itertools.count(1)
    return lambda: next(counter) == number


def prepared(name="digits4", precision="double", **changes):
    """Records and snapshots farther apart than the pieces in which updates are made."""
    layers = {"linear_fcnn": {"hidden_units": 40, "precision": precision}}
    return Prepared(name, updates=3000, records=3, snapshots=[700, 1300], networks=layers, **changes)


def trained(case, network, path, stopped=lambda: False, every=1e9):
    checkpointing = Checkpointing(Checkpoint(path, lambda: "this training"), every, stopped)
    return case.train(network, checkpointing=checkpointing)


@pytest.mark.parametrize(
    ("name", "network", "precision"),
    [
        ("digits4", "linear_cnn", "double"),
        ("digits4", "linear_fcnn", "double"),
        ("digits4", "linear_fcnn", "single"),
        ("geometric_shapes", "linear_cnn", "double"),
    ],
)
def test_stopped_at_random_and_resumed_gives_identical_bytes(name, network, precision, tmp_path, monkeypatch):
    monkeypatch.setattr(linear_cnn, "_RESIDENT_UPDATES", 170)
    case = prepared(name, precision)
    trajectory_files.write(case.train(network), tmp_path / "whole.nc")
    generator = np.random.default_rng(5)
    for attempt in range(2):
        stops = 0
        while True:
            # Checkpoints also come by the clock, at the same places as the interruptions or others.
            stop, every = nth_call(int(generator.integers(1, 9))), generator.choice([0.0, 1e9])
            try:
                resumed = trained(case, network, tmp_path / f"checkpoint-{attempt}", stop, every)
                break
            except StoppedError:
                stops += 1
        trajectory_files.write(resumed, tmp_path / "resumed.nc")
        assert (tmp_path / "resumed.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()
        assert stops


def test_checkpoint_of_another_training_is_set_aside(tmp_path, caplog):
    case = prepared()
    with pytest.raises(StoppedError):
        trained(case, "linear_cnn", tmp_path / "checkpoint", nth_call(5))
    other = Checkpointing(Checkpoint(tmp_path / "checkpoint", lambda: "another training"), 1e9, lambda: False)
    xr.testing.assert_identical(case.train("linear_cnn", checkpointing=other), case.train("linear_cnn"))
    assert "belongs to other settings, data, code or versions" in caplog.text
    assert (tmp_path / "checkpoint.stale").exists()


def test_training_shorter_than_the_interval_neither_writes_nor_asks_who_it_is(tmp_path):
    def asked():
        raise AssertionError("the identity costs time")

    checkpointing = Checkpointing(Checkpoint(tmp_path / "folder" / "checkpoint", asked), 1e9, lambda: False)
    prepared().train("linear_cnn", checkpointing=checkpointing)
    assert not list(tmp_path.iterdir())


def test_identity_follows_settings_data_and_code():
    case, other = prepared(), prepared("geometric_shapes")

    def of(case=case, code="1", **settings):
        return identity(settings, case.data, case.correlations, case.structure, code)

    assert of(a=1) == of(a=1)
    assert len({of(a=1), of(a=2), of(case=other, a=1), of(a=1, code="2")}) == 4


def test_identity_of_a_trial_follows_what_decides_its_course():
    task = prepared().task("linear_cnn")
    found = {two_layer.identity(task, seed, code) for seed in (0, 1) for code in ("1", "2")}
    others = [{"divergence_factor": 50.0}, {"root_seed": 1}, {"network": "linear_fcnn"}, {"name": "other"}]
    found |= {two_layer.identity(replace(task, **change), 0, "1") for change in others}
    found.add(two_layer.identity(prepared(order="random").task("linear_cnn"), 0, "1"))
    assert len(found) == 4 + len(others) + 1
    assert two_layer.identity(prepared().task("linear_cnn"), 0, "1") in found


def job(folder, case, network, seeds=(0,)):
    """What the rule's script calls, on files."""
    inputs = [folder / f"{name}.nc" for name in ("dataset", "correlations", "structure")]
    if not inputs[0].exists():
        dataset_files.write(case.data, inputs[0], case.name, {})
        write_correlations(case.data, inputs[1], case.name, {})
        write_structure(case.data, case.correlations, inputs[2], case.name, {})
    task = case.task(network, data=StructureFiles(*inputs).training_data(in_memory=True))
    outputs = {seed: folder / f"seed-{seed}.nc" for seed in seeds}
    two_layer.train_to_files(task, outputs, CheckpointFolder(folder / "checkpoints", 1.0, "the code"), LOG)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_keeps_a_checkpoint_and_the_job_goes_on(number, tmp_path, monkeypatch, caplog):
    case = prepared()
    before = signal.getsignal(number)
    snapshot = linear_cnn.Training.snapshot

    def interrupted(training):
        os.kill(os.getpid(), number)
        return snapshot(training)

    monkeypatch.setattr(linear_cnn.Training, "snapshot", interrupted)
    with pytest.raises(StoppedError, match=r"seed 0: stopped after 0 of 3000 samples; .* run again to go on"):
        job(tmp_path, case, "linear_cnn")
    monkeypatch.undo()
    assert signal.getsignal(number) == before
    checkpoint = tmp_path / "checkpoints" / "digits4" / "linear_cnn" / "seed-0"
    assert checkpoint.exists()
    assert not (tmp_path / "seed-0.nc").exists()
    job(tmp_path, case, "linear_cnn")
    assert not checkpoint.exists()
    xr.testing.assert_identical(trajectory_files.read(tmp_path / "seed-0.nc"), case.train("linear_cnn"))


def interrupt_the_first_writing(monkeypatch):
    write = netcdf.write

    def interrupted(dataset, path, **options):
        if path.name == "seed-0.nc":
            os.kill(os.getpid(), signal.SIGTERM)
        write(dataset, path, **options)

    monkeypatch.setattr(netcdf, "write", interrupted)


def test_signal_while_the_result_is_written_lets_it_finish(tmp_path, monkeypatch):
    case = prepared()
    interrupt_the_first_writing(monkeypatch)
    job(tmp_path, case, "linear_fcnn")
    assert trajectory_files.read(tmp_path / "seed-0.nc")["sample"][-1] == 3000


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_seeds_in_one_job_give_the_bytes_of_jobs_of_their_own(network, tmp_path):
    case = prepared()
    job(tmp_path, case, network, seeds=(0, 1, 2))
    together = {path.name: path.read_bytes() for path in tmp_path.glob("seed-*.nc")}
    assert len(set(together.values())) == 3
    for seed in (2, 0, 1):
        job(tmp_path, case, network, seeds=(seed,))
    assert {path.name: path.read_bytes() for path in tmp_path.glob("seed-*.nc")} == together


def test_signal_between_two_seeds_of_a_job_stops_the_second(tmp_path, monkeypatch):
    case = prepared()
    interrupt_the_first_writing(monkeypatch)
    with pytest.raises(StoppedError, match="seed 1: stopped after 0 of 3000 samples"):
        job(tmp_path, case, "linear_cnn", seeds=(0, 1))
    assert (tmp_path / "seed-0.nc").exists()
    assert not (tmp_path / "seed-1.nc").exists()


def test_second_signal_ends_the_program_as_usual():
    # Whoever started the tests may have told them to ignore the signal, as a shell does in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        end_by_a_second_signal()
    finally:
        signal.signal(signal.SIGINT, before)


def end_by_a_second_signal():
    with signals() as stopped:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
