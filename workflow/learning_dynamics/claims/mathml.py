"""Mathematics of the claims' texts as browsers typeset it.

The texts are written for a terminal too: a_α, v̂^α_l, |k̂_l|², λ_FCNN = n λ_CNN. What is written so becomes MathML;
everything else stays as it is. Nothing is lost on the way but the signs _ and ^ themselves.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from html import escape

_HAT = "\u0302"
_LETTER = r"[^\W\d_²³ᵀ]"
_TOKEN = re.compile(
    rf"""
    (?P<script> [_^](?:{_LETTER}|\d)+ | [²³ᵀ*])
  | (?P<number> \d+(?:[.,]\d+)*(?:e[-−]?\d+)?)
  | (?P<symbol> Σ[xy]{{2}} | (?:conj|exp|ln|max|min)\b | {_LETTER}{_HAT}?(?!{_LETTER}|{_HAT}))
  | (?P<bracket> [(|‖)])
  | (?P<operator> [-=<>≤≥≠≈+−·×/√→])
    """,
    re.VERBOSE,
)
# What makes mathematics of letters, numbers and signs, which may also be a figure's number or a word.
_CERTAIN = re.compile(rf"[Α-Ωα-ω{_HAT}ᵀ‖]|(?<!{_LETTER}){_LETTER}[_^²]|[)|][_^²]")
_ARTICLES = ("a", "A", "I")
_SPACE = '<mspace width=".25em"></mspace>'


@functools.cache
def markup(text: str) -> str:
    """A text as HTML, escaped, its mathematics as MathML."""
    # Words and the white space between them in turn.
    pieces = re.split(r"(\s+)", text)
    made, run = [], list[str]()
    for word, space in itertools.zip_longest(pieces[::2], pieces[1::2], fillvalue=""):
        stripped = word.rstrip(".,;:")
        if stripped and _tokens(stripped) is not None:
            run.append(stripped)
            if stripped == word and space:
                run.append(space)
                continue
            made += [*_typeset(run), escape(word[len(stripped) :] + space)]
            run = []
            continue
        made += [*_typeset(run), escape(word + space)]
        run = []
    return "".join([*made, *_typeset(run)])


def _typeset(run: list[str]) -> list[str]:
    """Words that can be mathematics, and the white space between and after them, as HTML."""
    before, after = [], []
    if run and run[-1].isspace():
        run, after = run[:-1], run[-1:]
    if len(run) > 2 and run[0] in _ARTICLES and not _is_operator(run[2][0]):
        before, run = run[:2], run[2:]
    if len(run) > 2 and run[-1] in _ARTICLES and not _is_operator(run[-3][-1]):
        run, after = run[:-2], [*run[-2:], *after]
    text = "".join(run)
    if not _CERTAIN.search(text):
        return [escape("".join([*before, text, *after]))]
    words = [_tokens(word) or [] for word in run[::2]]
    return [escape("".join(before)), f"<math>{_row(words)}</math>", escape("".join(after))]


def _is_operator(sign: str) -> bool:
    match = _TOKEN.match(sign)
    return match is not None and match.lastgroup == "operator"


def _tokens(word: str) -> list[tuple[str, str]] | None:
    """Kinds and texts of a word's tokens; None if it is no mathematics."""
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(word):
        match = _TOKEN.match(word, place)
        if match is None or match.lastgroup is None:
            return None
        found.append((match.lastgroup, match[0]))
        place = match.end()
    return found


@dataclass
class _Part:
    """A base with what stands below and above it, as MathML."""

    base: str
    operand: bool
    below: str = ""
    above: str = ""

    def mathml(self) -> str:
        if self.below and self.above:
            return f"<msubsup>{self.base}<mrow>{self.below}</mrow><mrow>{self.above}</mrow></msubsup>"
        if self.below:
            return f"<msub>{self.base}<mrow>{self.below}</mrow></msub>"
        return f"<msup>{self.base}<mrow>{self.above}</mrow></msup>" if self.above else self.base


def _row(words: list[list[tuple[str, str]]]) -> str:
    """Words of tokens as MathML: brackets are paired, so that what follows a bracket belongs to all that it closes."""
    levels: list[tuple[str, list[_Part]]] = [("", [])]
    for word in words:
        for place, (kind, text) in enumerate(word):
            opened, parts = levels[-1]
            after_operand = bool(parts) and parts[-1].operand
            if kind == "script" and after_operand:
                _attach(parts[-1], text)
                continue
            if place == 0 and after_operand and kind in ("symbol", "number"):
                parts.append(_Part(_SPACE, operand=False))
            if kind == "bracket" and text == {"(": ")"}.get(opened, opened) and (after_operand or text == ")"):
                levels.pop()
                inside = "".join(part.mathml() for part in parts)
                levels[-1][1].append(_Part(f"<mrow>{_fence(opened)}{inside}{_fence(text)}</mrow>", operand=True))
            elif kind == "bracket" and text != ")":
                levels.append((text, []))
            elif kind == "symbol":
                parts.append(_Part(_symbol(text), operand=True))
            elif kind == "number":
                parts.append(_Part(f"<mn>{text}</mn>", operand=True))
            else:
                parts.append(_Part(_operator(text), operand=False))
    # Brackets that were never closed are signs like others.
    return "".join(
        (_fence(opened) if opened else "") + "".join(part.mathml() for part in parts) for opened, parts in levels
    )


def _attach(part: _Part, script: str) -> None:
    if script.startswith("_"):
        part.below += _letters(script[1:])
    elif script.startswith("^"):
        part.above += _letters(script[1:])
    else:
        part.above += {"²": "<mn>2</mn>", "³": "<mn>3</mn>", "ᵀ": "<mi>T</mi>"}.get(script, _operator(script))


def _letters(script: str) -> str:
    """Greek letters are symbols each, and so are Latin ones beside them; FCNN is a word."""
    symbols = re.findall(r"\d+|\D", script) if re.search("[Α-Ωα-ω]", script) else [script]
    return "".join(f"<mn>{one}</mn>" if one.isdecimal() else f"<mi>{one}</mi>" for one in symbols)


def _symbol(text: str) -> str:
    if text.endswith(_HAT):
        return f'<mover accent="true"><mi>{text[:-1]}</mi><mo stretchy="false">^</mo></mover>'
    if text[0] == "Σ" and len(text) > 1:
        return f'<msup><mi mathvariant="normal">Σ</mi><mi>{text[1:]}</mi></msup>'
    # Capital Greek letters stand upright.
    return f'<mi mathvariant="normal">{text}</mi>' if "Α" <= text <= "Ω" else f"<mi>{text}</mi>"


def _operator(text: str) -> str:
    return f"<mo>{escape(text)}</mo>"


def _fence(text: str) -> str:
    """A bracket, as high as the letters beside it."""
    return f'<mo stretchy="false">{text}</mo>'
