"""The README quotes the published run, and names commands and files that exist."""

import json
import re

import pytest

from conftest import PROJECT
from learning_dynamics.claims.entries import VERDICTS

README = (PROJECT / "README.md").read_text(encoding="utf-8")
LEDGER = {e["id"]: e for e in json.loads((PROJECT / "docs" / "results" / "claims.json").read_text(encoding="utf-8"))}


def test_numbers_of_the_ledger():
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in README.splitlines() if line.endswith("` |")]
    rows = [row for row in rows if row[-1].strip("`") in LEDGER]
    assert len(rows) > 10
    for row in rows:
        entry = LEDGER[row[-1].strip("`")]
        assert row[-4] == f"{entry['measured']:.3g}"
        assert row[-3] == f"{entry['low']:.3g} to {entry['high']:.3g}"
        assert row[-2].strip("*") == entry["verdict"]
    verdicts = [entry["verdict"] for entry in LEDGER.values()]
    counts = [verdicts.count(verdict) for verdict in VERDICTS]
    words = "{} hold, {} are refuted, {} are undecided (a limit lies inside the 95 % interval) and {} are not measured"
    assert words.format(*counts) in " ".join(README.split())


def test_what_was_found_quotes_the_ledger():
    quoted = {
        "09-flow-geometric-shapes-cnn": "{:.2f} % (geometric shapes)",
        "09-flow-cifar4-cnn": "{:.1f} % (CIFAR-4)",
    }
    text = " ".join(README.split())
    for entry, words in quoted.items():
        assert words.format(100 * LEDGER[entry]["measured"]) in text, entry
    for entry in ("05-sparse-geometric-shapes-end", "05-sparse-cifar4-end"):
        assert f"with {LEDGER[entry]['measured']:.2g} times as many" in text, entry


def test_numbers_of_the_benchmark():
    results = json.loads((PROJECT / "docs" / "results" / "bench.json").read_text(encoding="utf-8"))["results"]
    for row in results:
        numbers = f"{row['ours_us']:.2f} | {row['pytorch_eager_us']:,.0f} | {row['ratio']:,.0f} |"
        assert f"| {row['case']} | {numbers}" in README


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/how-to.md",
        "docs/library.md",
        "docs/own-images.md",
        "docs/plan.md",
        "docs/theory.md",
        "docs/discussion.md",
        "docs/deep-sweep.md",
        "docs/cluster.md",
        "workflow/profiles/README.md",
        "docs/benchmarks.md",
        "docs/gpu.md",
        "docs/results/README.md",
        "CONTRIBUTING.md",
    ],
)
def test_links_lead_somewhere(page):
    text = (PROJECT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((PROJECT / page).parent / link).exists(), link


def test_make_targets_exist():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z][a-z-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
