"""The jobs that Snakemake would run, taken from the graph it builds itself."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import MissingRuleException, RuleException, WorkflowError
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from learning_dynamics.errors import UserError

# Snakemake's own bookkeeping: one file for every output, in .snakemake/metadata.
METADATA_FILES_PER_OUTPUT = 1

TARGETS = ("all", "two-layer", "reproduce-all", "predict", "own")


@dataclass(frozen=True)
class Job:
    """One job of the graph.

    rule: name of its rule.
    wildcards: values of the rule's wildcards.
    params: what the rule hands to its script, the settings among it.
    upstream: places, in the list of all jobs, of those whose outputs it reads; they come before it.
    outputs, log, benchmark: the files it makes, relative to the working directory.
    requested_mb: memory that the rule asks for; None if it names none.
    gpus: GPUs it asks for.
    is_local: whether it stays on the machine that Snakemake runs on, also with a cluster.
    is_needed: whether Snakemake would run it now.
    same_settings: whether its outputs and benchmark are there, made with the present settings.
    """

    rule: str
    wildcards: Mapping[str, str]
    params: Mapping[str, Any]
    upstream: tuple[int, ...]
    outputs: tuple[str, ...]
    log: tuple[str, ...]
    benchmark: str | None
    requested_mb: float | None
    gpus: int
    is_local: bool
    is_needed: bool
    same_settings: bool

    @property
    def files(self) -> int:
        """Files it leaves: outputs, log, benchmark and Snakemake's own."""
        return len(self.outputs) * (1 + METADATA_FILES_PER_OUTPUT) + len(self.log) + (self.benchmark is not None)


def read(
    snakefile: Path,
    target: str,
    config: Mapping[str, Any] | None = None,
    configfiles: Sequence[Path] = (),
) -> list[Job]:
    """All jobs behind a target, those that depend on others after them; nothing is run or written to the results.

    Args:
        snakefile: the workflow.
        target: rule or file that is asked for.
        config: settings laid over those of the files, as after `--config`.
        configfiles: files of settings, as after `--configfile`.

    Raises:
        UserError: the target is unknown, a file is missing or the graph cannot be built.
        SystemExit: a mistake in the configuration, with one line for each.
    """
    for path in configfiles:
        if not path.is_file():
            raise UserError(f"{path}: no such configuration file")
    try:
        settings = ConfigSettings(config=dict(config or {}), configfiles=list(configfiles))
    except WorkflowError as error:
        raise UserError(f"{', '.join(map(str, configfiles))}: {error}") from None
    try:
        return _read(snakefile, target, settings)
    except MissingRuleException:
        raise UserError(f"{target}: neither a target ({', '.join(TARGETS)}) nor a file that a rule makes") from None
    except (RuleException, WorkflowError) as error:
        raise UserError(f"{target}: {error}") from None


def _read(snakefile: Path, target: str, settings: ConfigSettings) -> list[Job]:
    quiet = OutputSettings(
        dryrun=True, quiet={Quietness.ALL}, enable_file_logging=False, log_level_override=logging.CRITICAL
    )
    with SnakemakeApi(quiet) as api:
        workflow_api = api.workflow(
            ResourceSettings(cores=1),
            config_settings=settings,
            snakefile=snakefile,
        )
        # Unfinished files would be made anew, as with the option --rerun-incomplete of the local profile.
        graph_api = workflow_api.dag(DAGSettings(targets={target}, force_incomplete=True))
        with contextlib.redirect_stdout(io.StringIO()):
            graph_api.printrulegraph()
        return list(_jobs(workflow_api._workflow))


def _jobs(workflow: Any) -> Iterator[Job]:
    graph = workflow.dag
    places: dict[Any, int] = {}
    for level in graph.toposorted():
        # The graph keeps its jobs in sets; by name the order is the same every time.
        for job in sorted(level, key=lambda job: (job.rule.name, sorted(job.wildcards_dict.items()))):
            # Rules that only name what is wanted do nothing.
            if job.rule.norun:
                continue
            places[job] = len(places)
            resources = job.resources
            requested = resources.get("mem_mb")
            made = [*job.output, *([job.benchmark] if job.benchmark else [])]
            is_there = job.benchmark is not None and all(Path(path).exists() for path in made)
            yield Job(
                rule=job.rule.name,
                wildcards=dict(job.wildcards_dict),
                params=dict(job.params.items()),
                upstream=tuple(sorted(places[other] for other in graph.dependencies[job])),
                outputs=tuple(str(path) for path in job.output),
                log=tuple(str(path) for path in job.log),
                benchmark=str(job.benchmark) if job.benchmark else None,
                requested_mb=float(requested) if isinstance(requested, int) else None,
                gpus=int(resources.get("gpu", 0) or 0),
                is_local=job.rule.name in workflow._localrules,
                is_needed=graph.needrun(job),
                same_settings=is_there and not workflow.persistence.params_changed(job),
            )
