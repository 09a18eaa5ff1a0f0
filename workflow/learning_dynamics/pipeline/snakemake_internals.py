"""What the rules ask Snakemake for and what its documented interface does not tell.

Inside a Snakefile Snakemake documents where the workflow lies and nothing of the run itself. What is more is taken here
alone, most of it from the object ``workflow`` that every Snakefile sees. An upgrade of Snakemake may change it:
``tests/unit/test_pipeline_snakemake.py`` asks everything in a small workflow.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def logger() -> logging.Logger:
    """Where Snakemake reports its events, those of logger plugins: jobs that fail among them."""
    from snakemake.logging import logger as found

    return found


def named_configuration_files(workflow: Any) -> list[Path]:
    """The files of settings that the command line names: a relative path in one may mean a place beside it."""
    return [Path(path) for path in workflow.overwrite_configfiles]


class Run:
    """The run of Snakemake that reads these rules, which may be those of a module in a larger workflow.

    To be made while the rules are read; it answers from when all are read. Paths are those of the rules here: what a
    module's prefix and a storage provider make of them is known to this class.
    """

    def __init__(self, workflow: Any) -> None:
        """Take the object ``workflow`` of the Snakefile."""
        self._workflow = workflow
        self._modify = workflow.modifier.path_modifier.modify

    def makes(self, paths: Iterable[str], through: Iterable[str] = ()) -> set[str]:
        """Those of some files that the targets of the run ask for, by themselves or through other files.

        Args:
            paths: of the files; what is behind them is not looked at.
            through: other files that are noted too, and what is behind them is looked at.
        """
        wanted = {str(self._modify(path)): path for path in paths}
        noted = wanted | {str(self._modify(path)): path for path in through}
        graph = self._workflow.dag
        seen: set[str] = set()
        waiting = [str(path) for path in graph.targetfiles]
        for rule in graph.targetrules:
            waiting += map(str, rule.output) if rule.output else _inputs(rule, {})
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                if path not in wanted:
                    for rule in graph.output_index.match_producers(path):
                        waiting += _inputs(rule, rule.get_wildcards(path))
        return {noted[path] for path in seen & noted.keys()}

    def has(self, path: str) -> bool:
        """Whether a file is there, on this machine or in storage."""
        place = self._modify(path)
        stored = getattr(place, "flags", {}).get("storage_object")
        return bool(stored.exists()) if stored else Path(place).exists()

    def local(self, path: str) -> str | None:
        """Where a file can be read now; None if storage would have to be asked for it."""
        place = self._modify(path)
        return None if "storage_object" in getattr(place, "flags", {}) else str(place)

    def is_of_present_parameters(self, path: str) -> bool:
        """Whether Snakemake made a file with the parameters that its rule has now.

        A picture does not hold its settings; Snakemake's records do. What it has no record of counts as such. For
        users there is the option --list-params-changes, but no rule can ask for its answer.
        """
        # The workflow has imported it; a program that reads no rules need not.
        from snakemake.jobs import Job

        place = str(self._modify(path))
        maker = next(rule for rule in self._workflow.rules if rule.is_producer(place))
        job = Job(maker, self._workflow.dag, maker.get_wildcards(place))
        return not self._workflow.persistence.params_changed(job)


def _inputs(rule: Any, wildcards: dict[str, str]) -> list[str]:
    return [str(path) for path in rule.expand_input(wildcards)[0]]
