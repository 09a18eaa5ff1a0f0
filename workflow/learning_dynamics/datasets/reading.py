"""How a user's images were read: what was found, what was passed over and why, and how the values were scaled."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

# Of what was passed over; the total says how much there was.
MOST_LISTED = 100


@dataclass(frozen=True)
class ClassCount:
    """Images of a class by split."""

    name: str
    train: int
    test: int


@dataclass(frozen=True)
class PassedOver:
    """Something in a source that was not read.

    path: where in the source.
    reason: why not, in words that go on after the path.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """What is known of the reading of a user's images; in a data set file the attribute ``reading``, as JSON.

    classes: every class, in the order of the labels.
    value_range: the least and the largest value of all images, before they were scaled.
    scaling: what the values were divided by, and why.
    passed_over: the first ``MOST_LISTED`` things that were not read, by path.
    passed_over_total: how many there were.
    notes: whole sentences on what else a reader should know.
    """

    classes: tuple[ClassCount, ...]
    value_range: tuple[float, float]
    scaling: str
    passed_over: tuple[PassedOver, ...]
    passed_over_total: int
    notes: tuple[str, ...]

    def json(self) -> str:
        """The attribute's text."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Reading:
        """What an attribute's text says."""
        plain = json.loads(text)
        least, largest = plain["value_range"]
        return cls(
            classes=tuple(ClassCount(**part) for part in plain["classes"]),
            value_range=(least, largest),
            scaling=plain["scaling"],
            passed_over=tuple(PassedOver(**part) for part in plain["passed_over"]),
            passed_over_total=plain["passed_over_total"],
            notes=tuple(plain["notes"]),
        )


def listed(passed_over: Sequence[PassedOver]) -> tuple[PassedOver, ...]:
    """The first of what was passed over, by path."""
    return tuple(sorted(passed_over, key=lambda part: (part.path, part.reason))[:MOST_LISTED])
