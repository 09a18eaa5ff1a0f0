"""Measure how discovery scales with one parameter."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.extensions.scaling.measure import measure
from learning_dynamics.storage import netcdf

params = snakemake.params
result = measure(
    snakemake.wildcards.parameter,
    params.settings,
    experiment=params.experiment,
    dataset=snakemake.input.get("dataset"),
    root_seed=params.root_seed,
    divergence_factor=params.divergence_factor,
)
netcdf.write(result, snakemake.output[0])
