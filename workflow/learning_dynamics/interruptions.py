"""Stopping a training in order: when told to, and by keeping its state from time to time for when it is not."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from learning_dynamics.checkpoints import Checkpoint, State
from learning_dynamics.errors import StoppedError


class Checkpointing:
    """When a training's state is kept.

    checkpoint: where; who uses the result removes it once that is safe.
    seconds: time between two checkpoints.
    stopped: whether to stop at the next opportunity.
    """

    def __init__(self, checkpoint: Checkpoint, seconds: float, stopped: Callable[[], bool]) -> None:
        self._checkpoint = checkpoint
        self._seconds = seconds
        self._stopped = stopped
        self._saved = time.monotonic()

    def begin(self) -> State | None:
        """The state to go on from, None at the beginning; the clock starts."""
        state = self._checkpoint.load()
        self._saved = time.monotonic()
        return state

    def opportunity(self, state: Callable[[], State], describe: Callable[[], str]) -> None:
        """Keep the state if it is time to, or if the training is to stop.

        Args:
            state: gives everything needed to go on from here.
            describe: which training, and how far it is.

        Raises:
            StoppedError: it was told to stop; the checkpoint is written.
        """
        stopping = self._stopped()
        if stopping or time.monotonic() - self._saved > self._seconds:
            self._checkpoint.save(state())
            self._saved = time.monotonic()
        if stopping:
            raise StoppedError(f"{describe()}; the checkpoint is written, run again to go on")


@contextmanager
def signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT came since; a second one ends the program as usual."""
    came: list[int] = []
    watched = (signal.SIGTERM, signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, handle) for number in watched}
    try:
        yield lambda: bool(came)
    finally:
        for watched_number, handler in before.items():
            signal.signal(watched_number, handler)
