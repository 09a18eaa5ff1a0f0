"""Which files of the library a script executes, so that Snakemake reruns what an edited module made."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

_PACKAGE = "learning_dynamics"
_FOLDER = Path(__file__).parent


def imported_by(script: Path) -> list[str]:
    """The library's files that `script` imports, directly or through other modules, also inside functions."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        for module in _imports(waiting.pop()):
            if module not in found:
                found.add(module)
                waiting.append(module)
    return sorted(str(path) for path in found)


@functools.cache
def _imports(path: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(file for name in names if name.split(".")[0] == _PACKAGE for file in _files(name))


def _files(name: str) -> list[Path]:
    """The file of a dotted name and the packages above it; a name inside a module has no file of its own."""
    parts = name.split(".")
    candidates = [_FOLDER.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [folder / "__init__.py" for folder in candidates] + [folder.with_suffix(".py") for folder in candidates]
    return [file for file in files if file.is_file()]
