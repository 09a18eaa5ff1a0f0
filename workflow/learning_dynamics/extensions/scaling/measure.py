"""The runs over one parameter, from plain settings and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.extensions import LearningRateScaling, SideScaling, StdScaling
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.extensions.scaling.learning_rates import over_learning_rates
from learning_dynamics.extensions.scaling.sides import over_sides
from learning_dynamics.extensions.scaling.stds import over_stds
from learning_dynamics.storage import provenance


def measure(
    parameter: str,
    settings: Mapping[str, Any],
    *,
    experiment: Mapping[str, Any] | None,
    dataset: str | None,
    root_seed: int,
    divergence_factor: float,
) -> xr.Dataset:
    """The runs over one parameter; see ``over_sides``, ``over_stds`` and ``over_learning_rates``.

    Args:
        parameter: "side", "std" or "learning_rate".
        settings: the configuration under `scaling`, at this parameter.
        experiment: settings of the experiment it names; None for "side".
        dataset: that experiment's images, a NetCDF file; None for "side".
        root_seed: root of the random streams.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.

    Raises:
        DataError: the data set's file is missing or damaged.
        DivergenceError: a training diverged.
        UserError: the gradient flow could not be integrated.
    """
    relevant = {"parameter": parameter, "root_seed": root_seed, "scaling": dict(settings)}
    if parameter == "side":
        result = over_sides(SideScaling.model_validate(settings), root_seed, divergence_factor)
        source = "Pinson et al. 2023, Eqs. 21, 22 and S.164"
    else:
        data = dataset_files.read(str(dataset))
        base = Experiment.model_validate(experiment)
        relevant["experiment"] = base.model_dump(mode="json")
        if parameter == "std":
            std = StdScaling.model_validate(settings)
            result = over_stds(std, data, root_seed, divergence_factor)
            source = "Pinson et al. 2023, Eqs. 23, 24 and S.164, App. G"
        else:
            rates = LearningRateScaling.model_validate(settings)
            assert base.networks.linear_cnn is not None  # the configuration asks for it
            result = over_learning_rates(rates, base.networks.linear_cnn, data, root_seed, divergence_factor)
            source = "Pinson et al. 2023, Eqs. 15 and 16"
    return result.assign_attrs(
        provenance.attributes(
            f"Scaling with {parameter}", source, relevant, ("numpy", "scipy", "numba", "xarray", "netCDF4")
        )
    )
