"""The scaling runs recover what the closed forms predict, and their fits recover known slopes."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from learning_dynamics.config import configuration, extensions, loading, paper
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.engines import linear_cnn, linear_fcnn, small_linear_fcnn
from learning_dynamics.errors import ConfigurationError, DivergenceError, UserError
from learning_dynamics.extensions.scaling import learning_rates, measure, sides, stds, trainings
from learning_dynamics.extensions.scaling.task import Task
from learning_dynamics.numerics import fits, fourier
from learning_dynamics.numerics.confidence import confidence_interval
from learning_dynamics.storage import netcdf
from learning_dynamics.theory import competition, sigmoid
from learning_dynamics.training import loop

NO_LIMIT = 1e3
SUBJECT = loop.Subject("test", 4, 2e-4)


def images(name, **dataset):
    settings = paper.paper_experiments()[name].dataset
    return type(settings).model_validate(settings.model_dump() | dataset).make(Making(name, 0))


@pytest.fixture(scope="module")
def over_sides():
    settings = extensions.SideScaling(sides=[8, 9, 13], learning_rate=5e-5, kernel_std=1e-3, seeds=2)
    return sides.over_sides(settings, 0, NO_LIMIT)


@pytest.fixture(scope="module")
def over_stds():
    settings = extensions.StdScaling(stds=[1e-1, 1e-3, 1e-4, 1e-5], learning_rate=5e-5, seeds=3)
    return stds.over_stds(settings, images("sums_of_cosines"), 0, NO_LIMIT)


@pytest.fixture(scope="module")
def over_learning_rates():
    settings = extensions.LearningRateScaling(learning_rates=[1e-4, 2e-4], training_time=8.0, records=400, seeds=2)
    network = paper.paper_experiments()["geometric_shapes"].networks.linear_cnn
    return learning_rates.over_learning_rates(settings, network, images("geometric_shapes"), 0, NO_LIMIT)


def test_power_and_slope_are_recovered():
    x = np.array([3.0, 8.0, 20.0, 64.0])
    assert fits.power(x, np.stack([7 * x**-2.0, 0.1 * x**0.5])) == pytest.approx([-2, 0.5])
    assert fits.slope(x, 5 - 3 * x) == pytest.approx(-3)
    assert np.isnan(fits.power(x, [1, 2, np.nan, 3]))
    assert np.isnan(fits.slope([1.0], np.ones((2, 1)))).all()


def test_interval_is_student_s():
    trials = np.random.default_rng(0).normal(size=(7, 3))
    mean, low, high = confidence_interval(trials)
    expected = stats.t.interval(0.95, 6, trials.mean(axis=0), stats.sem(trials))
    assert np.allclose([low, high], expected)
    assert np.allclose(mean, trials.mean(axis=0))
    assert np.isnan(confidence_interval(trials[:1])[1]).all()


def test_small_fcnn_is_the_same_iteration_as_the_block_engine():
    generator = np.random.default_rng(0)
    inputs, labels = generator.standard_normal((9, 12)), generator.integers(0, 4, 9)
    order = generator.integers(0, 9, 300)
    initial = linear_fcnn.normal_weights(generator, 4, 12, 5, 0.1)
    blocks, small = linear_fcnn.Engine(initial, 1e-2), small_linear_fcnn.Engine(initial, 1e-2)
    expected = blocks.update(inputs[order], labels[order])
    assert small.update(inputs, labels, order) == (expected[0], pytest.approx(expected[1]))
    assert np.allclose(small.network(), blocks.network(), rtol=0, atol=1e-13)
    assert np.allclose(small.weights().first, blocks.weights().first, rtol=0, atol=1e-13)
    limited = small_linear_fcnn.Engine(initial, 1e-2, error_limit=0.0)
    assert limited.update(inputs, labels, order)[0] == 0


def test_diagonal_fcnn_in_the_basis_of_the_images_is_the_wide_network():
    task = Task.of(images("pure_cosines", side=12))
    structure, start = task.structure, np.full(4, 1e-3)
    inputs = task.images.reshape(4, -1)
    order = np.arange(1200) % 4
    wide = linear_fcnn.Engine(
        linear_fcnn.diagonal_weights(144, start, task.in_modes, structure.left, structure.right), 3e-3
    )
    wide.update(inputs[order], task.labels[order])
    small = small_linear_fcnn.Engine(
        linear_fcnn.diagonal_weights(4, start, task.in_modes, structure.left, np.eye(4)), 3e-3
    )
    small.update(inputs @ structure.right, task.labels, order)
    effective = task.effective(wide.network()).diagonal()
    assert (effective[:2] > 0.9 * structure.singular_values[:2]).all(), "the comparison needs modes that were found"
    assert np.allclose(small.network() @ structure.right.T, wide.network(), rtol=0, atol=1e-12)


def test_small_fcnn_is_compiled_for_every_shape():
    generator = np.random.default_rng(1)
    inputs, labels, order = generator.standard_normal((6, 7)), generator.integers(0, 3, 6), np.arange(60) % 6
    for hidden_units in (2, 5):
        initial = linear_fcnn.normal_weights(generator, 3, 7, hidden_units, 0.1)
        engine = small_linear_fcnn.Engine(initial, 1e-2)
        engine.update(inputs, labels, order)
        expected = linear_fcnn.Engine(initial, 1e-2)
        expected.update(inputs[order], labels[order])
        assert np.allclose(engine.network(), expected.network(), rtol=0, atol=1e-13)


@pytest.mark.parametrize(("name", "present"), [("pure_cosines", 4), ("geometric_shapes", 120)])
def test_cnn_at_the_frequencies_of_the_images_is_the_whole_cnn(name, present):
    task = Task.of(images(name, side=16))
    weights = linear_cnn.normal_weights(np.random.default_rng(2), (4, 1, 16), 0.02, 0.02)
    whole = linear_cnn.Engine(weights, 2e-4)
    samples = np.array([0, 4, 100, 800])
    network = trainings.CNN(task, weights, 2e-4, NO_LIMIT)
    measured = list(trainings.follow(network, samples, trainings.in_turn(samples, 4), SUBJECT))
    spectra = whole.spectra(task.images[:, None])
    expected = [task.effective(whole.network())]
    for updates in np.diff(samples):
        whole.update(spectra, task.labels, np.arange(updates) % 4)
        expected.append(task.effective(whole.network()))
    assert np.abs(expected[-1] - expected[0]).max() > 0.01, "the comparison needs a network that moved"
    assert np.allclose(measured, expected, rtol=0, atol=1e-13)
    half = np.abs(fourier.half_coefficients(task.images)).max(axis=0)
    assert (half > 1e-9).sum() == present
    frequencies = np.flatnonzero(np.abs(fourier.spectrum(task.images)).max(axis=0).ravel() > 1e-9)
    readout, kernel = network.magnitudes(frequencies)
    assert np.allclose(kernel, np.abs(whole.kernel_spectrum()).ravel()[frequencies], rtol=1e-12)
    transfer = np.tensordot(task.structure.left[:, 0], np.conj(whole.readout_spectrum()), axes=1)
    assert np.allclose(readout, np.abs(transfer).ravel()[frequencies], rtol=1e-12)


def test_task_has_the_same_structure_as_the_correlations():
    data = images("geometric_shapes", side=9)
    task = Task.of(data)
    correlations = data.split("train").correlations()
    assert np.allclose(task.weighted, correlations.input @ task.structure.right)
    assert np.allclose(task.structure.left * task.structure.singular_values @ task.structure.right.T,
                       correlations.input_output)  # fmt: skip


def test_measured_times_and_speed_up_are_those_of_the_theory(over_sides):
    assert np.allclose(over_sides["discovery_time"] / over_sides["predicted_time"], 1, atol=0.02)
    assert np.allclose(over_sides["speed_up_ratio"], 1, atol=0.02)
    constant, cosine = over_sides["predicted_speed_up"].values[:, 0], over_sides["predicted_speed_up"].values[:, 1]
    assert constant == pytest.approx([8, 9, 13])
    assert cosine == pytest.approx(np.array([8, 9, 13]) / np.sqrt(2))


def test_powers_of_the_side_are_two_and_one(over_sides):
    assert over_sides["reduced_slope_mean"].sel(network="linear_cnn").values == pytest.approx([-2] * 4, abs=0.03)
    assert over_sides["reduced_slope_mean"].sel(network="linear_fcnn").values == pytest.approx([-1] * 4, abs=0.03)
    assert over_sides["speed_up_slope_mean"].values == pytest.approx([1] * 4, abs=0.03)
    assert (over_sides["slope_low"] <= over_sides["slope_mean"]).all()


def test_a_mode_that_starts_discovered_is_refused_with_the_remedy():
    settings = extensions.SideScaling(sides=[8, 9], kernel_std=10.0, seeds=2)
    with pytest.raises(UserError, match=r"side 8: a mode starts discovered.*lower scaling\.side\.kernel_std"):
        sides.over_sides(settings, 0, NO_LIMIT)


def test_a_diverging_run_is_named():
    settings = extensions.SideScaling(sides=[8, 9], learning_rate=0.5, seeds=2)
    with pytest.raises(DivergenceError, match="side 8, linear_fcnn, seed 0: the training diverged"):
        sides.over_sides(settings, 0, NO_LIMIT)


def test_time_of_the_competition_is_the_sigmoid_s_for_one_frequency():
    mode = competition.Mode(2.0, 3.0, np.array([2**-0.5, 2**-0.5]), np.array([1e-3, 1e-3]), 16)
    expected = sigmoid.time_to_reach(1.0, mode.effective_singular_value(0.0), 2.0, 1e-4 * 16 * 2**-0.5)
    assert stds.competition_time(mode, 1e-4) == pytest.approx(float(expected))
    assert stds.competition_time(mode, 1e-5) == pytest.approx(10 * float(expected))


def test_time_of_the_competition_lies_on_its_trajectory():
    mode = competition.Mode(2.0, 3.0, np.array([0.5, 0.5, 0.3, 0.3]), np.array([1e-3, 1e-3, 2e-2, 2e-2]), 16)
    time = stds.competition_time(mode, 1e-4)
    clock = mode.clock(np.array([0.0, time]), 1e-4)
    assert mode.effective_singular_value(clock)[-1] == pytest.approx(1.0, rel=1e-6)
    already = competition.Mode(2.0, 3.0, np.array([0.5]), np.array([5.0]), 16)
    assert stds.competition_time(already, 1e-4) == 0


def test_time_grows_with_the_logarithm_of_the_standard_deviation(over_stds):
    assert over_stds["is_fitted"].values.tolist() == [0, 1, 1, 1]
    assert np.allclose(over_stds["slope_ratio"], 1, atol=0.01)
    assert np.allclose(over_stds["predicted_slope_mean"], over_stds["asymptotic_slope"], rtol=0.1)
    small = over_stds.isel(std=slice(1, None))
    assert np.allclose(small["discovery_time"] / small["predicted_time"], 1, atol=0.01)


def test_alignment_and_balance_improve_with_the_predicted_powers(over_stds):
    assert float(over_stds["alignment_power_mean"]) == pytest.approx(1, abs=0.15)
    assert over_stds["predicted_balance_power"].values == pytest.approx([2, 1.6, 1], abs=1e-6)
    assert np.allclose(over_stds["balance_power_mean"], over_stds["predicted_balance_power"], atol=0.2)


def test_time_is_inversely_proportional_to_the_learning_rate(over_learning_rates):
    assert np.allclose(over_learning_rates["slope_mean"].sel(order="cyclic"), -1, atol=0.02)
    ratio = over_learning_rates["discovery_time"] / over_learning_rates["predicted_time"]
    assert np.allclose(ratio.sel(order="cyclic"), 1, atol=0.03)


def test_error_of_the_flow_is_of_first_order(over_learning_rates):
    assert float(over_learning_rates["flow_error_power_mean"].sel(order="cyclic")) == pytest.approx(1, abs=0.15)
    errors = over_learning_rates["flow_error"]
    assert float(errors.sel(order="cyclic").max()) < 0.03
    assert float(errors.sel(order="random")[..., 0].mean()) > float(errors.sel(order="cyclic")[..., 0].mean())


def test_the_flow_takes_as_many_records_as_there_are():
    """The flow is one of λ t, in whose units there are more records than samples."""
    settings = extensions.LearningRateScaling(learning_rates=[2.5e-4, 1e-3], training_time=2.5, records=1100, seeds=2)
    network = paper.paper_experiments()["geometric_shapes"].networks.linear_cnn
    data = images("geometric_shapes", side=8)
    result = learning_rates.over_learning_rates(settings, network, data, 0, NO_LIMIT)
    assert np.isfinite(result["flow_error"]).all()


def test_everything_is_described(over_sides, over_stds, over_learning_rates):
    for result in (over_sides, over_stds, over_learning_rates):
        for variable in result.variables.values():
            assert {"long_name", "units"} <= set(variable.attrs)


def test_measure_reads_the_data_set_and_repeats_to_the_byte(tmp_path):
    dataset_files.write(images("sums_of_cosines"), tmp_path / "d.nc", "sums_of_cosines", {})
    settings = extensions.StdScaling(stds=[1e-3, 1e-2], learning_rate=1e-3, seeds=2).model_dump(mode="json")
    experiment = paper.paper_experiments()["sums_of_cosines"].model_dump(mode="json")
    for name in ("a.nc", "b.nc"):
        result = measure.measure(
            "std",
            settings,
            experiment=experiment,
            dataset=str(tmp_path / "d.nc"),
            root_seed=0,
            divergence_factor=NO_LIMIT,
        )
        netcdf.write(result, tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    xr.testing.assert_identical(netcdf.read(tmp_path / "a.nc"), result)
    assert result.attrs["settings_hash"]


def test_figure_has_a_row_per_parameter_even_where_nothing_was_fitted(tmp_path, over_sides, over_stds):
    from learning_dynamics.figures import style
    from learning_dynamics.figures.beyond import scaling as figure

    settings = extensions.StdScaling(stds=[1e-1, 2e-1], learning_rate=1e-4, seeds=2)
    unfitted = stds.over_stds(settings, images("sums_of_cosines"), 0, NO_LIMIT)
    assert not unfitted["is_fitted"].any()
    netcdf.write(over_sides, tmp_path / "side.nc")
    netcdf.write(unfitted, tmp_path / "std.nc")
    drawn = figure.draw({"side": str(tmp_path / "side.nc"), "std": str(tmp_path / "std.nc")})
    assert len(drawn.axes) == 6
    style.save(drawn, tmp_path / "scaling.png")


OUTSIDE = [{"frequency": [5, 0], "amplitude": 1.0}, {"frequency": [1, 0], "amplitude": 0.5}]
SHARED = [{"frequency": [1, 0], "amplitude": 1.0}, {"frequency": [3, 0], "amplitude": 0.5}]
MISTAKES = {
    "scaling.sid": {"sid": None},
    "scaling.side.sidez": {"side": {"sidez": [8]}},
    "scaling.side.sides": {"side": {"sides": [8, 8]}},
    "scaling.side.classes.0.frequency": {"side": {"sides": [4, 8], "classes": OUTSIDE}},
    "scaling.side.classes": {"side": {"sides": [4, 8], "classes": SHARED}},
    "scaling.std.experiment": {"std": {"experiment": "sums_of_cosine"}},
    "scaling.learning_rate.experiment": {"learning_rate": {"experiment": "digits4"}},
    "scaling.learning_rate.records": {"learning_rate": {"records": 9000}},
}


@pytest.mark.parametrize("key", MISTAKES)
def test_mistake_in_the_configuration_is_named(key):
    with pytest.raises(ConfigurationError, match=rf"^configuration key '{key}': "):
        loading.load({"scaling": MISTAKES[key]})


def test_runs_follow_their_experiment_out():
    loaded = loading.load({"experiments": {"geometric_shapes": None}})
    assert "geometric_shapes" not in loaded.experiments
    assert loaded.scaling.learning_rate.experiment == "geometric_shapes"
    assert loading.load({"scaling": None, "variants": None, "zero_padding": None}).extension_experiments() == {}
    taken = configuration.Config().extension_experiment("scaling.learning_rate.experiment")
    assert taken.networks.names == ["linear_cnn"]


def test_aligned_start_of_the_cnn_is_the_fcnn_s(over_sides):
    start = over_sides["initial_effective_singular_value"].values
    assert np.array_equal(start[0], start[1])
    assert (start > 0).all()
    task = Task.of(images("pure_cosines"))
    weights = linear_cnn.aligned_weights(
        np.random.default_rng(0), 1e-3, task.structure.left, task.right_images[:, None]
    )
    omega = task.effective(linear_cnn.network_matrix(weights))
    assert np.allclose(omega, np.diag(omega.diagonal()), atol=1e-15)
