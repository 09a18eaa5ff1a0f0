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

    def sample_order(self, order: str, images: int, updates: int) -> npt.NDArray[np.int64]:
        """Which training image each update of this trial sees, the same for all its networks; see ``sample_order``."""
        return sample_order(self.stream("sample_order"), order, images, updates)


def sample_order(generator: np.random.Generator, order: str, images: int, updates: int) -> npt.NDArray[np.int64]:
    """Which training image each update sees.

    Args:
        generator: stream to draw from.
        order: "random" with replacement, "cyclic", or "epochs": a new permutation on each pass.
        images: number of training images.
        updates: length of the result.
    """
    if order == "random":
        return generator.integers(0, images, size=updates)
    if order == "cyclic":
        return np.arange(updates, dtype=np.int64) % images
    passes = -(-updates // images)
    return np.concatenate([generator.permutation(images) for _ in range(passes)])[:updates]
