"""No claim about networks holds for networks that have learned nothing."""

import json

import pytest

pytestmark = pytest.mark.workflow

# So few updates that no network discovers a mode.
UPDATES = {
    "pure_cosines": 60,
    "pure_cosines_cyclic": 60,
    "sums_of_cosines": 40,
    "geometric_shapes": 40,
    "digits4": 40,
}
SETTINGS = """
seeds: 2
experiments:
{experiments}
scaling: null
variants: {{updates: 40, records: 20, seeds: 2}}
"""


def test_no_claim_holds_for_networks_that_have_learned_nothing(project):
    text = "\n".join(f"  {name}: {{updates: {n}, records: 20, snapshots: []}}" for name, n in UPDATES.items())
    settings = project.settings(SETTINGS.format(experiments=text))
    run = project.snakemake("--configfile", settings[-1], "--", "results/claims.json", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    entries = json.loads((project.folder / "results" / "claims.json").read_text(encoding="utf-8"))
    # What is measured of the data set alone holds before anything is learned.
    assert {entry["statistic"] for entry in entries if entry["verdict"] == "holds"} == {"exact"}
    missed = [entry for entry in entries if "was not discovered in 2 of 2 trials" in entry["reason"]]
    assert len(missed) > 30
