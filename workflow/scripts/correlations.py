"""Average over the samples: Σyx and Σxx."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics import structure
from learning_dynamics.datasets import labelled_images

name = snakemake.wildcards.experiment
settings = {"experiment": name, "dataset": snakemake.params.settings}
data = labelled_images.open_file(snakemake.input.dataset)
structure.write_correlations(data, snakemake.output[0], name, settings, snakemake.params.largest_input)
