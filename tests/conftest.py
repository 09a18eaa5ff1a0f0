"""What several tests share."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Tests run side by side; and the last digits of a matrix product depend on the number of threads. Before NumPy comes.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from unit.pictures_on_disk import waves, write

PROJECT = Path(__file__).parents[1]


def pytest_addoption(parser):
    """How often the tests of faults kill and how many inputs they spoil; whether environments are made.

    ``make faults`` asks for more of the one, ``make environments`` for the other.
    """
    parser.addoption("--kills", type=int, default=8, help="kills by the tests of faults")
    parser.addoption("--mutations", type=int, default=100, help="spoilt inputs of each kind in the tests of faults")
    parser.addoption("--environments", action="store_true", help="make every environment of envs/ and run in them")


def pytest_collection_modifyitems(items):
    """Files that run the workflow first: while one of them is waited for, the many short tests fill the other cores."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("cluster", "workflow")])


# Two experiments, two variants and images of one's own: something of everything there is.
FEW = """
experiments:
  pure_cosines_cyclic: null
  sums_of_cosines: null
  digits4: null
  my_pictures: {dataset: {kind: images, source: pictures}}
scaling: null
variants: {convolutions: {two-kernels: null, four-kernels: null, zero-padding: null}}
"""


def _installed_by(*files: str) -> set[str]:
    """Names of the packages that requirement files install, with all that these need in turn."""
    lines = [line for file in files for line in (PROJECT / "envs" / file).read_text(encoding="utf-8").splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found: set[tuple[str, str]] = set()
    while wanted:
        requirement = wanted.pop()
        for extra in {"", *requirement.extras}:
            if (package := (canonicalize_name(requirement.name), extra)) not in found:
                found.add(package)
                needs = map(Requirement, importlib.metadata.requires(requirement.name) or [])
                wanted += [need for need in needs if not need.marker or need.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def _absent_modules() -> list[str]:
    """What an environment for the tests has and one that users make has not; but plugins: Snakemake imports all."""
    installed = _installed_by("requirements.txt", "requirements-torch.txt") | {"pip", "setuptools"}
    modules = {
        name: {canonicalize_name(holder) for holder in holders}
        for name, holders in importlib.metadata.packages_distributions().items()
        if not name.startswith(("snakemake_storage_plugin_", "snakemake_executor_plugin_", "sysrsync"))
    }
    return [name for name, holders in modules.items() if not installed & holders]


@functools.cache
def as_installed() -> dict[str, str]:
    """The environment of processes that stand for a user's."""
    return {
        "PYTHONPATH": str(PROJECT / "tests" / "user_environment"),
        "ABSENT_MODULES": " ".join(_absent_modules()),
    }


def _copy_unless_gone(source: str, target: str) -> None:
    """Copy a file, if it is still there: tests that compile write theirs under a passing name first."""
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        if "__pycache__" not in source:
            raise


@pytest.fixture(scope="session")
def environments(request, tmp_path_factory):
    """Nothing; tests that make environments are skipped where that is not asked for, or not possible."""
    if not request.config.getoption("--environments"):
        pytest.skip("makes environments, some gigabytes in some minutes: pytest --environments")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "PyYAML"]
    if subprocess.run(pip, cwd=tmp_path_factory.mktemp("probe"), capture_output=True, check=False).returncode:
        pytest.skip("packages cannot be installed here")


class Project:
    """A copy of the project in a folder of its own, as a clone would be."""

    def __init__(self, folder: Path) -> None:
        """Make it, if the folder is not there yet."""
        self.folder = folder
        if folder.exists():
            return
        folder.mkdir(parents=True)
        for name in ("Snakefile", "CITATION.cff", "config", "workflow", "envs"):
            source = PROJECT / name
            if source.is_dir():
                # Compiled engines come along: compiling them anew in every copy would be most of the tests' time.
                shutil.copytree(source, folder / name, copy_function=_copy_unless_gone)
            else:
                shutil.copy2(source, folder / name)

    @classmethod
    def copy_of(cls, other: Project, folder: Path) -> Project:
        """A copy with the results and with what Snakemake has noted of them."""
        shutil.copytree(other.folder, folder, symlinks=True)
        return cls(folder)

    def settings(self, text: str) -> tuple[str, ...]:
        """Arguments that add settings, YAML text, to the smoke configuration."""
        path = self.folder / "config" / "added.yaml"
        path.write_text(text, encoding="utf-8")
        return ("--configfile", "config/smoke.yaml", "config/added.yaml")

    def snakemake(
        self, *arguments: str, cores: int = 1, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake there, in this process's environment or another, with the packages that users have.

        Output and errors in one text.
        """
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), "--nocolor", *arguments],
            cwd=self.folder,
            env=(os.environ if environment is None else environment) | as_installed(),
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


@pytest.fixture(scope="session")
def finished_few(tmp_path_factory):
    """A finished run of ``FEW`` and its archive, made once for all processes that test: to be read, or copied."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    folder, done = common / "finished" / "project", common / "finished.done"
    with FileLock(common / "finished.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            project = Project(folder)
            write(folder, "pictures", waves())
            run = project.snakemake(*project.settings(FEW), "--", "all", "results/archive.zip", cores=2)
            assert run.returncode == 0, run.stdout[-5000:]
            done.touch()
    return Project(folder)


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory):
    """A copy that the tests of a module share."""
    return Project(tmp_path_factory.mktemp("shared") / "project")
