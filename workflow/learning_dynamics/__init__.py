"""Learning dynamics of linear networks, and which structure and frequencies of a data set they discover.

The science of Pinson, Lenaerts & Ginis (ICML 2023) as importable functions; it knows nothing of Snakemake. The names
below are its public face, described in docs/library.md; the packages are free to change.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from learning_dynamics.library import open_results, open_trajectories, predict, train

__all__ = ["open_results", "open_trajectories", "predict", "train"]


def __getattr__(name: str) -> Any:
    """The public face, imported when asked for: a job sets up its process before it imports NumPy."""
    if name in __all__:
        return getattr(importlib.import_module("learning_dynamics.library"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
