"""The models of the configuration as a tree: what stands under which key."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from learning_dynamics.config.configuration import Config


def at(location: Sequence[int | str]) -> list[str]:
    """The keys that may stand where an error was found: those of the innermost model on the way there."""
    model: type[BaseModel] = Config
    found: dict[str, type[BaseModel]] = {}
    for part in location:
        if part in model.model_fields:
            found = {_kind(inner): inner for _, inner in inside(model.model_fields[str(part)].annotation)}
            if len(found) == 1:
                (model,) = found.values()
        elif part in found:
            model = found[str(part)]
    return list(model.model_fields)


def inside(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models in the type of a key, each with the path to it: ".<name>" in a mapping, "[…]" in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
        return
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from inside(arguments[0])
    elif origin in (typing.Union, types.UnionType):
        for part in arguments:
            yield from inside(part)
    elif origin is list:
        yield from ((f"[…]{path}", model) for path, model in inside(arguments[0]))
    elif origin is dict:
        yield from ((f".<name>{path}", model) for path, model in inside(arguments[1]))


def _kind(model: type[BaseModel]) -> str:
    """What tells a model of a union from the others; its name where nothing does."""
    return str(model.model_fields["kind"].default) if "kind" in model.model_fields else model.__name__
