"""Draw one figure of the paper."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.figures import render

render.paper_figure(snakemake.params.figure, snakemake.params.experiments, snakemake.output)
