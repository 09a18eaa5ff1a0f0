"""The files a script runs are found through imports, also those inside functions."""

from pathlib import Path

import source_files
from conftest import PROJECT

SCRIPTS = PROJECT / "workflow" / "scripts"


def names(script):
    folder = PROJECT / "workflow" / "learning_dynamics"
    return {str(Path(path).relative_to(folder)) for path in source_files.imported_by(SCRIPTS / script)}


def test_training_uses_the_engines_but_not_the_figures():
    found = names("train.py")
    assert {"__init__.py", "networks/linear_cnn.py", "networks/linear_fcnn.py", "config.py", "netcdf.py"} <= found
    assert not any(name.startswith(("figures/", "claims/", "theory/")) for name in found)


def test_imports_inside_functions_count():
    found = names("dataset.py")
    assert {"datasets/cosines.py", "datasets/shapes.py", "datasets/digits.py", "datasets/cifar10.py"} <= found
    assert not any(name.startswith("networks/") for name in found)
