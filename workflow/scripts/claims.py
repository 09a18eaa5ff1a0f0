"""Measure every claim."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from learning_dynamics.claims import write

write.to_files(
    list(snakemake.input.claims), snakemake.params.experiments, snakemake.params.extensions, snakemake.output[0], log
)
