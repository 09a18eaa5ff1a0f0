"""The two-layer trainings go on from a checkpoint to the same bytes, and short ones pay nothing for it."""

import itertools
import logging
import os
import signal

import numpy as np
import pytest
import xarray as xr
from learning_dynamics.training.interruptions import Checkpointing, signals
from test_training import Prepared

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.errors import StoppedError
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.files import write_correlations, write_structure
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training import two_layer
from learning_dynamics.training.checkpoints import Checkpoint, identity

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
    monkeypatch.setattr(train, "_RESIDENT_UPDATES", 170)
    case = prepared(name, precision)
    netcdf.write(case.train(network), tmp_path / "whole.nc")
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
        netcdf.write(resumed, tmp_path / "resumed.nc")
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


def test_identity_follows_settings_data_and_code(tmp_path):
    case, other = prepared(), prepared("geometric_shapes")
    code = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in code:
        file.write_text("1")

    def of(case=case, **settings):
        return identity(settings, case.data, case.correlations, case.structure, code)

    assert of(a=1) == of(a=1)
    found = {of(a=1), of(a=2), of(case=other, a=1)}
    code[1].write_text("2")
    found.add(of(a=1))
    assert len(found) == 4


def job(folder, case, network, seeds=(0,), **changes):
    """What the rule's script calls, on files."""
    inputs = [folder / f"{name}.nc" for name in ("dataset", "correlations", "structure")]
    if not inputs[0].exists():
        dataset_files.write(case.data, inputs[0], case.name, {})
        write_correlations(case.data, inputs[1], case.name, {})
        write_structure(case.data, case.correlations, inputs[2], case.name, {})
    settings = {**case.settings.model_dump(mode="json"), **changes}
    kept = (folder / "checkpoints", 1.0, [train.__file__])
    outputs = [folder / f"seed-{seed}.nc" for seed in seeds]
    two_layer.train_from_files(*inputs, case.name, settings, network, seeds, 0, 100.0, *kept, outputs, LOG)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_keeps_a_checkpoint_and_the_job_goes_on(number, tmp_path, monkeypatch, caplog):
    case = prepared()
    before = signal.getsignal(number)
    snapshot = two_layer._CNNTraining.snapshot

    def interrupted(training):
        os.kill(os.getpid(), number)
        return snapshot(training)

    monkeypatch.setattr(two_layer._CNNTraining, "snapshot", interrupted)
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


@pytest.mark.parametrize("network", two_layer.NETWORKS)
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
