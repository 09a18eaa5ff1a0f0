"""Names of result files: what a target asks for, what a figure or the ledger reads, what is there already.

Needs: CONFIG, RESULTS, ARCHIVE.
Makes: results_of, own_results, result_files, measured_files, finished_results, data_files
"""

from snakemake.jobs import Job


def trajectories(experiment, network):
    """The trajectory files of all seeds of one network."""
    return [
        f"{RESULTS}/trajectories/{experiment}/{network}/seed-{seed}.nc"
        for seed in range(CONFIG.seeds)
    ]


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
                if network in TWO_LAYER_NETWORKS
            },
        }
    return files


def claimed_experiments():
    """The two-layer experiments whose claims a run must measure: those it makes.

    CIFAR-4 is part of them when a target asks for it; measured earlier, it is taken from what is there
    (finished_experiments), because a run that needs no download must not start one.
    """
    if requested_targets() & TARGETS_WITH_DOWNLOAD:
        return two_layer_experiments(CONFIG.experiments)
    return two_layer_experiments(experiments_without_download())


@functools.cache
def usable(name, deep):
    """Whether an experiment's results outside the target are complete and made with its present settings.

    Those of its two-layer networks, or of the deep ones too.
    """
    files = result_files([name], networks_of(name, deep))
    if not all(Path(path).exists() for path in all_of(files)):
        return False
    settings = files[name]["settings"]
    if "chosen_file" in files[name]:
        settings = resolved_settings(settings, files[name]["chosen_file"])
    settings = {**settings, "root_seed": CONFIG.root_seed}
    for seeds in files[name]["trajectory_files"].values():
        for path in seeds:
            try:
                key = recorded_settings.read_difference(path, settings)
            except DataError:
                return True  # What is damaged is named by the job that reads it.
            if key:
                print(
                    f"{name} is left out: {path} was made with other settings ('{key}' differs); "
                    "run the target that makes it (two-layer or reproduce-all)",
                    file=sys.stderr,
                )
                return False
    return True


def finished_experiments():
    """Other two-layer experiments whose results are complete."""
    others = [
        name
        for name in two_layer_experiments(CONFIG.experiments)
        if name not in claimed_experiments()
    ]
    return [name for name in others if usable(name, deep=False)]


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
    claimed = claimed_files()
    there = {
        name: files
        for name, files in deep_files().items()
        if name not in claimed and usable(name, deep=True)
    }
    measured = {**result_files(finished_experiments()), **there, **claimed}
    return {name: measured[name] for name in CONFIG.experiments if name in measured}


def finished_results():
    """What is there of everything that can be made, with the present settings: what a report can show."""
    wanted = (
        results_of(list(CONFIG.experiments), deep=True)
        + extension_results()
        + own_results()
    )
    there = [path for path in wanted if Path(path).exists()]
    if not there:
        sys.exit(f"{RESULTS}: nothing has been made yet; run `make reproduce` first")
    # The report shows no data, of which there may be thousands of files.
    others = {
        path
        for path in there
        if Path(path).suffix != ".nc" and not is_of_present_settings(path)
    }
    if others:
        listed = sorted(path for path in others if path.endswith((".png", ".html")))
        print(
            f"{len(listed)} pictures and pages are left out ({', '.join(listed[:3])}{' …' if len(listed) > 3 else ''}): "
            "they were made with other settings than the configuration has now; make them again, or name the "
            "configuration they were made with",
            file=sys.stderr,
        )
    return [path for path in there if path not in others]


def is_of_present_settings(path):
    """Whether Snakemake made a result with what the configuration says now: captions quote the configuration.

    A picture does not hold its settings; Snakemake's records do. What it has no record of counts as such.
    """
    maker = next(one for one in workflow.rules if one.is_producer(path))
    job = Job(maker, workflow.dag, maker.get_wildcards(path))
    return not workflow.persistence.params_changed(job)


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
