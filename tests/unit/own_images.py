"""A user's own images, read, and their structure."""

from __future__ import annotations

from pathlib import Path

from learning_dynamics import netcdf, structure
from learning_dynamics.config_datasets import ImagesDataset
from learning_dynamics.datasets import labelled_images, make

NO_DOWNLOADS = Path("no downloads")


def made(source, target, experiment="mine", **wanted):
    make.write(ImagesDataset(source=str(source), **wanted), experiment, 0, "", NO_DOWNLOADS, target)
    return labelled_images.read(target)


def structure_of_file(path, folder):
    data = labelled_images.open_file(path)
    structure.write_correlations(data, folder / "correlations.nc", "mine", {})
    averages = structure.read_averages(folder / "correlations.nc")
    structure.write_structure(data, averages, folder / "structure.nc", "mine", {})
    return netcdf.read(folder / "structure.nc")
