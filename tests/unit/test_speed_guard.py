"""What makes the engines fast stays so: counts that do not depend on the machine, and ratios with wide margins."""

import functools
import json
import subprocess
import sys
import time
import tracemalloc
from types import SimpleNamespace

import dense_convolution
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from benchmarks import pytorch_eager
from conftest import PROJECT
from learning_dynamics.config import paper
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.engines import convolution_variants, linear_cnn, linear_fcnn
from learning_dynamics.networks.registry import TWO_LAYER_NETWORKS
from learning_dynamics.numerics import fourier
from learning_dynamics.structure import files as structure_files
from learning_dynamics.training import loop

CLASSES = 4


def samples(side, channels, images=32, updates=4000):
    generator = np.random.default_rng([side, channels])
    inputs = generator.standard_normal((images, channels, side, side))
    return inputs, generator.integers(0, CLASSES, images), generator.integers(0, images, updates), generator


def compiled_allocations(action):
    """How many arrays the compiled code allocates."""
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats().alloc
    action()
    return rtsys.get_allocation_stats().alloc - before


def peak_bytes(action):
    """The most that Python and NumPy hold at a time beyond what was there."""
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_of_the_linear_cnn_does_not_grow_with_the_updates():
    inputs, labels, order, generator = samples(16, 1)
    engine = linear_cnn.Engine(linear_cnn.normal_weights(generator, (CLASSES, 1, 16), 0.01, 0.01), 1e-6)
    spectra = engine.spectra(inputs)
    engine.update(spectra, labels, order[:1])
    few, many = (
        compiled_allocations(lambda number=number: engine.update(spectra, labels, order[:number]))
        for number in (10, 4000)
    )
    assert 0 < many == few


def test_memory_of_the_linear_fcnn_does_not_grow_with_the_updates():
    inputs, labels, order, generator = samples(8, 1)
    vectors = inputs.reshape(len(inputs), -1)
    engine = linear_fcnn.Engine(linear_fcnn.normal_weights(generator, CLASSES, 64, 40, 0.01), 1e-5)
    inputs_of, labels_of = {n: vectors[order[:n]] for n in (128, 3840)}, {n: labels[order[:n]] for n in (128, 3840)}
    engine.update(inputs_of[128], labels_of[128])
    few, many = (peak_bytes(lambda n=n: engine.update(inputs_of[n], labels_of[n])) for n in (128, 3840))
    assert many <= 1.2 * few + 1000


def test_a_sample_is_transformed_once_when_its_turn_comes_and_never_in_the_updates(monkeypatch):
    inputs, labels, order, generator = samples(8, 3)
    engine = linear_cnn.Engine(linear_cnn.normal_weights(generator, (CLASSES, 3, 8), 0.01, 0.01), 1e-6)
    transformed = []
    original = fourier.half_spectrum
    monkeypatch.setattr(fourier, "half_spectrum", lambda images: transformed.append(len(images)) or original(images))
    spectra = engine.spectra(inputs)
    assert transformed == [len(inputs)]
    engine.update(spectra, labels, order)
    assert transformed == [len(inputs)]


def seconds(action, *arguments, repetitions=3):
    times = []
    for _ in range(repetitions):
        start = time.thread_time()
        action(*arguments)
        times.append(time.thread_time() - start)
    return min(times)


@pytest.mark.parametrize(("side", "channels", "least"), [(16, 1, 20), (32, 3, 60)])
def test_linear_cnn_is_far_faster_than_an_eager_loop(side, channels, least):
    """Hundreds to a thousand times in `make bench`; here only what no noise explains away, both on one thread."""
    import torch

    inputs, labels, order, generator = samples(side, channels)
    initial = linear_cnn.normal_weights(generator, (CLASSES, channels, side), 0.01, 0.01)
    engine = linear_cnn.Engine(initial, 1e-6)
    spectra = engine.spectra(inputs)
    engine.update(spectra, labels, order[:1])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        same = functools.partial(pytorch_eager.train_linear_cnn, learning_rate=1e-6)
        eager = seconds(same, initial.kernel, initial.readout, inputs, labels, order[:20])
    finally:
        torch.set_num_threads(threads)
    ours = seconds(engine.update, spectra, labels, order)
    assert (eager / 20) / (ours / len(order)) > least


def variant(side, kernels, padding):
    inputs, labels, order, generator = samples(side, 1, images=4)
    initial = convolution_variants.normal_weights(generator, (CLASSES, kernels, 1, side), 0.01, 0.01)
    engine = convolution_variants.engine(initial, inputs, convolution_variants.Layer(padding, "convolution"), 1e-6)
    engine.update(labels, order[:1])
    return engine, initial, inputs, labels, order


@pytest.mark.parametrize("padding", ["circular", "zero"])
def test_memory_of_a_variant_does_not_grow_with_the_updates(padding):
    engine, _, _, labels, order = variant(16, 2, padding)
    few, many = (
        compiled_allocations(lambda number=number: engine.update(labels, order[:number])) for number in (10, 4000)
    )
    assert 0 < many == few


@pytest.mark.parametrize(("kernels", "padding", "least"), [(1, "circular", 60), (4, "circular", 15), (1, "zero", 4)])
def test_variants_are_far_faster_than_products_with_matrices(kernels, padding, least):
    """Hundreds, a hundred and tens of times; here only what no noise explains away."""
    engine, initial, images, labels, order = variant(16, kernels, padding)
    ours = seconds(engine.update, labels, order)
    same = functools.partial(dense_convolution.train, padding=padding, operation="convolution", learning_rate=1e-6)
    dense = seconds(same, initial, images, labels, order[:400])
    assert (dense / 400) / (ours / len(order)) > least


def test_single_precision_follows_double():
    inputs, labels, order, generator = samples(16, 1)
    initial = linear_cnn.normal_weights(generator, (CLASSES, 1, 16), 0.05, 0.05)
    networks = []
    for precision in (np.float64, np.float32):
        engine = linear_cnn.Engine(initial, 1e-4, precision=precision)
        spectra = engine.spectra(inputs)
        assert spectra.dtype == precision
        engine.update(spectra, labels, order[:500])
        networks.append(engine.network())
    assert 1e-9 < np.linalg.norm(networks[1] - networks[0]) / np.linalg.norm(networks[0]) < 1e-4


TRAINING_JOB = """
import json, runpy, sys
from types import SimpleNamespace

network, inputs, settings, output = json.loads(sys.argv[1])
parameters = {"settings": settings, "root_seed": 0, "divergence_factor": 100.0, "code": ""}
parameters["checkpoints"] = (output + ".checkpoints", 1.0)
job = SimpleNamespace(
    scriptdir="scripts",
    log=[output + ".log"],
    input=type("Input", (dict,), {"__getattr__": dict.get})(inputs),
    output=[output],
    params=SimpleNamespace(**parameters),
    wildcards=SimpleNamespace(experiment="mine", network=network),
)
runpy.run_path("scripts/train.py", {"snakemake": job})
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_a_training_job_imports_nothing_that_it_does_not_use(network, tmp_path):
    base = paper.paper_experiments()["geometric_shapes"]
    settings = base.model_copy(update={"updates": 20, "records": 2, "snapshots": []})
    data = settings.dataset.make(Making("mine", 0))
    averages = {"train": data.split("train").correlations()}
    inputs = {name: str(tmp_path / f"{name}.nc") for name in ("dataset", "correlations", "structure")}
    dataset_files.write(data, inputs["dataset"], "mine", {})
    structure_files.write_correlations(data, inputs["correlations"], "mine", {})
    structure_files.write_structure(data, averages, inputs["structure"], "mine", {})
    job = [network, inputs, settings.model_dump(mode="json"), str(tmp_path / "seed-0.nc")]
    made = subprocess.run(
        [sys.executable, "-c", TRAINING_JOB, json.dumps(job)],
        cwd=PROJECT / "workflow",
        env={"PYTHONPATH": str(PROJECT / "workflow"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(json.loads(made.stdout))
    unused = {"torch", "torchvision", "matplotlib", "seaborn", "sklearn", "scipy.integrate", "scipy.optimize", "PIL"}
    assert not imported & unused
    assert "numba" in imported, "the list of modules is that of a training"
    assert (tmp_path / "seed-0.nc").is_file()


def test_samples_are_transformed_in_pieces_that_the_second_cache_holds(monkeypatch):
    inputs, labels, _, generator = samples(32, 3, images=300)
    data = LabelledImages(inputs, labels, np.zeros(300, dtype=bool), ("a", "b", "c", "d"), False, "made up")
    initial = linear_cnn.normal_weights(generator, (CLASSES, 3, 32), 0.01, 0.01)
    pieces = []
    original = linear_cnn.Engine.spectra

    def counted(engine, images):
        pieces.append(original(engine, images))
        return pieces[-1]

    monkeypatch.setattr(linear_cnn.Engine, "spectra", counted)
    split = data.split("train")
    training = linear_cnn.Training(linear_cnn.Engine(initial, 1e-6), linear_cnn.SampleSpectra(split), np.eye(CLASSES))
    trainee = SimpleNamespace(piece=training.piece, advance=lambda start, stop: training.update(np.arange(start, stop)))
    assert [stop for stop, _ in loop.course(trainee, [0, 250], loop.Subject("this", CLASSES, 1e-6))] == [0, 250]
    assert sum(map(len, pieces)) == 250
    assert 2**18 < max(piece.nbytes for piece in pieces) < 2**20
