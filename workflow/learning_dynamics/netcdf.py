"""Writing and reading NetCDF files: whole or not at all, the same bytes for the same content, checked when read.

Attributes ``sha256`` hold the checksums: one of every variable, and one of the file's attributes and variable names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics import whole_files
from learning_dynamics.errors import DataError

COMPRESSED: dict[str, object] = {"zlib": True, "complevel": 1, "shuffle": True}

_CHECKSUM = "sha256"


def variable(
    dimensions: tuple[str, ...], values: object, long_name: str, units: str = "1", **attributes: object
) -> xr.Variable:
    """A variable with the two attributes that every variable carries."""
    return xr.Variable(dimensions, np.asarray(values), {"long_name": long_name, "units": units, **attributes})


def write(dataset: xr.Dataset, path: str | Path, uncompressed: tuple[str, ...] = ()) -> None:
    """Write the file and checksums of its content: a reader sees the whole file or none.

    Args:
        dataset: every variable with ``long_name`` and ``units``.
        path: the file to make; its folder must exist.
        uncompressed: variables that compression would hardly shrink.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    encoding: dict[str, dict[str, object]] = {
        str(name): COMPRESSED if values.dtype.kind in "iuf" and values.ndim and name not in uncompressed else {}
        for name, values in dataset.variables.items()
    }
    for name, values in dataset.variables.items():
        if values.dtype.kind == "f":
            encoding[str(name)] = {**encoding[str(name)], "_FillValue": None}
    with whole_files.replacing(path) as temporary:
        try:
            _with_checksums(dataset).to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)
        except RuntimeError as error:  # how the library reports a full disk
            raise OSError(str(error)) from error


def read(path: str | Path, variables: Sequence[str] | None = None) -> xr.Dataset:
    """The file in memory as stored, closed again; only some variables if they are named and present.

    Raises:
        DataError: the file is missing, truncated, not NetCDF, or its content is not what was written.
    """
    try:
        with xr.open_dataset(str(path), engine="netcdf4", mask_and_scale=False, decode_timedelta=False) as dataset:
            names = list(dataset.variables)
            wanted = dataset if variables is None else dataset[[name for name in variables if name in dataset]]
            loaded = wanted.load()
    # A damaged file can make the libraries raise anything.
    except Exception as error:
        raise DataError(f"{path}: not a readable NetCDF file ({error}); delete it and run again") from error
    expected = loaded.attrs.pop(_CHECKSUM, None)
    altered = [] if expected == _checksum_of_attributes(loaded, names) else ["the attributes"]
    for name, values in loaded.variables.items():
        if values.attrs.pop(_CHECKSUM, None) != _checksum(str(name), values):
            altered.append(f"'{name}'")
    if altered:
        raise DataError(f"{path}: damaged, {', '.join(altered)} changed since it was written; delete it and run again")
    return loaded


def _with_checksums(dataset: xr.Dataset) -> xr.Dataset:
    """The same, every variable with a checksum of itself and the whole with one of its attributes and names."""
    marked = dataset.copy()
    for name, values in marked.variables.items():
        values.attrs[_CHECKSUM] = _checksum(str(name), values)
    marked.attrs[_CHECKSUM] = _checksum_of_attributes(dataset, dataset.variables)
    return marked


def _checksum(name: str, values: xr.Variable) -> str:
    array = values.to_numpy()
    if array.dtype.kind in "biufc":
        content = [array.dtype.str, hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()]
    else:
        content = [str(value) for value in array.ravel()]
    return _digest([name, values.dims, array.shape, content, _plain(values.attrs)])


def _checksum_of_attributes(dataset: xr.Dataset, names: Iterable[Hashable]) -> str:
    return _digest([sorted(map(str, names)), _plain(dataset.attrs)])


def _plain(attributes: Mapping[Any, Any]) -> list[list[Any]]:
    """Attributes as a file gives them back: numbers and arrays of them are alike whatever their type was."""
    return sorted([str(name), np.asarray(value).ravel().tolist()] for name, value in attributes.items())


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
