"""Checkpoints of a training: written whole or not at all, checked before use, never a reason to fail."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_dynamics import provenance, whole_files
from learning_dynamics.correlations import Correlations, Structure
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DataError

State = dict[str, npt.NDArray[Any]]

_log = logging.getLogger(__name__)

_IDENTITY = "identity"
_DIGEST = hashlib.sha256().digest_size


def identity(
    settings: Mapping[str, Any],
    data: LabelledImages,
    correlations: Mapping[str, Correlations],
    structure: Structure,
    code: Iterable[str | Path],
) -> str:
    """Hash of everything that determines a training: two trainings with the same one may share a checkpoint.

    Args:
        settings: of the training, and the versions of what runs it.
        data, correlations, structure: what it is trained on.
        code: the files that run.
    """
    arrays: list[npt.NDArray[Any]] = [data.images, data.labels, data.is_test]
    arrays += [structure.singular_values, structure.left, structure.right]
    for averages in correlations.values():
        arrays += [averages.input, averages.input_output]
    digests = [hashlib.sha256(np.ascontiguousarray(values).data).hexdigest() for values in arrays]
    files = sorted(hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in code)
    return provenance.settings_hash({"settings": settings, "data": digests, "code": files})


class Checkpoint:
    """The place where a training keeps its state between runs.

    path: the file; not an output of a job, because a workflow removes the outputs of a job that failed.
    identity: gives the training's identity, asked for when a checkpoint is there or is written: a training that ends
        before its first checkpoint never pays for it.
    """

    def __init__(self, path: str | Path, identity: Callable[[], str]) -> None:
        self._path = Path(path)
        self._identity = identity

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
