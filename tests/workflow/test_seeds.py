"""Experiments with seeds of their own, and what more of them leave as it is."""

import json
import re

import pytest
import xarray as xr

pytestmark = pytest.mark.workflow

# One experiment of seconds, with enough updates that its modes are found; blocks as of a real run.
ONLY = """
seeds_per_job: auto
experiments:
  pure_cosines: null
  pure_cosines_cyclic: null
  geometric_shapes: null
  digits4: null
  cifar4: null
  cifar10: null
  sums_of_cosines: {{seeds: {seeds}}}
scaling: null
variants: null
zero_padding: null
"""


def planned(project, settings, target):
    """How many seeds of each experiment's CNN, and the trajectories that a job makes, once for each."""
    run = project.snakemake("--dry-run", *project.settings(settings), "--", target)
    assert run.returncode == 0, run.stdout[-3000:]
    outputs = [path for line in re.findall(r"^ +output: (.+)$", run.stdout, re.MULTILINE) for path in line.split(", ")]
    made = [path for path in outputs if path.startswith("results/trajectories/")]
    assert len(made) == len(set(made))
    names = [path.split("/")[2] for path in made if path.split("/")[3] in ("linear_cnn", "deep_linear_cnn")]
    return {name: names.count(name) for name in set(names)}


def test_every_experiment_has_as_many_seeds_as_it_says_or_the_file_does(project):
    own = "mine: {seeds: 7, dataset: {kind: shapes}}, yours: {dataset: {kind: shapes}}"
    settings = f"seeds: 3\nexperiments: {{digits4: {{seeds: 12}}, cifar10: {{seeds: 1}}, {own}}}"
    expected = dict.fromkeys(("pure_cosines", "pure_cosines_cyclic", "sums_of_cosines", "geometric_shapes"), 3)
    expected |= {"digits4": 12, "cifar4": 3, "cifar10": 1, "mine": 7, "yours": 3}
    assert planned(project, settings, "reproduce-all") == expected
    without = {name: seeds for name, seeds in expected.items() if not name.startswith("cifar")}
    for together in (1, 5):
        asked = f"{settings}\nseeds_per_job: {together}"
        assert planned(project, asked, "all") == without
    # What nobody has said anything about is as in the paper, and more where the ledger needs it.
    auto = planned(project, "seeds: auto\nexperiments: {yours: {dataset: {kind: shapes}}}", "two-layer")
    assert auto["pure_cosines"] == auto["sums_of_cosines"] == 2 * auto["digits4"] == 40
    assert auto["pure_cosines_cyclic"] == auto["geometric_shapes"] == auto["cifar4"] == auto["yours"] == 10


def test_more_seeds_train_and_draw_nothing_again(project):
    def state():
        paths = [path for folder in ("trajectories", "figures") for path in project.results(f"{folder}/**/*.*")]
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}

    def run(seeds):
        made = project.snakemake(*project.settings(ONLY.format(seeds=seeds)), "--", "all", cores=2)
        assert made.returncode == 0, made.stdout[-5000:]
        ledger = json.loads(project.results("claims.json")[0].read_text())
        return max(len(entry["values"] or []) for entry in ledger)

    assert run(10) == 10
    few = state()
    trained = {path for path in few if path.suffix == ".nc"}
    assert len(trained) == 2 * 10
    assert len(few) > len(trained) + 15
    assert run(13) == 13, "the ledger uses all seeds"
    many = state()
    assert len(many) == len(few) + 2 * 3
    for path, (content, time) in few.items():
        assert many[path][0] == content, f"{path} shows more than the first ten seeds"
        if path in trained:
            assert many[path][1] == time, f"{path} was made again"
    recorded = [xr.open_dataset(next(iter(trained)).with_name(f"seed-{seed}.nc")).attrs for seed in (1, 12)]
    settings = [{**json.loads(attributes["settings"]), "seed": 0} for attributes in recorded]
    assert settings[0] == settings[1]
    with xr.open_dataset(project.results("theory/sums_of_cosines/linear_cnn.nc")[0]) as theory:
        assert theory["seed"].values.tolist() == list(range(13))
    # Nor is anything made again where there are fewer.
    dry = project.snakemake("--dry-run", *project.settings(ONLY.format(seeds=10)), "--", "all").stdout
    assert "rule train" not in dry
