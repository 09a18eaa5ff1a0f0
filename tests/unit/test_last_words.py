"""When a workflow fails or is stopped, what a user needs stands last on the screen."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import PROJECT
from learning_dynamics import jobs
from learning_dynamics.pipeline.last_words import STOPPED, LastWords

SNAKEFILE = """
import sys, time
from pathlib import Path
from learning_dynamics.pipeline import last_words, snakemake_internals

last_words.install(snakemake_internals.logger())


def slow(wildcards):
    Path("planning").touch()
    time.sleep(60)
    return []


rule planned:
    input:
        slow,


rule ends:
    output:
        "{kind}.txt",
    log:
        "logs/{kind}.log",
    retries: 1
    shell:
        sys.executable + " job.py {wildcards.kind} {output} {log}"
"""
JOB = """
import os, sys, time
from pathlib import Path
from learning_dynamics import jobs
from learning_dynamics.errors import DataError

kind, output, log = sys.argv[1:]
jobs.begin(log)
if kind.startswith("picture"):
    raise DataError("pictures: cats/1.png: not a whole picture; mend it")
if kind == "bug":
    raise ValueError("boom")
if kind == "killed":
    os.kill(os.getpid(), 9)
if kind == "second" and not Path("tried").exists():
    Path("tried").touch()
    raise DataError("not at the first attempt")
if kind == "long":
    Path("running").touch()
    time.sleep(60)
Path(output).touch()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "job.py").write_text(JOB)
    return tmp_path


def started(folder, *targets):
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--keep-going", "--nocolor", "--", *targets],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "workflow")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def last_lines(process):
    output, _ = process.communicate(timeout=120)
    return output.rstrip().splitlines(), process.returncode


def test_the_reasons_of_failed_jobs_stand_last_and_once_each(folder):
    lines, code = last_lines(started(folder, "picture.txt", "picture-too.txt", "bug.txt", "killed.txt", "fine.txt"))
    assert code == 1
    blank = len(lines) - lines[::-1].index("")
    assert sorted(lines[blank:]) == [
        "pictures: cats/1.png: not a whole picture; mend it",
        "rule ends: ended without a message, perhaps for want of memory or time; its log: logs/killed.log",
        "rule ends: unexpected error, ValueError: boom; all of it is in logs/bug.log",
    ]


def test_a_job_that_does_better_at_its_second_attempt_is_no_failure(folder):
    lines, code = last_lines(started(folder, "second.txt"))
    assert code == 0
    assert "not at the first attempt" in "\n".join(lines)
    assert "not at the first attempt" not in lines[-1]


@pytest.mark.parametrize(("target", "sign"), [("long.txt", "running"), ("planned", "planning")])
def test_after_an_interrupt_it_says_how_to_go_on(folder, target, sign):
    process = started(folder, target)
    for _ in range(1200):
        if (folder / sign).exists():
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    lines, code = last_lines(process)
    assert code != 0
    assert lines[-1] == STOPPED
    assert "Traceback" not in "\n".join(lines)


def error_record(job, rule, log, indent=False):
    record = logging.LogRecord("snakemake", logging.ERROR, "", 0, "Error in rule", None, None)
    record.__dict__.update(event="job_error", jobid=job, rule_name=rule, log=[log] if log else [], indent=indent)
    return record


def log_of(folder, name, error):
    code = (
        f"from learning_dynamics import jobs; from learning_dynamics.errors import DataError; "
        f"jobs.begin({str(folder / name)!r}); raise {error}"
    )
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "workflow")}
    subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    return str(folder / name)


def test_what_ended_a_job_is_in_its_log(tmp_path):
    assert jobs.last_error(log_of(tmp_path, "a.log", "DataError('first line\\nsecond line')")) == (
        "first line\nsecond line",
        True,
    )
    assert jobs.last_error(log_of(tmp_path, "b.log", "KeyError('x')")) == ("KeyError: 'x'", False)
    assert jobs.last_error(tmp_path / "none.log") is None
    (tmp_path / "c.log").write_bytes(b"\xff not one of ours ERROR\n")
    assert jobs.last_error(tmp_path / "c.log") is None


def test_members_of_a_group_that_say_nothing_are_not_blamed(tmp_path):
    words = LastWords()
    words.emit(error_record(1, "dataset", log_of(tmp_path, "a.log", "DataError('no pictures')"), indent=True))
    words.emit(error_record(2, "structure", str(tmp_path / "never begun.log"), indent=True))
    assert words.lines() == ["no pictures"]


def test_many_reasons_are_cut_short(tmp_path):
    words = LastWords()
    for number in range(13):
        words.emit(error_record(number, f"rule{number}", None))
    assert len(words.lines()) == 11
    assert words.lines()[-1] == "and 3 more, see above"
    words.stopped = True
    words.emit(error_record(13, "after the stop", None))
    assert words.lines()[-1] == STOPPED
    assert len(words.lines()) == 12
