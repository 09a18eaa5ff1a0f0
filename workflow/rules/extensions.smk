"""Names of the runs beyond the paper's experiments: scaling and variants.

Needs: CONFIG, RESULTS.
Makes: extension_files, extension_figures, extension_results and what their rules take from the configuration
"""


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
