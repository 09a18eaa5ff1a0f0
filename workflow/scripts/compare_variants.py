"""Compare the variants of the linear CNN with the reference."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.extensions import variants
from learning_dynamics.storage import netcdf

netcdf.write(variants.compare(snakemake.params.files, snakemake.params.reference), snakemake.output[0])
