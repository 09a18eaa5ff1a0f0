"""Result files are whole or absent, say where they come from, and have the same bytes for the same content."""

import json

import numpy as np
import pytest
import xarray as xr

from learning_dynamics import netcdf, provenance
from learning_dynamics.errors import DataError


def example():
    generator = np.random.default_rng(0)
    return xr.Dataset(
        {
            "omega": netcdf.variable(("sample", "mode"), generator.standard_normal((5, 3)), "Ω"),
            "count": netcdf.variable(("sample",), np.arange(5, dtype=np.int32), "count", "samples"),
            "with_nan": netcdf.variable(("mode",), [1.0, np.nan, np.inf], "not all finite"),
        },
        coords={"name": netcdf.variable(("mode",), np.array(["ä", "b", "c"], dtype=object), "name")},
        attrs=provenance.attributes("Title", "Eq. 1", {"λ": 1e-4, "list": [1, 2]}, ("numpy", "netCDF4")),
    )


def test_round_trip_is_identical(tmp_path):
    netcdf.write(example(), tmp_path / "a.nc")
    xr.testing.assert_identical(netcdf.read(tmp_path / "a.nc"), example())


def test_same_content_has_the_same_bytes(tmp_path):
    for name in ("a.nc", "b.nc"):
        netcdf.write(example(), tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nc", "b.nc"]


def test_attributes_say_where_a_result_comes_from():
    attributes = example().attrs
    assert json.loads(attributes["settings"]) == {"λ": 1e-4, "list": [1, 2]}
    assert attributes["settings_hash"] == provenance.settings_hash({"list": [1, 2], "λ": 1e-4})
    assert attributes["settings_hash"] != provenance.settings_hash({"list": [1, 2], "λ": 2e-4})
    assert json.loads(attributes["package_versions"])["numpy"] == np.__version__
    assert len(attributes["code_commit"]) == 40 or attributes["code_commit"] == "unknown"


def test_interrupted_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "a.nc"
    netcdf.write(example(), path)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(DataError, match=r"a\.nc: could not be written.*No space left.*make room"):
        netcdf.write(example(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "text"])
def test_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "a.nc"
    if damage != "missing":
        netcdf.write(example(), path)
        content = path.read_bytes()
        path.write_bytes({"empty": b"", "truncated": content[: len(content) // 2], "text": b"hello"}[damage])
    with pytest.raises(DataError, match=r"a\.nc: not a readable NetCDF file"):
        netcdf.read(path)
