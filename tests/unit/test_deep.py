"""The deep networks: their engine against plain PyTorch, exact measurements, ensembles, and resuming to the byte."""

import itertools
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch
import xarray as xr

from benchmarks import deep_eager
from conftest import PROJECT
from learning_dynamics import config, config_datasets, config_networks, netcdf, progress, structure, trajectories
from learning_dynamics.checkpoints import Checkpoint
from learning_dynamics.correlations import decompose
from learning_dynamics.datasets import labelled_images
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import DivergenceError, StoppedError, UserError
from learning_dynamics.interruptions import Checkpointing
from learning_dynamics.networks.deep import architecture, device, engine, evaluation, pooled_gradients, train, updates

CPU = torch.device("cpu")
LOG = logging.getLogger("test")
CLASSES = 4
SIDE = 8


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def images(count=60, side=SIDE, uncentred_shift=0):
    """Noise around a pattern of the class, so that there is something to learn."""
    generator = np.random.default_rng(1)
    labels = np.arange(count) % CLASSES
    patterns = generator.integers(0, 120, (CLASSES, 3, side, side))
    values = patterns[labels] + generator.integers(0, 100, (count, 3, side, side)) + uncentred_shift
    names = tuple("abcd")
    return LabelledImages(values.astype(np.uint8), labels, np.arange(count) >= count * 2 // 3, names, True, "made up")


def task(network, seeds=(0,), batches=40, records=4, side=SIDE, **model):
    deep = config_networks.DeepCNN(
        **{"channels": 4, "hidden_units": 5, "batch_size": 4, "learning_rate": 0.05, **model}
    )
    networks = config_networks.Networks(linear_cnn=None, linear_fcnn=None, deep_linear_cnn=deep, deep_relu_cnn=deep)
    settings = config.Experiment(
        dataset=config_datasets.ShapesDataset(side=side),
        networks=networks,
        updates=batches * deep.batch_size,
        order="epochs",
        records=records,
    )
    data = images(side=side)
    correlations = {split: data.split(split).correlations() for split in data.splits}
    return train.Task(
        "made_up", settings, network, seeds, 0, 100.0, data, correlations, decompose(correlations["train"].input_output)
    )


def trained(described, folder, stopped=lambda: False, every=1e9, place=CPU):
    checkpoint = Checkpoint(folder / f"checkpoint-{place.type}", lambda: described.identity(place, [train.__file__]))
    report = progress.reporter(LOG, described.describe(), "batch", 40)
    return train.train(described, place, Checkpointing(checkpoint, every, stopped), report)


def weights_of(trajectory):
    return {name: trajectory[name].values for name in trajectory if name.startswith(("kernel", "dense"))}


def plain(described, weights):
    shapes = described.architecture
    model = deep_eager.network(
        shapes.rectified, shapes.input_channels, shapes.side, shapes.channels, shapes.hidden_units, shapes.classes
    )
    return deep_eager.load(model, weights)


def plain_inputs(described, split):
    part = described.data.split(split)
    return torch.tensor(part.inputs(slice(None)), dtype=torch.float32), torch.tensor(part.labels)


def ensemble_of(described, weights):
    model = described.model
    return engine.Ensemble(described.architecture, weights, model.learning_rate, model.batch_size, CPU)


@pytest.mark.parametrize("rectified", [False, True])
def test_architecture_is_that_of_appendix_k(rectified):
    shapes = architecture.Architecture(rectified, 3, 32, 16, 16, 10).shapes()
    assert shapes["kernel_0"] == (16, 3, 3, 3)
    assert all(shapes[f"kernel_{layer}"] == (16, 16, 3, 3) for layer in (1, 2, 3))
    assert shapes["dense_0"] == (16, 16 * (8 * 8 if rectified else 32 * 32))
    assert shapes["dense_1"] == (10, 16)
    model = deep_eager.network(rectified, 3, 32, 16, 16, 10)
    parameters = sum(values.numel() for values in model.parameters())
    assert sum(np.prod(shape) for shape in shapes.values()) == parameters


@pytest.mark.parametrize("shape", [(16, 16, 3, 3), (16, 16384), (10, 16)])
def test_initial_weights_are_glorots_truncated_normal_ones(shape):
    draws = [
        architecture.glorot_normal(np.random.default_rng(seed), shape, 0.9)
        for seed in range(200_000 // np.prod(shape) + 1)
    ]
    values = np.stack(draws).astype(np.float64)
    window = np.prod(shape[2:])
    std = 0.9 * np.sqrt(2 / (window * (shape[0] + shape[1])))
    assert values.std() == pytest.approx(std, rel=0.01)
    assert values.mean() == pytest.approx(0, abs=0.01 * std)
    # Cut at two standard deviations of the normal distribution before it was cut, which is 1/0.87962566 as wide.
    assert np.abs(values).max() <= 2 * std / 0.87962566 * (1 + 1e-6)
    assert np.abs(values).max() > 1.9 * std / 0.87962566
    inside = (np.abs(values) < std / 0.87962566).mean()
    assert inside == pytest.approx(0.682689 / 0.954500, abs=0.01)


@pytest.mark.parametrize("network", train.NETWORKS)
def test_biases_start_at_zero_and_seeds_differ(network):
    described = task(network)
    first, second = described.initial(0), described.initial(1)
    for name, values in first.items():
        assert (not values.any()) == ("bias" in name)
        assert "bias" in name or not np.allclose(values, second[name])


def random_weights(described, seed=0):
    generator = np.random.default_rng(seed)
    return {
        name: (generator.standard_normal(shape) * 0.2).astype(np.float32)
        for name, shape in described.architecture.shapes().items()
    }


@pytest.mark.parametrize(("network", "side"), [*itertools.product(train.NETWORKS, (8, 7)), ("deep_relu_cnn", 10)])
def test_predictions_and_updates_are_those_of_plain_pytorch(network, side):
    described = task(network, side=side)
    weights = random_weights(described)
    ensemble, model = ensemble_of(described, [weights]), plain(described, weights)
    samples = engine.Samples(described.data.split("train"), CPU)
    inputs, labels = plain_inputs(described, "train")
    with torch.no_grad():
        predicted = ensemble.predict(samples.inputs(torch.arange(len(samples)))[None])[0]
    torch.testing.assert_close(predicted, deep_eager.predict(model, inputs), rtol=1e-4, atol=1e-5)
    order = described.order()[:3]
    for row in order:
        with torch.no_grad():
            ensemble.update(samples, row)
    deep_eager.train(model, inputs, labels, order, described.model.learning_rate, CLASSES)
    expected = dict(plain(described, ensemble.weights()[0]).named_parameters())
    start = dict(plain(described, weights).named_parameters())
    for name, values in model.named_parameters():
        moved = values - start[name]
        assert moved.abs().max() > 0
        error = (expected[name] - values).norm() / moved.norm()
        assert error < 1e-3, name
    assert float(ensemble.squared_error) > 0


@pytest.mark.parametrize(("side", "inputs", "outputs"), [(8, 4, 4), (7, 3, 5), (2, 16, 16)])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_gradients_through_a_pooling_are_those_of_autograd(side, inputs, outputs, memory_format):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, inputs, side, side, generator=generator).contiguous(memory_format=memory_format)
    kernel = torch.randn(outputs, inputs, 3, 3, generator=generator).contiguous(memory_format=memory_format)
    gradient = torch.randn(3, outputs, side // 2, side // 2, generator=generator)
    gradient[gradient < 0] = 0
    maps.requires_grad_()
    kernel.requires_grad_()
    output = torch.conv2d(maps, kernel, padding=1)
    pooled, chosen = torch.nn.functional.max_pool2d(output, 2, return_indices=True)
    expected = torch.autograd.grad(pooled, (maps, kernel), gradient)
    measured = pooled_gradients.gradients(gradient, chosen, maps.detach(), kernel.detach())
    for ours, theirs in zip(measured, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_values_that_are_no_numbers_spread_through_a_pooling():
    maps, kernel = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
    _, chosen = torch.nn.functional.max_pool2d(torch.conv2d(maps, kernel, padding=1), 2, return_indices=True)
    before, step = pooled_gradients.gradients(torch.full((1, 1, 2, 2), torch.nan), chosen, maps, kernel)
    assert before.isnan().all()
    assert step.isnan().all()


def test_linear_map_by_one_backward_pass_is_the_forward_pass():
    described = task("deep_linear_cnn")
    weights = [random_weights(described, seed) for seed in (0, 1)]
    ensemble = ensemble_of(described, weights)
    inputs, _ = plain_inputs(described, "train")
    with torch.no_grad():
        rows, bias = ensemble.linear_map()
    for seed in (0, 1):
        expected = deep_eager.predict(plain(described, weights[seed]), inputs)
        torch.testing.assert_close(inputs.flatten(1) @ rows[seed].T + bias[seed], expected, rtol=1e-4, atol=1e-5)
    assert bias.abs().max() > 0.01


def test_losses_and_omega_from_correlations_are_those_of_the_forward_pass():
    described = task("deep_linear_cnn")
    ensemble = ensemble_of(described, [random_weights(described)])
    subset = evaluation.FromSubset(described.data, described.structure, 10**6, np.random.default_rng(0), CPU)
    with torch.no_grad():
        exact = evaluation.FromCorrelations(described.correlations, described.structure)(ensemble)
        forward = subset(ensemble)
    for split in ("train", "test"):
        assert exact.losses[split] == pytest.approx(forward.losses[split], rel=1e-5)
    assert np.allclose(exact.effective, forward.effective, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("network", train.NETWORKS)
def test_records_are_those_of_plain_pytorch(network, tmp_path):
    described = task(network)
    trajectory = trained(described, tmp_path)[0]
    model = plain(described, weights_of(trajectory))
    splits = [plain_inputs(described, split) for split in ("train", "test")]
    decomposed = described.structure
    train_loss, test_loss, omega = deep_eager.evaluate(model, *splits, decomposed.left, decomposed.right)
    assert float(trajectory["train_loss"][-1]) == pytest.approx(train_loss, rel=1e-4)
    assert float(trajectory["test_loss"][-1]) == pytest.approx(test_loss, rel=1e-4)
    assert np.allclose(trajectory["effective_singular_values"][-1], omega, rtol=1e-3, atol=1e-5)
    assert float(trajectory["train_loss"][-1]) < 0.9 * float(trajectory["train_loss"][0])


def test_subset_has_the_same_number_of_every_class():
    labels = np.array([0] * 30 + [1] * 50 + [2] * 20)
    places = evaluation.balanced_subset(labels, 45, np.random.default_rng(0))
    assert np.bincount(labels[places]).tolist() == [15, 15, 15]
    assert len(set(places)) == 45
    assert evaluation.balanced_subset(labels, 1000, np.random.default_rng(0)).tolist() == list(range(100))


@pytest.mark.parametrize("network", train.NETWORKS)
def test_ensemble_gives_each_seed_what_it_has_alone(network, tmp_path):
    together = trained(task(network, seeds=(0, 1, 2)), tmp_path)
    for seed, own in enumerate(together):
        alone = trained(task(network, seeds=(seed,)), tmp_path)[0]
        assert own.attrs == alone.attrs
        for name in alone:
            difference = np.linalg.norm(own[name] - alone[name])
            assert difference <= 1e-4 * np.linalg.norm(alone[name]) + 1e-9, name


@pytest.mark.parametrize("network", train.NETWORKS)
def test_file_layout_and_round_trip(network, tmp_path):
    trajectory = trained(task(network, batches=10, records=5), tmp_path)[0]
    assert trajectory["effective_singular_values"].dims == ("sample", "left_mode", "right_mode")
    assert trajectory["batch"].values.tolist() == [0, 2, 4, 6, 8, 10]
    assert trajectory["sample"].values.tolist() == [0, 8, 16, 24, 32, 40]
    assert {"train_loss", "test_loss", "kernel_3", "dense_bias_1"} <= set(trajectory)
    for variable in trajectory.variables.values():
        assert {"long_name", "units"} <= set(variable.attrs)
    netcdf.write(trajectory, tmp_path / "t.nc")
    xr.testing.assert_identical(trajectories.read(tmp_path / "t.nc"), trajectory)
    joined = trajectories.read_seeds([tmp_path / "t.nc"] * 2, ["effective_singular_values"])
    assert joined["effective_singular_values"].dims[:2] == ("seed", "sample")


def nth_call(number):
    """A question that is answered with yes the n-th time."""
    counter = itertools.count(1)
    return lambda: next(counter) == number


@pytest.mark.parametrize("network", train.NETWORKS)
def test_stopped_at_random_and_resumed_gives_identical_bytes(network, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "AT_ONCE", 3)
    netcdf.write(trained(task(network), tmp_path)[0], tmp_path / "whole.nc")
    generator = np.random.default_rng(3)
    for _ in range(3):
        stops = 0
        while True:
            # Checkpoints also come by the clock, at the same places as the interruptions or others.
            stop = nth_call(int(generator.integers(1, 9)))
            try:
                resumed = trained(task(network), tmp_path, stop, every=generator.choice([0.0, 1e9]))[0]
                break
            except StoppedError:
                stops += 1
        netcdf.write(resumed, tmp_path / "resumed.nc")
        assert (tmp_path / "resumed.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()
        assert stops
        (tmp_path / "checkpoint-cpu").unlink(missing_ok=True)


def write_inputs(described, folder):
    labelled_images.write(described.data, folder / "dataset.nc", described.name, {})
    structure.write_correlations(described.data, folder / "correlations.nc", described.name, {})
    structure.write_structure(described.data, described.correlations, folder / "structure.nc", described.name, {})


JOB = """
import json, sys
sys.path.insert(0, sys.argv[1])
from learning_dynamics import jobs
log = jobs.begin("job.log")
from learning_dynamics.networks.deep import train
train.AT_ONCE = 5
train.train_from_files(
    "dataset.nc", "correlations.nc", "structure.nc", "made_up", json.load(open("settings.json")), "deep_relu_cnn",
    [0], 0, 100.0, "cpu", "checkpoints", 1e-9, [], ["seed-0.nc"], log,
)
"""


def start_job(folder, described):
    write_inputs(described, folder)
    (folder / "settings.json").write_text(described.settings.model_dump_json())
    command = [sys.executable, "-c", textwrap.dedent(JOB), str(PROJECT / "workflow")]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return lambda: subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(path, process, seconds=300):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.005)


def test_killed_job_goes_on_and_gives_identical_bytes(tmp_path):
    described = task("deep_relu_cnn", batches=400, records=4)
    job = start_job(tmp_path, described)
    process = job()
    checkpoint = tmp_path / "checkpoints" / "made_up" / "deep_relu_cnn" / "seed-0"
    wait_for(checkpoint, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert checkpoint.exists()
    assert not (tmp_path / "seed-0.nc").exists()
    again = job()
    assert again.communicate()[1] == ""
    assert again.returncode == 0
    assert "going on from the checkpoint at batch" in (tmp_path / "job.log").read_text()
    assert not checkpoint.exists()
    netcdf.write(trained(described, tmp_path)[0], tmp_path / "whole.nc")
    assert (tmp_path / "seed-0.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_sigterm_keeps_a_checkpoint_and_asks_to_run_again(tmp_path, monkeypatch):
    described = task("deep_linear_cnn", seeds=(0, 1))
    write_inputs(described, tmp_path)
    files = [str(tmp_path / f"{name}.nc") for name in ("dataset", "correlations", "structure")]
    outputs = [str(tmp_path / f"seed-{seed}.nc") for seed in (0, 1)]

    def job():
        settings = described.settings.model_dump(mode="json")
        folder = str(tmp_path / "checkpoints")
        train.train_from_files(
            *files, "made_up", settings, "deep_linear_cnn", [0, 1], 0, 100.0, "cpu", folder, 1.0, [], outputs, LOG
        )

    record = train.Training.record

    def interrupted(training, since):
        if training.batch == 20:
            os.kill(os.getpid(), signal.SIGTERM)
        return record(training, since)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(train.Training, "record", interrupted)
    with pytest.raises(StoppedError, match=r"seeds 0 to 1: stopped after 30 of 40 batches; .* run again to go on"):
        job()
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) == before
    checkpoint = tmp_path / "checkpoints" / "made_up" / "deep_linear_cnn" / "seeds-0-to-1"
    assert checkpoint.exists()
    job()
    assert not checkpoint.exists()
    for path, expected in zip(outputs, trained(described, tmp_path), strict=True):
        xr.testing.assert_identical(trajectories.read(path), expected)


def truncated(content):
    return content[:-20]


def one_bit_flipped(content):
    return content[:300] + bytes([content[300] ^ 1]) + content[301:]


def empty(content):
    return content[:0]


@pytest.mark.parametrize("damage", [truncated, one_bit_flipped, empty])
def test_damaged_checkpoint_is_set_aside(damage, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(train, "AT_ONCE", 3)
    described = task("deep_relu_cnn")
    with pytest.raises(StoppedError):
        trained(described, tmp_path, nth_call(5))
    path = tmp_path / "checkpoint-cpu"
    path.write_bytes(damage(path.read_bytes()))
    resumed = trained(described, tmp_path)[0]
    assert "the checkpoint is not used, its checksum is wrong" in caplog.text
    assert (tmp_path / "checkpoint-cpu.damaged").exists()
    (tmp_path / "other").mkdir()
    xr.testing.assert_identical(resumed, trained(described, tmp_path / "other")[0])


@pytest.mark.parametrize("change", [{"learning_rate": 0.06}, {"channels": 5}])
def test_stale_checkpoint_is_set_aside(change, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(train, "AT_ONCE", 3)
    with pytest.raises(StoppedError):
        trained(task("deep_linear_cnn"), tmp_path, nth_call(5))
    trained(task("deep_linear_cnn", **change), tmp_path)
    assert "belongs to other settings" in caplog.text
    assert (tmp_path / "checkpoint-cpu.stale").exists()


def test_checkpoint_that_cannot_be_read_or_written_is_no_reason_to_fail(tmp_path, caplog):
    (tmp_path / "checkpoint-cpu").mkdir()
    trained(task("deep_linear_cnn"), tmp_path)
    assert "the checkpoint is not used" in caplog.text
    blocked = Checkpoint(tmp_path / "file" / "checkpoint", lambda: "x")
    (tmp_path / "file").write_text("in the way")
    blocked.save({"batch": np.array(1)})
    assert "could not be written" in caplog.text


@pytest.mark.parametrize("network", train.NETWORKS)
def test_same_training_gives_the_same_bytes(network, tmp_path):
    for name in ("first.nc", "second.nc"):
        netcdf.write(trained(task(network), tmp_path)[0], tmp_path / name)
    assert (tmp_path / "first.nc").read_bytes() == (tmp_path / "second.nc").read_bytes()


def test_divergence_names_everything_and_the_remedy(tmp_path):
    with pytest.raises(DivergenceError) as error:
        trained(task("deep_linear_cnn", seeds=(3,), learning_rate=50.0), tmp_path)
    for part in ("made_up", "deep_linear_cnn", "seed 3", "before sample", "lower learning_rate (50)"):
        assert part in str(error.value)


def test_progress_is_logged_with_rate_and_expected_end(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        trained(task("deep_linear_cnn"), tmp_path)
    line = next(record.getMessage() for record in caplog.records if "batch 40 of 40" in record.getMessage())
    for part in ("loss 0.", "updates/s", "end expected at"):
        assert part in line


def test_cuda_without_a_gpu_is_an_error_and_auto_takes_the_cpu():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU; what happens without one is not checked")
    with pytest.raises(UserError, match=r"cuda is asked for, but .*deep_training.device"):
        device.choose("cuda")
    assert device.choose("auto") == device.choose("cpu") == CPU


def after_updates(described, place, orders):
    """Weights of an ensemble in float64, where rounding flips no ReLU, after updates in calls of several rows."""
    initial = [described.initial(seed) for seed in described.seeds]
    model = described.model
    ensemble = engine.Ensemble(
        described.architecture, initial, model.learning_rate, model.batch_size, place, torch.float64
    )
    samples = engine.Samples(described.data.split("train"), place, dtype=torch.float64)
    with torch.no_grad():
        make = updates.updates(ensemble, samples, place)
        for rows in orders:
            make(rows)
    return ensemble.weights()


@pytest.mark.parametrize("network", train.NETWORKS)
def test_ensemble_is_exact_in_double_precision(network):
    described = task(network, seeds=(0, 1, 2), batches=200)
    together = after_updates(described, CPU, [described.order()])
    for seed, own in enumerate(together):
        alone = task(network, seeds=(seed,), batches=200)
        for name, values in after_updates(alone, CPU, [alone.order()])[0].items():
            assert np.allclose(own[name], values, rtol=1e-9, atol=1e-12), name


@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="no GPU: that the captured graph makes the updates of the CPU, for ensembles too, is not verified",
)
@pytest.mark.parametrize("network", train.NETWORKS)
@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_gpu_makes_the_updates_of_the_cpu(network, seeds):
    described = task(network, seeds=seeds, batches=120)
    orders = described.order().split(updates.AT_ONCE)
    expected = after_updates(described, CPU, orders)
    for ours, theirs in zip(expected, after_updates(described, device.choose("cuda"), orders), strict=True):
        for name, values in ours.items():
            assert np.allclose(theirs[name], values, rtol=1e-8, atol=1e-11), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: that a whole training runs on one is not verified")
@pytest.mark.parametrize("network", train.NETWORKS)
def test_whole_training_on_a_gpu_stops_resumes_and_records(network, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "AT_ONCE", 3)
    described, gpu = task(network, seeds=(0, 1)), device.choose("cuda")
    with pytest.raises(StoppedError):
        trained(described, tmp_path, nth_call(5), place=gpu)
    resumed = trained(described, tmp_path, place=gpu)
    for ours, theirs in zip(trained(described, tmp_path), resumed, strict=True):
        assert np.allclose(ours["train_loss"], theirs["train_loss"], rtol=0.02)
        assert np.allclose(ours["test_loss"], theirs["test_loss"], rtol=0.02)


def test_updates_on_the_cpu_are_made_row_by_row():
    described = task("deep_linear_cnn")
    ensembles = [ensemble_of(described, [described.initial(0)]) for _ in range(2)]
    samples, order = engine.Samples(described.data.split("train"), CPU), described.order()[:5]
    with torch.no_grad():
        updates.updates(ensembles[0], samples, CPU)(order)
        before = ensembles[1].state()
        ensembles[1].update(samples, order[-1])
        ensembles[1].restore(before)
        for row in order:
            ensembles[1].update(samples, row)
    for name, values in ensembles[0].weights()[0].items():
        assert np.array_equal(values, ensembles[1].weights()[0][name])
