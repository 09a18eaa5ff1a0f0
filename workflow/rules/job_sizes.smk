"""How large a job is: the seeds that it trains, and the memory that it asks for.

Needs: CONFIG.
Makes: seed_blocks, training_blocks, predicted_networks, input_values, flow_megabytes
"""


def seed_blocks(size):
    """Name and seeds of the jobs that train `size` seeds each; one by itself is a wildcard: any can be asked for."""
    if size == 1:
        return {"seed-{seed}": ["{seed}"]}
    blocks = [
        range(first, min(first + size, CONFIG.seeds))
        for first in range(0, CONFIG.seeds, size)
    ]
    return {f"seeds-{block[0]}-to-{block[-1]}": list(block) for block in blocks}


def seeds_per_job(experiment, network):
    """Seeds of a two-layer network that one job trains: up to ten, as many as take about a minute."""
    if CONFIG.seeds_per_job != "auto":
        return CONFIG.seeds_per_job
    settings = CONFIG.experiments[experiment]
    values, classes = values_of_images(experiment), class_number(experiment)
    microseconds = settings.networks.named(network).microseconds(values, classes)
    # The most that are chosen from the data are rarely needed.
    updates = 300_000 if settings.updates == "auto" else settings.updates
    return max(1, min(10, int(60e6 / (updates * microseconds))))


def training_blocks():
    """Name and seeds of the jobs that train two-layer networks, and for which: (seeds, {experiment: [network, …]})."""
    blocks = {}
    for name in two_layer_experiments(CONFIG.experiments):
        for network in networks_of(name, deep=False):
            for block, seeds in seed_blocks(seeds_per_job(name, network)).items():
                trained = blocks.setdefault(block, (seeds, {}))[1]
                trained.setdefault(name, []).append(network)
    return blocks


def predicted_networks():
    """The experiments whose two-layer networks one job predicts, by what these are: {(network, …): [experiment, …]}."""
    predicted = {}
    for name in two_layer_experiments(CONFIG.experiments):
        predicted.setdefault(tuple(networks_of(name, deep=False)), []).append(name)
    return predicted


def input_values(wildcards):
    """C n², the number of values in an image of the experiment."""
    return values_of_images(wildcards.experiment)


def values_of_images(experiment):
    return CONFIG.experiments[experiment].dataset.input_values(CONFIG.largest_input)


def class_number(experiment):
    """p; of a user's own images, whose classes are known when they are read, a guess that fits most."""
    return len(CONFIG.experiments[experiment].dataset.class_names) or 10


def flow_megabytes(wildcards):
    """Memory of the gradient flows of an experiment's networks, of which some trials are integrated together.

    Σxx and its decomposition; for these trials, ten or as many as have 2²⁷ numbers in their whole networks of all
    records, the CNN's spectra, (C + p) n² numbers for each record, or the FCNN's layers and its records' coefficients
    along some hundred directions. Above what was measured, by up to twice.
    """
    experiment = CONFIG.experiments[wildcards.experiment]
    inputs, classes = input_values(wildcards), class_number(wildcards.experiment)
    records = experiment.records + 1
    trials = max(1, min(CONFIG.seeds, 10, 2**27 // (records * classes * inputs)))
    networks = experiment.networks
    numbers = trials * max(
        networks.named(name).flow_numbers(inputs, classes, records)
        for name in networks.two_layer
    )
    numbers *= 1.5
    return 600 + 8 * int(6 * inputs**2 + numbers) // 10**6
