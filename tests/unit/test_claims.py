"""The ledger says what was measured, judges by the tolerance alone, and never hides a failure."""

import inspect
import json
import logging

import numpy as np
import pytest

from conftest import PROJECT
from learning_dynamics.claims import ledger
from learning_dynamics.claims.measures import MEASURES
from learning_dynamics.errors import ConfigurationError, DataError, UserError

LOG = logging.getLogger("test")
CLAIMS = PROJECT / "config" / "claims.yaml"


def claim(**changes):
    entry = {
        "id": "01-a-claim",
        "claim": "Something & <more> holds.",
        "source": "Eq. 1",
        "quantity": "a number",
        "measure": "given",
        "tolerance": {"at_least": 0.9, "at_most": 1.1},
        "why": "because",
        "figure": "figures/fig1.png",
    }
    return ledger.Claim.model_validate(entry | changes)


def judged(values, **changes):
    def given(_results, **_arguments):
        if isinstance(values, Exception):
            raise values
        return np.asarray(values, dtype=float)

    (entry,) = ledger.judge([claim(**changes)], {"given": given}, None, LOG)
    return entry


def test_every_claim_names_a_measure_with_its_arguments():
    for entry in ledger.read(CLAIMS):
        signature = inspect.signature(MEASURES[entry.measure])
        signature.bind(None, **entry.arguments)
        assert entry.why.endswith(".")


def test_every_claim_of_the_paper_is_stated():
    numbers = {int(entry.id.split("-")[0]) for entry in ledger.read(CLAIMS)}
    assert numbers >= set(range(1, 15))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.0, 1.01, 0.99], "holds"),
        ([1.3, 1.31, 1.29], "refuted"),
        ([0.7, 0.71, 0.69], "refuted"),
        ([1.0, 1.5, 0.7], "undecided"),
        ([1.0], "holds"),
        ([0.8], "refuted"),
        (ledger.NotMeasuredError("not run"), "not measured"),
        (UserError("cannot be had"), "not measured"),
    ],
)
def test_verdict_follows_from_the_interval(values, verdict):
    entry = judged(values)
    assert entry["verdict"] == verdict
    if verdict == "not measured":
        assert entry["measured"] is None
        assert entry["reason"] == str(values)
    else:
        assert entry["low"] <= entry["measured"] <= entry["high"]
        assert entry["n"] == len(values)


def test_a_trial_without_the_event_has_no_value():
    nothing = float("nan")
    entry = judged([1.0, nothing, *[1.01, 0.99] * 5])
    assert entry["verdict"] == "holds"
    assert entry["n"] == 11
    assert entry["values"][:3] == [1.0, None, 1.01]
    assert entry["reason"] == "no value in 1 of 12 trials"
    assert entry["measured"] == pytest.approx(1.0)
    json.dumps(entry, allow_nan=False)


def test_more_than_a_tenth_without_the_event_is_not_measured():
    entry = judged([1.0, float("nan"), *[1.0] * 8])
    assert entry["verdict"] == "holds"
    entry = judged([1.0, float("nan"), *[1.0] * 7])
    assert entry["verdict"] == "not measured"
    assert entry["measured"] is None
    assert entry["reason"] == "no value in 1 of 9 trials"
    assert entry["values"].count(None) == 1


@pytest.mark.parametrize("seeds", [5, 12, 40])
def test_an_undecided_entry_says_how_many_seeds_would_decide(seeds):
    """Of exactly so many seeds with the same mean and scatter the interval ends where the tolerance does."""
    from scipy.stats import t

    scatter = (0.1 - 1e-9) * np.sqrt(seeds) / t.ppf(0.975, seeds - 1)
    entry = judged([1.0 - scatter, 1.0, 1.0 + scatter])
    assert entry["verdict"] == "undecided"
    assert entry["reason"] == f"about {seeds} seeds would decide, at this scatter"


def test_damaged_file_is_an_error_and_no_verdict():
    with pytest.raises(DataError, match=r"file\.nc: damaged"):
        judged(DataError("file.nc: damaged"))


def test_one_sided_tolerances():
    assert judged([2.0, 2.1], tolerance={"at_least": 1.0})["verdict"] == "holds"
    assert judged([2.0, 2.1], tolerance={"at_most": 1.0})["verdict"] == "refuted"


def test_interval_covers_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        _, low, high = ledger.interval(generator.standard_normal(5))
        covered += low <= 0 <= high
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)


def test_jackknife_of_a_mean_is_the_values_themselves():
    values = np.random.default_rng(1).standard_normal(7)
    assert ledger.jackknife(lambda trials: float(trials.mean()), values) == pytest.approx(values)
    assert ledger.jackknife(lambda trials: float(trials.mean()), values[:1]) == pytest.approx(values[:1])


def test_jackknife_reports_the_statistic_of_all_trials_itself():
    # A root mean square of a mean is larger by the noise of the trials; the jackknife's usual estimate takes that off.
    values = np.random.default_rng(2).standard_normal((10, 50))

    def error_of_mean(trials):
        return float(np.sqrt((trials.mean(axis=0) ** 2).mean()))

    spread = ledger.jackknife(error_of_mean, values)
    assert spread.mean() == pytest.approx(error_of_mean(values))
    assert spread.std(ddof=1) > 0


def test_ledger_files(tmp_path):
    entries = [judged([1.0, 1.01]), judged(ledger.NotMeasuredError("the experiment <x> was not run"))]
    ledger.write(entries, tmp_path / "claims.json")
    assert json.loads((tmp_path / "claims.json").read_text()) == entries
    assert {path.name for path in tmp_path.iterdir()} == {"claims.json"}
    table = ledger.table(entries)
    assert "0.9 to 1.1" in table
    assert len(table.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("claims: 3", ["expected a list"]),
        ("- [", ["could not be read"]),
        ("- {id: a}", ["claim 1", "key"]),
        ("", ["expected a list"]),
    ],
)
def test_damaged_claims_file_is_named(tmp_path, text, parts):
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        ledger.read(path)
    assert all(part in str(error.value) for part in ["claims.yaml", *parts])


def test_typing_mistakes_in_claims_are_named(tmp_path):
    path = tmp_path / "claims.yaml"
    first, *_ = ledger.read(CLAIMS)
    text = json.dumps([first.model_dump(), first.model_dump()])
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=f"two claims have the id '{first.id}'"):
        ledger.read(path)
    path.write_text(json.dumps([first.model_dump() | {"tolerance": {}}]))
    with pytest.raises(ConfigurationError, match=r"claim 1, key 'tolerance'.*at_least, at_most"):
        ledger.read(path)
    with pytest.raises(ConfigurationError, match="no measure is called 'other'"):
        judged([1.0], measure="other")
