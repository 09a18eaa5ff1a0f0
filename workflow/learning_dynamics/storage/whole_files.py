"""Files that are written whole or not at all, whatever stops the writer, and by the latest job that makes them.

Snakemake that is killed leaves its jobs running. The next run may make the same files with other settings, and be done
before them. So every job claims its outputs when it begins (``jobs.begin``): an empty file beside each, under the name
under which this process would write it. It takes away those of jobs before it; a job that misses its own at the end
came too late.
"""

from __future__ import annotations

import atexit
import contextlib
import glob
import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from learning_dynamics.errors import DataError

_claimed: set[Path] = set()


def claim(paths: Iterable[str | Path]) -> None:
    """Be the one process that may write these files, until a later one claims them.

    Raises:
        DataError: their folder cannot be written.
    """
    atexit.register(_release)
    for path in map(Path, paths):
        before, after = glob.escape(f".{path.stem}."), glob.escape(f".partial{path.suffix}")
        try:
            for other in path.parent.glob(f"{before}*{after}"):
                other.unlink(missing_ok=True)
            _temporary(path).touch()
        except OSError as error:
            raise _not_writable(path, error) from error
        _claimed.add(path)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends, after it has reached the disk.

    Its name is the process's own: a job that outlived its workflow and the one that was started anew do not meet in it.
    What processes that were killed on this machine left behind is removed.

    Raises:
        DataError: it cannot be written, or a later process has claimed it; what was there before is untouched.
    """
    path = Path(path)
    temporary, is_claimed = _temporary(path), path in _claimed
    try:
        if is_claimed:
            temporary.stat()
        _remove_leftovers(path)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        if is_claimed and isinstance(error, FileNotFoundError):
            reason = "because a later run makes it or its folder was removed"
            raise DataError(f"{path}: not written, {reason}; run again if it is missing") from error
        raise _not_writable(path, error) from error
    finally:
        _claimed.discard(path)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _not_writable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: could not be written ({error}); make room or choose another results folder")


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{platform.node()}-{os.getpid()}.partial{path.suffix}")


def _remove_leftovers(path: Path) -> None:
    before, after = f".{path.stem}.{platform.node()}-", f".partial{path.suffix}"
    for leftover in path.parent.glob(f"{glob.escape(before)}*{glob.escape(after)}"):
        if not _runs(leftover.name.removeprefix(before).removesuffix(after)):
            leftover.unlink(missing_ok=True)


def _release() -> None:
    for path in _claimed:
        with contextlib.suppress(OSError):
            _temporary(path).unlink(missing_ok=True)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OverflowError, PermissionError):
        return True
    return True
