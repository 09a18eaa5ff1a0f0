"""Train one network once."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from learning_dynamics import chosen_settings, netcdf
from learning_dynamics.networks import train

wildcards, params = snakemake.wildcards, snakemake.params
trajectory = train.train_from_files(
    *(snakemake.input.dataset, snakemake.input.correlations, snakemake.input.structure, wildcards.experiment),
    chosen_settings.resolved_settings(params.settings, snakemake.input.get("chosen")),
    wildcards.network,
    int(wildcards.seed),
    params.root_seed,
    params.divergence_factor,
    log,
)
netcdf.write(trajectory, snakemake.output[0])
