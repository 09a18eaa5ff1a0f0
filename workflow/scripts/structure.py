"""Decompose Σyx into modes."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

jobs.begin(snakemake.log[0])

from learning_dynamics import structure
from learning_dynamics.datasets import labelled_images

name = snakemake.wildcards.experiment
structure.write_structure(
    labelled_images.open_file(snakemake.input.dataset),
    structure.read_averages(snakemake.input.correlations),
    snakemake.output[0],
    name,
    {"experiment": name, "dataset": snakemake.params.settings},
    snakemake.params.most_modes,
)
