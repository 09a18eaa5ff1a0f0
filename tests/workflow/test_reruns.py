"""What an edit runs again: a job depends on the code that it runs, and on nothing else."""

import re
import shutil

import numpy as np
import pytest
from PIL import Image

from conftest import Project
from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES
from learning_dynamics.datasets.registry import BY_KIND
from learning_dynamics.networks.registry import MODELS
from learning_dynamics.pipeline import code_state
from unit.pictures_on_disk import waves, write

pytestmark = pytest.mark.workflow

# One experiment of the paper's, deep networks, and images of one's own in a zip file, one seed each.
SETTINGS = """
seeds: 1
cifar10: cifar.tar.gz
deep_training: {device: cpu}
experiments:
  pure_cosines: null
  pure_cosines_cyclic: null
  sums_of_cosines: null
  digits4: null
  cifar4: null
  geometric_shapes: {updates: 400, snapshots: []}
  cifar10: {dataset: {train_images: 40, test_images: 10}, updates: 80, records: 5}
  mine:
    dataset: {kind: images, source: mine.zip}
    networks: {linear_cnn: {learning_rate: 1.0e-3}, linear_fcnn: {learning_rate: 1.0e-3, hidden_units: 16}}
    updates: 400
    records: 40
scaling: null
variants: null
"""
TARGET = ("--", "reproduce-all")

# The rules that run an edited module themselves; what they make anew goes on from there.
RUN_BY = {
    "datasets/sources/archives.py": {"dataset"},
    "datasets/sources/torchvision_images.py": {"dataset"},
    "datasets/kinds/shapes.py": {"dataset"},
    "config/loading.py": set(),
    "config/documents.py": set(),
    "datasets/registry.py": set(),
    "training/progress.py": {"train", "train_deep"},
    "engines/linear_cnn.py": {"theory", "train"},
    "engines/linear_fcnn.py": {"theory", "train"},
    "engines/deep/engine.py": {"train_deep"},
    "theory/gradient_flow.py": {"theory"},
    "figures/paper/deep_networks.py": {"paper_figure_fig6"},
    "claims/measures/losses.py": {"claims"},
    "claims/page.py": {"claims_page"},
    "claims/words.py": {"claims"},
    "publishing/provenance_page.py": {"provenance"},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("reruns") / "project")
    generator = np.random.default_rng(0)
    for split, images in (("train", 4), ("test", 1)):
        for label, name in enumerate(CIFAR10_CLASSES):
            folder = project.folder / "cifar" / split / name
            folder.mkdir(parents=True)
            for number in range(images):
                pixels = generator.integers(0, 256, (32, 32, 3)) // 4 + 15 * label
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    shutil.make_archive(str(project.folder / "cifar"), "gztar", project.folder / "cifar")
    write(project.folder, "mine.zip", waves())
    run = project.snakemake(*project.settings(SETTINGS), *TARGET, cores=2)
    assert run.returncode == 0, run.stdout[-5000:]
    return project


def planned(project):
    """What a dry run says, and the rules whose code has changed."""
    said = project.snakemake(*project.settings(SETTINGS), "--dry-run", *TARGET).stdout
    changed = re.search(r"params have changed since last execution:\n\s+(.*)", said)
    return said, set(changed[1].split(", ")) if changed else set()


def test_every_edit_of_the_table_runs_what_runs_it(finished):
    library = finished.folder / "workflow" / "learning_dynamics"
    wrong = {}
    for module, rules in RUN_BY.items():
        path = library / module
        before = path.read_bytes()
        path.write_bytes(before + b"\nEDITED = 1\n")
        said, found = planned(finished)
        path.write_bytes(before)
        if found != rules or (not rules and "Nothing to be done" not in said):
            wrong[module] = found
        if module == "engines/linear_cnn.py":
            retrained = set(re.findall(r"output: results/trajectories/\w+/(\w+)/", said))
            assert retrained == {"linear_cnn"}
    assert not wrong


def test_comments_docstrings_and_time_stamps_run_nothing(finished):
    library = finished.folder / "workflow" / "learning_dynamics"
    kept = {}
    for path in library.rglob("*.py"):
        kept[path] = path.read_bytes()
        path.write_bytes(b"# A remark.\n" + kept[path].replace(b'"""', b'"""Or: ', 1) + b"\n# Another one.\n")
    said, _ = planned(finished)
    for path, content in kept.items():
        path.write_bytes(content)
    assert "Nothing to be done" in said


def test_no_job_ran_a_module_that_its_code_state_does_not_know(finished):
    """Python says what it has imported; only the registries' tables may be there, of which no method was called."""
    tables = {type_.__module__ for type_ in (*BY_KIND.values(), *MODELS.values())}
    scripts = finished.folder / "workflow" / "scripts"
    by_log = {
        "datasets/mine.log": ("dataset.py", ["datasets.kinds.images"]),
        "datasets/cifar10.log": ("dataset.py", ["datasets.kinds.cifar10"]),
        "correlations/mine.log": ("correlations.py", []),
        "structure/mine.log": ("structure.py", []),
        "trajectories/mine/linear_cnn/seed-0.log": ("train.py", ["networks.linear_cnn"]),
        "trajectories/mine/linear_fcnn/seed-0.log": ("train.py", ["networks.linear_fcnn"]),
        "trajectories/cifar10/deep_relu_cnn/seed-0.log": ("train_deep.py", ["networks.deep_cnn"]),
        "theory/mine.log": ("predict.py", ["networks.linear_cnn", "networks.linear_fcnn"]),
        "claims.log": ("claims.py", []),
        "claims_page.log": ("claims_page.py", []),
        "provenance.log": ("provenance.py", []),
        "figures/fig6.log": ("paper_figure.py", ["figures.paper.deep_networks", "networks.deep_cnn"]),
    }
    for log, (script, picked) in by_log.items():
        text = (finished.folder / "results" / "logs" / log).read_text(encoding="utf-8")
        ran = set(re.findall(r"modules: (.*)", text)[-1].split())
        known = set(code_state.imported(scripts / script, [f"learning_dynamics.{name}" for name in picked]))
        known |= {*code_state.REGISTRIES, *code_state._reached(scripts / script, sorted(tables), frozenset())[0]}
        unknown = ran - known
        assert not unknown, f"{log}: {unknown}"
        assert len(ran) > 5
