"""Make an experiment's images."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from pathlib import Path

from learning_dynamics.config_datasets import dataset_model
from learning_dynamics.datasets import labelled_images, make

name, params = snakemake.wildcards.experiment, snakemake.params
data = make.make(dataset_model(params.settings), name, params.root_seed, params.cifar10 or "", Path(params.downloads))
settings = {"experiment": name, "root_seed": params.root_seed, "dataset": params.settings}
labelled_images.write(data, snakemake.output[0], name, settings)
