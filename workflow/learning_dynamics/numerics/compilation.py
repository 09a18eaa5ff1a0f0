"""Compilation by Numba, whose machine code many processes keep and take from the same files at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import NullCache

_OF_THIS_PROCESS = os.urandom(8).hex()


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: compile a function on its first call for some types, and keep the machine code beside its source.

    Numba numbers the files of a function's machine code from 1 in every process. Two jobs that compile at the same
    moment, for other types or other constants, can take the same number, and a later job would then run the one's code
    with the other's arguments. Here every process names files that no other one writes.

    Args:
        options: those of ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(cache=True, **options)(function)
        # A plain function if NUMBA_DISABLE_JIT is set; and then there are no files.
        cache = getattr(dispatcher, "_cache", NullCache())
        if not isinstance(cache, NullCache):
            files = cache._cache_file
            files._data_name_pattern = files._data_name_pattern.replace(
                "{number:d}", f"{_OF_THIS_PROCESS}.{{number:d}}"
            )
        return dispatcher

    return decorate
