"""Train one network with one or several seeds."""

import sys

sys.path.insert(0, f"{snakemake.scriptdir}/..")
from learning_dynamics import jobs

log = jobs.begin(snakemake.log[0])

from pathlib import Path

from learning_dynamics import chosen_settings, config_loading
from learning_dynamics.networks import train

wildcards, params = snakemake.wildcards, snakemake.params
train.train_from_files(
    *(snakemake.input.dataset, snakemake.input.correlations, snakemake.input.structure, wildcards.experiment),
    chosen_settings.resolved_settings(params.settings, snakemake.input.get("chosen")),
    *(wildcards.network, [int(Path(path).stem.split("-")[1]) for path in snakemake.output]),
    *(params.root_seed, params.divergence_factor),
    # The time is no parameter of the rule: other checkpoints are no reason to train again.
    *(params.checkpoints, config_loading.load(snakemake.config).checkpoint_minutes, snakemake.input.code),
    *(list(snakemake.output), log),
)
