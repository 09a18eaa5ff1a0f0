"""The paper's table of claims is complete and consistent."""

import json
import logging
import re

import numpy as np

from conftest import PROJECT
from learning_dynamics.claims import entries, ledger
from learning_dynamics.claims.measures import MEASURES
from learning_dynamics.claims.measures.registry import Measure, NotMeasuredError
from learning_dynamics.claims.statistics import MEAN
from learning_dynamics.config.loading import load
from learning_dynamics.figures import catalogue

CLAIMS = PROJECT / "config" / "claims.yaml"
TABLE = entries.read(CLAIMS)


def test_every_claim_of_the_paper_has_entries():
    assert {claim.number for claim in TABLE.claims} == set(TABLE.headings)
    assert {number for number, heading in TABLE.headings.items() if not heading.ours} >= set(range(1, 15))


def test_every_row_is_of_a_sentence_of_the_paper_or_ours():
    named = {row for statement in TABLE.statements for row in statement.rows}
    ours = {number for number, heading in TABLE.headings.items() if heading.ours}
    unnamed = {row for row in TABLE.rows if row not in named}
    assert {int(row.split("-")[0]) for row in unnamed} <= ours


def test_every_measure_is_used():
    assert {claim.measure for claim in TABLE.claims} == set(MEASURES)


def test_claims_are_about_experiments_and_networks_that_there_are():
    experiments = load({}).experiments
    for claim in TABLE.claims:
        one = claim.arguments.get("experiment")
        for name in [one] if one else claim.arguments.get("experiments", []):
            assert name in experiments, claim.id
        for key in ("network", "first", "second", "early", "late"):
            network = claim.arguments.get(key)
            if isinstance(network, str):
                assert getattr(experiments[one].networks, network) is not None, claim.id


def test_texts_end_and_placeholders_are_filled():
    for claim in TABLE.claims:
        assert claim.claim.endswith("."), claim.id
        assert claim.why.endswith("."), claim.id
        for text in (claim.claim, claim.source, claim.quantity, claim.why, claim.identity, claim.figure):
            assert not re.search(r"\{\w+\}", text), claim.id


def test_every_figure_is_one_that_the_workflow_draws():
    experiments = load({}).experiments
    summaries = {*catalogue.PAPER_FIGURES, *catalogue.SUMMARY_FIGURES, "scaling", "variants", "zero_padding"}
    drawn = {f"figures/{name}.png" for name in summaries}
    drawn |= {f"figures/{name}/{figure}.png" for name in experiments for figure in catalogue.EXPERIMENT_FIGURES}
    assert {claim.figure for claim in TABLE.claims} <= drawn


def test_ledger_files(tmp_path):
    claim = TABLE.claims[0].model_copy(update={"claim": "Something & <more> holds.", "measure": "given"})

    def given(_results, **_arguments):
        return np.array([0.01, 0.011])

    def missing(_results, **_arguments):
        raise NotMeasuredError("the experiment <x> was not run")

    log = logging.getLogger("test")
    judged = [
        *ledger.judge([claim], {"given": Measure(given, MEAN)}, None, log),
        *ledger.judge([claim], {"given": Measure(missing, MEAN)}, None, log),
    ]
    ledger.write(judged, tmp_path / "claims.json")
    assert json.loads((tmp_path / "claims.json").read_text()) == judged
    assert {path.name for path in tmp_path.iterdir()} == {"claims.json"}
