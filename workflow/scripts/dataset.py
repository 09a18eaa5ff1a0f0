"""Make an experiment's images."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from pathlib import Path

from learning_dynamics.config_datasets import dataset_model
from learning_dynamics.datasets import make

name, params = snakemake.wildcards.experiment, snakemake.params
make.write(
    *(dataset_model(params.settings), name, params.root_seed, params.cifar10 or "", Path(params.downloads)),
    snakemake.output[0],
)
