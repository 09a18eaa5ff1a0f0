"""Train one deep network with one or several seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from pathlib import Path

from learning_dynamics import config_loading
from learning_dynamics.networks.deep import train

wildcards, params = snakemake.wildcards, snakemake.params
# Not parameters of the rule: another device or other checkpoints are no reason to train again.
config = config_loading.load(snakemake.config)
train.train_from_files(
    *(snakemake.input.dataset, snakemake.input.structure, wildcards.experiment),
    *(params.settings, wildcards.network, [int(Path(path).stem.split("-")[1]) for path in snakemake.output]),
    *(params.root_seed, params.divergence_factor, config.deep_training.device),
    *(params.checkpoints, config.checkpoint_minutes, snakemake.input.code, list(snakemake.output), log),
)
