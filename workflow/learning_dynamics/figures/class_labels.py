"""Names of classes in figures: drawn as they are, in a font that has their characters."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager

from learning_dynamics.datasets.class_names import shown
from learning_dynamics.figures import style

_log = logging.getLogger(__name__)

# Characters of a name in a figure.
_LENGTH = 24


@dataclass(frozen=True)
class ClassLabels:
    """What figures call the classes.

    texts: a label for every class: its name, or "class 3" where no font at hand can draw it.
    undrawn: the names that no font can draw, by their labels.
    appearance: keywords of every Matplotlib text that shows a label: nothing in it is mathematics, and the fonts.
    """

    texts: tuple[str, ...]
    undrawn: dict[str, str]
    appearance: dict[str, Any]


@functools.lru_cache(maxsize=8)
def class_labels(names: tuple[str, ...]) -> ClassLabels:
    """The labels of all classes of a data set."""
    style.use()
    (usual,) = mpl.rcParams["font.sans-serif"][:1]
    has = _characters(font_manager.findfont(usual))
    texts = shown(names, _LENGTH)
    missing = {character for text in texts for character in text} - has
    families, drawable = _fonts_for(frozenset(missing))
    texts_drawn, undrawn = [], {}
    for number, text in enumerate(texts):
        if set(text) - has - drawable:
            undrawn[f"class {number}"] = text
            text = f"class {number}"
        texts_drawn.append(text)
    if undrawn:
        _log.warning("%s", note(undrawn))
    return ClassLabels(tuple(texts_drawn), undrawn, {"parse_math": False, "fontfamily": [usual, *families]})


def note(undrawn: dict[str, str]) -> str:
    """A sentence on the names that figures cannot show."""
    listed = ", ".join(f"{label} for “{name}”" for label, name in undrawn.items())
    return (
        f"Figures write {listed}: no font on this machine has all characters; install one that has them (on Debian "
        "fonts-noto-core, for Chinese, Japanese and Korean fonts-noto-cjk) and run again"
    )


def _fonts_for(missing: frozenset[str]) -> tuple[Sequence[str], set[str]]:
    """Families of installed fonts that have the characters, the fewest first choices, and what of these they draw."""
    families: list[str] = []
    drawable: set[str] = set()
    if not missing:
        return families, drawable
    for path in sorted(font_manager.findSystemFonts(), key=_preference):
        if not missing - drawable:
            break
        try:
            own = _characters(path) & (missing - drawable)
            if own and "lastresort" not in Path(path).name.lower():
                font_manager.fontManager.addfont(path)
                families.append(font_manager.FontProperties(fname=path).get_name())
                drawable |= own
        except (OSError, RuntimeError, ValueError):  # a damaged font, or one of pictures
            continue
    return families, drawable


def _preference(path: str) -> tuple[bool, bool, bool, str]:
    """Plain fonts of the figures' kind first; and the same order on every run."""
    name = Path(path).name.lower()
    return "emoji" in name, "sans" not in name, "regular" not in name, path


def _characters(path: str) -> set[str]:
    font = font_manager.get_font(path)
    return {chr(code) for code in font.get_charmap()}
