"""A user's own table of claims, about an experiment of their own, through the workflow."""

import json
import subprocess
import sys

import pytest
import yaml

from conftest import PROJECT

pytestmark = pytest.mark.workflow

# Cosines of which the CNN finds the first mode early, and the second not at all.
SETTINGS = """
seeds: 3
claims: mine-claims.yaml
experiments:
  pure_cosines: null
  pure_cosines_cyclic: null
  sums_of_cosines: null
  geometric_shapes: null
  digits4: null
  cifar4: null
  cifar10: null
  mine:
    dataset:
      kind: cosines
      side: 8
      classes: [[{frequency: [0, 0], amplitude: 2.0}], [{frequency: [1, 2], amplitude: 0.1}]]
    networks: {linear_cnn: {learning_rate: 1.0e-3}, linear_fcnn: null}
    updates: 3000
    records: 60
scaling: null
variants: null
zero_padding: null
"""
ROW = {
    "id": "first-mode",
    "claim": "Mode {modes} is found by {sample} samples.",
    "source": "a page",
    "quantity": "a_α/s_α",
    "measure": "share_learned",
    "arguments": {"experiment": "mine", "network": "linear_cnn", "sample": 2000},
    "cases": [{"modes": [[0], [1]]}],
    "tolerance": {"at_least": 0.5},
    "why": "Discovered is half.",
    "figure": "figures/mine/effective_singular_values.png",
}


class Run:
    def __init__(self, project):
        self.project, self.settings = project, project.settings(SETTINGS)
        self.ledger = project.folder / "results" / "claims.json"

    def judge(self, *rows):
        path = self.project.folder / "mine-claims.yaml"
        path.write_text(yaml.safe_dump({"rows": list(rows)}, allow_unicode=True), encoding="utf-8")
        return self.project.snakemake(*self.settings, "--", "results/claims.json")

    @property
    def entries(self):
        return json.loads(self.ledger.read_text(encoding="utf-8"))

    @property
    def state(self):
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in self.project.results("**/*.*")}


@pytest.fixture(scope="module")
def run(shared_project):
    made = Run(shared_project)
    first = made.judge(ROW)
    assert first.returncode == 0, first.stdout[-5000:]
    return made


def test_own_claims_are_judged_beside_the_papers(run):
    own = [entry for entry in run.entries if entry["claim_number"] is None]
    assert run.entries[-2:] == own
    assert len(run.entries) > 100
    assert {entry["verdict"] for entry in run.entries[:-2]} == {"not measured"}
    assert [(entry["id"], entry["verdict"], entry["n"]) for entry in own] == [
        ("first-mode-0", "holds", 3),
        ("first-mode-1", "refuted", 3),
    ]
    assert [entry["claim"] for entry in own] == [f"Mode {mode} is found by 2000 samples." for mode in (0, 1)]
    assert own[0]["claims_commit"] == "unknown"
    assert own[0]["measured"] == pytest.approx(1, abs=0.05)


def test_the_table_that_make_claims_prints_has_them(run):
    printed = subprocess.run(
        [sys.executable, "-m", "learning_dynamics.claims", str(run.ledger)],
        cwd=run.project.folder / "workflow",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (line,) = [line for line in printed.splitlines() if line.startswith("first-mode-0")]
    assert "holds" in line
    assert line.endswith("at least 0.5")
    commands = subprocess.run(
        ["make", "--dry-run", "claims", "CONFIG=mine.yaml"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    assert '--configfile "mine.yaml" -- results/claims.json' in commands


MISTAKES = {
    "row 1 ('first-mode'): key 'titel': unknown key": {"titel": "One."},
    "row 'first-mode': no measure is called 'share_lerned' (did you mean 'share_learned'?)": {
        "measure": "share_lerned"
    },
    "entry 'first-mode-0': no experiment is called 'mime' (did you mean 'mine'?)": {
        "arguments": ROW["arguments"] | {"experiment": "mime"}
    },
    "row 1 ('first-mode'): key 'tolerance': nothing is at least 2 and at most 1": {
        "tolerance": {"at_least": 2.0, "at_most": 1.0}
    },
    "entry '01-sigmoid-cyclic': the paper's table has this id; expected another": {
        "id": "01-sigmoid-cyclic",
        "claim": "One.",
        "cases": [{}],
    },
}


@pytest.mark.parametrize("expected", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_what_is_there(run, expected):
    before = run.state
    failed = run.judge(ROW | MISTAKES[expected])
    assert failed.returncode != 0
    assert f"mine-claims.yaml: {expected}" in failed.stdout.splitlines()
    assert "Traceback" not in failed.stdout
    assert "job" not in failed.stdout
    assert run.state == before
    assert run.ledger in before


def test_a_table_that_is_not_there_is_named(run):
    before = run.state
    (run.project.folder / "mine-claims.yaml").unlink()
    failed = run.project.snakemake(*run.settings, "--", "results/claims.json")
    assert failed.returncode != 0
    assert "mine-claims.yaml: could not be read (No such file or directory)" in failed.stdout.splitlines()
    assert run.state == before


def test_another_tolerance_is_judged_without_another_training(run):
    before = run.state
    again = run.judge(ROW | {"tolerance": {"at_most": 0.5}})
    assert again.returncode == 0, again.stdout[-3000:]
    assert [entry["verdict"] for entry in run.entries[-2:]] == ["refuted", "holds"]
    changed = {path.name for path, state in run.state.items() if before.get(path) != state}
    assert "claims.json" in changed
    assert not [name for name in changed if name.endswith(".nc")]
