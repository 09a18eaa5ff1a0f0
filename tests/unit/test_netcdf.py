"""Result files are whole or absent, say where they come from, and have the same bytes for the same content."""

import json
import os

import netCDF4
import numpy as np
import pytest
import xarray as xr

from learning_dynamics.errors import DataError
from learning_dynamics.storage import netcdf, provenance, whole_files
from unit.deadly import CONTAINS_ITSELF
from unit.own_images import made


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


def outcomes(path, alterations, expected):
    """What reading says after one byte was changed at each place."""
    content = path.read_bytes()
    for place in alterations:
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        try:
            found = netcdf.read(path)
        except DataError as error:
            yield place, str(error)
        else:
            # Bytes between the parts of a file mean nothing.
            xr.testing.assert_identical(found, expected)
            yield place, None
    path.write_bytes(content)


def test_altered_content_is_refused_wherever_it_is(tmp_path):
    path = tmp_path / "a.nc"
    netcdf.write(example(), path)
    size = path.stat().st_size
    said = dict(outcomes(path, range(0, size, 41), example()))
    refusals = [message for message in said.values() if message]
    assert len(refusals) > 15
    for message in refusals:
        assert message.startswith(f"{path}: ")
        assert message.endswith("delete it and run again")


def test_altered_part_is_named_and_others_can_still_be_read(tmp_path):
    path = tmp_path / "a.nc"
    netcdf.write(example(), path, uncompressed=("omega",))
    place = path.read_bytes().index(example()["omega"].values[2].tobytes()[:8])
    (_, message), *_ = outcomes(path, [place + 3], example())
    assert "damaged, 'omega' changed since it was written" in message
    content = path.read_bytes()
    path.write_bytes(content[:place] + b"x" + content[place + 1 :])
    assert list(netcdf.read(path, ["count"])) == ["count"]
    with pytest.raises(DataError, match="'omega'"):
        netcdf.read(path, ["omega"])


def test_file_without_checksums_is_refused(tmp_path):
    example().to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(DataError, match="without a checksum"):
        netcdf.read(tmp_path / "a.nc")


@pytest.mark.parametrize("read", [netcdf.read, lambda path: netcdf.LazyArray(path, "values")])
def test_content_that_nobody_has_written_is_refused_before_it_fills_the_memory(tmp_path, read):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for axis in ("row", "column"):
            file.createDimension(axis, 40_000)
        file.createVariable("values", "f8", ("row", "column"), zlib=True, chunksizes=(1000, 1000))
    with pytest.raises(DataError, match=r"a\.nc: not a readable .* claims 1\.3e\+10 bytes of content"):
        read(tmp_path / "a.nc")


def test_leftovers_of_killed_writers_are_removed_and_those_of_others_are_not(tmp_path):
    with whole_files.replacing(tmp_path / "a.nc") as temporary:
        temporary.write_text("1")
    own, other = (temporary.name.replace(str(os.getpid()), process) for process in ("999999999", str(os.getppid())))
    for name in (own, other, f".b.{own}", "unrelated"):
        (tmp_path / name).write_text("half")
    netcdf.write(example(), tmp_path / "a.nc")
    assert {path.name for path in tmp_path.iterdir()} == {"a.nc", other, f".b.{own}", "unrelated"}


def test_file_that_the_library_dies_of_is_told_and_others_are_not(tmp_path):
    paths = [tmp_path / name for name in ("whole.nc", "text.nc", "deadly.nc", "last.nc")]
    for path in (paths[0], paths[3]):
        netcdf.write(xr.Dataset({"a": ("x", [1.0])}), path)
    paths[1].write_text("no NetCDF file")
    paths[2].write_bytes(CONTAINS_ITSELF)
    assert netcdf.crashing([paths[0], paths[1], paths[3]]) is None
    assert netcdf.crashing(paths) == paths[2]


def test_own_images_in_a_file_that_the_library_dies_of_are_refused(tmp_path):
    (tmp_path / "mine.nc").write_bytes(CONTAINS_ITSELF)
    with pytest.raises(DataError, match=r"mine\.nc: crashes the NetCDF library"):
        made(tmp_path / "mine.nc", tmp_path / "data.nc")
