"""Choose the settings that are `auto`."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.predictions import automatic
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training.task import Trials

inputs, params = snakemake.input, snakemake.params
trials = Trials(
    name=snakemake.wildcards.experiment,
    settings=Experiment.model_validate(params.settings),
    root_seed=params.root_seed,
    seeds=params.seeds,
)
files = StructureFiles(inputs.dataset, inputs.correlations, inputs.structure)
automatic.choose_to_file(files, trials, AutomaticSettings.model_validate(params.rules), snakemake.output[0])
