"""Results do not depend on the width of the processor's vectors, nor on whether it multiplies and adds in one step."""

import os
import subprocess
import sys

import numpy as np
import pytest

from conftest import PROJECT

# Both engines of the CNN and both of the FCNN, and the flow of each.
PROGRAM = """
import sys
import numpy as np
import learning_dynamics
from learning_dynamics.numerics.compilation import numba

generator = np.random.default_rng(3)
labels = np.arange(8) % 4
found = {}
for side, channels in ((9, 1), (6, 3)):
    images = generator.standard_normal((8, channels, side, side))
    settings = {"updates": 400, "records": 8, "networks": {"linear_cnn": {"kernel_std": 0.03, "readout_std": 0.03},
        "linear_fcnn": {"hidden_units": 16, "weight_std": 0.05}}}
    for part in (learning_dynamics.train, learning_dynamics.predict):
        result = part(images, labels, settings=settings, seeds=1)
        found |= {f"{part.__name__} {side} {name}": values for name, values in result.data_vars.items()}
print(numba.core.config.CPU_NAME)
np.savez(sys.argv[1], **found)
"""


def results(path, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path],
        cwd=PROJECT / "workflow",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(path) as stored:
        return done.stdout.strip(), dict(stored)


@pytest.fixture(scope="module")
def of_this_processor(tmp_path_factory):
    return results(str(tmp_path_factory.mktemp("native") / "results.npz"))


def test_vectors_of_128_bits_without_fused_steps_give_the_same_results(tmp_path, of_this_processor):
    """As on arm64 and on old processors: machine code for the least that the platform has."""
    name, here = of_this_processor
    assert name != "generic"
    name, there = results(str(tmp_path / "results.npz"), NUMBA_CPU_NAME="generic")
    assert name == "generic"
    assert here.keys() == there.keys()
    learned = 0
    for variable, values in here.items():
        scale = np.nanmax(np.abs(values), initial=0.0)
        np.testing.assert_allclose(there[variable], values, rtol=0, atol=1e-15 * scale, err_msg=variable)
        learned += "effective" in variable and scale > 0.1
    assert learned == 4
