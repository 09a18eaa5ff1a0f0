"""Train one variant of the linear CNN, all seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.extensions import Convolution
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.extensions import variants
from learning_dynamics.storage import netcdf
from learning_dynamics.training.task import Trials

params, settings = snakemake.params, snakemake.params.settings
trials = Trials(
    name=settings["experiment"],
    settings=Experiment.model_validate(params.experiment),
    root_seed=params.root_seed,
    seeds=settings["seeds"],
)
convolution = Convolution.model_validate(settings["convolution"])
data = dataset_files.read(snakemake.input.dataset)
result = variants.train(snakemake.wildcards.variant, convolution, trials, data, params.divergence_factor)
netcdf.write(result, snakemake.output[0])
