"""Writing and reading NetCDF files: whole or not at all, the same bytes for the same content, checked when read.

Attributes ``sha256`` hold the checksums: one of every variable, and one of the file's attributes and variable names.
The files follow the CF conventions, in which the coordinate of an axis is numbers: names along ``network`` are
``network_name(network)`` in a file and ``network(network)`` in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.errors import DataError
from learning_dynamics.storage import whole_files

COMPRESSED: dict[str, object] = {"zlib": True, "complevel": 1, "shuffle": True}

# netCDF4's open file and variable, which have no types.
File = Any
Variable = Any

_CHECKSUM = "sha256"
_NUMBERED = {
    "seed": "seed",
    "mode": "mode α",
    "left_mode": "mode α of the left singular vectors u^α",
    "right_mode": "mode β of the right singular vectors v^β",
}
# Axes that have names in memory.
_NAMED = ("network", "order", "part", "split", "variant")
# Bytes of content per byte of a file: zlib makes zeros 1,032 times smaller.
_MOST_PER_BYTE = 1100
# Bytes of stack for opening a file, in which no group is deep.
_OPENING_STACK = 2**20
# Entries of a variable that is larger than memory, read at a time for its checksum.
_AT_ONCE = 1000


def variable(
    dimensions: tuple[str, ...], values: object, long_name: str, units: str = "1", **attributes: object
) -> xr.Variable:
    """A variable with the two attributes that every variable carries; times are numbers of samples, so units are 1."""
    return xr.Variable(dimensions, np.asarray(values), {"long_name": long_name, "units": units, **attributes})


def dataset(
    variables: Mapping[str, xr.Variable], coordinates: Mapping[str, xr.Variable], attributes: Mapping[str, Any]
) -> xr.Dataset:
    """The content of a file; axes of modes and seeds have their numbers as coordinates, by which files align."""
    content = xr.Dataset(variables, coordinates, attributes)
    axes = [axis for axis in _NUMBERED if axis in content.dims and axis not in content.coords]
    return content.assign_coords(
        {axis: variable((axis,), np.arange(content.sizes[axis]), _NUMBERED[axis]) for axis in axes}
    )


def write(dataset: xr.Dataset, path: str | Path, uncompressed: tuple[str, ...] = ()) -> None:
    """Write the file and checksums of its content: a reader sees the whole file or none.

    Args:
        dataset: every variable with ``long_name`` and ``units``.
        path: the file to make; its folder must exist.
        uncompressed: variables that compression would hardly shrink.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    named = [str(name) for name in dataset.indexes if name in _NAMED]
    dataset = dataset.drop_indexes(named).rename_vars({name: f"{name}_name" for name in named})
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


def write_in_pieces(path: str | Path, fill: Callable[[File], str], describe: Callable[[], xr.Dataset]) -> None:
    """The same for a file with a variable that is larger than memory.

    Args:
        path: the file to make; its folder must exist.
        fill: makes that variable in the open file, fills it and returns its name.
        describe: called after that, gives everything else.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    import netCDF4

    with whole_files.replacing(path) as temporary:
        try:
            with netCDF4.Dataset(temporary, "w", format="NETCDF4") as file:
                file.set_fill_off()
                name = fill(file)
            with netCDF4.Dataset(temporary, "a") as file:
                values = file.variables[name]
                values.set_auto_maskandscale(False)
                values.setncattr(_CHECKSUM, _checksum_in_pieces(name, values))
            rest = _with_checksums(describe())
            names = [*rest.variables, name]
            rest.attrs.pop(_CHECKSUM)
            rest.attrs[_CHECKSUM] = _checksum_of_attributes(rest, names)
            encoding: dict[str, dict[str, object]] = {
                str(key): {
                    **(COMPRESSED if part.dtype.kind in "iuf" and part.ndim else {}),
                    **({"_FillValue": None} if part.dtype.kind == "f" else {}),
                }
                for key, part in rest.variables.items()
            }
            rest.to_netcdf(temporary, mode="a", engine="netcdf4", format="NETCDF4", encoding=encoding)
        except RuntimeError as error:  # how the library reports a full disk
            raise OSError(str(error)) from error


class LazyArray:
    """A variable of a file whose entries are read when they are asked for: by a slice, or by an array of indices.

    The file is open only while it is read: the library does not bear it open beside another reader of the same file.

    Raises:
        KeyError: there is no such variable.
        DataError: its content is not what was written.
    """

    def __init__(self, path: str | Path, name: str) -> None:
        self._path, self._name = str(path), name
        with self._opened() as variable:
            try:
                _check_size(path, variable.size * variable.dtype.itemsize)
            except ValueError as error:
                raise _unreadable(path, error) from error
            self.shape: tuple[int, ...] = variable.shape
            self.dtype: np.dtype[Any] = variable.dtype
            self.attributes: dict[str, Any] = {name: variable.getncattr(name) for name in variable.ncattrs()}
            expected = variable.getncattr(_CHECKSUM) if _CHECKSUM in variable.ncattrs() else None
            if expected != _checksum_in_pieces(name, variable):
                raise DataError(f"{path}: damaged, '{name}' changed since it was written; delete it and run again")
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
        DataError: the file is missing, truncated, not NetCDF, or its content is not what was written.
    """
    try:
        with xr.open_dataset(str(path), engine="netcdf4", mask_and_scale=False, decode_timedelta=False) as dataset:
            names = list(dataset.variables)
            wanted = dataset if variables is None else dataset[[name for name in variables if name in dataset]]
            _check_size(path, wanted.nbytes)
            loaded = wanted.load()
    # A damaged file can make the libraries raise anything.
    except Exception as error:
        raise _unreadable(path, error) from error
    expected = loaded.attrs.pop(_CHECKSUM, None)
    if expected is None:
        origin = "of an earlier version or another program"
        raise DataError(f"{path}: without a checksum, {origin}; delete it and run again")
    altered = [] if expected == _checksum_of_attributes(loaded, names) else ["the attributes"]
    for name, values in loaded.variables.items():
        if values.attrs.pop(_CHECKSUM, None) != _checksum(str(name), values):
            altered.append(f"'{name}'")
    if altered:
        raise DataError(f"{path}: damaged, {', '.join(altered)} changed since it was written; delete it and run again")
    named = [name for name in _NAMED if f"{name}_name" in loaded.coords]
    loaded = loaded.rename_vars({f"{name}_name": name for name in named})
    for name in named:
        loaded = loaded.set_xindex(name)
    return loaded


def crashing(paths: Sequence[str | Path]) -> str | Path | None:
    """The first of files of unknown origin that the NetCDF library dies of, as of a group that contains itself.

    It opens them in a process of its own. Whether they hold anything of use is for their reader to tell.
    """
    import faulthandler
    import resource

    import netCDF4

    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        # What runs in circles dies sooner, and in silence.
        resource.setrlimit(resource.RLIMIT_STACK, (_OPENING_STACK, _OPENING_STACK))
        faulthandler.disable()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for path in paths:
            os.write(writing, b".")
            with contextlib.suppress(Exception), netCDF4.Dataset(str(path), "r") as file:
                file.set_auto_maskandscale(False)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as opened:
        last = len(opened.read())
    _, status = os.waitpid(child, 0)
    return paths[last - 1] if os.WIFSIGNALED(status) else None


def _check_size(path: str | Path, size: int) -> None:
    """Refuse what would fill the memory with values that nobody has written."""
    stored = Path(path).stat().st_size
    if size > _MOST_PER_BYTE * stored:
        raise ValueError(f"it claims {size:.2g} bytes of content, more than fit into its {stored:,}")


def _unreadable(path: str | Path, error: Exception) -> DataError:
    return DataError(f"{path}: not a readable NetCDF file ({error}); delete it and run again")


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


def _checksum_in_pieces(name: str, values: Variable) -> str:
    """The same of numbers that stay in the file."""
    content = hashlib.sha256()
    for start in range(0, values.shape[0], _AT_ONCE):
        content.update(np.ascontiguousarray(values[start : start + _AT_ONCE]).data)
    attributes = {key: values.getncattr(key) for key in values.ncattrs() if key != _CHECKSUM}
    described = [values.dtype.str, content.hexdigest()]
    return _digest([name, values.dimensions, values.shape, described, _plain(attributes)])


def _checksum_of_attributes(dataset: xr.Dataset, names: Iterable[Hashable]) -> str:
    return _digest([sorted(map(str, names)), _plain(dataset.attrs)])


def _plain(attributes: Mapping[Any, Any]) -> list[list[Any]]:
    """Attributes as a file gives them back: numbers and arrays of them are alike whatever their type was."""
    return sorted([str(name), np.asarray(value).ravel().tolist()] for name, value in attributes.items())


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
