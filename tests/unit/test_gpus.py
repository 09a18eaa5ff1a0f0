"""Trainings on one machine take different GPUs; the GPUs are names here, the locks and processes real."""

import subprocess
import sys

import pytest

from conftest import PROJECT
from learning_dynamics.engines.deep import gpus

HOLDER = """
import sys
from pathlib import Path
from learning_dynamics.networks.deep import gpus
print(gpus.take(tuple(sys.argv[2:]), Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Starts processes that take one of some GPUs and hold it."""
    started = []

    def start(*names):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), *names],
            cwd=PROJECT / "workflow",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_each_process_takes_another_gpu_and_a_killed_one_gives_it_back(holder):
    first, second = holder("0", "1"), holder("0", "1")
    assert {first.stdout.readline(), second.stdout.readline()} == {"0\n", "1\n"}
    third = holder("0", "1")
    with pytest.raises(subprocess.TimeoutExpired):
        third.wait(timeout=1)
    second.kill()
    second.communicate()
    assert third.stdout.readline() in ("0\n", "1\n")


def test_a_gpu_is_the_same_under_another_number(holder):
    taken = holder("GPU-a", "GPU-b")
    other = "GPU-b" if taken.stdout.readline() == "0\n" else "GPU-a"
    assert holder("GPU-b", "GPU-a").stdout.readline() == ("0\n" if other == "GPU-b" else "1\n")


def test_without_locks_the_first_gpu_is_taken_and_it_is_said(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert gpus.take(("0", "1"), tmp_path / "file") == 0
    assert "cannot be shared out" in caplog.text


def test_a_process_that_asks_again_keeps_its_gpu(tmp_path):
    assert gpus.take(("0", "1"), tmp_path) == gpus.take(("0", "1"), tmp_path) == 0


def test_a_single_visible_gpu_is_taken_without_asking(holder):
    assert holder("0").stdout.readline() == holder("0").stdout.readline() == "0\n"


@pytest.mark.parametrize(
    ("variable", "count", "names"),
    [
        (None, 2, ["0", "1"]),
        ("3,5", 2, ["3", "5"]),
        ("GPU-4f1e, GPU-77a0", 2, ["GPU-4f1e", "GPU-77a0"]),
        ("3,5", 1, ["3"]),
        ("", 0, []),
    ],
)
def test_names_of_the_gpus_that_a_process_sees(monkeypatch, variable, count, names):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert gpus.visible(count) == tuple(names)
