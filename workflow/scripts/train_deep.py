"""Train one deep network with one or several seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.structure import files as structure_files
from learning_dynamics.training import checkpoints, deep

params, outputs = snakemake.params, jobs.by_seed(snakemake.output)
task = deep.DeepTask(
    name=snakemake.wildcards.experiment,
    settings=Experiment.model_validate(params.settings),
    network=snakemake.wildcards.network,
    root_seed=params.root_seed,
    divergence_factor=params.divergence_factor,
    seeds=tuple(outputs),
    data=dataset_files.read(snakemake.input.dataset),
    structure=structure_files.structure_of(structure_files.read_structure(snakemake.input.structure)),
)
folder = checkpoints.CheckpointFolder(*params.checkpoints, params.code)
deep.train_to_files(task, params.device, list(outputs.values()), folder, log)
