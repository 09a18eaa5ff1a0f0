"""Progress: lines in the log; on standard error only where it is a terminal and the training is long."""

import os
import pty
import subprocess
import sys
import textwrap

import pytest

from conftest import PROJECT

JOB = """
import sys, time
sys.path.insert(0, sys.argv[1])
from learning_dynamics import jobs
from learning_dynamics.training import progress
log = jobs.begin("job.log")
progress._SECONDS = float(sys.argv[2])
report = progress.reporter(log, "experiment 'made_up', linear_cnn, seed 3", "sample", 1000)
report(200, float("nan"))
for done in (400, 600, 800, 1000):
    time.sleep(0.02)
    report(done, 0.25)
log.info("not for the terminal")
"""


def run(folder, seconds, terminal):
    """What arrives on standard error, and the log; with standard error a terminal or a pipe."""
    receiver, sender = pty.openpty() if terminal else os.pipe()
    command = [sys.executable, "-c", textwrap.dedent(JOB), str(PROJECT / "workflow"), str(seconds)]
    subprocess.run(command, cwd=folder, stderr=sender, check=True)
    os.close(sender)
    try:
        shown = os.read(receiver, 10_000).decode()
    except OSError:  # how a terminal says that it has nothing and nobody writes to it any more
        shown = ""
    os.close(receiver)
    return shown, (folder / "job.log").read_text()


@pytest.mark.parametrize("terminal", [True, False])
def test_long_training_shows_whole_lines_with_its_name_on_a_terminal_only(tmp_path, terminal):
    shown, log = run(tmp_path, 0.01, terminal)
    assert "going on from the checkpoint at sample 200 of 1000" in log
    assert len([line for line in log.splitlines() if "updates/s, end expected at" in line]) == 4
    if not terminal:
        assert shown == ""
        return
    lines = shown.split("\r\n")[:-1]
    assert [line.split(", loss")[0] for line in lines] == [
        f"experiment 'made_up', linear_cnn, seed 3: sample {done} of 1000" for done in (400, 600, 800, 1000)
    ]
    assert all("loss 0.2500" in line and "\r" not in line for line in lines)


def test_short_training_is_silent_on_a_terminal(tmp_path):
    shown, log = run(tmp_path, 20.0, terminal=True)
    assert shown == ""
    assert "sample 1000 of 1000, loss 0.2500" in log
    assert "sample 400 of 1000" not in log
