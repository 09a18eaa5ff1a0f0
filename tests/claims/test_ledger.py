"""Verdicts, intervals and tables of numbers that are known in closed form."""

import json
import logging
import re

import numpy as np
import pytest

from claims.known_results import CNN, FCNN, learned, results_of, wave, write_experiment
from learning_dynamics.claims import ledger
from learning_dynamics.claims.measures import MEASURES
from learning_dynamics.errors import ConfigurationError

LOG = logging.getLogger("test")
ENTRY = {
    "id": "07-a-claim",
    "claim": "Something holds.",
    "source": "Eq. 1",
    "quantity": "a number",
    "measure": "given",
    "tolerance": {"at_least": 1.0, "at_most": 2.0},
    "why": "because",
    "figure": "figures/fig1.png",
}


def claim(**changes):
    return ledger.Claim.model_validate(ENTRY | changes)


@pytest.mark.parametrize(
    ("bounds", "low", "high", "verdict"),
    [
        ({"at_least": 1, "at_most": 2}, 1, 2, "holds"),
        ({"at_least": 1, "at_most": 2}, 0.99, 1.5, "undecided"),
        ({"at_least": 1, "at_most": 2}, 1.5, 2.01, "undecided"),
        ({"at_least": 1, "at_most": 2}, 0, 3, "undecided"),
        ({"at_least": 1, "at_most": 2}, 0, 0.99, "refuted"),
        ({"at_least": 1, "at_most": 2}, 2.01, 3, "refuted"),
        ({"at_least": 1}, 1, 99, "holds"),
        ({"at_least": 1}, 0.99, 99, "undecided"),
        ({"at_least": 1}, 0, 1, "undecided"),
        ({"at_least": 1}, 0, 0.99, "refuted"),
        ({"at_most": 2}, -99, 2, "holds"),
        ({"at_most": 2}, -99, 2.01, "undecided"),
        ({"at_most": 2}, 2.01, 99, "refuted"),
    ],
)
def test_the_interval_decides(bounds, low, high, verdict):
    assert ledger.Tolerance(**bounds).verdict(low, high) == verdict


def test_interval_is_students():
    # 95 % of Student's t with one degree of freedom lie within 12.7062, with two within 4.30265.
    assert ledger.interval(np.array([0.0, 2.0])) == pytest.approx((1, 1 - 12.7062, 1 + 12.7062), rel=1e-5)
    half = 4.30265 * 3 / np.sqrt(3)
    assert ledger.interval(np.array([1.0, 4.0, 7.0])) == pytest.approx((4, 4 - half, 4 + half), rel=1e-5)


def test_a_single_value_is_its_own_interval():
    assert ledger.interval(np.array([3.0])) == (3, 3, 3)


def test_jackknife_of_a_square_of_a_mean():
    # (0, 3, 6): 3² = 9; without one of them 4.5², 3² and 1.5², mean 10.5; 9 − 2 (20.25 − 10.5) and so on.
    values = ledger.jackknife(lambda trials: float(trials.mean()) ** 2, np.array([0.0, 3.0, 6.0]))
    assert values == pytest.approx([-10.5, 12, 25.5])
    assert ledger.jackknife(lambda trials: float(trials.mean()) ** 2, np.array([1.0, 3.0])) == pytest.approx([0, 8])


def test_jackknife_leaves_out_whole_trials():
    trials = np.array([[0.0, 10.0], [4.0, 20.0]])
    assert ledger.jackknife(lambda some: float(some[:, 0].mean()), trials) == pytest.approx([0, 4])
    assert ledger.jackknife(lambda some: float(some[:, 1].sum()), trials[:1]) == pytest.approx([10])


def test_an_entry_has_the_claim_the_number_and_the_verdict(caplog):
    def given(results, factor):
        return factor * results

    with caplog.at_level(logging.INFO, logger="test"):
        entries = ledger.judge(
            [claim(arguments={"factor": 0.5}), claim(id="08-another", arguments={"factor": 1.0})],
            {"given": given},
            np.array([3.0, 3.0]),
            LOG,
        )
    expected = {key: value for key, value in ENTRY.items() if key != "measure"}
    numbers = {"measured": 1.5, "low": 1.5, "high": 1.5, "n": 2, "values": [1.5, 1.5]}
    assert entries[0] == expected | numbers | {"claim_number": 7, "verdict": "holds", "reason": ""}
    assert [entry["verdict"] for entry in entries] == ["holds", "refuted"]
    assert caplog.messages == ["07-a-claim: holds", "08-another: refuted"]


def test_a_number_alone_is_one_trial():
    (entry,) = ledger.judge([claim()], {"given": lambda _results: 1.5}, None, LOG)
    assert (entry["n"], entry["measured"]) == (1, 1.5)


def test_what_is_not_measured_has_no_number():
    def given(_results):
        raise ledger.NotMeasuredError("was not run")

    (entry,) = ledger.judge([claim()], {"given": given}, None, LOG)
    assert [entry[key] for key in ("measured", "low", "high", "n")] == [None, None, None, 0]
    assert (entry["verdict"], entry["reason"]) == ("not measured", "was not run")


def test_arguments_that_a_measure_does_not_take_are_named():
    with pytest.raises(ConfigurationError, match=r"claim '07-a-claim', arguments \{'modes': 3\}: .*modes"):
        ledger.judge([claim(arguments={"modes": 3})], {"given": lambda _results: 1.0}, None, LOG)
    with pytest.raises(ConfigurationError, match="claim '07-a-claim': no measure is called 'given'"):
        ledger.judge([claim()], {}, None, LOG)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "With Capitals"}, "claim 2, key 'id'"),
        ({"mesure": "loss"}, "claim 2, key 'mesure'"),
        ({"tolerance": {"at_most": 1, "about": 2}}, "claim 2, key 'tolerance.about'"),
        ({"id": "07-a-claim"}, "two claims have the id '07-a-claim'"),
    ],
)
def test_a_mistake_names_entry_and_key(tmp_path, change, message):
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps([ENTRY, ENTRY | {"id": "07-second"} | change]))
    with pytest.raises(ConfigurationError, match=re.escape(f"{path}: {message}")):
        ledger.read(path)


def test_distinct_claims_are_read_in_order(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps([ENTRY | {"id": f"01-{name}"} for name in "cab"]))
    assert [entry.id for entry in ledger.read(path)] == ["01-c", "01-a", "01-b"]


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


def test_table_has_a_line_for_each_claim_in_columns():
    measured = {"measured": 1.23456, "low": 1.0, "high": 12.3456, "n": 10}
    nothing = {"measured": None, "low": None, "high": None, "n": 0}
    entries = [
        {"id": "a", "verdict": "holds", "tolerance": {"at_least": 0.5}} | measured,
        {"id": "longer", "verdict": "not measured", "tolerance": {"at_most": 3.0}} | nothing,
        {"id": "b", "verdict": "refuted", "tolerance": {"at_least": 1.0, "at_most": 2.5}} | measured,
    ]
    assert ledger.table(entries).splitlines() == [
        "claim   verdict         measured           95 % interval    n  allowed",
        "a       holds              1.235              1 to 12.35   10  at least 0.5",
        "longer  not measured                                        0  at most 3",
        "b       refuted            1.235              1 to 12.35   10  1 to 2.5",
    ]


def test_a_claim_is_judged_by_the_measure_that_it_names(tmp_path):
    images = [wave(4, {(0, 0): 1.0}), wave(4, {(0, 1): 1.0})]
    runs = {network: {"effective_singular_values": learned((2.0, 1.0), 2, 11)} for network in (CNN, FCNN)}
    runs[CNN]["train_loss"], runs[FCNN]["train_loss"] = np.full((2, 11), 3.0), np.full((2, 11), 2.0)
    found = write_experiment(tmp_path, "known", singular_values=(2.0, 1.0), vectors=images, trajectories=runs)
    arguments = {"experiment": "known", "first": CNN, "second": FCNN, "split": "train"}
    (entry,) = ledger.judge([claim(measure="loss_ratio", arguments=arguments)], MEASURES, results_of(found), LOG)
    assert (entry["measured"], entry["low"], entry["high"], entry["verdict"]) == (1.5, 1.5, 1.5, "holds")
