"""What targets ask for, which experiments are measured, how large jobs are: without Snakemake."""

import json
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
from learning_dynamics.pipeline.result_files import ResultFiles, paths_of
from learning_dynamics.pipeline.targets import Targets

CLAIMS = Path(__file__).parents[2] / "config" / "claims.yaml"
NO_DOWNLOAD = ["pure_cosines", "pure_cosines_cyclic", "sums_of_cosines", "geometric_shapes", "digits4"]
MINE = {"dataset": {"kind": "images", "source": "pictures"}}
RATES = {"linear_cnn": {"learning_rate": 1e-3}, "linear_fcnn": {"learning_rate": 1e-2}}


def experiments(archived=False, **settings):
    return Experiments(loading.load({"seeds": 2, **settings}), archived)


def targets(chosen):
    return Targets(ResultFiles(chosen), Extensions(chosen))


def measured(chosen, *requested):
    return Measured(ResultFiles(chosen), Extensions(chosen), lambda: requested)


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
        asked.finished(lambda path: True)
    made = [
        f"{tmp_path}/{name}" for name in ("figures/fig1.png", "claims.html", "trajectories/cifar4/linear_cnn/seed-0.nc")
    ]
    for path in made:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert sorted(asked.finished(lambda path: True)) == sorted(made)
    assert capsys.readouterr().err == ""
    assert sorted(asked.finished(lambda path: "fig1" not in path)) == sorted(made[1:])
    message = capsys.readouterr().err
    assert "1 pictures and pages are left out" in message
    assert made[0] in message
    # Of data there are too many to ask.
    assert asked.finished(lambda path: False) == made[2:]


# Files


def test_files_of_an_experiment_are_plain_data():
    files = ResultFiles(experiments()).of(["digits4"])
    assert files["digits4"]["theory_files"] == {
        network: f"results/theory/digits4/{network}.nc" for network in ("linear_cnn", "linear_fcnn")
    }
    assert json.loads(json.dumps(files)) == files
    assert len(paths_of(files)) == 2 + 2 + 4
    assert paths_of(files, trajectories=False) == paths_of(files)[:4]


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


@pytest.mark.parametrize(
    ("requested", "more"),
    [
        ((), []),
        (("all",), []),
        (("results/claims.json",), []),
        (("two-layer",), ["cifar4"]),
        (("reproduce-all",), ["cifar4", "cifar10"]),
        (("all", "two-layer"), ["cifar4"]),
    ],
)
def test_run_measures_what_its_target_makes(requested, more):
    asked = measured(experiments(), *requested)
    assert set(asked.files) == set(asked.made_files) == {*NO_DOWNLOAD, *more}
    assert asked.made_experiments == [name for name in asked.files if name != "cifar10"]


def test_archive_is_measured_whole():
    assert set(measured(experiments(archived=True)).made_files) == {*NO_DOWNLOAD, "cifar4", "cifar10"}


def test_results_that_are_complete_already_are_measured_in_the_order_of_the_configuration(tmp_path):
    chosen = experiments(results=str(tmp_path))
    make(ResultFiles(chosen), "cifar4")
    make(ResultFiles(chosen), "cifar10")
    asked = measured(chosen, "all")
    assert list(asked.files) == chosen.names
    assert set(asked.made_files) == set(NO_DOWNLOAD)
    assert list(asked.two_layer_files) == [*NO_DOWNLOAD, "cifar4"]
    assert set(asked.files["cifar10"]["trajectory_files"]) == {"deep_linear_cnn", "deep_relu_cnn"}


def test_results_of_which_a_file_is_missing_are_not_measured(tmp_path, capsys):
    results = ResultFiles(experiments(results=str(tmp_path)))
    make(results, "cifar4")
    Path(results.trajectories("cifar4", "linear_fcnn")[1]).unlink()
    assert "cifar4" not in measured(results.experiments, "all").files
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("recorded", [{"updates": 7}, {"root_seed": 1}])
def test_results_of_other_settings_are_left_out_with_one_warning(tmp_path, capsys, recorded):
    results = ResultFiles(experiments(results=str(tmp_path)))
    make(results, "cifar4", recorded)
    asked = measured(results.experiments, "all")
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
    assert "cifar4" in measured(results.experiments, "all").files


def test_data_files_are_named_as_in_a_results_folder(tmp_path):
    asked = measured(experiments(results=str(tmp_path)))
    assert asked.data_files["datasets/digits4.nc"] == f"{tmp_path}/datasets/digits4.nc"
    assert asked.data_files["scaling/std.nc"] == f"{tmp_path}/scaling/std.nc"
    assert "trajectories/digits4/linear_cnn/seed-1.nc" in asked.data_files
    assert asked.made_data_files == asked.data_files


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
    assert "zero_padding/circular" not in measured(chosen, "all").extension_files
    assert measured(chosen, "all").settings["zero_padding"] is None
    assert "zero_padding/circular" in measured(chosen, "two-layer").made_extension_files
    make_variants(chosen)
    asked = measured(chosen, "all")
    assert "zero_padding/circular" in asked.extension_files
    assert "zero_padding/circular" not in asked.made_extension_files
    assert "zero_padding/circular.nc" in asked.data_files
    assert "zero_padding/circular.nc" not in asked.made_data_files
    assert asked.settings["zero_padding"]["experiment"] == "cifar4"
    assert capsys.readouterr().err == ""
    for recorded in ({"seeds": 17}, {"updates": 7}, {"root_seed": 1}):
        make_variants(chosen, recorded)
        other = measured(chosen, "all")
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
    ("requested", "with_cifar4", "with_cifar10"), [("all", 0, 0), ("two-layer", 1, 0), ("reproduce-all", 1, 1)]
)
def test_the_page_of_claims_waits_for_the_pictures_that_the_run_makes(requested, with_cifar4, with_cifar10, tmp_path):
    chosen = experiments(experiments={"mine": MINE})
    row = {"id": "mine-order", "claim": "c", "source": "s", "quantity": "q", "measure": "discovery_order", "why": "w"}
    row |= {"tolerance": {"at_least": 1}, "arguments": {"experiment": "mine", "network": "linear_cnn"}}
    pictures = ["figures/mine/predicted_kernel.png", "figures/mine/spectra.png", "figures/never_drawn.png"]
    rows = [{**row, "id": f"mine-{number}", "figure": picture} for number, picture in enumerate(pictures)]
    (tmp_path / "mine.yaml").write_text(json.dumps({"rows": rows}))
    run = measured(chosen, requested)
    tables = [CLAIMS, tmp_path / "mine.yaml"]
    made = targets(chosen).pictures_of_claims(tables, run.made_files, run.made_extensions)
    assert len(made) == len(set(made)) >= 20
    assert {"results/figures/fig3.png", "results/figures/scaling.png", "results/figures/variants.png"} <= set(made)
    assert ("results/figures/fig5.png" in made) == ("results/figures/cifar4/spectra.png" in made) == with_cifar4
    assert ("results/figures/fig6.png" in made) == with_cifar10
    assert [path for path in made if "mine" in path] == [f"results/{picture}" for picture in reversed(pictures[:2])]
    assert not [path for path in made if "never" in path or "losses" in path]


def test_faulty_claims_are_found_before_any_job(tmp_path):
    (tmp_path / "claims.yaml").write_text("no claims")
    with pytest.raises(ConfigurationError, match="claims"):
        configuration.read({}, tmp_path / "claims.yaml")


def test_mistakes_of_the_user_end_with_their_message_and_others_with_a_traceback():
    with pytest.raises(SystemExit, match="mend this"), configuration.exit_with_message():
        raise DataError("mend this")
    with pytest.raises(KeyError), configuration.exit_with_message():
        raise KeyError("a fault of the program")
