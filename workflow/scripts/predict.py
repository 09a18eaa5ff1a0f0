"""Predict the trajectories of an experiment's networks."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0], snakemake.output)

from pathlib import Path

from learning_dynamics.config import chosen_settings
from learning_dynamics.predictions import trajectories
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training.task import Trials

inputs, params = snakemake.input, snakemake.params
trials = Trials(
    name=snakemake.wildcards.experiment,
    settings=chosen_settings.resolved_experiment(params.settings, inputs.get("chosen")),
    root_seed=params.root_seed,
    seeds=params.seeds,
)
files = StructureFiles(inputs.dataset, inputs.correlations, inputs.structure)
trajectories.predict_to_files(files, trials, {Path(path).stem: path for path in snakemake.output}, log)
