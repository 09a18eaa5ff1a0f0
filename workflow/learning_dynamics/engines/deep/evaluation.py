"""Losses and Ω of deep networks, of both on the same images: from their correlations if the networks are linear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from learning_dynamics.datasets.labelled_images import LabelledImages, Split
from learning_dynamics.engines.deep.engine import Ensemble, Samples
from learning_dynamics.numerics.correlations import Correlations, FloatArray, Structure
from learning_dynamics.numerics.losses import mean_square_error

# Images per forward pass: on a CPU so many that the activations stay in its cache.
_CHUNK = {"cpu": 40, "cuda": 500}


@dataclass(frozen=True)
class Record:
    """What is recorded of all seeds at one moment.

    losses: mean square error over the p outputs by split, shape (seeds,) each.
    effective: Ω = Uᵀ Σŷx V, shape (seeds, modes, modes).
    """

    losses: dict[str, FloatArray]
    effective: FloatArray


class Evaluation(Protocol):
    """A way to measure an ensemble."""

    def __call__(self, ensemble: Ensemble) -> Record:
        """Losses and Ω at this moment."""


class FromCorrelations:
    """Losses and Ω of affine networks ŷ = M x + b from the images' correlations (Pinson et al. 2023, Eqs. 4 and 5).

    The bias is the weight of one more input that is always 1, which Σyx and Σxx are extended by: ⟨y⟩ and ⟨x⟩ are the
    class frequencies and, since the entries of y sum to 1, the sum of the rows of Σyx.
    """

    def __init__(self, correlations: Mapping[str, Correlations], structure: Structure) -> None:
        """Extend the correlations; 8 (C n²)² bytes for each split."""
        self._correlations = {split: _with_constant_input(part) for split, part in correlations.items()}
        self._left = structure.left
        right = np.vstack([structure.right, np.zeros(len(structure.singular_values))])
        self._weighted = self._correlations["train"].input @ right

    def __call__(self, ensemble: Ensemble) -> Record:
        """Losses and Ω at this moment."""
        rows, bias = ensemble.linear_map()
        networks = torch.cat([rows, bias[..., None]], dim=-1).cpu().numpy().astype(np.float64)
        losses = {split: mean_square_error(networks, part) for split, part in self._correlations.items()}
        return Record(losses, np.asarray(self._left.T @ (networks @ self._weighted)))


def _with_constant_input(averages: Correlations) -> Correlations:
    mean = averages.input_output.sum(axis=0)
    width = len(mean)
    extended = np.empty((width + 1, width + 1))
    extended[:width, :width] = averages.input
    extended[width, :width] = extended[:width, width] = mean
    extended[width, width] = 1.0
    frequencies = averages.class_frequencies
    return Correlations(np.hstack([averages.input_output, frequencies[:, None]]), extended, frequencies)


class FromAnswers:
    """Losses and Ω from the answers to the images; for any network."""

    def __init__(self, images: Mapping[str, Split], structure: Structure, device: torch.device) -> None:
        """Keep the images.

        Args:
            images: those of each split.
            structure: decomposition of the Σyx of all training images.
            device: where they are kept.
        """
        self._left = structure.left
        self._chunk = _CHUNK[device.type]
        # Converted once: 4 C n² bytes per image.
        self._inputs: dict[str, torch.Tensor] = {}
        self._targets: dict[str, FloatArray] = {}
        for split, part in images.items():
            samples = Samples(part, device)
            self._inputs[split] = samples.inputs(torch.arange(len(samples), device=device))
            self._targets[split] = samples.targets.cpu().numpy().astype(np.float64)
            if split == "train":
                self._projected = _projected(part, structure.right)

    def __call__(self, ensemble: Ensemble) -> Record:
        """Losses and Ω at this moment."""
        losses = {}
        for split, inputs in self._inputs.items():
            answers = self._answers(ensemble, inputs)
            losses[split] = ((answers - self._targets[split]) ** 2).mean(axis=(1, 2))
            if split == "train":
                output_input = np.einsum("skp,km->spm", answers, self._projected, optimize=True) / len(inputs)
        return Record(losses, np.asarray(self._left.T @ output_input))

    def _answers(self, ensemble: Ensemble, inputs: torch.Tensor) -> FloatArray:
        parts = [ensemble.predict(chunk[None]) for chunk in torch.split(inputs, self._chunk)]
        return torch.cat(parts, dim=1).cpu().numpy().astype(np.float64)


def subsets(data: LabelledImages, images: int, generator: np.random.Generator) -> dict[str, Split]:
    """Some images of each split, all if there are fewer, as in App. K (5,000 there), chosen by the generator."""
    chosen = {}
    for name in data.splits:
        split = data.split(name)
        chosen[name] = Split(data, split.indices[balanced_subset(split.labels, images, generator)])
    return chosen


def balanced_subset(
    labels: npt.NDArray[np.integer], images: int, generator: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Places of randomly chosen images, from every class the same number as far as there are enough, ascending."""
    order = generator.permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.intp)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:images])


def _projected(split: Split, right: FloatArray, chunk: int = 1000) -> FloatArray:
    """Vᵀ x of the images, shape (images, modes)."""
    starts = range(0, len(split), chunk)
    return np.concatenate([split.vectors(slice(start, start + chunk)) @ right for start in starts])
