"""Result files that were truncated or altered are named by whoever uses them, and nothing is made from them."""

import logging

import netCDF4
import numpy as np
import pytest

from conftest import PROJECT
from learning_dynamics.claims import write as claims
from learning_dynamics.config import experiments, loading, paper
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.errors import DataError
from learning_dynamics.figures import render
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.files import write_correlations, write_structure
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training import checkpoints, two_layer
from learning_dynamics.training.task import Trials, TwoLayerTask

LOG = logging.getLogger("test")
NAME = "geometric_shapes"
NETWORKS = ("linear_cnn", "linear_fcnn")
KINDS = ("datasets", "correlations", "structure", "trajectories", "theory")


class Run:
    """The results of one small experiment, made as the rules make them."""

    def __init__(self, folder):
        self.folder = folder
        base = paper.paper_experiments()[NAME].model_dump()
        changes = {"updates": 200, "records": 10, "snapshots": [100], "networks": {"linear_fcnn": {"hidden_units": 8}}}
        self.experiment = experiments.Experiment.model_validate(loading.merged(base, changes))
        self.settings = self.experiment.model_dump(mode="json")
        self.inputs = [str(folder / f"{kind}.nc") for kind in KINDS[:3]]
        data = self.experiment.dataset.make(Making(NAME, 0))
        dataset_files.write(data, self.inputs[0], NAME, {})
        averages = {split: data.split(split).correlations() for split in data.splits}
        write_correlations(data, self.inputs[1], NAME, {})
        write_structure(data, averages, self.inputs[2], NAME, {})
        self.trajectories = {name: [str(folder / f"{name}-{seed}.nc") for seed in (0, 1)] for name in NETWORKS}
        self.theory = {name: str(folder / f"{name}-theory.nc") for name in NETWORKS}
        for name in NETWORKS:
            for seed in (0, 1):
                self.train(name, seed)
            self.predict(name)
        self.file = {
            **dict(zip(KINDS, self.inputs, strict=False)),
            "trajectories": self.trajectories["linear_cnn"][1],
            "theory": self.theory["linear_cnn"],
        }

    def train(self, network, seed, output=None):
        output = output or self.trajectories[network][seed]
        data = StructureFiles(*self.inputs).training_data(in_memory=True)
        task = TwoLayerTask(name=NAME, settings=self.experiment, network=network, root_seed=0, data=data)
        kept = checkpoints.CheckpointFolder(self.folder / "checkpoints", 1.0, "the code")
        two_layer.train_to_files(task, {seed: output}, kept, LOG)

    def predict(self, network):
        trials = Trials(name=NAME, settings=self.experiment, root_seed=0, seeds=2)
        outputs = {network: self.theory[network]}
        predicted_trajectories.predict_to_files(StructureFiles(*self.inputs), trials, outputs, LOG)

    @property
    def experiments(self):
        return {
            NAME: {
                "settings": self.settings,
                "dataset_file": self.inputs[0],
                "structure_file": self.inputs[2],
                "trajectory_files": self.trajectories,
                "theory_files": self.theory,
                "seeds": [0, 1],
            }
        }

    def draw(self, folder):
        paths = [folder / f"{figure}.png" for figure in render.catalogue.EXPERIMENT_FIGURES]
        render.experiment_figures(NAME, self.experiments, paths)

    def judge(self, folder):
        stated = [str(PROJECT / "config" / "claims.yaml")]
        claims.to_files(stated, self.experiments, {}, folder / "claims.json", LOG)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("run"))


def truncated(path, _):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def altered(path, variable):
    """Another value where the format has nothing to object."""
    with netCDF4.Dataset(path, "r+") as file:
        values = file[variable][:]
        values.flat[0] = 1 if values.flat[0] == 0 else 0
        file[variable][:] = values


VARIABLES = {
    "datasets": "images",
    "correlations": "input_correlation",
    "structure": "singular_values",
    "trajectories": "effective_singular_values",
    "theory": "effective_singular_values",
}
USES = {
    "datasets": ("train", "predict", "draw"),
    "correlations": ("train", "predict"),
    "structure": ("train", "predict", "draw", "judge"),
    "trajectories": ("draw", "judge"),
    "theory": ("draw", "judge"),
}


CASES = [(altered, kind, use) for kind, uses in USES.items() for use in uses] + [
    (truncated, kind, uses[-1]) for kind, uses in USES.items()
]


@pytest.mark.parametrize(("damage", "kind", "use"), CASES)
def test_damaged_file_is_named_by_whoever_uses_it(damage, kind, use, run, tmp_path):
    path = tmp_path.joinpath(run.file[kind])
    content = path.read_bytes()
    damage(path, VARIABLES[kind])
    work = {
        "train": lambda: run.train("linear_cnn", 1, str(tmp_path / "new.nc")),
        "predict": lambda: run.predict("linear_fcnn"),
        "draw": lambda: run.draw(tmp_path),
        "judge": lambda: run.judge(tmp_path),
    }
    try:
        with pytest.raises(DataError) as error:
            work[use]()
    finally:
        path.write_bytes(content)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).endswith("delete it and run again")
    # Pictures that show other files may be there; those of the damaged one are not.
    assert not [file for file in tmp_path.iterdir() if file.suffix != ".png"]
    assert len(list(tmp_path.glob("*.png"))) < len(render.catalogue.EXPERIMENT_FIGURES)


def test_undamaged_files_are_used(run, tmp_path):
    run.draw(tmp_path)
    run.judge(tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == len(render.catalogue.EXPERIMENT_FIGURES)
    assert (tmp_path / "claims.json").exists()
    assert np.isfinite(netcdf.read(run.file["theory"])["effective_singular_values"]).all()
