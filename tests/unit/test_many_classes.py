"""Hundreds of classes: from the structure to predictions, trainings and figures, of the leading modes only."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from learning_dynamics.config import chosen_settings, paper
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.figures import catalogue, prediction_pages
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.networks.registry import Networks
from learning_dynamics.predictions import automatic
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.results import ExperimentResults
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.files import read_structure, structure_of
from learning_dynamics.structure.training_data import StructureFiles, TrainingData
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training.checkpoints import CheckpointFolder
from learning_dynamics.training.task import Trials, TwoLayerTask
from learning_dynamics.training.two_layer import train, train_to_files

LOG = logging.getLogger("test")
CLASSES, SIDE, MODES = 500, 12, 128
# A run to the discovery of a mode would take some thousand updates.
RULES = AutomaticSettings(step=1.0, most_updates=100)
RECORDS = 30


def many_classes():
    """Two images of every class: some of 72 waves, the lower frequencies stronger, and a little noise."""
    generator = np.random.default_rng(0)
    row, column = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    waves = [
        np.cos(2 * np.pi * (row * i + column * j) / SIDE + phase) / (1 + i + j)
        for i in range(6)
        for j in range(6)
        for phase in (0, np.pi / 2)
    ]
    means = np.tensordot(generator.standard_normal((CLASSES, len(waves))), np.array(waves), axes=1)
    images = np.repeat(means, 2, axis=0) + 0.05 * generator.standard_normal((2 * CLASSES, SIDE, SIDE))
    labels = np.repeat(np.arange(CLASSES), 2)
    names = tuple(f"class {number}" for number in range(CLASSES))
    return LabelledImages(images[:, None], labels, np.zeros(len(labels), dtype=bool), names, True, "made up")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Every file of an experiment on these images, one training of each network."""
    folder = tmp_path_factory.mktemp("many")
    networks = Networks(linear_fcnn=LinearFCNN(hidden_units=16))
    experiment = Experiment(dataset=paper.paper_experiments()["digits4"].dataset, networks=networks)
    trials = Trials(name="many", settings=experiment, root_seed=0, seeds=1)
    data, correlations, modes = (str(folder / f"{name}.nc") for name in ("data", "correlations", "structure"))
    dataset_files.write(many_classes(), data, "many", {})
    opened = dataset_files.open_file(data)
    structure_files.write_correlations(opened, correlations, "many", {})
    structure_files.write_structure(
        opened, structure_files.read_averages(correlations), modes, "many", {}, most_modes=MODES
    )
    inputs, chosen = StructureFiles(data, correlations, modes), str(folder / "chosen.json")
    with pytest.MonkeyPatch.context() as patched:
        # As for images of this many classes and five times the side.
        patched.setattr(automatic, "_MOST_RECORDED", RECORDS * CLASSES * SIDE**2)
        automatic.choose_to_file(inputs, trials, RULES, chosen)
    plain = experiment.model_dump(mode="json")
    trials = replace(trials, settings=chosen_settings.resolved_experiment(plain, chosen))
    made = {
        "settings": plain,
        "chosen_file": chosen,
        "dataset_file": data,
        "structure_file": modes,
        "seeds": [0],
        "theory_files": {network: str(folder / f"{network}.nc") for network in ("linear_cnn", "linear_fcnn")},
        "trajectory_files": {network: [str(folder / f"{network}-0.nc")] for network in ("linear_cnn", "linear_fcnn")},
    }
    predicted_trajectories.predict_to_files(inputs, trials, made["theory_files"], LOG)
    for network in made["theory_files"]:
        known = inputs.training_data(in_memory=False)
        task = TwoLayerTask(name="many", settings=trials.settings, network=network, root_seed=0, data=known)
        outputs = dict(enumerate(made["trajectory_files"][network]))
        train_to_files(task, outputs, CheckpointFolder(folder / "checkpoints", 3.0, ""), LOG)
    return made


def test_the_leading_modes_are_kept_and_the_others_counted(files, tmp_path):
    stored = read_structure(files["structure_file"])
    assert stored.sizes["class"] == CLASSES
    assert stored.sizes["mode"] == MODES
    every = np.concatenate([stored["singular_values"].values, stored["further_singular_values"].values])
    assert len(every) == SIDE**2
    assert (np.diff(every) <= 0).all()
    data = dataset_files.open_file(files["dataset_file"])
    averages = {"train": data.split("train").correlations()}
    np.testing.assert_allclose(every, np.linalg.svd(averages["train"].input_output, compute_uv=False), atol=1e-12)


def test_records_are_fewer_where_the_networks_are_large(files):
    chosen = chosen_settings.read(files["chosen_file"])
    assert chosen["records"] == RECORDS
    for trajectories in files["trajectory_files"].values():
        trajectory = trajectory_files.read(trajectories[0])
        assert trajectory["effective_singular_values"].shape == (RECORDS + 1, MODES, MODES)
        assert json.loads(trajectory.attrs["settings"])["records"] == RECORDS


def test_what_is_recorded_is_that_of_the_network(files):
    data = dataset_files.open_file(files["dataset_file"]).split("train")
    correlations = data.correlations()
    modes = structure_of(read_structure(files["structure_file"]))
    trajectory = trajectory_files.read(files["trajectory_files"]["linear_fcnn"][0])
    first, second = (trajectory[f"{name}_layer"].values[-1] for name in ("first", "second"))
    network = second @ first.reshape(len(first), -1)
    omega = trajectory["effective_singular_values"].values[-1]
    np.testing.assert_allclose(omega, modes.left.T @ network @ correlations.input @ modes.right, rtol=1e-9, atol=1e-12)
    answers = data.vectors(slice(None)) @ network.T
    errors = np.eye(CLASSES)[data.labels] - answers
    assert trajectory["train_loss"].values[-1] == pytest.approx((errors**2).mean(), rel=1e-9)
    assert 0 < trajectory["train_loss"].values[-1] < trajectory["train_loss"].values[0]


def test_the_prediction_names_a_few_modes_and_classes(files, tmp_path):
    paths = {name: str(tmp_path / f"prediction.{name}") for name in ("json", "text", "page")}
    paths["figures"] = [str(tmp_path / f"{figure}.png") for figure in catalogue.PREDICTION_FIGURES]
    prediction_pages.prediction("many", {"many": files}, 0.05, paths)
    text = Path(paths["text"]).read_text(encoding="utf-8")
    assert "1,000 training images of 500 classes" in text
    assert "128 of 144 modes, the leading ones" in " ".join(text.split())
    details, classes = text.split("\nClasses\n")
    assert len(details) < 10_000
    assert len(classes.splitlines()) == CLASSES + 2, "every one, with its number of images"
    assert Path(paths["page"]).stat().st_size < 2_000_000


@pytest.mark.parametrize("figure", catalogue.EXPERIMENT_FIGURES)
def test_figures_show_the_first_few_and_say_so(files, figure, tmp_path):
    results = ExperimentResults.from_files("many", files)
    drawn = import_module(f"learning_dynamics.figures.experiment.{figure}").draw(results)
    legends = [legend for part in (drawn, *drawn.axes) for legend in getattr(part, "legends", [])]
    assert all(len(legend.get_texts()) <= 14 for legend in legends)
    said = " ".join(text.get_text() for text in drawn.findobj(lambda part: hasattr(part, "get_text")))
    if figure != "losses":
        assert "first 10 of" in said or "and 118 more modes" in " ".join(said.split())
    assert len(said) < 3000


def test_what_is_kept_is_what_it_was(tmp_path):
    """Fewer modes change nothing of those that are kept, nor of the training."""
    experiment = paper.paper_experiments()["digits4"].model_copy(update={"updates": 300, "records": 5, "snapshots": []})
    data = experiment.dataset.make(Making("digits4", 0))
    averages = {split: data.split(split).correlations() for split in data.splits}
    trained = {}
    for most in (2, 128):
        structure_files.write_structure(data, averages, tmp_path / "s.nc", "digits4", {}, most_modes=most)
        decomposition = structure_of(read_structure(tmp_path / "s.nc"))
        known = TrainingData(data, averages, decomposition)
        task = TwoLayerTask(name="digits4", settings=experiment, network="linear_cnn", root_seed=0, data=known)
        trained[most] = train(task, 0, lambda *_: None)
    for name in ("train_loss", "test_loss", "kernel_magnitude"):
        np.testing.assert_array_equal(trained[2][name], trained[128][name])
    few, all_modes = (trained[most]["effective_singular_values"].values for most in (2, 128))
    np.testing.assert_allclose(few, all_modes[:, :2, :2], rtol=1e-12, atol=1e-15)
