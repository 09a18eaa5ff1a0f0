"""Predict one network's trajectories."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from learning_dynamics import chosen_settings, netcdf
from learning_dynamics.theory import predict

wildcards, params = snakemake.wildcards, snakemake.params
prediction = predict.predict_from_files(
    snakemake.input.dataset,
    snakemake.input.correlations,
    snakemake.input.structure,
    wildcards.experiment,
    chosen_settings.resolved_settings(params.settings, snakemake.input.get("chosen")),
    wildcards.network,
    params.seeds,
    params.root_seed,
    log,
)
netcdf.write(prediction, snakemake.output[0])
