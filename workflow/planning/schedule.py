"""When a graph of jobs ends on a number of cores: list scheduling of one-core jobs, the largest inputs first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """One job of a schedule.

    seconds: how long it runs, on one core.
    upstream: places of the tasks that must end before it starts.
    memory_mb: memory it holds while it runs.
    input_bytes: size of what it reads.
    """

    seconds: float
    upstream: tuple[int, ...] = ()
    memory_mb: float = 0.0
    input_bytes: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """What a simulation gives.

    seconds: from the first start to the last end.
    memory_mb: the most that is held at one time.
    starts: tasks started in the busiest minute.
    """

    seconds: float
    memory_mb: float
    starts: int


def simulate(tasks: Sequence[Task], cores: int, starts_per_minute: float = float("inf")) -> Schedule:
    """Run tasks as soon as all they wait for has ended, a core is free and the limit on starts allows it.

    Of those that are ready, the one with the largest inputs starts first, as Snakemake's greedy scheduler has it; among
    equals the one that became ready first, and then the first in the list.

    Args:
        tasks: the graph.
        cores: tasks that run at once, at least 1.
        starts_per_minute: how often one may be started.

    Raises:
        ValueError: no cores, or tasks that wait for each other.
    """
    if cores < 1:
        raise ValueError(f"cores: {cores}; expected at least 1")
    downstream: list[list[int]] = [[] for _ in tasks]
    waits = [len(set(task.upstream)) for task in tasks]
    for place, task in enumerate(tasks):
        for other in set(task.upstream):
            downstream[other].append(place)
    ready = [(-tasks[place].input_bytes, 0.0, place) for place, number in enumerate(waits) if number == 0]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = next_start = memory = most = 0.0
    starts: list[float] = []
    ended = 0
    gap = 60.0 / starts_per_minute
    while ready or running:
        if ready and len(running) < cores and next_start <= now:
            _, _, place = heapq.heappop(ready)
            heapq.heappush(running, (now + tasks[place].seconds, place))
            memory += tasks[place].memory_mb
            most = max(most, memory)
            starts.append(now)
            next_start = now + gap
            continue
        if ready and len(running) < cores and (not running or next_start < running[0][0]):
            now = next_start
            continue
        now, place = heapq.heappop(running)
        ended += 1
        memory -= tasks[place].memory_mb
        for other in downstream[place]:
            waits[other] -= 1
            if waits[other] == 0:
                heapq.heappush(ready, (-tasks[other].input_bytes, now, other))
    if ended < len(tasks):
        raise ValueError("tasks wait for each other in a circle")
    return Schedule(now, most, _busiest_minute(starts))


def _busiest_minute(starts: Sequence[float]) -> int:
    first = most = 0
    for place, start in enumerate(starts):
        while start - starts[first] >= 60.0:
            first += 1
        most = max(most, place - first + 1)
    return most
