"""The paper's experiments at its size, and the digits that need no download."""

from __future__ import annotations

from typing import Literal

from learning_dynamics.config.experiments import Experiment
from learning_dynamics.datasets.kinds.cifar10 import CIFAR10_CLASSES, Cifar10Dataset
from learning_dynamics.datasets.kinds.cosines import Cosine, CosinesDataset
from learning_dynamics.datasets.kinds.digits import DigitsDataset
from learning_dynamics.datasets.kinds.shapes import ShapesDataset
from learning_dynamics.networks.deep_cnn import DeepLinearCNN, DeepReluCNN
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN
from learning_dynamics.networks.registry import Networks

# Trainings of seconds, of which more than the paper's ten tell what these leave undecided.
LEDGER_SEEDS = {"pure_cosines": 40, "sums_of_cosines": 40, "digits4": 20}


def _cosines(*classes: list[tuple[int, int, float]], phase: float | Literal["random"] = 0.0) -> CosinesDataset:
    return CosinesDataset(
        classes=[[Cosine(frequency=[f, g], amplitude=a, phase=phase) for f, g, a in cosines] for cosines in classes]
    )


def _pure_cosines(order: Literal["random", "cyclic"]) -> Experiment:
    return Experiment(
        dataset=_cosines([(0, 0, 1.5)], [(5, 2, 1.0)], [(1, 7, 0.5)], [(0, 4, 0.2)]),
        networks=Networks(
            linear_cnn=LinearCNN(learning_rate=2e-4, initial_weights="aligned", kernel_std=1e-4),
            linear_fcnn=LinearFCNN(learning_rate=3.2e-3, initial_weights="diagonal", hidden_units=None),
        ),
        updates=8000,
        order=order,
    )


def paper_experiments() -> dict[str, Experiment]:
    """The experiments at the paper's size, and the digits that need no download."""
    return {
        "pure_cosines": _pure_cosines("random"),
        "pure_cosines_cyclic": _pure_cosines("cyclic"),
        "sums_of_cosines": Experiment(
            dataset=_cosines(
                [(1, 2, 1.0), (3, 1, 0.8), (0, 4, 0.5)],
                [(2, 5, 0.7), (6, 1, 0.6), (4, 4, 0.3)],
                phase="random",
            ),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=1e-3),
                linear_fcnn=LinearFCNN(learning_rate=1.6e-2, hidden_units=None),
            ),
            updates=600,
            records=300,
        ),
        "geometric_shapes": Experiment(
            dataset=ShapesDataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=1.1e-4),
                linear_fcnn=LinearFCNN(learning_rate=6.5e-4, hidden_units=None),
            ),
            updates=60000,
            snapshots=[2000, 5000, 7500, 9000, 16000, 32000, 55000],
        ),
        "digits4": Experiment(
            dataset=DigitsDataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=3e-4), linear_fcnn=LinearFCNN(learning_rate=8e-4, hidden_units=None)
            ),
            updates=40000,
            order="epochs",
            snapshots=[13000, 16000, 19500, 22500],
        ),
        "cifar4": Experiment(
            dataset=Cifar10Dataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=5e-5),
                linear_fcnn=LinearFCNN(learning_rate=1e-3, hidden_units=1024, precision="single"),
            ),
            updates=100_000,
            order="epochs",
            snapshots=[2000, 2500, 4000, 9000, 18000, 25000, 60000],
        ),
        "cifar10": Experiment(
            dataset=Cifar10Dataset(classes=list(CIFAR10_CLASSES), train_images=50_000, test_images=10_000),
            networks=Networks(
                linear_cnn=None, linear_fcnn=None, deep_linear_cnn=DeepLinearCNN(), deep_relu_cnn=DeepReluCNN()
            ),
            # 156,000 batches of 8, a record every 500.
            updates=1_248_000,
            order="epochs",
            records=312,
        ),
    }
