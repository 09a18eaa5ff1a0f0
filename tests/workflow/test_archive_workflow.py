"""From an archive to the same figures and ledger in a fresh copy of the project, without any training."""

import json
import re
import shutil
import zipfile

import pytest

from conftest import FEW
from learning_dynamics.figures import catalogue

pytestmark = pytest.mark.workflow

TRAINING = {"dataset", "correlations", "structure", "train", "train_deep", "theory", "scaling", "variant"}


def made(project):
    """Figures and the ledger, by name; what was predicted of one's own images is made where the images are."""
    folder = project.folder / "results"
    compared = {folder / "figures" / "my_pictures" / name for name in catalogue.COMPARISON_FIGURES}
    figures = [path for path in folder.glob("figures/**/*.p*") if path.with_suffix("") not in compared]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in [*figures, folder / "claims.json"]}


@pytest.fixture
def archived(finished_few, project):
    """A fresh project with the archive beside it; returns a function that runs Snakemake on it."""
    shutil.copy(finished_few.folder / "results" / "archive.zip", project.folder / "theirs.zip")

    def run(*arguments, settings=FEW):
        return project.snakemake(*project.settings(settings), "--config", "archive=theirs.zip", *arguments, cores=2)

    return run


def scheduled(run):
    return {line.split()[0] for line in run.stdout.splitlines() if re.fullmatch(r"\w+ +\d+", line.strip())}


def members(path):
    """What is in an archive, by name."""
    with zipfile.ZipFile(path) as file:
        return {entry: file.read(entry) for entry in file.namelist()}


def without(path, name):
    """An archive that never had a file, its manifest neither."""
    kept = {entry: content for entry, content in members(path).items() if entry != name}
    manifest = json.loads(kept["manifest.json"])
    del manifest["files"][name]
    kept["manifest.json"] = json.dumps(manifest)
    with zipfile.ZipFile(path, "w") as file:
        for entry, content in kept.items():
            file.writestr(entry, content)


def test_same_figures_and_ledger_from_the_archive_and_the_same_archive_again(finished_few, archived, project):
    planned = archived("--dry-run", "--quiet", "rules", "--", "all")
    assert {"unpack", "paper_figure_fig3", "claims", "experiment_figures"} <= scheduled(planned)
    assert not scheduled(planned) & TRAINING
    run = archived("--", "all", "results/archive.zip")
    assert run.returncode == 0, run.stdout[-5000:]
    expected = made(finished_few)
    assert len(expected) > 30
    assert made(project) == expected
    # Where one's own images are there is all of them, here an excerpt, which the provenance says.
    mine = {"datasets/my_pictures.nc", "provenance.html", "manifest.json", "ro-crate-metadata.json"}
    again, first = (members(folder / "results" / "archive.zip") for folder in (project.folder, finished_few.folder))
    assert again.keys() == first.keys() >= {*mine, "settings/my_pictures.json"}
    assert all(again[name] == first[name] for name in first.keys() - mine)
    assert "Nothing to be done" in archived("--dry-run", "--", "all").stdout
    # Without the key nothing is trained over what someone else computed.
    own = project.snakemake(*project.settings(FEW), "--", "all")
    assert own.returncode != 0
    assert "'results' holds the results of an archive" in own.stdout


def test_with_an_archive_there_is_no_rule_that_trains(archived):
    rules = set(archived("--list-rules").stdout.split())
    assert {"unpack", "claims", "archive"} <= rules
    assert not {rule for rule in rules for training in TRAINING if rule.startswith(training)}


def test_trajectory_that_is_not_in_the_archive_is_named_and_not_trained(archived, project):
    name = "trajectories/geometric_shapes/linear_cnn/seed-1.nc"
    asked = archived("--", "results/trajectories/geometric_shapes/linear_cnn/seed-7.nc")
    assert asked.returncode != 0
    assert "seed-7.nc" in asked.stdout
    without(project.folder / "theirs.zip", name)
    run = archived("--", "all")
    assert run.returncode != 0
    assert f"archive 'theirs.zip': {name} missing in it" in run.stdout
    assert "Traceback" not in run.stdout
    assert not project.results("**/*.nc")


def test_damaged_archive_stops_the_run_and_leaves_nothing_half_unpacked(archived, project):
    path = project.folder / "theirs.zip"
    whole = path.read_bytes()
    name = "trajectories/pure_cosines/linear_fcnn/seed-1.nc"
    with zipfile.ZipFile(path) as file:
        place = file.getinfo(name).header_offset + 2000
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    run = archived("--", "all")
    assert run.returncode != 0
    assert f"archive 'theirs.zip': {name} is damaged" in run.stdout
    assert "Traceback" not in run.stdout
    assert not project.results("**/*.nc")
    path.write_bytes(whole[: len(whole) // 2])
    run = archived("--", "all")
    assert run.returncode != 0
    assert "archive 'theirs.zip': not a whole ZIP archive" in run.stdout
    assert not project.results("**/*.nc")


def test_another_setting_is_named(archived, project):
    run = archived("--", "all", settings=f"{FEW}seeds: 3")
    assert run.returncode != 0
    assert "configuration key 'experiments.pure_cosines.seeds': 3 here, 2 in the archive 'theirs.zip'" in run.stdout
    assert "Traceback" not in run.stdout
    assert not (project.folder / "results").exists()


def test_folder_with_own_trajectories_is_refused(archived, project):
    (project.folder / "results" / "trajectories").mkdir(parents=True)
    run = archived("--", "all")
    assert run.returncode != 0
    assert "'results' holds trajectories that were computed here" in run.stdout
