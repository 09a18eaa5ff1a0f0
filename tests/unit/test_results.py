"""What is read of an experiment's results belongs to the seeds that were asked for."""

import json

import numpy as np
import pytest
import xarray as xr

from learning_dynamics.errors import DataError
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf


@pytest.fixture
def predictions(tmp_path):
    """A theory file of four seeds that are not in order: each discovers its one mode at ten times its number."""
    seeds = np.array([2, 0, 3, 1])
    dataset = xr.Dataset(
        {
            "discovery_time": netcdf.variable(("seed", "mode"), 10.0 * seeds[:, None], "time", "samples"),
            "mean_kernel_magnitude": netcdf.variable(("sample",), np.ones(3), "mean"),
        },
        {"seed": netcdf.variable(("seed",), seeds, "seed")},
        {"settings": json.dumps({"network": "linear_cnn"})},
    )
    netcdf.write(dataset, tmp_path / "theory.nc")
    return {"linear_cnn": str(tmp_path / "theory.nc")}


@pytest.mark.parametrize("variables", [None, ["discovery_time"]])
@pytest.mark.parametrize("seeds", [[0, 1], [3, 2, 0], [1]])
def test_predictions_are_those_of_the_seeds_asked_for(predictions, seeds, variables):
    found = ExperimentResults("own", {}, "", "", {}, predictions, seeds).theory("linear_cnn", variables)
    assert found["discovery_time"].values[:, 0].tolist() == [10.0 * seed for seed in seeds]


def test_all_predictions_are_read_where_no_seeds_are_named(predictions):
    found = ExperimentResults("own", {}, "", "", {}, predictions)
    assert sorted(found.theory("linear_cnn")["discovery_time"].values[:, 0]) == [0, 10, 20, 30]


def test_what_has_no_seeds_is_read_for_any(predictions):
    found = ExperimentResults("own", {}, "", "", {}, predictions, [0, 9])
    assert "mean_kernel_magnitude" in found.theory("linear_cnn", ["mean_kernel_magnitude"])


def test_predictions_for_fewer_seeds_are_refused(predictions):
    found = ExperimentResults("own", {}, "", "", {}, predictions, [0, 9])
    with pytest.raises(DataError, match=r"theory\.nc: made for fewer seeds; delete it and run again"):
        found.theory("linear_cnn", ["discovery_time"])
