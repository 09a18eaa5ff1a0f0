"""The configuration is checked before anything runs, and its documents agree with it."""

import copy
import itertools
import json

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

from conftest import PROJECT
from learning_dynamics.config import configuration, default_file, documents, experiments, loading
from learning_dynamics.datasets.kinds import cifar10, shapes
from learning_dynamics.errors import ConfigurationError
from learning_dynamics.networks import deep_cnn, linear_cnn, linear_fcnn


def read(name):
    return yaml.safe_load((PROJECT / "config" / name).read_text(encoding="utf-8"))


def test_config_yaml_is_the_paper():
    assert loading.load(read("config.yaml")) == configuration.Config()


def test_config_yaml_leaves_no_key_out():
    assert read("config.yaml") == configuration.Config().model_dump(mode="json")


@pytest.mark.parametrize(("file", "points"), [("deep_sweep.yaml", 4), ("deep_sweep_long.yaml", 3)])
def test_sweep_of_the_deep_networks_is_a_valid_configuration(file, points):
    sweep = loading.load(read(file))
    assert len(sweep.experiments) == points
    for experiment in sweep.experiments.values():
        linear, relu = experiment.networks.deep_linear_cnn, experiment.networks.deep_relu_cnn
        assert linear.model_dump() == relu.model_dump(), "both networks share one learning rate and factor"


def test_smoke_changes_sizes_only():
    smoke = loading.load(read("smoke.yaml"))
    paper = configuration.Config()
    assert list(smoke.experiments) == list(paper.experiments)
    for name, experiment in smoke.experiments.items():
        assert experiment.updates < paper.experiments[name].updates
        assert experiment.networks.names == paper.experiments[name].networks.names
        assert experiment.dataset.class_names == paper.experiments[name].dataset.class_names


@pytest.mark.parametrize("name", ["schema.json", "README.md", "config.yaml"])
def test_generated_documents_are_up_to_date(name, tmp_path):
    documents.write(tmp_path)
    written = (tmp_path / name).read_text(encoding="utf-8")
    assert (PROJECT / "config" / name).read_text(encoding="utf-8") == written, "run make config-documents"


def test_no_remark_in_config_yaml_is_on_a_key_that_is_gone():
    lines = [line.strip(" #") for line in default_file.text().splitlines()]
    for remark in (*default_file.ABOVE.values(), *default_file.BESIDE.values()):
        assert remark in " ".join(lines)


def test_a_network_is_asked_for_with_an_empty_mapping_unless_config_yaml_has_null_there():
    def merged(experiment, network):
        settings = read("config.yaml")
        update_config(settings, {"experiments": {experiment: {"networks": {network: {}}}, "cifar4": None}})
        return loading.load(settings).experiments[experiment].networks

    assert merged("digits4", "deep_relu_cnn").deep_relu_cnn == deep_cnn.DeepReluCNN()
    assert merged("cifar10", "linear_cnn").linear_cnn is None


@pytest.mark.parametrize("name", ["config.yaml", "smoke.yaml"])
def test_schema_accepts_our_files_and_refuses_typos(name):
    validator = Draft202012Validator(json.loads(documents.schema()))
    settings = read(name)
    assert list(validator.iter_errors(settings)) == []
    settings["experiments"]["pure_cosines"]["seeds"] = 3
    assert list(validator.iter_errors(settings)) == []
    settings["experiments"]["pure_cosines"]["updatez"] = 3
    assert list(validator.iter_errors(settings))


def test_every_key_is_described():
    readme = documents.readme()
    for model in (
        configuration.Config,
        experiments.Experiment,
        linear_cnn.LinearCNN,
        linear_fcnn.LinearFCNN,
        cifar10.Cifar10Dataset,
    ):
        for key in model.model_fields:
            assert f"| `{key}` |" in readme


def test_new_experiment_needs_only_a_dataset():
    settings = {"experiments": {"mine": {"dataset": {"kind": "shapes", "side": 9}}}}
    loaded = loading.load(settings)
    assert loaded.experiments["mine"].networks.names == ["linear_cnn", "linear_fcnn"]
    assert loaded.experiments["mine"].automatic
    assert not any(experiment.automatic for experiment in configuration.Config().experiments.values())
    assert loaded.experiments["pure_cosines"] == configuration.Config().experiments["pure_cosines"]


def test_seeds_are_those_of_the_experiment_or_of_the_file_or_as_the_ledger_needs():
    own = {"mine": {"dataset": {"kind": "shapes"}}, "cifar4": {"seeds": 20}, "geometric_shapes": {"seeds": 15}}
    automatic, told = loading.load({"experiments": own}), loading.load({"experiments": own, "seeds": 3})
    numbers = {"mine": 10, "digits4": 20, "cifar10": 10, "pure_cosines": 40, "cifar4": 20, "geometric_shapes": 15}
    assert {name: automatic.seeds_of(name) for name in numbers} == numbers
    assert {name: told.seeds_of(name) for name in numbers} == dict.fromkeys(numbers, 3) | {
        "cifar4": 20,
        "geometric_shapes": 15,
    }
    assert loading.load({"experiments": {"mine": {**own["mine"], "seeds": None}}, "seeds": 3}).seeds_of("mine") == 3


def test_a_number_of_seeds_over_config_yaml_is_that_of_all_experiments():
    """As Snakemake lays a user's file over it."""
    settings = read("config.yaml")
    update_config(settings, {"seeds": 3, "experiments": {"digits4": {"seeds": 5}}})
    loaded = loading.load(settings)
    assert {name: loaded.seeds_of(name) for name in loaded.experiments} == dict.fromkeys(loaded.experiments, 3) | {
        "digits4": 5
    }


def test_seeds_are_no_part_of_the_settings_that_results_record():
    few, many = (
        loading.load({"experiments": {"digits4": {"seeds": seeds}}}).experiments["digits4"] for seeds in (2, 3)
    )
    assert few != many
    assert few.model_dump(mode="json") == many.model_dump(mode="json")


def test_folders_have_one_spelling_and_know_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/some/home")
    settings = loading.load({"results": "~/runs//mine/", "downloads": "./data", "archive": "~/a.zip"})
    assert settings.results == "/some/home/runs/mine"
    assert settings.downloads == "data"
    assert settings.archive == "/some/home/a.zip"


def test_experiment_and_network_can_be_left_out():
    settings = {"experiments": {"cifar4": None, "digits4": {"networks": {"linear_fcnn": None}}}}
    loaded = loading.load(settings)
    assert "cifar4" not in loaded.experiments
    assert loaded.experiments["digits4"].networks.names == ["linear_cnn"]


def test_dataset_of_another_kind_replaces_the_old_one():
    settings = {"experiments": {"digits4": {"dataset": {"kind": "shapes"}}}}
    assert loading.load(settings).experiments["digits4"].dataset == shapes.ShapesDataset()


def test_records_are_evenly_spaced_and_reach_both_ends():
    experiment = experiments.Experiment(dataset=shapes.ShapesDataset(), updates=1001, records=7, snapshots=[500])
    samples = experiment.record_samples()
    steps = [after - before for before, after in itertools.pairwise(samples)]
    assert samples[0] == 0
    assert samples[-1] == 1001
    assert max(steps) - min(steps) <= 1
    assert experiment.snapshot_samples() == [0, 500, 1001]


MISTAKES = {
    "sedes: 3": ["'sedes'", "did you mean 'seeds'"],
    "seeds: '3'": ["'seeds'", "expected a valid integer"],
    "seeds: 0": ["'seeds'", "greater than or equal to 1"],
    "seeds: true": ["'seeds'", "integer"],
    "seeds: many": ["'seeds'", "integer"],
    "seeds: 100001": ["'seeds'", "less than or equal to 10000"],
    "experiments: {digits4: {seeds: 0}}": ["digits4.seeds'", "greater than or equal to 1"],
    "experiments: {digits4: {seeds: auto}}": ["digits4.seeds'", "integer"],
    "root_seed: -1": ["'root_seed'", "greater than or equal to 0"],
    "results: ''": ["'results'", "at least 1 character"],
    "cifar10: null": ["'cifar10'", "string"],
    "divergence_factor: 1e-3": ["'divergence_factor'", "greater than 1, got 0.001"],
    "divergence_factor: 1e999": ["'divergence_factor'", "finite"],
    "root_seed: 1.5e0": ["'root_seed'", "integer"],
    "root_seed: 1e30": ["'root_seed'", "integer"],
    "seeds: 10001": ["'seeds'", "less than or equal to 10000"],
    "largest_input: 70000": ["'largest_input'", "less than or equal to 65536"],
    "variants: {updates: 1e9}": ["'variants.updates'", "less than or equal to 100000000"],
    "scaling: {std: {seeds: 1e4}}": ["'scaling.std.seeds'", "less than or equal to 1000"],
    "scaling: {learning_rate: {training_time: 1e9}}": ["learning_rate.training_time'", "at most 100,000,000"],
    "experiments: {digits4: {updates: 1e12}}": ["digits4.updates'", "days on one core", "expected at most"],
    "experiments: {digits4: {updates: 1e13}}": ["digits4.updates'", "less than or equal to 1000000000000"],
    "automatic: {most_updates: 1e12}\nexperiments: {mine: {dataset: {kind: shapes}}}": [
        "'automatic.most_updates'",
        "days on one core",
    ],
    "experiments: {digits4: {networks: {linear_fcnn: {hidden_units: 1e9}}}}": ["hidden_units'", "GB; expected at most"],
    "experiments: {geometric_shapes: {dataset: {side: 4096}, networks: {linear_fcnn: {hidden_units: null}}}}": [
        "hidden_units'",
        "GB",
    ],
    "experiments: {geometric_shapes: {dataset: {side: 5000}}}": ["side'", "less than or equal to 4096"],
    "experiments: {geometric_shapes: {dataset: {side: 128}, records: 1e5, networks: {linear_fcnn: null}, "
    "updates: 1e5}}": [
        "geometric_shapes.records'",
        "GB; expected at most",
    ],
    "experiments: {digits4: {networks: {linear_cnn: {kernel_std: 1e-150}}}}": [
        "kernel_std'",
        "at least 1e-30, got 1e-150",
    ],
    "experiments: {digits4: {networks: {linear_cnn: {kernel_std: 1e300}}}}": ["kernel_std'", "less than or equal"],
    "divergence_factor: .nan": ["'divergence_factor'", "finite"],
    "checkpoint_minutes: .inf": ["'checkpoint_minutes'", "finite"],
    "checkpoint_minutes: 1e300": ["'checkpoint_minutes'", "less than or equal to 1000000000000"],
    "experiments: 3": ["'experiments'", "keys and values"],
    "experiments: {pure_cosines: 5}": ["'experiments.pure_cosines'", "keys and values"],
    "experiments: {'my data': {dataset: {kind: shapes}, updates: 1000}}": ["my data", "letters, digits and '_'"],
    "experiments: {pure_cosine: {updates: 500}}": ["pure_cosine.dataset'", "did you mean 'pure_cosines'"],
    "experiments: {mine: {dataset: {kind: shape}, updates: 500}}": ["mine.dataset'", "did you mean 'shapes'"],
    "experiments: {mine: {dataset: {side: 8}, updates: 500}}": ["mine.dataset'", "'kind' is missing"],
    "experiments: {mine: {dataset: {kind: shapes}, updates: soon}}": ["mine.updates'", "integer"],
    "experiments: {mine: {dataset: {kind: shapes}, updates: Auto}}": ["mine.updates'"],
    "experiments: {mine: {dataset: {kind: shapes}, networks: {linear_cnn: {learning_rate: slow}}}}": ["learning_rate'"],
    "experiments: {mine: {dataset: {kind: shapes}, networks: {linear_fcnn: {hidden_units: few}}}}": ["hidden_units'"],
    "experiments: {cifar10: {updates: auto}}": ["cifar10.updates'", "expected a number for deep_linear_cnn"],
    "experiments: {geometric_shapes: {networks: {linear_cnn: {learning_rate: auto}}}}": ["has settings that are auto"],
    "automatic: {step: 0.0}": ["automatic.step'", "greater than 0"],
    "automatic: {start: 0.5}": ["automatic.start'", "less than or equal to 0.1"],
    "automatic: {step: 2.0}": ["automatic.step'", "less than or equal to 1"],
    "automatic: {smallest_mode: 0}": ["automatic.smallest_mode'", "greater than 0"],
    "automatic: {most_updates: 0}": ["automatic.most_updates'", "greater than or equal to 1"],
    "automatic: {most_update: 9}": ["did you mean 'most_updates'"],
    "automatic: 3": ["'automatic'", "keys and values"],
    "largest_input: 0": ["'largest_input'", "greater than or equal to 1"],
    "largest_input: many": ["'largest_input'", "integer"],
    "experiments: {digits4: {order: randm}}": ["digits4.order'", "did you mean 'random'"],
    "experiments: {digits4: {updates: 10}}": ["digits4.records'", "more than updates (10)"],
    "experiments: {digits4: {snapshots: [50000]}}": ["digits4.snapshots'", "after the last update"],
    "experiments: {digits4: {networks: null}}": ["digits4.networks'", "keys and values"],
    "experiments: {digits4: {networks: {linear_cnn: null, linear_fcnn: null}}}": ["digits4.networks'", "at least one"],
    "experiments: {digits4: {networks: {linear_cnm: {}}}}": ["linear_cnm'", "did you mean 'linear_cnn'"],
    "experiments: {digits4: {networks: {linear_cnn: {learning_rate: 0}}}}": [
        "learning_rate'",
        "greater than 0",
    ],
    "experiments: {digits4: {networks: {linear_cnn: {learning_rate: 1e20}}}}": [
        "learning_rate'",
        "less than or equal to 1000",
    ],
    "experiments: {digits4: {networks: {linear_cnn: {lerning_rate: 0.1}}}}": ["did you mean 'learning_rate'"],
    "experiments: {digits4: {networks: {linear_cnn: {initial_weights: aligned}}}}": ["initial_weights'", "normal"],
    "experiments: {digits4: {networks: {linear_fcnn: {initial_weights: diagonal}}}}": ["initial_weights'", "aligned"],
    "experiments: {pure_cosines: {networks: {linear_fcnn: {hidden_units: 3}}}}": ["hidden_units'", "at least 4"],
    "experiments: {pure_cosines: {dataset: {classes: [[{frequency: [0, 1], amplitude: 1.0}], [{frequency: [1, 1], "
    "amplitude: 1.0}]]}}}": ["initial_weights'", "distinct singular values"],
    "experiments: {pure_cosines: {dataset: {side: 7}}}": ["frequency'", "outside the image", "0 to 6"],
    "experiments: {pure_cosines: {dataset: {classes: [[{frequency: [0, 1], amplitude: 1.0}]]}}}": [
        "classes'",
        "2 items",
    ],
    "experiments: {pure_cosines: {dataset: {classes: [[{frequency: [1], amplitude: 1.0}], []]}}}": ["frequency'"],
    "experiments: {geometric_shapes: {dataset: {side: 1}}}": ["side'", "greater than or equal to 2"],
    "experiments: {geometric_shapes: {dataset: {shapes: [disc, disk]}}}": ["shapes.1'", "did you mean 'disc'"],
    "experiments: {geometric_shapes: {dataset: {shapes: [disc, disc]}}}": ["shapes'", "twice"],
    "experiments: {geometric_shapes: {dataset: {wall: 0.65}}}": ["wall'", "less than"],
    "experiments: {geometric_shapes: {dataset: {radius: 1.5}}}": ["radius'", "less than or equal to 1"],
    "experiments: {digits4: {dataset: {classes: [1, 1]}}}": ["classes'", "twice"],
    "experiments: {digits4: {dataset: {test_fraction: 1.0}}}": ["test_fraction'", "less than 1"],
    "experiments: {cifar4: {dataset: {classes: [airplan, cat]}}}": ["classes'", "did you mean 'airplane'"],
    "experiments: {cifar4: {dataset: {train_images: 3}}}": ["train_images'", "at least 4"],
    "experiments: {cifar4: {dataset: {train_images: 24000}}}": ["train_images'", "at most 20000"],
    "experiments: {cifar4: {dataset: {test_images: 4004}}}": ["test_images'", "at most 4000"],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistake_is_named_in_one_line(text):
    settings = yaml.safe_load(text)
    unchanged = copy.deepcopy(settings)
    with pytest.raises(ConfigurationError) as error:
        loading.load(settings)
    message = str(error.value)
    assert settings == unchanged
    lines = [line for line in message.splitlines() if all(part in line for part in MISTAKES[text])]
    assert lines, f"no line of {message!r} holds all of {MISTAKES[text]}"
    assert all(line.startswith("configuration key '") for line in message.splitlines())


@pytest.mark.parametrize("number", ["1e5", "1E+5", "1.0e5", "1.0e+05", "100000.0", "100000"])
def test_a_whole_number_may_be_written_in_any_notation(number):
    settings = yaml.safe_load(f"{{experiments: {{digits4: {{updates: {number}, records: 4e2}}}}, seeds: 3.0}}")
    loaded = loading.load(settings)
    assert (loaded.experiments["digits4"].updates, loaded.experiments["digits4"].records) == (100_000, 400)
    assert loaded.seeds == 3
    assert all(isinstance(value, int) for value in (loaded.experiments["digits4"].updates, loaded.seeds))


@pytest.mark.parametrize("number", ["1e-3", "1.0e-3", "0.001", "10E-4"])
def test_a_number_may_be_written_in_any_notation(number):
    text = f"{{digits4: {{networks: {{linear_cnn: {{learning_rate: {number}}}}}}}}}"
    network = loading.load({"experiments": yaml.safe_load(text)}).experiments["digits4"].networks.linear_cnn
    assert network.learning_rate == 1e-3


def test_a_message_is_short_whatever_it_is_about():
    bomb = ["x"] * 9
    for _ in range(12):
        bomb = [bomb] * 9
    with pytest.raises(ConfigurationError) as error:
        loading.load({"seeds": bomb, "experiments": {"mine": {"dataset": {"kind": "images", "source": bomb}}}})
    assert len(str(error.value)) < 2000


def test_more_classes_than_values_is_refused():
    cosines = [[{"frequency": [f % 2, f // 2], "amplitude": 1.0}] for f in range(4)]
    settings = {"experiments": {"mine": {"dataset": {"kind": "cosines", "side": 2, "classes": [*cosines, *cosines]}}}}
    with pytest.raises(ConfigurationError, match="8 classes for images of 4 values"):
        loading.load(settings)
