"""Measure how discovery scales with one parameter."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from learning_dynamics import netcdf
from learning_dynamics.scaling.measure import measure

params = snakemake.params
result = measure(
    snakemake.wildcards.parameter,
    params.settings,
    params.experiment,
    snakemake.input.get("dataset"),
    params.root_seed,
    params.divergence_factor,
    log,
)
netcdf.write(result, snakemake.output[0])
