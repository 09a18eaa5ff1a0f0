"""Checkpoints of a training: written whole or not at all, checked before use, never a reason to fail."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

State = dict[str, npt.NDArray[np.generic]]

_log = logging.getLogger(__name__)

_IDENTITY = "identity"
_DIGEST = hashlib.sha256().digest_size


class Checkpoint:
    """The place where a training keeps its state between runs.

    path: the file; not an output of a job, because a workflow removes the outputs of a job that failed.
    identity: hash of everything that determines the training; a checkpoint with another one is not used.
    """

    def __init__(self, path: str | Path, identity: str) -> None:
        self._path = Path(path)
        self._identity = identity

    def save(self, state: State) -> None:
        """Replace the checkpoint; a failure is a warning, the training goes on."""
        payload = io.BytesIO()
        np.savez(payload, allow_pickle=False, **{_IDENTITY: np.array(self._identity)}, **state)
        content = payload.getvalue()
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            _log.warning("%s: the checkpoint could not be written (%s); the training goes on", self._path, error)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

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
        if str(state.pop(_IDENTITY)) != self._identity:
            self._set_aside("stale", "it belongs to other settings, data, code or versions")
            return None
        return state

    def remove(self) -> None:
        """Forget the state: the training is finished."""
        self._path.unlink(missing_ok=True)

    def _set_aside(self, kind: str, reason: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.{kind}")
        try:
            self._path.replace(aside)
            _log.warning("%s: the checkpoint is not used, %s; it is now %s", self._path, reason, aside.name)
        except OSError as error:
            _log.warning("%s: the checkpoint is not used, %s; it could not be renamed (%s)", self._path, reason, error)
