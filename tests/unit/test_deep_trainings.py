"""Trainings of the deep networks: exact records, ensembles, their files and messages."""

import logging

import numpy as np
import pytest
import torch
import xarray as xr
from deep_tasks import CPU, ensemble_of, nth_call, plain, plain_inputs, random_weights, task, trained

from benchmarks import deep_eager
from learning_dynamics.engines.deep import device, evaluation
from learning_dynamics.errors import DivergenceError, StoppedError, UserError
from learning_dynamics.networks.registry import DEEP_NETWORKS
from learning_dynamics.training import deep
from learning_dynamics.training import files as trajectory_files


def weights_of(trajectory):
    return {name: trajectory[name].values for name in trajectory if name.startswith(("kernel", "dense"))}


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
    images = evaluation.subsets(described.data, 13, np.random.default_rng(0))
    with torch.no_grad():
        averages = {split: part.correlations() for split, part in images.items()}
        exact = evaluation.FromCorrelations(averages, described.structure)(ensemble)
        forward = evaluation.FromAnswers(images, described.structure, CPU)(ensemble)
    for split in ("train", "test"):
        assert exact.losses[split] == pytest.approx(forward.losses[split], rel=1e-5)
    assert np.allclose(exact.effective, forward.effective, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("network", DEEP_NETWORKS)
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


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_ensemble_gives_each_seed_what_it_has_alone(network, tmp_path):
    together = trained(task(network, seeds=(0, 1, 2)), tmp_path)
    for seed, own in enumerate(together):
        alone = trained(task(network, seeds=(seed,)), tmp_path)[0]
        assert own.attrs == alone.attrs
        for name in alone:
            difference = np.linalg.norm(own[name] - alone[name])
            assert difference <= 1e-4 * np.linalg.norm(alone[name]) + 1e-9, name


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_file_layout_and_round_trip(network, tmp_path):
    trajectory = trained(task(network, batches=10, records=5), tmp_path)[0]
    assert trajectory["effective_singular_values"].dims == ("sample", "left_mode", "right_mode")
    assert trajectory["batch"].values.tolist() == [0, 2, 4, 6, 8, 10]
    assert trajectory["sample"].values.tolist() == [0, 8, 16, 24, 32, 40]
    assert {"train_loss", "test_loss", "kernel_3", "dense_bias_1"} <= set(trajectory)
    for variable in trajectory.variables.values():
        assert {"long_name", "units"} <= set(variable.attrs)
    trajectory_files.write(trajectory, tmp_path / "t.nc")
    xr.testing.assert_identical(trajectory_files.read(tmp_path / "t.nc"), trajectory)
    joined = trajectory_files.read_seeds([tmp_path / "t.nc"] * 2, ["effective_singular_values"])
    assert joined["effective_singular_values"].dims[:2] == ("seed", "sample")


@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_same_training_gives_the_same_bytes(network, tmp_path):
    for name in ("first.nc", "second.nc"):
        trajectory_files.write(trained(task(network), tmp_path)[0], tmp_path / name)
    assert (tmp_path / "first.nc").read_bytes() == (tmp_path / "second.nc").read_bytes()


def test_divergence_names_everything_and_the_remedy(tmp_path):
    with pytest.raises(DivergenceError) as error:
        trained(task("deep_linear_cnn", seeds=(3,), learning_rate=50.0), tmp_path)
    for part in ("made_up", "deep_linear_cnn", "seed 3", "diverged by sample", "lower learning_rate (50)"):
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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: that a whole training runs on one is not verified")
@pytest.mark.parametrize("network", DEEP_NETWORKS)
def test_whole_training_on_a_gpu_stops_resumes_and_records(network, tmp_path, monkeypatch):
    monkeypatch.setattr(deep.Training, "piece", 3)
    described, gpu = task(network, seeds=(0, 1)), device.choose("cuda")
    with pytest.raises(StoppedError):
        trained(described, tmp_path, nth_call(5), place=gpu)
    resumed = trained(described, tmp_path, place=gpu)
    for ours, theirs in zip(trained(described, tmp_path), resumed, strict=True):
        assert np.allclose(ours["train_loss"], theirs["train_loss"], rtol=0.02)
        assert np.allclose(ours["test_loss"], theirs["test_loss"], rtol=0.02)
