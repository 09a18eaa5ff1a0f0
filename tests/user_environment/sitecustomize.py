"""Imported by Python when it starts with this folder on its path: hides the packages that users do not have."""

from __future__ import annotations

import os
from importlib.machinery import PathFinder

_ABSENT = frozenset(os.environ["ABSENT_MODULES"].split())
_find_spec = PathFinder.find_spec


def _of_users(name, path=None, target=None):
    """Nothing, also for those who only ask whether a package is there, as xarray does for dask."""
    return None if name.partition(".")[0] in _ABSENT else _find_spec(name, path, target)


PathFinder.find_spec = _of_users
