"""Measure claims, judge them, and write the ledger."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from learning_dynamics.claims.entries import Claim, Tolerance, Verdict
from learning_dynamics.claims.measures.registry import MOST_WITHOUT, Measure, NotMeasuredError
from learning_dynamics.claims.statistics import Estimate, Statistic, trials_needed
from learning_dynamics.claims.words import allowed_text, interval_text
from learning_dynamics.errors import DataError, UserError
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.storage import whole_files


def judge(
    claims: Iterable[Claim], measures: Mapping[str, Measure], results: Any, log: logging.Logger
) -> list[dict[str, Any]]:
    """Measure every claim and compare it with its tolerance; that a claim is refuted is an outcome, not an error.

    Args:
        claims: what to judge, checked as ``entries`` does.
        measures: by name.
        results: handed to the measures.
        log: receives one line per claim.

    Raises:
        DataError: a result file is missing or damaged.
    """
    entries = []
    for claim in claims:
        measure = measures[claim.measure]
        entry: dict[str, Any] = {
            "id": claim.id,
            "claim_number": claim.number,
            "claim": claim.claim,
            "source": claim.source,
            "quantity": claim.quantity,
            "statistic": measure.statistic.name,
            "measured": None,
            "low": None,
            "high": None,
            "n": 0,
            "values": [],
            "tolerance": claim.tolerance.model_dump(exclude_none=True),
            "why": claim.why,
            "verdict": "not measured",
            "reason": "",
            "identity": claim.identity,
            "figure": claim.figure,
        }
        try:
            values = np.atleast_1d(measure.function(results, **claim.arguments))
        except NotMeasuredError as reason:
            entry["reason"] = str(reason)
        except DataError:
            raise
        except UserError as error:
            entry["reason"] = str(error)
        else:
            entry |= _judged(values, measure.statistic, claim.tolerance)
        log.info("%s: %s", claim.id, entry["verdict"])
        entries.append(entry)
    return entries


def _judged(values: FloatArray, statistic: Statistic, tolerance: Tolerance) -> dict[str, Any]:
    """What the values of the trials, NaN where the event did not happen, say of a claim."""
    happened = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    there = values[happened]
    missing = len(values) - len(there)
    shown = np.full(len(values), np.nan)
    if len(there):
        shown[happened] = statistic.single(there)
    judged: dict[str, Any] = {"values": [float(value) if np.isfinite(value) else None for value in shown]}
    without = f"no value in {missing} of {len(values)} trials"
    if missing > MOST_WITHOUT * len(values):
        return {**judged, "reason": without}
    estimate = statistic.estimate(there)
    if not np.isfinite(estimate.value):
        return {**judged, "reason": "a correlation needs trials that differ"}
    verdict, explained = _verdict(estimate, statistic, tolerance, len(there))
    reasons = [text for text in ([without] if missing else []) + [explained] if text]
    numbers = {"measured": estimate.value, "low": estimate.low, "high": estimate.high, "n": len(there)}
    return {**judged, **numbers, "verdict": verdict, "reason": "; ".join(reasons)}


def _verdict(estimate: Estimate, statistic: Statistic, tolerance: Tolerance, trials: int) -> tuple[Verdict, str]:
    """The verdict, and for an undecided claim how many seeds would decide."""
    if estimate.low is None or estimate.high is None:
        return "undecided", f"an interval needs at least {statistic.fewest} trials with a value, there are {trials}"
    verdict = tolerance.verdict(estimate.low, estimate.high)
    if verdict != "undecided":
        return verdict, ""
    # Per bound: the half-width on its side and the distance to it.
    sides = [
        (estimate.value - estimate.low if bound < estimate.value else estimate.high - estimate.value, bound)
        for bound in (tolerance.at_least, tolerance.at_most)
        if bound is not None and estimate.low <= bound <= estimate.high
    ]
    needed = [trials_needed(trials, width, abs(estimate.value - bound)) for width, bound in sides]
    enough = [number for number in needed if number is not None]
    if not enough or len(enough) < len(needed):
        return verdict, "more seeds than can be run would be needed to decide, at this scatter"
    return verdict, f"about {max(enough):,} seeds would decide, at this scatter"


def write(entries: list[dict[str, Any]], path: str | Path) -> None:
    """Write claims.json, whole or not at all."""
    text = json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False)
    with whole_files.replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def table(entries: list[dict[str, Any]]) -> str:
    """The ledger as text: a line per claim."""
    width = max(len(entry["id"]) for entry in entries)
    lines = [f"{'claim':{width}}  {'verdict':12}  {'measured':>10}  {'95 % interval':>22}  {'n':>3}  allowed"]
    for entry in entries:
        measured = "" if entry["measured"] is None else f"{entry['measured']:.4g}"
        allowed = allowed_text(entry["tolerance"])
        found = f"{entry['verdict']:12}  {measured:>10}  {interval_text(entry):>22}  {entry['n']:>3}"
        lines.append(f"{entry['id']:{width}}  {found}  {allowed}")
    return "\n".join(lines)
