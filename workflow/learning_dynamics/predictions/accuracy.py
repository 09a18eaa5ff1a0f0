"""How many images a linear network answers right: its largest output is that of the image's class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from learning_dynamics.datasets.labelled_images import Split
from learning_dynamics.numerics.correlations import FloatArray, Structure

# Of more images some, evenly spaced: the share is then known to half a percent.
MOST_IMAGES = 10_000
_AT_ONCE = 500


def share_right(networks: FloatArray, split: Split) -> FloatArray:
    """The share of a split's images that each network answers right, shape (networks,).

    Args:
        networks: input-output maps M, shape (networks, p, CN).
        split: the images; of more than ``MOST_IMAGES`` so many, evenly spaced.
    """
    number, classes, width = networks.shape
    rows = networks.reshape(number * classes, width).T
    chosen = np.linspace(0, len(split) - 1, min(len(split), MOST_IMAGES)).round().astype(np.int64)
    right = np.zeros(number, np.int64)
    for start in range(0, len(chosen), _AT_ONCE):
        some = chosen[start : start + _AT_ONCE]
        outputs = (split.vectors(some) @ rows).reshape(len(some), number, classes)
        right += (outputs.argmax(axis=-1) == split.labels[some, None]).sum(axis=0)
    return np.asarray(right / len(chosen))


def when_found(
    times: FloatArray, samples: FloatArray, most: int = 12
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The modes that a trial finds and a record for each: midway between its half-rise and that of the next mode.

    Args:
        times: half-rise times of the trial's modes, NaN for those not found, shape (modes,).
        samples: times of the records, shape (records,).
        most: of more modes the first ones found.

    Returns:
        The modes, in the order in which they are found, and indices of records.
    """
    order = np.argsort(times, kind="stable")[: np.isfinite(times).sum()]
    ends = np.append(times[order[1:]], samples[-1])
    middles = (times[order] + ends) / 2
    records = np.abs(samples[:, None] - middles).argmin(axis=0)
    return order[:most], records[:most]


def best_network_in_modes(structure: Structure, input_correlation_in_modes: FloatArray) -> FloatArray:
    """U S (Vᵀ Σxx V)⁻¹ Vᵀ, the linear map of least mean square error that sees an image through V alone, (p, CN)."""
    use = structure.discoverable
    inner = input_correlation_in_modes[np.ix_(use, use)]
    weighted = np.linalg.solve(inner, structure.right[:, use].T)
    return np.asarray((structure.left[:, use] * structure.singular_values[use]) @ weighted)
