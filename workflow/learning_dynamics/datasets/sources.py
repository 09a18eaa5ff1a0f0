"""Whose the images are: licence and citation of every kind of data set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """What must be known before the images are passed on.

    licence: under which they may be used, in words.
    citation: what to cite; empty for images that are computed.
    redistributable: whether an archive of results may hold all of them.
    """

    licence: str
    citation: str
    redistributable: bool


_COMPUTED = Source("computed by this pipeline, under its MIT licence", "", redistributable=True)
_SOURCES = {
    "cosines": _COMPUTED,
    "shapes": _COMPUTED,
    "digits": Source(
        "Creative Commons Attribution 4.0",
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, "
        "doi:10.24432/C50P49",
        redistributable=True,
    ),
    "cifar10": Source(
        "the publisher names none",
        "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, University of Toronto, 2009",
        redistributable=False,
    ),
}
_UNKNOWN = Source("not known to this pipeline: ask the owner of the images", "", redistributable=False)


def source(kind: str) -> Source:
    """Licence and citation of the data sets of a kind; of images that a user brings nothing is assumed."""
    return _SOURCES.get(kind, _UNKNOWN)
