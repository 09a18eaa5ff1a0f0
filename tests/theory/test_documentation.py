"""Everything that docs/theory.md refers to exists."""

import importlib
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "theory.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))
NAMES = sorted(set(re.findall(r"`((?:engines|numerics|theory)\.\w+)\.(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_named_test_exists(file, test):
    assert f"def {test}(" in (PROJECT / file).read_text()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_named_function_exists(module, name):
    assert hasattr(importlib.import_module(f"learning_dynamics.{module}"), name)


def test_every_reference_was_recognised():
    assert len(TESTS) == len(set(re.findall(r"::(\w+)", PAGE)))
    assert len(NAMES) > 10
    assert PAGE.count("```") % 2 == 0
    assert "$$" not in PAGE
    assert re.sub(r"```.*?```|`[^`]*`", "", PAGE, flags=re.DOTALL).count("$") % 2 == 0
