"""No entry of the ledger holds where what it claims is not so; and each can hold.

``python -m claims.counterfeits`` prints the table of what is broken and what the ledger says of it.
"""

import pytest

from claims.counterfeits import (
    COUNTERFEITS,
    NOT_ON_TRAININGS,
    TABLE,
    Bases,
    counterfeits_of,
    is_about_training,
    judged,
    without_learning,
)

# Of no trial in ten the interval reaches to 0.31, and a tolerance of 0.05 lies within.
NEVER_REFUTED_BY_TEN = {"11-can-remain"}

every_entry = pytest.mark.parametrize("claim", TABLE.claims, ids=lambda claim: claim.id)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    return Bases.made(tmp_path_factory.mktemp("genuine"))


@pytest.fixture(scope="module")
def unlearned(bases):
    """By base and whether the runs are cut short."""
    return {
        (id(base), shortened): without_learning(base, shortened)
        for base in (bases.trained, bases.as_claimed)
        for shortened in (True, False)
    }


def test_every_row_has_counterfeits_and_nothing_else_has():
    """A new row needs a line in COUNTERFEITS: results in which just what it claims is broken."""
    assert set(COUNTERFEITS) == set(TABLE.rows)


@every_entry
def test_an_entry_holds_where_it_is_true(bases, claim):
    """If a new one does not hold on trainings: NOT_ON_TRAININGS, and genuine_results.as_claimed."""
    entry = judged(claim, bases.of(claim))
    assert entry["verdict"] == "holds", entry


@pytest.mark.parametrize("reason", NOT_ON_TRAININGS)
def test_an_entry_is_judged_on_trainings_unless_it_does_not_hold_there(bases, reason):
    claims = {claim.id: claim for claim in TABLE.claims}
    assert set(NOT_ON_TRAININGS[reason]) <= set(claims)
    verdicts = {name: judged(claims[name], bases.trained)["verdict"] for name in NOT_ON_TRAININGS[reason]}
    assert "holds" not in verdicts.values(), verdicts


@every_entry
def test_an_entry_does_not_hold_on_its_counterfeits(bases, claim):
    base = bases.of(claim)
    made = {one.breaks: judged(claim, one.made(base, claim.arguments)) for one in counterfeits_of(claim)}
    verdicts = {breaks: entry["verdict"] for breaks, entry in made.items()}
    assert verdicts, "its row has counterfeits, but none for these arguments"
    assert "holds" not in verdicts.values(), verdicts
    assert "refuted" in verdicts.values() or claim.id in NEVER_REFUTED_BY_TEN, verdicts


@pytest.mark.parametrize("shortened", [True, False], ids=["cut short", "without change"])
@pytest.mark.parametrize("claim", [*filter(is_about_training, TABLE.claims)], ids=lambda claim: claim.id)
def test_no_entry_holds_for_networks_that_have_learned_nothing(bases, unlearned, claim, shortened):
    entry = judged(claim, unlearned[id(bases.of(claim)), shortened])
    assert entry["verdict"] != "holds", entry
