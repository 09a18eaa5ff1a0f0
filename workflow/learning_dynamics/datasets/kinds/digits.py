"""Handwritten 8×8 digits bundled with scikit-learn (Alpaydin & Kaynak 1998): real images without a download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from learning_dynamics.datasets.kinds.base import DatasetKind, Licence, Making

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import LabelledImages


class DigitsDataset(DatasetKind):
    """Handwritten 8x8 digits bundled with scikit-learn: real images that every machine has."""

    LICENCE: ClassVar[Licence] = Licence(
        "Creative Commons Attribution 4.0",
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, "
        "doi:10.24432/C50P49",
        redistributable=True,
    )

    kind: Literal["digits"] = "digits"
    classes: Annotated[list[Annotated[int, Field(ge=0, le=9)]], Field(min_length=2, max_length=10)] = Field(
        default=[0, 1, 2, 3], description="The digits to tell apart."
    )
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.2, description="Share of every class held out as the test split (the last ones, as in the file)."
    )
    centred: bool = Field(default=True, description="Subtract the mean training image from all images.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes: {self.classes} names a digit twice; expected each at most once")
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return [str(digit) for digit in self.classes]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels C and side n."""
        return 1, 8

    @property
    def image_count(self) -> int:
        """Images in all: scikit-learn's copy has about this many."""
        return 180 * len(self.classes)

    def make(self, making: Making) -> LabelledImages:
        """The chosen digits with values from 0 to 1; the last images of every class are the test split."""
        from sklearn.datasets import load_digits

        from learning_dynamics.datasets.labelled_images import LabelledImages

        bundled = load_digits()
        chosen, labels, is_test = [], [], []
        for label, digit in enumerate(self.classes):
            of_class = np.flatnonzero(bundled.target == digit)
            held_out = round(self.test_fraction * len(of_class))
            chosen.append(of_class)
            labels.append(np.full(len(of_class), label))
            is_test.append(np.arange(len(of_class)) >= len(of_class) - held_out)
        return LabelledImages(
            images=np.ascontiguousarray(bundled.images[np.concatenate(chosen)][:, None] / 16.0),
            labels=np.concatenate(labels),
            is_test=np.concatenate(is_test),
            class_names=tuple(self.class_names),
            centred=self.centred,
            origin="scikit-learn's copy of the optical recognition of handwritten digits data set",
        )
