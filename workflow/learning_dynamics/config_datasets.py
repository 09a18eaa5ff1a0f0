"""The data sets of the configuration, one model per kind."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, Union

from pydantic import Field, TypeAdapter, model_validator

from learning_dynamics.config_values import Count, Model, Positive, Side, did_you_mean

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MOST_CLASSES = 1000
# Before the name of a data set that torchvision knows.
TORCHVISION = "torchvision:"


class Cosine(Model):
    """One cosine of a class image (Pinson et al. 2023, Eqs. 21 and S.66)."""

    frequency: Annotated[list[int], Field(min_length=2, max_length=2)] = Field(
        description="Vertical and horizontal frequency, in cycles per image."
    )
    amplitude: Positive = Field(description="Amplitude of the cosine.")
    phase: Annotated[float, Field(allow_inf_nan=False)] | Literal["random"] = Field(
        default=0.0, description="Phase in radians, or `random`: drawn from the root seed."
    )


class CosinesDataset(Model):
    """One image per class, a sum of cosines."""

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
            for place, cosine in enumerate(cosines):
                if not all(0 <= frequency < self.side for frequency in cosine.frequency):
                    raise ValueError(
                        f"classes.{number}.{place}.frequency: {cosine.frequency} lies outside the image; "
                        f"expected two frequencies from 0 to {self.side - 1} (side {self.side})"
                    )
        _classes_fit(len(self.classes), self.channels * self.side**2)
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return [" + ".join(f"({c.frequency[0]},{c.frequency[1]})" for c in cosines) for cosines in self.classes]


class ShapesDataset(Model):
    """One antialiased image per class: solid or hollow, round or square."""

    kind: Literal["shapes"] = "shapes"
    side: Side = Field(default=16, description="Image side n in pixels, odd or even.")
    channels: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="Channels C; channel c holds the image scaled by 1/(1 + c)."
    )
    shapes: Annotated[list[Literal["disc", "square", "ring", "frame"]], Field(min_length=2)] = Field(
        default=["disc", "square", "ring", "frame"], description="One shape per class."
    )
    radius: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.7, description="Outer radius of disc and ring; the image spans [-1, 1]."
    )
    half_side: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.62, description="Outer half-side of square and frame; the image spans [-1, 1]."
    )
    wall: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.22, description="Wall of the hollow shapes.")
    subpixels: Annotated[int, Field(ge=1, le=64)] = Field(
        default=16, description="Points per pixel and direction for the antialiasing."
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if len(set(self.shapes)) < len(self.shapes):
            raise ValueError(f"shapes: {self.shapes} names a shape twice; expected each at most once")
        if self.wall >= min(self.radius, self.half_side):
            raise ValueError(
                f"wall: {self.wall} fills the hollow shapes; expected less than radius and half_side "
                f"({min(self.radius, self.half_side)})"
            )
        _classes_fit(len(self.shapes), self.channels * self.side**2)
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return list(self.shapes)


class DigitsDataset(Model):
    """Handwritten 8x8 digits bundled with scikit-learn: real images that every machine has."""

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


class Cifar10Dataset(Model):
    """Classes of CIFAR-10 (Krizhevsky 2009), 32x32 pixels in colour, read from the source under `cifar10`."""

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


class ImagesDataset(Model):
    """Your own images; docs/own-images.md shows how.

    A class is a folder of images (`<class>/<image>`, or `train/<class>/<image>` and `test/<class>/<image>`).
    """

    kind: Literal["images"] = "images"
    source: Annotated[str, Field(min_length=1)] = Field(
        description="Path of a folder of class folders, of an archive of one (tar, tar.gz, tar.xz, zip), of an `.npz` "
        "file with `images` and `labels`, or of a data set file of this project (`datasets/….nc`); or "
        "`torchvision:<name>` for a classification data set that torchvision downloads."
    )
    side: Side | None = Field(
        default=None,
        description="Side n in pixels: the largest square in the middle of every image is scaled to it. `null`: images "
        "as they are, which must be squares of one size.",
    )
    colour: Literal["as_stored", "grey", "rgb"] = Field(
        default="as_stored",
        description="`as_stored`: 1 channel for grey images, 2 with transparency, 3 for colour, 4 with transparency; "
        "all must agree. `grey` or `rgb`: converted, transparency dropped.",
    )
    classes: Annotated[list[str], Field(min_length=2, max_length=MOST_CLASSES)] | None = Field(
        default=None, description="Names of the classes wanted, in this order; `null` for all, by name."
    )
    images_per_class: Count | None = Field(
        default=None,
        description="At most so many images of each class in each split, the first ones by name; `null` for all.",
    )
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Share of every class held out as the test split (the last ones by name); 0 where the source has "
        "a test split of its own.",
    )
    centred: bool = Field(default=True, description="Subtract the mean training image from all images.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes: {self.classes} names a class twice; expected each at most once")
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the classes that are asked for; those of the source are known when it is read."""
        return list(self.classes or [])


Dataset = Annotated[
    Union[CosinesDataset, ShapesDataset, DigitsDataset, Cifar10Dataset, ImagesDataset],  # noqa: UP007 - pydantic's form
    Field(discriminator="kind"),
]


def dataset_model(settings: Mapping[str, Any]) -> Dataset:
    """The data set that checked settings describe, as passed to a job."""
    return TypeAdapter[Dataset](Dataset).validate_python(settings)


def frequencies_disjoint(dataset: Any) -> bool:
    """Whether no frequency, nor its mirror, occurs in two classes of one-channel cosines."""
    if not isinstance(dataset, CosinesDataset) or dataset.channels != 1:
        return False
    seen: set[tuple[int, int]] = set()
    for cosines in dataset.classes:
        pairs = [(cosine.frequency[0], cosine.frequency[1]) for cosine in cosines]
        own = {*pairs, *((-f % dataset.side, -g % dataset.side) for f, g in pairs)}
        if own & seen:
            return False
        seen |= own
    return True


def equal_strengths(dataset: Any) -> bool:
    """Whether two classes of cosines have images of one norm, so that the decomposition may mix them."""
    powers = sorted(
        sum(
            cosine.amplitude**2 * (1.0 if all(2 * f % dataset.side == 0 for f in cosine.frequency) else 0.5)
            for cosine in cosines
        )
        for cosines in dataset.classes
    )
    return any(after - before <= 1e-9 * after for before, after in itertools.pairwise(powers))


def _classes_fit(classes: int, inputs: int) -> None:
    if classes > inputs:
        raise ValueError(f"{classes} classes for images of {inputs} values; expected at most one class per value")
