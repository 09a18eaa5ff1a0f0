"""Decompose Σyx into modes."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0], snakemake.output)

from learning_dynamics.structure import files as structure_files
from learning_dynamics.datasets import files as dataset_files

name = snakemake.wildcards.experiment
structure_files.write_structure(
    dataset_files.open_file(snakemake.input.dataset),
    structure_files.read_averages(snakemake.input.correlations),
    snakemake.output[0],
    name,
    {"experiment": name, "dataset": snakemake.params.settings},
    most_modes=snakemake.params.most_modes,
)
