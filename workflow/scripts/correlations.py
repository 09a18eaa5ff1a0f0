"""Average over the samples: Σyx and Σxx."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics import structure
from learning_dynamics.datasets import labelled_images

name = snakemake.wildcards.experiment
settings = {"experiment": name, "dataset": snakemake.params.settings}
structure.write_correlations(labelled_images.read(snakemake.input.dataset), snakemake.output[0], name, settings)
