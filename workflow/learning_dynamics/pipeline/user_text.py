"""Text that a user wrote, such as the name of a folder, where Snakemake writes it into the report."""

from __future__ import annotations

from typing import Any


class UserText(str):
    """Text as a user wrote it; to every program plain text.

    Snakemake writes a rule's parameters into a script of the report and captions through reStructuredText: a name could
    end the script with a tag of its own, or have a file included. It can do neither through what is shown here.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """The same literal without a character that could begin a tag."""
        return super().__repr__().replace("<", r"\x3c")

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)

    @property
    def in_caption(self) -> str:
        """The text as reStructuredText that shows it and does nothing else."""
        return "".join(_escaped(character) for character in self)


def _escaped(character: str) -> str:
    if character.isalnum() or character == " ":
        return character
    # Line breaks and what cannot be seen: a block, such as a directive, begins on a line of its own.
    return f"\\{character}" if character.isprintable() else "?"


def marked(plain: Any) -> Any:
    """Plain data in which every text is a ``UserText``."""
    if isinstance(plain, dict):
        return {key: marked(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [marked(value) for value in plain]
    return UserText(plain) if isinstance(plain, str) else plain
