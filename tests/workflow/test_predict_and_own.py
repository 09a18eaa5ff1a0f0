"""From a folder of pictures to a prediction, without any training; and from there to how well it did."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from conftest import Project, as_installed
from learning_dynamics.figures import catalogue
from unit.pictures_on_disk import WAVES, waves, write

pytestmark = pytest.mark.workflow

# Spaces, quotes, brackets, wildcards and what a shell would run.
DRY_RUN = ("--configfile", "config/smoke.yaml", "mine.yaml", "--dry-run", "--", "predict")
STRANGE = "my pictures, 'ü' {x} [a] $(touch no) & 100% #1"


def settings(project, text):
    (project.folder / "mine.yaml").write_text(text, encoding="utf-8")
    return ("--configfile", "config/smoke.yaml", "mine.yaml", "--")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("own") / "project")
    write(project.folder, STRANGE, waves())
    source = json.dumps(STRANGE)
    options = settings(project, f"experiments: {{mine: {{dataset: {{kind: images, source: {source}}}}}}}")
    run = project.snakemake(*options, "predict", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    predicted = {path: path.stat().st_mtime_ns for path in project.results("predictions/**/*") if path.is_file()}
    assert not project.results("trajectories/**/*"), "nothing is trained for a prediction"
    assert not project.results("datasets/pure_cosines.nc"), "nor made of the paper's experiments"
    run = project.snakemake(*options, "own", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    assert all(path.stat().st_mtime_ns == time for path, time in predicted.items()), "the prediction is kept"
    return project


def test_the_prediction_names_what_is_in_the_pictures(finished):
    (path,) = finished.results("predictions/mine.json")
    prediction = json.loads(path.read_text(encoding="utf-8"))
    assert [entry["name"] for entry in prediction["images"]["classes"]] == sorted(WAVES)
    assert len(prediction["modes"]) == 2, "three centred classes"
    strongest = {(abs(part["row"]), abs(part["column"])) for part in prediction["frequencies"][:3]}
    assert strongest == set(WAVES.values())
    assert prediction["caveats"]["smallest_coherence"] > 0.9
    for network in ("linear_cnn", "linear_fcnn"):
        assert prediction["networks"][network]["method"] == "gradient flow"
        times = [entry["half_rise"] for entry in prediction["networks"][network]["modes"]]
        assert all(0 < time < prediction["settings"]["updates"] for time in times)


def test_the_page_stands_alone_and_says_the_same(finished):
    page = finished.results("predictions/mine.html")[0].read_text(encoding="utf-8")
    text = finished.results("predictions/mine.txt")[0].read_text(encoding="utf-8")
    for caption in catalogue.PREDICTION_FIGURES.values():
        assert f'alt="{caption}"' in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    for part in ("Your CNN will first tell “", "“bars”", "“stripes”", "“checks”", "Coherence", "mode 0 after"):
        assert part in page
        assert part in text
    for figure in catalogue.PREDICTION_FIGURES:
        with Image.open(finished.results(f"predictions/mine/{figure}.png")[0]) as drawn:
            assert np.asarray(drawn.convert("L")).std() > 5, figure


def test_training_agrees_with_the_prediction(finished):
    measured = json.loads(finished.results("predictions/mine_measured.json")[0].read_text(encoding="utf-8"))
    for network in ("linear_cnn", "linear_fcnn"):
        for entry in measured["networks"][network]["modes"]:
            assert entry["seeds"] == 2
            assert abs(entry["deviation"]) < 0.1, "half-rise times of two trainings, by sampling noise within 10 %"
    assert measured["final_kernel"]["relative_error"] < 0.1
    assert measured["final_kernel"]["strongest_predicted_right"] > 0.7
    text = finished.results("predictions/mine_measured.txt")[0].read_text(encoding="utf-8")
    assert text.count("predicted") >= 5


def test_the_settings_that_were_chosen_are_in_the_files(finished):
    chosen = json.loads(finished.results("settings/mine.json")[0].read_text(encoding="utf-8"))
    for network, rate in chosen["learning_rate"].items():
        with xr.open_dataset(finished.results(f"trajectories/mine/{network}/seed-0.nc")[0]) as trajectory:
            used = json.loads(trajectory.attrs["settings"])
            assert used["networks"][network]["learning_rate"] == rate
            assert used["updates"] == chosen["updates"] == trajectory["sample"][-1]


def test_every_figure_is_drawn(finished):
    names = {path.stem for path in finished.results("figures/mine/*.png")}
    assert names == {*catalogue.EXPERIMENT_FIGURES, *catalogue.COMPARISON_FIGURES}


def test_nothing_strange_was_run(finished):
    assert not list(finished.folder.rglob("no"))
    assert not finished.results("**/*partial*")


def test_a_picture_taken_away_is_noticed(finished):
    assert "Nothing to be done" in finished.snakemake(*DRY_RUN).stdout
    (taken,) = (finished.folder / STRANGE).glob("bars/5.png")
    content = taken.read_bytes()
    taken.unlink()
    again = finished.snakemake(*DRY_RUN).stdout
    taken.write_bytes(content)
    assert "rule dataset" in again
    assert "Params have changed" in again


def test_what_is_not_read_of_the_folder_runs_nothing(finished):
    """A file manager's visit, a notebook's, a copy to another place."""
    source = finished.folder / STRANGE
    (source / ".DS_Store").write_bytes(b"x")
    write(source, "bars/.ipynb_checkpoints", {"0-checkpoint.png": b"x"})
    for path in (source, *source.rglob("*")):
        os.utime(path)
    assert "Nothing to be done" in finished.snakemake(*DRY_RUN).stdout


def test_a_picture_changed_in_place_is_noticed(finished):
    picture = finished.folder / STRANGE / "bars" / "5.png"
    content = picture.read_bytes()
    Image.fromarray(255 - np.asarray(Image.open(picture))).save(picture)
    changed = finished.snakemake(*DRY_RUN).stdout
    picture.write_bytes(content)
    assert "rule dataset" in changed
    assert "Params have changed" in changed
    assert "Nothing to be done" in finished.snakemake(*DRY_RUN).stdout, "it is what it was, at another time"


PLANNED = """
import json, sys
from pathlib import Path
from learning_dynamics.planning import graph

jobs = graph.read(Path("Snakefile"), ["own"], sys.argv[1:], [Path("config/smoke.yaml"), Path("mine.yaml")])
print(json.dumps([job.params["settings"]["updates"] for job in jobs if job.rule.startswith("train")]))
"""


@pytest.mark.parametrize(("changed", "known"), [([], True), (["root_seed=5"], False)])
def test_a_plan_knows_the_settings_that_were_chosen_unless_they_are_chosen_anew(finished, changed, known):
    (path,) = finished.results("settings/mine.json")
    chosen = json.loads(path.read_text(encoding="utf-8"))["updates"]
    environment = os.environ | as_installed()
    environment["PYTHONPATH"] += f"{os.pathsep}workflow"
    command = [sys.executable, "-c", PLANNED, *changed]
    run = subprocess.run(command, cwd=finished.folder, env=environment, capture_output=True, text=True, check=True)
    planned = json.loads(run.stdout.splitlines()[-1])
    assert planned
    assert set(planned) == {chosen if known else "auto"}


def test_predict_without_an_experiment_of_ones_own(finished):
    run = finished.snakemake("--configfile", "config/smoke.yaml", "--", "predict")
    assert run.returncode != 0
    assert "an experiment of your own (docs/own-images.md" in run.stdout
    assert "Traceback" not in run.stdout


BAD = {
    "broken": ("cats/1.png", "cats/1.png: not a whole picture"),
    "missing": (None, "'pictures' does not exist"),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_pictures_are_one_message_and_leave_nothing(project, bad):
    broken, complaint = BAD[bad]
    if broken:
        write(project.folder, "pictures", waves())
        (project.folder / "pictures" / broken).parent.mkdir()
        (project.folder / "pictures" / broken).write_bytes(b"no picture")
    run = project.snakemake(
        *settings(project, "experiments: {mine: {dataset: {kind: images, source: pictures}}}"), "predict"
    )
    assert run.returncode != 0
    assert complaint in run.stdout.rstrip().splitlines()[-1]
    assert "Traceback" not in run.stdout
    assert not project.results("datasets/*")
