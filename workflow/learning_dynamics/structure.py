"""The NetCDF files of the correlations and of the structure of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics import fourier, netcdf, provenance
from learning_dynamics.correlations import Correlations, Structure, decompose, input_correlation_in_modes
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DataError

_PACKAGES = ("numpy", "scipy", "xarray", "netCDF4")


def write_correlations(data: LabelledImages, path: str | Path, experiment: str, settings: Mapping[str, Any]) -> None:
    """Σyx and Σxx of every split (Pinson et al. 2023, Eqs. 1 and 3); 8 (C n²)² bytes per split."""
    averages = {name: data.split(name).correlations() for name in data.splits}
    dataset = xr.Dataset(
        {
            "input_output_correlation": netcdf.variable(
                ("split", "class", "input"),
                np.stack([a.input_output for a in averages.values()]),
                "input-output correlation Σyx = ⟨y xᵀ⟩",
            ),
            "input_correlation": netcdf.variable(
                ("split", "input", "input_"),
                np.stack([a.input for a in averages.values()]),
                "input-input correlation Σxx = ⟨x xᵀ⟩",
            ),
            "class_frequency": netcdf.variable(
                ("split", "class"),
                np.stack([a.class_frequencies for a in averages.values()]),
                "share of the samples in each class",
            ),
        },
        coords={"split": netcdf.variable(("split",), np.array(list(averages), dtype=object), "split of the data set")},
        attrs=provenance.attributes(
            f"Correlations of {experiment}", "Pinson et al. 2023, Eqs. 1 and 3", settings, _PACKAGES
        ),
    )
    netcdf.write(dataset, path, uncompressed=("input_correlation",))


def read_correlations(path: str | Path) -> dict[str, Correlations]:
    """The correlations by split, "train" first.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path)
    try:
        return {
            str(split): Correlations(
                dataset["input_output_correlation"].values[place],
                dataset["input_correlation"].values[place],
                dataset["class_frequency"].values[place],
            )
            for place, split in enumerate(dataset["split"].values)
        }
    except KeyError as error:
        raise DataError(f"{path}: not a correlations file, {error} is missing; delete it and run again") from error


def write_structure(
    data: LabelledImages,
    correlations: Mapping[str, Correlations],
    path: str | Path,
    experiment: str,
    settings: Mapping[str, Any],
) -> None:
    """The singular value decomposition of the training Σyx, its vectors as images and their spectra.

    For centred data the decomposition before subtracting the mean is added: Σyx + ⟨y⟩ mᵀ with the mean image m.
    """
    train = correlations["train"]
    structure = decompose(train.input_output)
    channels, side, _ = data.shape
    image = ("channel", "row", "column")

    def images(vectors: np.ndarray) -> np.ndarray:
        return vectors.T.reshape(-1, channels, side, side)

    spectra = fourier.spectrum(images(structure.right))
    means = train.input_output / train.class_frequencies[:, None]
    variables = {
        "singular_values": netcdf.variable(("mode",), structure.singular_values, "singular values s_α of Σyx"),
        "left_singular_vectors": netcdf.variable(("class", "mode"), structure.left, "left singular vectors U"),
        "right_singular_vectors": netcdf.variable(
            ("mode", *image), images(structure.right), "right singular vectors v^α as images"
        ),
        "right_singular_spectra": netcdf.variable(
            ("mode", "channel", "frequency_row", "frequency_column", "part"),
            np.stack([spectra.real, spectra.imag], axis=-1),
            "spectra v̂^α = Q v^α, real and imaginary part",
        ),
        "input_correlation_in_modes": netcdf.variable(
            ("mode", "mode_"), input_correlation_in_modes(train, structure), "Vᵀ Σxx V"
        ),
        "class_means": netcdf.variable(
            ("class", *image), means.reshape(-1, channels, side, side), "mean image of each class"
        ),
        "class_frequency": netcdf.variable(("class",), train.class_frequencies, "share of the samples in each class"),
    }
    if data.centred:
        before = decompose(train.input_output + np.outer(train.class_frequencies, data.mean_image.ravel()))
        variables |= {
            "uncentred_singular_values": netcdf.variable(
                ("mode",), before.singular_values, "singular values of Σyx before the mean image was subtracted"
            ),
            "uncentred_left_singular_vectors": netcdf.variable(
                ("class", "mode"), before.left, "left singular vectors before the mean image was subtracted"
            ),
            "uncentred_right_singular_vectors": netcdf.variable(
                ("mode", *image), images(before.right), "right singular vectors before the mean image was subtracted"
            ),
        }
    dataset = xr.Dataset(
        variables,
        coords={
            "part": netcdf.variable(
                ("part",), np.array(["real", "imaginary"], dtype=object), "part of a complex value"
            ),
            "class_name": netcdf.variable(("class",), np.array(data.class_names, dtype=object), "class name"),
        },
        attrs=provenance.attributes(
            f"Statistical structure of {experiment}", "Pinson et al. 2023, Eqs. 1 to 3", settings, _PACKAGES
        ),
    )
    netcdf.write(dataset, path)


def read_structure(path: str | Path) -> xr.Dataset:
    """The structure file.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path)
    if "singular_values" not in dataset:
        raise DataError(f"{path}: not a structure file, 'singular_values' is missing; delete it and run again")
    return dataset


def structure_of(dataset: xr.Dataset) -> Structure:
    """The decomposition in a structure file, vectors as columns."""
    right = dataset["right_singular_vectors"].values
    return Structure(
        dataset["singular_values"].values,
        dataset["left_singular_vectors"].values,
        np.ascontiguousarray(right.reshape(len(right), -1).T),
    )
