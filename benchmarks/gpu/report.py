"""The report: one entry per part, written anew whenever a part begins or ends, so that a run cut short leaves one."""

from __future__ import annotations

import json
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

Result = dict[str, Any]

# Parts that others need.
_NEEDED = ("machine", "images", "plan")
# Seconds between two attempts to end a part that caught the first.
_AGAIN = 2.0
# Left for the report after the last part.
_RESERVE = 5.0


class OutOfTimeError(BaseException):
    """A part took longer than it may. No ordinary exception: compilers catch those and go on."""


class Report:
    """The content of report.json and when the run must end.

    content: what is written.
    """

    def __init__(
        self, folder: Path, seconds: float, render: Callable[[Result], str], only: Sequence[str] = (), **about: Any
    ) -> None:
        """Begin a report.

        Args:
            folder: where report.json and report.txt are written.
            seconds: how long the run may take from now on.
            render: the report as a readable text.
            only: the first words of the parts to run, besides those that others need; all if there are none.
            about: what is known before the first part.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._start = time.monotonic()
        self._only = only
        self._seconds = seconds
        self._render = render
        self.content: Result = {**about, "only": list(only), "seconds_allowed": seconds, "seconds": 0.0, "parts": {}}
        self.write()

    def left(self) -> float:
        """Seconds left for parts."""
        return self._seconds - _RESERVE - (time.monotonic() - self._start)

    def part(self, name: str, action: Callable[[Result], None], limit: float = float("inf")) -> bool:
        """Run a part, which fills the dictionary that it is given; whether it ended well.

        Whatever goes wrong is recorded, with what was measured until then, and the run goes on.
        """
        if self._only and name.split()[0] not in (*_NEEDED, *self._only):
            return False
        limit = min(limit, self.left())
        entry: Result = {"state": "running", "seconds": 0.0, "result": {}}
        self.content["parts"][name] = entry
        if limit <= 0:
            entry["state"] = "not run: no time left"
            self._say(f"{name}: {entry['state']}")
            self.write()
            return False
        self._say(f"{name} …")
        self.write()
        start = time.monotonic()
        try:
            with _at_most(limit):
                action(entry["result"])
            entry["state"] = "finished"
        except (Exception, OutOfTimeError) as error:
            entry["state"] = "failed"
            entry["error"] = f"{type(error).__name__}: {error}".strip()
            entry["traceback"] = traceback.format_exc()
        entry["seconds"] = time.monotonic() - start
        self._say(f"{name}: {entry['state']} after {entry['seconds']:.1f} s {entry.get('error', '')}")
        self.write()
        return entry["state"] == "finished"

    def result(self, name: str) -> Result:
        """What a part has measured, also before it failed; empty if it did not run."""
        return self.content["parts"].get(name, {}).get("result", {})

    def write(self) -> None:
        """Write both files, whole or not at all."""
        self.content["seconds"] = time.monotonic() - self._start
        _replace(self.folder / "report.json", json.dumps(self.content, indent=1) + "\n")
        _replace(self.folder / "report.txt", self._render(self.content))

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._start:6.1f} s  {text}", flush=True)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise in the block when its time is over, as soon as Python runs again, until the block ends."""

    def over(number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError(f"took longer than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, 1e6), _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
