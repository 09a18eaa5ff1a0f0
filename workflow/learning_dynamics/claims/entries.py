"""The table of claims, ``config/claims.yaml`` or a file of a user's own: read and checked before anything runs.

A row of the table states one claim for several cases, such as every experiment and network; each case is an entry of
the ledger. What can be measured are the functions of the package ``measures``, whose arguments are read from their
source: importing them takes longer than all the rest of what Snakemake reads.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import reprlib
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from learning_dynamics.errors import ConfigurationError, did_you_mean, printable
from learning_dynamics.networks.registry import MODELS

# Holds: the 95 % interval lies within the tolerance. Refuted: it lies outside. Undecided: a bound lies inside it. Not
# measured: something that it needs was not run, or did not happen in more than a tenth of the trials.
Verdict = Literal["holds", "refuted", "undecided", "not measured"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

_MEASURES = Path(__file__).parent / "measures"
# What an id calls a network.
_SHORT = {"linear_cnn": "cnn", "linear_fcnn": "fcnn", "deep_linear_cnn": "linear", "deep_relu_cnn": "relu"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Tolerance(_Part):
    """What is allowed: the whole interval of the measurement must lie between the two bounds."""

    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("expected at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"nothing is at least {self.at_least:g} and at most {self.at_most:g}")
        return self

    def verdict(self, low: float, high: float) -> Verdict:
        """What the interval from low to high says."""
        least = -float("inf") if self.at_least is None else self.at_least
        most = float("inf") if self.at_most is None else self.at_most
        if least <= low and high <= most:
            return "holds"
        return "refuted" if high < least or low > most else "undecided"


class Claim(_Part):
    """One entry of the ledger."""

    id: str
    number: int | None = Field(description="Of the claim of which this is an entry; none for a user's own.")
    claim: str
    source: str
    quantity: str
    measure: str
    arguments: dict[str, Any]
    tolerance: Tolerance
    why: str
    figure: str
    identity: str


class Row(_Part):
    """One row of the table: a claim, and the cases in which it is measured."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] = Field(
        description="Distinct; in the paper's table it begins with the claim's number."
    )
    claim: str = Field(description="What the paper says, or what we say beyond it; {argument} stands for a case's.")
    source: str = Field(description="Section, equation or figure of the paper, or the page that derives it.")
    quantity: str = Field(description="What is measured, in words.")
    measure: str = Field(description="A function of learning_dynamics.claims.measures.")
    arguments: dict[str, Any] = Field(default={}, description="The same in every case.")
    cases: list[dict[str, Any]] = Field(
        default=[{}],
        min_length=1,
        description="Arguments that differ; of a list of values each is a case, of several lists every combination.",
    )
    tolerance: Tolerance
    why: str = Field(description="Why this tolerance: from theory, from the reading of a figure, or from a null.")
    figure: str = Field(description="Picture that shows it, relative to the results folder.")
    identity: str = Field(default="", description="Why it must hold by construction, if it must.")

    def claims(self, numbered: bool) -> Iterator[Claim]:
        """The entries of the row, one per case."""
        for case in self._cases():
            arguments = {**self.arguments, **case}
            words = {name: MODELS[value].LABEL if value in MODELS else value for name, value in _texts(arguments)}
            fixed = {"id": "-".join([self.id, *_short(case)]), "number": None, "arguments": arguments}
            texts = {
                name: _filled(name, getattr(self, name), words)
                for name in ("claim", "source", "quantity", "why", "identity")
            }
            figure = _filled("figure", self.figure, dict(_texts(arguments)))
            whole = self.model_dump(exclude={"cases"}) | fixed | texts | {"figure": figure}
            yield Claim.model_validate(whole | ({"number": int(self.id.split("-")[0])} if numbered else {}))

    def _cases(self) -> Iterator[dict[str, Any]]:
        for case in self.cases:
            axes = [value if isinstance(value, list) else [value] for value in case.values()]
            for name, axis in zip(case, axes, strict=True):
                if not axis:
                    raise ValueError(f"argument '{name}' of a case is an empty list; expected at least one value")
            for values in itertools.product(*axes):
                yield dict(zip(case, values, strict=True))


class Statement(_Part):
    """A sentence of the paper, and where the ledger has it or why it cannot."""

    place: str
    statement: str
    rows: list[str] = Field(default=[], description="Ids of the rows that measure it.")
    reason: str = Field(default="", description="Why no row can, if none does.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.rows) == bool(self.reason):
            raise ValueError("expected rows that measure it, or the reason why none can, and not both")
        return self


class Heading(_Part):
    """A claim in one sentence, under which its entries stand."""

    title: str
    ours: bool = Field(default=False, description="Whether it is ours, not the paper's.")


class _Table(_Part):
    claims: dict[int, Heading] = {}
    rows: Annotated[list[Row], Field(min_length=1)]
    statements: list[Statement] = []


@dataclass(frozen=True)
class Table:
    """The claims of a file.

    headings: by number, the claims in one sentence.
    claims: the entries, case by case.
    statements: what the paper says, in its order.
    rows: ids of the entries of each row.
    """

    headings: Mapping[int, Heading]
    claims: tuple[Claim, ...]
    statements: tuple[Statement, ...]
    rows: Mapping[str, tuple[str, ...]]


def read(path: str | Path) -> Table:
    """The paper's table of claims.

    Raises:
        ConfigurationError: the file is not as expected; names the row and the key, and a likely correction.
    """
    table = _table(path)
    for row in table.rows:
        number = row.id.split("-")[0]
        if not number.isdecimal() or int(number) not in table.claims:
            raise ConfigurationError(f"{path}: row '{row.id}' begins with no number of a claim under 'claims'")
    ids = {row.id for row in table.rows}
    for statement in table.statements:
        for name in statement.rows:
            if name not in ids:
                raise ConfigurationError(
                    f"{path}: statement '{statement.place}': no row is called '{name}'{did_you_mean(name, ids)}"
                )
    return _expanded(path, table, numbered=True)


def read_own(path: str | Path, taken: Collection[str], experiments: Collection[str] | None = None) -> Table:
    """A user's own claims, about the paper's experiments or their own.

    Args:
        path: the file; it holds `rows`.
        taken: ids of the paper's entries.
        experiments: names of those of the configuration; checked if given.

    Raises:
        ConfigurationError: the file is not as expected; names the row and the key, and a likely correction.
    """
    table = _table(path)
    if table.claims or table.statements:
        raise ConfigurationError(f"{path}: expected 'rows' alone; 'claims' and 'statements' are those of the paper")
    own = _expanded(path, table, numbered=False)
    for claim in own.claims:
        if claim.id in taken:
            raise ConfigurationError(f"{path}: entry '{claim.id}': the paper's table has this id; expected another")
        if experiments is not None:
            _check_experiments(path, claim, experiments)
    return own


def read_all(paths: Sequence[str | Path]) -> list[Table]:
    """The paper's table of claims, and that of a user if there is one."""
    paper = read(paths[0])
    return [paper, *(read_own(path, [claim.id for claim in paper.claims]) for path in paths[1:])]


def _check_experiments(path: str | Path, claim: Claim, experiments: Collection[str]) -> None:
    one = [claim.arguments["experiment"]] if "experiment" in claim.arguments else []
    for name in [*one, *claim.arguments.get("experiments", [])]:
        if name not in experiments:
            hint = did_you_mean(name, experiments) or _one_of(experiments)
            raise ConfigurationError(f"{path}: entry '{claim.id}': no experiment is called '{printable(name)}'{hint}")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Of a key that stands twice the library keeps the last and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key}' stands twice", problem_mark=node.value[place][0].start_mark
                )
        return dict(super().construct_mapping(node, deep))


def _table(path: str | Path) -> _Table:
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not text in UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: could not be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise ConfigurationError(f"{path}: {line}not YAML ({printable(problem)})") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected a table of claims with the key 'rows' (see config/claims.yaml)")
    try:
        return _Table.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_explained(error, content)}") from None


def _explained(error: ValidationError, content: Any) -> str:
    """The first mistake: which row by its id, which key, what was expected."""
    # A key that is misspelt is missing too.
    first = min(error.errors(), key=lambda details: details["type"] != "extra_forbidden")
    place, shown, model = list(first["loc"]), "", _PARTS.get(str(first["loc"][0]), _Table)
    if len(place) > 1 and place[0] in ("rows", "statements"):
        part = content[place[0]][place[1]]
        name = part.get("id") or part.get("place") if isinstance(part, dict) else None
        shown = f"{str(place[0])[:-1]} {int(place[1]) + 1}{f' ({name!r})' if name else ''}: "
        place = place[2:]
    key = printable(".".join(str(part) for part in place if part != "[key]"))
    if first["type"] == "extra_forbidden":
        keys = Tolerance.model_fields if place[0] == "tolerance" else model.model_fields
        return f"{shown}key '{key}': unknown key{did_you_mean(str(place[-1]), keys)}"
    return f"{shown}{f'key {key!r}: ' if key else ''}{_expected(first)}"


_PARTS: Mapping[str, type[_Part]] = {"rows": Row, "statements": Statement, "claims": Heading}


def _expected(details: ErrorDetails) -> str:
    given = reprlib.repr(details["input"])
    match details["type"]:
        case "missing":
            return "missing"
        case "value_error":
            return str(details["ctx"]["error"])
        case "too_short":
            return "expected at least one"
        case "model_type" | "dict_type":
            return f"expected keys and values, got {given}"
        case "string_pattern_mismatch":
            return f"expected words of lower-case letters and digits with hyphens between, got {given}"
        case "float_type" if isinstance(details["input"], str):
            return f"expected a number, got the text {given}: write it without quotes and with a point, such as 1.0e-3"
        case _:
            return f"{details['msg'].replace('Input should be', 'expected', 1)}, got {given}"


def _expanded(path: str | Path, table: _Table, numbered: bool) -> Table:
    rows: dict[str, tuple[Claim, ...]] = {}
    for row in table.rows:
        if row.id in rows:
            raise ConfigurationError(f"{path}: two rows have the id '{row.id}'; expected distinct ids")
        try:
            rows[row.id] = tuple(row.claims(numbered))
            for claim in rows[row.id]:
                _check_measure(claim)
        except ValueError as error:
            raise ConfigurationError(f"{path}: row '{row.id}': {error}") from None
    claims = [claim for of_row in rows.values() for claim in of_row]
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise ConfigurationError(f"{path}: two entries have the id '{claim.id}'; expected distinct cases")
        seen.add(claim.id)
    ids = {name: tuple(claim.id for claim in of_row) for name, of_row in rows.items()}
    return Table(table.claims, tuple(claims), tuple(table.statements), ids)


def _one_of(names: Collection[str]) -> str:
    return f"; expected one of {', '.join(names)}"


def _texts(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in arguments.items()
    ]


def _short(case: Mapping[str, Any]) -> list[str]:
    shown = [_SHORT.get(value, value) if isinstance(value, str) else str(value).lower() for value in case.values()]
    return [re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") for text in shown]


def _filled(key: str, text: str, words: Mapping[str, str]) -> str:
    def word(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise ValueError(
                f"key '{key}': no argument is called '{match[1]}'{did_you_mean(match[1], words)}; {{…}} stands for the "
                "argument of a case"
            )
        return words[match[1]]

    return re.sub(r"\{(\w+)\}", word, text)


def _check_measure(claim: Claim) -> None:
    """Raise ValueError if a claim's measure does not exist or does not take its arguments."""
    known = signatures()
    if claim.measure not in known:
        hint = did_you_mean(claim.measure, known) or _one_of(sorted(known))
        raise ValueError(f"no measure is called '{claim.measure}'{hint}")
    parameters = known[claim.measure]
    for name, value in claim.arguments.items():
        if name not in parameters:
            expected = f"expected some of {', '.join(parameters)}" if parameters else "it takes none"
            raise ValueError(f"measure '{claim.measure}' takes no '{name}'{did_you_mean(name, parameters)}; {expected}")
        _check_argument(name, value, parameters[name].kind)
    for name, parameter in parameters.items():
        if parameter.required and name not in claim.arguments:
            raise ValueError(f"measure '{claim.measure}' needs the argument '{name}'")


def _network(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"no network is called '{name}'{did_you_mean(name, MODELS)}")
    return name


# The names that annotations of arguments may use.
_TYPES = {"Literal": Literal, "Mapping": Mapping, "Network": Annotated[str, AfterValidator(_network)]}


def _check_argument(name: str, value: Any, kind: str) -> None:
    try:
        TypeAdapter(eval(kind, dict(_TYPES))).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        choices = re.findall(r"'([^']+)'", str(first.get("ctx", {}).get("expected", "")))
        hint = did_you_mean(str(value), choices)
        if first["type"] == "list_type":
            hint = "; under 'cases' a list is several cases, and one that is an argument a list in it: [[0, 1]]"
        raise ValueError(f"argument '{name}': {_expected(first)}{hint}") from None


@dataclass(frozen=True)
class Parameter:
    """Of a measure: its annotation, and whether it has no default."""

    kind: str
    required: bool


@functools.cache
def signatures() -> dict[str, dict[str, Parameter]]:
    """The parameters of every measure, but for the results that it looks at."""
    found: dict[str, dict[str, Parameter]] = {}
    for path in sorted(_MEASURES.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(_is_measure(one) for one in node.decorator_list):
                found[node.name] = dict(_parameters(node))
    return found


def _is_measure(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "measure"


def _parameters(function: ast.FunctionDef) -> Iterator[tuple[str, Parameter]]:
    arguments = function.args.args
    with_default = len(arguments) - len(function.args.defaults)
    for index, argument in enumerate(arguments):
        if index > 0 and argument.annotation is not None:
            yield argument.arg, Parameter(ast.unparse(argument.annotation), index < with_default)
