"""A user's own images, read, and their structure."""

from __future__ import annotations

from pathlib import Path

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.images import ImagesDataset
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files

NO_DOWNLOADS = Path("no downloads")


def made(source, target, experiment="mine", **wanted):
    ImagesDataset(source=str(source), **wanted).write(Making(experiment, 0, downloads=NO_DOWNLOADS), target)
    return dataset_files.read(target)


def structure_of_file(path, folder):
    data = dataset_files.open_file(path)
    structure_files.write_correlations(data, folder / "correlations.nc", "mine", {})
    averages = structure_files.read_averages(folder / "correlations.nc")
    structure_files.write_structure(data, averages, folder / "structure.nc", "mine", {})
    return netcdf.read(folder / "structure.nc")
