"""The ledger says what was measured, judges by the tolerance alone, and never hides a failure."""

import json
import logging

import numpy as np
import pytest
from scipy.stats import binomtest, t

from claims.known_results import CNN, FCNN, learned, results_of, wave, write_experiment
from learning_dynamics.claims import ledger
from learning_dynamics.claims.entries import Claim, Tolerance
from learning_dynamics.claims.measures import MEASURES
from learning_dynamics.claims.measures.registry import Measure, NotMeasuredError
from learning_dynamics.claims.statistics import CORRELATION, ERROR_OF_MEAN, EXACT, MEAN, MEDIAN, PROPORTION
from learning_dynamics.errors import DataError, UserError

LOG = logging.getLogger("test")
CLAIM = {
    "id": "07-a-claim",
    "number": 7,
    "claim": "Something holds.",
    "source": "Eq. 1",
    "quantity": "a number",
    "measure": "given",
    "arguments": {},
    "tolerance": {"at_least": 0.9, "at_most": 1.1},
    "why": "because",
    "figure": "figures/fig1.png",
    "identity": "",
}


def claim(**changes):
    return Claim.model_validate(CLAIM | changes)


def judged(values, statistic=MEAN, **changes):
    """The entry of a claim whose measure gives these values, or raises them."""

    def given(_results, **_arguments):
        if isinstance(values, Exception):
            raise values
        return np.asarray(values, dtype=float)

    (entry,) = ledger.judge([claim(**changes)], {"given": Measure(given, statistic)}, None, LOG)
    json.dumps(entry, allow_nan=False)
    return entry


@pytest.mark.parametrize(
    ("bounds", "low", "high", "verdict"),
    [
        ({"at_least": 1.0, "at_most": 2.0}, 1, 2, "holds"),
        ({"at_least": 1.0, "at_most": 2.0}, 0.99, 1.5, "undecided"),
        ({"at_least": 1.0, "at_most": 2.0}, 1.5, 2.01, "undecided"),
        ({"at_least": 1.0, "at_most": 2.0}, 0, 3, "undecided"),
        ({"at_least": 1.0, "at_most": 2.0}, 0, 0.99, "refuted"),
        ({"at_least": 1.0, "at_most": 2.0}, 2.01, 3, "refuted"),
        ({"at_least": 1.0}, 1, 99, "holds"),
        ({"at_least": 1.0}, 0.99, 99, "undecided"),
        ({"at_least": 1.0}, 0, 1, "undecided"),
        ({"at_least": 1.0}, 0, 0.99, "refuted"),
        ({"at_most": 2.0}, -99, 2, "holds"),
        ({"at_most": 2.0}, -99, 2.01, "undecided"),
        ({"at_most": 2.0}, 2, 99, "undecided"),
        ({"at_most": 2.0}, 2.01, 99, "refuted"),
    ],
)
def test_the_interval_decides(bounds, low, high, verdict):
    assert Tolerance(**bounds).verdict(low, high) == verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.0, 1.01, 0.99], "holds"),
        ([1.3, 1.31, 1.29], "refuted"),
        ([0.7, 0.71, 0.69], "refuted"),
        ([1.0, 1.5, 0.7], "undecided"),
        ([1.0], "undecided"),
        ([0.5], "undecided"),
        (NotMeasuredError("not run"), "not measured"),
        (UserError("cannot be had"), "not measured"),
    ],
)
def test_verdict_follows_from_the_interval(values, verdict):
    entry = judged(values)
    assert entry["verdict"] == verdict
    if verdict == "not measured":
        assert [entry[key] for key in ("measured", "low", "high", "n", "values")] == [None, None, None, 0, []]
        assert entry["reason"] == str(values)
    elif len(values) > 1:
        assert entry["low"] < entry["measured"] < entry["high"]
        assert entry["n"] == len(values)


def test_an_entry_has_the_claim_the_number_and_the_verdict(caplog):
    def given(results, factor):
        return factor * results

    with caplog.at_level(logging.INFO, logger="test"):
        entries = ledger.judge(
            [
                claim(arguments={"factor": 0.5}, tolerance={"at_least": 1.0}, identity="It must."),
                claim(id="08-another", number=8, arguments={"factor": 1.0}, tolerance={"at_most": 2.0}),
            ],
            {"given": Measure(given, MEAN)},
            np.array([3.0, 3.0]),
            LOG,
        )
    expected = {key: value for key, value in CLAIM.items() if key not in ("measure", "arguments", "number")}
    expected |= {"tolerance": {"at_least": 1.0}, "identity": "It must.", "claim_number": 7}
    numbers = {"measured": 1.5, "low": 1.5, "high": 1.5, "n": 2, "values": [1.5, 1.5], "statistic": MEAN.name}
    assert entries[0] == expected | numbers | {"verdict": "holds", "reason": ""}
    assert [(entry["id"], entry["claim_number"], entry["verdict"]) for entry in entries] == [
        ("07-a-claim", 7, "holds"),
        ("08-another", 8, "refuted"),
    ]
    assert caplog.messages == ["07-a-claim: holds", "08-another: refuted"]


def test_a_number_alone_is_one_trial():
    entry = judged(1.0, EXACT)
    assert (entry["n"], entry["measured"], entry["verdict"]) == (1, 1.0, "holds")


def test_each_claim_is_judged_by_the_statistic_of_its_measure():
    values = [0.95, 1.0, 1.0, 1.0, 1.0, 9.0]
    mean, median = judged(values), judged(values, MEDIAN)
    assert (mean["measured"], mean["verdict"], mean["statistic"]) == (pytest.approx(13.95 / 6), "undecided", MEAN.name)
    assert (median["measured"], median["low"], median["high"]) == (1.0, 0.95, 9.0)
    proportion = judged([1, 1, 0, 1], PROPORTION, tolerance={"at_least": 0.1})
    low = binomtest(3, 4).proportion_ci(0.95, "exact").low
    assert (proportion["measured"], proportion["low"], proportion["verdict"]) == (0.75, pytest.approx(low), "holds")


def test_values_of_several_numbers_have_one_per_trial():
    """Of curves their own root mean square, of pairs the product of the standard scores; NaN anywhere is no value."""
    curves = np.full((4, 5, 2), 0.5)
    curves[:, :, 1] = [[1.0], [2.0], [3.0], [np.nan]]
    entry = judged(np.repeat(curves, 5, axis=0), ERROR_OF_MEAN)
    assert entry["verdict"] == "not measured"
    assert entry["values"] == [1.0] * 5 + [2.0] * 5 + [3.0] * 5 + [None] * 5
    pairs = judged([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0], [5.0, 10.0]], CORRELATION)
    assert pairs["measured"] == pytest.approx(1)
    assert np.mean(pairs["values"]) == pytest.approx(1)
    assert pairs["n"] == 4


def test_a_trial_without_the_event_has_no_value():
    entry = judged([1.0, np.nan, *[1.01, 0.99] * 5])
    assert entry["verdict"] == "holds"
    assert entry["n"] == 11
    assert entry["values"][:3] == [1.0, None, 1.01]
    assert entry["reason"] == "no value in 1 of 12 trials"
    assert entry["measured"] == pytest.approx(1.0)


def test_an_infinite_number_is_no_value():
    assert judged([1.0, np.inf, *[1.0] * 8])["values"][:2] == [1.0, None]


def test_more_than_a_tenth_without_the_event_is_not_measured():
    assert judged([1.0, np.nan, *[1.0] * 8])["verdict"] == "holds"
    entry = judged([1.0, np.nan, *[1.0] * 7])
    assert [entry[key] for key in ("verdict", "measured", "low", "high", "n")] == ["not measured", None, None, None, 0]
    assert entry["reason"] == "no value in 1 of 9 trials"
    assert entry["values"] == [1.0, None, *[1.0] * 7]
    entry = judged([np.nan, np.nan])
    assert (entry["reason"], entry["values"]) == ("no value in 2 of 2 trials", [None, None])


@pytest.mark.parametrize(
    ("statistic", "values", "fewest"),
    [
        (MEAN, [1.0], 2),
        (MEDIAN, [1.0, -1.0, 1.0, 1.0, 1.0], 6),
        (CORRELATION, [[0.0, 1.0], [1.0, 2.0], [2.0, 1.0]], 4),
        (ERROR_OF_MEAN, np.ones((2, 5, 1)), 3),
    ],
)
def test_too_few_trials_are_undecided(statistic, values, fewest):
    entry = judged(values, statistic)
    assert entry["verdict"] == "undecided"
    assert (entry["low"], entry["high"]) == (None, None)
    assert entry["measured"] is not None
    number = len(values)
    assert entry["reason"] == f"an interval needs at least {fewest} trials with a value, there are {number}"


def test_the_trials_without_a_value_do_not_count_among_the_few():
    entry = judged([[0.0, 1.0], [1.0, 2.0], [2.0, 1.0], *[[np.nan, 1.0]] * 7], CORRELATION)
    assert entry["reason"] == "no value in 7 of 10 trials"
    entry = judged([0.0, *[-1.0] * 4, 1.0, np.nan, *[1.0] * 4], MEDIAN)
    assert entry["reason"].startswith("no value in 1 of 11 trials; ")


@pytest.mark.parametrize("values", [[[1.0, 2.0]], [[1.0, 2.0], [1.0, 3.0], [1.0, 4.0], [1.0, 7.0]]])
def test_trials_that_do_not_differ_have_no_correlation(values):
    entry = judged(values, CORRELATION)
    assert (entry["verdict"], entry["measured"], entry["n"]) == ("not measured", None, 0)
    assert entry["reason"] == "a correlation needs trials that differ"
    assert entry["values"] == [None] * len(values)


@pytest.mark.parametrize("seeds", [5, 12, 40])
@pytest.mark.parametrize("bounds", [{"at_least": 0.9}, {"at_most": 1.1}, {"at_least": 0.9, "at_most": 1.1}])
def test_an_undecided_entry_says_how_many_seeds_would_decide(seeds, bounds):
    """Of exactly so many seeds with the same mean and scatter the interval ends just before the tolerance does."""
    scatter = (0.1 - 1e-9) * np.sqrt(seeds) / t.ppf(0.975, seeds - 1)
    entry = judged([1.0 - scatter, 1.0, 1.0 + scatter], tolerance=bounds)
    assert entry["verdict"] == "undecided"
    assert entry["reason"] == f"about {seeds} seeds would decide, at this scatter"


@pytest.mark.parametrize("middle", [0.95, 1.05])
def test_the_nearer_of_two_limits_asks_for_more_seeds(middle):
    """0.05 away instead of 0.1."""
    scatter = (0.05 - 1e-9) * np.sqrt(30) / t.ppf(0.975, 29)
    entry = judged([middle - scatter, middle, middle + scatter])
    assert entry["reason"] == "about 30 seeds would decide, at this scatter"


def test_a_number_outside_of_the_tolerance_needs_seeds_to_be_refuted():
    scatter = (0.1 - 1e-9) * np.sqrt(20) / t.ppf(0.975, 19)
    for middle in (0.8, 1.2):
        entry = judged([middle - scatter, middle, middle + scatter])
        assert (entry["verdict"], entry["reason"]) == ("undecided", "about 20 seeds would decide, at this scatter")


def test_a_skewed_interval_counts_with_its_width_on_the_side_of_the_limit():
    """From 1 the interval reaches 0.05 below and 8 above; the limit is 0.02 below."""
    entry = judged([0.95, 0.96, 1.0, 1.0, 1.1, 9.0], MEDIAN, tolerance={"at_least": 0.98})
    short = judged([0.95, 0.96, 1.0, 1.0, 1.1, 1.2], MEDIAN, tolerance={"at_least": 0.98})
    assert entry["verdict"] == "undecided"
    assert entry["reason"] == short["reason"]
    above = judged([-8.0, 0.96, 1.0, 1.0, 1.02, 1.05], MEDIAN, tolerance={"at_most": 1.02})
    assert above["reason"] == short["reason"]


def test_no_number_of_seeds_decides_what_is_on_the_limit():
    never = "more seeds than can be run would be needed to decide, at this scatter"
    assert judged([0.8, 0.9, 1.0])["reason"] == never
    assert judged([1.0, 1.1, 1.2])["reason"] == never
    # One limit of two.
    assert judged([0.7, 0.9, 1.1], tolerance={"at_least": 0.9, "at_most": 1.0})["reason"] == never


def test_an_interval_that_ends_on_the_limit_asks_for_seeds_too():
    """A median from 0.6 to 0.9 is undecided about at least 0.9, three times as far as its number is from there."""
    entry = judged([0.6, 0.7, 0.8, 0.8, 0.9, 0.9], MEDIAN, tolerance={"at_least": 0.9})
    assert (entry["high"], entry["verdict"]) == (0.9, "undecided")
    assert entry["reason"] == "about 7 seeds would decide, at this scatter"


def test_damaged_file_is_an_error_and_no_verdict():
    with pytest.raises(DataError, match=r"file\.nc: damaged"):
        judged(DataError("file.nc: damaged"))


def test_a_mistake_of_the_program_is_no_verdict():
    with pytest.raises(ZeroDivisionError):
        judged(ZeroDivisionError())


def test_claims_cannot_be_altered():
    with pytest.raises(ValueError, match="frozen"):
        claim().id = "other"
    with pytest.raises(ValueError, match="frozen"):
        claim().tolerance.at_least = 0.0


def test_claims_json_is_for_people_too(tmp_path):
    ledger.write([{"id": "σ", "measured": 1.5}], tmp_path / "claims.json")
    text = (tmp_path / "claims.json").read_text(encoding="utf-8")
    assert text == '[\n  {\n    "id": "σ",\n    "measured": 1.5\n  }\n]\n'
    with pytest.raises(ValueError, match="JSON"):
        ledger.write([{"measured": float("nan")}], tmp_path / "claims.json")
    assert (tmp_path / "claims.json").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["claims.json"]


def test_table_has_a_line_for_each_claim_in_columns():
    measured = {"measured": 1.23456, "low": 1.0, "high": 12.3456, "n": 10}
    nothing = {"measured": None, "low": None, "high": None, "n": 0}
    one = {"measured": 1.23456, "low": None, "high": None, "n": 1}
    entries = [
        {"id": "a", "verdict": "holds", "tolerance": {"at_least": 0.5}} | measured,
        {"id": "longer", "verdict": "not measured", "tolerance": {"at_most": 3.0}} | nothing,
        {"id": "b", "verdict": "refuted", "tolerance": {"at_least": 1.0, "at_most": 2.5}} | measured,
        {"id": "c", "verdict": "undecided", "tolerance": {"at_least": 1.0}} | one,
    ]
    assert ledger.table(entries).splitlines() == [
        "claim   verdict         measured           95 % interval    n  allowed",
        "a       holds              1.235              1 to 12.35   10  at least 0.5",
        "longer  not measured                                        0  at most 3",
        "b       refuted            1.235              1 to 12.35   10  1 to 2.5",
        "c       undecided          1.235                            1  at least 1",
    ]


def test_a_claim_is_judged_by_the_measure_that_it_names(tmp_path):
    images = [wave(4, {(0, 0): 1.0}), wave(4, {(0, 1): 1.0})]
    runs = {network: {"effective_singular_values": learned((2.0, 1.0), 2, 11)} for network in (CNN, FCNN)}
    runs[CNN]["train_loss"], runs[FCNN]["train_loss"] = np.full((2, 11), 3.0), np.full((2, 11), 2.0)
    found = write_experiment(tmp_path, "known", singular_values=(2.0, 1.0), vectors=images, trajectories=runs)
    arguments = {"experiment": "known", "first": CNN, "second": FCNN, "split": "train"}
    stated = claim(measure="loss_ratio", arguments=arguments, tolerance={"at_least": 1.4, "at_most": 1.6})
    (entry,) = ledger.judge([stated], MEASURES, results_of(found), LOG)
    assert (entry["measured"], entry["low"], entry["high"], entry["verdict"]) == (1.5, 1.5, 1.5, "holds")
