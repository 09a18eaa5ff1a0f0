"""What every kind of data set says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from learning_dynamics.values import Model

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import LabelledImages


@dataclass(frozen=True)
class Licence:
    """What must be known before the images are passed on.

    terms: under which they may be used, in words.
    citation: what to cite; empty for images that are computed.
    redistributable: whether an archive of results may hold all of them.
    """

    terms: str
    citation: str
    redistributable: bool


COMPUTED = Licence("computed by this pipeline, under its MIT licence", "", redistributable=True)
UNKNOWN = Licence("not known to this pipeline: ask the owner of the images", "", redistributable=False)


@dataclass(frozen=True)
class Making:
    """What a data set is made with, beside its own settings.

    experiment: its name, which selects the random stream.
    root_seed: root of the random streams.
    cifar10: source of CIFAR-10, of a data set that is downloaded.
    downloads: folder for downloaded data, kept between runs.
    source_record: file for what is noted of a user's own files, by which a change is noticed; None to note nothing.
    """

    experiment: str
    root_seed: int
    cifar10: str = ""
    downloads: Path = Path()
    source_record: Path | None = None


class DatasetKind(Model):
    """A kind of data set: a module in this package whose model has a `kind` of its own, and a line in the registry."""

    LICENCE: ClassVar[Licence] = COMPUTED
    # Whether it comes from the source under the configuration key `cifar10`, which may be a download.
    DOWNLOADED: ClassVar[bool] = False
    ONE_IMAGE_PER_CLASS: ClassVar[bool] = False

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes; none where they are known only when the images are read."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, int] | None:
        """Channels C and side n; None where they are known only when the images are read."""
        raise NotImplementedError

    @property
    def image_count(self) -> int | None:
        """Images in all; None where it is known only when they are read."""
        return len(self.class_names) if self.ONE_IMAGE_PER_CLASS else None

    def input_values(self, largest: int) -> int:
        """C n², the values of an image; at most `largest` where the images are not known yet."""
        if self.shape is None:
            return largest
        channels, side = self.shape
        return channels * side**2

    @property
    def frequencies_disjoint(self) -> bool:
        """Whether it is known that no frequency occurs in two classes of one-channel images."""
        return False

    @property
    def equal_strengths(self) -> bool:
        """Whether it is known that two classes have images of one norm, so that the decomposition may mix them."""
        return False

    @property
    def automatic_scale(self) -> bool:
        """Whether the initial weights are to be chosen for whatever scale the images have."""
        return False

    def source_state(self, record: Path | None) -> Any:
        """What changes when the images behind the settings do, so that they are read again; None if nothing can.

        Args:
            record: file of what was noted when they were read, if it is known.
        """
        return None

    def make(self, making: Making) -> LabelledImages:
        """The images.

        Raises:
            DataError: the source is missing, damaged or holds too few images.
        """
        raise NotImplementedError

    def write(self, making: Making, path: str | Path) -> None:
        """Make the images and write them to a data set file.

        Raises:
            DataError: as ``make``, or the file cannot be written.
        """
        from learning_dynamics.datasets import files

        files.write(self.make(making), path, making.experiment, self.provenance(making))

    def provenance(self, making: Making) -> dict[str, Any]:
        """Everything that determines the images."""
        return {
            "experiment": making.experiment,
            "root_seed": making.root_seed,
            "dataset": self.model_dump(mode="json"),
        }


def classes_fit(classes: int, inputs: int) -> None:
    """Raise ValueError if there are more classes than values in an image."""
    if classes > inputs:
        raise ValueError(f"{classes} classes for images of {inputs} values; expected at most one class per value")


def one_per_class(images: npt.NDArray[np.float64], kind: DatasetKind, origin: str) -> LabelledImages:
    """A data set of one training image for each class, where channel c holds the image scaled by 1/(1 + c)."""
    from learning_dynamics.datasets.labelled_images import LabelledImages

    channels = images.shape[1]
    return LabelledImages(
        images=images / (1.0 + np.arange(channels)[:, None, None]),
        labels=np.arange(len(images)),
        is_test=np.zeros(len(images), dtype=bool),
        class_names=tuple(kind.class_names),
        centred=False,
        origin=origin,
    )
