"""Settings chosen from the data: training follows the gradient flow at them, and finds what is worth finding."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
from bad_images import array_file
from own_images import structure_of_file

from learning_dynamics.config import chosen_settings, loading, paper
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.errors import DataError, UserError
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.networks.registry import Networks
from learning_dynamics.numerics import discovery
from learning_dynamics.predictions import automatic
from learning_dynamics.predictions.trajectories import predict
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import StructureFiles, TrainingData
from learning_dynamics.training.task import Trials, TwoLayerTask
from learning_dynamics.training.two_layer import train

LOG = logging.getLogger("test")
RULES = AutomaticSettings()


class Prepared:
    """An experiment of the paper's data with everything left to be chosen."""

    def __init__(self, folder, name, networks=None, largest_input=np.inf, **settings):
        self.name = name
        dataset = paper.paper_experiments()[name].dataset
        networks = networks or Networks(linear_fcnn=LinearFCNN(hidden_units=64))
        self.experiment = Experiment(dataset=dataset, networks=networks, **settings)
        self.data = dataset.make(Making(name, 0))
        structure_files.write_correlations(self.data, folder / "correlations.nc", name, {}, largest_input)
        self.averages = structure_files.read_averages(folder / "correlations.nc")
        self.structure_file = folder / "structure.nc"
        structure_files.write_structure(self.data, self.averages, self.structure_file, name, {})

    @property
    def trials(self):
        return Trials(name=self.name, settings=self.experiment, root_seed=0, seeds=3)

    def choose(self, rules=RULES):
        stored = structure_files.read_structure(self.structure_file)
        return automatic.choose(self.trials, rules, self.data, self.averages, stored)


@pytest.mark.parametrize(("name", "error"), [("geometric_shapes", 0.03), ("digits4", 0.05), ("sums_of_cosines", 0.06)])
def test_training_at_the_chosen_settings_follows_the_flow_and_finds_every_mode(tmp_path, name, error):
    prepared = Prepared(tmp_path, name)
    chosen = prepared.choose()
    settings = chosen_settings.resolved(prepared.experiment, chosen)
    assert not settings.automatic
    decomposition = structure_files.structure_of(structure_files.read_structure(prepared.structure_file))
    s = decomposition.singular_values[chosen["modes"]]
    for network in ("linear_cnn", "linear_fcnn"):
        data = TrainingData(prepared.data, prepared.averages, decomposition)
        task = TwoLayerTask(name=name, settings=settings, network=network, root_seed=0, data=data)
        trained = train(task, 0, lambda *_: None)
        flow = predict(task, 1, LOG)["effective_singular_values"].values[0]
        measured, expected = (
            np.einsum("tmm->tm", omega)[:, chosen["modes"]]
            for omega in (trained["effective_singular_values"].values, flow)
        )
        assert np.sqrt((((measured - expected) / s) ** 2).mean(axis=0)).max() < error, network
        times = discovery.discovery_times(trained["sample"].values.astype(float), measured, s)
        assert np.isfinite(times).all(), network
        assert times.max() < settings.update_count
    assert chosen["not_found"] == {"linear_cnn": [], "linear_fcnn": []}
    assert not chosen["capped"]


def test_what_is_given_is_kept(tmp_path):
    networks = Networks(linear_cnn=LinearCNN(learning_rate=3e-4), linear_fcnn=None)
    chosen = Prepared(tmp_path, "digits4", networks, updates=5000, records=50).choose()
    assert chosen["learning_rate"] == {"linear_cnn": 3e-4}
    assert chosen["updates"] == 5000
    assert not chosen["capped"]
    assert chosen["not_found"]["linear_cnn"] == [0, 1, 2], "too short a run, which is said but not changed"


def test_a_run_that_ends_too_early_warns(tmp_path, caplog):
    prepared = Prepared(tmp_path, "geometric_shapes", Networks(linear_fcnn=None), records=100, snapshots=[10, 9000])
    chosen = prepared.choose(AutomaticSettings(most_updates=8000))
    assert chosen["updates"] == 8000
    assert chosen["capped"]
    assert chosen["not_found"]["linear_cnn"] == [1, 2, 3]
    assert "the run ends at 8000 updates (key automatic.most_updates)" in caplog.text
    resolved = chosen_settings.resolved(prepared.experiment, chosen)
    assert (resolved.updates, resolved.records, resolved.snapshots) == (8000, 100, [10])


def test_smaller_modes_are_not_waited_for(tmp_path):
    prepared = Prepared(tmp_path, "geometric_shapes", Networks(linear_fcnn=None))
    long, short = prepared.choose(), prepared.choose(AutomaticSettings(smallest_mode=0.2))
    assert (long["modes"], short["modes"]) == ([0, 1, 2, 3], [0, 1, 2])
    assert short["updates"] < long["updates"] / 2


def test_of_large_images_the_settings_rest_on_estimates(tmp_path, caplog):
    networks = Networks(linear_cnn=LinearCNN(), linear_fcnn=LinearFCNN(hidden_units=64))
    exact = Prepared(tmp_path, "sums_of_cosines", networks).choose()
    large = Prepared(tmp_path, "sums_of_cosines", networks, largest_input=10).choose()
    assert "the gradient flow would take too long" in caplog.text
    assert large["learning_rate"] == pytest.approx(exact["learning_rate"], rel=1e-2)
    for network, times in exact["half_rise"].items():
        assert large["half_rise"][network] == pytest.approx(times, rel=0.2)


def test_the_file_of_a_choice(tmp_path):
    prepared = Prepared(tmp_path, "digits4")
    dataset_files.write(prepared.data, tmp_path / "data.nc", "digits4", {})
    files = (str(tmp_path / name) for name in ("data.nc", "correlations.nc", "structure.nc"))
    plain = prepared.experiment.model_dump(mode="json")
    automatic.choose_to_file(StructureFiles(*files), prepared.trials, RULES, tmp_path / "chosen.json")
    assert chosen_settings.read(tmp_path / "chosen.json") == prepared.choose()
    resolved = chosen_settings.resolved_settings(plain, [str(tmp_path / "chosen.json")])
    assert isinstance(resolved["updates"], int)
    assert isinstance(resolved["networks"]["linear_cnn"]["learning_rate"], float)
    given = paper.paper_experiments()["digits4"].model_dump(mode="json")
    assert chosen_settings.resolved_settings(given, None) == given


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"updates": 3})])
def test_a_damaged_choice(tmp_path, content):
    (tmp_path / "chosen.json").write_text(content)
    with pytest.raises(DataError, match=r"chosen\.json: not a file of chosen settings .*delete it and run again"):
        chosen_settings.read(tmp_path / "chosen.json")


def test_settings_that_are_still_to_be_chosen_have_no_number():
    experiment = Experiment(dataset=paper.paper_experiments()["digits4"].dataset)
    assert experiment.automatic
    with pytest.raises(ValueError, match="still to be chosen"):
        experiment.record_samples()


@pytest.mark.parametrize(
    ("units", "inputs", "width"), [("auto", 64, 64), ("auto", 5000, 1024), (None, 5000, 5000), (7, 64, 7)]
)
def test_hidden_width(units, inputs, width):
    assert LinearFCNN(hidden_units=units).hidden_width(inputs) == width


AUTOMATIC = Networks(
    linear_cnn=LinearCNN(kernel_std="auto", readout_std="auto"),
    linear_fcnn=LinearFCNN(hidden_units=64, weight_std="auto"),
)


@pytest.mark.parametrize("name", ["geometric_shapes", "digits4", "sums_of_cosines"])
def test_automatic_initial_weights_start_small(tmp_path, name):
    """The part of a_α(0) that grows is typically a thousandth of s_α at most, a_α(0) itself at the most a hundredth."""
    prepared = Prepared(tmp_path, name, AUTOMATIC)
    chosen = prepared.choose()
    assert set(chosen["initial_std"]) == {"linear_cnn", "linear_fcnn"}
    for share in chosen["start"].values():
        assert 0.8 * RULES.start < share <= RULES.start, "two digits, rounded down"
    settings = chosen_settings.resolved(prepared.experiment, chosen)
    assert not settings.automatic
    structure = structure_files.structure_of(structure_files.read_structure(prepared.structure_file))
    data = TrainingData(prepared.data, prepared.averages, structure)
    worth = chosen["modes"]
    for network in ("linear_cnn", "linear_fcnn"):
        task = TwoLayerTask(name=name, settings=settings, network=network, root_seed=0, data=data)
        starts = [task.start(seed) for seed in range(10)]
        omega = task.model.flow(starts, data, np.array([0.0])).whole.effective_singular_values(
            prepared.averages["train"], structure
        )
        share = np.abs(np.einsum("stmm->sm", omega)[:, worth]) / structure.singular_values[worth]
        assert share.max() < 0.01, network


def test_a_tenfold_start_has_three_times_the_standard_deviation(tmp_path):
    prepared = Prepared(tmp_path, "digits4", AUTOMATIC)
    small, large = (prepared.choose(AutomaticSettings(start=start))["initial_std"] for start in (1e-4, 1e-2))
    for network, stds in small.items():
        for key, std in stds.items():
            assert large[network][key] == pytest.approx(10 * std, rel=0.1)


def test_standard_deviations_that_are_given_are_kept(tmp_path):
    networks = Networks(linear_cnn=LinearCNN(kernel_std=2e-3, readout_std="auto"), linear_fcnn=None)
    prepared = Prepared(tmp_path, "digits4", networks)
    chosen = prepared.choose()
    assert list(chosen["initial_std"]["linear_cnn"]) == ["readout_std"]
    resolved = chosen_settings.resolved(prepared.experiment, chosen).networks.linear_cnn
    assert resolved.kernel_std == 2e-3
    assert resolved.readout_std == chosen["initial_std"]["linear_cnn"]["readout_std"]


def test_images_of_any_scale_ask_for_a_start_that_fits():
    def networks(scale, given):
        own = {"dataset": {"kind": "images", "source": "x", "scale": scale}, "networks": given}
        experiment = loading.load({"experiments": {"own": own}}).experiments["own"]
        assert Experiment.model_validate(experiment.model_dump(mode="json")) == experiment
        return experiment.networks

    chosen = networks("auto", {"linear_fcnn": {"weight_std": 1e-2}})
    assert (chosen.linear_cnn.kernel_std, chosen.linear_cnn.readout_std) == ("auto", "auto")
    assert chosen.linear_fcnn.weight_std == 1e-2, "what is given is kept"
    for scale in (None, 255.0):
        assert networks(scale, {}).linear_cnn.kernel_std == 1e-3


def test_a_start_that_is_not_small_is_said(tmp_path, caplog):
    networks = Networks(linear_cnn=LinearCNN(kernel_std=5e-2, readout_std=5e-2), linear_fcnn=None)
    chosen = Prepared(tmp_path, "digits4", networks).choose()
    assert chosen["start"]["linear_cnn"] > 0.05
    assert "the CNN does not start small: a_α(0) is typically" in caplog.text
    assert "set kernel_std, readout_std of the CNN to smaller values or to auto" in caplog.text


def test_a_start_beyond_all_there_is_to_learn_is_refused(tmp_path):
    networks = Networks(linear_cnn=None, linear_fcnn=LinearFCNN(hidden_units=64, weight_std=10.0))
    with pytest.raises(
        UserError, match=r"initial weights of the FCNN answer more than there is to learn .* weight_std"
    ):
        Prepared(tmp_path, "digits4", networks).choose()


def test_the_scale_of_the_images_does_not_change_what_is_chosen(tmp_path):
    values = np.random.default_rng(0).random((12, 6, 6))
    values[::2, :3] /= 3
    choices = []
    for number, factor in enumerate((1.0, 4095.0, 1e-7)):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = array_file(folder, images=factor * values, labels=np.arange(12) % 2)
        own = {"dataset": {"kind": "images", "source": str(source), "scale": "auto"}}
        settings = loading.load({"experiments": {"own": own}}).experiments["own"]
        settings.dataset.write(Making("own", 0), folder / "data.nc")
        structure_of_file(folder / "data.nc", folder)
        trials = Trials(name="own", settings=settings, root_seed=0, seeds=3)
        files = StructureFiles(folder / "data.nc", folder / "correlations.nc", folder / "structure.nc")
        automatic.choose_to_file(files, trials, RULES, folder / "chosen.json")
        choices.append(chosen_settings.read(folder / "chosen.json"))
    assert choices[0] == choices[1] == choices[2]
    assert max(choices[0]["start"].values()) <= RULES.start
