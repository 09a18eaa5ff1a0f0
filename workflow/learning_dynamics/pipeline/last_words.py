"""What stands last on the screen when a workflow fails or is stopped: why, and how to go on."""

from __future__ import annotations

import atexit
import functools
import logging
import signal
import sys
import threading
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from learning_dynamics import jobs

STOPPED = (
    "Stopped. What is finished is kept, and trainings go on from their last checkpoint: run the same command again."
)
# Of many jobs that failed, each for a reason of its own.
_MOST = 10


@dataclass(frozen=True)
class _Failed:
    """A job that failed; of jobs that a cluster runs as one it is not known which did, and some had not begun."""

    rule: str
    log: str | None
    in_group: bool

    def reason(self) -> str | None:
        error = jobs.last_error(self.log) if self.log else None
        if error is None:
            return None
        message, expected = error
        return message if expected else f"rule {self.rule}: unexpected error, {message}; all of it is in {self.log}"

    def silence(self) -> str:
        place = f"; its log: {self.log}" if self.log else ""
        reason = "perhaps for want of memory or time, or because a file that it reads is damaged"
        return f"rule {self.rule}: ended without a message, {reason}{place}"


class LastWords(logging.Handler):
    """Hears which jobs fail, and says why when the program ends, after whatever Snakemake has to say.

    Snakemake's events are those of its logger plugins. A plugin would have to be installed and asked for by every
    command; and the handler ``onerror`` comes before Snakemake's own last lines and is not told which jobs failed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False
        self._failed: dict[Any, _Failed] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note a job that failed, or that did better at a later attempt; not those that a stop ends."""
        event = getattr(record, "event", None)
        if event == "job_error" and not self.stopped:
            noted: Any = record
            log = str(noted.log[0]) if noted.log else None
            self._failed[noted.jobid] = _Failed(noted.rule_name, log, in_group=bool(noted.indent))
        elif event == "job_finished":
            self._failed.pop(getattr(record, "job_id", None), None)

    def lines(self) -> list[str]:
        """A message for each reason, and how to go on after a stop; none if all went well."""
        found = [(job, job.reason()) for job in self._failed.values()]
        some_said = any(reason for _, reason in found)
        reasons = list(
            dict.fromkeys(
                reason or job.silence() for job, reason in found if reason or not (job.in_group and some_said)
            )
        )
        more = len(reasons) - _MOST
        some = [*reasons[:_MOST], *([f"and {more} more, see above"] if more > 0 else [])]
        return [*some, *([STOPPED] if self.stopped else [])]

    def say(self) -> None:
        """Write them to standard error."""
        if lines := self.lines():
            sys.stdout.flush()
            print("", *lines, sep="\n", file=sys.stderr, flush=True)


@functools.cache
def install(logger: logging.Logger) -> LastWords:
    """Listen to Snakemake's logger and to Ctrl-C from now on, and speak when the program ends.

    Once, although a workflow may have these rules as several modules.
    """
    words = LastWords()
    logger.addHandler(words)
    if threading.current_thread() is threading.main_thread():
        _listen_to_interrupts(words)
    atexit.register(words.say)
    return words


def _listen_to_interrupts(words: LastWords) -> None:
    before, hook = signal.getsignal(signal.SIGINT), sys.excepthook
    if not callable(before):  # ignored, as by programs in the background
        return

    def handle(number: int, frame: FrameType | None) -> None:
        words.stopped = True
        before(number, frame)

    def show(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        # Snakemake takes an interrupt in good order while jobs run; before that it would end in a traceback.
        if not issubclass(kind, KeyboardInterrupt):
            hook(kind, error, traceback)

    signal.signal(signal.SIGINT, handle)
    sys.excepthook = show
