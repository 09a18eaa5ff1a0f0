"""The trajectory of one training: what was recorded and when, and its NetCDF layout.

Time is the number of training samples seen, coordinate ``sample``. Weight snapshots have their own, coarser time axis
``snapshot_sample``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray as xr

from learning_dynamics import netcdf
from learning_dynamics.correlations import (
    Correlations,
    FloatArray,
    Structure,
    effective_singular_values,
    mean_square_error,
)
from learning_dynamics.errors import DataError, DivergenceError

Progress = Callable[[int, float, float], None]


class Recorder(Protocol):
    """What a network adds to the records that all networks share."""

    def network(self) -> FloatArray:
        """The whole network as a matrix M of shape (p, CN)."""

    def record(self) -> dict[str, FloatArray]:
        """The network's own quantities at this moment, by variable name."""

    def snapshot(self) -> dict[str, FloatArray]:
        """The weights to keep, by variable name."""


class History:
    """The records of one training, in the order made."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self.networks: list[FloatArray] = []
        self.records: list[dict[str, FloatArray]] = []
        self.snapshot_samples: list[int] = []
        self.snapshots: list[dict[str, FloatArray]] = []


def follow(
    recorder: Recorder,
    advance: Callable[[int, int], tuple[int, float]],
    record_samples: Sequence[int],
    snapshot_samples: Sequence[int],
    classes: int,
    describe: str,
    learning_rate: float,
    progress: Progress,
) -> History:
    """Train from record to record and keep what `recorder` shows.

    Args:
        recorder: shows the present network.
        advance: makes the updates from one sample to another; returns how many it made and the sum of ‖y − ŷ‖².
        record_samples: when to record, ascending, from 0.
        snapshot_samples: when to keep the weights, ascending.
        classes: p.
        describe: experiment, network and seed, for the message of a divergence.
        learning_rate: λ, for the same message.
        progress: called with the samples seen, the mean loss since the last call and the seconds since the start.

    Raises:
        DivergenceError: a sample's loss was not a number or above the engine's limit.
    """
    history = History()
    recorded, kept = set(record_samples), set(snapshot_samples)
    here, start = 0, time.perf_counter()
    for stop in sorted(recorded | kept):
        done, squared_error = advance(here, stop)
        if done < stop - here:
            raise DivergenceError(
                f"{describe}: the training diverged at sample {here + done}, where the loss of that sample was "
                f"{squared_error / classes:.3g} (an untrained network has {1 / classes:.3g}); "
                f"lower learning_rate ({learning_rate:g})"
            )
        if stop > here:
            progress(stop, squared_error / classes / (stop - here), time.perf_counter() - start)
        here = stop
        if stop in recorded:
            history.samples.append(stop)
            history.networks.append(recorder.network())
            history.records.append(recorder.record())
        if stop in kept:
            history.snapshot_samples.append(stop)
            history.snapshots.append(recorder.snapshot())
    return history


_Layout = dict[str, tuple[tuple[str, ...], str]]
_OWN_RECORDS: _Layout = {
    "kernel_magnitude": (("channel", "frequency_row", "frequency_column"), "magnitude |k̂_l| of the kernel's spectrum"),
    "readout_magnitude": (
        ("mode", "frequency_row", "frequency_column"),
        "magnitude |B_αl| of the readout's spectrum in the basis of the left singular vectors, B = Uᵀ W Q⁻¹",
    ),
}
_SNAPSHOTS: _Layout = {
    "kernel": (("channel", "row", "column"), "kernel k"),
    "readout": (("class", "row", "column"), "readout W, each row as an image"),
    "first_layer": (("hidden_unit", "channel", "row", "column"), "first rows of the first layer W1, each as an image"),
    "second_layer": (("class", "hidden"), "second layer W2"),
}


def to_dataset(
    history: History, structure: Structure, correlations: dict[str, Correlations], attributes: dict[str, str]
) -> xr.Dataset:
    """The trajectory file's content; losses and Ω come exactly from the correlations (Eqs. 4 and 5)."""
    networks = np.stack(history.networks)
    variables = {
        "effective_singular_values": netcdf.variable(
            ("sample", "left_mode", "right_mode"),
            effective_singular_values(networks, correlations["train"], structure),
            "effective singular values Ω = Uᵀ Σŷx V",
        )
    }
    for split, averages in correlations.items():
        variables[f"{split}_loss"] = netcdf.variable(
            ("sample",),
            mean_square_error(networks, averages),
            f"mean square error over the p outputs and all {split} samples",
        )
    for name in history.records[0]:
        dimensions, long_name = _OWN_RECORDS[name]
        values = np.stack([record[name] for record in history.records]).astype(np.float32)
        variables[name] = netcdf.variable(("sample", *dimensions), values, long_name)
    for name in history.snapshots[0]:
        dimensions, long_name = _SNAPSHOTS[name]
        values = np.stack([snapshot[name] for snapshot in history.snapshots])
        variables[name] = netcdf.variable(("snapshot_sample", *dimensions), values, long_name)
    return xr.Dataset(
        variables,
        coords={
            "sample": netcdf.variable(("sample",), np.array(history.samples), "training samples seen", "samples"),
            "snapshot_sample": netcdf.variable(
                ("snapshot_sample",), np.array(history.snapshot_samples), "training samples seen", "samples"
            ),
        },
        attrs=attributes,
    )


def read(path: str | Path, variables: Sequence[str] | None = None) -> xr.Dataset:
    """One trajectory file, or some of its variables.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path, variables=variables)
    for name in variables or ("effective_singular_values", "train_loss"):
        if name not in dataset:
            raise DataError(f"{path}: not a trajectory file, '{name}' is missing; delete it and run again")
    return dataset


def read_seeds(paths: Sequence[str | Path], variables: Sequence[str] | None = None) -> xr.Dataset:
    """The trajectories of all seeds of one network, joined along a new dimension ``seed``.

    Args:
        paths: one file per seed.
        variables: those wanted; all if not given.

    Raises:
        DataError: a file cannot be used, or two were recorded at different samples.
    """
    parts = [read(path, variables) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if not all(np.array_equal(part[time], parts[0][time]) for time in part.coords):
            raise DataError(f"{path}: recorded at other samples than {paths[0]}; delete the older one and run again")
    seeds = xr.Variable(("seed",), [int(part.attrs["seed"]) for part in parts], {"long_name": "seed", "units": "1"})
    if variables is not None and not any("snapshot_sample" in part[name].dims for part in parts for name in variables):
        parts = [part.drop_vars("snapshot_sample", errors="ignore") for part in parts]
    return xr.concat(
        parts, dim=seeds, data_vars="all", coords="minimal", compat="override", combine_attrs="override", join="exact"
    )


def discovery_times(
    samples: FloatArray, effective: FloatArray, singular_values: FloatArray, share: float = 0.5
) -> FloatArray:
    """When each a_α(t) first passes a share of s_α, interpolated between records; NaN where it never does.

    Args:
        samples: shape (samples,).
        effective: diagonal of Ω, shape (…, samples, modes).
        singular_values: s_α, shape (modes,).
        share: of s_α; at one half the transition is steepest.

    Returns:
        Times in samples, shape (…, modes).
    """
    relative = np.moveaxis(effective / singular_values, -2, -1)
    passed = relative >= share
    after = passed.argmax(axis=-1)
    before = np.maximum(after - 1, 0)
    high = np.take_along_axis(relative, after[..., None], -1)[..., 0]
    low = np.take_along_axis(relative, before[..., None], -1)[..., 0]
    span = samples[after] - samples[before]
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = np.where(after > 0, (share - low) / (high - low), 0.0)
    return np.where(passed.any(axis=-1), samples[before] + fraction * span, np.nan)
