"""Where a result comes from: settings, their hash, code version and package versions, as NetCDF attributes."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PACKAGES = (
    "numpy",
    "numba",
    "scipy",
    "xarray",
    "netCDF4",
    "torch",
    "torchvision",
    "matplotlib",
    "scikit-learn",
    "pillow",
    # Where the library is installed: outside a git checkout this is what is known of its code.
    "learning-dynamics-of-linear-cnns",
)


# Environment variable with the code's version, for jobs on machines without the checkout.
CODE_VERSION = "LEARNING_DYNAMICS_CODE_VERSION"


def settings_hash(settings: Mapping[str, Any]) -> str:
    """SHA-256 of the settings in canonical JSON."""
    return hashlib.sha256(_canonical(settings).encode()).hexdigest()


def attributes(title: str, source: str, settings: Mapping[str, Any], packages: tuple[str, ...]) -> dict[str, str]:
    """The provenance attributes of a result file. No time stamps: equal inputs give equal bytes.

    Args:
        title: what the file holds.
        source: the equations behind it.
        settings: everything that determined the content.
        packages: the distributions whose versions matter for it.
    """
    commit, dirty = code_version()
    versions = {name: _version(name) for name in packages if name in PACKAGES}
    return {
        "Conventions": "CF-1.11",
        "title": title,
        "source": source,
        # Its time would make the bytes differ.
        "history": f"made by learning_dynamics at commit {commit}",
        "settings": _canonical(settings),
        "settings_hash": settings_hash(settings),
        "code_commit": commit,
        "code_dirty": dirty,
        "python_version": platform.python_version(),
        "package_versions": _canonical(versions),
    }


def commit_of(path: Path) -> str:
    """The commit that last changed a file, with a remark if it was changed since; "unknown" where git does not know."""
    try:
        commit = _git(path.parent, "log", "-1", "--format=%H", "--", path.name)
        changed = _git(path.parent, "status", "--porcelain", "--", path.name)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{commit} with changes" if commit and changed else commit or "unknown"


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()


def _canonical(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@functools.cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@functools.cache
def code_version() -> tuple[str, str]:
    """The commit of the code and whether tracked files differ from it; "unknown" outside a git checkout.

    A job has the version of the run that it belongs to.
    """
    if told := os.environ.get(CODE_VERSION):
        commit, changed = told.split()
        return commit, changed
    folder = Path(__file__).parent
    try:
        # An environment with the library in it may lie inside another project's checkout.
        _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
        return _git(folder, "rev-parse", "HEAD"), str(bool(changed)).lower()
    except (OSError, subprocess.SubprocessError):
        return "unknown", "unknown"
