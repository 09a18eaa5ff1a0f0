"""Runs that fail as they should, and runs on other data, each in a copy of the project of its own."""

import json
import re
import shutil

import numpy as np
import pytest
import xarray as xr
from PIL import Image

pytestmark = pytest.mark.workflow

# The runs beyond the paper's experiments have tests of their own.
WITHOUT_SHAPES = "\nscaling: null\nvariants: null"
WITHOUT_EXTENSIONS = f"{WITHOUT_SHAPES}\nzero_padding: null"


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("sedes: 3", ["'sedes'", "did you mean 'seeds'"]),
        ("results: 'a{b}c'", ["'results'", "'a{b}c' holds '{'", "expected a folder"]),
        ("results: config/smoke.yaml", ["'results'", "is a file", "a name that is free"]),
        ("experiments: {x_measured: {dataset: {kind: shapes}}}", ["x_measured", "another name"]),
        ("experiments: {pure_cosines: {dataset: {side: 6}}}", ["frequency'", "outside the image"]),
        ("experiments: {cifar4: {dataset: {train_images: 2}}}", ["train_images'", "at least 4"]),
    ],
)
def test_mistake_in_the_configuration_stops_before_any_job(project, setting, parts):
    run = project.snakemake(*project.settings(setting))
    assert run.returncode != 0
    lines = [line for line in run.stdout.splitlines() if line.startswith("configuration key")]
    assert len(lines) == 1
    assert all(part in lines[0] for part in parts)
    assert "Traceback" not in run.stdout
    assert not (project.folder / "results").exists()


@pytest.mark.parametrize("seeds", [1, 3, 12])
@pytest.mark.parametrize("together", ["auto", 5])
def test_every_seed_is_trained_by_one_job(project, seeds, together):
    """Blocks of seeds differ in size from network to network, and the last one is what is left over."""
    settings = ("--config", f"seeds={seeds}", f"seeds_per_job={together}")
    made = planned(project, "trajectories", *settings, "--", "two-layer")
    assert len(made) == len(set(made)) == 6 * 2 * seeds


def planned(project, folder, *arguments):
    """The results in a folder that a run would make, once for each job that makes them."""
    run = project.snakemake("--dry-run", *arguments)
    assert run.returncode == 0, run.stdout[-3000:]
    return [
        path
        for outputs in re.findall(r"^ +output: (.+)$", run.stdout, re.MULTILINE)
        for path in outputs.split(", ")
        if path.startswith(f"results/{folder}/")
    ]


def test_each_network_that_is_there_is_predicted_once(project):
    one = "digits4: {networks: {linear_fcnn: null}}, sums_of_cosines: {networks: {linear_cnn: null}}"
    settings = project.settings(f"experiments: {{{one}}}{WITHOUT_EXTENSIONS}")
    made = planned(project, "theory", *settings, "--", "two-layer")
    assert len(made) == len(set(made)) == 6 * 2 - 2
    assert {path for path in made if "digits4" in path or "sums" in path} == {
        "results/theory/digits4/linear_cnn.nc",
        "results/theory/sums_of_cosines/linear_fcnn.nc",
    }


def test_missing_cifar10_source_is_named_and_the_rest_still_runs(project):
    others = ("geometric_shapes", "digits4", "pure_cosines_cyclic", "sums_of_cosines")
    only = "experiments: {" + ", ".join(f"{name}: null" for name in others) + "}"
    source = ("--config", "cifar10=no/such/archive.tar.xz")
    run = project.snakemake(*project.settings(only + WITHOUT_EXTENSIONS), *source, "--keep-going", "two-layer")
    assert run.returncode != 0
    assert "no/such/archive.tar.xz" in run.stdout
    assert "Traceback" not in run.stdout
    assert not project.results("datasets/cifar4.nc")
    assert len(project.results("trajectories/*/*/seed-*.nc")) == 4
    assert project.results("figures/fig3.pdf")


def test_diverging_training_stops_with_the_remedy_and_no_file(project):
    setting = "experiments: {geometric_shapes: {networks: {linear_cnn: {learning_rate: 0.5}}}}"
    target = "results/trajectories/geometric_shapes/linear_cnn/seed-0.nc"
    run = project.snakemake(*project.settings(setting), "--", target)
    assert run.returncode != 0
    assert "experiment 'geometric_shapes', linear_cnn, seed 0: the training diverged by sample" in run.stdout
    assert "lower learning_rate (0.5)" in run.stdout
    assert "Traceback" not in run.stdout
    assert not (project.folder / target).exists()


def cifar10_archive(folder):
    """A small image folder in the layout of CIFAR-10, as a tar archive."""
    generator = np.random.default_rng(0)
    for split, images in (("train", 20), ("test", 5)):
        for place, name in enumerate(("airplane", "automobile", "bird", "cat")):
            (folder / "images" / split / name).mkdir(parents=True)
            for number in range(images):
                pixels = generator.integers(0, 256, (32, 32, 3)) // 4 + 40 * place
                Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / split / name / f"{number:04}.png")
    return shutil.make_archive(str(folder / "cifar"), "gztar", folder / "images")


def test_colour_images_from_an_archive_through_the_whole_chain(project, tmp_path):
    only = "experiments: {pure_cosines: null, pure_cosines_cyclic: null, sums_of_cosines: null, digits4: null}"
    source = ("--config", f"cifar10={cifar10_archive(tmp_path)}")
    run = project.snakemake(*project.settings(only + WITHOUT_SHAPES), *source, "--", "two-layer", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    assert {"fig5", "figS4", "zero_padding"} <= {path.stem for path in project.results("figures/*.png")}
    with xr.open_dataset(project.results("trajectories/cifar4/linear_cnn/seed-0.nc")[0]) as trajectory:
        assert trajectory["kernel_magnitude"].shape[2:] == (3, 32, 32)
        assert "test_loss" in trajectory
    # CIFAR-4 stays in the ledger, and its source need not be named again.
    again = project.snakemake(*project.settings(only + WITHOUT_SHAPES), "--dry-run", "--", "all")
    assert "Nothing to be done" in again.stdout, again.stdout[-3000:]

    def settings_with(rate, more=""):
        other = only.replace("}", f", cifar4: {{networks: {{linear_cnn: {{learning_rate: {rate}}}{more}}}}}}}")
        return project.settings(other + WITHOUT_SHAPES)

    def measured_with(*settings):
        """Whether `all`, to which CIFAR-4 does not belong, judges what is there of it."""
        run = project.snakemake(*settings_with(*settings), "--", "results/claims.json")
        assert run.returncode == 0, run.stdout[-5000:]
        assert ("zero_padding is left out" in run.stdout) == ("cifar4 is left out" in run.stdout)
        ledger = {entry["id"]: entry for entry in json.loads(project.results("claims.json")[0].read_text())}
        return "was not run" not in ledger["10-cnn-later"]["reason"], "cifar4 is left out" in run.stdout

    assert measured_with("4.0e-4") == (False, True), "results of other settings"
    assert measured_with("2.0e-4", ", deep_linear_cnn: {channels: 4}") == (True, False), "a network not there yet"
    assert measured_with("2.0e-4") == (True, False)

    def reported_with(rate):
        """The pictures in a report, and whether it says that others are left out."""
        run = project.snakemake(*settings_with(rate), *source, "--report", "report.html", "--", "finished")
        assert run.returncode == 0, run.stdout[-5000:]
        page = (project.folder / "report.html").read_text(encoding="utf-8")
        return json.loads(re.search(r"var results = (\{.*\});\n", page)[1]), "are left out (" in run.stdout

    pictures, left_out = reported_with("4.0e-4")
    assert left_out, "captions quote the configuration"
    of_cifar4 = {f"results/figures/{name}.png" for name in ("fig5", "cifar4/losses", "zero_padding")}
    of_cifar4 |= {"results/claims.html"}
    assert not of_cifar4 & pictures.keys()
    assert "results/figures/geometric_shapes/losses.png" in pictures
    pictures, left_out = reported_with("2.0e-4")
    assert of_cifar4 <= pictures.keys()
    assert not left_out


@pytest.mark.parametrize("side", [7, 10])
def test_own_experiment_with_three_channels(project, side):
    own = (
        f"seeds: 2\nexperiments: {{mine: {{dataset: {{kind: shapes, side: {side}, channels: 3, shapes: [ring, disc]}}, "
        "updates: 500, records: 20, networks: {linear_cnn: {kernel_std: 0.01}, linear_fcnn: null}}}"
    )
    target = "results/figures/mine/images.png"
    run = project.snakemake(*project.settings(own), "--", target)
    assert run.returncode == 0, run.stdout[-5000:]
    assert project.results("figures/mine/spectra.pdf")
    assert not project.results("trajectories/mine/linear_fcnn/*")
