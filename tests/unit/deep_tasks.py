"""Small trainings of the deep networks."""

import itertools
import logging

import numpy as np
import torch

from benchmarks import deep_eager
from learning_dynamics.config import experiments
from learning_dynamics.datasets.kinds import shapes
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.engines.deep import engine
from learning_dynamics.networks import deep_cnn, registry
from learning_dynamics.numerics.correlations import decompose
from learning_dynamics.training import deep, progress
from learning_dynamics.training.checkpoints import Checkpoint, Checkpointing

CPU = torch.device("cpu")
LOG = logging.getLogger("test")
CLASSES = 4
SIDE = 8


def images(count=60, side=SIDE, uncentred_shift=0):
    """Noise around a pattern of the class, so that there is something to learn."""
    generator = np.random.default_rng(1)
    labels = np.arange(count) % CLASSES
    patterns = generator.integers(0, 120, (CLASSES, 3, side, side))
    values = patterns[labels] + generator.integers(0, 100, (count, 3, side, side)) + uncentred_shift
    names = tuple("abcd")
    return LabelledImages(values.astype(np.uint8), labels, np.arange(count) >= count * 2 // 3, names, True, "made up")


def task(network, seeds=(0,), batches=40, records=4, side=SIDE, **model):
    shared = {"channels": 4, "hidden_units": 5, "batch_size": 4, "learning_rate": 0.05, **model}
    networks = registry.Networks(
        linear_cnn=None,
        linear_fcnn=None,
        deep_linear_cnn=deep_cnn.DeepLinearCNN(**shared),
        deep_relu_cnn=deep_cnn.DeepReluCNN(**shared),
    )
    settings = experiments.Experiment(
        dataset=shapes.ShapesDataset(side=side),
        networks=networks,
        updates=batches * shared["batch_size"],
        order="epochs",
        records=records,
    )
    data = images(side=side)
    structure = decompose(data.split("train").correlations().input_output)
    return deep.DeepTask(
        name="made_up",
        settings=settings,
        network=network,
        root_seed=0,
        seeds=tuple(seeds),
        data=data,
        structure=structure,
    )


def trained(described, folder, stopped=lambda: False, every=1e9, place=CPU):
    checkpoint = Checkpoint(folder / f"checkpoint-{place.type}", lambda: described.identity(place, "the code"))
    report = progress.reporter(LOG, described.describe(*described.seeds), "batch", 40)
    return deep.train(described, place, Checkpointing(checkpoint, every, stopped), report)


def plain(described, weights):
    return deep_eager.load(deep_eager.network(described.architecture), weights)


def plain_inputs(described, split):
    part = described.data.split(split)
    return torch.tensor(part.inputs(slice(None)), dtype=torch.float32), torch.tensor(part.labels)


def ensemble_of(described, weights):
    model = described.model
    return engine.Ensemble(described.architecture, weights, model.learning_rate, model.batch_size, CPU)


def random_weights(described, seed=0):
    generator = np.random.default_rng(seed)
    return {
        name: (generator.standard_normal(shape) * 0.2).astype(np.float32)
        for name, shape in described.architecture.shapes().items()
    }


def nth_call(number):
    """A question that is answered with yes the n-th time."""
    counter = itertools.count(1)
    return lambda: next(counter) == number
