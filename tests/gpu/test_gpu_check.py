"""The check of the GPU path: every part at a tiny size on a CPU, whatever becomes of the others."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from benchmarks import gpu_check
from benchmarks.gpu import agreement_part, page, run, speed_part, tests_part, trainings_part
from benchmarks.gpu import report as report_module
from benchmarks.gpu.problem import NETWORKS, Checkpoint, Checkpointing, made_up_problem, train
from benchmarks.gpu.report import OutOfTimeError, Report
from benchmarks.gpu.sizes import SMALL
from conftest import PROJECT

CPU = torch.device("cpu")
COMMAND = [sys.executable, str(PROJECT / "benchmarks" / "gpu_check.py")]
TRAININGS = [f"training of {number} {network}" for number in (SMALL.few, SMALL.many) for network in NETWORKS]
PARTS = [
    *("machine", "images", "tests", "updates", "speed", "records", "resume", "memory", "profile", "settings"),
    *("compiled", *(f"sweep {network}" for network in NETWORKS), "plan", *TRAININGS),
]


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu-check")
    command = [*COMMAND, "--self-check", "--output", str(folder), "--seconds", "300"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return folder, process.stdout


@pytest.fixture(scope="module")
def results(checked):
    report = json.loads((checked[0] / "report.json").read_text())
    assert list(report["parts"]) == PARTS
    assert {name.split()[0] for name in PARTS} == set(gpu_check.PARTS)
    assert {part["state"] for part in report["parts"].values()} == {"finished"}
    return {name: part["result"] for name, part in report["parts"].items()}


def rows(result, *keys):
    return {tuple(row[key] for key in keys) for row in result["rows"]}


def test_every_part_says_what_it_found(results):
    assert results["machine"]["float32_product"] > 0
    assert results["machine"]["operation_seconds"] > 0
    assert "6 skipped" in results["tests"]["summary"]
    assert len(results["updates"]["rows"]) == 2 * 3 * len(SMALL.compared)
    assert all(row["of_the_movement"] == 0 for row in results["updates"]["rows"])
    ours = [(name, number) for name in NETWORKS for number in SMALL.ensembles]
    assert rows(results["speed"], "network", "networks") == set(ours)
    assert len(results["speed"]["rows"]) == len(NETWORKS) * (2 + 2 * len(SMALL.ensembles))
    for part in ("speed", "compiled"):
        assert all(row["seconds_per_batch"] > 0 and row["share_of_peak"] > 0 for row in results[part]["rows"])
    assert all(row["seconds_per_record"] > 0 for row in results["records"]["rows"])
    assert all(row["process_bytes"] > 1e8 for row in results["memory"]["rows"])
    for row in results["profile"]["rows"]:
        assert sum(row["share_of_work"].values()) == pytest.approx(1)
        assert row["share_of_work"]["convolutions"] > 0.1
        assert row["largest_operations"]


def test_a_training_is_stopped_twice_and_goes_on(results):
    for row in results["resume"]["rows"]:
        assert row["stops"] == 2
        assert row["repeated"]["equal"]
        assert row["resumed"]["equal"]


def test_trainings_are_whole_and_their_records_are_kept(checked, results):
    for name in TRAININGS:
        found = results[name]
        assert found["batches"] == found["batches_wanted"] == SMALL.paper_batches
        with np.load(checked[0] / found["file"]) as records:
            assert records["effective"].shape[:2] == (found["networks"], SMALL.records + 1)
            assert records["train_loss"][:, -1].mean() == pytest.approx(found["train_loss"])
            assert json.loads(str(records["settings"]))["network"] == found["network"]


def test_the_report_is_a_page_too(checked):
    text = (checked[0] / "report.txt").read_text()
    assert text in checked[1]
    assert "says nothing about speed" in text
    for title, _ in page.tables.TABLES:
        assert f"## {title}\n" in text


def test_points_of_a_sweep_are_trainings_of_their_own(tmp_path):
    problem = made_up_problem(CPU, SMALL)
    result = {}
    with torch.no_grad():
        trainings_part.sweep(result, problem, network="deep_relu_cnn", folder=tmp_path, allowed=60)
    assert result["batches"] == SMALL.sweep_batches
    with np.load(tmp_path / result["file"]) as records:
        for place, (rate, factor) in enumerate(records["learning_rate_and_factor"]):
            task = problem.task(
                "deep_relu_cnn",
                range(1),
                SMALL.sweep_batches,
                SMALL.sweep_records,
                learning_rate=float(rate),
                initial_factor=float(factor),
            )
            checkpointing = Checkpointing(Checkpoint(tmp_path / "none", lambda: ""), 1e9, lambda: False)
            (alone,) = train(task, CPU, checkpointing, lambda done, loss: None)
            assert np.allclose(records["effective"][place], alone["effective_singular_values"], rtol=1e-3, atol=1e-7)
            assert np.allclose(records["train_loss"][place], alone["train_loss"], rtol=1e-5)


def test_a_sweep_and_a_training_that_run_out_of_time_keep_what_they_have(tmp_path):
    problem = made_up_problem(CPU, SMALL)
    with torch.no_grad():
        for part, arguments in (
            (trainings_part.sweep, {}),
            (trainings_part.paper, {"number": 2}),
        ):
            result = {}
            part(result, problem, network="deep_linear_cnn", folder=tmp_path, allowed=0, **arguments)
            assert result["batches"] < result["batches_wanted"]
            with np.load(tmp_path / result["file"]) as records:
                assert records["effective"].shape[1] == len(records["batch"]) > 0


@pytest.mark.filterwarnings("ignore")
def test_a_broken_part_is_recorded_and_the_others_run(tmp_path, monkeypatch):
    def broken(result, problem):
        result["rows"] = []
        raise ValueError("no such algorithm")

    for module, name in ((tests_part, "run"), (speed_part, "measure_compiled")):
        monkeypatch.setattr(module, name, lambda result, **rest: None)
    monkeypatch.setattr(agreement_part, "compare_updates", broken)
    monkeypatch.setattr(speed_part, "measure", lambda result, problem, machine: 1 / 0)
    report = Report(tmp_path, 300, page.text, kind="check", commit="none")
    run.run(report, CPU, SMALL, None)
    written = json.loads((tmp_path / "report.json").read_text())
    assert list(written["parts"]) == PARTS
    states = {name: part["state"] for name, part in written["parts"].items()}
    assert {name for name, state in states.items() if state != "finished"} == {"updates", "speed"}
    assert written["parts"]["updates"]["error"] == "ValueError: no such algorithm"
    assert "in broken" in written["parts"]["updates"]["traceback"]
    text = (tmp_path / "report.txt").read_text()
    assert "- updates: failed after 0 s. ValueError: no such algorithm" in text
    assert "- speed: failed after 0 s. ZeroDivisionError" in text


def test_without_images_what_does_not_need_them_is_still_reported(tmp_path):
    report = Report(tmp_path, 300, page.text, kind="check", commit="none")
    run.run(report, CPU, SMALL, tmp_path / "absent.zip")
    assert {name: part["state"] for name, part in report.content["parts"].items()} == {
        "machine": "finished",
        "images": "failed",
    }


def test_a_run_that_is_killed_leaves_a_readable_report(tmp_path):
    process = subprocess.Popen([*COMMAND, "--self-check", "--output", str(tmp_path)], stdout=subprocess.DEVNULL)
    report, end = {"parts": {}}, time.monotonic() + 300
    try:
        while "updates" not in report["parts"]:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
            if (tmp_path / "report.json").exists():
                report = json.loads((tmp_path / "report.json").read_text())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["parts"]["machine"]["state"] == "finished"
    assert report["parts"]["updates"]["state"] == "running"
    text = (tmp_path / "report.txt").read_text()
    assert "It was cut short" in text
    assert "- updates: running" in text


def test_a_part_may_take_so_long_and_none_begins_without_time(tmp_path):
    report = Report(tmp_path, 8, page.text, kind="check", commit="none")
    assert not report.part("long", lambda result: time.sleep(30), 0.1)
    assert report.content["parts"]["long"]["error"] == "OutOfTimeError: took longer than 0 s"
    assert report.part("short", lambda result: result.update(found=1))
    late = Report(tmp_path, 0, page.text, kind="check", commit="none")
    assert not late.part("late", lambda result: result.update(found=1))
    assert late.content["parts"]["late"] == {"state": "not run: no time left", "seconds": 0.0, "result": {}}


def test_a_part_that_catches_everything_is_ended_too(tmp_path, monkeypatch):
    monkeypatch.setattr(report_module, "_AGAIN", 0.2)
    caught = []

    def stubborn(result):
        for error in (OutOfTimeError, Exception):
            try:
                time.sleep(30)
            except error:
                caught.append(error)

    report = Report(tmp_path, 300, page.text, kind="check", commit="none")
    assert not report.part("stubborn", stubborn, 0.2)
    assert caught == [OutOfTimeError]
    assert report.content["parts"]["stubborn"]["state"] == "failed"


def test_some_parts_alone_can_be_asked_for(tmp_path):
    report = Report(tmp_path, 300, page.text, ("sweep",), kind="check", commit="none")
    run.run(report, CPU, SMALL, None)
    assert list(report.content["parts"]) == ["machine", "images", *(f"sweep {name}" for name in NETWORKS), "plan"]
    assert "Only these parts were asked for: sweep." in (tmp_path / "report.txt").read_text()


def test_without_the_prepared_folder_or_a_gpu_it_is_said(tmp_path):
    command = [*COMMAND, "--folder", str(tmp_path / "absent"), "--output", str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 2
    assert "is not prepared" in process.stderr
    assert "--prepare --cifar10 PATH" in process.stderr
