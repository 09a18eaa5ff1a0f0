"""The runs over one parameter, from plain settings and files."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import xarray as xr

from learning_dynamics import provenance
from learning_dynamics.config_experiments import Experiment
from learning_dynamics.config_extensions import LearningRateScaling, SideScaling, StdScaling
from learning_dynamics.datasets import labelled_images
from learning_dynamics.scaling.learning_rates import over_learning_rates
from learning_dynamics.scaling.sides import over_sides
from learning_dynamics.scaling.stds import over_stds

PARAMETERS = ("side", "std", "learning_rate")


def measure(
    parameter: str,
    settings: Mapping[str, Any],
    experiment: Mapping[str, Any] | None,
    dataset: str | None,
    root_seed: int,
    divergence_factor: float,
    log: logging.Logger,
) -> xr.Dataset:
    """The runs over one parameter; see ``over_sides``, ``over_stds`` and ``over_learning_rates``.

    Args:
        parameter: "side", "std" or "learning_rate".
        settings: the configuration under `scaling`, at this parameter.
        experiment: settings of the experiment it names; None for "side".
        dataset: that experiment's images, a NetCDF file; None for "side".
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.
        log: for the progress.

    Raises:
        DataError: the data set's file is missing or damaged.
        DivergenceError: a training diverged.
        UserError: the gradient flow could not be integrated.
    """
    relevant = {"parameter": parameter, "root_seed": root_seed, "scaling": dict(settings)}
    if parameter == "side":
        result = over_sides(SideScaling.model_validate(settings), root_seed, divergence_factor, log)
        source = "Pinson et al. 2023, Eqs. 21, 22 and S.164"
    else:
        data = labelled_images.read(str(dataset))
        base = Experiment.model_validate(experiment)
        relevant["experiment"] = base.model_dump(mode="json")
        if parameter == "std":
            std = StdScaling.model_validate(settings)
            result = over_stds(std, data, root_seed, divergence_factor, log)
            source = "Pinson et al. 2023, Eqs. 23, 24 and S.164, App. G"
        else:
            rates = LearningRateScaling.model_validate(settings)
            assert base.networks.linear_cnn is not None  # the configuration asks for it
            result = over_learning_rates(rates, base.networks.linear_cnn, data, root_seed, divergence_factor, log)
            source = "Pinson et al. 2023, Eqs. 15 and 16"
    return result.assign_attrs(
        provenance.attributes(
            f"Scaling with {parameter}", source, relevant, ("numpy", "scipy", "numba", "xarray", "netCDF4")
        )
    )
