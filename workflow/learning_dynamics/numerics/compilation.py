"""Compilation by Numba, whose machine code many processes keep and take from the same files at once."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import NullCache

_log = logging.getLogger(__name__)
_OF_THIS_PROCESS = os.urandom(8).hex()


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: compile a function on its first call for some types, and keep the machine code beside its source.

    Numba numbers the files of a function's machine code from 1 in every process. Two jobs that compile at the same
    moment, for other types or other constants, can take the same number, and a later job would then run the one's code
    with the other's arguments. Here every process names files that no other one writes.

    Where no file can be written every process compiles anew.

    Args:
        options: those of ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            dispatcher = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # neither a folder beside the source nor one in the user's home
            dispatcher = numba.njit(**options)(function)
        # A plain function if NUMBA_DISABLE_JIT is set; and then there are no files.
        cache = getattr(dispatcher, "_cache", NullCache())
        if not isinstance(cache, NullCache):
            files = cache._cache_file
            files._data_name_pattern = files._data_name_pattern.replace(
                "{number:d}", f"{_OF_THIS_PROCESS}.{{number:d}}"
            )
            cache.save_overload = _unless_full(cache.save_overload)
        return dispatcher

    return decorate


def _unless_full(save: Callable[..., None]) -> Callable[..., None]:
    def save_if_possible(*arguments: Any) -> None:
        try:
            save(*arguments)
        except OSError as error:
            _log.warning("machine code was not kept for later jobs, which compile anew: %s", error)

    return save_if_possible
