"""Names of classes, as people are shown them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from learning_dynamics.errors import printable

# Of a name in a sentence or a table.
MOST_CHARACTERS = 40


def shown(names: Sequence[str], length: int) -> list[str]:
    """The names on one line each, of at most about `length` characters, distinct if the names are.

    Characters that cannot be seen are written as codes, blanks at an end or beside another as ␣; the middle of a long
    name is left out. Where two names would look alike the number of the class is added.

    Args:
        names: of all classes.
        length: the most characters.
    """
    short = [_shortened(_visible(name), length) for name in names]
    alike = {name for name in short if short.count(name) > 1} if len(set(short)) < len(short) else set()
    return [f"{name} ({number})" if name in alike else name for number, name in enumerate(short)]


def _visible(name: str) -> str:
    blanks = re.sub(r"^ +| +$| {2,}", lambda found: "␣" * len(found[0]), name)
    return printable(blanks) or "(no name)"


def _shortened(name: str, length: int) -> str:
    if len(name) <= length:
        return name
    tail = (length - 1) // 3
    return f"{name[: length - 1 - tail].rstrip()}…{name[len(name) - tail :].lstrip()}"
