"""A user's own images."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from learning_dynamics.datasets.kinds.base import UNKNOWN, DatasetKind, Licence, Making
from learning_dynamics.values import MOST_CLASSES, Automatic, Count, Positive, Side

_log = logging.getLogger(__name__)


class ImagesDataset(DatasetKind):
    """Your own images; docs/own-images.md shows how.

    A class is a folder of images (`<class>/<image>`, or `train/<class>/<image>` and `test/<class>/<image>`).
    """

    LICENCE: ClassVar[Licence] = UNKNOWN

    kind: Literal["images"] = "images"
    source: Annotated[str, Field(min_length=1)] = Field(
        description="Path of a folder of class folders or of pictures beside a table of their labels, of an archive of "
        "one (tar, tar.gz, tar.xz, zip), of an `.npz` file with images and labels, or of a data set file of this "
        "project (`datasets/….nc`); or `torchvision:<name>` for a classification data set that torchvision reads or "
        "downloads. A relative path is looked for beside the configuration file that names it, then in the working "
        "directory."
    )
    scale: Positive | Automatic | None = Field(
        default=None,
        description="What values are divided by. `null`: uint8 by 255 and uint16 by 65535, their full range; other "
        "numbers are taken as they are, within 0 to 1 or centred within −1 to 1, and refused beyond. `auto`: by the "
        "largest magnitude, and the standard deviations of the initial weights that are not given are `auto` too.",
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

    @property
    def shape(self) -> None:
        """Known when the images are read."""
        return

    def input_values(self, largest: int) -> int:
        """C n² where it is told, otherwise that of images that fit most; no more than `largest` is kept whole."""
        channels = 1 if self.colour == "grey" else 3
        return min(largest, channels * (self.side or 64) ** 2)

    @property
    def automatic_scale(self) -> bool:
        """Whether the initial weights are to be chosen for whatever scale the images have."""
        return self.scale == "auto"

    def source_state(self, record: Path | None) -> str:
        """Stands for the content of the user's files; `record` is what was noted when they were read."""
        from learning_dynamics.datasets.sources import fingerprints

        return fingerprints.fingerprint(self.source, record)

    def write(self, making: Making, path: str | Path) -> None:
        """Read the images one after the other into a data set file.

        Raises:
            DataError: the source is missing, damaged or lacks what is wanted of it, or the file cannot be written.
        """
        from learning_dynamics.datasets import files
        from learning_dynamics.datasets.labelled_images import SPLITS
        from learning_dynamics.datasets.sources import fingerprints, image_source, own_images

        wanted = image_source.Wanted(
            classes=self.classes,
            most=dict.fromkeys(SPLITS, self.images_per_class) if self.images_per_class else {},
            test_fraction=self.test_fraction,
            side=self.side,
            colour=self.colour,
            full=1.0 if self.scale is None else 0.0 if self.scale == "auto" else self.scale,
        )
        seen = fingerprints.Reading(self.source, making.source_record) if making.source_record else None
        source = own_images.open_source(self.source, wanted, making.downloads)
        _log.info("%s: %d images of %d classes", self.source, len(source.labels), len(source.class_names))
        uneven = image_source.unbalanced(source.labels, source.is_test, source.class_names)
        reading = files.write_stream(
            source, self.centred, path, making.experiment, self.provenance(making), scale=self.scale
        )
        for sentence in [*([uneven] if uneven else []), *reading.notes]:
            _log.warning("%s: %s", self.source, sentence)
        if seen is not None:
            seen.keep(source.checksums())
