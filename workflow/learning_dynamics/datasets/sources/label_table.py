"""A table of labels in CSV beside pictures: which column names the pictures, and which their classes."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from learning_dynamics.errors import DataError, printable

LARGEST = 64 * 2**20

_DELIMITERS = ",;\t"
# Of the column with the classes, where there are others.
_LABELS = ("label", "labels", "class", "class_name", "category", "target")
_SHOWN = 60


def labels(describe: str, content: bytes, pictures: Iterable[str]) -> dict[str, str]:
    """The class of every picture that a table names.

    Args:
        describe: the table, in messages.
        content: of its file.
        pictures: their paths in the source. A row names one by its path, its name, or that without its ending.

    Raises:
        DataError: the table is no CSV in UTF-8, does not name pictures and classes, or names a picture that is not
            there or another class for the same one.
    """
    rows = _rows(describe, content)
    known = _names(pictures)
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    files = _file_column(describe, rows, known, width)
    head = None if rows[0][files].strip() in known else rows[0]
    classes = _class_column(describe, head, files, width)
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if row is head:
            continue
        if len(row) != width:
            raise DataError(f"{describe}: row {number} has {len(row)} columns; expected {width} as in the others")
        name, label = row[files].strip(), row[classes].strip()
        picture = known.get(name)
        if picture is None:
            reason = "names more than one picture" if name in known else "is no picture there"
            raise DataError(
                f"{describe}: row {number}: '{_short(name)}' {reason}; expected the path or name of a picture in "
                "every row; correct the table"
            )
        if not label:
            raise DataError(f"{describe}: row {number}: no class for '{_short(name)}'; expected one; correct the table")
        if found.setdefault(picture, label) != label:
            raise DataError(
                f"{describe}: row {number}: '{_short(name)}' is of class '{_short(label)}' here and "
                f"'{_short(found[picture])}' before; expected one class for every picture; correct the table"
            )
    return found


def _rows(describe: str, content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
        first = text[: text.find("\n")] if "\n" in text else text
        delimiter = max(_DELIMITERS, key=first.count)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{describe}: not a table that can be read ({printable(str(error))}); expected CSV in UTF-8 with a column "
            "of pictures and one of classes; save it again"
        ) from error
    if not rows or max(map(len, rows)) < 2:
        raise DataError(
            f"{describe}: {'one column' if rows else 'empty'}; expected CSV with a column of pictures and one of "
            "classes; save it again"
        )
    return rows


def _names(pictures: Iterable[str]) -> dict[str, str | None]:
    """What a picture may be called; None where several would be."""
    known: dict[str, str | None] = {}
    for picture in pictures:
        path = PurePosixPath(picture)
        for name in {picture, path.name, path.stem}:
            known[name] = None if name in known else picture
    return known


def _file_column(describe: str, rows: list[list[str]], known: dict[str, str | None], width: int) -> int:
    counts = [sum(row[column].strip() in known for row in rows if len(row) == width) for column in range(width)]
    if not max(counts):
        shown = ", ".join(_short(cell) for cell in rows[0])
        raise DataError(
            f"{describe}: no column names the pictures beside it; expected one with their paths or names; its first "
            f"row is {shown}"
        )
    return counts.index(max(counts))


def _class_column(describe: str, head: list[str] | None, files: int, width: int) -> int:
    others = [column for column in range(width) if column != files]
    if len(others) == 1:
        return others[0]
    named = [column for column in others if head is not None and head[column].strip().lower() in _LABELS]
    if len(named) == 1:
        return named[0]
    shown = ", ".join(_short(cell) for cell in head) if head is not None else f"{width} columns without names"
    raise DataError(
        f"{describe}: which column holds the classes is not clear ({shown}); expected one called label or class; "
        "rename it, or keep two columns"
    )


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
