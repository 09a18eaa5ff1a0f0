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
from snakemake.cli import parse_config
from snakemake.exceptions import MissingRuleException, RuleException, WorkflowError
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from learning_dynamics.config import chosen_settings, reading
from learning_dynamics.errors import UserError

TARGETS = ("all", "two-layer", "reproduce-all", "predict", "own")


@dataclass(frozen=True)
class Job:
    """One job of the graph.

    stage: its file of rules, without the suffix.
    params: its parameters; settings that are chosen already are no longer `auto`.
    upstream: the jobs whose outputs it reads, by their index among all jobs; they come before it.
    gpus: GPUs it asks for.
    is_needed: whether Snakemake would run it now.
    is_measured: whether its benchmark file is there and was made with the present settings.
    """

    rule: str
    stage: str
    wildcards: Mapping[str, str]
    params: Mapping[str, Any]
    upstream: tuple[int, ...]
    outputs: tuple[Path, ...]
    logs: tuple[Path, ...]
    benchmark: Path | None
    gpus: int
    is_needed: bool
    is_measured: bool


def read(snakefile: Path, targets: Sequence[str], config: Sequence[str], configfiles: Sequence[Path]) -> list[Job]:
    """All jobs behind some targets, those that depend on others after them; nothing is run or written to the results.

    Args:
        snakefile: the workflow.
        targets: rules or files that are asked for.
        config, configfiles: as after Snakemake's `--config` and `--configfile`.

    Raises:
        UserError: the target is unknown, a file is missing or the graph cannot be built.
        SystemExit: a mistake in the configuration, with one line for each.
    """
    for path in configfiles:
        if not path.is_file():
            raise UserError(f"{path}: no such configuration file")
        reading.read(path)
    quiet = OutputSettings(dryrun=True, quiet={Quietness.ALL}, log_level_override=logging.CRITICAL)
    try:
        settings = ConfigSettings(config=parse_config(config), configfiles=list(configfiles))
        with SnakemakeApi(quiet) as api, contextlib.redirect_stdout(io.StringIO()):
            workflow_api = api.workflow(ResourceSettings(cores=1), config_settings=settings, snakefile=snakefile)
            # Unfinished files would be made anew, as with the option --rerun-incomplete of the local profile.
            workflow_api.dag(DAGSettings(targets=set(targets), force_incomplete=True)).printrulegraph()
            # The public interface builds the graph and prints it, but hands out no jobs: these are Snakemake's own.
            return list(_jobs(workflow_api._workflow))
    except MissingRuleException:
        raise UserError(
            f"{', '.join(targets)}: neither a target ({', '.join(TARGETS)}) nor a file that a rule makes"
        ) from None
    except (RuleException, WorkflowError, ValueError) as error:
        raise UserError(f"{', '.join(targets)}: {error}") from None


def _jobs(workflow: Any) -> Iterator[Job]:
    graph = workflow.dag
    indices: dict[Any, int] = {}
    for level in graph.toposorted():
        # The graph keeps its jobs in sets; by name the order is the same every time.
        for job in sorted(level, key=lambda job: (job.rule.name, sorted(job.wildcards_dict.items()))):
            # Rules that only name what is wanted do nothing.
            if job.rule.norun:
                continue
            indices[job] = len(indices)
            is_there = job.benchmark and all(Path(path).exists() for path in [*job.output, job.benchmark])
            yield Job(
                rule=job.rule.name,
                stage=Path(str(job.rule.snakefile)).stem,
                wildcards=dict(job.wildcards_dict),
                params=_params(graph, job),
                upstream=tuple(sorted(indices[other] for other in graph.dependencies[job])),
                outputs=tuple(Path(path) for path in job.output),
                logs=tuple(Path(path) for path in job.log),
                benchmark=Path(job.benchmark) if job.benchmark else None,
                gpus=int(job.resources.get("gpu", 0) or 0),
                is_needed=graph.needrun(job),
                is_measured=bool(is_there) and not workflow.persistence.params_changed(job),
            )


def _params(graph: Any, job: Any) -> dict[str, Any]:
    """Those of a job, with the settings that are chosen already in place of `auto`."""
    params = dict(job.params.items())
    chosen = job.input.get("chosen", [])
    made_anew = {path for other, files in graph.dependencies[job].items() if graph.needrun(other) for path in files}
    if chosen and made_anew.isdisjoint(chosen):
        params["settings"] = chosen_settings.resolved_settings(params["settings"], chosen)
    return params
