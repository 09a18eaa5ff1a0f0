"""The workflow as a module of another one, and as it is deployed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from PIL import Image

from conftest import Project

pytestmark = pytest.mark.workflow

# The shapes, and CIFAR-4 from an archive that is here, for one training of each network.
SETTINGS = """
seeds: 1
cifar10: cifar
experiments:
  pure_cosines: null
  pure_cosines_cyclic: null
  sums_of_cosines: null
  digits4: null
  cifar10: null
  geometric_shapes:
    networks:
      linear_cnn: {learning_rate: 1.0e-3, kernel_std: 1.0e-2, readout_std: 1.0e-2}
      linear_fcnn: {learning_rate: 1.0e-2, hidden_units: 16}
    updates: 400
    records: 40
    snapshots: []
  cifar4:
    dataset: {train_images: 12, test_images: 8}
    networks:
      linear_cnn: {learning_rate: 2.0e-4, kernel_std: 1.0e-2, readout_std: 1.0e-2}
      linear_fcnn: {learning_rate: 1.0e-3, weight_std: 1.0e-2, hidden_units: 16}
    updates: 400
    records: 30
    snapshots: []
scaling: null
variants: null
zero_padding: {seeds: 2, updates: 40, records: 10}
"""
# Both modules are given one configuration, which neither may change for the other.
CALLER = """
configfile: "settings.yaml"

module ours:
    snakefile: "SNAKEFILE"
    config: config

use rule * from ours as ours_*

module theirs:
    snakefile: "SNAKEFILE"
    config: config
    prefix: "theirs"

use rule * from theirs as theirs_*

rule both:
    input:
        rules.ours_claims_page.output,
        rules.theirs_claims_page.output,
        "theirs/results/figures/fig2.png",
"""
SHAPES = "results/trajectories/geometric_shapes/linear_cnn/seed-0.nc"


def calling(folder, snakefile, text=CALLER):
    """A workflow elsewhere that uses the one whose Snakefile is given."""
    folder.mkdir()
    (folder / "settings.yaml").write_text(SETTINGS)
    (folder / "Snakefile").write_text(text.replace("SNAKEFILE", str(snakefile)))
    generator = np.random.default_rng(0)
    for split, images in (("train", 3), ("test", 2)):
        for name in ("airplane", "automobile", "bird", "cat"):
            (folder / "cifar" / split / name).mkdir(parents=True)
            for number in range(images):
                pixels = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / "cifar" / split / name / f"{number}.png")
    return Project(folder)


def measured(project, path):
    """What of CIFAR-4 a ledger says something of."""
    ledger = json.loads((project.folder / path).read_text(encoding="utf-8"))
    said = []
    for name, start in (("cifar4", "09-flow-cifar4"), ("zero_padding", "14-zero-padding-cifar4")):
        entries = [entry for entry in ledger if entry["id"].startswith(start)]
        assert entries
        said += [name] if any("was not run" not in entry["reason"] for entry in entries) else []
    return said


@pytest.fixture(scope="module")
def caller(shared_project, tmp_path_factory):
    """It has made the one module's experiments, with CIFAR-4, and of the other module's what needs no download."""
    folder = tmp_path_factory.mktemp("elsewhere") / "with a space"
    project = calling(folder, shared_project.folder / "workflow" / "Snakefile")
    for target in ("ours_two-layer", "both"):
        run = project.snakemake("--", target, cores=2)
        assert run.returncode == 0, run.stdout[-5000:]
    return project


def test_target_of_a_module_measures_what_it_makes(caller):
    assert measured(caller, "results/claims.json") == ["cifar4", "zero_padding"]
    assert (caller.folder / "results" / "figures" / "fig5.png").is_file()
    assert "datasets/cifar4.nc" in (caller.folder / "results" / "provenance.html").read_text(encoding="utf-8")
    assert measured(caller, "theirs/results/claims.json") == []


@pytest.mark.parametrize(
    "targets",
    [
        ["ours_two-layer"],
        ["ours_all"],
        ["ours_all", "ours_two-layer"],
        ["both"],
        ["results/claims.html"],
        ["results/provenance.html", "results/figures/predicted_kernel.png", "results/figures/fig5.png"],
    ],
)
def test_nothing_is_made_twice_whatever_is_asked_for(caller, targets):
    run = caller.snakemake("--dry-run", "--", *targets)
    assert "Nothing to be done" in run.stdout, run.stdout[-3000:]


def test_modules_with_one_configuration_keep_apart(caller):
    ours, theirs = (caller.folder / place / SHAPES for place in (".", "theirs"))
    assert ours.read_bytes() == theirs.read_bytes()
    assert (caller.folder / "theirs" / "results" / "figures" / "fig2.pdf").is_file()
    assert (caller.folder / "theirs" / "results" / "logs" / "claims.log").is_file()
    assert not (caller.folder / "theirs" / "results" / "datasets" / "cifar4.nc").exists()


def test_module_asked_for_files_measures_what_leads_to_them(caller):
    """Figure 5 shows CIFAR-4, which is not there yet under the prefix."""
    run = caller.snakemake("--dry-run", "--", "theirs/results/figures/fig5.png", "theirs/results/claims.json")
    (inputs,) = re.findall(r"rule theirs_claims:\n +input: (.*)", run.stdout)
    assert "theirs/results/trajectories/cifar4/linear_cnn/seed-0.nc" in inputs
    run = caller.snakemake("--dry-run", "--", "theirs_two-layer")
    assert "theirs/results/trajectories/cifar4/linear_cnn/seed-0.nc" in run.stdout


@pytest.mark.parametrize("target", ["all", "two-layer", "reproduce-all", "finished"])
def test_every_target_has_a_module_s_name_and_place(caller, target):
    run = caller.snakemake("--dry-run", "--", f"theirs_{target}")
    assert run.returncode == 0, run.stdout[-3000:]
    assert not re.findall(r"^ +output: results/", run.stdout, re.MULTILINE)
    own = caller.snakemake("--dry-run", "--", "theirs_own")
    assert "docs/own-images.md" in own.stdout


def test_report_shows_both_modules(caller):
    run = caller.snakemake("--report", "report.html", "--", "both")
    assert run.returncode == 0, run.stdout[-3000:]
    page = (caller.folder / "report.html").read_text(encoding="utf-8")
    shown = json.loads(re.search(r"var results = (\{.*\});\n", page)[1])
    assert {"results/claims.html", "theirs/results/claims.html", "theirs/results/figures/fig2.png"} <= set(shown)
    assert "cifar4 (linear_cnn, linear_fcnn; 1 seeds)" in shown["results/claims.html"]["caption"]
    assert "cifar4" not in shown["theirs/results/claims.html"]["caption"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("theirs/results/datasets/geometric_shape.nc", "'geometric_shape': not configured (did you mean 'geometric_sh"),
        (
            "results/trajectories/cifar4/deep_relu_cnn/seed-0.nc",
            "'cifar4': no network 'deep_relu_cnn'; it has linear_c",
        ),
        ("results/trajectories/cifar4/linear_fcn/seed-0.nc", "no network 'linear_fcn' (did you mean 'linear_fcnn'?)"),
        ("results/theory/nosuch/linear_cnn.nc", "'nosuch': not configured; there are geometric_shapes, cifar4"),
        ("results/figures/cifar/losses.png", "'cifar': not configured (did you mean 'cifar4'?)"),
        ("results/predictions/shapes.json", "experiment 'shapes': not configured"),
    ],
)
def test_files_of_unknown_experiments_and_networks_are_refused_before_anything_runs(caller, path, message):
    run = caller.snakemake("--", path, "ours_all")
    assert run.returncode != 0
    assert message in run.stdout.splitlines()[-1], run.stdout[-2000:]
    assert "Traceback" not in run.stdout
    assert "Execute" not in run.stdout
    # It has left no lock.
    assert "Nothing to be done" in caller.snakemake("--", "ours_all").stdout


def test_both_snakefiles_have_the_same_default_target(shared_project):
    def outputs(*arguments):
        run = shared_project.snakemake("--dry-run", *arguments)
        assert run.returncode == 0, run.stdout[-3000:]
        return set(re.findall(r"^ +output: (.*)", run.stdout, re.MULTILINE))

    default = outputs()
    assert len(default) > 50
    assert default == outputs("--snakefile", "workflow/Snakefile") == outputs("--", "all")


def test_two_copies_in_one_workflow_are_refused(shared_project, tmp_path):
    """A second library of the same name would not be imported: one copy's rules would run the other's code."""
    other = Project(tmp_path / "other")
    text = CALLER.replace("SNAKEFILE", str(other.folder / "workflow" / "Snakefile"), 1)
    project = calling(tmp_path / "calling", shared_project.folder / "workflow" / "Snakefile", text)
    run = project.snakemake("--dry-run", "--", "ours_all")
    assert run.returncode != 0
    assert f"another copy of this workflow, {other.folder / 'workflow'}, is in use already" in run.stdout
    assert "Traceback" not in run.stdout


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    """A repository with the project, and an environment in which github.com is a folder of this machine."""
    folder = tmp_path_factory.mktemp("hosts") / "github"
    repository = Project(folder / "owner" / "learning-dynamics").folder
    shutil.rmtree(repository / "results", ignore_errors=True)
    (repository / ".gitignore").write_text("__pycache__\n")
    environment = os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{folder}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "GIT_AUTHOR_NAME": "somebody",
        "GIT_AUTHOR_EMAIL": "somebody@example.org",
        "GIT_COMMITTER_NAME": "somebody",
        "GIT_COMMITTER_EMAIL": "somebody@example.org",
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
    }
    for command in (["init", "--initial-branch", "main"], ["add", "."], ["commit", "--message", "The project"]):
        subprocess.run(["git", *command], cwd=repository, env=environment, check=True, capture_output=True)
    return repository, environment


def makes_images_from(project, environment, commit):
    """Whether the module's scripts and library are those of the commit."""
    run = project.snakemake("--", "results/structure/geometric_shapes.nc", environment=environment)
    assert run.returncode == 0, run.stdout[-5000:]
    with xr.open_dataset(project.folder / "results" / "structure" / "geometric_shapes.nc") as structure:
        return structure.attrs["code_commit"] == commit


def commit_of(repository):
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def one_module(snakefile):
    """The caller's first module, from somewhere."""
    return CALLER.partition("module theirs")[0].replace('"SNAKEFILE"', snakefile)


def test_module_from_a_hosted_repository(hosted, tmp_path):
    repository, environment = hosted
    snakefile = 'github("owner/learning-dynamics", path="workflow/Snakefile", branch="main")'
    project = calling(tmp_path / "calling", "", one_module(snakefile))
    assert makes_images_from(project, environment, commit_of(repository))
    again = project.snakemake("--dry-run", "--", "results/structure/geometric_shapes.nc", environment=environment)
    assert "Nothing to be done" in again.stdout


def test_module_from_another_address_needs_a_clone(hosted, tmp_path):
    repository, environment = hosted
    snakefile = f'"git+file://{repository}/workflow/Snakefile@main"'
    project = calling(tmp_path / "calling", "", one_module(snakefile))
    run = project.snakemake("--dry-run", environment=environment)
    assert run.returncode != 0
    assert "the library cannot be fetched from there; clone the repository" in run.stdout.splitlines()[-1]
    assert "Traceback" not in run.stdout


@pytest.mark.parametrize("source", ["hosted", "local"])
def test_deployment(hosted, tmp_path, source):
    """Of a folder that is named after a host snakedeploy makes a module from there; of another one a local one."""
    snakedeploy = Path(sys.executable).with_name("snakedeploy")
    if not snakedeploy.is_file():
        pytest.skip("snakedeploy is not installed here: pip install snakedeploy; deployments are not checked")
    repository, environment = hosted
    if source == "local":
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", repository, clone], check=True)
        repository = clone
    deployed = tmp_path / "deployed"
    subprocess.run(
        [snakedeploy, "deploy-workflow", repository, deployed, "--branch", "main", "--name", "learning"],
        env=environment,
        check=True,
        capture_output=True,
    )
    snakefile = deployed / "workflow" / "Snakefile"
    written = snakefile.read_text(encoding="utf-8")
    if source == "local":
        # What the tool writes for a local folder is not where that is.
        assert '"workflow/Snakefile"' in written
        snakefile.write_text(written.replace('"workflow', f'"{repository}/workflow'), encoding="utf-8")
    settings = yaml.safe_load((deployed / "config" / "config.yaml").read_text(encoding="utf-8"))
    (deployed / "config" / "config.yaml").write_text(yaml.safe_dump(settings | yaml.safe_load(SETTINGS)))
    project = Project(deployed)
    assert makes_images_from(project, environment, commit_of(repository))
    planned = project.snakemake("--dry-run", environment=environment)
    assert "output: results/claims.json" in planned.stdout
