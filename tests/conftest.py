"""What several tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Tests run side by side; and the last digits of a matrix product depend on the number of threads.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

PROJECT = Path(__file__).parents[1]


def pytest_addoption(parser):
    """How often the tests of faults kill; ``make faults`` asks for more."""
    parser.addoption("--kills", type=int, default=8, help="kills by the tests of faults")


def pytest_collection_modifyitems(items):
    """Fast tests first, then those that run the workflow, then those that run it on a cluster."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("cluster", "workflow")])


# Two experiments, the variants and images of one's own: something of everything there is.
FEW = """
experiments:
  pure_cosines_cyclic: null
  sums_of_cosines: null
  digits4: null
  my_pictures: {dataset: {kind: images, source: pictures}}
scaling: null
"""


def _copy_unless_gone(source: str, target: str) -> None:
    """Copy a file, if it is still there: tests that compile write theirs under a passing name first."""
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        if "__pycache__" not in source:
            raise


class Project:
    """A copy of the project in a folder of its own, as a clone would be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in ("Snakefile", "config", "workflow", "envs"):
            source = PROJECT / name
            if source.is_dir():
                # Compiled engines come along: compiling them anew in every copy would be most of the tests' time.
                shutil.copytree(source, folder / name, copy_function=_copy_unless_gone)
            else:
                shutil.copy2(source, folder / name)

    def settings(self, text: str) -> tuple[str, ...]:
        """Arguments that add settings, YAML text, to the smoke configuration."""
        path = self.folder / "config" / "added.yaml"
        path.write_text(text, encoding="utf-8")
        return ("--configfile", "config/smoke.yaml", "config/added.yaml")

    def snakemake(
        self, *arguments: str, cores: int = 1, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake there, in this process's environment or another; output and errors in one text."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), "--nocolor", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    def results(self, pattern: str) -> list[Path]:
        """The result files that match."""
        return sorted((self.folder / "results").glob(pattern))


@pytest.fixture
def project(tmp_path):
    """A fresh copy of the project."""
    return Project(tmp_path / "project with a space")


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory):
    """A copy that the tests of a module share."""
    return Project(tmp_path_factory.mktemp("shared") / "project")
