"""Imported by Python when it starts with this folder on its path: hides the packages that users do not have."""

from __future__ import annotations

import os
import sys

_ABSENT = frozenset(os.environ["ABSENT_MODULES"].split())


class _Absent:
    """Finds no module of those, before the finders that would."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in _ABSENT:
            raise ModuleNotFoundError(f"No module named '{name}' in an environment made by make setup", name=name)


sys.meta_path.insert(0, _Absent)
