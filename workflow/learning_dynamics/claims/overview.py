"""The ledger as people read it: claims with their outcome in a sentence, the data sets of each, the paper's sentences.

The page and the documents are written from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learning_dynamics.claims.entries import VERDICTS, Claim, Statement, Table, Verdict
from learning_dynamics.errors import DataError

Entry = Mapping[str, Any]

# Told apart without colour, in text too.
MARKS: Mapping[Verdict, str] = {"holds": "✓", "refuted": "✗", "undecided": "?", "not measured": "–"}
# What is about no experiment of the configuration: the runs beyond them, such as scaling.
OTHER = "other"
# Experiments on the images of another.
_SAME_IMAGES = {"pure_cosines_cyclic": "pure_cosines"}
# An outcome quotes so many entries of a verdict; more are counted.
_QUOTED = 2


@dataclass(frozen=True)
class Section:
    """A claim with its entries.

    number: None for those of a user.
    title: the claim in one sentence.
    whose: heading of the claims like it.
    cells: the entries about each data set, in the overview's order of these.
    outcome: what was found, in one sentence.
    """

    number: int | None
    title: str
    whose: str
    entries: tuple[Entry, ...]
    cells: tuple[tuple[Entry, ...], ...]
    outcome: str


@dataclass(frozen=True)
class Overview:
    """The ledger as people read it.

    data_sets: names of the experiments that entries are about, one of those on the same images, in order of
        appearance; and OTHER.
    about: the data sets of each entry, by its id.
    sections: the paper's claims, then ours, then a user's own.
    statements: the paper's sentences, each with the entries of each row that measures it.
    counts: number of entries by verdict.
    """

    data_sets: tuple[str, ...]
    about: Mapping[str, tuple[str, ...]]
    sections: tuple[Section, ...]
    statements: tuple[tuple[Statement, Mapping[str, tuple[Entry, ...]]], ...]
    counts: Mapping[Verdict, int]


def of_ledger(entries: Sequence[Entry], table: Table) -> Overview:
    """The overview of a ledger.

    Args:
        entries: of claims.json.
        table: the claims that were judged, the paper's and a user's own.

    Raises:
        DataError: an entry is none of the table's.
    """
    about = {claim.id: _data_sets(claim) for claim in table.claims}
    for entry in entries:
        if entry["id"] not in about:
            raise DataError(f"claims.json: the table of claims has no '{entry['id']}'; measure the claims again")
    seen = dict.fromkeys(name for entry in entries for name in about[entry["id"]])
    data_sets = (*(name for name in seen if name != OTHER), *([OTHER] if OTHER in seen else []))
    headings = sorted(table.headings.items(), key=lambda item: (item[1].ours, item[0]))
    titles: list[tuple[int | None, str, str]] = [
        (number, heading.title, "Our claims beyond the paper" if heading.ours else "The paper's claims")
        for number, heading in headings
    ]
    sections = []
    for number, title, whose in [*titles, (None, "What your own table of claims says", "Your own claims")]:
        of_claim = tuple(entry for entry in entries if entry["claim_number"] == number)
        if of_claim:
            cells = tuple(tuple(entry for entry in of_claim if one in about[entry["id"]]) for one in data_sets)
            sections.append(Section(number, title, whose, of_claim, cells, outcome(of_claim, about)))
    by_id = {entry["id"]: entry for entry in entries}
    statements = tuple(
        (one, {row: tuple(by_id[name] for name in table.rows[row] if name in by_id) for row in one.rows})
        for one in table.statements
    )
    counts = Counter(entry["verdict"] for entry in entries)
    return Overview(data_sets, about, tuple(sections), statements, {verdict: counts[verdict] for verdict in VERDICTS})


def outcome(entries: Sequence[Entry], about: Mapping[str, Sequence[str]]) -> str:
    """What was found of a claim, in one sentence.

    Args:
        entries: of the claim.
        about: the data sets of each, by id.
    """
    holding, number = sum(entry["verdict"] == "holds" for entry in entries), len(entries)
    if holding == number:
        return {1: "Its one entry holds.", 2: "Both entries hold."}.get(number, f"All {number} entries hold.")
    parts = [f"{holding} of {number} entries {'holds' if holding == 1 else 'hold'}"]
    if not holding:
        parts = [f"None of {number} entries holds" if number > 1 else "Its one entry does not hold"]
    for verdict in VERDICTS[1:]:
        if found := [entry for entry in entries if entry["verdict"] == verdict]:
            parts.append(f"{verdict}{_what(verdict, found, about)}")
    return f"{'; '.join(parts)}."


def _what(verdict: Verdict, found: Sequence[Entry], about: Mapping[str, Sequence[str]]) -> str:
    """Which entries, or why: quoted if they say little else, counted by data set otherwise."""
    reasons = dict.fromkeys(str(entry["reason"]) for entry in found)
    if verdict == "not measured" and len(reasons) <= _QUOTED:
        return f": {', '.join(reasons)}"
    claims = Counter(str(entry["claim"]).rstrip(".") for entry in found)
    places = Counter(" and ".join(label(name) for name in about[entry["id"]]) for entry in found)
    if len(claims) > _QUOTED and len(places) > 1:
        return " on " + ", ".join(f"{place} ({number})" for place, number in places.items())
    quoted = list(claims.items())[:_QUOTED]
    more = len(found) - sum(number for _, number in quoted)
    texts = [f"“{text}”" + (f" ({number} entries)" if number > 1 else "") for text, number in quoted]
    return ": " + ", ".join(texts) + (f" and {more} more" if more else "")


def tally(entries: Sequence[Entry]) -> str:
    """How many of some entries have each verdict, in marks."""
    counts = Counter(entry["verdict"] for entry in entries)
    return " ".join(f"{counts[verdict]} {mark}" for verdict, mark in MARKS.items() if counts[verdict])


def label(data_set: str) -> str:
    """What a data set is called in texts."""
    return data_set.replace("_", " ")


def _data_sets(claim: Claim) -> tuple[str, ...]:
    one = claim.arguments.get("experiment")
    names: list[str] = [one] if one else claim.arguments.get("experiments", [OTHER])
    return tuple(_SAME_IMAGES.get(name, name) for name in names)
