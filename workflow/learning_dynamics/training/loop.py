"""The loop of every training: updates from stop to stop, opportunities to keep the state, the end of a divergence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from learning_dynamics.errors import DivergenceError


class Trainee(Protocol):
    """What is trained.

    piece: updates that are made in one go, up to the next opportunity to stop; a training that goes on from a
        checkpoint cuts them as one without an interruption does.
    """

    piece: int

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        """Make the updates from one to another; how many were made, less if it diverged, and the sum of ‖y − ŷ‖²."""


@dataclass(frozen=True)
class Subject:
    """A training in messages.

    description: which.
    classes: p.
    learning_rate: λ.
    """

    description: str
    classes: int
    learning_rate: float

    def divergence(self, sample: int, loss: float) -> DivergenceError:
        """The error of a loss, the mean over the p outputs, that is not a number or too large."""
        if sample == 0:
            return DivergenceError(
                f"{self.description}: the loss was {loss:.3g} before the first update (a network that answers zero has "
                f"{1 / self.classes:.3g}); lower the standard deviation of the initial weights"
            )
        return DivergenceError(
            f"{self.description}: the training diverged by sample {sample}, where the loss was {loss:.3g} "
            f"(an untrained network has {1 / self.classes:.3g}); lower learning_rate ({self.learning_rate:g})"
        )


@dataclass
class Progress:
    """How far a training is.

    finished: stops that were reached and dealt with.
    here: updates made.
    squared_error: sum of ‖y − ŷ‖² since the last stop.
    """

    finished: int = 0
    here: int = 0
    squared_error: float = 0.0


def course(
    trainee: Trainee,
    stops: Sequence[int],
    subject: Subject,
    *,
    progress: Progress | None = None,
    opportunity: Callable[[], None] | None = None,
) -> Iterator[tuple[int, float]]:
    """Train from stop to stop and give each, with the mean loss of the updates since the one before.

    Args:
        trainee: the network.
        stops: numbers of updates, ascending; 0 may be one.
        subject: for messages.
        progress: how far it is, kept up to date; at the start by default.
        opportunity: called before every piece of updates, to keep the state or to stop.

    Raises:
        DivergenceError: fewer updates were made than asked for, because of the last one's loss.
    """
    progress = progress or Progress()
    for stop in stops[progress.finished :]:
        while progress.here < stop:
            if opportunity:
                opportunity()
            wanted = min(trainee.piece, stop - progress.here)
            made, squared = trainee.advance(progress.here, progress.here + wanted)
            if made < wanted:
                raise subject.divergence(progress.here + made, squared / subject.classes)
            progress.here += wanted
            progress.squared_error += squared
        before = stops[progress.finished - 1] if progress.finished else 0
        yield stop, progress.squared_error / subject.classes / (stop - before) if stop > before else float("nan")
        progress.squared_error = 0.0
        progress.finished += 1
