"""Whether a trajectory or a prediction was made with the settings that a configuration has now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from learning_dynamics.errors import DataError


def difference(recorded: str, settings: Mapping[str, Any]) -> str | None:
    """The first key of an experiment's settings that a file's attribute ``settings`` has otherwise, or None.

    Of the networks only the file's own counts, if it is of one: an archive may lack the others.

    Args:
        recorded: the attribute, as JSON.
        settings: of the experiment, as plain data.
    """
    found = json.loads(recorded)
    network = found.get("network")
    for key, value in settings.items():
        if key == "networks" and network:
            if found[key].get(network) != value.get(network):
                return f"networks.{network}"
        elif found.get(key) != value:
            return key
    return None


def check(path: str | Path, recorded: str, settings: Mapping[str, Any]) -> None:
    """Refuse a file that was made with other settings.

    Raises:
        DataError: it was.
    """
    if key := difference(recorded, settings):
        raise DataError(
            f"{path}: made with other settings than the configuration has now ('{key}' differs); "
            "delete it and run again, or choose another results folder"
        )


def read_difference(path: str | Path, settings: Mapping[str, Any]) -> str | None:
    """``difference`` for a file, of which nothing else is read.

    Raises:
        DataError: the file is damaged or no such file.
    """
    # Slow to import, and most runs need none of it.
    import netCDF4

    try:
        with netCDF4.Dataset(str(path)) as file:
            return difference(file.getncattr("settings"), settings)
    except (OSError, RuntimeError, AttributeError, KeyError, ValueError) as error:
        raise DataError(f"{path}: not a readable result file ({error}); delete it and run again") from error
