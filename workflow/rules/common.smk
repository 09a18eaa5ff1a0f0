"""The configuration, its experiments, and the library files that each script runs.

Needs: the merged configuration.
Makes: CONFIG (checked), RESULTS, ARCHIVE, experiment_settings, two_layer_experiments, code
"""

import functools
import os
import sys
from pathlib import Path

# Anchored at the Snakefile, not at this file or the working directory: a remote job sees the same paths.
WORKFLOW = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(WORKFLOW))

from learning_dynamics import archive
from learning_dynamics import (
    config_experiments,
    config_loading,
    config_networks,
    recorded_settings,
)
from learning_dynamics.chosen_settings import ChosenSettingsFile, resolved_settings
from learning_dynamics.claims import ledger
from learning_dynamics.datasets import fingerprints
from learning_dynamics.errors import DataError, UserError
from learning_dynamics.figures import catalogue
from learning_dynamics.jobs import fix_hash_seed

import source_files

fix_hash_seed()
# Results are looked into on file systems without locks too, see jobs.begin.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

CLAIMS = f"{workflow.basedir}/config/claims.yaml"

try:
    CONFIG = config_loading.load(config)
    ledger.read(CLAIMS)
    ARCHIVE = archive.open_archive(CONFIG.archive) if CONFIG.archive else None
    if ARCHIVE:
        CONFIG = archive.restricted(CONFIG, ARCHIVE)
    archive.check_results_folder(CONFIG.results, ARCHIVE)
except UserError as error:
    # No location in the Snakefile: the mistake is in the configuration.
    sys.exit(str(error))

RESULTS = CONFIG.results
PAPER_EXPERIMENTS = config_experiments.paper_experiments()
TARGETS_WITH_DOWNLOAD = {"two-layer", "reproduce-all"}


wildcard_constraints:
    # What ends otherwise is the comparison of a prediction with the training.
    experiment="[A-Za-z][A-Za-z0-9_]*(?<!_measured)",
    network="linear_cnn|linear_fcnn|deep_linear_cnn|deep_relu_cnn",
    seed=r"\d+",


def code(script):
    """The files of the library that a script runs: inputs, so that an edited module reruns what depends on it."""
    return source_files.imported_by(WORKFLOW / "scripts" / script)


def figure_code(*modules):
    """The files that drawing some figures runs; figures are imported by name, which no search for imports finds."""
    figures = [
        WORKFLOW / "learning_dynamics" / "figures" / f"{module}.py"
        for module in modules
    ]
    files = source_files.imported_by(WORKFLOW / "scripts" / "paper_figure.py") + [
        str(path) for path in figures
    ]
    return sorted(
        {file for path in figures for file in source_files.imported_by(path)}
        | set(files)
    )


def experiment_settings(wildcards):
    """The experiment's settings as plain data; a change reruns exactly what depends on it."""
    return CONFIG.experiments[wildcards.experiment].model_dump(mode="json")


def chosen_settings(wildcards):
    """The file of the settings that are `auto` in the configuration; none if no setting is."""
    name = wildcards.experiment
    chosen = f"{RESULTS}/settings/{name}.json"
    return [chosen] if CONFIG.experiments[name].automatic else []


def dataset_settings(wildcards):
    return experiment_settings(wildcards)["dataset"]


def experiments_without_download():
    """Those whose images need no download: from an archive all."""
    return [
        name
        for name, experiment in CONFIG.experiments.items()
        if ARCHIVE or experiment.dataset.kind != "cifar10"
    ]


def source_state(wildcards):
    """What changes when a user's own images do, so that the data set is made again; None for other kinds."""
    dataset = CONFIG.experiments[wildcards.experiment].dataset
    return (
        fingerprints.fingerprint(dataset.source) if dataset.kind == "images" else None
    )


def networks_of(experiment, deep):
    """The networks of an experiment, without or with the deep ones."""
    networks = CONFIG.experiments[experiment].networks
    return networks.names if deep else networks.two_layer


def two_layer_experiments(experiments):
    """Those of some experiments that train a two-layer network."""
    return [name for name in experiments if networks_of(name, deep=False)]


def own_experiments():
    """The experiments that are not the paper's and train a two-layer network."""
    names = [name for name in CONFIG.experiments if name not in PAPER_EXPERIMENTS]
    return two_layer_experiments(names)


def of_own(files):
    """Files for the targets that are about a user's own experiments alone.

    Where there is none, Snakemake says that this is missing: an error raised here would come with a traceback.
    """
    return files or [
        "an experiment of your own (docs/own-images.md; snakemake --configfile mine.yaml -- predict)"
    ]


def requested_targets():
    return set(workflow.dag_settings.targets) if workflow.dag_settings else set()
