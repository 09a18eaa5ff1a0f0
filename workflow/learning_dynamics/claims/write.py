"""From result files to the ledger's files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics.claims import entries, ledger, page
from learning_dynamics.claims.measures import MEASURES, Results
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import provenance


def to_files(
    claims: Sequence[str],
    experiments: Mapping[str, Mapping[str, Any]],
    extensions: Mapping[str, str],
    paths: Sequence[str],
    log: logging.Logger,
) -> None:
    """Measure the claims on result files and write claims.json and claims.html.

    Args:
        claims: the table of the paper's claims, and a user's own if there is one.
        experiments: result files by experiment.
        extensions: files of the runs beyond the paper's experiments, by name.
        paths: claims.json and claims.html.
        log: receives one line per claim and the table.

    Raises:
        ConfigurationError: a table of claims is not as expected.
        DataError: a result file is missing or damaged.
    """
    results = Results(
        {name: ExperimentResults.from_files(name, files) for name, files in experiments.items()}, extensions
    )
    table = entries.read(claims[0])
    own = [entries.read_own(path, [claim.id for claim in table.claims]) for path in claims[1:]]
    judged: list[dict[str, Any]] = []
    for path, of_file in zip(claims, [table, *own], strict=True):
        commit = provenance.commit_of(Path(path))
        judged += [entry | {"claims_commit": commit} for entry in ledger.judge(of_file.claims, MEASURES, results, log)]
    for line in ledger.table(judged).splitlines():
        log.info("%s", line)
    json_path, html_path = paths
    ledger.write(judged, json_path)
    page.write(judged, table, html_path)
