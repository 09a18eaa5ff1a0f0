"""Say where the results come from."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.publishing import provenance_page

params = snakemake.params
description = provenance_page.describe(params.files, params.settings, params.licences)
provenance_page.write(description, snakemake.output[0])
