"""Pure cosines and sums of cosines: one image per class with a known spectrum (App. E and H)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from learning_dynamics.datasets.kinds.base import DatasetKind, Making, classes_fit, one_per_class
from learning_dynamics.numerics import random_streams
from learning_dynamics.values import Model, Positive, Side

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import LabelledImages


class Cosine(Model):
    """One cosine of a class image (Pinson et al. 2023, Eqs. 21 and S.66)."""

    frequency: Annotated[list[int], Field(min_length=2, max_length=2)] = Field(
        description="Vertical and horizontal frequency, in cycles per image."
    )
    amplitude: Positive = Field(description="Amplitude of the cosine.")
    phase: Annotated[float, Field(allow_inf_nan=False)] | Literal["random"] = Field(
        default=0.0, description="Phase in radians, or `random`: drawn from the root seed."
    )


class CosinesDataset(DatasetKind):
    """One image per class, a sum of cosines."""

    ONE_IMAGE_PER_CLASS: ClassVar[bool] = True

    kind: Literal["cosines"] = "cosines"
    side: Side = Field(default=16, description="Image side n in pixels, odd or even.")
    channels: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="Channels C; channel c holds the image scaled by 1/(1 + c)."
    )
    classes: Annotated[list[Annotated[list[Cosine], Field(min_length=1)]], Field(min_length=2)] = Field(
        description="For each class the list of its cosines."
    )

    @model_validator(mode="after")
    def _frequencies_inside_the_image(self) -> Self:
        for number, cosines in enumerate(self.classes):
            for index, cosine in enumerate(cosines):
                if not all(0 <= frequency < self.side for frequency in cosine.frequency):
                    raise ValueError(
                        f"classes.{number}.{index}.frequency: {cosine.frequency} lies outside the image; "
                        f"expected two frequencies from 0 to {self.side - 1} (side {self.side})"
                    )
        classes_fit(len(self.classes), self.channels * self.side**2)
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return [" + ".join(f"({c.frequency[0]},{c.frequency[1]})" for c in cosines) for cosines in self.classes]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels C and side n."""
        return self.channels, self.side

    @property
    def frequencies_disjoint(self) -> bool:
        """Whether no frequency, nor its mirror, occurs in two classes, and there is one channel."""
        if self.channels != 1:
            return False
        seen: set[tuple[int, int]] = set()
        for cosines in self.classes:
            pairs = [(cosine.frequency[0], cosine.frequency[1]) for cosine in cosines]
            own = {*pairs, *((-f % self.side, -g % self.side) for f, g in pairs)}
            if own & seen:
                return False
            seen |= own
        return True

    @property
    def equal_strengths(self) -> bool:
        """Whether two classes have images of one norm, so that the decomposition may mix them."""
        powers = sorted(
            sum(
                cosine.amplitude**2 * (1.0 if all(2 * f % self.side == 0 for f in cosine.frequency) else 0.5)
                for cosine in cosines
            )
            for cosines in self.classes
        )
        return any(after - before <= 1e-9 * after for before, after in itertools.pairwise(powers))

    def make(self, making: Making) -> LabelledImages:
        """x^c_ij = Σ_l A_l cos(2π(i f_l + j g_l)/n + φ_l) (Pinson et al. 2023, Eqs. 21 and S.66).

        Random phases are drawn in the order of the classes.
        """
        generator = random_streams.stream(making.root_seed, making.experiment, "dataset")
        side = self.side
        row, column = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
        images = np.zeros((len(self.classes), self.channels, side, side))
        for image, cosines in zip(images, self.classes, strict=True):
            for cosine in cosines:
                phase = generator.uniform(0, 2 * np.pi) if cosine.phase == "random" else cosine.phase
                turns = (row * cosine.frequency[0] + column * cosine.frequency[1]) % side / side
                image += cosine.amplitude * np.cos(2 * np.pi * turns + phase)
        return one_per_class(images, self, "cosines, computed")
