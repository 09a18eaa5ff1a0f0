"""About what an experiment's jobs cost, told from its settings before anything runs: light to import."""

from __future__ import annotations

from learning_dynamics.config.experiments import Experiment

# Of a user's own images, whose classes are known when they are read, a guess that fits most.
CLASSES = 10
# The most updates that are chosen from the data are rarely needed.
_UPDATES = 300_000

# So many trials' flows are integrated together, 0.25 GB of spectra for CIFAR-4; of many classes fewer, so that whole
# networks of all records would be no more than so many numbers.
_TRIALS_TOGETHER = 10
_MOST_RECORDED = 2**27


def class_count(experiment: Experiment) -> int:
    """The number of classes p, or a guess."""
    return len(experiment.dataset.class_names) or CLASSES


def updates(experiment: Experiment) -> int:
    """Training samples seen, or a guess."""
    return _UPDATES if experiment.updates == "auto" else experiment.updates


def training_seconds(experiment: Experiment, network: str, inputs: int) -> float:
    """One training of a network on one core, for images of so many values."""
    microseconds = experiment.networks.named(network).microseconds(inputs, class_count(experiment))
    return float(updates(experiment) * microseconds / 1e6)


def trials_together(classes: int, inputs: int, times: int) -> int:
    """Trials whose gradient flows, at so many times, are in memory together."""
    return max(1, min(_TRIALS_TOGETHER, _MOST_RECORDED // (times * classes * inputs)))


def flow_megabytes(experiment: Experiment, seeds: int, inputs: int) -> int:
    """Memory of the gradient flows of an experiment's networks, above what was measured by up to twice.

    Σxx and its decomposition; for the trials that are integrated together the CNN's spectra, (C + p) n² numbers for
    each record, or the FCNN's layers and its records' coefficients along some hundred directions.
    """
    classes, times, networks = class_count(experiment), experiment.records + 1, experiment.networks
    trials = min(seeds, trials_together(classes, inputs, times))
    numbers = trials * max(networks.named(name).flow_numbers(inputs, classes, times) for name in networks.two_layer)
    return 600 + 8 * int(6 * inputs**2 + 1.5 * numbers) // 10**6
