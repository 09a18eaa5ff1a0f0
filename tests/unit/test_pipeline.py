"""What targets ask for, which experiments are measured, how large jobs are: without Snakemake."""

import json
import os
import re
from pathlib import Path

import netCDF4
import pytest

from learning_dynamics.config import loading
from learning_dynamics.errors import ConfigurationError, DataError
from learning_dynamics.figures import catalogue
from learning_dynamics.pipeline import configuration, job_sizes
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.extensions import Extensions
from learning_dynamics.pipeline.job_sizes import JobSizes, SeedBlock
from learning_dynamics.pipeline.measured import Measured
from learning_dynamics.pipeline.report import Categories, in_report
from learning_dynamics.pipeline.result_files import ResultFiles, found_at, paths_of, settings_of
from learning_dynamics.pipeline.targets import Targets

CLAIMS = Path(__file__).parents[2] / "config" / "claims.yaml"
NO_DOWNLOAD = ["pure_cosines", "pure_cosines_cyclic", "sums_of_cosines", "geometric_shapes", "digits4"]
MINE = {"dataset": {"kind": "images", "source": "pictures"}}
RATES = {"linear_cnn": {"learning_rate": 1e-3}, "linear_fcnn": {"learning_rate": 1e-2}}


def experiments(archived=False, **settings):
    return Experiments(loading.load({"seeds": 2, **settings}), archived)


def targets(chosen):
    return Targets(ResultFiles(chosen), Extensions(chosen))


class Run:
    """A run on this machine that makes the files of some networks, and of the runs under some keys.

    A network is given by its experiment and its name.
    """

    def __init__(self, *made):
        self.made = made

    def makes(self, paths, through=()):
        trained = {path for path in paths if tuple(path.split("/")[-3:-1]) in self.made}
        return trained | {path for path in through if path.split("/")[-2] in self.made}

    def has(self, path):
        return Path(path).exists()

    def local(self, path):
        return path

    def is_of_present_parameters(self, path):
        raise AssertionError("files on this machine are looked into")


def measured(chosen, *made):
    return Measured(ResultFiles(chosen), Extensions(chosen), Run(*made))


def trained(paths):
    """The experiments and networks whose trajectories are among some paths."""
    return {tuple(path.split("/")[2:4]) for path in paths if path.split("/")[1] == "trajectories"}


# Experiments


def test_experiments_are_selected_by_download_networks_and_owner():
    chosen = experiments(experiments={"mine": MINE, "also_mine": {"dataset": {"kind": "shapes"}}})
    assert chosen.without_download == [*NO_DOWNLOAD, "mine", "also_mine"]
    assert chosen.own == ["mine", "also_mine"]
    assert chosen.two_layer(["cifar10", "cifar4"]) == ["cifar4"]
    assert chosen.networks("cifar10") == []
    assert chosen.networks("cifar10", deep=True) == ["deep_linear_cnn", "deep_relu_cnn"]
    assert "cifar10" in experiments(archived=True).without_download


# Targets


def test_default_target_needs_no_download():
    paths = targets(experiments()).default
    assert trained(paths) == {(name, network) for name in NO_DOWNLOAD for network in ("linear_cnn", "linear_fcnn")}
    assert "results/trajectories/digits4/linear_cnn/seed-1.nc" in paths
    assert "results/trajectories/digits4/linear_cnn/seed-2.nc" not in paths
    assert {"results/claims.json", "results/claims.html", "results/provenance.html"} <= set(paths)
    assert {"results/figures/fig5_digits.png", "results/figures/scaling.pdf", "results/variants/comparison.nc"} <= set(
        paths
    )
    assert not [path for path in paths if "cifar" in path or "fig5.p" in path or "fig6" in path]
    assert len(paths) == len(set(paths))


def test_two_layer_adds_cifar4_and_everything_the_deep_networks():
    asked = targets(experiments())
    more = trained(asked.two_layer) - trained(asked.default)
    assert more == {("cifar4", "linear_cnn"), ("cifar4", "linear_fcnn")}
    assert "results/figures/fig5.png" in asked.two_layer
    assert "results/figures/fig6.png" not in asked.two_layer
    most = trained(asked.everything) - trained(asked.two_layer)
    assert most == {("cifar10", "deep_linear_cnn"), ("cifar10", "deep_relu_cnn")}
    assert "results/figures/fig6.png" in asked.everything
    assert "results/figures/cifar10/losses.png" not in asked.everything


def test_archive_needs_no_download_and_predicts_nothing():
    asked = targets(experiments(archived=True, experiments={"mine": MINE}))
    assert {name for name, _ in trained(asked.default)} == {*NO_DOWNLOAD, "cifar4", "cifar10", "mine"}
    assert not [path for path in asked.default if "/predictions/" in path]


def test_own_targets_are_about_own_experiments_only():
    asked = targets(experiments(experiments={"mine": MINE}))
    assert asked.predictions == [f"results/predictions/mine.{suffix}" for suffix in ("json", "txt", "html")]
    assert set(asked.predictions) < set(asked.own) < set(asked.default)
    assert {Path(path).parent.name for path in asked.own} == {"predictions", "mine"}
    assert "results/predictions/mine_measured.json" in asked.own
    drawn = {Path(path).stem for path in asked.own if path.endswith(".png")}
    assert drawn == set(catalogue.EXPERIMENT_FIGURES) | set(catalogue.COMPARISON_FIGURES)


def test_own_targets_without_own_experiments_ask_for_a_hint():
    asked = targets(experiments())
    assert asked.own == asked.predictions
    assert "docs/own-images.md" in asked.own[0]
    assert not set(asked.own) & set(asked.default)


def test_paper_figure_is_drawn_when_all_it_shows_is_there():
    asked = targets(experiments(experiments={"digits4": None, "sums_of_cosines": {"networks": {"linear_fcnn": None}}}))
    names = list(asked.files.experiments.names)
    assert "fig5_digits" not in asked.paper_figures(names, deep=True)
    assert "fig4" not in asked.paper_figures(names, deep=True)
    assert "figS1" in asked.paper_figures(names, deep=True)
    assert "fig6" in asked.paper_figures(names, deep=True)
    assert "fig6" not in asked.paper_figures(names, deep=False)
    assert asked.paper_figures([], deep=True) == ["fig1"]


def test_finished_is_what_is_there_and_present(tmp_path, capsys):
    asked = targets(experiments(results=str(tmp_path)))
    with pytest.raises(DataError, match="nothing has been made yet"):
        asked.finished(os.path.exists, lambda path: True)
    made = [
        f"{tmp_path}/{name}" for name in ("figures/fig1.png", "claims.html", "trajectories/cifar4/linear_cnn/seed-0.nc")
    ]
    for path in made:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert sorted(asked.finished(os.path.exists, lambda path: True)) == sorted(made)
    assert capsys.readouterr().err == ""
    assert sorted(asked.finished(os.path.exists, lambda path: "fig1" not in path)) == sorted(made[1:])
    message = capsys.readouterr().err
    assert "1 pictures and pages are left out" in message
    assert made[0] in message
    # Of data there are too many to ask.
    assert asked.finished(os.path.exists, lambda path: False) == made[2:]


def test_unknown_names_are_refused_with_what_there_is():
    chosen = experiments()
    chosen.require("digits4", "linear_cnn")
    chosen.require("cifar10", "deep_relu_cnn")
    chosen.require_two_layer("cifar4")
    with pytest.raises(
        ConfigurationError, match=r"'digit4': not configured \(did you mean 'digits4'\?\); there are pure"
    ):
        chosen.require("digit4")
    with pytest.raises(
        ConfigurationError, match="'cifar4': no network 'deep_relu_cnn'; it has linear_cnn, linear_fcnn"
    ):
        chosen.require("cifar4", "deep_relu_cnn")
    with pytest.raises(ConfigurationError, match=r"no network 'linear_cn' \(did you mean 'linear_cnn'\?\)"):
        chosen.require("cifar4", "linear_cn")
    with pytest.raises(ConfigurationError, match="'cifar10': no two-layer network"):
        chosen.require_two_layer("cifar10")


# Files


def test_files_of_an_experiment_are_plain_data():
    files = ResultFiles(experiments()).of(["digits4"])
    assert files["digits4"]["theory_files"] == {
        network: f"results/theory/digits4/{network}.nc" for network in ("linear_cnn", "linear_fcnn")
    }
    assert json.loads(json.dumps(files)) == files
    assert len(paths_of(files)) == 2 + 2 + 4
    assert paths_of(files, trajectories=False) == paths_of(files)[:4]


def test_job_finds_files_where_a_module_or_storage_has_put_them():
    files = ResultFiles(experiments(experiments={"mine": MINE})).of(["mine", "digits4"])
    found = found_at(files, [f"elsewhere/{path}" for path in paths_of(files)])
    assert paths_of(found) == [f"elsewhere/{path}" for path in paths_of(files)]
    assert settings_of(found) == settings_of(files)
    assert found["mine"]["chosen_file"].resolve
    untrained = found_at(files, [f"a/{path}" for path in paths_of(files, trajectories=False)], trajectories=False)
    assert untrained["mine"]["dataset_file"] == "a/results/datasets/mine.nc"
    assert untrained["mine"]["trajectory_files"] == files["mine"]["trajectory_files"]


def test_settings_that_are_chosen_are_a_file_too():
    files = ResultFiles(experiments(experiments={"mine": MINE, "fixed": {**MINE, "networks": RATES, "updates": 1000}}))
    assert files.chosen_settings("mine") == ["results/settings/mine.json"]
    assert files.chosen_settings("fixed") == []
    assert "results/settings/mine.json" in paths_of(files.of(["mine"]))
    assert "chosen_file" not in files.of(["fixed"])["fixed"]


def test_deep_networks_have_trajectories_and_no_theory():
    files = ResultFiles(experiments()).with_deep_networks("cifar10")["cifar10"]
    assert list(files["trajectory_files"]) == ["deep_linear_cnn", "deep_relu_cnn"]
    assert files["theory_files"] == {}


def test_paper_figure_shows_its_networks_only():
    files = ResultFiles(experiments()).of_paper_figure("figS1")
    assert {name: list(part["trajectory_files"]) for name, part in files.items()} == {"sums_of_cosines": ["linear_cnn"]}


# What is measured


def make(results, name, recorded=None):
    """Result files of an experiment; trajectories record its settings, or others."""
    files = results.with_deep_networks(name)
    for path in paths_of(files):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    config = results.experiments.config
    for network, paths in files[name]["trajectory_files"].items():
        settings = {**files[name]["settings"], "root_seed": config.root_seed, "network": network, **(recorded or {})}
        for path in paths:
            with netCDF4.Dataset(path, "w") as file:
                file.settings = json.dumps(settings)


CIFAR4 = [("cifar4", "linear_cnn"), ("cifar4", "linear_fcnn")]
CIFAR10 = [("cifar10", "deep_linear_cnn"), ("cifar10", "deep_relu_cnn")]


@pytest.mark.parametrize(
    ("made", "more"),
    [
        ([], []),
        (CIFAR4, ["cifar4"]),
        (CIFAR4[:1], []),
        (CIFAR10, ["cifar10"]),
        (CIFAR4 + CIFAR10, ["cifar4", "cifar10"]),
    ],
)
def test_run_measures_what_it_makes(made, more):
    asked = measured(experiments(), *made)
    assert list(asked.files) == [*NO_DOWNLOAD, *more]
    assert list(asked.two_layer_files) == [name for name in asked.files if name != "cifar10"]
    assert not set(paths_of(asked.files)) & asked.kept_paths


def test_archive_is_measured_whole():
    asked = measured(experiments(archived=True))
    assert set(asked.files) == {*NO_DOWNLOAD, "cifar4", "cifar10"}
    assert not asked.kept_paths


def test_results_that_are_complete_already_are_measured_as_they_are_in_the_order_of_the_configuration(tmp_path):
    chosen = experiments(results=str(tmp_path))
    results = ResultFiles(chosen)
    make(results, "cifar4")
    make(results, "cifar10")
    asked = measured(chosen)
    assert list(asked.files) == chosen.names
    assert list(asked.two_layer_files) == [*NO_DOWNLOAD, "cifar4"]
    assert set(asked.files["cifar10"]["trajectory_files"]) == {"deep_linear_cnn", "deep_relu_cnn"}
    kept = set(paths_of(results.of(["cifar4"]) | results.with_deep_networks("cifar10")))
    assert asked.kept_paths == kept
    # The same files whether the run makes them or not: nothing to do for the second of two targets.
    again = measured(chosen, *CIFAR4)
    assert again.files == asked.files
    assert again.kept_paths == set(paths_of(results.with_deep_networks("cifar10")))
    # One of its networks may be made anew: the other's files must be waited for too.
    assert measured(chosen, *CIFAR4[:1]).kept_paths == again.kept_paths


def test_deep_networks_beside_two_layer_ones_are_measured_for_themselves(tmp_path):
    both = {"digits4": {"networks": {"deep_linear_cnn": {"channels": 4}}}}
    chosen = experiments(results=str(tmp_path), experiments=both)
    assert set(measured(chosen).files["digits4"]["trajectory_files"]) == {"linear_cnn", "linear_fcnn"}
    assert len(measured(chosen, ("digits4", "deep_linear_cnn")).files["digits4"]["trajectory_files"]) == 3
    results = ResultFiles(chosen)
    make(results, "digits4")
    asked = measured(chosen)
    assert len(asked.files["digits4"]["trajectory_files"]) == 3
    # The images are made by the run, and its deep networks are not.
    kept = asked.kept_paths & set(paths_of(asked.files))
    assert kept == set(results.trajectories("digits4", "deep_linear_cnn"))


def test_what_is_asked_for_is_found_while_the_ledger_s_own_inputs_are_looked_through(tmp_path):
    """The search goes through the rule of the ledger too, which asks what is measured."""
    chosen = experiments(results=str(tmp_path))
    make(ResultFiles(chosen), "cifar4", {"updates": 7})
    seen = []

    class Searching(Run):
        def makes(self, paths, through=()):
            seen.append(list(asked.files))
            return super().makes(paths, through)

    asked = Measured(ResultFiles(chosen), Extensions(chosen), Searching(*CIFAR4))
    assert list(asked.files) == [*NO_DOWNLOAD, "cifar4"]
    assert seen == [NO_DOWNLOAD]


def test_results_in_storage_are_judged_by_the_records_of_snakemake(tmp_path, capsys):
    chosen = experiments(results=str(tmp_path))

    class Stored(Run):
        def has(self, path):
            return "cifar4" in path

        def local(self, path):
            return None

        def is_of_present_parameters(self, path):
            return path != self.outdated

    run = Stored()
    run.outdated = None
    assert "cifar4" in Measured(ResultFiles(chosen), Extensions(chosen), run).files
    run.outdated = ResultFiles(chosen).trajectories("cifar4", "linear_fcnn")[1]
    assert "cifar4" not in Measured(ResultFiles(chosen), Extensions(chosen), run).files
    assert f"cifar4 is left out: {run.outdated} was made with other settings" in capsys.readouterr().err


def test_results_of_which_a_file_is_missing_are_not_measured(tmp_path, capsys):
    results = ResultFiles(experiments(results=str(tmp_path)))
    make(results, "cifar4")
    Path(results.trajectories("cifar4", "linear_fcnn")[1]).unlink()
    assert "cifar4" not in measured(results.experiments).files
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("recorded", [{"updates": 7}, {"root_seed": 1}])
def test_results_of_other_settings_are_left_out_with_one_warning(tmp_path, capsys, recorded):
    results = ResultFiles(experiments(results=str(tmp_path)))
    make(results, "cifar4", recorded)
    asked = measured(results.experiments)
    assert "cifar4" not in asked.files
    assert "cifar4" not in asked.two_layer_files
    message = capsys.readouterr().err
    assert message.count("cifar4 is left out") == 1
    assert f"('{next(iter(recorded))}' differs)" in message


def test_damaged_results_are_left_to_the_job_that_reads_them(tmp_path):
    results = ResultFiles(experiments(results=str(tmp_path)))
    make(results, "cifar4")
    for path in results.trajectories("cifar4", "linear_cnn"):
        Path(path).write_text("damaged")
    assert "cifar4" in measured(results.experiments).files


def test_data_files_are_named_as_in_a_results_folder(tmp_path):
    asked = measured(experiments(results=str(tmp_path)))
    assert asked.data_files["datasets/digits4.nc"] == f"{tmp_path}/datasets/digits4.nc"
    assert asked.data_files["scaling/std.nc"] == f"{tmp_path}/scaling/std.nc"
    assert "trajectories/digits4/linear_cnn/seed-1.nc" in asked.data_files


def test_settings_and_licences_are_of_what_is_measured():
    asked = measured(experiments(experiments={"mine": MINE}))
    assert set(asked.settings["experiments"]) == set(asked.licences) == {*NO_DOWNLOAD, "mine"}
    assert asked.licences["digits4"]["redistributable"]
    assert not asked.licences["mine"]["redistributable"]
    assert json.loads(json.dumps(asked.licences)) == asked.licences


def test_edited_licence_is_another_parameter(monkeypatch):
    asked = measured(experiments())
    before = asked.licences
    kind = type(asked.results.experiments["digits4"].dataset)
    monkeypatch.setattr(kind, "LICENCE", kind.LICENCE.__class__("other terms", "", redistributable=False))
    assert {name for name in before if before[name] != asked.licences[name]} == {"digits4"}


# Runs beyond the paper's experiments


def test_extensions_need_their_experiments():
    whole = Extensions(experiments())
    assert {key: list(files) for key, files in whole.figure_files.items()} == {
        "scaling": ["side", "std", "learning_rate"],
        "variants": ["circular", "two-kernels", "four-kernels", "zero-padding", "correlation", "comparison"],
        "zero_padding": ["circular", "zero-padding", "comparison"],
    }
    assert "results/figures/variants.png" in whole.results(["variants"])
    assert set(whole.files(["variants"]).values()) < set(whole.results(["variants"]))
    config = experiments(experiments=dict.fromkeys(set(whole.experiments.config.extension_experiments().values())))
    without = Extensions(config)
    assert without.figure_files == {"scaling": {"side": "results/scaling/side.nc"}}
    assert without.variant_files("zero_padding") == {}
    assert without.without_download == ["scaling"]
    # The caption of a figure quotes these.
    assert without.settings("scaling").keys() == {"runs"}
    assert whole.settings("scaling").keys() == {"runs", "scaling.std.experiment", "scaling.learning_rate.experiment"}


def test_extensions_that_are_null_make_nothing():
    without = Extensions(experiments(scaling=None, variants=None, zero_padding=None))
    assert without.figure_files == {}
    assert without.experiment("scaling.std.experiment") is None
    assert without.experiment_settings("variants.experiment") is None


def test_extension_settings_are_of_one_run():
    runs = Extensions(experiments())
    config = runs.experiments.config
    for key in ("variants", "zero_padding"):
        block = config.variant_block(key)
        assert runs.experiment(f"{key}.experiment") == block.experiment
        for name, convolution in block.convolutions.items():
            settings = runs.variant_settings(f"{key}/{name}")
            assert settings["convolution"] == convolution.model_dump(mode="json")
            assert settings["seeds"] == block.seeds
        assert runs.experiment_settings(f"{key}.experiment")["updates"] == block.updates
    assert runs.scaling_settings("side")["sides"] == list(config.scaling.side.sides)


def test_variants_of_what_is_downloaded_are_made_with_it():
    chosen = experiments()
    assert Extensions(chosen).without_download == ["scaling", "variants"]
    assert Extensions(experiments(archived=True)).without_download == ["scaling", "variants", "zero_padding"]
    on_shapes = experiments(zero_padding={"experiment": "digits4"}, variants={"experiment": "cifar4"})
    assert Extensions(on_shapes).without_download == ["scaling", "zero_padding"]
    asked = targets(chosen)
    made = {"results/zero_padding/zero-padding.nc", "results/figures/zero_padding.png"}
    assert not made & set(asked.default)
    assert made <= set(asked.two_layer)
    assert made <= set(asked.everything)


def make_variants(chosen, recorded=None):
    """The files of zero padding on CIFAR-4; they record its settings, or others."""
    runs = Extensions(chosen)
    for name, path in runs.figure_files["zero_padding"].items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        settings = {"root_seed": chosen.config.root_seed}
        if name != "comparison":
            settings |= runs.experiment_settings("zero_padding.experiment")
            settings |= runs.variant_settings(f"zero_padding/{name}")
        with netCDF4.Dataset(path, "w") as file:
            file.settings = json.dumps(settings | (recorded or {}))


def test_variants_of_what_is_downloaded_are_measured_where_they_are_complete(tmp_path, capsys):
    chosen = experiments(results=str(tmp_path))
    assert "zero_padding/circular" not in measured(chosen).extension_files
    assert measured(chosen).settings["zero_padding"] is None
    made = measured(chosen, "zero_padding")
    assert "zero_padding/circular" in made.extension_files
    assert made.made_extensions == ["scaling", "variants", "zero_padding"]
    assert made.kept_paths.isdisjoint(made.extension_files.values())
    make_variants(chosen)
    asked = measured(chosen)
    # The same files whether the run makes them or not: nothing to do for the second of two targets.
    assert asked.extension_files == made.extension_files
    assert asked.made_extensions == ["scaling", "variants"]
    assert asked.kept_paths & set(asked.extension_files.values()) == set(
        asked.extensions.files(["zero_padding"]).values()
    )
    assert "zero_padding/circular.nc" in asked.data_files
    assert asked.settings["zero_padding"]["experiment"] == "cifar4"
    assert capsys.readouterr().err == ""
    for recorded in ({"seeds": 17}, {"updates": 7}, {"root_seed": 1}):
        make_variants(chosen, recorded)
        other = measured(chosen)
        assert "zero_padding/circular" not in other.extension_files
        assert "zero_padding/circular" not in other.extension_files
        assert capsys.readouterr().err.count("zero_padding is left out") == 1


# Sizes of jobs


def test_seeds_are_trained_in_blocks():
    sizes = JobSizes(experiments(seeds=7, experiments={"digits4": {"seeds": 2}}))
    blocks = sizes.seed_blocks("cifar4", 3)
    assert [seed for block in blocks for seed in block.seeds] == [str(seed) for seed in range(7)]
    assert [block.name for block in blocks] == ["seeds-0-to-2", "seeds-3-to-5", "seeds-6-to-6"]
    assert blocks[0].rule_name("train") == "train_seeds-0-to-2"
    assert [block.name for block in sizes.seed_blocks("digits4", 3)] == ["seeds-0-to-1"]


def test_one_seed_by_itself_is_a_wildcard():
    (block,) = JobSizes(experiments()).seed_blocks("cifar4", 1)
    assert block == SeedBlock(("{seed}",))
    assert block.name == "seed-{seed}"
    assert block.rule_name("train") == "train"


@pytest.mark.parametrize("deep", [False, True])
def test_every_network_is_trained_once_with_every_seed(deep):
    chosen = experiments(
        seeds=12,
        deep_training={"seeds_per_job": 5},
        experiments={"digits4": {"seeds": 3}, "mine": {"seeds": 25, "dataset": {"kind": "shapes"}}},
    )
    numbers = dict.fromkeys(chosen.names, 12) | {"digits4": 3, "mine": 25}
    networks = {name: chosen[name].networks.deep if deep else chosen.networks(name) for name in chosen.names}
    trainings = [
        (name, network, seed)
        for block, trained in JobSizes(chosen).training_blocks(deep).items()
        for name, some in trained.items()
        for network in some
        for seed in (map(str, range(numbers[name])) if block.seeds == ("{seed}",) else block.seeds)
    ]
    expected = {(name, n, str(seed)) for name in chosen.names for n in networks[name] for seed in range(numbers[name])}
    assert len(trainings) == len(set(trainings))
    assert set(trainings) == expected


def test_more_seeds_leave_the_jobs_of_the_first_ten_as_they_are():
    """However long a training takes: no job that trained some of ten trains others too when there are forty."""
    for updates in (1_000, 300_000, 600_000, 1_500_000, 3_000_000, 10_000_000):
        blocks = [
            JobSizes(
                experiments(experiments={"cifar4": {"updates": updates, "snapshots": [], "seeds": seeds}})
            ).training_blocks()
            for seeds in (10, 40)
        ]
        few, many = (
            {(block, network) for block, trained in some.items() for network in trained.get("cifar4", [])}
            for some in blocks
        )
        assert few <= many


def test_long_trainings_have_jobs_of_their_own():
    def seeds(updates):
        chosen = experiments(experiments={"sums_of_cosines": {"updates": updates}})
        return JobSizes(chosen).seeds_per_job("sums_of_cosines", "linear_fcnn")

    numbers = [seeds(updates) for updates in (1_000, 1_000_000, 100_000_000)]
    assert numbers[0] == 10
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert JobSizes(experiments(seeds_per_job=4)).seeds_per_job("sums_of_cosines", "linear_fcnn") == 4


def test_seeds_after_the_first_ten_start_few_jobs():
    def names(updates, **changes):
        settings = {"sums_of_cosines": {"updates": updates, "snapshots": [], "seeds": 100}}
        blocks = JobSizes(experiments(experiments=settings, **changes)).training_blocks()
        return [block.name for block, some in blocks.items() if "linear_cnn" in some.get("sums_of_cosines", [])]

    assert names(1_000) == ["seeds-0-to-9", "seeds-10-to-99"]
    assert names(1_000, seeds_per_job=50) == ["seeds-0-to-49", "seeds-50-to-99"]
    assert names(1_000_000) == ["seeds-0-to-9", "seeds-10-to-59", "seeds-60-to-99"]


def test_pattern_allows_an_experiment_its_own_networks():
    pattern = re.compile(f"t/({job_sizes.trained_pattern({'a': ['linear_cnn'], 'b': ['linear_cnn', 'linear_fcnn']})})/")
    assert pattern.match("t/a/linear_cnn/seed-0.nc")
    assert pattern.match("t/b/linear_fcnn/seed-0.nc")
    assert not pattern.match("t/a/linear_fcnn/seed-0.nc")
    assert not pattern.match("t/a/linear_cnn_other/seed-0.nc")


def test_networks_are_predicted_together_where_an_experiment_has_both():
    chosen = experiments(experiments={"digits4": {"networks": {"linear_fcnn": None}}})
    predicted = JobSizes(chosen).predicted_together()
    assert predicted["linear_cnn",] == ["digits4"]
    assert set(predicted["linear_cnn", "linear_fcnn"]) == {*NO_DOWNLOAD, "cifar4"} - {"digits4"}


def cosines(side):
    return experiments(
        experiments={
            "waves": {
                "dataset": {
                    "kind": "cosines",
                    "side": side,
                    "classes": [[{"frequency": [0, 0], "amplitude": 1}], [{"frequency": [1, 0], "amplitude": 2}]],
                },
                "networks": RATES,
                "updates": 1000,
            }
        }
    )


def test_memory_grows_with_the_images():
    small, large = (JobSizes(cosines(side)) for side in (16, 64))
    assert large.input_values("waves") == 64**2
    assert large.matrix_megabytes("waves", matrices=6, others=1500) == 1500 + 6 * 8 * 64**4 // 10**6
    assert small.matrix_megabytes("waves", 6, 1500) < large.matrix_megabytes("waves", 6, 1500)
    assert small.flow_megabytes("waves") < large.flow_megabytes("waves")


def test_flow_needs_at_least_its_decomposition():
    assert JobSizes(cosines(64)).flow_megabytes("waves") > 600 + 8 * 6 * 64**4 // 10**6


def test_images_that_are_not_read_yet_are_as_large_as_any():
    sizes = JobSizes(experiments(largest_input=100, experiments={"mine": MINE}))
    assert sizes.input_values("mine") == 100


@pytest.mark.parametrize(("device", "driver", "number"), [("cuda", "", 1), ("cpu", "nvidia-smi", 0)])
def test_gpus_of_a_device_that_is_named(monkeypatch, device, driver, number):
    monkeypatch.setattr(job_sizes.shutil, "which", lambda name: driver or None)
    assert job_sizes.gpus(device) == number


def test_gpus_are_looked_for_once(monkeypatch):
    """A job of a cluster inherits the answer, whatever its node has."""
    monkeypatch.setenv("DEEP_TRAINING_GPUS", "")
    monkeypatch.delenv("DEEP_TRAINING_GPUS")
    monkeypatch.setattr(job_sizes.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert job_sizes.gpus("auto") == 1
    monkeypatch.setattr(job_sizes.shutil, "which", lambda name: None)
    assert job_sizes.gpus("auto") == 1


# Report and configuration


class Wildcards:
    def __init__(self, experiment):
        self.experiment = experiment


def test_report_has_a_category_for_own_experiments_where_there_are_any():
    paper, own = Categories(experiments()), Categories(experiments(experiments={"mine": MINE}))
    assert paper.provenance == "5 Provenance"
    assert own.provenance == "6 Provenance"
    assert own.of_experiment(Wildcards("mine")) == own.own != own.of_experiment(Wildcards("digits4"))
    assert in_report("fig1", paper.paper, "Fig. 1")["labels"] == {"figure": "Fig. 1"}


def test_configuration_is_read_without_an_archive(tmp_path):
    config, archive = configuration.read({"results": str(tmp_path)}, CLAIMS)
    assert config.results == str(tmp_path)
    assert archive is None


def test_results_of_an_archive_are_not_mixed_with_others(tmp_path):
    (tmp_path / "manifest.json").touch()
    with pytest.raises(ConfigurationError, match="holds the results of an archive"):
        configuration.read({"results": str(tmp_path)}, CLAIMS)


@pytest.mark.parametrize(
    ("made", "with_cifar4", "with_cifar10"),
    [([], False, False), (CIFAR4, True, False), ([*CIFAR4, *CIFAR10, "zero_padding"], True, True)],
)
def test_the_page_of_claims_waits_for_the_pictures_that_the_run_makes(made, with_cifar4, with_cifar10, tmp_path):
    chosen = experiments(results=str(tmp_path), experiments={"mine": MINE})
    row = {"id": "mine-order", "claim": "c", "source": "s", "quantity": "q", "measure": "discovery_order", "why": "w"}
    row |= {"tolerance": {"at_least": 1}, "arguments": {"experiment": "mine", "network": "linear_cnn"}}
    pictures = ["figures/mine/predicted_kernel.png", "figures/mine/spectra.png", "figures/never_drawn.png"]
    rows = [{**row, "id": f"mine-{number}", "figure": picture} for number, picture in enumerate(pictures)]
    (tmp_path / "mine.yaml").write_text(json.dumps({"rows": rows}))
    tables = [CLAIMS, tmp_path / "mine.yaml"]

    def drawn(files, extensions):
        paths = targets(chosen).pictures_of_claims(tables, files, extensions)
        assert len(paths) == len(set(paths))
        return [path.removeprefix(f"{tmp_path}/") for path in paths]

    run = measured(chosen, *made)
    waited_for = drawn(run.made_files, run.made_extensions)
    assert drawn(run.files, run.measured_extensions) == waited_for
    assert len(waited_for) >= 20
    assert {"figures/fig3.png", "figures/scaling.png", "figures/variants.png"} <= set(waited_for)
    assert ("figures/fig5.png" in waited_for) == ("figures/cifar4/spectra.png" in waited_for) == with_cifar4
    assert ("figures/fig6.png" in waited_for) == ("figures/zero_padding.png" in waited_for) == with_cifar10
    assert [path for path in waited_for if "mine" in path] == [*reversed(pictures[:2])]
    assert not [path for path in waited_for if "never" in path or "losses" in path]
    # What is there already is shown, and not waited for.
    results = ResultFiles(chosen)
    make(results, "cifar4")
    make(results, "cifar10")
    make_variants(chosen)
    later = measured(chosen, *made)
    assert drawn(later.made_files, later.made_extensions) == waited_for
    shown = drawn(later.files, later.measured_extensions)
    assert {"figures/fig5.png", "figures/fig6.png", "figures/zero_padding.png"} <= set(shown)


def test_figure_of_networks_that_are_not_measured_is_no_picture_of_the_claims():
    both = {"cifar10": {"networks": {"linear_cnn": {"learning_rate": 1e-3}}}}
    chosen = experiments(experiments=both)
    with_two_layer = targets(chosen).pictures_of_claims([CLAIMS], ResultFiles(chosen).of(chosen.names), [])
    assert "results/figures/fig5.png" in with_two_layer
    assert "results/figures/fig6.png" not in with_two_layer


def test_faulty_claims_are_found_before_any_job(tmp_path):
    (tmp_path / "claims.yaml").write_text("no claims")
    with pytest.raises(ConfigurationError, match="claims"):
        configuration.read({}, tmp_path / "claims.yaml")


def test_mistakes_of_the_user_end_with_their_message_and_others_with_a_traceback():
    with pytest.raises(SystemExit, match="mend this"), configuration.exit_with_message():
        raise DataError("mend this")
    with pytest.raises(KeyError), configuration.exit_with_message():
        raise KeyError("a fault of the program")
