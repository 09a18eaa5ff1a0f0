"""Train one variant of the linear CNN, all seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from pathlib import Path

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.extensions import Convolution
from learning_dynamics.extensions import variants
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training.task import Trials

inputs, params, settings = snakemake.input, snakemake.params, snakemake.params.settings
trials = Trials(
    name=settings["experiment"],
    settings=Experiment.model_validate(params.experiment),
    root_seed=params.root_seed,
    seeds=settings["seeds"],
)
convolution = Convolution.model_validate(settings["convolution"])
data = StructureFiles(inputs.dataset, inputs.correlations, inputs.structure).training_data(in_memory=True)
result = variants.train(Path(snakemake.output[0]).stem, convolution, trials, data, params.divergence_factor)
netcdf.write(result, snakemake.output[0])
