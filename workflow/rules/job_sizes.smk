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
    seconds = costs.training_seconds(settings, network, values_of_images(experiment))
    return max(1, min(10, int(60 / seconds)))


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


def flow_megabytes(wildcards):
    """Memory of the gradient flows of an experiment's networks."""
    experiment = CONFIG.experiments[wildcards.experiment]
    return costs.flow_megabytes(experiment, CONFIG.seeds, input_values(wildcards))
