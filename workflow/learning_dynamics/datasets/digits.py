"""Handwritten 8×8 digits bundled with scikit-learn (Alpaydin & Kaynak 1998): real images without a download."""

from __future__ import annotations

import numpy as np

from learning_dynamics.config_datasets import DigitsDataset
from learning_dynamics.datasets.labelled_images import LabelledImages


def make(settings: DigitsDataset) -> LabelledImages:
    """The chosen digits with values from 0 to 1; the last images of every class are the test split."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    places, labels, is_test = [], [], []
    for label, digit in enumerate(settings.classes):
        of_class = np.flatnonzero(bundled.target == digit)
        held_out = round(settings.test_fraction * len(of_class))
        places.append(of_class)
        labels.append(np.full(len(of_class), label))
        is_test.append(np.arange(len(of_class)) >= len(of_class) - held_out)
    return LabelledImages(
        images=np.ascontiguousarray(bundled.images[np.concatenate(places)][:, None] / 16.0),
        labels=np.concatenate(labels),
        is_test=np.concatenate(is_test),
        class_names=tuple(settings.class_names),
        centred=settings.centred,
        origin="scikit-learn's copy of the optical recognition of handwritten digits data set",
    )
