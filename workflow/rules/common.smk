"""Configuration, names of result files, and the library files that each script runs.

Needs: the merged configuration.
Makes: CONFIG (checked), EXPERIMENTS, path helpers, code().
"""

import sys
from pathlib import Path

# Anchored at the Snakefile, not at this file or the working directory: a remote job sees the same paths.
WORKFLOW = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(WORKFLOW))

from learning_dynamics import archive
from learning_dynamics import config as config_model
from learning_dynamics import config_loading, config_networks
from learning_dynamics.chosen_settings import ChosenSettingsFile
from learning_dynamics.claims import ledger
from learning_dynamics.datasets import fingerprints
from learning_dynamics.errors import DataError, UserError
from learning_dynamics.figures import catalogue
from learning_dynamics.jobs import fix_hash_seed

import source_files

fix_hash_seed()

CLAIMS = f"{workflow.basedir}/config/claims.yaml"

try:
    CONFIG = config_loading.load(config)
    ledger.read(CLAIMS)
    ARCHIVE = archive.open_archive(CONFIG.archive) if CONFIG.archive else None
    if ARCHIVE:
        CONFIG = archive.restricted(CONFIG, ARCHIVE)
    archive.check_results_folder(CONFIG.results, ARCHIVE)
except UserError as error:
    # No location in the Snakefile: the mistake is in the configuration.
    sys.exit(str(error))

RESULTS = CONFIG.results
PAPER_EXPERIMENTS = config_model.paper_experiments()
TARGETS_WITH_DOWNLOAD = {"two-layer", "reproduce-all"}

# The report lists its categories in alphabetical order; that of a user's own experiments is only there if they are.
CLAIMS_CATEGORY = "1 Claims"
PAPER_CATEGORY = "2 Figures of the paper"
EXPERIMENT_CATEGORY = "3 Every experiment"
BEYOND_CATEGORY = "4 Beyond the paper"
OWN_CATEGORY = "5 Own experiments"
PROVENANCE_CATEGORY = (
    "6 Provenance"
    if any(
        experiment.networks.two_layer and name not in PAPER_EXPERIMENTS
        for name, experiment in CONFIG.experiments.items()
    )
    else "5 Provenance"
)


wildcard_constraints:
    experiment="[A-Za-z][A-Za-z0-9_]*",
    network="linear_cnn|linear_fcnn|deep_linear_cnn|deep_relu_cnn",
    seed=r"\d+",


def code(script):
    """The files of the library that a script runs: inputs, so that an edited module reruns what depends on it."""
    return source_files.imported_by(WORKFLOW / "scripts" / script)


def figure_code(*modules):
    """The files that drawing some figures runs; figures are imported by name, which no search for imports finds."""
    figures = [
        WORKFLOW / "learning_dynamics" / "figures" / f"{module}.py"
        for module in modules
    ]
    files = source_files.imported_by(WORKFLOW / "scripts" / "paper_figure.py") + [
        str(path) for path in figures
    ]
    return sorted(
        {file for path in figures for file in source_files.imported_by(path)}
        | set(files)
    )


def experiment_settings(wildcards):
    """The experiment's settings as plain data; a change reruns exactly what depends on it."""
    return CONFIG.experiments[wildcards.experiment].model_dump(mode="json")


def chosen_settings(wildcards):
    """The file of the settings that are `auto` in the configuration; none if no setting is."""
    name = wildcards.experiment
    chosen = f"{RESULTS}/settings/{name}.json"
    return [chosen] if CONFIG.experiments[name].automatic else []


def dataset_settings(wildcards):
    return experiment_settings(wildcards)["dataset"]


def experiments_without_download():
    """Those whose images need no download: from an archive all."""
    return [
        name
        for name, experiment in CONFIG.experiments.items()
        if ARCHIVE or experiment.dataset.kind != "cifar10"
    ]


def source_state(wildcards):
    """What changes when a user's own images do, so that the data set is made again; None for other kinds."""
    dataset = CONFIG.experiments[wildcards.experiment].dataset
    return (
        fingerprints.fingerprint(dataset.source) if dataset.kind == "images" else None
    )


def trajectories(experiment, network):
    """The trajectory files of all seeds of one network."""
    return [
        f"{RESULTS}/trajectories/{experiment}/{network}/seed-{seed}.nc"
        for seed in range(CONFIG.seeds)
    ]


def seed_blocks(size):
    """Name and seeds of the jobs that train `size` seeds each; one by itself is a wildcard: any can be asked for."""
    if size == 1:
        return {"seed-{seed}": ["{seed}"]}
    blocks = [
        range(first, min(first + size, CONFIG.seeds))
        for first in range(0, CONFIG.seeds, size)
    ]
    return {f"seeds-{block[0]}-to-{block[-1]}": list(block) for block in blocks}


def seeds_per_job(experiment):
    """Seeds of a two-layer network that one job trains."""
    if CONFIG.seeds_per_job != "auto":
        return CONFIG.seeds_per_job
    return 10 if values_of_images(experiment) <= 1024 else 1


def trained_together():
    """The two-layer experiments by the number of seeds in a job."""
    together = {}
    for name in two_layer_experiments(CONFIG.experiments):
        together.setdefault(seeds_per_job(name), []).append(name)
    return together


def input_values(wildcards):
    """C n², the number of values in an image of the experiment."""
    return values_of_images(wildcards.experiment)


def values_of_images(experiment):
    dataset = CONFIG.experiments[experiment].dataset
    if dataset.kind == "cifar10":
        return 3 * 32 * 32
    if dataset.kind == "digits":
        return 8 * 8
    if dataset.kind == "images":
        # Known when they are read; no more than this is kept whole.
        channels = 1 if dataset.colour == "grey" else 3
        return min(CONFIG.largest_input, channels * (dataset.side or 64) ** 2)
    return dataset.channels * dataset.side**2


def class_count(wildcards):
    """p; of a user's own images, whose classes are known when they are read, a guess that fits most."""
    return len(CONFIG.experiments[wildcards.experiment].dataset.class_names) or 10


def flow_megabytes(wildcards):
    """Memory of the gradient flow of a two-layer network, of which some trials are integrated together.

    Σxx and its decomposition; for these trials, ten or as many as make 1 GB, the whole networks of all records, p C n²
    numbers each, and their products with Σxx or spectra; of the FCNN also the first layers. Above what was measured, by
    up to twice.
    """
    experiment = CONFIG.experiments[wildcards.experiment]
    inputs, trials = input_values(wildcards), min(CONFIG.seeds, 10)
    recorded = (experiment.records + 1) * class_count(wildcards) * inputs
    numbers = 4 * min(trials * recorded, max(2**27, recorded))
    if wildcards.network == "linear_fcnn":
        width = experiment.networks.linear_fcnn.hidden_width(inputs)
        numbers += 3 * trials * width * inputs
    return 600 + 8 * (6 * inputs**2 + numbers) // 10**6


def networks_of(experiment, deep):
    """The networks of an experiment, without or with the deep ones."""
    networks = CONFIG.experiments[experiment].networks
    return networks.names if deep else networks.two_layer


def two_layer_experiments(experiments):
    """Those of some experiments that train a two-layer network."""
    return [name for name in experiments if networks_of(name, deep=False)]


def results_of(experiments, deep=False):
    """Everything that can be made from some experiments, without or with deep networks: trajectories and figures."""
    return (
        [
            path
            for name in experiments
            for network in networks_of(name, deep)
            for path in trajectories(name, network)
        ]
        + [
            f"{RESULTS}/{name}"
            for name in ("claims.json", "claims.html", "provenance.html")
        ]
        + [
            f"{RESULTS}/figures/{figure}.{suffix}"
            for figure in [
                *paper_figures(experiments, deep),
                *catalogue.SUMMARY_FIGURES,
            ]
            for suffix in ("pdf", "png")
        ]
        + [
            f"{RESULTS}/figures/{name}/{figure}.{suffix}"
            for name in two_layer_experiments(experiments)
            for figure in catalogue.EXPERIMENT_FIGURES
            for suffix in ("pdf", "png")
        ]
    )


def own_experiments():
    """The experiments that are not the paper's and train a two-layer network."""
    names = [name for name in CONFIG.experiments if name not in PAPER_EXPERIMENTS]
    return two_layer_experiments(names)


def of_own(files):
    """Files for the targets that are about a user's own experiments alone.

    Where there is none, Snakemake says that this is missing: an error raised here would come with a traceback.
    """
    return files or [
        "an experiment of your own (docs/own-images.md; snakemake --configfile mine.yaml -- predict)"
    ]


def predictions_of(experiments):
    """The pages of what is predicted for some experiments."""
    return [
        f"{RESULTS}/predictions/{name}.{suffix}"
        for name in experiments
        for suffix in ("json", "txt", "html")
    ]


def comparisons_of(experiments):
    """How well the predictions for some experiments did."""
    return [
        f"{RESULTS}/predictions/{name}_measured.{suffix}"
        for name in experiments
        for suffix in ("json", "txt", "html")
    ] + [
        f"{RESULTS}/figures/{name}/{figure}.{suffix}"
        for name in experiments
        for figure in catalogue.COMPARISON_FIGURES
        for suffix in ("pdf", "png")
    ]


def prediction_inputs(experiment):
    """What a prediction is made from: everything but trajectories."""
    files = result_files([experiment])
    return all_of({experiment: {**files[experiment], "trajectory_files": {}}})


def own_results():
    """What is made for a user's own experiments: prediction, training, figures, and how well the prediction did."""
    names = own_experiments()
    return (
        predictions_of(names)
        + comparisons_of(names)
        + [
            f"{RESULTS}/figures/{name}/{figure}.{suffix}"
            for name in names
            for figure in catalogue.EXPERIMENT_FIGURES
            for suffix in ("pdf", "png")
        ]
    )


def paper_figures(experiments, deep):
    """The figures whose experiments are all there, with every network they show."""
    return [
        name
        for name, figure in catalogue.PAPER_FIGURES.items()
        if all(
            experiment in experiments
            and set(figure.networks) <= set(networks_of(experiment, deep))
            for experiment in figure.experiments
        )
    ]


def result_files(experiments, networks=None):
    """Where the results of some experiments are, and of some of their networks (the two-layer ones if None)."""
    files = {}
    for name in experiments:
        experiment = CONFIG.experiments[name]
        shown = networks_of(name, deep=False) if networks is None else networks
        chosen = f"{RESULTS}/settings/{name}.json"
        files[name] = {
            "settings": experiment.model_dump(mode="json"),
            **(
                {"chosen_file": ChosenSettingsFile(chosen)}
                if experiment.automatic
                else {}
            ),
            "dataset_file": f"{RESULTS}/datasets/{name}.nc",
            "structure_file": f"{RESULTS}/structure/{name}.nc",
            "trajectory_files": {
                network: trajectories(name, network) for network in shown
            },
            "theory_files": {
                network: f"{RESULTS}/theory/{name}/{network}.nc"
                for network in shown
                if network in config_networks.TWO_LAYER_NETWORKS
            },
        }
    return files


def requested_targets():
    return set(workflow.dag_settings.targets) if workflow.dag_settings else set()


def claimed_experiments():
    """The two-layer experiments whose claims a run must measure: those it makes.

    CIFAR-4 is part of them when a target asks for it; measured earlier, it is taken from what is there
    (finished_experiments), because a run that needs no download must not start one.
    """
    if requested_targets() & TARGETS_WITH_DOWNLOAD:
        return two_layer_experiments(CONFIG.experiments)
    return two_layer_experiments(experiments_without_download())


def finished_experiments():
    """Other two-layer experiments whose results are complete."""
    others = [
        name
        for name in two_layer_experiments(CONFIG.experiments)
        if name not in claimed_experiments()
    ]
    return [
        name
        for name in others
        if all(Path(path).exists() for path in all_of(result_files([name])))
    ]


def deep_files():
    """The results of the experiments that train deep networks."""
    return {
        name: files
        for name in CONFIG.experiments
        if networks_of(name, deep=True) != networks_of(name, deep=False)
        for files in result_files([name], networks_of(name, deep=True)).values()
    }


def claimed_files():
    """The results whose claims a run must measure."""
    files = result_files(claimed_experiments())
    with_deep = ARCHIVE or "reproduce-all" in requested_targets()
    return {**files, **(deep_files() if with_deep else {})}


def measured_files():
    """The results whose claims a run measures: also those that are there already."""
    there = {
        name: files
        for name, files in deep_files().items()
        if all(Path(path).exists() for path in all_of({name: files}))
    }
    measured = {**result_files(finished_experiments()), **there, **claimed_files()}
    return {name: measured[name] for name in CONFIG.experiments if name in measured}


def finished_results():
    """What is there of everything that can be made: what a report can show."""
    wanted = (
        results_of(list(CONFIG.experiments), deep=True)
        + extension_results()
        + own_results()
    )
    there = [path for path in wanted if Path(path).exists()]
    if not there:
        sys.exit(f"{RESULTS}: nothing has been made yet; run `make reproduce` first")
    return there


def archived_settings():
    """The settings of what a run measures."""
    networks = {
        name: list(files["trajectory_files"])
        for name, files in measured_files().items()
    }
    return archive.settings_with(CONFIG, networks)


def data_files():
    """The files from which the figures and the ledger of a run are made, by their names in a results folder."""
    paths = [*all_of(measured_files()), *extension_files().values()]
    return {name_in_results(path): path for path in paths}


def name_in_results(path):
    return Path(path).relative_to(RESULTS).as_posix()


def has_extension(key):
    """Whether the runs beyond the paper's experiments under a configuration key can be made."""
    names = CONFIG.extension_experiments()
    return key in names and names[key] in CONFIG.experiments


def scaling_files():
    """The files of the scaling runs by parameter; without those whose experiment is left out."""
    if CONFIG.scaling is None:
        return {}
    return {
        parameter: f"{RESULTS}/scaling/{parameter}.nc"
        for parameter in ("side", "std", "learning_rate")
        if parameter == "side" or has_extension(f"scaling.{parameter}.experiment")
    }


def variant_names():
    return (
        list(CONFIG.variants.convolutions)
        if has_extension("variants.experiment")
        else []
    )


def variant_files():
    """The files of the variants of the convolution, by name."""
    return {name: f"{RESULTS}/variants/{name}.nc" for name in variant_names()}


def extension_figure_files(figure):
    """What a figure beyond the paper's shows, by name."""
    if figure == "scaling" or not variant_files():
        return scaling_files() if figure == "scaling" else {}
    return {**variant_files(), "comparison": f"{RESULTS}/variants/comparison.nc"}


def extension_files():
    """Files of the runs beyond the paper's experiments, by name."""
    return {
        f"{figure}/{name}": path
        for figure in ("scaling", "variants")
        for name, path in extension_figure_files(figure).items()
    }


def extension_figures():
    """The figures beyond the paper's that have something to show."""
    return [
        figure for figure in ("scaling", "variants") if extension_figure_files(figure)
    ]


def extension_results():
    """Everything that the runs beyond the paper's experiments make."""
    return list(extension_files().values()) + [
        f"{RESULTS}/figures/{figure}.{suffix}"
        for figure in extension_figures()
        for suffix in ("pdf", "png")
    ]


def extension_dataset(key):
    """The images of the experiment that a configuration key names; none if the runs need none."""
    names = CONFIG.extension_experiments()
    return f"{RESULTS}/datasets/{names[key]}.nc" if key in names else []


def extension_settings(key):
    """What the runs take from the experiment that a configuration key names."""
    if key not in CONFIG.extension_experiments():
        return None
    return CONFIG.extension_experiment(key).model_dump(mode="json")


def scaling_settings(wildcards):
    return CONFIG.scaling.model_dump(mode="json")[wildcards.parameter]


def variant_settings(wildcards):
    variants = CONFIG.variants.model_dump(mode="json")
    return {
        "convolution": variants["convolutions"][wildcards.variant],
        "seeds": variants["seeds"],
        "experiment": variants["experiment"],
    }


def all_of(files):
    """The paths in result_files, as inputs."""
    paths = []
    for part in files.values():
        paths += [part["dataset_file"], part["structure_file"]]
        paths += [part["chosen_file"]] if "chosen_file" in part else []
        paths += part["theory_files"].values()
        for seeds in part["trajectory_files"].values():
            paths += seeds
    return paths


def paper_figure_files(name):
    """What a figure of the paper shows."""
    figure = catalogue.PAPER_FIGURES[name]
    return result_files(figure.experiments, figure.networks)


def experiment_category(wildcards):
    """Where the report shows an experiment's own figures."""
    return (
        EXPERIMENT_CATEGORY
        if wildcards.experiment in PAPER_EXPERIMENTS
        else OWN_CATEGORY
    )


def in_report(path, caption, category, figure, subcategory=None):
    """A picture that the report shows; its caption is a file in workflow/report, its label what it is called."""
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=category,
        subcategory=subcategory,
        # One label: the report turns a second one into a switch where it has two values.
        labels={"figure": figure},
    )
