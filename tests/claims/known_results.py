"""Small sets of result files whose every number was chosen: what is measured on them, or drawn, is known beforehand.

The structure is exact: with x^c = p Σ_α U_cα s_α v^α and one image per class, Σyx = U S Vᵀ for any chosen orthogonal U
and orthonormal v^α. Data set and structure are written by the project's own functions, trajectories and predictions in
its layout (a test compares the two). The images are not those of the settings, which only give times and rates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from learning_dynamics.claims.measures import Results
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.cosines import Cosine, CosinesDataset
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.networks.deep_cnn import DeepLinearCNN, DeepReluCNN
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.networks.registry import Networks
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files

CNN, FCNN, DEEP, RELU = "linear_cnn", "linear_fcnn", "deep_linear_cnn", "deep_relu_cnn"
RATES = {CNN: 0.001, FCNN: 0.003}

_PLANE = ("frequency_row", "frequency_column")
TRAJECTORY = {
    "effective_singular_values": ("sample", "left_mode", "right_mode"),
    "train_loss": ("sample",),
    "test_loss": ("sample",),
    **{name: ("sample", *dimensions) for name, (dimensions, _) in LinearCNN.RECORDS.items()},
    **{
        name: ("snapshot_sample", *dimensions)
        for network in (LinearCNN, LinearFCNN)
        for name, (dimensions, _) in network.SNAPSHOTS.items()
    },
}
THEORY = {
    "effective_singular_values": ("seed", "sample", "left_mode", "right_mode"),
    "train_loss": ("seed", "sample"),
    "test_loss": ("seed", "sample"),
    "sigmoid": ("seed", "sample", "mode"),
    "competition": ("seed", "sample", "mode"),
    "competition_mean_kernel_magnitude": ("sample", *_PLANE),
    "competition_final_kernel_magnitude": ("seed", *_PLANE),
    "mean_kernel_magnitude": ("sample", "channel", *_PLANE),
    "kernel_magnitude": ("seed", "sample", "channel", *_PLANE),
    "readout_magnitude": ("seed", "sample", "mode", *_PLANE),
}
# Recorded in single precision.
SINGLE = {"kernel_magnitude", "readout_magnitude", "mean_kernel_magnitude"}


def wave(side, parts):
    """A unit image from shares of cosines: |v̂_l| is w/√2 at a pair of frequencies, w at one that is its own mirror.

    Args:
        side: n.
        parts: w by frequency pair (i, j), with Σ w² = 1.
    """
    row, column = np.indices((side, side))
    image = np.zeros((side, side))
    for (i, j), weight in parts.items():
        own_mirror = 2 * i % side == 0 and 2 * j % side == 0
        image += weight * (1 if own_mirror else np.sqrt(2)) / side * np.cos(2 * np.pi * (i * row + j * column) / side)
    return image


def mirrored(side, values):
    """An array (n, n) with a value at each frequency pair and at its mirror, else 0."""
    plane = np.zeros((side, side))
    for (i, j), value in values.items():
        plane[i, j] = plane[-i % side, -j % side] = value
    return plane


def rotation(angle, size=2):
    """An orthogonal U whose entries that are largest in each column are positive, as the project's sign wants it."""
    matrix = np.eye(size)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix


def ramp(samples, time, width):
    """From 0 to 1 along a straight line that passes 0.1, 0.5 and 0.9 at `time` and 0.4 `width` before and after it.

    Exact between records, if the ends of the line are records.
    """
    return np.clip((np.asarray(samples) - time) / width + 0.5, 0, 1)


def diagonal(values):
    """Ω with a_α (…, modes) on the diagonal and nothing else."""
    return np.asarray(values)[..., None] * np.eye(np.shape(values)[-1])


def learned(levels, seeds, records):
    """Ω of networks that have every mode in the first record, and nothing in the others, which is all that counts."""
    values = np.zeros((seeds, records, len(levels)))
    values[:, 0] = levels
    return diagonal(values)


def settings_of(networks, *, updates, records, snapshots=(), classes=2, side=4, channels=1):
    """Settings with the times and rates of an experiment."""
    made = {
        CNN: LinearCNN(learning_rate=RATES[CNN]),
        FCNN: LinearFCNN(learning_rate=RATES[FCNN], hidden_units=4),
        DEEP: DeepLinearCNN(batch_size=1),
        RELU: DeepReluCNN(batch_size=1),
    }
    cosines = [[Cosine(frequency=[number // side, number % side], amplitude=1)] for number in range(classes)]
    return Experiment(
        dataset=CosinesDataset(side=side, channels=channels, classes=cosines),
        networks=Networks(**{name: made[name] if name in networks else None for name in made}),
        updates=updates,
        records=records,
        snapshots=list(snapshots),
    )


def write_experiment(
    folder: Path,
    name: str,
    *,
    singular_values,
    vectors,
    left=None,
    trajectories: Mapping[str, Mapping[str, object]],
    theory: Mapping[str, Mapping[str, object]] | None = None,
    updates=100,
    snapshots=(),
    test=False,
) -> ExperimentResults:
    """Write the files of an experiment.

    Args:
        folder: where; made if need be.
        name: of the experiment.
        singular_values: s_α, descending.
        vectors: v^α, orthonormal, shape (modes, C, n, n) or (modes, n, n).
        left: U; the identity if not given.
        trajectories: by network the variables, each with the seeds first; Ω is needed, losses are 0 if not given.
        theory: by network the variables; none if not given.
        updates: the time of the last record; the records are evenly spaced.
        snapshots: times of the weights that are kept between the start and the end.
        test: whether there are images that are held out.
    """
    folder = folder / name
    folder.mkdir(parents=True)
    values, images = np.asarray(singular_values, dtype=float), np.asarray(vectors, dtype=float)
    images = images[:, None] if images.ndim == 3 else images
    left = np.eye(len(values)) if left is None else np.asarray(left)
    classes, (channels, side) = len(left), images.shape[1:3]
    shapes = [np.shape(variables["effective_singular_values"]) for variables in trajectories.values()]
    settings = settings_of(
        list(trajectories), updates=updates, records=shapes[0][1] - 1, snapshots=snapshots,
        classes=classes, side=side, channels=channels,
    )  # fmt: skip
    plain = settings.model_dump(mode="json")
    classwise = classes * np.einsum("cm,m,mkij->ckij", left, values, images)
    copies = 2 if test else 1
    data = LabelledImages(
        np.concatenate([classwise] * copies),
        np.tile(np.arange(classes), copies),
        np.repeat([False, True][:copies], classes),
        tuple(f"class {index}" for index in range(classes)),
        centred=False,
        origin="chosen by a test",
    )
    dataset_files.write(data, folder / "dataset.nc", name, plain)
    averages = {split: data.split(split).correlations() for split in data.splits}
    structure_files.write_structure(data, averages, folder / "structure.nc", name, plain)
    paths, theories = {}, {}
    for network, variables in trajectories.items():
        attributes = {"settings": json.dumps({**plain, "network": network})}
        paths[network] = []
        for seed in range(len(np.asarray(variables["effective_singular_values"]))):
            path = folder / f"{network}-{seed}.nc"
            content = {key: np.asarray(array)[seed] for key, array in variables.items()}
            zero = np.zeros(len(settings.record_samples()))
            content = {"train_loss": zero, **({"test_loss": zero} if test else {}), **content}
            _write(path, TRAJECTORY, content, settings, {**attributes, "seed": seed})
            paths[network].append(str(path))
        theories[network] = str(folder / f"{network}-theory.nc")
        _write(theories[network], THEORY, (theory or {}).get(network, {}), settings, attributes)
    return ExperimentResults(
        name, plain, str(folder / "dataset.nc"), str(folder / "structure.nc"), paths, theories
    )  # fmt: skip


def _write(path, layout, content, settings, attributes):
    variables = {
        name: netcdf.variable(layout[name], np.asarray(values, np.float32 if name in SINGLE else np.float64), name)
        for name, values in content.items()
    }
    times = {"sample": settings.record_samples(), "snapshot_sample": settings.snapshot_samples()}
    used = {dimension for variable in variables.values() for dimension in variable.dims}
    coordinates = {
        name: netcdf.variable((name,), np.array(values), name, "samples")
        for name, values in times.items()
        if name in used or layout is TRAJECTORY
    }
    netcdf.write(xr.Dataset(variables, coordinates, attributes), path)


def results_of(*experiments: ExperimentResults, extensions: Mapping[str, str] | None = None) -> Results:
    """What the measures take."""
    return Results({experiment.name: experiment for experiment in experiments}, extensions or {})


def write_extension(folder: Path, name: str, dataset: xr.Dataset) -> Results:
    """The file of a run beyond the experiments, as the measures take it."""
    path = folder / f"{name.replace('/', '-')}.nc"
    netcdf.write(dataset, path)
    return Results({}, {name: str(path)})
