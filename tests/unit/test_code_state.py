"""A job's code is the statements that it runs: an edit of one changes its state, an edit of anything else does not."""

import shutil
from pathlib import Path

import pytest

from conftest import PROJECT
from learning_dynamics.pipeline import code_state

SCRIPTS = PROJECT / "workflow" / "scripts"

MODULE = '''"""Something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from learning_dynamics.pieces import used

if TYPE_CHECKING:
    from learning_dynamics.pieces import typed


class Settings:
    """Settings."""

    key: int = Field(default=3, description="A number.")


def work(values: typed.Values) -> int:
    """Work."""
    from learning_dynamics.pieces import late

    return used.one(values) + late.two(values)
'''
OBJECTS = """class Network:
    def flow(self):
        from learning_dynamics.pieces import unused
        return unused.three

    def train(self):
        return self._own()

    def _own(self):
        from learning_dynamics.pieces import other
        return other.four
"""
FILES = {
    "learning_dynamics/__init__.py": "",
    "learning_dynamics/pieces/__init__.py": '"""Pieces."""\n',
    "learning_dynamics/pieces/module.py": MODULE,
    "learning_dynamics/pieces/used.py": "def one(values):\n    return 1\n",
    "learning_dynamics/pieces/late.py": "def two(values):\n    return 2\n",
    "learning_dynamics/pieces/typed.py": "class Values:\n    pass\n",
    "learning_dynamics/pieces/unused.py": "three = 3\n",
    "learning_dynamics/pieces/picked.py": "from learning_dynamics.pieces import unused\n",
    "learning_dynamics/pieces/objects.py": OBJECTS,
    "learning_dynamics/pieces/other.py": "four = 4\n",
    "learning_dynamics/datasets/__init__.py": "",
    "learning_dynamics/datasets/registry.py": "from learning_dynamics.pieces import unused\n",
    "scripts/job.py": "from learning_dynamics.datasets import registry\n"
    "from learning_dynamics.pieces.module import work\n",
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A small library in place of this project's, with a function that gives the state of its script."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.setattr(code_state, "_FOLDER", tmp_path)

    def state(module=None, methods=None):
        for cached in (code_state._imports, code_state._statements, code_state._tree):
            cached.cache_clear()
        picks = [code_state.Pick(f"learning_dynamics.pieces.{module}", methods)] if module else []
        return code_state.state(tmp_path / "scripts" / "job.py", picks)

    yield tmp_path, state
    state()


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pieces/module.py", "def work", "# A comment.\ndef work"),
        ("pieces/module.py", "from pydantic", "\n\n\nfrom pydantic"),
        ("pieces/module.py", '"""Something."""', '"""Something else."""'),
        ("pieces/module.py", '"""Settings."""', '"""The settings."""'),
        ("pieces/module.py", '    """Work."""\n', ""),
        ("pieces/module.py", "A number.", "Some number."),
        ("pieces/module.py", "import typed", "import typed, unused"),
        ("pieces/__init__.py", "Pieces.", "All pieces."),
        ("pieces/typed.py", "pass", "other = 1"),
        ("pieces/unused.py", "three = 3", "three = 4"),
        ("datasets/registry.py", "unused", "picked"),
    ],
)
def test_an_edit_of_what_is_not_run_changes_nothing(library, file, old, new):
    folder, state = library
    before = state()
    edit(folder / "learning_dynamics" / file, old, new)
    assert state() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scripts/job.py", "import work", "import work, Settings"),
        ("learning_dynamics/__init__.py", "", "version = 2\n"),
        ("learning_dynamics/pieces/module.py", "+ late", "- late"),
        ("learning_dynamics/pieces/module.py", "default=3", "default=4"),
        ("learning_dynamics/pieces/used.py", "return 1", "return 2"),
        ("learning_dynamics/pieces/late.py", "return 2", "return 3"),
    ],
)
def test_an_edited_statement_changes_the_state(library, file, old, new):
    folder, state = library
    before = state()
    edit(folder / file, old, new)
    assert state() != before


def test_a_time_stamp_or_another_place_changes_nothing(library, monkeypatch):
    folder, state = library
    before = state()
    for path in folder.rglob("*.py"):
        path.touch()
    assert state() == before
    shutil.copytree(folder, folder / "copy")
    monkeypatch.setattr(code_state, "_FOLDER", folder / "copy")
    assert state() == before


def test_what_a_job_picks_at_run_time_is_named_for_it(library):
    folder, state = library
    without, before = state(), state("picked")
    assert before != without
    edit(folder / "learning_dynamics" / "pieces" / "unused.py", "three = 3", "three = 4")
    assert state("picked") != before
    assert state() == without


def test_of_an_object_only_what_the_called_methods_import_counts(library):
    folder, state = library

    def states():
        return {methods: state("objects", methods) for methods in (None, ("train",), ("train", "flow"))}

    before = states()
    edit(folder / "learning_dynamics" / "pieces" / "unused.py", "three = 3", "three = 4")
    changed = {methods for methods, one in states().items() if one != before[methods]}
    assert changed == {None, ("train", "flow")}
    edit(folder / "learning_dynamics" / "pieces" / "other.py", "four = 4", "four = 5")
    assert all(one != before[methods] for methods, one in states().items()), "what private methods import is run"


def imported(script, module=None, methods=None):
    picks = [code_state.Pick(f"learning_dynamics.{module}", methods)] if module else []
    return set(code_state.imported(SCRIPTS / script, picks))


def test_a_training_runs_its_own_network_alone_and_no_figure():
    cnn = imported("train.py", "networks.linear_cnn", ("start", "samples", "training"))
    assert {"learning_dynamics.engines.linear_cnn", "learning_dynamics.storage.netcdf"} <= cnn
    assert not any(f".{name}" in module for module in cnn for name in ("figures", "claims", "datasets.sources.own"))
    assert "learning_dynamics.engines.linear_fcnn" not in cnn
    assert "learning_dynamics.theory.gradient_flow" in imported("train.py", "networks.linear_cnn", ("flow",)) - cnn
    assert not any(".engines." in module for module in imported("train.py"))


def test_making_a_data_set_runs_its_own_kind_alone():
    shapes, cifar10 = (imported("dataset.py", f"datasets.kinds.{kind}") for kind in ("shapes", "cifar10"))
    assert "learning_dynamics.datasets.sources.cifar10" in cifar10 - shapes
    assert not any(".networks." in module or ".engines." in module for module in shapes | cifar10)


def test_every_module_that_is_found_is_a_file_of_the_library():
    for script in SCRIPTS.glob("*.py"):
        for module in imported(script.name):
            place = PROJECT / "workflow" / Path(*module.split("."))
            assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), module
