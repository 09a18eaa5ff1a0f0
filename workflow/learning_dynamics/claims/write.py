"""From result files to the ledger."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics.claims import entries, ledger
from learning_dynamics.claims.measures import MEASURES, Results
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import provenance


def to_files(
    claims: Sequence[str],
    experiments: Mapping[str, Mapping[str, Any]],
    extensions: Mapping[str, str],
    path: str | Path,
    log: logging.Logger,
) -> None:
    """Measure the claims on result files and write claims.json.

    Args:
        claims: the table of the paper's claims, and a user's own if there is one.
        experiments: result files by experiment.
        extensions: files of the runs beyond the paper's experiments, by name.
        path: claims.json.
        log: receives one line per claim and the table.

    Raises:
        ConfigurationError: a table of claims is not as expected.
        DataError: a result file is missing or damaged.
    """
    results = Results(
        {name: ExperimentResults.from_files(name, files) for name, files in experiments.items()}, extensions
    )
    judged: list[dict[str, Any]] = []
    for file, table in zip(claims, entries.read_all(claims), strict=True):
        commit = provenance.commit_of(Path(file))
        judged += [entry | {"claims_commit": commit} for entry in ledger.judge(table.claims, MEASURES, results, log)]
    for line in ledger.table(judged).splitlines():
        log.info("%s", line)
    ledger.write(judged, path)
