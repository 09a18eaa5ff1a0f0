"""The configuration that Snakemake hands over: checked, and restricted to what an archive holds."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics.claims import entries
from learning_dynamics.config import loading, reading
from learning_dynamics.config.configuration import Config
from learning_dynamics.datasets.sources.fingerprints import TORCHVISION
from learning_dynamics.errors import UserError
from learning_dynamics.publishing import archive
from learning_dynamics.publishing.archive import Archive


def read(
    settings: Mapping[str, Any],
    claims: str | Path,
    files: Sequence[Path] = (),
    has: Callable[[str], bool] = os.path.exists,
) -> tuple[Config, Archive | None]:
    """The configuration, and the archive whose results are used if it names one.

    Args:
        settings: what the configuration files and the command line say.
        claims: the table of the paper's claims, which is checked too, as is a table of the user's own.
        files: those that the user has named, later ones over earlier ones.
        has: whether a file of the results is there.

    Raises:
        UserError: a setting or a claim is not as expected, the archive is damaged or does not fit the settings.
    """
    config = loading.load(_with_sources_beside(settings, files))
    table = entries.read(claims)
    if config.claims:
        entries.read_own(config.claims, [claim.id for claim in table.claims], config.experiments)
    opened = archive.open_archive(config.archive) if config.archive else None
    if opened:
        config = archive.restricted(config, opened)
    archive.check_results_folder(config.results, opened, has)
    return config, opened


def _with_sources_beside(settings: Mapping[str, Any], files: Sequence[Path]) -> dict[str, Any]:
    """The same, where a relative `source` that lies beside the file which names it is a path from here."""
    beside: dict[tuple[str, str], Path] = {}
    for file in files:
        beside |= {(name, source): file.parent / source for name, source in _sources(reading.read(file)).items()}
    found, here = dict(settings), Path.cwd()
    for name, source in _sources(settings).items():
        path = beside.get((name, source))
        if path is not None and _is_there(path) and not _same(path, Path(source)):
            changed = str(path.relative_to(here) if path.is_relative_to(here) else path)
            found = loading.merged(found, {"experiments": {name: {"dataset": {"source": changed}}}})
    return found


def _sources(settings: Mapping[str, Any]) -> dict[str, str]:
    """The relative paths of users' own images by the name of the experiment."""
    experiments = settings.get("experiments")
    found = {}
    for name, experiment in experiments.items() if isinstance(experiments, Mapping) else ():
        dataset = experiment.get("dataset") if isinstance(experiment, Mapping) else None
        source = dataset.get("source") if isinstance(dataset, Mapping) else None
        if isinstance(source, str) and source and not source.startswith(("~", TORCHVISION)) and "\0" not in source:
            found[str(name)] = source
    return {name: source for name, source in found.items() if not Path(source).is_absolute()}


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _same(path: Path, other: Path) -> bool:
    return _is_there(other) and path.samefile(other)


@contextlib.contextmanager
def exit_with_message() -> Iterator[None]:
    """End Snakemake with one message where the user can mend the failure: no traceback, no line of the Snakefile."""
    try:
        yield
    except UserError as error:
        sys.exit(str(error))
