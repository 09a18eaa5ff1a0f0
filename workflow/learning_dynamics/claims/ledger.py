"""Read the claims, measure them, judge them, and write the ledger."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from learning_dynamics.errors import ConfigurationError, DataError, UserError
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.storage import whole_files

# Holds: the 95 % interval lies within the tolerance. Refuted: it lies outside. Undecided: a bound lies inside it. Not
# measured: something that it needs was not run, or did not happen in more than a tenth of the trials.
Verdict = Literal["holds", "refuted", "undecided", "not measured"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

# Of the trials may be without a value.
MOST_WITHOUT = 0.1
# So many seeds are looked through for the number that would decide.
_MOST_SEEDS = 100_000


class Tolerance(BaseModel):
    """What is allowed: the whole interval of the measurement must lie between the two bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("expected at_least, at_most or both")
        return self

    def verdict(self, low: float, high: float) -> Verdict:
        """What the interval from low to high says."""
        least = -np.inf if self.at_least is None else self.at_least
        most = np.inf if self.at_most is None else self.at_most
        if least <= low and high <= most:
            return "holds"
        return "refuted" if high < least or low > most else "undecided"

    def distance(self, value: float) -> float:
        """From a value to the nearest bound."""
        return min(abs(value - bound) for bound in (self.at_least, self.at_most) if bound is not None)


class Claim(BaseModel):
    """One entry of config/claims.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[0-9]{2}-[a-z0-9-]+$")]
    claim: str = Field(description="What the paper says, or what we say beyond it.")
    source: str = Field(description="Section, equation or figure of the paper, or the page that derives it.")
    quantity: str = Field(description="What is measured, in words.")
    measure: str = Field(description="The function of learning_dynamics.claims.measures.")
    arguments: dict[str, Any] = {}
    tolerance: Tolerance
    why: str = Field(description="Why this tolerance; written before the measurement.")
    figure: str = Field(description="Picture that shows it, relative to the results folder.")

    @property
    def number(self) -> int:
        """Of the claim of which this is an entry: its id begins with it."""
        return int(self.id.split("-")[0])


class NotMeasuredError(Exception):
    """A measurement whose experiment was not run, or in which what it is about did not happen."""


def read(path: str | Path) -> list[Claim]:
    """The claims of a file.

    Raises:
        ConfigurationError: the file is not a list of claims, or two have one id; names the entry and the key.
    """
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: could not be read ({error})") from error
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path}: expected a list of claims")
    claims: list[Claim] = []
    for number, entry in enumerate(entries):
        try:
            claims.append(Claim.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(f"{path}: claim {number + 1}, key '{key}': {first['msg']}") from None
    names = [claim.id for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"{path}: two claims have the id '{name}'; expected distinct ids")
    return claims


def judge(
    claims: list[Claim], measures: Mapping[str, Callable[..., FloatArray]], results: Any, log: logging.Logger
) -> list[dict[str, Any]]:
    """Measure every claim and compare it with its tolerance; that a claim is refuted is an outcome, not an error.

    Args:
        claims: what to judge.
        measures: by name; each takes `results` and the claim's arguments and returns one value per trial.
        results: handed to the measures.
        log: receives one line per claim.

    Raises:
        ConfigurationError: a claim names a measure that does not exist or arguments it does not take.
        DataError: a result file is missing or damaged.
    """
    entries = []
    for claim in claims:
        if claim.measure not in measures:
            raise ConfigurationError(f"claim '{claim.id}': no measure is called '{claim.measure}'")
        entry: dict[str, Any] = {
            "id": claim.id,
            "claim_number": claim.number,
            "claim": claim.claim,
            "source": claim.source,
            "quantity": claim.quantity,
            "measured": None,
            "low": None,
            "high": None,
            "n": 0,
            "values": [],
            "tolerance": claim.tolerance.model_dump(exclude_none=True),
            "why": claim.why,
            "verdict": "not measured",
            "reason": "",
            "figure": claim.figure,
        }
        try:
            values = np.atleast_1d(measures[claim.measure](results, **claim.arguments))
        except NotMeasuredError as reason:
            entry["reason"] = str(reason)
        except TypeError as error:
            raise ConfigurationError(f"claim '{claim.id}', arguments {claim.arguments}: {error}") from error
        except DataError:
            raise
        except UserError as error:
            entry["reason"] = str(error)
        else:
            entry |= _judged(values, claim.tolerance)
        log.info("%s: %s", claim.id, entry["verdict"])
        entries.append(entry)
    return entries


def _judged(values: FloatArray, tolerance: Tolerance) -> dict[str, Any]:
    """What one value per trial, NaN where the event did not happen, says of a claim."""
    there = values[np.isfinite(values)]
    missing = len(values) - len(there)
    judged: dict[str, Any] = {"values": [float(value) if np.isfinite(value) else None for value in values]}
    without = f"no value in {missing} of {len(values)} trials"
    if missing > MOST_WITHOUT * len(values):
        return {**judged, "reason": without}
    mean, low, high = interval(there)
    verdict = tolerance.verdict(low, high)
    reasons = [without] if missing else []
    if verdict == "undecided":
        reasons.append(_seeds_needed(there, tolerance))
    numbers = {"measured": mean, "low": low, "high": high, "n": len(there)}
    return {**judged, **numbers, "verdict": verdict, "reason": "; ".join(reasons)}


def _seeds_needed(values: FloatArray, tolerance: Tolerance) -> str:
    """How many seeds would decide, if mean and scatter stayed as they are."""
    from scipy.special import stdtrit

    distance, scatter = tolerance.distance(float(values.mean())), float(values.std(ddof=1))
    seeds = np.arange(2, _MOST_SEEDS)
    enough = stdtrit(seeds - 1, 0.975) * scatter / np.sqrt(seeds) < distance
    if not enough.any():
        return f"more than {_MOST_SEEDS:,} seeds would be needed to decide, at this scatter"
    return f"about {int(seeds[enough.argmax()]):,} seeds would decide, at this scatter"


def interval(values: FloatArray) -> tuple[float, float, float]:
    """Mean over the trials and its 95 % interval by Student's t; a single value is its own interval."""
    # The workflow reads the claims to plan, and does not measure.
    from learning_dynamics.numerics.fits import confidence_interval

    mean, low, high = (float(bound) for bound in confidence_interval(values))
    return (mean, low, high) if len(values) > 1 else (mean, mean, mean)


def jackknife(statistic: Callable[[FloatArray], float], trials: FloatArray) -> FloatArray:
    """Values of a statistic of all trials, shape (n,), so that it too has a mean and an interval.

    Their mean is f(all); they scatter as the pseudo-values n f(all) − (n − 1) f(all but i) do. Of a single trial, f.
    """
    number = len(trials)
    whole = statistic(trials)
    if number < 2:
        return np.array([whole])
    without = np.array([statistic(np.delete(trials, trial, axis=0)) for trial in range(number)])
    return np.asarray(whole - (number - 1) * (without - without.mean()))


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
        if entry["measured"] is None:
            measured, bounds = "", ""
        else:
            measured, bounds = f"{entry['measured']:.4g}", f"{entry['low']:.4g} to {entry['high']:.4g}"
        allowed = allowed_text(entry["tolerance"])
        lines.append(
            f"{entry['id']:{width}}  {entry['verdict']:12}  {measured:>10}  {bounds:>22}  {entry['n']:>3}  {allowed}"
        )
    return "\n".join(lines)


def allowed_text(tolerance: Mapping[str, float]) -> str:
    """A tolerance in words."""
    low, high = tolerance.get("at_least"), tolerance.get("at_most")
    if low is None:
        return f"at most {high:g}"
    if high is None:
        return f"at least {low:g}"
    return f"{low:g} to {high:g}"
