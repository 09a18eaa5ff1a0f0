"""Write the ledger as a page."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics.claims import page

page.from_files(list(snakemake.input.claims), snakemake.input.ledger, snakemake.output[0])
