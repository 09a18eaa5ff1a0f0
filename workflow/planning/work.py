"""How much work a job is, from the settings it runs with: what its time, its memory and its output grow with.

The numbers are no times. A recorded rate (``rates``) turns them into seconds and bytes, so that only their growth with
the settings counts. Relative costs of different operations are those measured on one core with a 32x32 colour image.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.extensions import Convolution, LearningRateScaling, SideScaling, StdScaling
from learning_dynamics.datasets.kinds.cifar10 import Cifar10Dataset
from learning_dynamics.datasets.kinds.cosines import CosinesDataset, frequencies_disjoint
from learning_dynamics.datasets.kinds.digits import DigitsDataset
from learning_dynamics.datasets.kinds.shapes import ShapesDataset
from learning_dynamics.datasets.registry import dataset_model
from planning.graph import Job

# Costs relative to one multiplication in the CNN's update, about half a nanosecond.
_TRANSFORMED_VALUE = 20.0  # a value of an image on its way to the spectrum
_MATRIX_ENTRY = 0.15  # a product in a matrix as large as the FCNN's first layer, taken for a block of samples
_LOSS_ENTRY = 0.5  # a product with Σxx, which is read from memory for every record
_FLOW_SPECTRUM = 20.0  # a value of a spectrum in the gradient flow of the CNN
_FLOW_LOSS_ENTRY = 0.06  # the same where the records of all trials share a product
_FLOW_STATE = 15.0  # a weight in the gradient flow of the FCNN, which the solver takes through memory
_DECOMPOSITION = 0.2  # times the cube of the values of an image, for the eigenvectors of Σxx
_FLOW_DIRECTIONS = 256  # the most eigenvectors that the flows keep
_FLOW_TRIALS = 10  # that are in memory together
_FLOW_COPIES = 2  # of all recorded spectra of the flow, at the peak of its memory
_BLOCK = 128  # samples that the FCNN takes at once
_RESIDENT_IMAGES = 256  # so many images are transformed only once

# Images of the digits in scikit-learn, for each class.
_DIGITS_PER_CLASS = 180
_DIGITS_SIDE = 8
_CIFAR10_SIDE = 32

_KERNEL_SIZE = 9  # of the deep networks' convolutions
_SNAPSHOT_ROWS = 16  # of the FCNN's first layer are kept


@dataclass(frozen=True)
class Work:
    """What a job's cost grows with.

    kind: jobs of one kind share a rate.
    operations: for its time.
    memory_bytes: its largest arrays, for its memory.
    output_bytes: what it writes before compression, for its output.
    """

    kind: str
    operations: float
    memory_bytes: float
    output_bytes: float


@dataclass(frozen=True)
class _Images:
    """Sizes of a data set: side n, channels C, classes p, all images and the splits they are in."""

    side: int
    channels: int
    classes: int
    images: int
    splits: int
    value_bytes: int

    @property
    def values(self) -> int:
        """C n², the values of one image."""
        return self.channels * self.side**2


def of(job: Job, input_bytes: float) -> Work | None:
    """The work of a job.

    Args:
        job: the job.
        input_bytes: size of the results that it reads, which is what figures and claims grow with.

    Returns:
        None for data whose size the settings do not tell, and for updates that are still to be chosen.
    """
    rule = base_rule(job.rule)
    function = _BY_RULE.get(rule)
    if function is None:
        return Work(rule, input_bytes, input_bytes, 0.0)
    return function(job)


def base_rule(rule: str) -> str:
    """The rule's name without the seeds that it trains, the network that it predicts or the figure that it draws."""
    rule = re.sub(r"_seeds-\d+-to-\d+$", "", rule)
    several = ("paper_figure", "summary_figure", "extension_figure", "theory")
    return next((name for name in several if rule.startswith(f"{name}_")), rule)


def batches(job: Job) -> int:
    """Updates of all seeds that a deep training makes."""
    experiment = Experiment.model_validate(job.params["settings"])
    model = getattr(experiment.networks, job.wildcards["network"])
    return len(job.outputs) * (experiment.update_count // int(model.batch_size))


def _images(settings: Mapping[str, Any]) -> _Images | None:
    dataset = dataset_model(settings)
    if isinstance(dataset, Cifar10Dataset):
        images = dataset.train_images + dataset.test_images
        splits = 2 if dataset.test_images else 1
        return _Images(_CIFAR10_SIDE, 3, len(dataset.classes), images, splits, 1)
    if isinstance(dataset, DigitsDataset):
        classes = len(dataset.classes)
        return _Images(_DIGITS_SIDE, 1, classes, _DIGITS_PER_CLASS * classes, 2 if dataset.test_fraction else 1, 8)
    if isinstance(dataset, CosinesDataset | ShapesDataset):
        classes = len(dataset.class_names)
        return _Images(dataset.side, dataset.channels, classes, classes, 1, 8)
    return None


def _dataset(job: Job) -> Work | None:
    images = _images(job.params["settings"])
    if images is None:
        return None
    size = float(images.images * images.values)
    return Work(f"dataset {job.params['settings']['kind']}", size, size, images.value_bytes * size)


def _correlations(job: Job) -> Work | None:
    images = _images(job.params["settings"])
    if images is None:
        return None
    square = float(images.values**2)
    return Work("correlations", images.images * square, 8 * square, 8 * images.splits * square)


def _structure(job: Job) -> Work | None:
    images = _images(job.params["settings"])
    if images is None:
        return None
    square = float(images.values**2)
    return Work("structure", images.classes * square, 8 * square, 8.0 * images.classes * images.values)


def _train(job: Job) -> Work | None:
    experiment = Experiment.model_validate(job.params["settings"])
    images = _images(job.params["settings"]["dataset"])
    if images is None or experiment.automatic:
        return None
    network = job.wildcards["network"]
    classes, values = images.classes, images.values
    snapshots = len(experiment.snapshot_samples())
    losses = _LOSS_ENTRY * images.splits * classes * values**2
    written = 8.0 * experiment.records * classes**2
    memory = 8.0 * images.splits * values**2 + images.value_bytes * images.images * values
    if network == "linear_cnn":
        transformed = _TRANSFORMED_VALUE * values if images.images > _RESIDENT_IMAGES else 0.0
        operations = experiment.update_count * (classes * values + transformed) + experiment.records * losses
        planes = (images.channels + classes) * images.side**2
        written += planes * (4.0 * experiment.records + 8.0 * snapshots)
    else:
        model = getattr(experiment.networks, network)
        hidden = model.hidden_width(values)
        # Within a block every sample's answer depends on all before it.
        block = (_BLOCK + classes) ** 2 / 2
        entry = _MATRIX_ENTRY * hidden * values / (2 if model.precision == "single" else 1)
        operations = experiment.update_count * (entry + block) + experiment.records * (losses + classes * entry)
        memory += 8.0 * hidden * values
        written += 8.0 * snapshots * (_SNAPSHOT_ROWS * values + classes * hidden)
    # Those that one job trains, one after the other.
    seeds = len(job.outputs)
    return Work(f"train {network}", seeds * operations, memory, seeds * written)


def _train_deep(job: Job) -> Work | None:
    experiment = Experiment.model_validate(job.params["settings"])
    images = _images(job.params["settings"]["dataset"])
    if images is None:
        return None
    network = job.wildcards["network"]
    model = getattr(experiment.networks, network)
    seeds = len(job.outputs)
    rectified = network == "deep_relu_cnn"
    forward = _forward_multiplications(images, model.channels, model.hidden_units, rectified)
    # The answers to a basis of all images give the linear network's map; the other one answers those of each split.
    answered = min(images.images, images.splits * model.evaluation_images) if rectified else images.values
    training = 3.0 * forward * experiment.update_count  # forward, and backward for the weights and for the inputs
    operations = seeds * (training + forward * answered * experiment.records)
    memory = float(images.images * images.values)
    memory += 4.0 * images.values * answered if rectified else 8.0 * images.splits * images.values**2
    where = " on a GPU" if job.gpus else ""
    return Work(
        f"train_deep {network}{where}", operations, memory, seeds * 8.0 * experiment.records * images.classes**2
    )


def _forward_multiplications(images: _Images, channels: int, hidden_units: int, rectified: bool) -> float:
    """Of a deep network for one image: four convolutions, of which the second and the fourth may end in a pooling."""
    total, side, inputs = 0.0, images.side, images.channels
    for layer in range(4):
        total += _KERNEL_SIZE * inputs * channels * side**2
        inputs = channels
        if rectified and layer % 2:
            side //= 2
    return total + channels * side**2 * hidden_units + hidden_units * images.classes


def _predict(job: Job) -> Work | None:
    experiment = Experiment.model_validate(job.params["settings"])
    images = _images(job.params["settings"]["dataset"])
    if images is None or experiment.automatic:
        return None
    seeds, records, values = int(job.params["seeds"]), experiment.records, images.values
    # Σxx has no more directions than there are images.
    together, directions = min(seeds, _FLOW_TRIALS), min(values, images.images, _FLOW_DIRECTIONS)
    # How many evaluations there are depends on the data; they grow with the records at the least.
    trial, memory, written = 0.0, 0.0, 0.0
    loss_row = _FLOW_LOSS_ENTRY * images.splits * values**2
    if experiment.networks.linear_cnn is not None:
        planes = (images.channels + images.classes) * images.side**2
        written += 4.0 * values * records
        if frequencies_disjoint(experiment.dataset):
            written += 4.0 * seeds * records * planes
        evaluation = images.classes * values * (2 * _MATRIX_ENTRY * directions + _FLOW_SPECTRUM)
        trial += records * (evaluation + images.classes * loss_row)
        memory = 8.0 * together * records * _FLOW_COPIES * planes
    if experiment.networks.linear_fcnn is not None:
        hidden = experiment.networks.linear_fcnn.hidden_width(values)
        moving = min(hidden, directions + images.classes)
        trial += records * _FLOW_STATE * directions * moving + moving * loss_row
        rows = records * images.classes * (directions + moving) + (hidden + 2 * moving) * values
        memory = max(memory, 8.0 * together * rows)
    written += 8.0 * seeds * records * images.classes**2 * len(experiment.networks.two_layer)
    square = 8.0 * images.splits * values**2
    return Work("theory", seeds * trial + _DECOMPOSITION * values**3, memory + square, written)


def _scaling(job: Job) -> Work | None:
    parameter, settings = job.wildcards["parameter"], job.params["settings"]
    if parameter == "side":
        side = SideScaling.model_validate(settings)
        # The larger the image the sooner the FCNN learns it, ∝ 1/n; an update costs the same on every side.
        operations = side.seeds * sum(1 / n for n in side.sides) * len(side.classes) ** 3 / side.learning_rate
        return Work("scaling side", operations, 8.0 * max(side.sides) ** 4, side.seeds * len(side.sides))
    if parameter == "std":
        std = StdScaling.model_validate(settings)
        operations = std.seeds * len(std.stds) * (1 + _log_of_smallest(std.stds)) / std.learning_rate
        return Work("scaling std", operations, 0.0, std.seeds * len(std.stds))
    rate = LearningRateScaling.model_validate(settings)
    experiment = Experiment.model_validate(job.params["experiment"])
    images = _images(job.params["experiment"]["dataset"])
    if images is None:
        return None
    updates = sum(rate.training_time / one for one in rate.learning_rates)
    operations = rate.seeds * updates * images.classes * images.values
    written = rate.seeds * len(rate.learning_rates) * rate.records * len(experiment.dataset.class_names)
    return Work("scaling learning_rate", operations, 8.0 * written, 8.0 * written)


def _log_of_smallest(stds: list[float]) -> float:
    """A run from small weights takes the longer the smaller they are, by the logarithm."""
    return -sum(math.log(std) for std in stds) / len(stds) if min(stds) < 1 else 0.0


def _variant(job: Job) -> Work | None:
    experiment = Experiment.model_validate(job.params["experiment"])
    images = _images(job.params["experiment"]["dataset"])
    if images is None:
        return None
    seeds = job.params["settings"]["seeds"]
    convolution = Convolution.model_validate(job.params["settings"]["convolution"])
    # A correlation has a convolution trained beside it.
    trainings = seeds * (2 if convolution.operation == "correlation" else 1)
    # Zeros beyond the image: every pixel moves a kernel as large as the image.
    update = convolution.kernels * images.values * (images.values if convolution.padding == "zero" else images.classes)
    written = 8.0 * seeds * experiment.records * images.classes**2
    return Work(
        f"variant {convolution.padding}",
        float(trainings) * experiment.update_count * update,
        written,
        written + 8.0 * seeds * convolution.kernels * images.values,
    )


_BY_RULE: dict[str, Callable[[Job], Work | None]] = {
    "dataset": _dataset,
    "correlations": _correlations,
    "structure": _structure,
    "train": _train,
    "train_deep": _train_deep,
    "theory": _predict,
    "scaling": _scaling,
    "variant": _variant,
}
