"""What every job of a pipeline needs: a log, one thread, and a short message when the user can mend the failure."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import platform
import re
import socket
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from learning_dynamics.errors import UserError
from learning_dynamics.storage import whole_files
from learning_dynamics.storage.provenance import PACKAGES

_UNEXPECTED = "unexpected error"
# In a log: a line that begins with time and level, and what follows up to the next one.
_BEGINNING = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} "
_ERROR = re.compile(rf"{_BEGINNING}ERROR (?P<message>.*?)(?={_BEGINNING}|\Z)", re.DOTALL | re.MULTILINE)
# What a cluster tells its jobs.
_CLUSTER = {"SLURMD_NODENAME": "node", "SLURM_JOB_ID": "Slurm job", "CUDA_VISIBLE_DEVICES": "GPU"}


def begin(log: str | Path, outputs: Iterable[str] = ()) -> logging.Logger:
    """Log to a file and to standard error; an uncaught error goes there too. Claim the outputs, see ``whole_files``.

    Standard error gets warnings and errors, and where it is a terminal the lines that are marked ``on_terminal``.

    A ``UserError`` is shown as its message alone, anything else with its traceback. Call it before NumPy is imported:
    it keeps linear algebra to one thread, on which the last digits of a matrix product would otherwise depend.
    """
    _keep_to_environment()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    # Files are written under names of their own, so that locks protect nothing; and not every file system has them.
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
    # Imports and pictures make many objects that live to the end: a tenth of a short job was looking for dead ones.
    gc.set_threshold(100_000, 50, 100)
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        # A job of a killed run may still write to the file that has been there.
        Path(log).unlink(missing_ok=True)
        to_file = logging.FileHandler(log, mode="w", encoding="utf-8")
    except OSError as error:
        sys.exit(f"{log}: could not be written ({error}); make room or choose another results folder")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setFormatter(logging.Formatter("%(message)s"))
    to_terminal.addFilter(_concerns_terminal)
    logging.basicConfig(level=logging.WARNING, handlers=[to_file, to_terminal], force=True)
    sys.excepthook = _log_uncaught
    logger = logging.getLogger("learning_dynamics")
    logger.setLevel(logging.INFO)
    for line in _environment_lines():
        logger.info(line)
    atexit.register(_log_modules, logger)
    whole_files.claim(outputs)
    return logger


def last_error(log: str | Path) -> tuple[str, bool] | None:
    """What ended a job, by its log: the message, and whether the user can mend it; None if the log does not say."""
    try:
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = list(_ERROR.finditer(text))
    if not found:
        return None
    message = found[-1]["message"].strip()
    if message.startswith(f"{_UNEXPECTED}\n"):
        return message.splitlines()[-1], False
    return message, True


def by_seed(paths: Iterable[str]) -> dict[int, str]:
    """Trajectory files by the seed in their names."""
    return {int(Path(path).stem.removeprefix("seed-")): path for path in paths}


def fix_hash_seed() -> None:
    """Give every process started from here the same order of sets, which the layout of a picture follows."""
    os.environ["PYTHONHASHSEED"] = "0"


def _keep_to_environment() -> None:
    """Leave the packages of Snakemake's environment, if the rule has another.

    Snakemake, imported by now, has added them, and packages that look for others would find those of another Python.
    """
    snakemake = sys.modules.get("snakemake")
    if snakemake and not _is_of_environment(snakemake.__path__[0]):
        sys.path[:] = [path for path in sys.path if Path(path).name != "site-packages" or _is_of_environment(path)]


def _is_of_environment(path: str) -> bool:
    return Path(path).is_relative_to(sys.prefix)


def _log_modules(logger: logging.Logger) -> None:
    """At the end of a job, which parts of the library it ran: the rule's parameter `code` must know them all."""
    logger.info("modules: %s", " ".join(sorted(name for name in sys.modules if name.startswith("learning_dynamics"))))


def _concerns_terminal(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or (getattr(record, "on_terminal", False) and sys.stderr.isatty())


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, UserError):
        logging.error("%s", error)
    elif isinstance(error, KeyboardInterrupt):
        logging.error("interrupted")
    else:
        logging.error(_UNEXPECTED, exc_info=(kind, error, traceback))


def _environment_lines() -> list[str]:
    """Host, cluster job and GPU; Python and its environment; package versions: a line each."""
    place = [f"host {socket.gethostname()}"]
    place += [f"{name} {os.environ[key]}" for key, name in _CLUSTER.items() if os.environ.get(key)]
    python = f"Python {platform.python_version()} {sys.executable}"
    return [", ".join(place), f"{python}, {_environment()}", "packages: " + ", ".join(_packages())]


def _environment() -> str:
    # A conda environment has a folder of this name; CONDA_PREFIX alone may belong to another, active around this one.
    if Path(sys.prefix, "conda-meta").is_dir():
        return f"conda environment {sys.prefix}"
    if sys.prefix != sys.base_prefix:
        return f"virtual environment {sys.prefix}"
    return f"no environment, {sys.prefix}"


def _packages() -> list[str]:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found
