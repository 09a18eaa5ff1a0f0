"""The plan before and after a real run in smoke size."""

import json
import os
import re
import subprocess
import sys

import pytest

from conftest import AS_INSTALLED
from planning.work import base_rule

pytestmark = pytest.mark.workflow

SMOKE = ("--configfile", "config/smoke.yaml", "config/added.yaml")
ONLY = (
    "{scaling: null, variants: null, experiments: {pure_cosines: null, pure_cosines_cyclic: null, digits4: null, "
    "sums_of_cosines: null}}"
)


def plan(project, *arguments):
    return subprocess.run(
        [sys.executable, "workflow/plan.py", *arguments],
        cwd=project.folder,
        env=os.environ | AS_INSTALLED,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def counts(text):
    """Planned jobs by rule, over its networks."""
    found = {}
    for rule, jobs in re.findall(r"^\| (\w+)[^|]*\| (\d+) +\|", text, re.MULTILINE):
        found[rule] = found.get(rule, 0) + int(jobs)
    return found


def dry_run_counts(text):
    # The table is printed twice, before and after the jobs.
    table = dict(re.findall(r"^(\w[\w-]*) +(\d+)$", text, re.MULTILINE))
    found = dict.fromkeys(map(base_rule, table), 0)
    for name, number in table.items():
        found[base_rule(name)] += int(number)
    return found


@pytest.fixture
def small(project):
    """Shapes alone make trainings of every kind quick; CIFAR-10 stays in the configuration, and is not there."""
    project.settings(ONLY)
    return project


def test_plan_before_and_after_a_run(small):
    before = plan(small, "all", *SMOKE)
    assert before.returncode == 0, before.stdout
    assert not (small.folder / "results").exists()
    planned = counts(before.stdout)
    dry = dry_run_counts(small.snakemake(*SMOKE, "--dry-run", "--quiet", "rules", "--", "all").stdout)
    assert {rule: number for rule, number in dry.items() if rule not in ("all", "total")} == {
        rule: number for rule, number in planned.items() if rule != "all"
    }
    assert planned["all"] == dry["total"] - 1  # without the target itself

    run = small.snakemake(*SMOKE, "--", "all", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    after = plan(small, "all", *SMOKE)
    assert f"0 of {planned['all']} jobs to run" in after.stdout
    assert "Nothing is left to do" in after.stdout

    # What is left of a larger target is told at the rates measured here, where there are any.
    rest = plan(small, "reproduce-all", *SMOKE)
    assert rest.returncode == 0, rest.stdout
    assert counts(rest.stdout)["train"] == 4  # CIFAR-4: two networks, two seeds
    assert re.search(r"\| train linear_cnn .*\| here +\|", rest.stdout)
    assert re.search(r"\| dataset .*\| recorded +\|", rest.stdout)

    # Other settings: the trainings are to be made again, and what was measured with the old ones is not trusted.
    (small.folder / "config" / "added.yaml").write_text(
        ONLY.replace("experiments: {", "experiments: {geometric_shapes: {updates: 5000}, "), encoding="utf-8"
    )
    changed = plan(small, "all", *SMOKE)
    assert counts(changed.stdout)["train"] == 4
    assert "dataset" not in counts(changed.stdout)
    assert re.search(r"\| train linear_cnn .*\| recorded +\|", changed.stdout)

    small.settings(ONLY)
    recorded = plan(small, "all", *SMOKE, "--record", "--rates", "mine.json")
    assert recorded.returncode == 0, recorded.stdout
    document = json.loads((small.folder / "mine.json").read_text(encoding="utf-8"))
    assert sum(entry["jobs"] for entry in document["kinds"]["train linear_fcnn"]["points"]) == 2
    assert document["runs"][0]["start_seconds"] > 0
    one = plan(small, "all", *SMOKE, "--rates", "one.json", "--record", "train")
    assert "rates of 2 kinds of jobs from 4 jobs" in one.stdout
    again = plan(small, "all", *SMOKE, "--rates", "mine.json", "--compare", "60", "--cores", "2")
    assert re.search(rf"{planned['all']} jobs on 2 cores: \d+ s simulated, 60 s measured", again.stdout)


def test_everything_is_planned_without_cifar10_and_nothing_is_downloaded(project):
    text = plan(project, "--configfile", "config/smoke.yaml", "--gpu-batches-per-second", "100").stdout
    planned = counts(text)
    assert planned["train_deep"] == 4
    assert planned["train"] == 24
    # 2 networks and seeds, 200 batches each.
    assert "(800 updates), if they run on GPUs: 0.00 at the given 100 updates per second" in text
    assert not (project.folder / "results").exists()
    sweep = plan(project, "all", "--configfile", "config/smoke.yaml", "--seeds", "1000", "--experiments", "20").stdout
    assert "40,000 trainings" in sweep
    assert "(chosen)" in sweep


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--configfile", "config/added.yaml"), "configuration key 'sedes': unknown key (did you mean 'seeds'?)"),
        (("--configfile", "config/none.yaml"), "config/none.yaml: no such configuration file"),
        (("no_such_target",), "no_such_target: neither a target (all, two-layer, reproduce-all, predict, own)"),
        (("--config", "seeds"), "--config: 'seeds' is not of the form key=value"),
        (("--rates", "Snakefile"), "Snakefile: not a file of recorded rates"),
        (("--record",), "there is no benchmark file"),
        (("--cores", "none"), "expected a whole number of at least 1"),
    ],
)
def test_mistakes_are_named_without_a_traceback(project, arguments, message):
    project.settings("sedes: 3")
    run = plan(project, *arguments)
    assert run.returncode != 0
    assert message in run.stdout
    assert "Traceback" not in run.stdout
    assert not (project.folder / "results").exists()
