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

from learning_dynamics.claims import ledger
from learning_dynamics.config import costs, loading
from learning_dynamics.config.chosen_settings import (
    ChosenSettingsFile,
    resolved_settings,
)
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.errors import DataError, UserError
from learning_dynamics.figures import catalogue
from learning_dynamics.jobs import fix_hash_seed
from learning_dynamics.networks.registry import (
    DEEP_NETWORKS,
    MODELS,
    TWO_LAYER_NETWORKS,
)
from learning_dynamics.pipeline import code_state
from learning_dynamics.publishing import archive
from learning_dynamics.storage import recorded_settings

fix_hash_seed()
# Results are looked into on file systems without locks too, see jobs.begin.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

CLAIMS = f"{workflow.basedir}/config/claims.yaml"

try:
    CONFIG = loading.load(config)
    ledger.read(CLAIMS)
    ARCHIVE = archive.open_archive(CONFIG.archive) if CONFIG.archive else None
    if ARCHIVE:
        CONFIG = archive.restricted(CONFIG, ARCHIVE)
    archive.check_results_folder(CONFIG.results, ARCHIVE)
except UserError as error:
    # No location in the Snakefile: the mistake is in the configuration.
    sys.exit(str(error))

RESULTS = CONFIG.results
PAPER_EXPERIMENTS = paper_experiments()
# For the scripts: where and how they run, which is no parameter of a rule and no reason to run again.
config["jobs"] = {
    "checkpoints": f"{RESULTS}/checkpoints",
    "checkpoint_minutes": CONFIG.checkpoint_minutes,
    "device": CONFIG.deep_training.device,
}
TARGETS_WITH_DOWNLOAD = {"two-layer", "reproduce-all"}


wildcard_constraints:
    # What ends otherwise is the comparison of a prediction with the training.
    experiment="[A-Za-z][A-Za-z0-9_]*(?<!_measured)",
    network="|".join(MODELS),
    seed=r"\d+",


def code(script, *modules):
    """The state of the code that a rule runs: its script, what that imports, and modules that it picks at run time."""
    return code_state.state(
        WORKFLOW / "scripts" / script,
        [f"learning_dynamics.{module}" for module in modules],
    )


def figure_code(script, *modules, experiments=(), deep=False):
    """The same for figures, which are imported by name, and the networks of the experiments that they show."""
    figures = [f"figures.{module}" for module in modules]
    return code(script, *figures, *network_modules(experiments, deep))


def network_modules(experiments, deep=False):
    """The modules of the networks of some experiments, without or with the deep ones."""
    return sorted(
        {
            found.removeprefix("learning_dynamics.")
            for name in experiments
            for found in CONFIG.experiments[name].networks.modules(
                networks_of(name, deep)
            )
        }
    )


def network_module(wildcards):
    """The module of a network that an experiment trains."""
    networks = CONFIG.experiments[wildcards.experiment].networks
    return networks.modules([wildcards.network])[0].removeprefix("learning_dynamics.")


def dataset_module(wildcards):
    """The module of an experiment's kind of data set."""
    return type(
        CONFIG.experiments[wildcards.experiment].dataset
    ).__module__.removeprefix("learning_dynamics.")


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
        if ARCHIVE or not experiment.dataset.DOWNLOADED
    ]


def source_state(wildcards):
    """What changes when a user's own images do, so that the data set is made again; None for other kinds."""
    return CONFIG.experiments[wildcards.experiment].dataset.source_state()


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
