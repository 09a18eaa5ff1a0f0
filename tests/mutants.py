"""Change the ledger's code one place at a time and see whether a test notices: ``make mutants``.

Every mutant is made in memory, in a process of its own that is forked after the large libraries were imported; the
files stay as they are. What survives is listed: a mutant that computes the same, or a test that is missing.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
import tempfile
import time
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import xarray as xr

PROJECT = Path(__file__).parents[1]
LIBRARY = PROJECT / "workflow" / "learning_dynamics"
# The tests that should notice, those that fail soonest first.
MEASURED = ["tests/claims/test_measures.py"]
TESTS = {
    "claims/entries.py": ["tests/claims/test_entries.py", "tests/unit/test_claims.py", "tests/claims/test_ledger.py"],
    "claims/ledger.py": ["tests/claims/test_ledger.py"],
    "claims/statistics.py": ["tests/claims/test_statistics.py", "tests/claims/test_ledger.py"],
    **{
        f"claims/measures/{name}.py": [f"tests/claims/test_measured_{name}.py", *MEASURED]
        for name in ("beyond", "data_sets", "frequencies", "losses", "trajectories", "weights")
    },
    "claims/measures/registry.py": MEASURED,
    "claims/measures/trials.py": [*MEASURED, "tests/claims/test_measured_frequencies.py"],
    "figures/learning_curves.py": ["tests/claims/test_learning_curves.py", "tests/claims/test_figures.py"],
}
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
COULD_NOT_BE_RUN = 99
# A mutant that takes longer, in seconds of a processor, or more memory, in bytes, is killed.
SLOWEST, LARGEST = 120, 4 * 2**30
IMPORTED_BEFORE = (
    "conftest",
    "numpy",
    "scipy.fft",
    "scipy.special",
    "xarray",
    "netCDF4",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "pydantic",
    "learning_dynamics.results",
    "learning_dynamics.config.experiments",
    "learning_dynamics.theory.minimal_norm",
    "learning_dynamics.theory.closed_forms",
    "learning_dynamics.engines.linear_cnn",
    "learning_dynamics.networks.registry",
    "learning_dynamics.structure.files",
    "learning_dynamics.storage.provenance",
    "learning_dynamics.extensions.scaling.files",
    "scipy.stats",
    "yaml",
)

SWAPS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [],
    ast.FloorDiv: [ast.Mult],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
NAMES = {
    **{"min": "max", "max": "min", "argmin": "argmax", "argmax": "argmin", "mean": "sum", "sum": "mean"},
    **{"any": "all", "all": "any", "sqrt": "square", "maximum": "minimum", "minimum": "maximum"},
    **{"early": "late", "late": "early", "first": "second", "second": "first", "low": "high", "high": "low"},
}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""

    def with_field(**fields: object) -> ast.AST:
        other = copy.copy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    match node:
        case ast.Compare(ops=[op, *rest]):
            for swap in SWAPS[type(op)]:
                yield with_field(ops=[swap(), *rest])
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            for swap in SWAPS.get(type(op), []):
                yield with_field(op=swap())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield with_field(value=not value)
        case ast.Constant(value=int(value)):
            yield with_field(value=value + 1)
            yield with_field(value=value - 1)
        case ast.Constant(value=float(value)):
            yield with_field(value=value * 2 + 0.1)
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield with_field(id=NAMES[name])
        case ast.Attribute(attr=name) if name in NAMES:
            yield with_field(attr=NAMES[name])
        case ast.If(test=test) | ast.IfExp(test=test):
            yield with_field(test=ast.UnaryOp(ast.Not(), test))
        case ast.Call(func=ast.Name(id="abs") | ast.Attribute(attr="abs" | "log"), args=[argument]):
            yield argument


def mutants(source: str) -> Iterator[tuple[int, str, str, ast.Module]]:
    """Line, function, description and tree of every mutant."""
    tree = ast.parse(source)
    functions = {part: top for top in ast.walk(tree) if isinstance(top, ast.FunctionDef) for part in ast.walk(top)}
    annotations = {
        part
        for node in ast.walk(tree)
        for field in ("annotation", "returns")
        if (top := getattr(node, field, None))
        for part in ast.walk(top)
    }
    for parent in list(ast.walk(tree)):
        for field, value in list(ast.iter_fields(parent)):
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(child, ast.AST) or child in annotations or not hasattr(child, "lineno"):
                    continue
                if isinstance(parent, ast.keyword) and parent.arg == "strict":  # lengths agree
                    continue
                for other in changes(child):
                    changed = [*value[:index], other, *value[index + 1 :]] if isinstance(value, list) else other
                    setattr(parent, field, changed)
                    name = functions[child].name if child in functions else ""
                    shown = [ast.unparse(getattr(node, "test", node)) for node in (child, other)]
                    text = " → ".join(shown)
                    yield child.lineno, name, text, copy.deepcopy(ast.fix_missing_locations(tree))
                    setattr(parent, field, value)


class Mutant(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Gives the module to whoever imports it."""

    def __init__(self, module: str, path: Path, tree: ast.Module) -> None:
        super().__init__(module, str(path))
        self.tree = tree

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(self.tree, self.path, "exec")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return (
            importlib.util.spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None
        )


def run(module: str, path: Path, tree: ast.Module, function: str, tests: list[str]) -> int:
    """Start the tests with the mutant in the module's place; the process ends with 0 if it survives.

    Those with the function's name in theirs come first.
    """
    if child := os.fork():
        return child
    status = COULD_NOT_BE_RUN
    with contextlib.suppress(Exception):
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SLOWEST, SLOWEST))
        resource.setrlimit(resource.RLIMIT_AS, (LARGEST, LARGEST))
        assert module not in sys.modules
        sys.meta_path.insert(0, Mutant(module, path, tree))
        if module.startswith("learning_dynamics.claims."):
            keep_in_memory()
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/tests", *tests]
            status = int(pytest.main([*options, "-k", function])) if function else 0
            if status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                status = int(pytest.main(options))
    os._exit(status)


def keep_in_memory() -> None:
    """Result files of the tests but for images, which are read in parts: writing them takes most of the time."""
    from learning_dynamics.storage import netcdf

    written, to_disk = {}, netcdf.write

    def write(dataset: xr.Dataset, path: str | Path, uncompressed: tuple[str, ...] = ()) -> None:
        written[str(path)] = dataset.copy(deep=True)
        if "images" in dataset:
            to_disk(dataset, path, uncompressed)

    def read(path: str | Path, variables: Sequence[str] | None = None) -> xr.Dataset:
        whole = written[str(path)]
        names = whole.data_vars if variables is None else [name for name in variables if name in whole]
        return whole[list(names)].copy(deep=True)

    netcdf.write, netcdf.read = write, read


def outcomes(
    module: str, path: Path, mutants: list[tuple[str, ast.Module]], tests: list[str]
) -> Iterator[tuple[int, int]]:
    """Index and exit status of each mutant, a function's name and a tree, as they end; one at a time per processor."""
    waiting, running = list(enumerate(mutants))[::-1], {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            index, (function, tree) = waiting.pop()
            running[run(module, path, tree, function, tests)] = index
        for child, index in list(running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                yield index, os.waitstatus_to_exitcode(status)
                del running[child]
                if sys.stderr.isatty():
                    print(f"\r{len(mutants) - len(waiting) - len(running)} of {len(mutants)}", end="", file=sys.stderr)
        time.sleep(0.02)


def main() -> int:
    """Print the score and the survivors of every file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=list(TESTS), help="of the library; all of the table by default")
    parser.add_argument("--line", type=int, nargs="*", help="only mutants of these lines")
    parser.add_argument("--at-least", type=float, default=90.0, help="per cent that must be killed")
    arguments = parser.parse_args()
    os.chdir(PROJECT)
    sys.path[:0] = [str(PROJECT / "workflow"), str(PROJECT), str(PROJECT / "tests")]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the tests need none
    for name in IMPORTED_BEFORE:
        importlib.import_module(name)
    from learning_dynamics.storage import provenance

    provenance.attributes("", "", {}, provenance.PACKAGES)  # asks git once for all
    scores = []
    for file in arguments.files:
        path, module = LIBRARY / file, f"learning_dynamics.{file.removesuffix('.py').replace('/', '.')}"
        source = path.read_text(encoding="utf-8")
        unchanged = [("", ast.parse(source)), ("main", ast.parse(source))]
        if any(status for _, status in outcomes(module, path, unchanged, TESTS[file])):
            print(f"{file}: the tests fail without any change")
            return 1
        made = [mutant for mutant in mutants(source) if not arguments.line or mutant[0] in arguments.line]
        killed = 0
        for index, status in outcomes(module, path, [(function, tree) for _, function, _, tree in made], TESTS[file]):
            line, function, text, _ = made[index]
            if status in (0, COULD_NOT_BE_RUN):
                outcome = "could not be run" if status else "survived"
                print(f"  {outcome}: {file}:{line} ({function}) {text}", flush=True)
            else:
                killed += 1
        scores.append(100 * killed / max(len(made), 1))
        print(f"{file}: {killed} of {len(made)} mutants killed, {scores[-1]:.0f} %", flush=True)
    return 0 if min(scores) >= arguments.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
