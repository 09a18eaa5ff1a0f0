"""The real workflow, in smoke size, in a clean copy of the project."""

import hashlib
import json
import re
import resource

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from conftest import Project
from learning_dynamics.claims.entries import VERDICTS
from learning_dynamics.figures import catalogue
from learning_dynamics.publishing import published_results

pytestmark = pytest.mark.workflow

SMOKE = ("--configfile", "config/smoke.yaml")
SUMMARY = set(catalogue.SUMMARY_FIGURES) | {"scaling", "variants"}
EXPERIMENTS = ("pure_cosines", "pure_cosines_cyclic", "sums_of_cosines", "geometric_shapes", "digits4")


def digests(project, pattern):
    return {
        str(path.relative_to(project.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.results(pattern)
        if path.is_file()
    }


@pytest.fixture(scope="module")
def finished(shared_project):
    run = shared_project.snakemake(*SMOKE, cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    return shared_project


def test_everything_without_a_download_is_made(finished):
    for name in EXPERIMENTS:
        assert finished.results(f"datasets/{name}.nc")
        assert finished.results(f"structure/{name}.nc")
        for network in ("linear_cnn", "linear_fcnn"):
            assert len(finished.results(f"trajectories/{name}/{network}/seed-*.nc")) == 2
        assert len(finished.results(f"figures/{name}/*.png")) == len(finished.results(f"figures/{name}/*.pdf")) == 6
    figures = {path.stem for path in finished.results("figures/*.pdf")}
    assert figures == {"fig1", "fig2", "fig3", "fig4", "fig5_digits", "figS1", "figS2", "figS3", "figS5"} | SUMMARY
    assert not finished.results("**/*partial*")


def test_theory_predicts_on_the_axis_of_the_trajectories(finished):
    for path in finished.results("trajectories/*/*/seed-0.nc"):
        prediction = finished.folder / "results" / "theory" / path.parent.parent.name / f"{path.parent.name}.nc"
        with xr.open_dataset(path) as trajectory, xr.open_dataset(prediction) as theory:
            assert np.array_equal(theory["sample"], trajectory["sample"])
            assert theory["effective_singular_values"].dims == trajectory["effective_singular_values"].dims
            predicted, measured = (
                run["effective_singular_values"].sel(seed=0, sample=0) for run in (theory, trajectory)
            )
            assert np.allclose(predicted, measured, rtol=1e-6, atol=1e-12)


def test_ledger_is_measured_and_failing_claims_do_not_stop_the_workflow(finished):
    entries = json.loads((finished.folder / "results" / "claims.json").read_text())
    verdicts = {entry["verdict"] for entry in entries}
    assert {"holds", "not measured"} <= verdicts <= set(VERDICTS)
    for entry in entries:
        measured = entry["verdict"] != "not measured"
        assert (entry["measured"] is not None) == measured
        assert (entry["n"] > 0) == measured
        if measured:
            assert (finished.folder / "results" / entry["figure"]).is_file(), entry["id"]
        else:
            assert re.search("was not run|trials|the run ends after", entry["reason"]), entry["id"]
    page = (finished.folder / "results" / "claims.html").read_text()
    assert all(f'id="{entry["id"]}"' in page for entry in entries)
    # Of the figures that this run makes none was left out.
    drawn = {entry["figure"] for entry in entries if (finished.folder / "results" / entry["figure"]).is_file()}
    assert page.count("<image ") == len(drawn) >= 20


def test_every_job_leaves_a_log_and_a_benchmark(finished):
    outputs = len(finished.results("trajectories/*/*/*.nc"))
    assert len(finished.results("logs/trajectories/*/*/*.log")) == outputs
    assert len(finished.results("benchmarks/trajectories/*/*/*.tsv")) == outputs
    log = finished.results("logs/trajectories/geometric_shapes/linear_cnn/seed-0.log")[0].read_text()
    assert "sample 4000 of 4000" in log


def test_pictures_are_not_blank(finished):
    for path in finished.results("figures/**/*.png"):
        with Image.open(path) as picture:
            assert min(picture.size) > 200, path
            assert np.asarray(picture.convert("L")).std() > 5, path


def test_networks_learn(finished):
    for path in finished.results("trajectories/*/*/*.nc"):
        with xr.open_dataset(path) as trajectory:
            losses = trajectory["train_loss"].values[0]
            assert losses[-1] < 0.9 * losses[0], path


def test_finished_tree_has_nothing_to_do_and_says_so_quickly(finished):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run = finished.snakemake(*SMOKE, "--dry-run")
    assert "Nothing to be done" in run.stdout
    # Processor time, which a busy machine does not stretch.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 5


def test_published_page_quotes_the_result_files(finished, tmp_path):
    published_results.publish([finished.folder / "results"], tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    entries = json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))
    for entry in entries:
        assert f"| {entry['id']} |" in page
        if entry["measured"] is not None:
            assert f"{entry['measured']:.4g}" in page
    for name in EXPERIMENTS:
        assert f"| {name} | linear_cnn | 0 |" in page
    for picture in finished.results("figures/**/*.png"):
        assert (tmp_path / picture.relative_to(finished.folder / "results" / "figures")).is_file()


def test_same_bytes_from_one_core_another_folder_and_another_order(finished, tmp_path_factory):
    again = Project(tmp_path_factory.mktemp("again") / "elsewhere")
    targets = [
        f"results/trajectories/{name}/{network}/seed-1.nc"
        for name in ("geometric_shapes", "digits4")
        for network in ("linear_fcnn", "linear_cnn")
    ]
    run = again.snakemake(*SMOKE, "--", *targets, "results/figures/fig2.pdf", "results/figures/fig2.png")
    assert run.returncode == 0, run.stdout[-5000:]
    made = digests(again, "**/*.nc") | digests(again, "figures/*")
    expected = digests(finished, "**/*.nc") | digests(finished, "figures/*")
    assert len(made) == len(targets) + 6 + 2
    assert {name: expected[name] for name in made} == made


def test_changed_setting_reruns_only_its_experiment(finished):
    setting = "experiments: {digits4: {networks: {linear_cnn: {learning_rate: 0.002}}}}"
    planned = finished.snakemake(*finished.settings(setting), "--dry-run").stdout
    assert "trajectories/digits4/" in planned
    assert "output: results/trajectories/geometric_shapes/" not in planned
