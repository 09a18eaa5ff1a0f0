"""How far a training is: lines in its log and, if it takes long, on the terminal."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

# Time between two lines; a training that is shorter says nothing on the terminal.
_SECONDS = 20.0

# Called with how much is done and the mean loss: first where a run begins, then after every record.
Report = Callable[[int, float], None]


def reporter(log: logging.Logger, describe: str, unit: str, total: int) -> Report:
    """A line every few seconds and at the end: how much is done, loss, rate and the expected end.

    Args:
        log: receives the lines; those for the terminal as well are marked ``on_terminal``.
        describe: which training; several may share a terminal.
        unit: what an update sees, and what is counted.
        total: how many updates the whole training makes.
    """
    first: int | None = None
    start = last = time.monotonic()

    def report(done: int, loss: float) -> None:
        nonlocal first, start, last
        now = time.monotonic()
        if first is None:
            # What an earlier run has done says nothing about the rate of this one.
            first, start, last = done, now, now
            if done:
                log.info("%s: going on from the checkpoint at %s %d of %d", describe, unit, done, total)
        if done == first or (now - last < _SECONDS and done < total):
            return
        last = now
        rate = (done - first) / max(now - start, 1e-9)
        end = time.localtime(time.time() + (total - done) / rate)
        log.info(
            "%s: %s %d of %d, loss %.4f, %.0f updates/s, end expected at %s",
            describe,
            unit,
            done,
            total,
            loss,
            rate,
            time.strftime("%H:%M:%S on %d %B", end),
            extra={"on_terminal": now - start >= _SECONDS},
        )

    return report
