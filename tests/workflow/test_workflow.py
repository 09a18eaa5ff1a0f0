"""The real workflow, in smoke size, in a clean copy of the project."""

import hashlib
import shutil
import time

import numpy as np
import pytest
import xarray as xr
from conftest import Project
from PIL import Image

pytestmark = pytest.mark.workflow

SMOKE = ("--configfile", "config/smoke.yaml")
EXPERIMENTS = ("pure_cosines", "pure_cosines_cyclic", "sums_of_cosines", "geometric_shapes", "digits4")


def digests(project, pattern):
    return {
        str(path.relative_to(project.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.results(pattern)
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
    assert figures == {"fig1", "fig2", "fig3", "fig4", "fig5_digits", "figS1", "figS2", "figS3", "figS5"}
    assert not finished.results("**/*partial*")


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
            losses = trajectory["train_loss"].values
            assert losses[-1] < 0.9 * losses[0], path


def test_finished_tree_has_nothing_to_do_and_says_so_quickly(finished):
    start = time.monotonic()
    run = finished.snakemake(*SMOKE, "--dry-run")
    assert "Nothing to be done" in run.stdout
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("module", "reruns", "spares"),
    [
        ("figures/statistical_structure.py", {"paper_figure"}, {"train", "dataset", "experiment_figures"}),
        ("networks/linear_cnn.py", {"train", "paper_figure"}, {"dataset", "structure"}),
        ("datasets/shapes.py", {"dataset", "correlations", "structure", "train"}, set()),
    ],
)
def test_edited_module_reruns_what_uses_it(finished, module, reruns, spares):
    path = finished.folder / "workflow" / "learning_dynamics" / module
    before = path.read_bytes()
    try:
        path.write_bytes(before + b"\n# edited\n")
        planned = finished.snakemake(*SMOKE, "--dry-run", "--quiet", "rules").stdout
    finally:
        path.write_bytes(before)
    counts = {line.split()[0] for line in planned.splitlines() if len(line.split()) == 2 and line.split()[1].isdigit()}
    assert reruns <= counts
    assert not spares & counts


def test_same_bytes_from_one_core_another_folder_and_another_order(finished, tmp_path_factory):
    again = Project(tmp_path_factory.mktemp("again") / "elsewhere")
    targets = [
        f"results/trajectories/{name}/{network}/seed-1.nc"
        for name in reversed(EXPERIMENTS)
        for network in ("linear_fcnn", "linear_cnn")
    ]
    run = again.snakemake(*SMOKE, *targets, "results/figures/fig2.pdf", "results/figures/fig2.png")
    assert run.returncode == 0, run.stdout[-5000:]
    made = digests(again, "**/*.nc") | digests(again, "figures/*")
    expected = digests(finished, "**/*.nc") | digests(finished, "figures/*")
    assert len(made) >= len(targets) + 8 + 2
    assert {name: expected[name] for name in made} == made


def test_changed_setting_reruns_only_its_experiment(finished):
    setting = "experiments={digits4: {networks: {linear_cnn: {learning_rate: 0.002}}}}"
    planned = finished.snakemake(*SMOKE, "--config", setting, "--dry-run").stdout
    assert "trajectories/digits4/" in planned
    assert "output: results/trajectories/geometric_shapes/" not in planned


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("sedes=3", ["'sedes'", "did you mean 'seeds'"]),
        ("experiments={pure_cosines: {networks: {linear_cnn: {learning_rate: 1e-3}}}}", ["learning_rate'", "1.0e-03"]),
        ("experiments={pure_cosines: {dataset: {side: 6}}}", ["frequency'", "outside the image"]),
        ("experiments={cifar4: {dataset: {train_images: 2}}}", ["train_images'", "at least 4"]),
    ],
)
def test_mistake_in_the_configuration_stops_before_any_job(project, setting, parts):
    run = project.snakemake("--config", setting)
    assert run.returncode != 0
    lines = [line for line in run.stdout.splitlines() if line.startswith("configuration key")]
    assert len(lines) == 1
    assert all(part in lines[0] for part in parts)
    assert "Traceback" not in run.stdout
    assert not (project.folder / "results").exists()


def test_missing_cifar10_source_is_named_and_the_rest_still_runs(project):
    settings = ("--config", "cifar10=no/such/archive.tar.xz", "experiments={geometric_shapes: null, digits4: null}")
    run = project.snakemake(*SMOKE, *settings, "--keep-going", "two-layer")
    assert run.returncode != 0
    assert "no/such/archive.tar.xz" in run.stdout
    assert "Traceback" not in run.stdout
    assert not project.results("datasets/cifar4.nc")
    assert len(project.results("trajectories/*/*/seed-*.nc")) == 8
    assert project.results("figures/fig3.pdf")


def test_diverging_training_stops_with_the_remedy_and_no_file(project):
    setting = "experiments={geometric_shapes: {networks: {linear_cnn: {learning_rate: 0.5}}}}"
    target = "results/trajectories/geometric_shapes/linear_cnn/seed-0.nc"
    run = project.snakemake(*SMOKE, "--config", setting, "--", target)
    assert run.returncode != 0
    assert "experiment 'geometric_shapes', linear_cnn, seed 0: the training diverged at sample" in run.stdout
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
    only = "experiments={pure_cosines: null, sums_of_cosines: null}"
    run = project.snakemake(*SMOKE, "--config", f"cifar10={cifar10_archive(tmp_path)}", only, "two-layer", cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    assert {"fig5", "figS4"} <= {path.stem for path in project.results("figures/*.png")}
    with xr.open_dataset(project.results("trajectories/cifar4/linear_cnn/seed-0.nc")[0]) as trajectory:
        assert trajectory["kernel_magnitude"].shape[1:] == (3, 32, 32)
        assert "test_loss" in trajectory


@pytest.mark.parametrize("side", [7, 10])
def test_own_experiment_with_three_channels(project, side):
    own = (
        f"experiments={{mine: {{dataset: {{kind: shapes, side: {side}, channels: 3, shapes: [ring, disc]}}, "
        "updates: 500, records: 20, networks: {linear_cnn: {kernel_std: 0.01}, linear_fcnn: null}}}"
    )
    target = "results/figures/mine/images.png"
    run = project.snakemake("--config", "seeds=2", own, "--", target)
    assert run.returncode == 0, run.stdout[-5000:]
    assert project.results("figures/mine/spectra.pdf")
    assert not project.results("trajectories/mine/linear_fcnn/*")
