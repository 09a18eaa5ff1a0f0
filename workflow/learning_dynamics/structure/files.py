"""The NetCDF files of the correlations and of the structure of a data set."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DataError
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import (
    Correlations,
    CorrelationsInModes,
    Structure,
    correlate_in_modes,
    decompose,
    input_correlation_in_modes,
    rounding_level,
)
from learning_dynamics.storage import netcdf, provenance

_log = logging.getLogger(__name__)

_PACKAGES = ("numpy", "scipy", "xarray", "netCDF4")
# Images in memory at a time.
_AT_ONCE = 1000


Averages = Mapping[str, Correlations] | Mapping[str, CorrelationsInModes]


def averages(data: LabelledImages, experiment: str, largest_input: float = np.inf) -> Averages:
    """Σyx and Σxx of every split (Pinson et al. 2023, Eqs. 1 and 3), "train" first.

    Σxx has 8 (C n²)² bytes per split. Of images of more than `largest_input` values only Vᵀ Σxx V and tr Σxx are kept.
    """
    if np.prod(data.shape) <= largest_input:
        return {name: data.split(name).correlations() for name in data.splits}
    _log.warning(
        "%s: images of %s = %d values; above %d (key largest_input) Σxx is not kept, so that there are the "
        "structure and estimates of the times, but neither gradient flow nor training",
        experiment,
        "x".join(map(str, data.shape)),
        np.prod(data.shape),
        largest_input,
    )
    in_modes: dict[str, CorrelationsInModes] = {}
    structure = None
    for name in data.splits:
        split = data.split(name)
        in_modes[name], structure = correlate_in_modes(split.vectors, split.labels, data.classes, structure)
    return in_modes


def write_correlations(
    data: LabelledImages, path: str | Path, experiment: str, settings: Mapping[str, Any], largest_input: float = np.inf
) -> None:
    """``averages`` as a file."""
    found = averages(data, experiment, largest_input)
    dataset = netcdf.dataset(
        {
            "input_output_correlation": netcdf.variable(
                ("split", "class", "input"),
                np.stack([a.input_output for a in found.values()]),
                "input-output correlation Σyx = ⟨y xᵀ⟩",
            ),
            **_input_variables(found),
            "class_frequency": netcdf.variable(
                ("split", "class"),
                np.stack([a.class_frequencies for a in found.values()]),
                "share of the samples in each class",
            ),
        },
        {"split": netcdf.variable(("split",), np.array(list(found), dtype=object), "split of the data set")},
        provenance.attributes(f"Correlations of {experiment}", "Pinson et al. 2023, Eqs. 1 and 3", settings, _PACKAGES),
    )
    netcdf.write(dataset, path, uncompressed=("input_correlation",))


def _input_variables(found: Averages) -> dict[str, xr.Variable]:
    whole = [a.input for a in found.values() if isinstance(a, Correlations)]
    if whole:
        return {
            "input_correlation": netcdf.variable(
                ("split", "input", "input_"), np.stack(whole), "input-input correlation Σxx = ⟨x xᵀ⟩"
            )
        }
    in_modes = [a for a in found.values() if isinstance(a, CorrelationsInModes)]
    return {
        "input_correlation_in_modes": netcdf.variable(
            ("split", "left_mode", "right_mode"), np.stack([a.input_in_modes for a in in_modes]), "Vᵀ Σxx V"
        ),
        "input_power": netcdf.variable(("split",), [a.input_power for a in in_modes], "tr Σxx = ⟨‖x‖²⟩"),
    }


def read_correlations(path: str | Path) -> dict[str, Correlations]:
    """The correlations by split, "train" first.

    Raises:
        DataError: the file is missing, damaged or of another layout, or the images are so large that Σxx is not kept.
    """
    averages = read_averages(path)
    whole = {split: average for split, average in averages.items() if isinstance(average, Correlations)}
    if len(whole) < len(averages):
        width = averages["train"].input_output.shape[1]
        raise DataError(
            f"{path}: images of {width} values, for which Σxx was not kept: the gradient flow and the training need "
            "it; set dataset.side so that the images are smaller, or the key largest_input to at least "
            f"{width} ({8 * width**2 / 1e9:.1f} GB for each matrix)"
        )
    return whole


def read_averages(path: str | Path) -> Averages:
    """The correlations by split, "train" first, whole or, of large images, in modes.

    Raises:
        DataError: the file is missing, damaged or of another layout.
    """
    dataset = netcdf.read(path)
    try:
        splits = [str(split) for split in dataset["split"].values]
        input_output, shares = dataset["input_output_correlation"].values, dataset["class_frequency"].values
        if "input_correlation_in_modes" in dataset:
            in_modes, powers = dataset["input_correlation_in_modes"].values, dataset["input_power"].values
            return {
                split: CorrelationsInModes(input_output[index], in_modes[index], float(powers[index]), shares[index])
                for index, split in enumerate(splits)
            }
        whole = dataset["input_correlation"].values
        return {
            split: Correlations(input_output[index], whole[index], shares[index]) for index, split in enumerate(splits)
        }
    except KeyError as error:
        raise DataError(f"{path}: not a correlations file, {error} is missing; delete it and run again") from error


def structure_dataset(
    data: LabelledImages,
    correlations: Averages,
    experiment: str,
    settings: Mapping[str, Any],
    *,
    most_modes: float = np.inf,
) -> xr.Dataset:
    """The singular value decomposition of the training Σyx, its vectors as images and their spectra.

    For centred data the decomposition before subtracting the mean is added: Σyx + ⟨y⟩ mᵀ with the mean image m.
    Of more than `most_modes` modes the leading ones are kept, here and in all that is measured in modes, and of the
    others the singular values (``further_singular_values``): Ω has modes x modes entries in every record.

    Returns:
        The content of the structure file.

    Raises:
        DataError: all classes have the same mean image, so that there is no structure.
    """
    train = correlations["train"]
    every = replace(decompose(train.input_output), rounding=_rounding_level(data, train))
    structure = every.leading(most_modes)
    kept = len(structure.singular_values)
    in_modes = (
        train.input_in_modes[:kept, :kept]
        if isinstance(train, CorrelationsInModes)
        else input_correlation_in_modes(train, structure)
    )
    scale = np.abs(data.mean_image).max() + np.sqrt(np.abs(in_modes).max())
    if not structure.singular_values[0] > max(1e-12 * scale, structure.rounding):
        raise DataError(
            f"data set '{experiment}': the mean image of every class is the same (zero after centring); expected "
            "classes that differ in the mean: there is nothing that a linear network could discover"
        )
    channels, side, _ = data.shape
    image = ("channel", "row", "column")

    def images(vectors: np.ndarray) -> np.ndarray:
        return vectors.T.reshape(-1, channels, side, side)

    spectra = fourier.spectrum(images(structure.right))
    means = train.input_output / train.class_frequencies[:, None]
    variables = {
        "singular_values": netcdf.variable(("mode",), structure.singular_values, "singular values s_α of Σyx"),
        "rounding_level": netcdf.variable((), structure.rounding, "what rounding alone can make a singular value"),
        "left_singular_vectors": netcdf.variable(("class", "mode"), structure.left, "left singular vectors U"),
        "right_singular_vectors": netcdf.variable(
            ("mode", *image), images(structure.right), "right singular vectors v^α as images"
        ),
        "right_singular_spectra": netcdf.variable(
            ("mode", "channel", "frequency_row", "frequency_column", "part"),
            np.stack([spectra.real, spectra.imag], axis=-1),
            "spectra v̂^α = Q v^α, real and imaginary part",
        ),
        "input_correlation_in_modes": netcdf.variable(("left_mode", "right_mode"), in_modes, "Vᵀ Σxx V"),
        "class_means": netcdf.variable(
            ("class", *image), means.reshape(-1, channels, side, side), "mean image of each class"
        ),
        "class_frequency": netcdf.variable(("class",), train.class_frequencies, "share of the samples in each class"),
    }
    further_modes = {}
    if kept < len(every.singular_values):
        further = every.singular_values[kept:]
        share = (structure.singular_values**2).sum() / (every.singular_values**2).sum()
        _log.warning(
            "%s: %d modes, of which the first %d are kept (key most_modes); they hold %.1f %% of Σ s²",
            experiment,
            len(every.singular_values),
            kept,
            100 * share,
        )
        variables["further_singular_values"] = netcdf.variable(
            ("further_mode",), further, "singular values of the modes that are not kept"
        )
        further_modes["further_mode"] = netcdf.variable(
            ("further_mode",), np.arange(kept, len(every.singular_values)), "mode α that is not kept"
        )
    if data.centred:
        whole = train.input_output + np.outer(train.class_frequencies, data.mean_image.ravel())
        before = decompose(whole).leading(most_modes)
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
    return netcdf.dataset(
        variables,
        {
            "part": netcdf.variable(
                ("part",), np.array(["real", "imaginary"], dtype=object), "part of a complex value"
            ),
            "class_name": netcdf.variable(("class",), np.array(data.class_names, dtype=object), "class name"),
            **further_modes,
        },
        provenance.attributes(
            f"Statistical structure of {experiment}", "Pinson et al. 2023, Eqs. 1 to 3", settings, _PACKAGES
        ),
    )


def write_structure(
    data: LabelledImages,
    correlations: Averages,
    path: str | Path,
    experiment: str,
    settings: Mapping[str, Any],
    *,
    most_modes: float = np.inf,
) -> None:
    """``structure_dataset`` as a file."""
    netcdf.write(structure_dataset(data, correlations, experiment, settings, most_modes=most_modes), path)


def _rounding_level(data: LabelledImages, train: Correlations | CorrelationsInModes) -> float:
    power = train.input_power if isinstance(train, CorrelationsInModes) else float(np.trace(train.input))
    root_mean_square = float(np.sqrt(power + (data.mean_image**2).sum()))
    return rounding_level(train.input_output.shape, root_mean_square, _of_single_precision(data))


def _of_single_precision(data: LabelledImages) -> bool:
    """Whether every value is one that float32 has; whole numbers are exact, not rounded."""
    if data.images.dtype.kind == "u":
        return False
    pieces = (data.images[start : start + _AT_ONCE] for start in range(0, len(data.images), _AT_ONCE))
    with np.errstate(over="ignore"):
        return all(bool((piece == piece.astype(np.float32)).all()) for piece in pieces)


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
        # Files of earlier versions have none.
        float(dataset["rounding_level"]) if "rounding_level" in dataset else 0.0,
    )
