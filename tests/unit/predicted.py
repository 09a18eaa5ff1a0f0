"""A prediction made from images, with all the files that lead to it, without a workflow."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace

import numpy as np

from learning_dynamics.config import chosen_settings, paper
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.figures import catalogue, prediction_pages
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.networks.registry import Networks
from learning_dynamics.predictions import automatic
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import StructureFiles
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


def made(folder, data, trained=False, largest_input=np.inf):
    """Every file of an experiment on some images, in memory or a data set file; settings chosen from them."""
    folder.mkdir(exist_ok=True)
    networks = Networks(linear_cnn=LinearCNN(kernel_std=1e-2), linear_fcnn=LinearFCNN(hidden_units=16))
    settings = Experiment(dataset=paper.paper_experiments()["digits4"].dataset, networks=networks, records=60)
    plain = settings.model_dump(mode="json")
    dataset, correlations, decomposition = (
        str(folder / f"{name}.nc") for name in ("data", "correlations", "structure")
    )
    if isinstance(data, LabelledImages):
        dataset_files.write(data, dataset, "mine", {})
    else:
        shutil.copy(data, dataset)
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
