"""The configuration, and what the rules and targets take from it.

Needs: the merged configuration.
Makes: CONFIG and ARCHIVE (checked), RESULTS, and an object for each question of the rules: EXPERIMENTS (which there
       are), FILES (what their results are called), EXTENSIONS (the runs beyond them), TARGETS (what is asked for),
       RUN (of Snakemake), MEASURED (what the ledger reads), SIZES (of jobs), CODE (what a script runs), CATEGORIES (of
       the report)
"""

import os
from pathlib import Path


include: "library.smk"


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
    found_at,
    paths_of,
    settings_of,
)
from learning_dynamics.pipeline.rule_code import RuleCode
from learning_dynamics.pipeline.targets import Targets
from learning_dynamics.pipeline.user_text import UserText
from learning_dynamics.publishing import archive
from learning_dynamics.storage import provenance

last_words.install(snakemake_internals.logger())
fix_hash_seed()
# Results are looked into on file systems without locks too, see jobs.begin.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

# Jobs may run where the checkout is not.
os.environ.setdefault(provenance.CODE_VERSION, " ".join(provenance.code_version()))

CLAIMS = str(WORKFLOW.parent / "config" / "claims.yaml")
RUN = snakemake_internals.Run(workflow)

with exit_with_message():
    CONFIG, ARCHIVE = configuration.read(
        config, CLAIMS, snakemake_internals.named_configuration_files(workflow), RUN.has
    )

RESULTS = CONFIG.results
CLAIM_TABLES = [CLAIMS, CONFIG.claims] if CONFIG.claims else [CLAIMS]
EXPERIMENTS = Experiments(CONFIG, archived=ARCHIVE is not None)
FILES = ResultFiles(EXPERIMENTS)
EXTENSIONS = Extensions(EXPERIMENTS)
TARGETS = Targets(FILES, EXTENSIONS)
MEASURED = Measured(FILES, EXTENSIONS, RUN)
SIZES = JobSizes(EXPERIMENTS)
CODE = RuleCode(WORKFLOW / "scripts", EXPERIMENTS)
CATEGORIES = Categories(EXPERIMENTS)
# A priority: the ledger waits for all data and takes one core for long; figures, many and short, go beside it.
AFTER_DATA = -1

# For the report's captions: what was not given has the paper's values.
config = CONFIG.model_dump(mode="json") | {"captions": {"archive": UserText(CONFIG.archive or "").in_caption}}


envvars:
    provenance.CODE_VERSION,


wildcard_constraints:
    # What ends otherwise is the comparison of a prediction with the training.
    experiment="[A-Za-z][A-Za-z0-9_]*(?<!_measured)",
    network="|".join(MODELS),
    seed=r"\d+",


# Input functions are called before anything runs.
def known_experiment(wildcards):
    with exit_with_message():
        EXPERIMENTS.require(wildcards.experiment)
    return []


def unknown_training(wildcards):
    with exit_with_message():
        EXPERIMENTS.require(*wildcards.unknown.split("/")[:2])
    return []


def experiment_files(wildcards):
    with exit_with_message():
        EXPERIMENTS.require_two_layer(wildcards.experiment)
    return FILES.shown([wildcards.experiment])


def experiment_settings(wildcards):
    return EXPERIMENTS.settings(wildcards.experiment)


def dataset_settings(wildcards):
    return experiment_settings(wildcards)["dataset"]


# Changes when a user's own images do, so that the data set is made again.
def source_state(wildcards):
    record = RUN.local(FILES.source_record(wildcards.experiment))
    return EXPERIMENTS[wildcards.experiment].dataset.source_state(record and Path(record))


def extension_input(folder, key):
    """A file of the experiment that a configuration key names; none if the runs need none."""
    experiment = EXTENSIONS.experiment(key)
    return f"{RESULTS}/{folder}/{experiment}.nc" if experiment else []


def variant_key(wildcards):
    return f"{Path(wildcards.variant).parent}.experiment"


def chosen_settings(wildcards):
    return FILES.chosen_settings(wildcards.experiment)


# Where and how a job runs is no reason to run it again. Snakemake does not record a parameter that takes the outputs.
def checkpoint_places(wildcards, output):
    return str(Path(output[0]).parents[3] / "checkpoints"), CONFIG.checkpoint_minutes


def training_device(wildcards, output):
    return CONFIG.deep_training.device


def source_record(wildcards, output):
    return str(Path(output[0]).parents[1] / SOURCE_RECORDS / f"{wildcards.experiment}.json")


def finished_results():
    # What is there already asks for nothing, and what is measured must be known to tell whether it is up to date.
    if MEASURED.is_asking:
        return []
    with exit_with_message():
        return TARGETS.finished(RUN.has, RUN.is_of_present_parameters)


# What is measured and not made is taken as it is: a run that needs no download must not start one.
def measured_paths(paths):
    kept = MEASURED.kept_paths
    return [before_update(path) if path in kept else path for path in paths]


# The page waits for the pictures that the run makes; of what is measured and not made it shows those that are there.
def pictures_of_claims(wildcards):
    made = TARGETS.pictures_of_claims(CLAIM_TABLES, MEASURED.made_files, MEASURED.made_extensions)
    shown = TARGETS.pictures_of_claims(CLAIM_TABLES, MEASURED.files, MEASURED.measured_extensions)
    return [path if path in made else before_update(path) for path in shown if path in made or RUN.has(path)]
