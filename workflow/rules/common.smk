"""The configuration, and what the rules and targets take from it.

Needs: the merged configuration.
Makes: CONFIG and ARCHIVE (checked), RESULTS, and an object for each question of the rules: EXPERIMENTS (which there
       are), FILES (what their results are called), EXTENSIONS (the runs beyond them), TARGETS (what is asked for),
       MEASURED (what the ledger reads), SIZES (of jobs), CODE (what a script runs), CATEGORIES (of the report)
"""

import functools
import os
import sys
from pathlib import Path

# Anchored at the Snakefile, not at this file or the working directory: a remote job sees the same paths.
WORKFLOW = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(WORKFLOW))

from learning_dynamics.figures import catalogue
from learning_dynamics.jobs import fix_hash_seed
from learning_dynamics.networks.registry import (
    DEEP_NETWORKS,
    MODELS,
    TWO_LAYER_NETWORKS,
)
from learning_dynamics.pipeline import configuration, last_words, snakemake_internals
from learning_dynamics.pipeline.configuration import exit_with_message
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.extensions import Extensions
from learning_dynamics.pipeline.job_sizes import JobSizes, gpus, trained_pattern
from learning_dynamics.pipeline.measured import Measured
from learning_dynamics.pipeline.report import Categories, in_report
from learning_dynamics.pipeline.result_files import (
    SOURCE_RECORDS,
    ResultFiles,
    paths_of,
)
from learning_dynamics.pipeline.rule_code import RuleCode
from learning_dynamics.pipeline.targets import Targets
from learning_dynamics.pipeline.user_text import UserText
from learning_dynamics.publishing import archive

last_words.install(snakemake_internals.logger())
fix_hash_seed()
# Results are looked into on file systems without locks too, see jobs.begin.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

CLAIMS = f"{workflow.basedir}/config/claims.yaml"

with exit_with_message():
    CONFIG, ARCHIVE = configuration.read(config, CLAIMS, snakemake_internals.named_configuration_files(workflow))

RESULTS = CONFIG.results
CLAIM_TABLES = [CLAIMS, CONFIG.claims] if CONFIG.claims else [CLAIMS]
EXPERIMENTS = Experiments(CONFIG, archived=ARCHIVE is not None)
FILES = ResultFiles(EXPERIMENTS)
EXTENSIONS = Extensions(EXPERIMENTS)
TARGETS = Targets(FILES, EXTENSIONS)
MEASURED = Measured(
    FILES,
    EXTENSIONS,
    functools.partial(snakemake_internals.requested_targets, workflow),
)
SIZES = JobSizes(EXPERIMENTS)
CODE = RuleCode(WORKFLOW / "scripts", EXPERIMENTS)
CATEGORIES = Categories(EXPERIMENTS)

# For the scripts: where and how they run, which is no parameter of a rule and no reason to run again.
config["jobs"] = {
    "checkpoints": f"{RESULTS}/checkpoints",
    "checkpoint_minutes": CONFIG.checkpoint_minutes,
    "sources": f"{RESULTS}/{SOURCE_RECORDS}",
    "device": CONFIG.deep_training.device,
}


# For the report's captions.
config["captions"] = {"archive": UserText(CONFIG.archive or "").in_caption}


wildcard_constraints:
    # What ends otherwise is the comparison of a prediction with the training.
    experiment="[A-Za-z][A-Za-z0-9_]*(?<!_measured)",
    network="|".join(MODELS),
    seed=r"\d+",


def experiment_settings(wildcards):
    return EXPERIMENTS.settings(wildcards.experiment)


def dataset_settings(wildcards):
    return experiment_settings(wildcards)["dataset"]


def extension_input(folder, key):
    """A file of the experiment that a configuration key names; none if the runs need none."""
    experiment = EXTENSIONS.experiment(key)
    return f"{RESULTS}/{folder}/{experiment}.nc" if experiment else []


def variant_key(wildcards):
    return f"{Path(wildcards.variant).parent}.experiment"


def chosen_settings(wildcards):
    return FILES.chosen_settings(wildcards.experiment)


def finished_results():
    is_present = functools.partial(snakemake_internals.is_of_present_parameters, workflow)
    with exit_with_message():
        return TARGETS.finished(is_present)
