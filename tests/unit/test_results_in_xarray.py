"""Result files as xarray's users open them: they combine and align by themselves, and follow the CF conventions."""

import logging

import numpy as np
import pytest
import xarray as xr

import learning_dynamics
from learning_dynamics.config import loading
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.errors import DataError
from learning_dynamics.extensions import variants
from learning_dynamics.extensions.scaling import files as scaling_files
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.storage import netcdf, provenance
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training.checkpoints import CheckpointFolder
from learning_dynamics.training.task import Trials, TwoLayerTask
from learning_dynamics.training.two_layer import train_to_files

LOG = logging.getLogger("test")
NAME = "digits"
SETTINGS = {
    "experiments": {
        NAME: {
            "dataset": {"kind": "digits"},
            "updates": 200,
            "records": 4,
            "snapshots": [100],
            "networks": {
                "linear_cnn": {"learning_rate": 1e-3},
                "linear_fcnn": {"learning_rate": 1e-3, "hidden_units": 9},
            },
        }
    }
}
NETWORKS = ("linear_cnn", "linear_fcnn")
SEEDS = 3


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with every kind of NetCDF file."""
    folder = tmp_path_factory.mktemp("results")
    settings = loading.load(SETTINGS).experiments[NAME]
    names = ("datasets", "correlations", "structure")
    for name in (*names, f"theory/{NAME}", "scaling", "variants"):
        (folder / name).mkdir(parents=True)
    files = StructureFiles(*(folder / name / f"{NAME}.nc" for name in names))
    settings.dataset.write(Making(NAME, 0), files.dataset)
    data = dataset_files.open_file(files.dataset)
    structure_files.write_correlations(data, files.correlations, NAME, {})
    structure_files.write_structure(data, structure_files.read_averages(files.correlations), files.structure, NAME, {})
    trials = Trials(name=NAME, settings=settings, root_seed=0, seeds=SEEDS)
    theory = {network: folder / "theory" / NAME / f"{network}.nc" for network in NETWORKS}
    predicted_trajectories.predict_to_files(files, trials, theory, LOG)
    known = files.training_data(in_memory=True)
    for network in NETWORKS:
        place = folder / "trajectories" / NAME / network
        place.mkdir(parents=True)
        task = TwoLayerTask(name=NAME, settings=settings, network=network, root_seed=0, data=known)
        # The last first: the order of names and of times is not that of the seeds.
        outputs = {seed: str(place / f"seed-{seed}.nc") for seed in (10, 2, 0)}
        train_to_files(task, outputs, CheckpointFolder(folder / "checkpoints", 3, ""), LOG)
    rates, shape = [1e-3, 2e-3], (2, 2, 2, 4)
    scaling = scaling_files.learning_rate_dataset(
        rates,
        measured=np.ones(shape),
        errors=np.ones(shape),
        mean_errors=np.ones((2, 2, 4)),
        sampling=np.ones(shape[1:]),
        flow_discovery=np.ones((2, 4)),
    )
    described = provenance.attributes("Scaling", "a test", {}, ())
    netcdf.write(scaling.assign_attrs(described), folder / "scaling" / "learning_rate.nc")
    runs = netcdf.read(theory["linear_fcnn"]).assign(
        singular_values=netcdf.variable(("mode",), known.structure.singular_values, "s")
    )
    for name in ("circular", "two"):
        netcdf.write(runs, folder / "variants" / f"{name}.nc")
    compared = {name: str(folder / "variants" / f"{name}.nc") for name in ("circular", "two")}
    netcdf.write(variants.compare(compared, "circular"), folder / "variants" / "comparison.nc")
    return folder


def paths(folder):
    return sorted(folder.rglob("*.nc"))


def test_files_of_all_seeds_open_as_one(results):
    for network in NETWORKS:
        folder = results / "trajectories" / NAME / network
        with xr.open_mfdataset(str(folder / "seed-*.nc")) as together:
            assert together["seed"].values.tolist() == [0, 2, 10]
            own = learning_dynamics.open_trajectories(folder)
            assert own["seed"].values.tolist() == [0, 2, 10]
            for name in own.data_vars:
                assert together[name].dims == own[name].dims
                assert together[name].dims[0] == "seed"
                np.testing.assert_array_equal(together[name], own[name], err_msg=name)


def test_measured_and_predicted_align(results):
    for network in NETWORKS:
        with (
            xr.open_mfdataset(str(results / "trajectories" / NAME / network / "seed-*.nc")) as measured,
            xr.open_dataset(results / "theory" / NAME / f"{network}.nc") as predicted,
            xr.open_dataset(results / "structure" / f"{NAME}.nc") as structure,
        ):
            # Seed 10 was not predicted.
            difference = measured["effective_singular_values"] - predicted["effective_singular_values"]
            assert difference["seed"].values.tolist() == [0, 2]
            assert difference.sizes["sample"] == 5
            omega, s = measured["effective_singular_values"], structure["singular_values"]
            relative = omega.sel(left_mode=s.mode, right_mode=s.mode) / s
            assert relative.dims == ("seed", "sample", "mode")
            for mode in range(3):
                expected = omega.values[..., mode, mode] / s.values[mode]
                np.testing.assert_array_equal(relative.sel(mode=mode), expected)
            power = structure["input_correlation_in_modes"].sel(left_mode=s.mode, right_mode=s.mode)
            assert power.dims == ("mode",)


def test_classes_are_selected_by_name(results):
    with xr.open_dataset(results / "structure" / f"{NAME}.nc") as structure:
        np.testing.assert_array_equal(structure["class_means"].sel(class_name="1"), structure["class_means"][1])
    trained = learning_dynamics.open_trajectories(results / "trajectories" / NAME / "linear_cnn")
    np.testing.assert_array_equal(trained["readout"].sel(class_name="1"), trained["readout"][:, :, 1])


def test_names_along_an_axis_select_in_memory(results):
    scaling = netcdf.read(results / "scaling" / "learning_rate.nc")
    assert scaling["slope"].sel(order="cyclic").dims == ("seed", "mode")
    assert netcdf.read(results / "variants" / "comparison.nc")["variant"].values.tolist() == ["circular", "two"]
    assert list(structure_files.read_averages(results / "correlations" / f"{NAME}.nc")) == ["train", "test"]


def test_files_follow_the_conventions(results):
    """What the CF conventions ask of files like these; their checker agrees, and would be a large dependency."""
    assert len(paths(results)) == 15
    for path in paths(results):
        with xr.open_dataset(path, decode_cf=False) as stored:
            assert stored.attrs["Conventions"] == "CF-1.11"
            for attribute in ("title", "source", "history"):
                assert stored.attrs[attribute].strip(), (path, attribute)
            for name, variable in stored.variables.items():
                assert variable.attrs["long_name"], (path, name)
                assert variable.attrs["units"] == "1", (path, name)
                assert str(name).isidentifier(), (path, name)
                if variable.dims == (name,):
                    steps = np.diff(variable.values)
                    assert (steps > 0).all() or (steps < 0).all(), (path, name)
            axes = {"seed", "mode", "left_mode", "right_mode"} & set(stored.dims)
            assert axes <= set(stored.variables), path


def test_a_folder_opens_as_one_tree(results):
    tree = learning_dynamics.open_results(results)
    assert set(tree.children) == {
        "datasets",
        "correlations",
        "structure",
        "theory",
        "trajectories",
        "scaling",
        "variants",
    }
    for network in NETWORKS:
        measured, predicted = (tree[f"{kind}/{NAME}/{network}"] for kind in ("trajectories", "theory"))
        own = learning_dynamics.open_trajectories(results / "trajectories" / NAME / network)
        xr.testing.assert_identical(measured.to_dataset(), own)
        xr.testing.assert_identical(predicted.to_dataset(), netcdf.read(results / "theory" / NAME / f"{network}.nc"))
        assert (measured["train_loss"] - predicted["train_loss"]).sizes == {"seed": 2, "sample": 5}
    images = tree[f"datasets/{NAME}"]["images"]
    np.testing.assert_array_equal(images, dataset_files.read(results / "datasets" / f"{NAME}.nc").images)


def test_a_folder_without_results_is_refused(tmp_path):
    (tmp_path / "structure").mkdir()
    with pytest.raises(DataError, match="no results; expected a folder that a run has filled, with datasets, "):
        learning_dynamics.open_results(tmp_path)


def test_damaged_files_are_refused(results, tmp_path):
    path = tmp_path / "theory" / NAME / "linear_cnn.nc"
    path.parent.mkdir(parents=True)
    path.write_bytes((results / "theory" / NAME / "linear_cnn.nc").read_bytes()[:-200])
    with pytest.raises(DataError, match=r"linear_cnn\.nc"):
        learning_dynamics.open_results(tmp_path)


def test_files_of_earlier_versions_are_read_as_they_were(results, tmp_path):
    """They have neither the axis of seeds nor numbers of modes; archives of them stay usable."""
    path = results / "trajectories" / NAME / "linear_cnn" / "seed-2.nc"
    now = trajectory_files.read(path)
    added = [name for name in ("mode", "left_mode", "right_mode", "class_name") if name in now.coords]
    netcdf.write(now.drop_vars(added), tmp_path / "seed-2.nc")
    before = trajectory_files.read_seeds([tmp_path / "seed-2.nc"])
    assert before["seed"].values.tolist() == [2]
    expected = trajectory_files.read_seeds([path])
    for name in expected.data_vars:
        np.testing.assert_array_equal(before[name], expected[name], err_msg=name)
