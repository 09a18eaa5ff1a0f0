"""Texts of the ledger's numbers, the same on the page, in the table and in the documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from learning_dynamics.claims.entries import Verdict
from learning_dynamics.numerics.confidence import CONFIDENCE

MEANINGS: Mapping[Verdict, str] = {
    "holds": "the whole 95 % interval lies within what was allowed beforehand",
    "refuted": "it lies outside",
    "undecided": "a limit lies inside it",
    "not measured": "something it needs was not run, or did not happen in more than a tenth of the trainings",
}


def summary(entries: Sequence[Mapping[str, Any]]) -> str:
    """How many decided verdicts chance may have made wrong."""
    decided = sum(entry["verdict"] in ("holds", "refuted") and not _certain(entry) for entry in entries)
    expected = (1 - CONFIDENCE) / 2 * decided
    return (
        f"Every interval is a 95 % one: of the {decided} decided entries that rest on random trials, up to "
        f"{expected:.1f} may be on the wrong side of their limit by chance"
    )


def _certain(entry: Mapping[str, Any]) -> bool:
    return bool(entry["identity"]) or entry["statistic"] == "exact"


def interval_text(entry: Mapping[str, Any]) -> str:
    """An entry's interval, or nothing where there is none."""
    return "" if entry["low"] is None else f"{entry['low']:.4g} to {entry['high']:.4g}"


def allowed_text(tolerance: Mapping[str, float]) -> str:
    """A tolerance in words."""
    low, high = tolerance.get("at_least"), tolerance.get("at_most")
    if low is None:
        return f"at most {high:g}"
    if high is None:
        return f"at least {low:g}"
    return f"{low:g} to {high:g}"
