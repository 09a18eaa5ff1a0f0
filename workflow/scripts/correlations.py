"""Average over the samples: Σyx and Σxx."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.structure import files as structure_files
from learning_dynamics.datasets import files as dataset_files

name = snakemake.wildcards.experiment
settings = {"experiment": name, "dataset": snakemake.params.settings}
data = dataset_files.open_file(snakemake.input.dataset)
structure_files.write_correlations(data, snakemake.output[0], name, settings, snakemake.params.largest_input)
