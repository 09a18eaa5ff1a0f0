"""Predictions: their layout, where the closed forms appear, and how well trained networks follow them."""

import json
import logging

import numpy as np
import pytest
import xarray as xr

from learning_dynamics.config import costs
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.losses import mean_square_error
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.storage import netcdf
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.theory.closed_forms import single_frequency_modes
from learning_dynamics.training.task import Trials
from theory.data_sets import Prepared

NETWORKS = ["linear_cnn", "linear_fcnn"]
SHORT = {"updates": 200, "records": 10}
NARROW = {"linear_fcnn": {"hidden_units": 12}}
NORMAL = {"linear_cnn": {"initial_weights": "normal"}, "linear_fcnn": {"initial_weights": "normal", "hidden_units": 12}}
ALIGNED = {"linear_cnn": {"initial_weights": "aligned"}, "linear_fcnn": {"initial_weights": "diagonal"}}
COMPETITION = {"competition", "competition_mean_kernel_magnitude", "competition_final_kernel_magnitude"}

SIZES = {"seed": 2, "sample": 11, "mode": 4, "left_mode": 4, "right_mode": 4}


def cosines(*classes, channels=1):
    """Classes as lists of (row frequency, column frequency, amplitude, phase)."""
    written = [
        [{"frequency": [f, g], "amplitude": size, "phase": phase} for f, g, size, phase in cosines]
        for cosines in classes
    ]
    return {"classes": written, "channels": channels, "side": 8}


def relative_error(trained, predicted, prepared):
    """Root mean square difference of a_α(t) relative to s_α, shape (modes,)."""
    modes = prepared.structure.discoverable
    measured, expected = (
        np.einsum("tmm->tm", values)[:, modes]
        for values in (trained["effective_singular_values"].values, predicted["effective_singular_values"].values[0])
    )
    return np.sqrt(((measured - expected) ** 2).mean(axis=0)) / prepared.structure.singular_values[modes]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", ["pure_cosines", "geometric_shapes", "digits4"])
def test_axes_and_units(tmp_path, name, network):
    prepared = Prepared(name, **SHORT, networks=NARROW)
    channels, side, _ = prepared.images.shape
    predicted = prepared.predict(network, seeds=2)
    expected = {
        "effective_singular_values": ("seed", "sample", "left_mode", "right_mode"),
        "discovery_time": ("seed", "mode"),
    }
    for split in ("train", "test") if name == "digits4" else ("train",):
        expected[f"{split}_loss"] = ("seed", "sample")
        expected[f"{split}_accuracy"] = ("seed", "mode")
        expected[f"final_{split}_accuracy"] = ("seed",)
    plane = ("frequency_row", "frequency_column")
    if network == "linear_cnn":
        expected["mean_kernel_magnitude"] = ("sample", "channel", *plane)
        expected["final_kernel_magnitude"] = ("seed", "channel", *plane)
    if name == "pure_cosines":
        expected["sigmoid"] = ("seed", "sample", "mode")
        if network == "linear_cnn":
            expected["kernel_magnitude"] = ("seed", "sample", "channel", *plane)
            expected["readout_magnitude"] = ("seed", "sample", "mode", *plane)
            expected["competition"] = ("seed", "sample", "mode")
            expected["competition_mean_kernel_magnitude"] = ("sample", *plane)
            expected["competition_final_kernel_magnitude"] = ("seed", *plane)
    assert {key: variable.dims for key, variable in predicted.data_vars.items()} == expected
    assert dict(predicted.sizes) == {key: {**SIZES, "channel": channels}.get(key, side) for key in predicted.sizes}, (
        "every axis has its length"
    )
    assert predicted["sample"].values.tolist() == prepared.settings.record_samples()
    for variable in predicted.variables.values():
        assert variable.attrs["long_name"]
        assert variable.attrs["units"] == "1"
    assert predicted.attrs["seeds"] == 2
    assert predicted.attrs["network"] == network
    assert json.loads(predicted.attrs["settings"])["updates"] == 200
    netcdf.write(predicted, tmp_path / "theory.nc")
    xr.testing.assert_identical(netcdf.read(tmp_path / "theory.nc"), predicted)


@pytest.mark.parametrize(
    ("name", "changes", "cnn", "fcnn"),
    [
        pytest.param("pure_cosines", {}, {"sigmoid"} | COMPETITION, {"sigmoid"}, id="aligned pure cosines"),
        pytest.param("pure_cosines", {"networks": NORMAL}, COMPETITION, set(), id="random weights"),
        pytest.param("sums_of_cosines", {"networks": NARROW}, COMPETITION, set(), id="sums of cosines"),
        pytest.param("sums_of_cosines", {"networks": ALIGNED}, COMPETITION, {"sigmoid"}, id="aligned sums of cosines"),
        pytest.param(
            "pure_cosines",
            {"networks": NORMAL, "dataset": cosines([(1, 2, 1.0, 0.0)], [(1, 2, 0.5, 1.5)])},
            set(),
            set(),
            id="a frequency in two modes",
        ),
        pytest.param(
            "pure_cosines",
            {"networks": NORMAL, "dataset": cosines([(1, 2, 1.0, 0.0)], [(3, 2, 0.5, 0.0)], channels=3)},
            set(),
            set(),
            id="colour",
        ),
        pytest.param("geometric_shapes", {"networks": NARROW}, set(), set(), id="shapes"),
        pytest.param("digits4", {"networks": NARROW}, set(), set(), id="digits"),
        pytest.param("digits4", {"networks": NARROW, "dataset": {"centred": False}}, set(), set(), id="digits, mean"),
    ],
)
def test_closed_forms_appear_exactly_where_they_apply(name, changes, cnn, fcnn):
    prepared = Prepared(name, **SHORT, **changes)
    for network, expected in (("linear_cnn", cnn), ("linear_fcnn", fcnn)):
        predicted = prepared.predict(network)
        assert {"sigmoid", *COMPETITION} & set(predicted) == expected


@pytest.mark.parametrize(
    ("name", "changes"), [("pure_cosines", {}), ("sums_of_cosines", {"networks": ALIGNED, "updates": 3000})]
)
@pytest.mark.parametrize("network", NETWORKS)
def test_closed_forms_from_aligned_weights_are_the_flow(name, changes, network):
    prepared = Prepared(name, **{"records": 40, **changes})
    predicted = prepared.predict(network, seeds=2)
    flow = np.einsum("stmm->stm", predicted["effective_singular_values"].values)
    scale = prepared.structure.singular_values
    assert (flow[:, -1, 0] > 0.99 * scale[0]).all()
    found = [key for key in ("sigmoid", "competition") if key in predicted]
    assert found
    for key in found:
        assert np.abs((predicted[key].values - flow) / scale).max() < 1e-3
    if "competition" in found:
        kernel = predicted["competition_mean_kernel_magnitude"].values
        measured = np.where(kernel > 0, predicted["mean_kernel_magnitude"].values[:, 0], 0.0)
        assert np.abs(kernel - measured).max() < 1e-3 * kernel.max()


def test_winners_are_predicted_from_random_weights_without_integrating():
    prepared = Prepared("sums_of_cosines", updates=2000, records=10)
    predicted = prepared.predict("linear_cnn", seeds=4)
    winners = predicted["competition_final_kernel_magnitude"].values
    end = np.where(winners > 0, predicted["final_kernel_magnitude"].values[:, 0], 0.0)
    for one, other in zip(winners, end, strict=True):
        assert np.linalg.norm(one - other) < 2e-3 * np.linalg.norm(one)
    assert np.linalg.norm(winners[0] - winners[1]) > 2e-2 * np.linalg.norm(winners[0]), "the start decides"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("name", "changes", "error"),
    [
        ("pure_cosines", {"order": "cyclic"}, 0.02),
        (
            "geometric_shapes",
            {"order": "cyclic", "updates": 20_000, "networks": {"linear_fcnn": {"hidden_units": 64}}},
            0.01,
        ),
        ("digits4", {"updates": 20_000}, 0.01),
        ("digits4", {"order": "random", "updates": 10_000, "dataset": {"centred": False}}, 0.02),
    ],
)
def test_trained_networks_follow_their_own_prediction(name, changes, error, network):
    prepared = Prepared(name, **{"records": 40, **changes})
    predicted, trained = prepared.predict(network), prepared.train(network, 0)
    loss = trained["train_loss"].values
    assert loss[-1] < 0.8 * loss[0]
    assert relative_error(trained, predicted, prepared).max() < error
    assert np.abs(predicted["train_loss"].values[0] - loss).max() < 0.05 * loss[0]
    other = prepared.train(network, 1)
    own, foreign = (relative_error(one, predicted, prepared).max() for one in (trained, other))
    assert own < foreign, "the prediction is for this trial's weights"


@pytest.mark.parametrize("network", NETWORKS)
def test_discovery_times_are_those_of_the_curves(network):
    prepared = Prepared("digits4", records=50)
    predicted = prepared.predict(network)
    curves = np.einsum("tmm->tm", predicted["effective_singular_values"].values[0]) / prepared.structure.singular_values
    times = predicted["discovery_time"].values[0]
    assert np.isnan(times[3]), "the mean is subtracted: nothing is left to discover"
    assert times[0] < times[1:3].min()
    for mode in range(3):
        assert np.interp(times[mode], predicted["sample"].values, curves[:, mode]) == pytest.approx(0.5, abs=1e-6)


def test_losses_are_over_the_images_of_each_split():
    prepared = Prepared("digits4", **SHORT, networks=NARROW)
    predicted = prepared.predict("linear_fcnn")
    start = prepared.task("linear_fcnn").start(0)
    for split, averages in prepared.correlations.items():
        expected = mean_square_error((start.second @ start.first)[None], averages)[0]
        assert predicted[f"{split}_loss"].values[0, 0] == pytest.approx(expected, rel=1e-12)


def test_predictions_from_files_are_the_same(tmp_path):
    prepared = Prepared("sums_of_cosines", **SHORT)
    files = [str(tmp_path / f"{name}.nc") for name in ("images", "correlations", "structure")]
    dataset_files.write(prepared.images, files[0], prepared.name, {})
    structure_files.write_correlations(prepared.images, files[1], prepared.name, {})
    structure_files.write_structure(prepared.images, prepared.correlations, files[2], prepared.name, {})
    outputs = {network: tmp_path / f"{network}.nc" for network in NETWORKS}
    trials = Trials(name=prepared.name, settings=prepared.settings, root_seed=0, seeds=2)
    predicted_trajectories.predict_to_files(StructureFiles(*files), trials, outputs, logging.getLogger("theory"))
    for network, output in outputs.items():
        xr.testing.assert_identical(netcdf.read(output), prepared.predict(network, seeds=2))


def test_modes_of_a_single_frequency():
    def images(*classes, channels=1):
        data = Prepared("pure_cosines", **SHORT, networks=NORMAL, dataset=cosines(*classes, channels=channels))
        return data.structure.right.T.reshape(-1, channels, 8, 8)

    one, other, own = (1, 2, 1.0, 0.3), (3, 2, 0.5, 0.0), (4, 0, 0.7, 0.0)
    assert single_frequency_modes(images([one], [other], [own]))
    assert not single_frequency_modes(images([one, other], [own]))
    assert not single_frequency_modes(images([one, own], [other]))
    assert not single_frequency_modes(images([one], [other], channels=2))
    assert not single_frequency_modes(images([one], [other]) + 0.1 * fourier.image(np.eye(8)))


@pytest.mark.parametrize("network", NETWORKS)
def test_trials_taken_in_parts_are_those_of_fewer_trials(network):
    prepared = Prepared("pure_cosines", **SHORT, networks=NARROW)
    few, many = prepared.predict(network, seeds=10), prepared.predict(network, seeds=13)
    xr.testing.assert_equal(many["effective_singular_values"].isel(seed=slice(10)), few["effective_singular_values"])
    assert many.sizes["seed"] == 13
    if network == "linear_cnn":
        # What figures show of the paper's ten trials does not depend on further ones.
        mean = many["kernel_magnitude"].isel(seed=slice(10)).mean("seed")
        xr.testing.assert_allclose(many["mean_kernel_magnitude"], mean, rtol=1e-6)
        for name in ("mean_kernel_magnitude", "competition_mean_kernel_magnitude"):
            xr.testing.assert_equal(many[name], few[name])


def test_means_over_ten_trials_that_are_integrated_by_fours(monkeypatch):
    monkeypatch.setattr(costs, "_TRIALS_TOGETHER", 4)
    many = Prepared("pure_cosines", **SHORT, networks=NARROW).predict("linear_cnn", seeds=13)
    mean = many["kernel_magnitude"].isel(seed=slice(10)).mean("seed")
    xr.testing.assert_allclose(many["mean_kernel_magnitude"], mean, rtol=1e-6)


def test_large_networks_are_taken_a_trial_at_a_time(monkeypatch, caplog):
    prepared = Prepared("pure_cosines", **SHORT, networks=NARROW)
    together = prepared.predict("linear_cnn", seeds=3)
    caplog.clear()
    monkeypatch.setattr(costs, "_MOST_RECORDED", 1)
    with caplog.at_level("INFO"):
        apart = prepared.predict("linear_cnn", seeds=3)
    assert [line for line in caplog.messages if "seeds 2 to 2" in line]
    # Alone, each takes the steps that suit it.
    for name, values in together.items():
        xr.testing.assert_allclose(apart[name], values, rtol=1e-4, atol=1e-7)
