"""The plan in words and numbers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence

from learning_dynamics.planning import work
from learning_dynamics.planning.graph import Job
from learning_dynamics.planning.rates import Cost


def lines(target: str, jobs: Sequence[Job], costs: Sequence[Cost | None], cores: int) -> Iterator[str]:
    """The plan, line by line: of all jobs of the target those that are to run."""
    needed = [(job, cost) for job, cost in zip(jobs, costs, strict=True) if job.is_needed]
    yield f"Plan for {target}: {len(needed)} of {len(jobs)} jobs to run. Nothing was started."
    if not needed:
        yield "Nothing to run: everything is there and up to date."
        return
    kinds: dict[str, list[Cost | None]] = {}
    for job, cost in needed:
        rule = work.rule_of(job)
        kind = f"{rule} {job.wildcards['network']}" if rule in ("train", "train_deep") else rule
        kinds.setdefault(kind, []).append(cost)
    yield ""
    yield from _table(
        ["rule", "jobs", "one job", "all of them", "peak memory", "output"],
        [*(_row(kind, found) for kind, found in kinds.items()), _row("all", [cost for _, cost in needed])],
    )
    yield ""
    if without := sorted({work.rule_of(job) for job, cost in needed if cost is None}):
        yield f"No job of {', '.join(without)} was measured yet, here or for the project: all numbers are without them."
    here, at_best = (_time(wall_seconds(jobs, costs, number)) for number in (cores, len(jobs)))
    yield f"Wall time: {here} on {cores} core{'s' * (cores > 1)}, {at_best} with a core for every job that can run."
    if guessed := sorted({job.wildcards["experiment"] for job, _ in needed if work.is_guessed(job)}):
        yield f"Guessed, because a plan reads no images or updates are not chosen yet: {', '.join(guessed)}."
    machines: dict[str, set[str]] = {}
    for job, cost in needed:
        if cost:
            machines.setdefault(cost.machine, set()).add(work.rule_of(job))
    for machine, rules in machines.items():
        yield f"Measured {machine}: {', '.join(sorted(rules)) if len(machines) > 1 else 'all numbers'}."


def wall_seconds(jobs: Sequence[Job], costs: Sequence[Cost | None], cores: int) -> float:
    """When the last job ends if each starts as soon as its inputs are made and a core is free."""
    waits = [set(job.upstream) for job in jobs]
    readers: list[list[int]] = [[] for _ in jobs]
    for index, job in enumerate(jobs):
        for other in job.upstream:
            readers[other].append(index)
    ready = [index for index, upstream in enumerate(waits) if not upstream]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            index = ready.pop(0)
            cost = costs[index] if jobs[index].is_needed else None
            heapq.heappush(running, (now + (cost.seconds if cost else 0.0), index))
        now, ended = heapq.heappop(running)
        for index in readers[ended]:
            waits[index].remove(ended)
            if not waits[index]:
                ready.append(index)
    return now


def _row(kind: str, costs: Sequence[Cost | None]) -> list[str]:
    known = [cost for cost in costs if cost]
    if not known:
        return [kind, str(len(costs)), *["not known"] * 4]
    seconds, peaks = [one.seconds for one in known], [one.peak_mb for one in known]
    output = _megabytes(sum(one.output_mb for one in known))
    return [kind, str(len(costs)), _range(seconds, _time), _time(sum(seconds)), _range(peaks, _megabytes), output]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown with columns of equal width, so that it reads well in a terminal too."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"


def _range(values: Sequence[float], text: Callable[[float], str]) -> str:
    low, high = text(min(values)), text(max(values))
    return low if low == high else f"{low} to {high}"


def _time(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 99.5 * 60 else f"{seconds / 3600:,.1f} h"


def _megabytes(size: float) -> str:
    if size < 9.95:
        return f"{size:.1f} MB"
    return f"{size:,.0f} MB" if size < 999.5 else f"{size / 1000:,.1f} GB"
