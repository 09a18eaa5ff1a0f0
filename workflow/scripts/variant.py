"""Train one variant of the linear CNN, all seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from learning_dynamics import netcdf, variants

params = snakemake.params
result = variants.train_from_files(
    snakemake.input.dataset,
    snakemake.wildcards.variant,
    params.settings["convolution"],
    params.settings["seeds"],
    params.settings["experiment"],
    params.experiment,
    params.root_seed,
    params.divergence_factor,
    log,
)
netcdf.write(result, snakemake.output[0])
