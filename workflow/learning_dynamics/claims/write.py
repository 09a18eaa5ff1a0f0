"""From result files to the ledger's files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from learning_dynamics.claims import ledger, page
from learning_dynamics.claims.measures import MEASURES, Results
from learning_dynamics.results import ExperimentResults


def to_files(
    claims: str,
    experiments: Mapping[str, Mapping[str, Any]],
    extensions: Mapping[str, str],
    paths: Sequence[str],
    log: logging.Logger,
) -> None:
    """Measure the claims on result files and write claims.json and claims.html.

    Args:
        claims: file with the claims.
        experiments: result files by experiment.
        extensions: files of the runs beyond the paper's experiments, by name.
        paths: claims.json and claims.html.
        log: receives one line per claim and the table.

    Raises:
        ConfigurationError: the claims file is not as expected.
        DataError: a result file is missing or damaged.
    """
    results = Results(
        {name: ExperimentResults.from_files(name, files) for name, files in experiments.items()}, extensions
    )
    entries = ledger.judge(ledger.read(claims), MEASURES, results, log)
    for line in ledger.table(entries).splitlines():
        log.info("%s", line)
    json_path, html_path = paths
    ledger.write(entries, json_path)
    page.write(entries, html_path)
