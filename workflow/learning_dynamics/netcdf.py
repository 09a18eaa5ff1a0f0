"""Writing and reading NetCDF files: whole or not at all, the same bytes for the same content."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.errors import DataError

# netCDF4's open file and variable, which have no types.
File = Any
Variable = Any

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
    encoding: dict[str, dict[str, object]] = {
        str(name): COMPRESSED if values.dtype.kind in "iuf" and values.ndim and name not in uncompressed else {}
        for name, values in dataset.variables.items()
    }
    for name, values in dataset.variables.items():
        if values.dtype.kind == "f":
            encoding[str(name)] = {**encoding[str(name)], "_FillValue": None}
    with _whole_or_not_at_all(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)


def write_in_pieces(
    path: str | Path, fill: Callable[[File], None], describe: Callable[[], xr.Dataset], compressed: bool = True
) -> None:
    """The same for a file with a variable that is larger than memory.

    Args:
        path: the file to make; its folder must exist.
        fill: makes that variable in the open file and fills it.
        describe: called after that, gives everything else.
        compressed: whether the rest is compressed.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    import netCDF4

    with _whole_or_not_at_all(path) as temporary:
        with netCDF4.Dataset(temporary, "w", format="NETCDF4") as file:
            file.set_fill_off()
            fill(file)
        dataset = describe()
        encoding: dict[str, dict[str, object]] = {
            str(name): {
                **(COMPRESSED if compressed and values.dtype.kind in "iuf" and values.ndim else {}),
                **({"_FillValue": None} if values.dtype.kind == "f" else {}),
            }
            for name, values in dataset.variables.items()
        }
        dataset.to_netcdf(temporary, mode="a", engine="netcdf4", format="NETCDF4", encoding=encoding)


@contextlib.contextmanager
def _whole_or_not_at_all(path: str | Path) -> Iterator[Path]:
    """A temporary name, renamed to `path` when all is written."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path}: could not be written ({error}); make room or choose another results folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


class LazyArray:
    """A variable of a file whose entries are read when they are asked for: by a slice, or by an array of places.

    The file is open only while it is read: the library does not bear it open beside another reader of the same file.
    """

    def __init__(self, path: str | Path, name: str) -> None:
        self._path, self._name = str(path), name
        with self._opened() as variable:
            self.shape: tuple[int, ...] = variable.shape
            self.dtype: np.dtype[Any] = variable.dtype
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: slice | np.ndarray) -> np.ndarray:
        """The entries as an array in memory, shape (entries, …)."""
        with self._opened() as variable:
            if isinstance(which, slice):
                return np.asarray(variable[which])
            entries = np.empty((len(which), *self.shape[1:]), self.dtype)
            order = np.argsort(which, kind="stable")
            ascending = which[order]
            ends = np.flatnonzero(np.diff(ascending) != 1) + 1
            for run, target in zip(np.split(ascending, ends), np.split(order, ends), strict=True):
                if len(run):
                    entries[target] = variable[run[0] : run[-1] + 1]
            return entries

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Variable]:
        import netCDF4

        with netCDF4.Dataset(self._path, "r") as file:
            if self._name not in file.variables:
                raise KeyError(self._name)
            variable = file.variables[self._name]
            variable.set_auto_maskandscale(False)
            yield variable


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
