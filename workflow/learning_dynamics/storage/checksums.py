"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from learning_dynamics.errors import DataError


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits.

    Raises:
        DataError: the file is missing or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: could not be read ({error}); run the workflow again") from error
