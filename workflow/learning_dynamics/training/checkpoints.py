"""Checkpoints of a training: written whole or not at all, checked before use, never a reason to fail; and when they are
written, from time to time and when the training is told to stop."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DataError, StoppedError
from learning_dynamics.numerics.correlations import Correlations, Structure
from learning_dynamics.storage import provenance, whole_files

State = dict[str, npt.NDArray[Any]]

_log = logging.getLogger(__name__)

_IDENTITY = "identity"
_DIGEST = hashlib.sha256().digest_size


def identity(
    settings: Mapping[str, Any],
    data: LabelledImages,
    correlations: Mapping[str, Correlations],
    structure: Structure,
    code: str,
) -> str:
    """Hash of everything that determines a training: two trainings with the same one may share a checkpoint.

    Args:
        settings: of the training, and the versions of what runs it.
        data, correlations, structure: what it is trained on.
        code: state of the code that runs.
    """
    arrays: list[npt.NDArray[Any]] = [data.images, data.labels, data.is_test]
    arrays += [structure.singular_values, structure.left, structure.right]
    for averages in correlations.values():
        arrays += [averages.input, averages.input_output]
    digests = [hashlib.sha256(np.ascontiguousarray(values).data).hexdigest() for values in arrays]
    return provenance.settings_hash({"settings": settings, "data": digests, "code": code})


class Checkpoint:
    """The place where a training keeps its state between runs.

    path: the file; not an output of a job, because a workflow removes the outputs of a job that failed.
    identity: gives the training's identity, asked for when a checkpoint is there or is written: a training that ends
        before its first checkpoint never pays for it.
    """

    def __init__(self, path: str | Path, identity: Callable[[], str]) -> None:
        self._path = Path(path)
        self._identity = functools.cache(identity)

    def save(self, state: State) -> None:
        """Replace the checkpoint; a failure is a warning, the training goes on."""
        payload = io.BytesIO()
        np.savez(payload, allow_pickle=False, **{_IDENTITY: np.array(self._identity())}, **state)
        content = payload.getbuffer()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with whole_files.replacing(self._path) as temporary, open(temporary, "wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
        except (OSError, DataError) as error:
            _log.warning("%s: the checkpoint could not be written (%s); the training goes on", self._path, error)

    def load(self) -> State | None:
        """The state to go on from, or None; a checkpoint that is damaged or of another training is set aside."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._set_aside("unreadable", str(error))
            return None
        digest, payload = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(payload).digest() != digest:
            self._set_aside("damaged", "its checksum is wrong")
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as stored:
            state: State = {name: stored[name] for name in stored.files}
        if str(state.pop(_IDENTITY)) != self._identity():
            self._set_aside("stale", "it belongs to other settings, data, code or versions")
            return None
        return state

    def remove(self) -> None:
        """Forget the state: the training is finished; a failure is a warning, its result is written."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s: the checkpoint could not be removed (%s)", self._path, error)

    def _set_aside(self, kind: str, reason: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.{kind}")
        try:
            self._path.replace(aside)
            _log.warning("%s: the checkpoint is not used, %s; it is now %s", self._path, reason, aside.name)
        except OSError as error:
            _log.warning("%s: the checkpoint is not used, %s; it could not be renamed (%s)", self._path, reason, error)


@dataclass(frozen=True)
class CheckpointFolder:
    """Where trainings keep their checkpoints.

    path: of all checkpoints; no declared output of a job, because a workflow removes those of a job that failed.
    minutes: time between two checkpoints.
    code: state of the code that trains.
    """

    path: str | Path
    minutes: float
    code: str

    def checkpointing(
        self, name: str | Path, identity: Callable[[], str], stopped: Callable[[], bool]
    ) -> Checkpointing:
        """The checkpoints of one training, under a path below the folder; see ``Checkpoint`` and ``Checkpointing``."""
        return Checkpointing(Checkpoint(Path(self.path, name), identity), 60 * self.minutes, stopped)


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

    def finish(self) -> None:
        """Forget the state: the result is safe."""
        self._checkpoint.remove()

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
