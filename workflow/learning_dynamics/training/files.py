"""The trajectory of one training: what is recorded and when, and its NetCDF layout.

Time is the number of training samples seen, coordinate ``sample``. Weight snapshots have their own, coarser time axis
``snapshot_sample``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.errors import DataError
from learning_dynamics.numerics.correlations import FloatArray, effective_singular_values
from learning_dynamics.numerics.losses import mean_square_error
from learning_dynamics.storage import netcdf, recorded_settings

if TYPE_CHECKING:
    from learning_dynamics.networks.base import TwoLayerNetwork
    from learning_dynamics.structure.training_data import TrainingData


class History:
    """The records of one training, in the order made."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self.networks: list[FloatArray] = []
        self.records: list[dict[str, FloatArray]] = []
        self.snapshot_samples: list[int] = []
        self.snapshots: list[dict[str, FloatArray]] = []

    def record(self, sample: int, network: FloatArray, own: dict[str, FloatArray]) -> None:
        """Add the whole network M (p, CN) and what is its own, by variable name."""
        self.samples.append(sample)
        self.networks.append(network)
        self.records.append(own)

    def snapshot(self, sample: int, weights: dict[str, FloatArray]) -> None:
        """Add weights, by variable name."""
        self.snapshot_samples.append(sample)
        self.snapshots.append(weights)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Everything in arrays, for ``restore``."""
        state: dict[str, npt.NDArray[Any]] = {
            "samples": np.array(self.samples, dtype=np.int64),
            "networks": np.array(self.networks),
            "snapshot_samples": np.array(self.snapshot_samples, dtype=np.int64),
        }
        for kind, parts in (("record", self.records), ("snapshot", self.snapshots)):
            state |= {f"{kind}/{name}": np.stack([part[name] for part in parts]) for name in parts[0]}
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go back to a state."""

        def parts(kind: str, count: int) -> list[dict[str, FloatArray]]:
            stacked = {name.removeprefix(kind): values for name, values in state.items() if name.startswith(kind)}
            return [{name: values[index] for name, values in stacked.items()} for index in range(count)]

        self.samples = state["samples"].tolist()
        self.networks = list(state["networks"])
        self.records = parts("record/", len(self.samples))
        self.snapshot_samples = state["snapshot_samples"].tolist()
        self.snapshots = parts("snapshot/", len(self.snapshot_samples))


def to_dataset(
    history: History, data: TrainingData, network: TwoLayerNetwork, attributes: Mapping[str, Any]
) -> xr.Dataset:
    """The trajectory file's content; losses and Ω come exactly from the correlations (Eqs. 4 and 5)."""
    networks = np.stack(history.networks)
    variables = {
        "effective_singular_values": netcdf.variable(
            ("sample", "left_mode", "right_mode"),
            effective_singular_values(networks, data.correlations["train"], data.structure),
            "effective singular values Ω = Uᵀ Σŷx V",
        )
    }
    for split, averages in data.correlations.items():
        variables[f"{split}_loss"] = netcdf.variable(
            ("sample",),
            mean_square_error(networks, averages),
            f"mean square error over the p outputs and all {split} samples",
        )
    for name in history.records[0]:
        dimensions, long_name = network.RECORDS[name]
        values = np.stack([record[name] for record in history.records]).astype(np.float32)
        variables[name] = netcdf.variable(("sample", *dimensions), values, long_name)
    for name in history.snapshots[0]:
        dimensions, long_name = network.SNAPSHOTS[name]
        values = np.stack([snapshot[name] for snapshot in history.snapshots])
        variables[name] = netcdf.variable(("snapshot_sample", *dimensions), values, long_name)
    return netcdf.dataset(
        variables,
        {
            "sample": netcdf.variable(("sample",), np.array(history.samples), "training samples seen"),
            "snapshot_sample": netcdf.variable(
                ("snapshot_sample",), np.array(history.snapshot_samples), "training samples seen"
            ),
            "class_name": netcdf.variable(("class",), np.array(data.images.class_names, dtype=object), "class name"),
        },
        attributes,
    )


def write(trajectory: xr.Dataset, path: str | Path) -> None:
    """The file of one training. Its variables have an axis ``seed`` of one, along which the files of several join.

    Raises:
        DataError: it cannot be written.
    """
    seed = netcdf.variable(("seed",), [trajectory.attrs["seed"]], "seed")
    netcdf.write(trajectory.expand_dims("seed").assign_coords(seed=seed), path)


def read(path: str | Path, variables: Sequence[str] | None = None, optional: Sequence[str] = ()) -> xr.Dataset:
    """The trajectory in a file, or some of its variables, and some more if it has them; without the axis ``seed``.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path, variables if variables is None else (*variables, *optional))
    for name in variables or ("effective_singular_values", "train_loss"):
        if name not in dataset:
            raise DataError(f"{path}: not a trajectory file, '{name}' is missing; delete it and run again")
    # Files of earlier versions have no such axis.
    return dataset.squeeze("seed", drop=True) if "seed" in dataset.dims else dataset


def read_seeds(
    paths: Sequence[str | Path],
    variables: Sequence[str] | None = None,
    optional: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """The trajectories of all seeds of one network, joined along a new dimension ``seed``.

    Args:
        paths: one file per seed.
        variables: those wanted; all if not given.
        optional: those wanted if they are there.
        settings: of the experiment, as plain data; any if not given.

    Raises:
        DataError: a file cannot be used or was made with other settings, or two were recorded at different samples.
    """
    parts = [read(path, variables, optional) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if settings is not None:
            recorded_settings.check(path, part.attrs["settings"], settings)
        times = [time for time in ("sample", "snapshot_sample") if time in part.coords]
        if not all(np.array_equal(part[time], parts[0][time]) for time in times):
            raise DataError(f"{path}: recorded at other samples than {paths[0]}; delete the older one and run again")
    if variables is not None and not any("snapshot_sample" in part[name].dims for part in parts for name in variables):
        parts = [part.drop_vars("snapshot_sample", errors="ignore") for part in parts]
    return joined(parts)


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Trajectories of one network, recorded at the same samples, along a new dimension ``seed``."""
    seeds = netcdf.variable(("seed",), [int(part.attrs["seed"]) for part in parts], "seed")
    return xr.concat(
        parts, dim=seeds, data_vars="all", coords="minimal", compat="override", combine_attrs="override", join="exact"
    )
