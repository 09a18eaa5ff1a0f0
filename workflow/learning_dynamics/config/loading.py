"""From what a user wrote to the typed configuration, or to one line per mistake."""

from __future__ import annotations

import copy
import re
import reprlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from learning_dynamics.config import keys
from learning_dynamics.config.configuration import Config
from learning_dynamics.config.extensions import Variants, zero_padding
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.datasets.registry import BY_KIND
from learning_dynamics.errors import ConfigurationError, did_you_mean, printable

# Beyond it a float has no neighbours among whole numbers.
_LARGEST_WHOLE = 2**53
_brief = reprlib.Repr()
_brief.maxlevel, _brief.maxstring, _brief.maxother = 2, 80, 80
_LONGEST_SHOWN = 200


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `changes` laid over it, folder by folder; a data set of another kind replaces the old."""
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            other_kind = "kind" in value and value["kind"] != old.get("kind")
            result[key] = copy.deepcopy(dict(value)) if other_kind else merged(old, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def load(settings: Mapping[str, Any]) -> Config:
    """The configuration that `settings` describe; keys left out have the paper's values.

    Raises:
        ConfigurationError: one line per mistake, naming the key, what was expected and a likely correction.
    """
    given = dict(settings)
    experiments = given.get("experiments", {})
    if isinstance(experiments, Mapping):
        defaults = {name: experiment.model_dump() for name, experiment in paper_experiments().items()}
        combined = merged(defaults, {str(name): value for name, value in experiments.items()})
        given["experiments"] = {name: value for name, value in combined.items() if value is not None}
    for key, block in (("variants", Variants()), ("zero_padding", zero_padding())):
        if isinstance(given.get(key), Mapping):
            combined = merged(block.model_dump(), given[key])
            if isinstance(convolutions := combined["convolutions"], Mapping):
                combined["convolutions"] = {str(n): value for n, value in convolutions.items() if value is not None}
            given[key] = combined
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        numbers = _with_numbers(error, given)
    try:
        return Config.model_validate(numbers)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_lines(error, numbers))) from None


def _with_numbers(error: ValidationError, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same, where what should be a number and can be read as one is one.

    YAML takes 1e5 for text, and 1.0e+5 for no whole number.
    """
    changed = copy.deepcopy(dict(settings))
    for details in error.errors(include_url=False, include_context=False):
        if details["type"] in ("int_type", "float_type"):
            location = _as_written(details["loc"], changed)
            number = _number(_value_at(location, changed), whole=details["type"] == "int_type")
            if number is not None and location:
                holder = _value_at(location[:-1], changed)
                holder[location[-1]] = number
    return changed


def _number(value: Any, whole: bool) -> float | int | None:
    """A number that a text in exponential notation or a float is; None if it is none, or should be whole and is not."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d{1,20}(\.\d{0,20})?[eE][-+]?\d{1,4}", value):
        number = float(value)
    elif isinstance(value, float) and whole:
        number = value
    else:
        return None
    if not whole:
        return number
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_WHOLE else None


def _lines(error: ValidationError, settings: Mapping[str, Any]) -> list[str]:
    """One line per mistake; of a union's several complaints about one key the first is kept."""
    lines: dict[str, str] = {}
    for details in error.errors():
        location = _as_written(details["loc"], settings)
        key, value = ".".join(str(part) for part in location), _value_at(location, settings)
        explanation = _explanation(details, location, value)
        inner = re.match(r"([\w.]+): (.*)", explanation) if details["type"] == "value_error" else None
        if inner:
            key, explanation = ".".join(filter(None, [key, inner[1]])), inner[2]
        lines.setdefault(key, f"configuration key '{key}': {explanation}")
    return list(lines.values())


def _as_written(location: tuple[int | str, ...], settings: Any) -> list[int | str]:
    """Where the user wrote it: without the names that the model adds (data set kinds, members of a union)."""
    written: list[int | str] = []
    here = settings
    for place, part in enumerate(location):
        last = place == len(location) - 1
        after_kind = place > 0 and location[place - 1] == "dataset"
        if isinstance(here, Mapping) and not after_kind and (part in here or (last and part != "[key]")):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        written.append(part)
    return written


def _value_at(location: list[int | str], settings: Any) -> Any:
    for part in location:
        settings = settings.get(part) if isinstance(settings, Mapping) else settings[part]
    return settings


def _explanation(details: ErrorDetails, location: list[int | str], value: Any) -> str:
    kind, context = details["type"], details.get("ctx", {})
    name = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(name, keys.at(details['loc'][:-1]))}"
    if kind == "missing":
        if len(location) == 3 and location[0] == "experiments":
            hint = did_you_mean(str(location[1]), paper_experiments())
            return f"missing; an experiment that is not the paper's needs one{hint}"
        return "missing; it has no default"
    if kind == "value_error":
        return str(context["error"])
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?|null|true|false", value):
        return (
            f"{details['msg'].replace('Input should be', 'expected', 1)}, got the text {_shown(value)}: write it "
            "without quotes in a file for --configfile (inside --config every nested value is text)"
        )
    if kind == "string_type" and isinstance(value, bool | int | float):
        return (
            f"expected text, got {_shown(value)}: YAML reads numbers, and yes, no, on, off, true and false, as values "
            f"of their own; put it in quotes, as in {_quoted(value)}"
        )
    if kind == "union_tag_not_found":
        return f"'kind' is missing; expected one of {', '.join(BY_KIND)}"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context.get("expected") or context.get("expected_tags"))
        given = value.get("kind") if isinstance(value, Mapping) else value
        choices = re.findall(r"'([^']*)'", expected)
        hint = did_you_mean(given, choices) if isinstance(given, str) else ""
        return f"expected {expected}, got {_shown(given)}{hint}"
    if kind == "string_pattern_mismatch":
        return f"expected a name of letters, digits and '_' that begins with a letter, got {_shown(details['input'])}"
    if kind in ("model_type", "dict_type"):
        return f"expected keys and values, got {_shown(value)}"
    return f"{details['msg'].replace('Input should be', 'expected', 1)}, got {_shown(value)}"


def _shown(value: Any) -> str:
    """A value as Python writes it, of one that is large only the beginning."""
    shown = printable(_brief.repr(value))
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def _quoted(value: Any) -> str:
    return "'yes' or 'no'" if isinstance(value, bool) else f"'{_shown(value)}'"
