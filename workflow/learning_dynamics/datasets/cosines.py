"""Pure cosines and sums of cosines: one image per class with a known spectrum (App. E and H)."""

from __future__ import annotations

import numpy as np

from learning_dynamics.config_datasets import CosinesDataset
from learning_dynamics.datasets.labelled_images import LabelledImages


def make(settings: CosinesDataset, generator: np.random.Generator) -> LabelledImages:
    """x^c_ij = Σ_l A_l cos(2π(i f_l + j g_l)/n + φ_l) (Pinson et al. 2023, Eqs. 21 and S.66).

    Args:
        settings: side, channels and the cosines of each class.
        generator: stream of the random phases, drawn in the order of the classes.
    """
    side = settings.side
    row, column = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    images = np.zeros((len(settings.classes), settings.channels, side, side))
    for image, cosines in zip(images, settings.classes, strict=True):
        for cosine in cosines:
            phase = generator.uniform(0, 2 * np.pi) if cosine.phase == "random" else cosine.phase
            turns = (row * cosine.frequency[0] + column * cosine.frequency[1]) % side / side
            image += cosine.amplitude * np.cos(2 * np.pi * turns + phase)
    images /= 1.0 + np.arange(settings.channels)[:, None, None]
    return LabelledImages(
        images=images,
        labels=np.arange(len(images)),
        is_test=np.zeros(len(images), dtype=bool),
        class_names=tuple(settings.class_names),
        centred=False,
        origin="cosines, computed",
    )
