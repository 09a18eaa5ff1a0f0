"""Errors that a user can act on, and what their messages have in common."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake or a shortage that the user can mend: shown as one message, without a traceback."""


class ConfigurationError(UserError):
    """A configuration key that is unknown, of the wrong type or impossible."""


class DataError(UserError):
    """Source data that is missing, damaged or not what was expected."""


class DivergenceError(UserError):
    """A training whose loss became infinite or far larger than at its start."""


class StoppedError(UserError):
    """A training that was told to stop and kept its checkpoint."""


def printable(name: str) -> str:
    """The name on one line, whatever characters a file or a user gave it."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in name
    )


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """A suggestion to append to a message: the choice closest to `name`, or nothing."""
    close = difflib.get_close_matches(name, set(choices), n=1, cutoff=0.5)
    return f" (did you mean '{printable(close[0])}'?)" if close else ""
