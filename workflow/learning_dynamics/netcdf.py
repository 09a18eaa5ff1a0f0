"""Writing and reading NetCDF files: whole or not at all, the same bytes for the same content."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from learning_dynamics.errors import DataError

COMPRESSED: dict[str, object] = {"zlib": True, "complevel": 1, "shuffle": True}


def variable(
    dimensions: tuple[str, ...], values: object, long_name: str, units: str = "1", **attributes: object
) -> xr.Variable:
    """A variable with the two attributes that every variable carries."""
    return xr.Variable(dimensions, np.asarray(values), {"long_name": long_name, "units": units, **attributes})


def write(dataset: xr.Dataset, path: str | Path, uncompressed: tuple[str, ...] = ()) -> None:
    """Write under a temporary name, then rename: a reader sees the whole file or none.

    Args:
        dataset: every variable with ``long_name`` and ``units``.
        path: the file to make; its folder must exist.
        uncompressed: variables that compression would hardly shrink.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    encoding: dict[str, dict[str, object]] = {
        str(name): COMPRESSED if values.dtype.kind in "iuf" and values.ndim and name not in uncompressed else {}
        for name, values in dataset.variables.items()
    }
    for name, values in dataset.variables.items():
        if values.dtype.kind == "f":
            encoding[str(name)] = {**encoding[str(name)], "_FillValue": None}
    try:
        dataset.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path}: could not be written ({error}); make room or choose another results folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def read(path: str | Path, variables: Sequence[str] | None = None) -> xr.Dataset:
    """The file in memory as stored, closed again; only some variables if they are named and present.

    Raises:
        DataError: the file is missing, truncated or not NetCDF.
    """
    try:
        with xr.open_dataset(str(path), engine="netcdf4", mask_and_scale=False, decode_timedelta=False) as dataset:
            wanted = dataset if variables is None else dataset[[name for name in variables if name in dataset]]
            return wanted.load()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{path}: not a readable NetCDF file ({error}); delete it and run again") from error
