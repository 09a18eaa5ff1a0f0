"""Files that are written whole or not at all, whatever stops the writer."""

from __future__ import annotations

import contextlib
import glob
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learning_dynamics.errors import DataError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends, after it has reached the disk.

    Its name is the process's own: a job that outlived its workflow and the one that was started anew do not meet in it.
    What processes that were killed on this machine left behind is removed.

    Raises:
        DataError: it cannot be written; what was there before is untouched.
    """
    path = Path(path)
    host = platform.node()
    before, after = f".{path.stem}.{host}-", f".partial{path.suffix}"
    temporary = path.with_name(f"{before}{os.getpid()}{after}")
    try:
        for leftover in path.parent.glob(f"{glob.escape(before)}*{glob.escape(after)}"):
            if not _runs(leftover.name.removeprefix(before).removesuffix(after)):
                leftover.unlink(missing_ok=True)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise DataError(
            f"{path}: could not be written ({error}); make room or choose another results folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OverflowError, PermissionError):
        return True
    return True
