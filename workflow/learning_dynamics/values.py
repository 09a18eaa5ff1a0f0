"""What the models of the configuration share: their base and limits of single values."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _at_least(least: float) -> Callable[[float], float]:
    def check(value: float) -> float:
        if value < least:
            raise ValueError(f"expected at least {least:g}, got {value:g}")
        return value

    return check


Positive = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
# Beyond, an update is far too large for any images, or too small for any number of them.
Rate = Annotated[float, Field(gt=0, le=1e3), AfterValidator(_at_least(1e-15))]
# Of initial weights: their squares, and products of layers, are numbers and not zero.
Std = Annotated[float, Field(gt=0, le=1e6), AfterValidator(_at_least(1e-30))]
Count = Annotated[int, Field(ge=1, le=10**12)]
# Each is a file, and Snakemake plans them all.
Seeds = Annotated[int, Field(ge=1, le=10_000)]
Side = Annotated[int, Field(ge=2, le=4096)]


def _path(path: str) -> str:
    if "\0" in path:
        raise ValueError("holds a null character; expected a path")
    return os.path.normpath(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises for an unknown user


def _folder_of_results(path: str) -> str:
    for text in ("{", "}", "\\", "://", "<"):
        if text in path:
            raise ValueError(f"'{path}' holds '{text}', which the tools read otherwise; expected a folder without it")
    path = _path(path)
    if os.path.isfile(path):  # noqa: PTH113
        raise ValueError(f"'{path}' is a file; expected a folder, or a name that is free")
    return path


# ~ is the user's home, and a folder has one spelling.
UserPath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_path)]
ResultsFolder = Annotated[str, StringConstraints(min_length=1), AfterValidator(_folder_of_results)]

# Of a data set: the matrices of all records grow with their square.
MOST_CLASSES = 1000

# Chosen from the structure of the data before anything is trained.
Automatic = Literal["auto"]


class Model(BaseModel):
    """A part of the configuration: no unknown keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True)


def distinct(key: str, values: list[Any]) -> None:
    """Raise ValueError if a value occurs twice."""
    if len(set(values)) < len(values):
        raise ValueError(f"{key}: {values} names a value twice; expected each at most once")
