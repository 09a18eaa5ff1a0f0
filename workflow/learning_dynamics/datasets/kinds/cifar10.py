"""CIFAR-10 (Krizhevsky 2009): some or all of its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from learning_dynamics.datasets.kinds.base import DatasetKind, Licence, Making
from learning_dynamics.errors import did_you_mean
from learning_dynamics.values import Count

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import LabelledImages


CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Cifar10Dataset(DatasetKind):
    """Classes of CIFAR-10 (Krizhevsky 2009), 32x32 pixels in colour, read from the source under `cifar10`."""

    LICENCE: ClassVar[Licence] = Licence(
        "the publisher names none",
        "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, University of Toronto, 2009",
        redistributable=False,
    )
    DOWNLOADED: ClassVar[bool] = True

    kind: Literal["cifar10"] = "cifar10"
    classes: Annotated[list[str], Field(min_length=2, max_length=10)] = Field(
        default=["airplane", "automobile", "bird", "cat"], description="The classes to tell apart, by name."
    )
    train_images: Count = Field(
        default=20000, description="Training images in all, the same number of the first ones of each class."
    )
    test_images: Annotated[int, Field(ge=0)] = Field(
        default=4000, description="Test images in all, the same number of the first ones of each class; 0 for none."
    )
    centred: bool = Field(default=True, description="Subtract the mean training image from all images.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in self.classes:
            if name not in CIFAR10_CLASSES:
                raise ValueError(
                    f"classes: no CIFAR-10 class is called '{name}'{did_you_mean(name, CIFAR10_CLASSES)}; "
                    f"expected some of {', '.join(CIFAR10_CLASSES)}"
                )
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes: {self.classes} names a class twice; expected each at most once")
        for key, available in (("train_images", 5000), ("test_images", 1000)):
            images, classes = getattr(self, key), len(self.classes)
            if images % classes or images > available * classes or (key == "train_images" and images < classes):
                raise ValueError(
                    f"{key}: {images} images for {classes} classes; expected a multiple of {classes}, "
                    f"at most {available * classes}" + (f" and at least {classes}" if key == "train_images" else "")
                )
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return list(self.classes)

    @property
    def shape(self) -> tuple[int, int]:
        """Channels C and side n."""
        return 3, 32

    @property
    def image_count(self) -> int:
        """Images in all."""
        return self.train_images + self.test_images

    def make(self, making: Making) -> LabelledImages:
        """The first images of the chosen classes, downloaded or from a local copy.

        Raises:
            DataError: there is no network, or the source is missing, damaged or holds too few images.
        """
        from learning_dynamics.datasets.labelled_images import LabelledImages
        from learning_dynamics.datasets.sources import cifar10

        classes = len(self.classes)
        wanted = {"train": self.train_images // classes, "test": self.test_images // classes}
        images, origin = cifar10.read(making.cifar10, making.downloads, self.classes, wanted)
        return LabelledImages(
            images=images,
            labels=np.concatenate([np.repeat(np.arange(classes, dtype=np.int64), count) for count in wanted.values()]),
            is_test=np.concatenate([np.full(classes * count, split == "test") for split, count in wanted.items()]),
            class_names=tuple(self.class_names),
            centred=self.centred,
            origin=origin,
        )
