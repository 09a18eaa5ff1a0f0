"""How much work a job is, told from its settings: what its time, its memory and its output grow with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from learning_dynamics.config import costs
from learning_dynamics.config.configuration import Config
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets.registry import dataset_model
from learning_dynamics.planning.graph import Job

_LARGEST: int = Config.model_fields["largest_input"].default
# Images per class where they are not known before they are read.
_IMAGES = 500
_SEVERAL = ("paper_figure", "summary_figure", "extension_figure", "theory", "train_deep", "train")
_PREPARATION = ("dataset", "correlations", "structure")


@dataclass(frozen=True)
class Work:
    """Numbers that a rate turns into seconds and bytes; jobs of one kind share a rate."""

    kind: str
    time: float
    memory: float
    output: float


def rule_of(job: Job) -> str:
    """The rule's name without the seeds that it trains, the networks that it predicts or the figure that it draws."""
    return next((name for name in _SEVERAL if re.match(rf"{name}(_|$)", job.rule)), job.rule)


def is_guessed(job: Job) -> bool:
    """Whether the settings do not tell the work: images that are not read yet, updates that are not chosen yet."""
    if rule_of(job) not in (*_PREPARATION, "train", "theory"):
        return False
    settings = job.params["settings"]
    return dataset_model(settings.get("dataset", settings)).shape is None or settings.get("updates") == "auto"


def of(job: Job) -> Work:
    """The work of a job; figures, claims and the like count as equal."""
    rule, settings = rule_of(job), job.params.get("settings", {})
    if rule in _PREPARATION:
        return _preparation(rule, job)
    if rule in ("theory", "train", "train_deep"):
        return _experiment(rule, job)
    if rule == "scaling":
        return Work(f"scaling {job.wildcards['parameter']}", settings["seeds"], 0, 0)
    if rule == "variant":
        return _variant(job)
    return Work(rule, 0, 0, 0)


def _preparation(rule: str, job: Job) -> Work:
    dataset = dataset_model(job.params["settings"])
    inputs, classes = dataset.input_values(_LARGEST), len(dataset.class_names) or costs.CLASSES
    images = dataset.image_count or _IMAGES * classes
    if rule == "dataset":
        return Work(f"dataset {job.params['settings']['kind']}", *[images * inputs] * 3)
    if rule == "correlations":
        return Work(rule, images * inputs**2, inputs**2, inputs**2)
    return Work(rule, classes * inputs**2, inputs**2, classes * inputs)


def _variant(job: Job) -> Work:
    settings, experiment = job.params["settings"], Experiment.model_validate(job.params["experiment"])
    convolution, inputs = settings["convolution"], experiment.dataset.input_values(_LARGEST)
    # With circular padding the CNN's updates, else a kernel moved to every pixel.
    one = costs.training_seconds(experiment, "linear_cnn", inputs)
    if convolution["padding"] == "zero":
        channels, _ = experiment.dataset.shape or (1, 0)
        one = costs.updates(experiment) * inputs**2 / channels
    return Work(f"variant {convolution['padding']}", settings["seeds"] * convolution["kernels"] * one, inputs**2, 0)


def _experiment(rule: str, job: Job) -> Work:
    experiment = Experiment.model_validate(job.params["settings"])
    networks, inputs = experiment.networks, experiment.dataset.input_values(_LARGEST)
    size = inputs, costs.class_count(experiment), experiment.records + 1
    flows = {name: networks.named(name).flow_numbers(*size) for name in networks.two_layer}
    if rule == "theory":
        seeds = int(job.params["seeds"])
        numbers = seeds * sum(flows.values())
        return Work(rule, numbers, costs.flow_megabytes(experiment, seeds, inputs), numbers)
    network, seeds = job.wildcards["network"], len(job.outputs)
    seconds = seeds * costs.training_seconds(experiment, network, inputs)
    kind = f"{rule} {network}{' on a GPU' if job.gpus else ''}"
    return Work(kind, seconds, inputs**2, seeds * flows.get(network, experiment.records))
