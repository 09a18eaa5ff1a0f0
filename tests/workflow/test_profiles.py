"""What the profiles ask for; the cluster's is also tested on a real Slurm, in tests/cluster."""

import os
import re
from datetime import datetime

import pytest
from PIL import Image

from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES

pytestmark = pytest.mark.workflow

SLURM = ("--profile", "workflow/profiles/slurm")
DEEP = "results/trajectories/cifar10/deep_linear_cnn/seed-{}.nc"


def planned(project, *arguments, **environment):
    """A dry run that tells of every job, on a machine without NVIDIA's driver."""
    run = project.snakemake(
        *SLURM, "--dry-run", "--quiet", "host", *arguments, environment={**os.environ, "PATH": "/bin", **environment}
    )
    assert run.returncode == 0, run.stdout[-5000:]
    return run.stdout


def test_the_paper_needs_few_slurm_jobs(project):
    plan = planned(project, "--", "reproduce-all")
    groups = len(re.findall(r"Group job", plan))
    grouped = len(re.findall(r"^    (?:local)?rule ", plan, re.MULTILINE))
    alone = len(re.findall(r"^(?:local)?rule ", plan, re.MULTILINE))
    here = len(
        re.findall(r"^(?:local)?rule (?:claims|provenance|compare|extension|summary|reproduce-all)", plan, re.MULTILINE)
    )
    # docs/cluster.md quotes these.
    assert (grouped + alone - here, groups + alone - here) == (94, 73)
    # Five of ten seeds side by side, and what they ask for in memory, fit a group's limits.
    assert int(re.search(r"^  - mem_mb=(\d+)", profile(project), re.MULTILINE)[1]) >= 5 * 1953


def profile(project):
    return (project.folder / "workflow" / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("device", "environment", "gpus"),
    [
        ("cuda", {}, 1),
        ("cpu", {}, 0),
        ("auto", {}, 0),
        # A compute node with a driver keeps to what the login node, here with one, has found.
        ("auto", {"DEEP_TRAINING_GPUS": "1"}, 1),
    ],
)
def test_deep_trainings_ask_for_a_gpu_where_one_is_wanted(project, device, environment, gpus):
    settings = project.settings(f"deep_training: {{device: {device}}}")
    plan = planned(project, *settings, "--", DEEP.format(0), **environment)
    asked = re.findall(r"rule (\w+):(?:\n .*)*?\n +resources: (.*)", plan)
    assert {rule for rule, _ in asked} == {"dataset", "correlations", "structure", "train_deep"}
    for rule, resources in asked:
        found = re.search(r"gpu=(\d+)", resources)
        assert int(found[1] if found else 0) == (gpus if rule == "train_deep" else 0)


def test_no_more_trainings_at_once_than_gpus(project, tmp_path):
    for split in ("train", "test"):
        for place, name in enumerate(CIFAR10_CLASSES):
            (tmp_path / "images" / split / name).mkdir(parents=True)
            for number in range(8 if split == "train" else 2):
                color = (10 * place, 20 * number, 100)
                Image.new("RGB", (32, 32), color).save(tmp_path / "images" / split / name / f"{number}.png")
    settings = project.settings("deep_training: {device: cpu}")
    arguments = (*settings, "--config", f"cifar10={tmp_path / 'images'}", "--set-resources", "train_deep:gpu=1")
    run = project.snakemake(
        "--profile", "workflow/profiles/gpu", *arguments, "--", DEEP.format(0), DEEP.format(1), cores=2
    )
    assert run.returncode == 0, run.stdout[-5000:]
    spans = []
    for path in project.results("logs/trajectories/cifar10/deep_linear_cnn/seed-*.log"):
        times = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+) ", path.read_text(encoding="utf-8"), re.MULTILINE)
        spans.append([datetime.strptime(time, "%Y-%m-%d %H:%M:%S,%f") for time in (times[0], times[-1])])
    (_, end), (start, _) = sorted(spans)
    assert end <= start
