"""Choose the settings that are `auto`."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from learning_dynamics import automatic

params = snakemake.params
automatic.choose_from_files(
    *(snakemake.input.dataset, snakemake.input.correlations, snakemake.input.structure),
    *(snakemake.wildcards.experiment, params.settings, params.rules, params.seeds, params.root_seed),
    *(snakemake.output[0], log),
)
