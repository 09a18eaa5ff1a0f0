"""Trainings killed at random go on and end with the bytes of an undisturbed one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import PROJECT

# Shares of all kills, at least one of each.
KINDS = {
    "deep_linear_cnn": 0.15,
    "deep_relu_cnn": 0.15,
    "linear_cnn": 0.2,
    "linear_fcnn": 0.2,
    "deep_relu_cnn, writing": 0.05,
    "linear_cnn, writing": 0.08,
    "linear_fcnn, writing": 0.07,
}


def test_killed_trainings_end_with_the_same_bytes(tmp_path, pytestconfig):
    kills = pytestconfig.getoption("kills")
    plan = json.dumps({name: max(1, round(share * kills)) for name, share in KINDS.items()})
    command = [sys.executable, str(Path(__file__).parent / "killing.py"), str(tmp_path), "2023", plan]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow")}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-5000:]
    table = json.loads(run.stdout.splitlines()[-1])
    for name, counts in table.items():
        print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    for name, counts in table.items():
        assert counts["kills"] == max(1, round(KINDS[name] * kills))
        assert counts["identical"] == counts["trainings"], name
        assert counts["leftovers"] == 0, name
    assert sum(counts["went on"] for counts in table.values()) > 0
