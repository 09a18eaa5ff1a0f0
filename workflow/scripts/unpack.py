"""Check an archive of results and unpack it."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

# The manifest stands for all files, which may be thousands.
jobs.begin(snakemake.log[0], snakemake.output[:1])

from learning_dynamics.publishing import archive

archive.unpack(archive.open_archive(snakemake.input.archive), snakemake.params.folder)
