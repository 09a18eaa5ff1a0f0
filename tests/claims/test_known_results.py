"""The files that the other tests make up have the layout of those that trainings and predictions write."""

import logging

import numpy as np
import pytest

from claims.known_results import CNN, FCNN, TRAJECTORY, diagonal, settings_of, wave, write_experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.numerics.correlations import decompose
from learning_dynamics.predictions.trajectories import predict
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training.files import History, to_dataset
from learning_dynamics.training.task import TwoLayerTask

SIDE = 4
VECTORS = [wave(SIDE, {(0, 1): 1.0}), wave(SIDE, {(1, 0): 0.8, (1, 1): 0.6})]
SHAPES = {
    "kernel_magnitude": (11, 1, SIDE, SIDE),
    "readout_magnitude": (11, 2, SIDE, SIDE),
    "kernel": (2, 1, SIDE, SIDE),
    "readout": (2, 2, SIDE, SIDE),
    "first_layer": (2, 4, 1, SIDE, SIDE),
}
OWN = {CNN: list(SHAPES)[:4], FCNN: list(SHAPES)[4:]}


def made_up(folder):
    def variables(network):
        return {name: np.ones((1, *SHAPES[name])) for name in OWN[network]} | {
            "effective_singular_values": diagonal(np.ones((1, 11, 2)))
        }

    trajectories = {network: variables(network) for network in (CNN, FCNN)}
    theory = {
        CNN: {
            "effective_singular_values": np.ones((1, 11, 2, 2)),
            "train_loss": np.ones((1, 11)),
            "competition": np.ones((1, 11, 2)),
            "competition_mean_kernel_magnitude": np.ones((11, SIDE, SIDE)),
            "competition_final_kernel_magnitude": np.ones((1, SIDE, SIDE)),
            "mean_kernel_magnitude": np.ones((11, 1, SIDE, SIDE)),
            "kernel_magnitude": np.ones((1, 11, 1, SIDE, SIDE)),
            "readout_magnitude": np.ones((1, 11, 2, SIDE, SIDE)),
        }
    }
    return write_experiment(
        folder, "known", singular_values=(2.0, 1.0), vectors=VECTORS, trajectories=trajectories, theory=theory
    )


def layout(dataset, names):
    return {name: (dataset[name].dims, dataset[name].shape, dataset[name].dtype) for name in names}


@pytest.fixture
def data(tmp_path):
    images = dataset_files.read(made_up(tmp_path).dataset_file)
    correlations = {"train": images.split("train").correlations()}
    return TrainingData(images, correlations, decompose(correlations["train"].input_output))


def test_structure_is_the_one_chosen(tmp_path):
    found = made_up(tmp_path)
    assert found.decomposition.singular_values == pytest.approx([2, 1])
    assert found.decomposition.right.T.reshape(2, SIDE, SIDE) == pytest.approx(np.array(VECTORS))
    assert found.decomposition.left == pytest.approx(np.eye(2), abs=1e-12)


@pytest.mark.parametrize("network", [CNN, FCNN])
def test_trajectories_are_as_trainings_write_them(tmp_path, data, network):
    settings = settings_of([CNN, FCNN], updates=100, records=10)
    model, history = settings.networks.named(network), History()
    for sample in settings.record_samples():
        history.record(sample, np.ones((2, SIDE**2)), {name: np.ones(SHAPES[name][1:]) for name in model.RECORDS})
    for sample in settings.snapshot_samples():
        history.snapshot(sample, {name: np.ones(SHAPES[name][1:]) for name in model.SNAPSHOTS if name in SHAPES})
    written = to_dataset(history, data, model, {})
    found = netcdf.read(made_up(tmp_path / "again").trajectory_files[network][0])
    names = [name for name in found.variables if name in TRAJECTORY]
    assert layout(found, names) == layout(written, names)
    assert set(written.data_vars) == set(names)
    for time in ("sample", "snapshot_sample"):
        assert np.array_equal(found[time], written[time])


def test_predictions_are_as_predictions_are_written(tmp_path, data):
    settings = settings_of([CNN, FCNN], updates=100, records=10)
    task = TwoLayerTask(name="known", settings=settings, network=CNN, root_seed=0, data=data)
    written = predict(task, 1, logging.getLogger("test"))
    found = netcdf.read(made_up(tmp_path / "again").theory_files[CNN])
    assert layout(found, found.data_vars) == layout(written, found.data_vars)
    assert np.array_equal(found["sample"], written["sample"])
