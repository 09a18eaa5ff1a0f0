"""Draw the figure of the scaling runs or of some variants."""

import importlib
import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics.figures import style

module = importlib.import_module(f"learning_dynamics.figures.beyond.{snakemake.params.module}")
style.save(module.draw(snakemake.params.files), *snakemake.output)
