"""The public face: arrays in, xarray out, the same numbers as the pipeline's; its page and notebooks run."""

import ast
import contextlib
import io
import logging
import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement

import learning_dynamics
from conftest import PROJECT, Project
from learning_dynamics.config import chosen_settings
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.errors import ConfigurationError, DataError
from learning_dynamics.predictions import automatic
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import StructureFiles, TrainingData
from learning_dynamics.training.checkpoints import CheckpointFolder
from learning_dynamics.training.task import Trials, TwoLayerTask
from learning_dynamics.training.two_layer import train_to_files

LOG = logging.getLogger("test")
LIBRARY = PROJECT / "workflow" / "learning_dynamics"
PAGE = (PROJECT / "docs" / "library.md").read_text(encoding="utf-8")
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOTEBOOKS = sorted((PROJECT / "docs" / "notebooks").glob("*.ipynb"))
SHORT = {"updates": 300, "records": 10, "networks": {"linear_fcnn": {"hidden_units": 9}}}


def own_images(per_class=12, seed=6):
    """Three classes of 6x6 pixels in two channels and their labels, class by class, as the pipeline orders them."""
    means = np.random.default_rng(5).random((3, 2, 6, 6))
    labels = np.repeat(np.arange(3), per_class)
    return (means[labels] + 0.2 * np.random.default_rng(seed).random((len(labels), 2, 6, 6))) / 1.2, labels


def split():
    images, labels = own_images(9)
    return {"images": images, "labels": labels, "test": own_images(3, seed=7)}


@pytest.fixture(scope="module")
def as_rules_do(tmp_path_factory):
    """Theory and trajectories of the same images through the files of the rules."""
    folder = tmp_path_factory.mktemp("rules")
    given = split()
    images, labels = given["test"]
    np.savez(
        folder / "mine.npz", images=given["images"], labels=given["labels"], test_images=images, test_labels=labels
    )
    settings = Experiment.model_validate({**SHORT, "dataset": {"kind": "images", "source": str(folder / "mine.npz")}})
    files = StructureFiles(*(folder / f"{name}.nc" for name in ("dataset", "correlations", "structure")))
    settings.dataset.write(Making("mine", 0), files.dataset)
    data = dataset_files.open_file(files.dataset)
    structure_files.write_correlations(data, files.correlations, "mine", {})
    averages = structure_files.read_averages(files.correlations)
    structure_files.write_structure(data, averages, files.structure, "mine", {})
    trials = Trials(name="mine", settings=settings, root_seed=20230723, seeds=2)
    automatic.choose_to_file(files, trials, AutomaticSettings(), folder / "chosen.json")
    settings = chosen_settings.resolved(settings, chosen_settings.read(folder / "chosen.json"))
    trials = Trials(name="mine", settings=settings, root_seed=20230723, seeds=2)
    outputs = {network: folder / f"{network}.nc" for network in settings.networks.two_layer}
    predicted_trajectories.predict_to_files(files, trials, outputs, LOG)
    for network in outputs:
        (folder / network).mkdir()
        task = TwoLayerTask(
            name="mine",
            settings=settings,
            network=network,
            root_seed=20230723,
            data=files.training_data(in_memory=True),
        )
        paths = {seed: str(folder / network / f"seed-{seed}.nc") for seed in range(2)}
        train_to_files(task, paths, CheckpointFolder(folder / "checkpoints", 3, ""), LOG)
    return folder


def test_prediction_is_that_of_the_rules(as_rules_do):
    predicted = learning_dynamics.predict(**split(), settings=SHORT, seeds=2, name="mine")
    structure = netcdf.read(as_rules_do / "structure.nc")
    for name in structure.data_vars:
        np.testing.assert_array_equal(predicted[name], structure[name], err_msg=name)
    for network in ("linear_cnn", "linear_fcnn"):
        theory = netcdf.read(as_rules_do / f"{network}.nc")
        for name in theory.data_vars:
            found = predicted[name]
            found = found.sel(network=network) if "network" in found.dims else found
            np.testing.assert_array_equal(found, theory[name], err_msg=f"{network}, {name}")


def test_training_is_that_of_the_rules_and_follows_the_prediction(as_rules_do):
    trained = learning_dynamics.train(**split(), settings=SHORT, seeds=2, name="mine")
    for network in ("linear_cnn", "linear_fcnn"):
        trajectories = learning_dynamics.open_trajectories(as_rules_do / network)
        assert trajectories["seed"].values.tolist() == [0, 1]
        for name in trajectories.data_vars:
            found = trained[name]
            found = found.sel(network=network) if "network" in found.dims else found
            np.testing.assert_array_equal(found, trajectories[name], err_msg=f"{network}, {name}")
    long = {**SHORT, "updates": 4000, "records": 200}
    trained = learning_dynamics.train(**split(), settings=long, seeds=2)
    predicted = learning_dynamics.predict(**split(), settings=long, seeds=2)
    deviation = trained.discovery_time / predicted.discovery_time - 1
    assert deviation.dims == ("network", "seed", "mode")
    there = np.isfinite(predicted.discovery_time)
    np.testing.assert_array_equal(there, np.isfinite(trained.discovery_time))
    np.testing.assert_array_equal(there.sum("mode"), 2)
    assert abs(deviation).max() < 0.1


def test_layouts_and_types_of_arrays_mean_the_same_images():
    images, labels = own_images()
    last = learning_dynamics.predict(np.moveaxis(images, 1, -1), labels, settings=SHORT, seeds=1)
    first = learning_dynamics.predict(images, labels, settings=SHORT, seeds=1)
    np.testing.assert_array_equal(last.singular_values, first.singular_values)
    grey = np.round(255 * images[:, 0] / images.max()).astype(np.uint8)
    stored = learning_dynamics.predict(grey, labels, settings=SHORT, seeds=1)
    scaled = learning_dynamics.predict(grey[:, None] / 255, labels, settings=SHORT, seeds=1)
    np.testing.assert_allclose(stored.singular_values, scaled.singular_values, atol=1e-15)
    np.testing.assert_allclose(stored.discovery_time, scaled.discovery_time, rtol=1e-6)


def test_large_images_have_estimates_and_are_not_trained():
    generator = np.random.default_rng(1)
    images, labels = generator.random((6, 65, 65)), np.arange(6) % 3
    predicted = learning_dynamics.predict(images, labels)
    assert predicted.discovery_time.dims == ("network", "mode")
    assert "estimated" in predicted.discovery_time.attrs["long_name"]
    assert (np.isfinite(predicted.discovery_time).sum("mode") == 2).all()
    with pytest.raises(DataError, match="4225 values each, too many to train on; expected at most 4096"):
        learning_dynamics.train(images, labels)


IMAGES, LABELS = own_images()
FINE = {"images": IMAGES, "labels": LABELS}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"images": IMAGES.astype(int)}, r"images: of type int64; expected uint8"),
        ({"images": IMAGES[0]}, r"images: of shape \(2, 6, 6\)|labels of the images"),
        ({"images": IMAGES[..., :5]}, r"images: of shape \(36, 2, 6, 5\); expected \(images, n, n\)"),
        ({"images": IMAGES[:, :0]}, r"images: of shape \(36, 0, 6, 6\)"),
        ({"images": np.where(IMAGES.max() == IMAGES, np.nan, IMAGES)}, "images: hold a value that is not finite"),
        ({"labels": LABELS[1:]}, r"labels of the images: .* shape \(35,\); expected 36 whole numbers"),
        ({"labels": LABELS - 1}, "labels of the images: .* from 0"),
        ({"labels": LABELS * 1.0}, "labels of the images: of type float64"),
        ({"labels": LABELS * 2}, "no training image has label 1; expected 0 to 4"),
        ({"labels": LABELS * 0}, "1 classes for images of 72 values; expected 2 to 1000"),
        ({"class_names": ["a", "b"]}, "labels: 2 has no name; expected one in class_names for each, got 2"),
        ({"test": (IMAGES[:, :1], LABELS)}, r"test images: shape \(1, 6, 6\) and type float64; expected those of"),
        ({"test": (IMAGES, LABELS + 3)}, "no training image has label 3"),
        ({"images": IMAGES * 0}, "the mean image of every class is the same"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused_in_one_line(wrong, message):
    with pytest.raises(DataError, match=message) as refused:
        learning_dynamics.predict(**{**FINE, **wrong})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"settings": {"updatess": 5}}, r"^settings: 'updatess': unknown key \(did you mean 'updates'\?\)$"),
        (
            {"settings": {"networks": {"deep_relu_cnn": {}}, "updates": 16000}},
            "deep_relu_cnn' is trained by the workflow",
        ),
        (
            {"settings": {"networks": {"linear_cnn": {"kernel_std": -1.0}}}},
            "settings: 'networks.linear_cnn.kernel_std'",
        ),
        ({"seeds": 0}, "configuration key 'seeds': expected"),
        ({"name": "digits4"}, "'digits4' is an experiment of the paper; expected another name"),
        ({"name": "1"}, "expected a name of letters"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(given, message):
    with pytest.raises(ConfigurationError, match=message) as refused:
        learning_dynamics.train(**FINE, **given)
    assert "\n" not in str(refused.value)


def test_a_folder_without_trajectories_is_refused(tmp_path):
    with pytest.raises(DataError, match="no trajectories; expected files seed-0"):
        learning_dynamics.open_trajectories(tmp_path)


def test_seeds_are_in_the_order_of_their_numbers(as_rules_do, tmp_path):
    part = netcdf.read(as_rules_do / "linear_fcnn" / "seed-0.nc")
    for seed in (10, 9):
        netcdf.write(part.assign_attrs(seed=seed), tmp_path / f"seed-{seed}.nc")
    assert learning_dynamics.open_trajectories(tmp_path)["seed"].values.tolist() == [9, 10]


def test_every_example_of_the_page_prints_what_it_says(tmp_path, monkeypatch):
    experiment = paper_experiments()["geometric_shapes"]
    images = experiment.dataset.make(Making("geometric_shapes", 0))
    averages = structure_files.averages(images, "geometric_shapes")
    stored = structure_files.structure_dataset(images, averages, "geometric_shapes", {})
    data = TrainingData(images, averages, structure_files.structure_of(stored))
    short = experiment.model_copy(update={"updates": 100, "records": 1, "snapshots": []})
    task = TwoLayerTask(name="geometric_shapes", settings=short, network="linear_cnn", root_seed=0, data=data)
    folder = tmp_path / "results" / "trajectories" / "geometric_shapes" / "linear_cnn"
    folder.mkdir(parents=True)
    paths = {seed: str(folder / f"seed-{seed}.nc") for seed in range(2)}
    train_to_files(task, paths, CheckpointFolder(tmp_path, 3, ""), LOG)
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == PAGE.count("```python") >= 5
    names: dict[str, object] = {}
    for code, expected in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == expected


def outputs_of(notebook):
    """The text of every output, and how many pictures there are."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    texts = [output.get("text") or output["data"]["text/plain"] for output in outputs]
    return texts, sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_what_is_stored_in_it(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(LIBRARY.parent))
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(fresh, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert outputs_of(fresh) == outputs_of(stored)
    assert outputs_of(fresh)[1] >= 2


def test_first_notebook_is_ten_lines():
    (first,) = (path for path in NOTEBOOKS if path.stem == "first-look")
    cells = nbformat.read(first, as_version=4).cells
    lines = [line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines() if line.strip()]
    assert len(lines) <= 10


def modules_of_the_wheel():
    paths = LIBRARY.rglob("*.py")
    return [path for path in paths if path.relative_to(LIBRARY).parts[0] not in ("pipeline", "planning")]


def test_dependencies_are_declared():
    """What the wheel's modules import, anywhere in them, is a dependency or in an extra."""
    distributions = packages_distributions()
    declared = [
        *DECLARED["dependencies"],
        *(line for extra in DECLARED["optional-dependencies"].values() for line in extra),
    ]
    names = {Requirement(line).name.lower() for line in declared}
    for path in modules_of_the_wheel():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in {name.split(".")[0] for name in found} - set(sys.stdlib_module_names) - {"learning_dynamics"}:
                accepted = {distribution.lower() for distribution in distributions[name]}
                # Numba and pydantic bring a part of theirs.
                assert accepted & (names | {"llvmlite", "pydantic_core"}), f"{path.name} imports {name}"


USE = """
import sys
import numpy as np
import learning_dynamics
from learning_dynamics.storage import provenance
images, labels = np.random.default_rng(0).random((12, 5, 5)), np.arange(12) % 3
found = learning_dynamics.predict(images, labels, settings={"updates": 50, "records": 5}, seeds=1)
print(learning_dynamics.__file__)
print(found.attrs["code_commit"], found.sizes["mode"])
print(sorted({"torch", "matplotlib", "sklearn", "PIL", "snakemake"} & set(sys.modules)))
"""


@pytest.mark.parametrize("editable", [False, True], ids=["installed", "editable"])
def test_installed_by_pip_it_needs_nothing_else(tmp_path, editable):
    """In an environment of its own, of which the packages of this one are a part; inside another project's checkout."""
    project = Project(tmp_path / "clone")
    for name in ("pyproject.toml", "docs/library.md", "LICENSE"):
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_bytes((PROJECT / name).read_bytes())
    user = tmp_path / "user"
    user.mkdir()
    venv.create(user / ".venv")
    python = user / ".venv" / "bin" / "python"
    here = [path for path in sys.path if path.endswith("site-packages")]
    packages = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")
    (user / ".venv" / packages / "here.pth").write_text("\n".join(here), encoding="utf-8")

    def run(*command):
        # Compilation would take most of the time.
        environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
        done = subprocess.run(command, cwd=user, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("git", "init", "--quiet")
    run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "--message", "theirs")
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check", "install"]
    run(*pip, "--no-deps", "--no-build-isolation", *(["--editable"] if editable else []), project.folder)
    where, origin, modules = run(python, "-c", USE).splitlines()
    assert Path(where).is_relative_to(project.folder if editable else user / ".venv")
    assert origin == "unknown 3"
    assert modules == "[]"


def test_other_names_are_not_there():
    assert set(learning_dynamics.__all__) == set(re.findall(r"^\| `learning_dynamics\.(\w+)", PAGE, re.MULTILINE))
    with pytest.raises(AttributeError, match="no attribute 'predictt'"):
        learning_dynamics.predictt  # noqa: B018


def test_importing_it_imports_no_numpy():
    """A job sets the number of threads first."""
    code = "import sys; import learning_dynamics; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=LIBRARY.parent, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
