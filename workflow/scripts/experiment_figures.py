"""Draw the figures that every experiment has."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.figures import render

render.experiment_figures(snakemake.wildcards.experiment, snakemake.params.experiments, snakemake.output)
