"""A data set in the form that the scaling runs need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.numerics.correlations import FloatArray, Structure, decompose


@dataclass(frozen=True)
class Task:
    """A data set in the form that the runs need.

    images: training inputs of one channel, shape (images, n, n).
    labels: class of each, shape (images,).
    structure: decomposition of Σyx.
    weighted: Σxx V, shape (n², modes), with which Ω = Uᵀ M Σxx V; Σxx itself would have n⁴ entries.
    """

    images: FloatArray
    labels: npt.NDArray[np.int64]
    structure: Structure
    weighted: FloatArray

    @classmethod
    def of(cls, data: LabelledImages) -> Task:
        """The training images of a one-channel data set."""
        split = data.split("train")
        vectors = split.vectors(slice(None))
        one_hot = (split.labels[:, None] == np.arange(data.classes)).astype(np.float64)
        structure = decompose(one_hot.T @ vectors / len(vectors))
        weighted = vectors.T @ (vectors @ structure.right) / len(vectors)
        return cls(vectors.reshape(-1, *data.shape[1:]), split.labels, structure, weighted)

    @property
    def side(self) -> int:
        """The image side n."""
        return self.images.shape[-1]

    @property
    def classes(self) -> int:
        """p."""
        return len(self.structure.left)

    @property
    def right_images(self) -> FloatArray:
        """v^α as images, shape (modes, n, n)."""
        return self.structure.right.T.reshape(-1, self.side, self.side)

    @property
    def in_modes(self) -> FloatArray:
        """d_α, the diagonal of Vᵀ Σxx V, shape (modes,)."""
        return np.asarray(np.einsum("im,im->m", self.structure.right, self.weighted))

    def effective(self, network: FloatArray) -> FloatArray:
        """Ω = Uᵀ M Σxx V of a whole network M (p, n²) (Pinson et al. 2023, Eqs. 4 and 5), shape (modes, modes)."""
        return np.asarray(self.structure.left.T @ (network @ self.weighted))
