"""Write how well an experiment's prediction did."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.figures import prediction_pages

prediction_pages.comparison(snakemake.wildcards.experiment, snakemake.params.experiments, snakemake.output)
