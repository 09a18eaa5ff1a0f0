"""The plan before and after a real run in smoke size, mistakes, and how rates and wall times come about."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PROJECT, as_installed
from learning_dynamics.planning import picture, rates, table
from learning_dynamics.planning.graph import Job
from learning_dynamics.planning.rates import Cost
from learning_dynamics.planning.work import Work, rule_of

ONLY = (
    "{scaling: null, variants: null, experiments: {pure_cosines: null, pure_cosines_cyclic: null, digits4: null, "
    "sums_of_cosines: null}}"
)
SMOKE = ("--configfile", "config/smoke.yaml", "config/added.yaml")


def plan(project, *arguments):
    command = [sys.executable, "-m", "learning_dynamics.planning", *arguments]
    environment = os.environ | as_installed()
    environment["PYTHONPATH"] += f"{os.pathsep}workflow"
    run = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def counts(text):
    """Planned jobs by rule."""
    found = {}
    for rule, jobs in re.findall(r"^\| (\w+)[^|]*\| (\d+) +\|", text, re.MULTILINE):
        found[rule] = found.get(rule, 0) + int(jobs)
    return found


@pytest.mark.workflow
def test_plan_before_and_after_a_run(project):
    project.settings(ONLY)
    planned = counts(plan(project, "all", *SMOKE))
    assert not (project.folder / "results").exists()
    dry = project.snakemake(*SMOKE, "--dry-run", "--quiet", "rules", "--", "all").stdout
    numbers = dict(re.findall(r"^(\w+) +(\d+)$", dry, re.MULTILINE))
    assert planned["all"] == int(numbers["total"]) - 1  # without the target itself
    assert planned["experiment_figures"] == int(numbers["experiment_figures"])
    run = project.snakemake(*SMOKE, "--", "all", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    assert "Nothing to run" in plan(project, "all", *SMOKE)
    # What is left of a larger target is told at the rates measured here, where there are any.
    rest = plan(project, "reproduce-all", *SMOKE)
    assert counts(rest)["train_deep"] == 4
    assert re.search(r"^Measured in this results folder: .*train", rest, re.MULTILINE)
    assert re.search(r"^Measured on .*: .*train_deep", rest, re.MULTILINE)
    plan(project, "all", *SMOKE, "--record", "--rates", "mine.tsv")
    assert {"train linear_cnn", "claims"} <= {work.kind for work, _ in rates.load(project.folder / "mine.tsv")}
    damaged = next((project.folder / "results" / "benchmarks").glob("structure/*.tsv"))
    damaged.write_text("nonsense\n1\n", encoding="utf-8")
    assert plan(project, "all", *SMOKE).endswith("not a benchmark file of Snakemake; delete it\n")


@pytest.mark.workflow
def test_picture_in_the_readme_is_that_of_the_workflow(project):
    environment = os.environ | as_installed()
    environment["PYTHONPATH"] += f"{os.pathsep}workflow"
    command = [sys.executable, "-m", "learning_dynamics.planning.picture"]
    run = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    assert run.stdout == "docs/images/workflow.png\n", run.stderr
    drawn, shown = (folder / "docs" / "images" / "workflow.png" for folder in (project.folder, PROJECT))
    assert drawn.read_bytes() == shown.read_bytes(), "make graph"
    assert "(docs/images/workflow.png)" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_picture_leaves_out_what_is_needed_through_others_and_joins_lines_to_one_place():
    jobs = [
        Job("a", stage, {}, {}, upstream, (Path("results", name),), (), None, 0, True, False)
        for stage, upstream, name in [
            ("images", (), "datasets/x.nc"),
            ("images", (0,), "datasets/y.nc"),
            ("training", (0, 1), "trajectories/x.nc"),
            ("theory", (1,), "theory/x.nc"),
            ("scaling", (0,), "scaling/x.nc"),
            ("figures", (0, 2, 3, 4), "figures/x.png"),
            ("claims", (0, 1, 2, 3, 4), "claims.json"),
            ("archive", (2, 6), "archive.zip"),
        ]
    ]
    needs = picture.stages(jobs)
    assert needs["images"] == set()
    assert needs["training"] == {"images"}
    assert needs["claims"] == needs["figures"] == {"training", "theory", "scaling"}
    assert needs["archive"] == {"claims"}
    makes = picture.made(jobs)
    assert makes["images"] == ["datasets/"]
    assert makes["claims"] == ["claims.json"]
    (axes,) = picture.draw(needs, makes).axes
    written = [text.get_text() for text in axes.texts if text.get_text()]
    assert {*needs, "datasets/", "claims.json"} <= set(written)
    # Three lines to a stage, three to where they meet, two from there, one to the archive.
    assert len([text for text in axes.texts if not text.get_text()]) == 3 + 3 + 2 + 1


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--configfile", "config/added.yaml"), "configuration key 'sedes': unknown key (did you mean 'seeds'?)"),
        (("--configfile", "config/none.yaml"), "config/none.yaml: no such configuration file"),
        (("no_such_target",), "no_such_target: neither a target (all, two-layer, reproduce-all, predict, own)"),
        (("--rates", "Snakefile"), "Snakefile: not a file of recorded rates"),
        (("--record",), "there is no benchmark file"),
        (("--cores", "0"), "expected a whole number of at least 1"),
    ],
)
def test_mistakes_are_named_without_a_traceback(project, arguments, message):
    project.settings("sedes: 3")
    text = plan(project, *arguments)
    assert message in text
    assert "Traceback" not in text


def test_rates_grow_with_the_work_and_their_level_is_that_of_this_machine():
    recorded = [(Work("a", work, work, 0), Cost(1 + 2 * work, 50 + work, 3, "there")) for work in (1, 5, 100)]
    found = rates.estimate(Work("a", 1000, 10, 0), recorded, [])
    assert (found.seconds, found.peak_mb, found.output_mb) == pytest.approx((2001, 60, 3))
    slower = [(Work("a", 2, 2, 0), Cost(15, 52, 3, "here"))]
    found = rates.estimate(Work("a", 1000, 10, 0), recorded, slower)
    assert found.seconds == pytest.approx(3 * 2001)
    assert found.machine == "here"
    assert rates.estimate(Work("b", 1, 1, 1), recorded, slower) is None


def test_wall_time_and_unknown_rates():
    upstream = [(), (0,), (0,), (0,), (1, 2, 3)]
    jobs = [
        Job(f"train_deep_{n}", "deep_training", {"network": "x"}, {}, up, (), (), None, 0, True, False)
        for n, up in enumerate(upstream)
    ]
    costs = [Cost(seconds, 1.0, 1.0, "here") for seconds in (1.0, 5.0, 2.0, 3.0, 1.0)]
    assert [table.wall_seconds(jobs, costs, cores) for cores in (1, 2, 3)] == [12.0, 7.0, 7.0]
    assert {rule_of(job) for job in jobs} == {"train_deep"}
    assert "No job of train_deep was measured yet" in "\n".join(table.lines("all", jobs, [None] * 5, 2))
