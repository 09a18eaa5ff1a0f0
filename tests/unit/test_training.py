"""A training starts as configured, records what happened exactly, and stops when it diverges."""

import json
import tracemalloc

import numpy as np
import pytest
import xarray as xr

from learning_dynamics.config import experiments, loading, paper
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.engines import linear_cnn
from learning_dynamics.errors import DataError, DivergenceError
from learning_dynamics.networks.registry import TWO_LAYER_NETWORKS
from learning_dynamics.numerics import discovery, fourier, random_streams
from learning_dynamics.numerics.correlations import decompose, input_correlation_in_modes
from learning_dynamics.storage import recorded_settings
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.theory import sigmoid
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training import two_layer
from learning_dynamics.training.task import TwoLayerTask


def small(name, **changes):
    base = paper.paper_experiments()[name].model_dump()
    return experiments.Experiment.model_validate(loading.merged(base, {"records": 20, "snapshots": [], **changes}))


class Prepared:
    def __init__(self, name, **changes):
        self.name = name
        self.settings = small(name, **changes)
        self.data = self.settings.dataset.make(Making(name, 0))
        self.correlations = {split: self.data.split(split).correlations() for split in self.data.splits}
        self.structure = decompose(self.correlations["train"].input_output)

    def task(self, network, **changes):
        data = TrainingData(self.data, self.correlations, self.structure)
        described = {"name": self.name, "settings": self.settings, "network": network, "root_seed": 0, "data": data}
        return TwoLayerTask(**described | changes)

    def train(self, network, seed=0, report=lambda *_: None, checkpointing=None, samples=None):
        return two_layer.train(self.task(network), seed, report, checkpointing, samples)


def test_streams_are_independent_of_each_other_and_repeat():
    keys = [
        (seed, name, purpose, trial)
        for seed in (0, 1)
        for name in ("a", "b")
        for purpose in ("dataset", "linear_cnn")
        for trial in (0, 1)
    ]
    drawn = [random_streams.stream(*key).standard_normal() for key in keys]
    assert drawn == [random_streams.stream(*key).standard_normal() for key in keys]
    assert len(set(drawn)) == len(keys)


@pytest.mark.parametrize("order", ["random", "cyclic", "epochs"])
def test_sample_order(order):
    drawn = random_streams.SampleOrder(np.random.default_rng(0), order, 10).between(0, 35)
    assert len(drawn) == 35
    if order == "random":
        assert set(drawn) <= set(range(10))
        assert not np.array_equal(np.sort(drawn[:10]), np.arange(10))
        return
    for start in (0, 10, 20):
        assert np.array_equal(np.sort(drawn[start : start + 10]), np.arange(10))
    assert np.array_equal(drawn[:10], drawn[10:20]) == (order == "cyclic")


def drawn_at_once(order, images, updates):
    """The order of a whole training, as it was drawn when it was kept in memory."""
    generator = np.random.default_rng(7)
    if order == "random":
        return generator.integers(0, images, size=updates)
    if order == "cyclic":
        return np.arange(updates) % images
    return np.concatenate([generator.permutation(images) for _ in range(-(-updates // images))])[:updates]


@pytest.mark.parametrize("order", ["random", "cyclic", "epochs"])
@pytest.mark.parametrize("images", [1, 3, 1000, 50_000])
@pytest.mark.parametrize("first", [0, 1, 2999, 40_000])
def test_the_order_of_samples_does_not_depend_on_the_pieces_it_is_drawn_in(monkeypatch, order, images, first):
    monkeypatch.setattr(random_streams, "_DRAWN_AT_ONCE", 777)
    whole = drawn_at_once(order, images, 100_000)
    in_pieces = random_streams.SampleOrder(np.random.default_rng(7), order, images)
    place = first
    for length in (1, 5, 333, 778, 2000, 20_000, 100_000):
        stop = min(place + length, len(whole))
        assert np.array_equal(in_pieces.between(place, stop), whole[place:stop])
        place = stop
    assert place == len(whole)
    if order != "cyclic":
        with pytest.raises(ValueError, match="is past"):
            in_pieces.between(0, 1)


def test_a_long_order_takes_no_memory():
    tracemalloc.start()
    order = random_streams.SampleOrder(np.random.default_rng(0), "random", 1000)
    order.between(20_000_000, 20_000_010)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 8 * random_streams._DRAWN_AT_ONCE, "of 20 million samples, 160 MB"


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_trajectory_layout_and_round_trip(tmp_path, network):
    prepared = Prepared("digits4", updates=200, snapshots=[70], networks={"linear_fcnn": {"hidden_units": 5}})
    trajectory = prepared.train(network, seed=3)
    assert trajectory["effective_singular_values"].dims == ("sample", "left_mode", "right_mode")
    assert trajectory["sample"].values.tolist() == list(range(0, 201, 10))
    assert trajectory["snapshot_sample"].values.tolist() == [0, 70, 200]
    assert {"train_loss", "test_loss"} <= set(trajectory)
    if network == "linear_cnn":
        assert trajectory["kernel_magnitude"].dims == ("sample", "channel", "frequency_row", "frequency_column")
        assert trajectory["kernel"].shape == (3, 1, 8, 8)
    for variable in trajectory.variables.values():
        assert {"long_name", "units"} <= set(variable.attrs)
    assert trajectory.attrs["seed"] == 3
    assert json.loads(trajectory.attrs["settings"])["networks"][network]["learning_rate"] > 0
    trajectory_files.write(trajectory, tmp_path / "t.nc")
    xr.testing.assert_identical(trajectory_files.read(tmp_path / "t.nc"), trajectory)


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_records_are_those_of_the_samples_themselves(network):
    prepared = Prepared("digits4", updates=3000, networks={"linear_fcnn": {"hidden_units": 9, "learning_rate": 1e-2}})
    trajectory = prepared.train(network)
    weights = trajectory.isel(snapshot_sample=-1)
    if network == "linear_cnn":
        matrix = linear_cnn.network_matrix(linear_cnn.Weights(weights["kernel"].values, weights["readout"].values))
        spectrum = np.abs(fourier.spectrum(weights["kernel"].values))
        assert np.allclose(trajectory["kernel_magnitude"][-1], spectrum, rtol=1e-6)
    else:
        matrix = weights["second_layer"].values @ weights["first_layer"].values.reshape(9, -1)
    for name in ("train", "test"):
        split = prepared.data.split(name)
        inputs = split.vectors(slice(None))
        answers = inputs @ matrix.T
        loss = ((np.eye(4)[split.labels] - answers) ** 2).mean()
        assert float(trajectory[f"{name}_loss"][-1]) == pytest.approx(loss, rel=1e-10)
        if name == "train":
            outputs = answers.T @ inputs / len(inputs)
            expected = prepared.structure.left.T @ outputs @ prepared.structure.right
            assert np.allclose(trajectory["effective_singular_values"][-1], expected, atol=1e-12)
    assert float(trajectory["train_loss"][-1]) < float(trajectory["train_loss"][0])


def test_spectra_in_memory_or_on_the_fly_give_the_same_training(monkeypatch):
    prepared = Prepared("digits4", updates=600)
    shared = linear_cnn.SampleSpectra(prepared.data.split("train"), trainings=2)
    in_memory = [prepared.train("linear_cnn", seed, samples=shared) for seed in range(2)]
    monkeypatch.setattr(linear_cnn, "_RESIDENT_IMAGES", 10)
    for seed, trained in enumerate(in_memory):
        xr.testing.assert_equal(prepared.train("linear_cnn", seed), trained)


def test_seeds_differ_and_networks_of_a_seed_see_the_same_samples():
    prepared = Prepared("pure_cosines", updates=400)
    runs = [prepared.train("linear_cnn", seed) for seed in (0, 0, 1)]
    xr.testing.assert_identical(runs[0], runs[1])
    assert not np.allclose(runs[0]["train_loss"], runs[2]["train_loss"])


def test_aligned_start_is_diagonal_positive_and_balanced():
    prepared = Prepared("pure_cosines", updates=20)
    omega = prepared.train("linear_cnn")["effective_singular_values"].values
    assert (omega[0].diagonal() > 0).all()
    off_diagonal = omega - np.einsum("tm,mk->tmk", np.einsum("tmm->tm", omega), np.eye(4))
    assert np.abs(off_diagonal).max() < 1e-12
    trajectory = prepared.train("linear_cnn")
    support = trajectory["readout_magnitude"][0].values > 1e-9
    kernel = np.broadcast_to(trajectory["kernel_magnitude"][0].values, support.shape)
    assert np.allclose(trajectory["readout_magnitude"][0].values[support], kernel[support], rtol=1e-5)
    assert support.sum() == 1 + 2 + 2 + 2


def test_diagonal_fcnn_starts_where_the_aligned_cnn_does():
    prepared = Prepared("pure_cosines", updates=20)
    starts = [prepared.train(network)["effective_singular_values"][0].values for network in TWO_LAYER_NETWORKS]
    assert np.allclose(starts[0], starts[1], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_pure_cosines_in_cyclic_order_follow_equation_22(network):
    prepared = Prepared("pure_cosines", order="cyclic")
    trajectory = prepared.train(network)
    settings = prepared.settings.networks
    factor = sigmoid.structural_factor(prepared.structure.right.T.reshape(4, 16, 16))
    assert factor == pytest.approx([1, 2**-0.5, 2**-0.5, 2**-0.5])
    rate = (
        settings.linear_cnn.learning_rate * 16 * factor
        if network == "linear_cnn"
        else settings.linear_fcnn.learning_rate
    )
    measured = np.einsum("tmm->tm", trajectory["effective_singular_values"].values)
    predicted = sigmoid.effective_singular_value(
        trajectory["sample"].values[:, None], measured[0], prepared.structure.singular_values, rate
    )
    error = np.sqrt(((measured - predicted) ** 2).mean(axis=0)) / prepared.structure.singular_values
    assert (error < 0.02).all()


def test_equation_22_and_its_time_are_inverse():
    reached = np.linspace(0.01, 0.99, 7)
    time = sigmoid.time_to_reach(reached * 3.0, 1e-4, 3.0, 0.01)
    assert sigmoid.effective_singular_value(time, 1e-4, 3.0, 0.01) == pytest.approx(reached * 3.0)
    assert sigmoid.effective_singular_value(0.0, 1e-4, 3.0, 0.01) == pytest.approx(1e-4)
    assert sigmoid.effective_singular_value(1e9, 1e-4, 3.0, 0.01) == pytest.approx(3.0)


def test_conserved_quantity_drifts_in_proportion_to_the_learning_rate():
    # Gradient flow conserves Σ_c|k̂_cl|² − Σ_α|B_αl|² at every frequency; the updates do to first order in λ.
    drifts = []
    for rate in (1e-5, 2e-5, 4e-5):
        prepared = Prepared(
            "geometric_shapes",
            order="cyclic",
            updates=round(0.4 / rate),
            networks={"linear_cnn": {"learning_rate": rate}},
        )
        trajectory = prepared.train("linear_cnn")
        kernel = (trajectory["kernel_magnitude"].astype(float) ** 2).sum("channel")
        difference = (kernel - (trajectory["readout_magnitude"].astype(float) ** 2).sum("mode")).values
        drifts.append(np.abs(difference - difference[0]).max() / float(kernel.max()))
    assert drifts[0] < 0.02
    assert np.diff(np.log2(drifts)) == pytest.approx([1, 1], abs=0.05)


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_divergence_names_everything_and_the_remedy(network):
    prepared = Prepared(
        "geometric_shapes",
        networks={"linear_cnn": {"learning_rate": 0.05}, "linear_fcnn": {"learning_rate": 0.5, "hidden_units": 20}},
    )
    with pytest.raises(DivergenceError) as error:
        prepared.train(network, seed=4)
    message = str(error.value)
    for part in ("geometric_shapes", network, "seed 4", "diverged by sample ", "loss", "lower learning_rate"):
        assert part in message


@pytest.mark.parametrize("network", TWO_LAYER_NETWORKS)
def test_a_divergence_before_the_first_update_blames_the_initial_weights(network):
    large = {
        "linear_cnn": {"kernel_std": 10.0, "readout_std": 10.0},
        "linear_fcnn": {"weight_std": 10.0, "hidden_units": 20},
    }
    with pytest.raises(DivergenceError, match=r"before the first update .* lower the standard deviation") as error:
        Prepared("geometric_shapes", networks=large).train(network)
    assert "learning_rate" not in str(error.value)


def test_progress_is_reported_at_every_record():
    seen = []
    Prepared("pure_cosines", updates=100).train("linear_cnn", report=lambda *values: seen.append(values))
    assert [sample for sample, _ in seen] == list(range(0, 101, 5))
    assert all(np.isfinite(loss) and loss > 0 for _, loss in seen[1:])


def test_discovery_times_interpolate_and_report_what_is_not_found():
    samples = np.arange(0, 101, 10.0)
    values = np.stack([samples / 100, samples / 300, np.full(11, 0.9)], axis=-1)
    times = discovery.discovery_times(samples, values, np.array([1.0, 1.0, 1.0]))
    assert times[0] == pytest.approx(50)
    assert np.isnan(times[1])
    assert times[2] == 0
    assert discovery.discovery_times(samples, 2 * values, 2 * np.ones(3))[0] == pytest.approx(50)


def test_structure_file_holds_both_decompositions(tmp_path):
    prepared = Prepared("digits4")
    structure_files.write_structure(prepared.data, prepared.correlations, tmp_path / "s.nc", "digits4", {})
    stored = structure_files.read_structure(tmp_path / "s.nc")
    again = structure_files.structure_of(stored)
    assert np.array_equal(again.right, prepared.structure.right)
    spectra = stored["right_singular_spectra"].values
    assert np.allclose(
        spectra[..., 0] + 1j * spectra[..., 1], fourier.spectrum(stored["right_singular_vectors"].values)
    )
    assert np.allclose(
        stored["input_correlation_in_modes"], input_correlation_in_modes(prepared.correlations["train"], again)
    )
    images = prepared.data.images[~prepared.data.is_test]
    labels = prepared.data.split("train").labels
    uncentred = np.stack([images[labels == c].sum(0).ravel() for c in range(4)]) / len(labels)
    assert np.allclose(stored["uncentred_singular_values"], np.linalg.svd(uncentred, compute_uv=False))
    means = np.stack([images[labels == c].mean(0) for c in range(4)]) - prepared.data.mean_image
    assert np.allclose(stored["class_means"], means)


def test_correlations_file_round_trip(tmp_path):
    prepared = Prepared("digits4")
    structure_files.write_correlations(prepared.data, tmp_path / "c.nc", "digits4", {})
    again = structure_files.read_correlations(tmp_path / "c.nc")
    assert list(again) == ["train", "test"]
    for split, averages in prepared.correlations.items():
        assert np.array_equal(again[split].input, averages.input)
        assert np.array_equal(again[split].input_output, averages.input_output)


def test_seeds_recorded_at_other_samples_are_not_mixed(tmp_path):
    for seed, updates in enumerate((100, 200)):
        trajectory_files.write(
            Prepared("pure_cosines", updates=updates).train("linear_cnn", seed), tmp_path / f"{seed}.nc"
        )
    with pytest.raises(DataError, match=r"1\.nc: recorded at other samples"):
        trajectory_files.read_seeds([tmp_path / "0.nc", tmp_path / "1.nc"])
    joined = trajectory_files.read_seeds([tmp_path / "0.nc", tmp_path / "0.nc"], ["train_loss"])
    assert joined["train_loss"].dims == ("seed", "sample")


def test_trajectories_of_other_settings_are_refused(tmp_path):
    prepared = Prepared("pure_cosines", updates=100)
    path = tmp_path / "0.nc"
    trajectory_files.write(prepared.train("linear_cnn", 0), path)
    settings = prepared.settings.model_dump(mode="json")
    trajectory_files.read_seeds([path], ["train_loss"], settings=settings)
    without_the_other = {**settings, "networks": {**settings["networks"], "linear_fcnn": None}}
    trajectory_files.read_seeds([path], ["train_loss"], settings=without_the_other)
    assert recorded_settings.read_difference(path, settings) is None
    network = {**settings["networks"]["linear_cnn"], "learning_rate": 1.0}
    for key, changed in (("networks.linear_cnn", {"networks": {"linear_cnn": network}}), ("updates", {"updates": 7})):
        other = {**settings, **changed}
        assert recorded_settings.read_difference(path, other) == key
        with pytest.raises(DataError, match=rf"0\.nc: made with other settings .*'{key}' differs.*run again"):
            trajectory_files.read_seeds([path], ["train_loss"], settings=other)
