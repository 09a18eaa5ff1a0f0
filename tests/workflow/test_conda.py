"""Every rule in the environment that it names, made from exactly its pins: the same results as without."""

import os
import re
import shutil

import pytest

from conftest import FEW, PROJECT, Project
from same_results import differences
from unit.pictures_on_disk import waves, write
from workflow.test_deep_workflow import archive

pytestmark = pytest.mark.workflow

STAND_IN = PROJECT / "tests" / "stand_in_conda" / "bin"
# Made for a GPU, which its pins differ in alone: tests/unit/test_environments.py.
NOT_FOR_HERE = {"deep-gpu.yaml"}
# Something for every rule.
SETTINGS = FEW.replace("sums_of_cosines: null", "cifar4: null").replace(
    "scaling: null", "zero_padding: null\ndeep_training: {device: cpu}"
)
# Targets, and the rule that refuses what is not known.
WITHOUT_JOBS = {"all", "default", "two-layer", "predict", "finished", "unknown"}


def contents(project):
    """Pictures and the ledger, by name."""
    made = [*project.results("figures/**/*.png"), *project.results("claims.json")]
    return {path.relative_to(project.folder).as_posix(): path.read_bytes() for path in made}


def test_same_results_in_the_environments_of_the_rules(environments, tmp_path):
    if not shutil.which("python3.11"):
        pytest.skip("the environments' Python 3.11 is not on this machine")
    source = archive(tmp_path)
    normal, conda = (Project(tmp_path / name) for name in ("normal", "conda"))
    with_conda = os.environ | {"PATH": f"{STAND_IN}:{os.environ['PATH']}"}
    ran, rules = set(), set()

    def run(project, *arguments, **options):
        done = project.snakemake(*project.settings(SETTINGS), *arguments, cores=2, **options)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    def run_in_environments(config, *arguments):
        method = ("--software-deployment-method", "conda")
        output = run(conda, *config, *method, *arguments, environment=with_conda)
        ran.update(re.findall(r"^(?:local)?rule (\S+):", output, flags=re.MULTILINE))
        rules.update(re.findall(r"^[\w-]+$", run(conda, *config, "--list-rules"), flags=re.MULTILINE))

    cifar10 = ("--config", f"cifar10={source}")
    everything = ("--", "reproduce-all", "own", "results/archive.zip")
    for project in (normal, conda):
        write(project.folder, "pictures", waves())
    run(normal, *cifar10, *everything)
    run_in_environments(cifar10, "--conda-create-envs-only", *everything)
    run_in_environments(cifar10, *everything)
    assert list(differences(normal.folder / "results", conda.folder / "results")) == []
    assert contents(conda) == contents(normal)

    shutil.copy(conda.folder / "results" / "archive.zip", conda.folder / "theirs.zip")
    run_in_environments(("--config", "archive=theirs.zip", "results=archived"), "--", "archived/claims.json")
    assert rules - ran == WITHOUT_JOBS

    made = {path.name: path.read_bytes() for path in (conda.folder / ".snakemake" / "conda").glob("*.yaml")}
    pins = {path.read_bytes() for path in (PROJECT / "envs").glob("*.yaml") if path.name not in NOT_FOR_HERE}
    assert set(made.values()) == pins
    for log in conda.folder.glob("results/logs/**/*.log"):
        assert f"{conda.folder / '.snakemake' / 'conda'}/" in log.read_text(encoding="utf-8").splitlines()[1], log
