"""Independent random streams for every purpose, the same whatever the order or number of jobs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# The paper's trials of every training. Figures show so many, the first ones, whatever the number that was trained.
PAPER_TRIALS = 10

# A stream depends on the index of its purpose here.
_PURPOSES = (
    "dataset",
    "sample_order",
    "linear_cnn",
    "linear_fcnn",
    "deep_linear_cnn",
    "deep_relu_cnn",
    "evaluation_subset",
)

# Of a training that goes on from a checkpoint, the samples before are drawn again in pieces.
_DRAWN_AT_ONCE = 2**20


def stream(root_seed: int, experiment: str, purpose: str, seed: int = 0) -> np.random.Generator:
    """The generator of one purpose in one trial: ``SeedSequence(root_seed, (experiment, purpose, seed))``.

    The networks of a trial share the stream "sample_order", so that they see the same samples.
    """
    # Any other purpose, such as a network that is added, has its name for a number.
    number = _PURPOSES.index(purpose) if purpose in _PURPOSES else len(_PURPOSES) + zlib.crc32(purpose.encode())
    key = (zlib.crc32(experiment.encode()), number, seed)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(root_seed, spawn_key=key)))


@dataclass(frozen=True)
class Trial:
    """One of an experiment's repetitions, which selects the random streams.

    root_seed: root of all streams.
    experiment: its name.
    seed: number of the trial.
    """

    root_seed: int
    experiment: str
    seed: int

    def stream(self, purpose: str) -> np.random.Generator:
        """The generator of one purpose, see ``stream``."""
        return stream(self.root_seed, self.experiment, purpose, self.seed)

    def sample_order(self, order: str, images: int) -> SampleOrder:
        """Which training image each update of this trial sees, the same for all its networks."""
        return SampleOrder(self.stream("sample_order"), order, images)


class SampleOrder:
    """Which training image each update sees, drawn as it is asked for, so that a long training needs no memory for it.

    What is drawn does not depend on the pieces in which it is asked for.
    """

    def __init__(self, generator: np.random.Generator, order: str, images: int) -> None:
        """At the first update.

        Args:
            generator: stream to draw from.
            order: "random" with replacement, "cyclic", or "epochs": a new permutation on each pass.
            images: number of training images.
        """
        self._generator, self._order, self._images = generator, order, images
        # What has been drawn and not been asked for, and the update that it begins with.
        self._drawn = np.zeros(0, dtype=np.int64)
        self._first = 0

    def between(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """The images of the updates from one to another; none before those that were asked for last."""
        if start < self._first:
            raise ValueError(f"update {start} is past; expected one from {self._first} on")
        if self._order == "cyclic":
            return np.arange(start, stop, dtype=np.int64) % self._images
        parts = []
        while self._first < stop:
            if not len(self._drawn):
                self._drawn = self._more(stop - self._first)
            skipped = min(max(start - self._first, 0), len(self._drawn))
            taken = min(stop - self._first, len(self._drawn))
            if taken > skipped:
                parts.append(self._drawn[skipped:taken])
            self._drawn, self._first = self._drawn[taken:], self._first + taken
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _more(self, wanted: int) -> npt.NDArray[np.int64]:
        if self._order == "random":
            return self._generator.integers(0, self._images, size=min(wanted, _DRAWN_AT_ONCE))
        return self._generator.permutation(self._images)
