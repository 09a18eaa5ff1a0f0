"""Compiled functions keep their machine code for later processes, and many processes at once do not mix it up."""

import os
import subprocess
import sys

from conftest import PROJECT

# All that is compiled, with constants and types of several kinds; the engines of one channel or few classes differ.
ENGINES = """
import numpy as np
import torch
from learning_dynamics.engines import convolution_variants, linear_cnn, linear_fcnn, small_linear_fcnn
from learning_dynamics.engines.deep import pooled_gradients

random = np.random.default_rng(0)
for classes, channels, precision in [(3, 1, "float64"), (3, 1, "float32"), (4, 3, "float64"), (60, 1, "float64")]:
    engine = linear_cnn.Engine(
        linear_cnn.normal_weights(random, (classes, channels, 6), 0.1, 0.1), 1e-3, precision=precision
    )
    engine.update(engine.spectra(random.standard_normal((2, channels, 6, 6))), np.array([0, 1]), np.array([0, 1, 1]))
for hidden in (4, 5):
    weights = linear_fcnn.normal_weights(random, 3, 16, hidden, 0.1)
    vectors = random.standard_normal((2, 16))
    linear_fcnn.Engine(weights, 1e-3).update(vectors, np.array([0, 1]))
    small_linear_fcnn.Engine(weights, 1e-3).update(vectors, np.array([0, 1]), np.array([0, 1]))
for padding in ("circular", "zero"):
    engine = convolution_variants.engine(
        convolution_variants.normal_weights(random, (3, 2, 1, 4), 0.1, 0.1),
        random.standard_normal((2, 1, 4, 4)), convolution_variants.Layer(padding), 1e-3,
    )
    engine.update(np.array([0, 1]), np.array([0, 1]))
for channels in (4, 8):
    chosen = torch.zeros((1, 5, 2, 2), dtype=torch.int64)
    pooled_gradients.gradients(
        torch.ones((1, 5, 2, 2)), chosen, torch.ones((1, channels, 4, 4)), torch.ones((5, channels, 3, 3))
    )
"""


# Two functions with the same source.
CONSTANTS = """
import sys
from learning_dynamics.engines import linear_fcnn, small_linear_fcnn
import numpy as np

weights = linear_fcnn.normal_weights(np.random.default_rng(0), 3, 16, int(sys.argv[1]), 0.1)
small_linear_fcnn.Engine(weights, 1e-3).update(np.ones((2, 16)), np.array([0, 1]), np.array([0, 1]))
"""


def run(program, cache, *arguments):
    """Run a program with a folder for machine code; when each of the files in it was written."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow"), "NUMBA_CACHE_DIR": str(cache)}
    subprocess.run([sys.executable, "-c", program, *arguments], env=environment, check=True)
    return {path.name: path.stat().st_mtime_ns for path in cache.rglob("*.nb[ci]")}


def test_a_process_finds_all_that_another_one_compiled(tmp_path):
    compiled = run(ENGINES, tmp_path)
    assert len(compiled) > 20
    assert run(ENGINES, tmp_path) == compiled


def test_no_two_processes_write_machine_code_to_the_same_file(tmp_path):
    # Or the index of what lies where, which either of them may write last, names the code of the other.
    files = [run(CONSTANTS, tmp_path / hidden, hidden) for hidden in ("4", "5")]
    code = [{name for name in written if name.endswith(".nbc")} for written in files]
    assert all(code)
    assert code[0].isdisjoint(code[1])
