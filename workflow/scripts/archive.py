"""Pack the results from which the figures and the ledger are made."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.publishing import archive_writing, provenance_page

params = snakemake.params
archive_writing.write(
    params.files,
    snakemake.input.provenance,
    params.settings,
    snakemake.output.archive,
    log,
    licences=params.licences,
    described=provenance_page.describe(params.files, params.settings, params.licences),
)
