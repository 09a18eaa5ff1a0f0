"""What is told of an experiment before training, and how well it did: the words agree with the numbers."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from learning_dynamics.config import chosen_settings, paper
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.figures import catalogue, prediction_pages, render
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.networks.registry import Networks
from learning_dynamics.predictions import automatic, summary, words
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.theory import gradient_flow
from learning_dynamics.training.checkpoints import CheckpointFolder
from learning_dynamics.training.task import Trials, TwoLayerTask
from learning_dynamics.training.two_layer import train_to_files

LOG = logging.getLogger("test")
SEEDS = 2


def uneven_images():
    """Four classes of 7x7 pixels in two channels, from 3 to 12 images, a third of them held out."""
    generator = np.random.default_rng(0)
    means = 0.5 * generator.standard_normal((4, 2, 7, 7))
    counts = [3, 6, 9, 12]
    images = np.concatenate(
        [mean + 0.1 * generator.standard_normal((count, 2, 7, 7)) for mean, count in zip(means, counts, strict=True)]
    )
    labels = np.repeat(np.arange(4), counts)
    names = ("a <b>", "c & d", "é", '"quoted"')
    return LabelledImages(images, labels, np.arange(30) % 3 == 2, names, True, "made up")


def made(folder, trained=True, largest_input=np.inf):
    """Every file of an experiment on these images; settings chosen from them."""
    networks = Networks(linear_cnn=LinearCNN(kernel_std=1e-2), linear_fcnn=LinearFCNN(hidden_units=20))
    settings = Experiment(dataset=paper.paper_experiments()["digits4"].dataset, networks=networks, records=60)
    plain = settings.model_dump(mode="json")
    dataset, correlations, decomposition = (
        str(folder / f"{name}.nc") for name in ("data", "correlations", "structure")
    )
    dataset_files.write(uneven_images(), dataset, "mine", {})
    data = dataset_files.open_file(dataset)
    structure_files.write_correlations(data, correlations, "mine", {}, largest_input)
    structure_files.write_structure(data, structure_files.read_averages(correlations), decomposition, "mine", {})
    inputs = StructureFiles(dataset, correlations, decomposition)
    trials = Trials(name="mine", settings=settings, root_seed=0, seeds=SEEDS)
    chosen = folder / "chosen.json"
    automatic.choose_to_file(inputs, trials, AutomaticSettings(), chosen)
    trials = replace(trials, settings=chosen_settings.resolved_experiment(plain, str(chosen)))
    files = {
        "settings": plain,
        "chosen_file": str(chosen),
        "dataset_file": dataset,
        "structure_file": decomposition,
        "seeds": list(range(SEEDS)),
        "trajectory_files": {},
        "theory_files": {network: str(folder / f"{network}.nc") for network in ("linear_cnn", "linear_fcnn")},
    }
    predicted_trajectories.predict_to_files(inputs, trials, files["theory_files"], LOG)
    if trained:
        for network in files["theory_files"]:
            files["trajectory_files"][network] = [str(folder / f"{network}-{seed}.nc") for seed in range(SEEDS)]
            known = inputs.training_data(in_memory=False)
            task = TwoLayerTask(name="mine", settings=trials.settings, network=network, root_seed=0, data=known)
            outputs = dict(enumerate(files["trajectory_files"][network]))
            train_to_files(task, outputs, CheckpointFolder(folder / "checkpoints", 3.0, ""), LOG)
    return files


@pytest.fixture(scope="module")
def with_flow(tmp_path_factory):
    return made(tmp_path_factory.mktemp("flow"))


@pytest.fixture(scope="module")
def without_flow(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(gradient_flow, "_MOST_PRODUCTS", 0)
    yield made(tmp_path_factory.mktemp("estimates"))
    patch.undo()


@pytest.fixture(scope="module")
def told(with_flow, tmp_path_factory):
    """The prediction of ``with_flow``, its text and its files."""
    return written(with_flow, tmp_path_factory.mktemp("told"))


def written(files, folder):
    paths = {
        "json": str(folder / "mine.json"),
        "text": str(folder / "mine.txt"),
        "page": str(folder / "mine.html"),
        "figures": [str(folder / f"{f}.{s}") for f in catalogue.PREDICTION_FIGURES for s in ("pdf", "png")],
    }
    prediction_pages.prediction("mine", {"mine": files}, 0.05, paths)
    return json.loads((folder / "mine.json").read_text()), (folder / "mine.txt").read_text(), paths


def compared(files, folder):
    paths = {
        "json": str(folder / "measured.json"),
        "text": str(folder / "measured.txt"),
        "page": str(folder / "measured.html"),
        "drawings": [str(folder / f"{figure}.pdf") for figure in catalogue.COMPARISON_FIGURES],
        "pictures": [str(folder / f"{figure}.png") for figure in catalogue.COMPARISON_FIGURES],
    }
    prediction_pages.comparison("mine", {"mine": files}, paths)
    return json.loads((folder / "measured.json").read_text()), (folder / "measured.txt").read_text(), paths


def test_the_prediction_is_that_of_the_theory_files(with_flow, told):
    prediction, text, paths = told
    assert [entry["train"] for entry in prediction["images"]["classes"]] == [2, 4, 6, 8]
    assert [entry["test"] for entry in prediction["images"]["classes"]] == [1, 2, 3, 4]
    assert "from 2 training images of 'a <b>' to 8 of '\"quoted\"'" in text
    assert len(prediction["modes"]) == 3, "four centred classes"
    for network in ("linear_cnn", "linear_fcnn"):
        times = netcdf.read(with_flow["theory_files"][network])["discovery_time"].values
        for entry in prediction["networks"][network]["modes"]:
            assert entry["half_rise"] == pytest.approx(times[:, entry["mode"]].mean(), rel=1e-3)
            assert f"mode {entry['mode']} after {entry['half_rise']:,.0f} images" in text
    assert sum(part["share"] for part in prediction["frequencies"]) <= 1 + 1e-3
    assert "coupled" in text or "hardly disturb" in text
    page = Path(paths["page"]).read_text()
    assert "a &lt;b&gt;" in page
    assert "<b>" not in page
    assert all(Path(path).stat().st_size > 2000 for path in paths["figures"])


def test_a_prediction_has_the_same_bytes_again(with_flow, told, tmp_path):
    outputs = [
        [Path(paths[key]).read_bytes() for key in ("json", "text", "page")]
        for *_, paths in (told, written(with_flow, tmp_path))
    ]
    assert outputs[0] == outputs[1]


def test_training_does_as_predicted(with_flow, tmp_path):
    measured, text, paths = compared(with_flow, tmp_path)
    page = Path(paths["page"]).read_text()
    assert page.count("data:image/png;base64,") == len(catalogue.COMPARISON_FIGURES)
    for network, part in measured["networks"].items():
        for entry in part["modes"]:
            assert abs(entry["deviation"]) < 0.1, (network, entry)
            assert entry["seeds"] == SEEDS
            assert f"mode {entry['mode']}: predicted {entry['predicted']:,.0f}" in text
            assert f"<td>{entry['predicted']:,.0f}</td><td>{entry['measured']:,.0f}</td>" in page
    assert measured["final_kernel"]["relative_error"] < 0.1
    assert all(Path(path).stat().st_size > 2000 for path in (*paths["drawings"], *paths["pictures"]))


def test_estimates_stand_in_for_a_flow_that_costs_too_much(without_flow, told, tmp_path):
    prediction, text, _ = written(without_flow, tmp_path)
    exact, *_ = told
    for network, part in prediction["networks"].items():
        assert part["method"] == "estimate"
        for mine, flow in zip(part["modes"], exact["networks"][network]["modes"], strict=True):
            assert 0.5 < mine["half_rise"] / flow["half_rise"] < 2, "the order of magnitude"
    said = " ".join(text.split())  # its lines are broken where they are full
    assert "estimated for each mode by itself" in said
    assert "take them for the order of magnitude" in said
    measured, text, paths = compared(without_flow, tmp_path)
    assert measured["networks"]["linear_cnn"]["method"] == "estimate"
    assert all(Path(path).is_file() for path in (*paths["drawings"], *paths["pictures"], paths["page"]))


def test_images_too_large_for_the_whole_correlation_are_predicted_all_the_same(tmp_path):
    files = made(tmp_path, trained=False, largest_input=50)
    prediction, text, _ = written(files, tmp_path)
    assert {part["method"] for part in prediction["networks"].values()} == {"estimate"}
    assert len(prediction["modes"]) == 3
    assert "mode 0 after" in text


def test_figures_of_training_need_no_flow(without_flow, tmp_path):
    paths = [str(tmp_path / f"{figure}.png") for figure in catalogue.EXPERIMENT_FIGURES]
    render.experiment_figures("mine", {"mine": without_flow}, paths)
    assert all(Path(path).stat().st_size > 2000 for path in paths)


def test_what_is_not_found_is_said(with_flow):
    results = ExperimentResults.from_files("mine", with_flow)
    told = summary.summarise(results, 0.05, with_flow["chosen_file"])
    told["networks"]["linear_cnn"]["modes"][2] |= {"half_rise": None, "spread": None, "seeds": 0}
    told["networks"]["linear_cnn"]["order"] = [1, 0]
    told["settings"]["capped"] = True
    sentences = " ".join(sentence for _, part in words.paragraphs(told) for sentence in part)
    assert "CNN: mode 2 not within the run." in sentences
    assert "does not find the modes in the order of their singular values" in sentences
    assert "automatic.most_updates" in sentences
    assert "not within the run" in words.table(told)[3]
    measured = {"mode": 2, "measured": None}
    lines = words.comparison({"networks": {"linear_cnn": {"modes": [measured]}}})
    assert lines == ["CNN, mode 2: not found within the run, by training or by prediction"]
    entries = [measured | {"mode": mode, "missed": 2 * (mode == 0), "found_unexpectedly": 0} for mode in range(40)]
    compared_networks = {"networks": {"linear_cnn": {"modes": entries}}}
    lines = words.comparison(compared_networks)
    assert lines[0] == "CNN, mode 0: 2 seeds did not find it"
    assert lines[-1] == "CNN: 28 more modes are in the JSON file"
    assert len(words.comparison_table(compared_networks)) == len(lines) == 13
