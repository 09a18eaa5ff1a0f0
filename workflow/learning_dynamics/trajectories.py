"""The trajectory of one training: making it, what is recorded and when, and its NetCDF layout.

Time is the number of training samples seen, coordinate ``sample``. Weight snapshots have their own, coarser time axis
``snapshot_sample``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xarray as xr

from learning_dynamics import netcdf, recorded_settings
from learning_dynamics.checkpoints import State
from learning_dynamics.correlations import (
    Correlations,
    FloatArray,
    Structure,
    effective_singular_values,
)
from learning_dynamics.errors import DataError, DivergenceError
from learning_dynamics.interruptions import Checkpointing
from learning_dynamics.losses import mean_square_error
from learning_dynamics.progress import Report


class Training(Protocol):
    """A network under training, and what it adds to the records that all networks share.

    piece: updates that are made in one go, up to the next opportunity to stop; a training that goes on from a
        checkpoint cuts them as one without an interruption does.
    """

    piece: int

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        """Make the updates from one sample to another; how many were made, and the sum of ‖y − ŷ‖²."""

    def network(self) -> FloatArray:
        """The whole network as a matrix M of shape (p, CN)."""

    def record(self) -> dict[str, FloatArray]:
        """The network's own quantities at this moment, by variable name."""

    def snapshot(self) -> dict[str, FloatArray]:
        """The weights to keep, by variable name."""

    def state(self) -> dict[str, FloatArray]:
        """A copy of everything that updates change."""

    def restore(self, state: Mapping[str, FloatArray]) -> None:
        """Go back to a state, to the last bit."""


class History:
    """The records of one training, in the order made."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self.networks: list[FloatArray] = []
        self.records: list[dict[str, FloatArray]] = []
        self.snapshot_samples: list[int] = []
        self.snapshots: list[dict[str, FloatArray]] = []

    def state(self) -> State:
        """Everything in arrays, for ``restore``."""
        state: State = {
            "samples": np.array(self.samples, dtype=np.int64),
            "networks": np.array(self.networks),
            "snapshot_samples": np.array(self.snapshot_samples, dtype=np.int64),
        }
        for kind, parts in (("record", self.records), ("snapshot", self.snapshots)):
            state |= {f"{kind}/{name}": np.stack([part[name] for part in parts]) for name in parts[0]}
        return state

    def restore(self, state: State) -> None:
        """Go back to a state."""

        def parts(kind: str, count: int) -> list[dict[str, FloatArray]]:
            stacked = {name.removeprefix(kind): values for name, values in state.items() if name.startswith(kind)}
            return [{name: values[place] for name, values in stacked.items()} for place in range(count)]

        self.samples = state["samples"].tolist()
        self.networks = list(state["networks"])
        self.records = parts("record/", len(self.samples))
        self.snapshot_samples = state["snapshot_samples"].tolist()
        self.snapshots = parts("snapshot/", len(self.snapshot_samples))


def follow(
    training: Training,
    record_samples: Sequence[int],
    snapshot_samples: Sequence[int],
    classes: int,
    describe: str,
    learning_rate: float,
    report: Report,
    checkpointing: Checkpointing | None = None,
) -> History:
    """Train from record to record and keep what `training` shows, from the start or from a checkpoint.

    Args:
        training: the network.
        record_samples: when to record, ascending, from 0.
        snapshot_samples: when to keep the weights, ascending, from 0.
        classes: p.
        describe: experiment, network and seed, for messages.
        learning_rate: λ, for the message of a divergence.
        report: called with the samples seen and the mean loss since the last call, see ``progress``.
        checkpointing: where and when the state is kept between runs; nowhere if not given.

    Raises:
        DivergenceError: a sample's loss was not a number or above the engine's limit.
        StoppedError: it was told to stop; the checkpoint is written.
    """
    history = History()
    recorded, kept = set(record_samples), set(snapshot_samples)
    stops = sorted(recorded | kept)
    finished, here, squared_error = 0, 0, 0.0

    def state() -> State:
        own = {f"training/{name}": values for name, values in training.state().items()}
        place = {"finished": np.array(finished), "here": np.array(here), "squared_error": np.array(squared_error)}
        return {**history.state(), **own, **place}

    def so_far() -> str:
        return f"{describe}: stopped after {here} of {stops[-1]} samples"

    before = checkpointing.begin() if checkpointing else None
    if before is not None:
        history.restore(before)
        training.restore({name: before[f"training/{name}"] for name in training.state()})
        finished, here, squared_error = int(before["finished"]), int(before["here"]), float(before["squared_error"])
    report(here, float("nan"))
    for stop in stops[finished:]:
        while here < stop:
            if checkpointing:
                checkpointing.opportunity(state, so_far)
            wanted = min(training.piece, stop - here)
            made, squared = training.advance(here, here + wanted)
            if made < wanted:
                raise DivergenceError(
                    f"{describe}: the training diverged at sample {here + made}, where the loss of that sample was "
                    f"{squared / classes:.3g} (an untrained network has {1 / classes:.3g}); "
                    f"lower learning_rate ({learning_rate:g})"
                )
            here += wanted
            squared_error += squared
        if stop > 0:
            report(stop, squared_error / classes / (stop - stops[finished - 1]))
        squared_error = 0.0
        if stop in recorded:
            history.samples.append(stop)
            history.networks.append(training.network())
            history.records.append(training.record())
        if stop in kept:
            history.snapshot_samples.append(stop)
            history.snapshots.append(training.snapshot())
        finished += 1
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


def read(path: str | Path, variables: Sequence[str] | None = None, optional: Sequence[str] = ()) -> xr.Dataset:
    """One trajectory file, or some of its variables, and some more if it has them.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path, variables if variables is None else (*variables, *optional))
    for name in variables or ("effective_singular_values", "train_loss"):
        if name not in dataset:
            raise DataError(f"{path}: not a trajectory file, '{name}' is missing; delete it and run again")
    return dataset


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
