"""A table of claims becomes the entries that it states, or one line that says which mistake is where."""

import functools
import re

import pytest
import yaml

from learning_dynamics.claims import entries
from learning_dynamics.claims.entries import signatures
from learning_dynamics.claims.measures import MEASURES
from learning_dynamics.errors import ConfigurationError

ROW = {
    "id": "first-mode",
    "claim": "Mode 0 is discovered soon.",
    "source": "a page",
    "quantity": "a_0/s_0",
    "measure": "share_learned",
    "arguments": {"experiment": "mine", "network": "linear_cnn", "sample": 2000},
    "tolerance": {"at_least": 0.5},
    "why": "Discovered is half.",
    "figure": "figures/mine/losses.png",
}
ARGUMENTS = ROW["arguments"]
WITHOUT = object()


def row(**changes):
    return {key: value for key, value in (ROW | changes).items() if value is not WITHOUT}


def written(folder, *rows, **more):
    path = folder / "mine-claims.yaml"
    path.write_text(yaml.safe_dump({"rows": list(rows), **more}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


EXPERIMENTS = ("mine", "digits4")
read_own = functools.partial(entries.read_own, taken=("01-taken",), experiments=EXPERIMENTS)


def message(read, path):
    """Of the error: one line that begins with the file."""
    with pytest.raises(ConfigurationError) as error:
        read(path)
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"titel": 1}, "KEY 'titel': unknown key"),
        ({"claimed": "x", "claim": WITHOUT}, "KEY 'claimed': unknown key (did you mean 'claim'?)"),
        ({"why": WITHOUT}, "KEY 'why': missing"),
        ({"id": WITHOUT}, "row 2: key 'id': missing"),
        ({"claim": 3}, "KEY 'claim': expected a valid string, got 3"),
        (
            {"id": "First Mode"},
            "row 2 ('First Mode'): key 'id': expected words of lower-case letters and digits with hyphens between, got "
            "'First Mode'",
        ),
        ({"id": 3}, "row 2 (3): key 'id': expected a valid string, got 3"),
        ({"number": 3}, "KEY 'number': unknown key"),
        ({"tolerance": {}}, "KEY 'tolerance': expected at_least, at_most or both"),
        ({"tolerance": 0.5}, "KEY 'tolerance': expected keys and values, got 0.5"),
        (
            {"tolerance": {"at_lest": 0.5}},
            "KEY 'tolerance.at_lest': unknown key (did you mean 'at_least'?)",
        ),
        (
            {"tolerance": {"at_least": 2.0, "at_most": 1.0}},
            "KEY 'tolerance': nothing is at least 2 and at most 1",
        ),
        (
            {"tolerance": {"at_least": float("nan")}},
            "KEY 'tolerance.at_least': expected a finite number, got nan",
        ),
        (
            {"tolerance": {"at_most": float("inf")}},
            "KEY 'tolerance.at_most': expected a finite number, got inf",
        ),
        (
            {"tolerance": {"at_most": "1e-3"}},
            "KEY 'tolerance.at_most': expected a number, got the text '1e-3': write it without "
            "quotes and with a point, such as 1.0e-3",
        ),
        (
            {"tolerance": {"at_most": True}},
            "KEY 'tolerance.at_most': expected a valid number, got True",
        ),
        ({"arguments": [1]}, "KEY 'arguments': expected keys and values, got [1]"),
        ({"arguments": {1: 2}}, "KEY 'arguments.1': expected a valid string, got 1"),
        ({"cases": []}, "KEY 'cases': expected at least one"),
        ({"cases": {"modes": [0]}}, "KEY 'cases': expected a valid list, got {'modes': [0]}"),
        ({"cases": [3]}, "KEY 'cases.0': expected keys and values, got 3"),
        ({"cases": [{"sample": []}]}, "ROW argument 'sample' of a case is an empty list; expected at least one value"),
        ({"measure": "share_lerned"}, "ROW no measure is called 'share_lerned' (did you mean 'share_learned'?)"),
        (
            {"arguments": {**ARGUMENTS, "sampel": 3}},
            "ROW measure 'share_learned' takes no 'sampel' (did you mean 'sample'?); expected some of "
            "experiment, network, sample, modes",
        ),
        ({"measure": "speed_up", "arguments": {"mode": 3}}, "ROW measure 'speed_up' takes no 'mode'; it takes none"),
        (
            {"arguments": {"experiment": "mine", "network": "linear_cnn"}},
            "ROW measure 'share_learned' needs the argument 'sample'",
        ),
        (
            {"arguments": {**ARGUMENTS, "sample": "soon"}},
            "ROW argument 'sample': expected a valid integer, got 'soon'",
        ),
        (
            {"arguments": {**ARGUMENTS, "sample": 2.5}},
            "ROW argument 'sample': expected a valid integer, got 2.5",
        ),
        (
            {"arguments": {**ARGUMENTS, "sample": [2000, 3000]}},
            "ROW argument 'sample': expected a valid integer, got [2000, 3000]",
        ),
        (
            {"cases": [{"modes": [0, 1]}]},
            "ROW argument 'modes': expected a valid list, got 0; under 'cases' a list is several cases, "
            "and one that is an argument a list in it: [[0, 1]]",
        ),
        (
            {"arguments": {**ARGUMENTS, "network": "linear_cn"}},
            "ROW argument 'network': no network is called 'linear_cn' (did you mean 'linear_cnn'?)",
        ),
        (
            {
                "measure": "network_delay",
                "arguments": {"experiment": "mine", "early": "linear_cnn", "late": "linear_fcn"},
            },
            "ROW argument 'late': no network is called 'linear_fcn' (did you mean 'linear_fcnn'?)",
        ),
        (
            {"measure": "share_of_dominant", "arguments": {"experiment": "mine", "when": "ends"}},
            "ROW argument 'when': expected 'discoveries' or 'end', got 'ends' (did you mean 'end'?)",
        ),
        (
            {"claim": "Of {experimnt}"},
            "ROW key 'claim': no argument is called 'experimnt' (did you mean 'experiment'?); {…} stands "
            "for the argument of a case",
        ),
        (
            {"figure": "figures/{xyz}.png"},
            "ROW key 'figure': no argument is called 'xyz'; {…} stands for the argument of a case",
        ),
        ({"id": "second"}, "two rows have the id 'second'; expected distinct ids"),
        ({"id": "01-taken"}, "entry '01-taken': the paper's table has this id; expected another"),
        (
            {"cases": [{"sample": [3, 4]}, {"sample": 3}]},
            "two entries have the id 'first-mode-3'; expected distinct cases",
        ),
        (
            {"cases": [{"sample": [3]}, {"modes": [[3]]}]},
            "two entries have the id 'first-mode-3'; expected distinct cases",
        ),
        (
            {"arguments": {**ARGUMENTS, "experiment": "mime"}},
            "entry 'first-mode': no experiment is called 'mime' (did you mean 'mine'?)",
        ),
        (
            {"cases": [{"experiment": ["mine", "x"]}]},
            "entry 'first-mode-x': no experiment is called 'x'; expected one of mine, digits4",
        ),
        (
            {"measure": "coupling_follows_incoherence", "arguments": {"experiments": ["mine", "digts4"]}},
            "entry 'first-mode': no experiment is called 'digts4' (did you mean 'digits4'?)",
        ),
    ],
)
def test_a_mistake_in_a_row_is_one_line(tmp_path, changes, expected):
    path = written(tmp_path, row(id="second"), row(**changes))
    expected = expected.replace("KEY", "row 2 ('first-mode'): key").replace("ROW", "row 'first-mode':")
    assert message(read_own, path) == expected


def test_an_unknown_measure_like_none_lists_them_all(tmp_path):
    text = message(read_own, written(tmp_path, row(measure="xyz")))
    assert text.startswith("row 'first-mode': no measure is called 'xyz'; expected one of alignment_delay, balance, ")
    assert text.endswith(", winners_error")


def test_entries_of_two_rows_have_distinct_ids(tmp_path):
    path = written(tmp_path, row(cases=[{"sample": 3}]), row(id="first-mode-3"))
    assert message(read_own, path) == "two entries have the id 'first-mode-3'; expected distinct cases"


NO_TABLE = "expected a table of claims with the key 'rows' (see config/claims.yaml)"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", NO_TABLE),
        (b"- a", NO_TABLE),
        (b"claims", NO_TABLE),
        (b"row: []", "key 'row': unknown key (did you mean 'rows'?)"),
        (b"{}", "key 'rows': missing"),
        (b"rows: []", "key 'rows': expected at least one"),
        (b"rows:", "key 'rows': expected a valid list, got None"),
        (b"rows: {a: 1}", "key 'rows': expected a valid list, got {'a': 1}"),
        (b"rows: [a]", "row 1: expected keys and values, got 'a'"),
        (b"rows: [null]", "row 1: expected keys and values, got None"),
        (b"rows: [\n", "line 2: not YAML (did not find expected node content)"),
        (b"rows:\n\t- a", "line 2: not YAML (found character that cannot start any token)"),
        (b"rows: *a", "line 1: not YAML (found undefined alias)"),
        (b"? [a]\n: b", "line 1: not YAML (found unhashable key)"),
        (b"rows: [a]\n---\nrows: [a]", "line 2: not YAML (but found another document)"),
        (b"rows: [a]\nclaims: {}\nrows: [b]", "line 3: not YAML (the key 'rows' stands twice)"),
        (b"rows:\n- id: a\n  id: b", "line 3: not YAML (the key 'id' stands twice)"),
        (b"rows: !a", "line 1: not YAML (could not determine a constructor for the tag '!a')"),
        ("rows: é".encode("latin-1"), "not text in UTF-8"),
        ("rows: a".encode("utf-16"), "not text in UTF-8"),
        (b"claims: {x: {title: a}}\nrows: [a]", "key 'claims.x': expected a valid integer, got 'x'"),
        (b"claims: {1: {titel: a}}\nrows: [a]", "key 'claims.1.titel': unknown key (did you mean 'title'?)"),
        (b"statements: [{place: Sec. 1, statment: a}]\nrows: [a]",
         "statement 1 ('Sec. 1'): key 'statment': unknown key (did you mean 'statement'?)"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_one_line(tmp_path, content, expected):
    path = tmp_path / "mine-claims.yaml"
    path.write_bytes(content)
    assert message(read_own, path) == expected


def test_control_characters_do_not_break_the_line(tmp_path):
    path = tmp_path / "mine-claims.yaml"
    path.write_bytes(b"rows: \x00")
    assert message(read_own, path).startswith("not YAML (unacceptable character #x0000")
    assert message(read_own, written(tmp_path, row(**{"a\nb": 1}))) == r"row 1 ('first-mode'): key 'a\nb': unknown key"


def test_what_cannot_be_read_is_one_line(tmp_path):
    assert message(read_own, tmp_path) == "could not be read (Is a directory)"
    assert message(read_own, tmp_path / "none.yaml") == "could not be read (No such file or directory)"


def test_a_long_value_is_not_repeated_whole(tmp_path):
    assert len(message(read_own, written(tmp_path, row(tolerance="x" * 500)))) < 150


@pytest.mark.parametrize(
    "more",
    [
        {"claims": {1: {"title": "One."}}},
        {"statements": [{"place": "Sec. 1", "statement": "One.", "reason": "None."}]},
    ],
)
def test_a_table_of_ones_own_has_rows_alone(tmp_path, more):
    path = written(tmp_path, row(), **more)
    assert message(read_own, path) == "expected 'rows' alone; 'claims' and 'statements' are those of the paper"


PAPER = row(id="01-first", arguments={**ARGUMENTS, "experiment": "geometric_shapes"})
HEADINGS = {1: {"title": "One."}}


def test_a_row_of_the_paper_begins_with_the_number_of_a_claim(tmp_path):
    for name in ("first", "02-first"):
        path = written(tmp_path, PAPER | {"id": name}, claims=HEADINGS)
        assert message(entries.read, path) == f"row '{name}' begins with no number of a claim under 'claims'"
    assert entries.read(written(tmp_path, PAPER, claims=HEADINGS)).claims[0].number == 1


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"rows": ["01-frist"]}, "statement 'Sec. 1': no row is called '01-frist' (did you mean '01-first'?)"),
        ({}, "statement 1 ('Sec. 1'): expected rows that measure it, or the reason why none can, and not both"),
        (
            {"rows": ["01-first"], "reason": "None can."},
            "statement 1 ('Sec. 1'): expected rows that measure it, or the reason why none can, and not both",
        ),
    ],
)
def test_a_statement_names_its_rows_or_says_why_there_are_none(tmp_path, statement, expected):
    path = written(tmp_path, PAPER, claims=HEADINGS, statements=[{"place": "Sec. 1", "statement": "One."} | statement])
    assert message(entries.read, path) == expected


def test_statements_are_kept_in_their_order(tmp_path):
    statements = [
        {"place": "Sec. 2", "statement": "One.", "rows": ["01-first"]},
        {"place": "Sec. 1", "statement": "Two.", "reason": "None can."},
    ]
    table = entries.read(written(tmp_path, PAPER, claims=HEADINGS, statements=statements))
    assert [(one.place, one.rows, one.reason) for one in table.statements] == [
        ("Sec. 2", ["01-first"], ""),
        ("Sec. 1", [], "None can."),
    ]
    assert table.headings[1].title == "One."
    assert not table.headings[1].ours


def test_each_case_is_an_entry(tmp_path):
    path = written(
        tmp_path,
        row(
            claim="The {network} on {experiment}, modes {modes}.",
            source="Of {experiment}",
            quantity="at {sample}",
            why="For the {network}.",
            identity="Because of {sample}.",
            figure="figures/{experiment}/{network}.png",
            cases=[
                {"experiment": ["mine", "digits4"], "network": ["linear_cnn", "linear_fcnn"], "modes": [[0, 1]]},
                {"modes": [[2], [3]], "sample": 5},
            ],
        ),
        row(id="another", measure="loss", arguments={**ARGUMENTS, "split": "test"}),
    )
    table = read_own(path)
    assert [claim.id for claim in table.claims] == [
        "first-mode-mine-cnn-0-1",
        "first-mode-mine-fcnn-0-1",
        "first-mode-digits4-cnn-0-1",
        "first-mode-digits4-fcnn-0-1",
        "first-mode-2-5",
        "first-mode-3-5",
        "another",
    ]
    assert table.rows == {"first-mode": tuple(claim.id for claim in table.claims[:6]), "another": ("another",)}
    first, fifth = table.claims[1], table.claims[4]
    assert first.arguments == {"experiment": "mine", "network": "linear_fcnn", "sample": 2000, "modes": [0, 1]}
    assert fifth.arguments == {"experiment": "mine", "network": "linear_cnn", "sample": 5, "modes": [2]}
    assert first.claim == "The FCNN on mine, modes 0, 1."
    assert (first.source, first.quantity, first.why) == ("Of mine", "at 2000", "For the FCNN.")
    assert (first.identity, first.figure) == ("Because of 2000.", "figures/mine/linear_fcnn.png")
    assert (first.number, first.measure, first.tolerance.at_least) == (None, "share_learned", 0.5)
    assert table.claims[-1].identity == ""


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("deep_linear_cnn", "linear"),
        ("deep_relu_cnn", "relu"),
        ("zero-padding", "zero-padding"),
        ("Sums of cosines", "sums-of-cosines"),
        (0.5, "0.5"),
        ([1, 2], "1-2"),
        ({"network": "linear_cnn"}, "network-linear-cnn"),
        (True, "true"),
    ],
)
def test_what_an_id_calls_a_value(value, short):
    assert entries._short({"argument": value}) == [short]


def test_experiments_are_looked_up_where_they_are_known(tmp_path):
    other = row(arguments={**ARGUMENTS, "experiment": "another"})
    assert [claim.id for claim in entries.read_own(written(tmp_path, other), ()).claims] == ["first-mode"]


def test_the_signatures_are_those_of_the_functions():
    """They are read from the source, without importing it."""
    assert signatures().keys() == MEASURES.keys()
    for name, measure in MEASURES.items():
        code = measure.function.__code__
        parameters = list(code.co_varnames[1 : code.co_argcount])
        assert list(signatures()[name]) == parameters
        optional = len(measure.function.__defaults__ or ())
        required = [key for key, one in signatures()[name].items() if one.required]
        assert required == parameters[: len(parameters) - optional]
        for key, one in signatures()[name].items():
            assert one.kind == measure.function.__annotations__[key]


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [({"at_least": 1}, "holds"), ({"at_most": 1.0}, "undecided")],
)
def test_a_whole_number_is_a_number(tmp_path, bounds, verdict):
    (claim,) = read_own(written(tmp_path, row(tolerance=bounds))).claims
    assert claim.tolerance.verdict(1.0, 2.0) == verdict


def test_the_first_mistake_is_named_wherever_it_is(tmp_path):
    path = written(tmp_path, *[row(id=f"row-{number}") for number in range(11)], row(why=WITHOUT))
    assert message(read_own, path) == "row 12 ('first-mode'): key 'why': missing"


MADE_UP = {"str": "mine", "Network": "linear_cnn", "int": 0, "float": 0.5}
LITERALS = [
    (name, key, parameter.kind)
    for name, parameters in signatures().items()
    for key, parameter in parameters.items()
    if parameter.kind.startswith("Literal")
]


@pytest.mark.parametrize(("measure", "key", "kind"), LITERALS)
def test_every_choice_is_corrected(tmp_path, measure, key, kind):
    arguments = {name: MADE_UP.get(one.kind) for name, one in signatures()[measure].items() if one.required}
    for choice in re.findall(r"'([^']+)'", kind):
        path = written(tmp_path, row(measure=measure, arguments=arguments | {key: f"{choice}x"}))
        assert message(read_own, path).endswith(f"got '{choice}x' (did you mean '{choice}'?)")
