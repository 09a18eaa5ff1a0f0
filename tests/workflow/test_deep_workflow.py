"""The deep networks through the whole chain, from an archive of images to Figure 6, in smoke size."""

import shutil

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES

pytestmark = pytest.mark.workflow

ONLY = (
    "experiments: {pure_cosines: null, pure_cosines_cyclic: null, sums_of_cosines: null, geometric_shapes: null, "
    "digits4: null, cifar4: null}\nscaling: null\nvariants: null\nzero_padding: null\n"
)
TRAJECTORIES = [
    f"results/trajectories/cifar10/{network}/seed-{seed}.nc"
    for network in ("deep_linear_cnn", "deep_relu_cnn")
    for seed in (0, 1)
]


def archive(folder):
    """Ten images per class, two of them for testing, as a tar archive of an image folder."""
    generator = np.random.default_rng(0)
    for split, images in (("train", 8), ("test", 2)):
        for place, name in enumerate(CIFAR10_CLASSES):
            (folder / "images" / split / name).mkdir(parents=True)
            for number in range(images):
                pixels = generator.integers(0, 256, (32, 32, 3)) // 4 + 15 * place
                Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / split / name / f"{number:04}.png")
    return shutil.make_archive(str(folder / "cifar"), "gztar", folder / "images")


def run(project, source, settings, *arguments):
    files = (*project.settings(ONLY + settings), "--config", f"cifar10={source}")
    return project.snakemake(*files, *arguments, cores=2)


def test_deep_networks_to_figure_6_one_by_one_and_side_by_side(project, tmp_path):
    source = archive(tmp_path)
    made = run(project, source, "deep_training: {device: cpu}\n", "--", "results/figures/fig6.png", *TRAJECTORIES)
    assert made.returncode == 0, made.stdout[-5000:]
    assert project.results("figures/fig6.pdf")
    assert not project.results("theory/**/*.nc")
    assert not project.results("checkpoints/**/seed*")
    log = project.results("logs/trajectories/cifar10/deep_relu_cnn/seed-0.log")[0].read_text()
    assert "batch 200 of 200" in log
    alone = {path: xr.load_dataset(project.folder / path) for path in TRAJECTORIES}
    for trajectory in alone.values():
        assert trajectory["batch"].values.tolist() == list(range(0, 201, 10))
        losses = trajectory["train_loss"].isel(seed=0)
        assert losses[-1] < losses[0]

    # What has been made is not made again because the seeds would now be trained otherwise.
    other = "deep_training: {device: cpu, seeds_per_job: 2}\ncheckpoint_minutes: 1.0\n"
    planned = run(project, source, other, "--dry-run", "--", *TRAJECTORIES)
    assert "Nothing to be done" in planned.stdout
    together = run(project, source, other, "--force", "--", *TRAJECTORIES)
    assert together.returncode == 0, together.stdout[-5000:]
    for path, expected in alone.items():
        trajectory = xr.load_dataset(project.folder / path)
        assert trajectory.attrs == expected.attrs
        # Rounding can flip a ReLU or the choice of a pooling.
        xr.testing.assert_allclose(trajectory["train_loss"], expected["train_loss"], rtol=0.05)


def test_cuda_without_a_gpu_stops_before_any_training(project, tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU; what happens without one is not checked")
    failed = run(project, archive(tmp_path), "deep_training: {device: cuda}\n", "--", TRAJECTORIES[0])
    assert failed.returncode != 0
    assert "device: cuda is asked for, but" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert not (project.folder / TRAJECTORIES[0]).exists()


def test_only_reproduce_all_trains_deep_networks(project):
    for target, deep in (("all", False), ("two-layer", False), ("reproduce-all", True)):
        planned = project.snakemake("--configfile", "config/smoke.yaml", "--dry-run", "--quiet", "rules", "--", target)
        assert planned.returncode == 0, planned.stdout[-5000:]
        assert ("train_deep" in planned.stdout) == deep, target
