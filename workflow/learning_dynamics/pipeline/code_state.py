"""The state of the code that a job runs: a hash that an edited statement changes, a comment or a time stamp does not.

It is a parameter of every rule, so that an edit reruns what runs it and nothing else. Imports are read from the syntax
trees, also those inside functions; imports for type checking alone are left out. The registries of data sets and
networks are tables of everything there is: they are not looked into, and a rule names the modules that it picks there.
A network knows its theory too: of a module that is picked only those methods count whose names the rest of the code
uses.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

_PACKAGE = "learning_dynamics"
_FOLDER = Path(__file__).parents[2]
REGISTRIES = (f"{_PACKAGE}.datasets.registry", f"{_PACKAGE}.networks.registry")


@functools.cache
def state(script: Path, picked: tuple[str, ...] = ()) -> str:
    """Hash of the statements of a script and of the library's modules that it runs; arguments as for ``imported``.

    Kept: thousands of trainings have few.
    """
    digest = hashlib.sha256(_statements(script))
    for module in imported(script, picked):
        digest.update(module.encode() + _statements(_file(module)))
    return digest.hexdigest()[:16]


def imported(script: Path, picked: Sequence[str] = ()) -> list[str]:
    """Names of the library's modules that a script runs, sorted.

    Args:
        script: a rule's script.
        picked: names of modules whose classes it takes from a registry at run time.
    """
    found: set[str] = set()
    names: set[str] = set()
    while True:
        modules, used = _reached(script, picked, frozenset(names))
        if modules == found and used == names:
            return sorted(found)
        found, names = modules, used


def _reached(script: Path, picked: Sequence[str], names: frozenset[str]) -> tuple[set[str], set[str]]:
    """The modules that a script reaches if those picked run the methods of some names; and the names that all use."""
    found: set[str] = set()
    imports, attributes = _uses(script, None)
    used = set(attributes)
    waiting = [*imports, *(package for module in picked for package in _with_packages(module))]
    while waiting:
        module = waiting.pop()
        if module not in found and module not in REGISTRIES:
            found.add(module)
            imports, attributes = _uses(_file(module), names if module in picked else None)
            waiting += imports
            used |= attributes
    return found, used


def _file(module: str) -> Path:
    path = _FOLDER.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _with_packages(name: str) -> list[str]:
    """The module of a dotted name and the packages above it; a name inside a module is none itself."""
    parts = name.split(".")
    names = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return [module for module in names if _file(module).is_file()]


def _uses(path: Path, methods: frozenset[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    """The library's modules that a file imports, and the names of all attributes in it; see ``_nodes``."""
    public = _public_methods(path)
    return _uses_of(path, None if methods is None else methods & public)


@functools.cache
def _uses_of(path: Path, methods: frozenset[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    names: set[str] = set()
    attributes: set[str] = set()
    for node in _nodes(_tree(path), methods):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    own = (name for name in names if name.split(".")[0] == _PACKAGE)
    return frozenset(module for name in own for module in _with_packages(name)), frozenset(attributes)


@functools.cache
def _public_methods(path: Path) -> frozenset[str]:
    classes = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.ClassDef))
    return frozenset(part.name for node in classes for part in node.body if _is_public_method(part))


def _is_public_method(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and not node.name.startswith("_")


def _nodes(tree: ast.Module, methods: frozenset[str] | None) -> Iterator[ast.AST]:
    """All nodes, without the public methods of classes that are not among some; with all of them if None."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, in_class = waiting.pop()
        if methods is not None and in_class and _is_public_method(node) and node.name not in methods:
            continue
        yield node
        waiting += [(child, isinstance(node, ast.ClassDef)) for child in ast.iter_child_nodes(node)]


@functools.cache
def _statements(path: Path) -> bytes:
    return ast.dump(_tree(path)).encode()


@functools.cache
def _tree(path: Path) -> ast.Module:
    """The syntax tree without what explains the code or helps to check it."""
    tree: ast.Module = _Bare().visit(ast.parse(path.read_text(encoding="utf-8")))
    return tree


class _Bare(ast.NodeTransformer):
    """Leaves out docstrings, what is for type checking alone, and the descriptions of configuration keys."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [statement for part in node.orelse for statement in self._visited(part)]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "description"]
        return self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
        return super().generic_visit(node)

    def _visited(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        found = self.visit(statement)
        yield from found if isinstance(found, list) else [found]
