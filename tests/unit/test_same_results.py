"""The comparison of two folders of results."""

import sys

import numpy as np
import pytest
import xarray as xr

from same_results import main


def write(path, **variables):
    path.parent.mkdir(parents=True, exist_ok=True)
    xr.Dataset(
        {name: (f"{name}_axis", values) for name, values in variables.items()}, attrs={"made": sys.path[0]}
    ).to_netcdf(path)


@pytest.fixture
def folders(tmp_path):
    for name in ("one", "other"):
        write(
            tmp_path / name / "a" / "seed-0.nc", omega=np.array([1.0, np.nan]), names=np.array(["x", "ü"], dtype=object)
        )
    return [str(tmp_path / name) for name in ("one", "other")], tmp_path / "other" / "a" / "seed-0.nc"


def test_same_contents(folders, capsys):
    names, path = folders
    with xr.open_dataset(path) as dataset:
        other = dataset.load().assign_attrs(made="elsewhere")
    other.to_netcdf(path)
    assert main(*names) == 0
    assert "every variable of every NetCDF file is the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"omega": np.array([1.0 + 2**-52, np.nan])}, "'omega' differs"),
        ({"omega": np.array([1.0, np.nan], np.float32)}, "'omega' differs"),
        ({"names": np.array(["x", "u"], dtype=object)}, "'names' differs"),
        ({"more": np.zeros(1)}, "'more' is in one of them alone"),
    ],
)
def test_any_difference_is_told(folders, capsys, changed, message):
    names, path = folders
    write(path, **{"omega": np.array([1.0, np.nan]), "names": np.array(["x", "ü"], dtype=object), **changed})
    assert main(*names) == 1
    assert f"a/seed-0.nc: {message}" in capsys.readouterr().out


def test_missing_files_are_told(folders, capsys):
    names, path = folders
    write(path.with_name("seed-1.nc"), omega=np.zeros(1))
    assert main(*names) == 1
    assert f"seed-1.nc: only in {names[1]}" in capsys.readouterr().out
    assert main(names[0] + "x", names[0] + "y") == 1
