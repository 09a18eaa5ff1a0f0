"""Train one network with one or several seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.config import chosen_settings
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training import checkpoints, two_layer
from learning_dynamics.training.task import TwoLayerTask

inputs, params = snakemake.input, snakemake.params
task = TwoLayerTask(
    name=snakemake.wildcards.experiment,
    settings=chosen_settings.resolved_experiment(params.settings, inputs.get("chosen")),
    network=snakemake.wildcards.network,
    root_seed=params.root_seed,
    divergence_factor=params.divergence_factor,
    data=StructureFiles(inputs.dataset, inputs.correlations, inputs.structure).training_data(in_memory=True),
)
folder = checkpoints.CheckpointFolder(*params.checkpoints, params.code)
two_layer.train_to_files(task, jobs.by_seed(snakemake.output), folder, log)
