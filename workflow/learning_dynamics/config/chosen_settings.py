"""Settings that were `auto` in the configuration and have been chosen: their file, and their place in an experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.errors import DataError


class ChosenSettingsFile(str):
    """Path of a file of chosen settings, which can be asked for them; to every other program plain text.

    The report's captions read them when it is made: where the workflow is planned the file need not be there yet.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)

    def resolve(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """``resolved_settings`` with this file."""
        return resolved_settings(settings, str(self))


def read(path: str | Path) -> dict[str, Any]:
    """The choice in a file.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        chosen: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        _ = chosen["learning_rate"], chosen["updates"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a file of chosen settings ({error}); delete it and run again") from error
    return chosen


def resolved(experiment: Experiment, chosen: Mapping[str, Any]) -> Experiment:
    """The experiment with the values chosen in place of `auto`."""
    settings = experiment.model_dump()
    if settings["updates"] == "auto":
        settings["updates"] = chosen["updates"]
        settings["records"] = min(settings["records"], chosen["updates"])
        settings["snapshots"] = [sample for sample in settings["snapshots"] if sample <= chosen["updates"]]
    settings["records"] = min(settings["records"], chosen.get("records", settings["records"]))
    for network, rate in chosen["learning_rate"].items():
        if settings["networks"][network]["learning_rate"] == "auto":
            settings["networks"][network]["learning_rate"] = rate
    for network, stds in chosen.get("initial_std", {}).items():
        settings["networks"][network] |= stds
    return Experiment.model_validate(settings)


def resolved_experiment(settings: Mapping[str, Any], path: str | Path | list[str] | None) -> Experiment:
    """The experiment that plain data describe, with what a file has chosen, if there is one."""
    return Experiment.model_validate(resolved_settings(settings, path))


def resolved_settings(settings: Mapping[str, Any], path: str | Path | list[str] | None) -> dict[str, Any]:
    """The same for plain data and the file of a choice; settings without any `auto` are given back as they are."""
    if not path:
        return dict(settings)
    file = path[0] if isinstance(path, list) else path
    return resolved(Experiment.model_validate(settings), read(file)).model_dump(mode="json")
