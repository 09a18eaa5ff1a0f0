"""Every environment pins exactly, and all agree."""

import re

import pytest
import yaml

from conftest import PROJECT

ENVIRONMENTS = sorted((PROJECT / "envs").glob("*.yaml"))
REQUIREMENTS = sorted((PROJECT / "envs").glob("requirements*.txt"))
CONDA_NAMES = {"torch": "pytorch"}


def pins(path):
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_pinned_and_agree_with_the_constraints(path):
    constraints = {normal(name): version for name, version in pins(PROJECT / "envs" / "constraints.txt").items()}
    for name, version in pins(path).items():
        assert constraints[normal(name)] == version, name


def test_what_the_benchmarks_share_with_the_project_has_its_version():
    constraints = {normal(name): version for name, version in pins(PROJECT / "envs" / "constraints.txt").items()}
    peers = {normal(name): version for name, version in pins(PROJECT / "benchmarks" / "requirements.txt").items()}
    shared = constraints.keys() & peers.keys()
    assert {"numpy", "numba", "scipy", "torch"} <= shared
    assert {name: peers[name] for name in shared} == {name: constraints[name] for name in shared}
    assert "jax" in peers.keys() - shared, "users of the project do not install the other implementations"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_conda_environments_have_the_versions_of_the_requirements(path):
    required = {}
    for file in REQUIREMENTS:
        required |= {normal(CONDA_NAMES.get(name, name)): version for name, version in pins(file).items()}
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    for entry in environment["dependencies"]:
        name, version = entry.split("=")
        if name != "python":
            assert required[normal(name)] == version, f"{path.name}: {entry}"


def test_every_rule_with_a_script_names_an_environment_a_log_and_a_benchmark():
    rules = 0
    for path in (PROJECT / "workflow" / "rules").glob("*.smk"):
        for block in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            rules += 1
            for directive in ("conda:", "log:", "benchmark:", "threads:", "resources:", "script:"):
                assert directive in block, f"{path.name}, rule {block.split(':')[0]}: {directive}"
            environment = re.search(r'conda:\s*"([^"]+)"', block)[1]
            assert (path.parent / environment).is_file()
    assert rules >= 7
