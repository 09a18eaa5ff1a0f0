"""The configuration that Snakemake hands over: checked, and restricted to what an archive holds."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from learning_dynamics.claims import entries
from learning_dynamics.config import loading
from learning_dynamics.config.configuration import Config
from learning_dynamics.errors import UserError
from learning_dynamics.publishing import archive
from learning_dynamics.publishing.archive import Archive


def read(
    settings: Mapping[str, Any], claims: str | Path, has: Callable[[str], bool] = os.path.exists
) -> tuple[Config, Archive | None]:
    """The configuration, and the archive whose results are used if it names one.

    Args:
        settings: what the configuration files and the command line say.
        claims: the table of the paper's claims, which is checked too, as is a table of the user's own.
        has: whether a file of the results is there.

    Raises:
        UserError: a setting or a claim is not as expected, the archive is damaged or does not fit the settings.
    """
    config = loading.load(settings)
    table = entries.read(claims)
    if config.claims:
        entries.read_own(config.claims, [claim.id for claim in table.claims], config.experiments)
    opened = archive.open_archive(config.archive) if config.archive else None
    if opened:
        config = archive.restricted(config, opened)
    archive.check_results_folder(config.results, opened, has)
    return config, opened


@contextlib.contextmanager
def exit_with_message() -> Iterator[None]:
    """End Snakemake with one message where the user can mend the failure: no traceback, no line of the Snakefile."""
    try:
        yield
    except UserError as error:
        sys.exit(str(error))
