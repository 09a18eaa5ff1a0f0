"""The configuration's JSON schema and description and config.yaml, generated from its model.

Run it as ``python -m learning_dynamics.config.documents``.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from learning_dynamics.config import configuration, default_file, keys

_HEADER = """# Configuration

Generated from the models in `workflow/learning_dynamics` by `make config-documents`; do not edit.

`config.yaml` holds the paper's settings; it is generated too. Keys that are left out have the values below, so a file
of your own needs only what differs:

    snakemake --cores all --configfile mine.yaml

`smoke.yaml` is such a file: everything in seconds, for tests. `schema.json` lets an editor complete and check keys.
Put names that look like numbers, and yes, no, on, off, true and false, in quotes: YAML makes values of them. An empty
mapping asks for a network with its defaults (`deep_relu_cnn: {}`); only over a `null` in `config.yaml`, where the paper
leaves out a network that is trained unless told otherwise, give at least one key (`linear_cnn: {learning_rate: auto}`
in `cifar10`): Snakemake reads an empty `{}` there as the `null`.

The learning rate λ belongs to one update with the gradient of ½‖y − ŷ‖² of one sample. The reported loss is the mean
square error over the p outputs, (1/p)‖y − ŷ‖²; in terms of its gradient the step is λ·p/2. The deep networks' λ belongs
to the gradient of that mean square error itself, averaged over the batch.
"""


def schema() -> str:
    """The JSON schema of the configuration; every key may be left out where the model has a default."""
    document = configuration.Config.model_json_schema()
    experiments = document["properties"]["experiments"]
    experiments.pop("default", None)
    # Keys of the paper's experiments may be given singly, and an experiment may be null.
    entries = next(iter(experiments["patternProperties"].values())) if "patternProperties" in experiments else {}
    reference = entries.get("$ref", "#/$defs/Experiment")
    experiments["additionalProperties"] = False
    experiments["patternProperties"] = {"^[A-Za-z][A-Za-z0-9_]*$": {"anyOf": [{"$ref": reference}, {"type": "null"}]}}
    # So may a variant of the convolution.
    convolutions = document["$defs"]["Variants"]["properties"]["convolutions"]
    convolutions["patternProperties"] = {
        pattern: {"anyOf": [entry, {"type": "null"}]} for pattern, entry in convolutions["patternProperties"].items()
    }
    for model in document["$defs"].values():
        model.pop("required", None)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def readme() -> str:
    """config/README.md: every key with its type, default and meaning."""
    return "\n".join([_HEADER, *_section(configuration.Config, "The file"), *_nested_sections()]) + "\n"


def write(folder: Path) -> None:
    """Write the documents."""
    (folder / "schema.json").write_text(schema(), encoding="utf-8")
    (folder / "README.md").write_text(readme(), encoding="utf-8")
    (folder / "config.yaml").write_text(default_file.text(), encoding="utf-8")


def _nested_sections() -> Iterator[str]:
    seen: set[type[BaseModel]] = {configuration.Config}

    def sections(model: type[BaseModel], path: str, kind: str) -> Iterator[str]:
        for name, field in model.model_fields.items():
            for step, inner in keys.inside(field.annotation):
                if inner in seen:
                    continue
                seen.add(inner)
                here = f"{path}{name}{step}"
                if "kind" in inner.model_fields:
                    inner_kind = str(inner.model_fields["kind"].default)
                    yield from _section(inner, f"`{here}` with `kind: {inner_kind}`")
                else:
                    inner_kind = kind
                    yield from _section(inner, f"`{here}`" + (f" of `kind: {kind}`" if kind else ""))
                yield from sections(inner, f"{here}.", inner_kind)

    yield from sections(configuration.Config, "", "")


def _section(model: type[BaseModel], title: str) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield f"{inspect.getdoc(model) or ''}\n"
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {_type(field.annotation)} | {_default(name, field)} | {_meaning(name, field)} |"


def _meaning(name: str, field: FieldInfo) -> str:
    if field.description:
        return field.description
    return {
        "kind": "Selects this kind of data set.",
        "dataset": "The images; see the kinds below.",
        "networks": "The networks to train.",
    }.get(name, "See below.")


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or (isinstance(value, dict) and value):
        return "the paper's" if name == "experiments" else "see below"
    assert value is not PydanticUndefined
    return f"`{json.dumps(to_jsonable_python(value))}`"


def _type(annotation: Any) -> str:
    if annotation is None or annotation is type(None):
        return "null"
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _type(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(annotation))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(part) for part in typing.get_args(annotation))
    if origin is list:
        return f"list of {_type(typing.get_args(annotation)[0])}"
    if origin is dict:
        return f"{_type(typing.get_args(annotation)[1])} by name"
    names = {int: "integer", float: "number", str: "text", bool: "true or false"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


if __name__ == "__main__":
    write(Path(__file__).parents[3] / "config")
