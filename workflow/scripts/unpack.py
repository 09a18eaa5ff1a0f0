"""Check an archive of results and unpack it."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics.publishing import archive

archive.unpack(archive.open_archive(snakemake.input.archive), snakemake.params.folder)
