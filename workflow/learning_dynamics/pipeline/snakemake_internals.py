"""What the rules ask Snakemake for and what its documented interface does not tell.

Inside a Snakefile Snakemake documents where the workflow lies and nothing of the run itself. What is more is taken here
alone, most of it from the object ``workflow`` that every Snakefile sees. An upgrade of Snakemake may change it:
``tests/unit/test_pipeline_snakemake.py`` runs all functions in a small workflow.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any


def logger() -> logging.Logger:
    """Where Snakemake reports its events, those of logger plugins: jobs that fail among them."""
    from snakemake.logging import logger as found

    return found


def requested_targets(workflow: Any) -> set[str]:
    """The targets of the command line, none while the rules are read.

    A run without downloads measures what it makes, one that is asked for CIFAR-4 that too: the inputs of the ledger
    depend on the target. A configuration key would have to be given with every target.
    """
    return set(workflow.dag_settings.targets) if workflow.dag_settings else set()


def named_configuration_files(workflow: Any) -> list[Path]:
    """The files of settings that the command line names: a relative path in one may mean a place beside it."""
    return [Path(path) for path in workflow.overwrite_configfiles]


def is_of_present_parameters(workflow: Any, path: str) -> bool:
    """Whether Snakemake made a file with the parameters that its rule has now.

    A picture does not hold its settings; Snakemake's records do. What it has no record of counts as such. For users
    there is the option --list-params-changes, but no rule can ask for its answer.
    """
    # The workflow has imported it; a program that reads no rules need not.
    from snakemake.jobs import Job

    maker = next(rule for rule in workflow.rules if rule.is_producer(path))
    job = Job(maker, workflow.dag, maker.get_wildcards(path))
    return not workflow.persistence.params_changed(job)
