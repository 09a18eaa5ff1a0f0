"""Which of a machine's GPUs a training takes: one that no other training of this user holds."""

from __future__ import annotations

import fcntl
import functools
import logging
import os
import tempfile
import time
from pathlib import Path

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 2.0


def visible(count: int) -> tuple[str, ...]:
    """Names of the `count` GPUs that this process sees, in CUDA's order.

    CUDA_VISIBLE_DEVICES, which a cluster sets for the GPUs of a job, renumbers them; its entries are the names then, so
    that all processes on a machine mean the same GPU by a name.
    """
    names = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return tuple(names[:count]) if len(names) >= count else tuple(str(number) for number in range(count))


@functools.cache
def take(names: tuple[str, ...], folder: Path | None = None) -> int:
    """The index in `names` of a GPU that is free, which is this process's from now on; waits for one if need be.

    A process that sees a single GPU has no choice and takes it, as one does that cannot make locks takes the first; one
    that asks again keeps the GPU it has.

    Args:
        names: the GPUs to choose from.
        folder: where the locks are, one file per GPU; by default a folder of this user among the temporary files.
    """
    if len(names) == 1:
        return 0
    folder = folder or Path(tempfile.gettempdir(), f"learning-dynamics-gpus-{os.getuid()}")
    announced = False
    while True:
        for index, name in enumerate(names):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # Never closed: the lock is held until the process ends, however it ends.
                lock = os.open(folder / f"{name.replace('/', '-')}.lock", os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(lock)
                    continue
            except OSError as error:
                _log.warning("GPUs cannot be shared out among trainings (%s): taking GPU %s", error, name)
                return index
            _log.info("taking GPU %s of %s", name, ", ".join(names))
            return index
        if not announced:
            _log.warning("other trainings hold all GPUs (%s): waiting for one", ", ".join(names))
            announced = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)
