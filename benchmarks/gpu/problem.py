"""What the check trains, made with the project's own modules, which are all imported here."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.sizes import Sizes
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.datasets.kinds.base import Making
from learning_dynamics.datasets.kinds.shapes import ShapesDataset
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.engines.deep import device as devices
from learning_dynamics.engines.deep.architecture import Architecture
from learning_dynamics.engines.deep.engine import Ensemble, Samples
from learning_dynamics.engines.deep.updates import AT_ONCE, updates
from learning_dynamics.errors import StoppedError, UserError
from learning_dynamics.networks.registry import DEEP_NETWORKS as NETWORKS
from learning_dynamics.networks.registry import MODELS, Networks
from learning_dynamics.numerics.correlations import Structure, correlate_in_modes
from learning_dynamics.numerics.discovery import discovery_times
from learning_dynamics.training.checkpoints import Checkpoint, Checkpointing
from learning_dynamics.training.deep import DeepTask as Task
from learning_dynamics.training.deep import Training, train
from learning_dynamics.training.progress import reporter

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
        keys = {**shapes, "evaluation_images": sizes.evaluation_images, **changes}
        deep: Any = MODELS[network](**keys)
        side, paper = self.data.shape[1], paper_experiments()[NAME].dataset
        settings = Experiment(
            dataset=paper if paper.shape == (3, side) else ShapesDataset(side=side),
            networks=Networks(linear_cnn=None, linear_fcnn=None, **{network: deep}),
            updates=batches * deep.batch_size,
            order="epochs",
            records=records,
        )
        return Task(
            name=NAME,
            settings=settings,
            network=network,
            root_seed=ROOT_SEED,
            divergence_factor=DIVERGENCE_FACTOR,
            seeds=tuple(seeds),
            data=self.data,
            structure=self.structure,
        )

    def ensemble(self, task: Task, device: torch.device | None = None, dtype: torch.dtype = torch.float32) -> Ensemble:
        """The task's networks at the start."""
        weights = [task.initial(seed) for seed in task.seeds]
        model = task.model
        where = device or self.device
        return Ensemble(task.architecture, weights, model.learning_rate, model.batch_size, where, dtype=dtype)

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
        order = task.order().between(0, task.updates)
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
    return paper_experiments()[NAME].dataset.make(Making(NAME, ROOT_SEED, source, downloads))


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
