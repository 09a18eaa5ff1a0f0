"""An entry's numbers on one axis, as a picture inside the page: single trials, interval, what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from learning_dynamics.claims.words import allowed_text, interval_text

_WIDTH, _MARGIN = 320.0, 10.0
_TOP, _AXIS, _HEIGHT = 4.0, 46.0, 62.0
# Trials lie in rows, one after the other, so that equal values do not hide each other.
_ROWS = 5
_CHARACTER = 6.2
# Numbers further apart than this factor are on a logarithmic axis.
_DECADES = 100.0


def svg(entry: Mapping[str, Any]) -> str:
    """The picture of a measured entry; nothing for one that was not measured."""
    if entry["measured"] is None:
        return ""
    values = [value for value in entry["values"] if value is not None]
    ends = [entry[name] for name in ("low", "high") if entry[name] is not None]
    least, most = (entry["tolerance"].get(name) for name in ("at_least", "at_most"))
    limits = [limit for limit in (least, most) if limit is not None]
    numbers = [*values, *ends, *limits, entry["measured"]]
    logarithmic = min(numbers) > 0 and max(numbers) > _DECADES * min(numbers)
    place = _scale(numbers, logarithmic)

    left = _MARGIN if least is None else place(least)
    right = _WIDTH - _MARGIN if most is None else place(most)
    parts = [f'<rect class="allowed" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{_AXIS - _TOP}"/>']
    parts += [f'<path class="limit" d="M{place(limit):.1f} {_TOP}V{_AXIS + 4}"/>' for limit in limits]
    dots = "".join(f"M{place(value):.1f} {9 + 4 * (index % _ROWS)}h0" for index, value in enumerate(values))
    parts.append(f'<path class="trials" d="{dots}"/>')
    if ends:
        low, high = map(place, ends)
        parts.append(f'<path class="interval" d="M{low:.1f} 37H{high:.1f}M{low:.1f} 33v8M{high:.1f} 33v8"/>')
    middle = place(entry["measured"])
    parts.append(f'<path class="measured" d="M{middle:.1f} 32l5 5l-5 5l-5-5z"/>')
    ticks = _powers_of_ten(min(numbers), max(numbers)) if logarithmic else []
    marked = "".join(f"M{place(number):.1f} {_AXIS}v3" for number in ticks)
    parts.append(f'<path class="axis" d="M{_MARGIN} {_AXIS}H{_WIDTH - _MARGIN}{marked}"/>')
    parts += _labels([*limits, min(numbers), max(numbers), entry["measured"]], len(limits), place)
    spoken = (
        f"{len(values)} trials from {min(values):.4g} to {max(values):.4g}; measured {entry['measured']:.4g}, "
        f"95 % interval {interval_text(entry) or 'none'}; allowed {allowed_text(entry['tolerance'])}"
        + ("; logarithmic axis" if logarithmic else "")
    )
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(spoken)}">'
        f"{''.join(parts)}</svg>"
    )


def _scale(numbers: Sequence[float], logarithmic: bool) -> Callable[[float], float]:
    """From a number to its place on the axis."""
    transform: Callable[[float], float] = math.log10 if logarithmic else float
    first, last = transform(min(numbers)), transform(max(numbers))
    # Of equal numbers around themselves.
    pad = 0.06 * (last - first) or 0.5 * abs(first) or 1.0
    start, length = first - pad, last - first + 2 * pad
    return lambda number: _MARGIN + (_WIDTH - 2 * _MARGIN) * (transform(number) - start) / length


def _powers_of_ten(least: float, most: float) -> list[float]:
    return [10.0**power for power in range(math.ceil(math.log10(least)), math.floor(math.log10(most)) + 1)]


def _labels(numbers: Sequence[float], limits: int, place: Callable[[float], float]) -> list[str]:
    """Numbers below the axis, the first ones, which are limits, for certain; others where there is room."""
    taken: list[tuple[float, float]] = []
    made = []
    for index, number in enumerate(numbers):
        text = f"{number:.3g}".replace("-", "−")
        half = _CHARACTER * len(text) / 2
        middle = min(max(place(number), half), _WIDTH - half)
        if any(start < middle + half + 4 and middle - half - 4 < end for start, end in taken):
            continue
        taken.append((middle - half, middle + half))
        kind = ' class="limit"' if index < limits else ""
        made.append(f'<text{kind} x="{middle:.1f}" y="{_HEIGHT - 4:g}">{text}</text>')
    return made
