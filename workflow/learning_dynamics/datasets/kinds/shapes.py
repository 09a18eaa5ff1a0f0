"""Geometric shapes: solid or hollow, round or square, one antialiased image per class (Fig. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from learning_dynamics.datasets.kinds.base import DatasetKind, Making, classes_fit, one_per_class
from learning_dynamics.values import Side

if TYPE_CHECKING:
    from learning_dynamics.datasets.labelled_images import LabelledImages


class ShapesDataset(DatasetKind):
    """One antialiased image per class: solid or hollow, round or square."""

    ONE_IMAGE_PER_CLASS: ClassVar[bool] = True

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
        classes_fit(len(self.shapes), self.channels * self.side**2)
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return list(self.shapes)

    @property
    def shape(self) -> tuple[int, int]:
        """Channels C and side n."""
        return self.channels, self.side

    def make(self, making: Making) -> LabelledImages:
        """One image per shape on [−1, 1]²; a pixel is the share of its points that lie inside the shape."""
        images = np.stack([self._covered(shape) for shape in self.shapes])[:, None]
        return one_per_class(np.repeat(images, self.channels, axis=1), self, "geometric shapes, computed")

    def _covered(self, shape: str) -> npt.NDArray[np.float64]:
        points = self.side * self.subpixels
        position = (np.arange(points) + 0.5) / points * 2 - 1
        row, column = np.meshgrid(position, position, indexing="ij")
        if shape in ("disc", "ring"):
            distance, outer = np.hypot(row, column), self.radius
        else:
            distance, outer = np.maximum(abs(row), abs(column)), self.half_side
        inside = distance <= outer
        if shape in ("ring", "frame"):
            inside &= distance > outer - self.wall
        blocks = inside.reshape(self.side, self.subpixels, self.side, self.subpixels)
        return np.asarray(blocks.mean(axis=(1, 3)))
