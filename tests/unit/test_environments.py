"""Every environment pins exactly, all agree, and each holds what its rules import."""

import ast
import functools
import importlib.metadata
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from conftest import PROJECT
from learning_dynamics.networks import registry
from learning_dynamics.pipeline import code_state

ENVIRONMENTS = sorted((PROJECT / "envs").glob("*.yaml"))
REQUIREMENTS = sorted((PROJECT / "envs").glob("requirements*.txt"))
# PyTorch's package is built for CPUs and for GPUs, and two names select one; pydantic and numba bring a part of theirs.
CONDA_NAMES = {"torch": ("pytorch-cpu", "pytorch-gpu"), "pydantic-core": ("pydantic",), "llvmlite": ("numba",)}


def pins(path):
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def conda_pins(path):
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    return dict(entry.split("=") for entry in environment["dependencies"])


def required():
    """Version by conda's name of everything that the requirement files pin."""
    return {
        normal(conda): version
        for file in REQUIREMENTS
        for name, version in pins(file).items()
        for conda in CONDA_NAMES.get(name, (name,))
    }


def rules_with_a_script():
    """Rule file, text and script of each; also of rules inside a loop, which have no name before the colon."""
    for path in sorted((PROJECT / "workflow" / "rules").glob("*.smk")):
        for block in re.split(r"^ *rule\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            if script := re.search(r'script:\s*"\.\./scripts/([^"]+)"', block):
                yield path, block, script[1]


def environments_of(path, block):
    names = re.findall(r'"([^"]+\.yaml)"', block[block.index("conda:") : block.index("threads:")])
    return [(path.parent / name).resolve() for name in names]


LIBRARY = PROJECT / "workflow" / "learning_dynamics"
OBJECTS = ("learning_dynamics.datasets.kinds.", "learning_dynamics.networks.")


def modules_below(package):
    paths = (path for path in (LIBRARY / package).rglob("*.py") if path.stem != "__init__")
    return [".".join(("learning_dynamics", *path.relative_to(LIBRARY).with_suffix("").parts)) for path in paths]


def file_of(module):
    path = LIBRARY.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def picked(script):
    """What a script picks from the registries: any kind of data set, any network of the sort that it is for."""
    if script == "dataset.py":
        return modules_below("datasets/kinds")
    models = {"train_deep.py": registry.DEEP_NETWORKS}.get(script)
    if script in ("train.py", "predict.py", "choose_settings.py"):
        models = registry.TWO_LAYER_NETWORKS
    return [registry.MODELS[name].__module__ for name in models or ()]


@functools.cache
def imported(script):
    """Top-level names of what a script imports, itself or in the library; figures are imported by their names."""
    chosen = picked(script)
    waiting, seen, names = [("", PROJECT / "workflow" / "scripts" / script)], set(), set()
    waiting += [(module, file_of(module)) for module in chosen]
    while waiting:
        module, file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        tree = code_state._tree(file)
        # A data set or a network imports in its functions what they need: of those that are not picked none is called.
        whole = module in chosen or not module.startswith(OBJECTS)
        for node in ast.walk(tree) if whole else tree.body:
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            own = [name for name in found if name.split(".")[0] == "learning_dynamics"]
            waiting += [(name, path) for name in own if (path := file_of(name)).is_file()]
            names |= {name.split(".")[0] for name in found}
            if script.endswith("figure.py") or script.endswith("figures.py"):
                waiting += [(name, file_of(name)) for name in modules_below("figures")]
    return names - set(sys.stdlib_module_names) - {"learning_dynamics", "__future__"}


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
    expected = required()
    for name, version in conda_pins(path).items():
        if name != "python":
            assert expected[normal(name)] == version, f"{path.name}: {name}"


def test_every_rule_with_a_script_names_an_environment_a_log_and_a_benchmark():
    rules = 0
    for path, block, script in rules_with_a_script():
        rules += 1
        for directive in ("conda:", "log:", "benchmark:", "threads:", "resources:", "script:"):
            assert directive in block, f"{path.name}, rule {block.split(':')[0]}: {directive}"
        assert all(environment.is_file() for environment in environments_of(path, block))
        assert (PROJECT / "workflow" / "scripts" / script).is_file()
    assert rules >= 14


def test_every_environment_holds_what_the_scripts_of_its_rules_import():
    distributions = importlib.metadata.packages_distributions()
    checked = 0
    for path, block, script in rules_with_a_script():
        for environment in environments_of(path, block):
            held = {normal(name) for name in conda_pins(environment)}
            for name in imported(script):
                (distribution,) = {normal(found) for found in distributions[name]}
                accepted = {normal(conda) for conda in CONDA_NAMES.get(distribution, (distribution,))}
                assert accepted & held, f"{environment.name} lacks {distribution}, which {script} imports"
                checked += 1
    assert checked > 50


def test_deep_trainings_run_in_the_environment_of_their_device():
    both = [conda_pins(PROJECT / "envs" / f"deep-{device}.yaml") for device in ("cpu", "gpu")]
    assert both[0].pop("pytorch-cpu") == both[1].pop("pytorch-gpu")
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.11": True, "python3": True}, "python3.11"),
        ({"python3": True, "python3.13": True}, "python3"),
        # A version manager has commands for versions that it does not run.
        ({"python3.11": False, "python3": False, "python3.12": False, "python3.13": True}, "python3.13"),
        ({"python3.11": False, "python3": False}, None),
        ({}, None),
    ],
)
def test_make_takes_the_first_python_that_runs(tmp_path, there, taken):
    for name, runs in there.items():
        text = f'exec "{sys.executable}" "$@"' if runs else "exit 1"
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    show = "include Makefile\nshow:\n\t$(info $(PYTHON))\n"
    done = subprocess.run(
        [shutil.which("make"), "--silent", "--file", "-", "show"],
        input=show,
        cwd=PROJECT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == (str(tmp_path / taken) if taken else "")


def test_container_installs_and_copies_what_the_workflow_needs():
    lines = (PROJECT / "Containerfile").read_text(encoding="utf-8").splitlines()
    commands = [line.split(maxsplit=1) for line in lines if line and not line.startswith(("#", " "))]
    copied = [name for keyword, rest in commands if keyword == "COPY" for name in rest.split()[:-1]]
    assert {"Snakefile", "Makefile", "config", "workflow", "envs"} <= set(copied)
    assert all((PROJECT / name).exists() for name in copied)
    # Its installation is the Makefile's: both requirement files, under the constraints.
    (target,) = re.findall(r"RUN make (\S+)", "\n".join(lines))
    planned = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    for file in ("requirements.txt", "requirements-torch.txt"):
        assert f"--constraint envs/constraints.txt --requirement envs/{file}" in planned
    (default,) = [yaml.safe_load(rest) for keyword, rest in commands if keyword == "CMD"]
    assert re.search(rf"^{default[0]}:", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    (image,) = [rest for keyword, rest in commands if keyword == "FROM"]
    for environment in ENVIRONMENTS:
        assert image.startswith(f"python:{conda_pins(environment)['python']}-")
