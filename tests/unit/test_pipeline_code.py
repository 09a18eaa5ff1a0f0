"""The state of the code that a rule runs: what changes it and what does not."""

import shutil
from pathlib import Path

import pytest

from learning_dynamics.config import loading
from learning_dynamics.pipeline import code_state
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.rule_code import RuleCode

WORKFLOW = Path(__file__).parents[2] / "workflow"
SCRIPTS = WORKFLOW / "scripts"
# Of the module of errors, which every script runs.
DOCSTRING = '"""Errors that a user can act on, and what their messages have in common."""'


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of scripts and library whose states are asked for."""
    shutil.copytree(WORKFLOW, tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    monkeypatch.setattr(code_state, "_FOLDER", tmp_path / "workflow")
    forget()
    yield tmp_path / "workflow"
    forget()


def forget():
    kept = (code_state._tree, code_state._uses_of, code_state._public_methods, code_state._statements, code_state.state)
    for cached in kept:
        cached.cache_clear()


def code_of(folder, settings=None):
    return RuleCode(folder / "scripts", Experiments(loading.load(settings or {})))


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    forget()


def test_comments_docstrings_and_time_stamps_change_nothing(copy):
    code, library = code_of(copy), copy / "learning_dynamics"
    before = code.of("correlations.py")
    edit(library / "errors.py", DOCSTRING, '"""Other words."""\n\n# And a comment.\n')
    (copy / "scripts" / "correlations.py").touch()
    assert code.of("correlations.py") == before


def test_a_description_of_a_key_changes_nothing_and_its_default_does(copy):
    code, settings = code_of(copy), copy / "learning_dynamics" / "config" / "experiments.py"
    before = code.of_experiments("predict.py", ["digits4"])
    edit(settings, "Evenly spaced records of", "Records, evenly spaced, of")
    assert code.of_experiments("predict.py", ["digits4"]) == before
    edit(settings, "default=400", "default=401")
    assert code.of_experiments("predict.py", ["digits4"]) != before


def test_statement_changes_the_rules_that_run_it_alone(copy):
    code = code_of(copy)

    def states():
        return {
            "correlations": code.of("correlations.py"),
            "deep": code.of_networks("train_deep.py", [("cifar10", "deep_relu_cnn")]),
            "cnn": code.of_networks("train.py", [("digits4", "linear_cnn")]),
            "fcnn": code.of_networks("train.py", [("digits4", "linear_fcnn")]),
            "diagonal fcnn": code.of_networks("train.py", [("pure_cosines", "linear_fcnn")]),
            "flow": code.of_experiments("predict.py", ["digits4"]),
            "digits": code.of_dataset("dataset.py", "digits4"),
            "shapes": code.of_dataset("dataset.py", "geometric_shapes"),
        }

    now = states()

    def changed(name):
        before = dict(now)
        with open(copy / "learning_dynamics" / name, "a", encoding="utf-8") as file:
            file.write("\nANYTHING = 1\n")
        forget()
        now.update(states())
        return {key for key in before if before[key] != now[key]}

    assert changed("engines/linear_fcnn.py") == {"fcnn", "diagonal fcnn", "flow"}
    assert changed("engines/linear_cnn.py") == {"cnn", "diagonal fcnn", "flow"}
    assert changed("theory/gradient_flow.py") == {"flow"}
    assert changed("datasets/kinds/digits.py") == {"digits"}
    assert changed("engines/deep/engine.py") == {"deep"}
    assert changed("figures/style.py") == set()
    assert changed("pipeline/targets.py") == set()
    assert changed("datasets/registry.py") == set()
    assert changed("errors.py") == set(states())


def test_imports_for_type_checking_are_left_out(copy):
    code = code_of(copy)
    before = code.of("correlations.py")
    imports = "\nfrom typing import TYPE_CHECKING\n"
    path = copy / "learning_dynamics" / "errors.py"
    edit(path, DOCSTRING, f'"""Errors."""{imports}')
    with_import = code.of("correlations.py")
    assert with_import != before
    edit(path, imports, f"{imports}\nif TYPE_CHECKING:\n    from learning_dynamics.figures import style\n")
    assert code.of("correlations.py") == with_import


def test_method_of_a_picked_class_counts_where_its_name_is_used(tmp_path, monkeypatch):
    """The caller may be a module that only the method of another class brings."""
    files = {
        "__init__": "",
        "kind": """
class Kind:
    def write(self):
        from learning_dynamics import writer

    def theory(self):
        from learning_dynamics import flow

    def _checked(self):
        from learning_dynamics import checks
""",
        "writer": "def write(kind): return kind.format()",
        "flow": "",
        "checks": "",
    }
    (tmp_path / "learning_dynamics").mkdir()
    for name, text in files.items():
        (tmp_path / "learning_dynamics" / f"{name}.py").write_text(text)
    monkeypatch.setattr(code_state, "_FOLDER", tmp_path)
    script = tmp_path / "script.py"

    def modules(text):
        script.write_text(text)
        forget()
        found = code_state.imported(script, ["learning_dynamics.kind"])
        return {name.removeprefix("learning_dynamics.") for name in found} - {"learning_dynamics", "kind"}

    assert modules("pass") == {"checks"}
    assert modules("picked.write()") == {"checks", "writer"}
    (tmp_path / "learning_dynamics" / "writer.py").write_text("def write(kind): return kind.theory()")
    assert modules("picked.write()") == {"checks", "writer", "flow"}
    assert modules("import learning_dynamics.kind") == {"checks"}
    forget()


def test_experiments_bring_the_modules_of_their_networks():
    code = code_of(WORKFLOW, {"experiments": {"digits4": {"networks": {"linear_fcnn": None}}}})
    one = code.of_networks("predict.py", [("digits4", "linear_cnn")])
    assert code.of_experiments("predict.py", ["digits4"]) == one
    both = code.of_experiments("predict.py", ["digits4", "geometric_shapes"])
    assert both == code.of_experiments("predict.py", ["geometric_shapes"]) != one
    assert code.of_experiments("claims.py", ["cifar10"], deep=True) != code.of_experiments("claims.py", ["cifar10"])


def test_figures_bring_their_modules():
    code = code_of(WORKFLOW)
    assert code.of_figures("paper_figure.py", ["paper.balance"]) != code.of_figures(
        "paper_figure.py", ["paper.fourier_basis"]
    )
    assert code.of_figures("paper_figure.py", ["paper.balance"], ["digits4"]) != code.of_figures(
        "paper_figure.py", ["paper.balance"]
    )


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_no_script_runs_the_rules_own_modules_or_the_registries(script):
    """Else a new name of a file, or a new network, would make everything run again."""
    found = code_state.imported(SCRIPTS / script)
    assert "learning_dynamics.jobs" in found
    assert not [name for name in found if name.startswith("learning_dynamics.pipeline")]
    assert not set(found) & set(code_state.REGISTRIES)
