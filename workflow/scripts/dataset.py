"""Make an experiment's images."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from pathlib import Path

from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.registry import dataset_model

params = snakemake.params
making = Making(
    snakemake.wildcards.experiment,
    params.root_seed,
    params.cifar10 or "",
    Path(params.downloads),
    Path(params.source_record),
)
dataset_model(params.settings).write(making, snakemake.output[0])
