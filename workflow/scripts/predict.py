"""Predict the trajectories of an experiment's networks."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from pathlib import Path

from learning_dynamics import chosen_settings
from learning_dynamics.theory import predict

params = snakemake.params
predict.predict_from_files(
    *(snakemake.input.dataset, snakemake.input.correlations, snakemake.input.structure, snakemake.wildcards.experiment),
    chosen_settings.resolved_settings(params.settings, snakemake.input.get("chosen")),
    *(params.seeds, params.root_seed, {Path(path).stem: path for path in snakemake.output}, log),
)
