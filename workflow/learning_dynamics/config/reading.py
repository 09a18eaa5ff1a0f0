"""A file of settings, read with care: in bounded time and memory, with one line for what is wrong with it.

Snakemake reads files of settings itself, before any of this project's code runs. This finds what it would end on with
a traceback, or never (`make` asks first), and what it takes without a word: a key that stands twice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from learning_dynamics.errors import ConfigurationError, printable

_LARGEST = 2**20
_DEEPEST = 50
# Scalars, lists and mappings, those that an alias repeats counted again.
_MOST_NODES = 50_000
_LONGEST_NUMBER = 1000
_MARKS = {"utf-16": (b"\xff\xfe", b"\xfe\xff"), "utf-32": (b"\xff\xfe\0\0", b"\0\0\xfe\xff")}


def read(path: Path) -> dict[str, Any]:
    """The settings in a file, YAML or JSON.

    Raises:
        ConfigurationError: it is missing, in another encoding than UTF-8, neither YAML nor JSON, has no keys at the
            top, has a key twice, is nested too deep or too large, also by aliases that repeat each other.
    """
    text = _text(path)
    try:
        loaded = json.loads(text, object_pairs_hook=lambda pairs: _once(path, pairs))
        if _depth(loaded) > _DEEPEST:
            raise _too_deep(path)
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError:
        try:
            _check(path, text)
            loaded = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{path}: not valid YAML or JSON ({_reason(error)}); correct it") from error
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise ConfigurationError(f"{path}: a value cannot be read ({_reason(error)}); correct it") from error
    if not isinstance(loaded, dict):
        raise ConfigurationError(f"{path}: holds no keys; expected settings like 'seeds: 3'; see config/README.md")
    return loaded


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: could not be read ({_reason(error)}); name a file of settings") from error
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{path}: larger than {_LARGEST // 2**20} MiB; expected a file of settings")
    for encoding, marks in _MARKS.items():
        if content.startswith(marks):
            raise ConfigurationError(f"{path}: is text in {encoding.upper()}; expected UTF-8; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{path}: line {line} holds a byte that is no UTF-8 ({content[error.start]:#x}); save it as UTF-8"
        ) from error


def _check(path: Path, text: str) -> None:
    """Go through a text's events, of which only few are in memory, up to whatever is too much."""
    sizes: dict[str, int] = {}
    open_nodes: list[_Node] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(str(event.anchor), 0)
            if not size:
                raise ConfigurationError(
                    f"{path}: line {_line(event)}: '*{printable(str(event.anchor))}' stands inside of what it "
                    "repeats, or repeats nothing; write it out"
                )
            _took(path, open_nodes, None, event)
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            _took(path, open_nodes, event.value, event)
            if len(event.value) > _LONGEST_NUMBER and event.value.strip("+-").isdigit():
                raise ConfigurationError(
                    f"{path}: line {_line(event)}: a number of {len(event.value)} digits; correct it"
                )
            if event.anchor:
                sizes[event.anchor] = size
        elif isinstance(event, yaml.CollectionStartEvent):
            _took(path, open_nodes, None, event)
            open_nodes.append(_Node(event.anchor, total, isinstance(event, yaml.MappingStartEvent)))
            if len(open_nodes) > _DEEPEST:
                raise _too_deep(path)
            size = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            node = open_nodes.pop()
            if node.anchor:
                sizes[node.anchor] = total - node.first
            continue
        else:
            continue
        total += size
        if total > _MOST_NODES:
            raise ConfigurationError(
                f"{path}: line {_line(event)}: more than {_MOST_NODES:,} values, those counted again that "
                "aliases (*) repeat; expected a file of settings; write it without aliases"
            )


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _Node:
    """A list or mapping that is being gone through, and the keys that a mapping has so far."""

    def __init__(self, anchor: str | None, first: int, is_mapping: bool) -> None:
        self.anchor, self.first, self.is_mapping = anchor, first, is_mapping
        self.keys: set[str] = set()
        self.at_key = is_mapping


def _took(path: Path, open_nodes: list[_Node], text: str | None, event: Any) -> None:
    """Take a key or value in: a mapping's are in turn, and a key may not stand in it twice."""
    if not open_nodes or not open_nodes[-1].is_mapping:
        return
    node = open_nodes[-1]
    if node.at_key and text is not None:
        if text in node.keys and text != "<<":
            raise _twice(path, text, f"line {_line(event)}: ")
        node.keys.add(text)
    node.at_key = not node.at_key


def _once(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    settings = dict(pairs)
    if len(settings) < len(pairs):
        seen: set[str] = set()
        raise _twice(path, next(key for key, _ in pairs if key in seen or seen.add(key)), "")  # type: ignore[func-returns-value]
    return settings


def _twice(path: Path, key: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {where}the key '{printable(key)[:60]}' stands twice in one place; expected it once; of the two the "
        "last would count; put them together"
    )


def _depth(loaded: Any) -> int:
    depth, level = 0, [loaded]
    while level and depth <= _DEEPEST:
        inner = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = [value for values in inner for value in values]
        depth += 1
    return depth


def _too_deep(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path}: nested more than {_DEEPEST} levels deep; expected a file of settings")


def _reason(error: BaseException) -> str:
    return printable(" ".join(str(error).split()))[:200]


def main(paths: list[str]) -> None:
    """Check files of settings.

    Raises:
        SystemExit: one cannot be read, with one line.
    """
    try:
        for path in paths:
            read(Path(path))
    except ConfigurationError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
