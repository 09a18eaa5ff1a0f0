"""What the check trains, made with the project's own modules, which are all imported here."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.sizes import Sizes
from learning_dynamics.checkpoints import Checkpoint
from learning_dynamics.config_datasets import ShapesDataset
from learning_dynamics.config_experiments import Experiment, paper_experiments
from learning_dynamics.config_networks import DeepCNN, Networks
from learning_dynamics.correlations import Structure, correlate_in_modes
from learning_dynamics.datasets import cifar10
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.errors import StoppedError, UserError
from learning_dynamics.interruptions import Checkpointing
from learning_dynamics.networks.deep import device as devices
from learning_dynamics.networks.deep.architecture import Architecture
from learning_dynamics.networks.deep.engine import Ensemble, Samples
from learning_dynamics.networks.deep.train import NETWORKS, Task, Training, train
from learning_dynamics.networks.deep.updates import AT_ONCE, updates
from learning_dynamics.progress import reporter
from learning_dynamics.trajectories import discovery_times

# For the parts of the check.
__all__ = [
    "AT_ONCE",
    "NETWORKS",
    "Architecture",
    "Checkpoint",
    "Checkpointing",
    "Ensemble",
    "Problem",
    "Samples",
    "StoppedError",
    "Task",
    "Training",
    "UserError",
    "discovery_times",
    "reporter",
    "train",
]

NAME = "cifar10"
# Those of config/config.yaml: the same initial weights and orders as on a CPU.
ROOT_SEED, DIVERGENCE_FACTOR = 2023, 100.0


@dataclass(frozen=True)
class Problem:
    """Images, where the networks are trained on them, and how much."""

    data: LabelledImages
    structure: Structure
    device: torch.device
    sizes: Sizes

    def task(self, network: str, seeds: range, batches: int, records: int = 1, **changes: Any) -> Task:
        """A training of some seeds side by side; `changes` are settings of the network."""
        sizes = self.sizes
        shapes = {"channels": sizes.channels, "hidden_units": sizes.hidden_units}
        deep = DeepCNN(**{**shapes, "evaluation_images": sizes.evaluation_images, **changes})
        side = self.data.shape[1]
        settings = Experiment(
            dataset=paper_experiments()[NAME].dataset if side == cifar10.SIDE else ShapesDataset(side=side),
            networks=Networks(linear_cnn=None, linear_fcnn=None, deep_linear_cnn=deep, deep_relu_cnn=deep),
            updates=batches * deep.batch_size,
            order="epochs",
            records=records,
        )
        return Task(NAME, settings, network, tuple(seeds), ROOT_SEED, DIVERGENCE_FACTOR, self.data, self.structure)

    def ensemble(self, task: Task, device: torch.device | None = None, dtype: torch.dtype = torch.float32) -> Ensemble:
        """The task's networks at the start."""
        weights = [task.initial(seed) for seed in task.seeds]
        model = task.model
        return Ensemble(task.architecture, weights, model.learning_rate, model.batch_size, device or self.device, dtype)

    @functools.cached_property
    def samples(self) -> Samples:
        """The training images on the device."""
        return Samples(self.data.split("train"), self.device)

    @functools.cached_property
    def plain_samples(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The same for a plain loop: inputs, shape (samples, C, n, n), and labels."""
        split = self.data.split("train")
        inputs = torch.from_numpy(split.inputs(slice(None), np.float32))
        return inputs.to(self.device), torch.from_numpy(split.labels).to(self.device)

    def order(self, task: Task) -> torch.Tensor:
        """The task's order, in memory that a GPU reads by itself."""
        order = task.order()
        return order.pin_memory() if self.device.type == "cuda" else order

    def maker(self, ensemble: Ensemble, samples: Samples) -> Any:
        """What makes one update per row: on a GPU a captured graph, as in trainings."""
        make = updates(ensemble, samples, samples.images.device)

        def all_rows(order: torch.Tensor) -> None:
            for part in order.split(AT_ONCE):
                make(part)

        return all_rows


def paper_images(source: str, downloads: Path) -> LabelledImages:
    """The paper's images: CIFAR-10 from an archive of pictures, an image folder or torchvision's folder."""
    return cifar10.make(paper_experiments()[NAME].dataset, source, downloads)


def cifar10_problem(pictures: Path, device: torch.device, sizes: Sizes) -> Problem:
    """The paper's images, from an archive of pictures."""
    return _problem(paper_images(str(pictures), pictures.parent), device, sizes)


def made_up_problem(device: torch.device, sizes: Sizes, count: int = 72, side: int = 8, classes: int = 4) -> Problem:
    """Noise around a pattern for each class."""
    generator = np.random.default_rng(1)
    labels = np.arange(count) % classes
    patterns = generator.integers(0, 120, (classes, 3, side, side))
    images = (patterns[labels] + generator.integers(0, 100, (count, 3, side, side))).astype(np.uint8)
    names = tuple("abcdefghij"[:classes])
    data = LabelledImages(images, labels, np.arange(count) >= count * 2 // 3, names, True, "made up")
    return _problem(data, device, sizes)


def choose_device(wanted: str) -> torch.device:
    """The project's own choice, TF32 off and deterministic; see ``device.choose``."""
    return devices.choose(wanted)


def _problem(data: LabelledImages, device: torch.device, sizes: Sizes) -> Problem:
    split = data.split("train")
    structure = correlate_in_modes(split.vectors, split.labels, data.classes)[1]
    return Problem(data, structure, device, sizes)
