"""The ledger as a page that opens from disk: verdict, number, statement, picture."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics import whole_files
from learning_dynamics.claims.ledger import allowed_text

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --holds: #0072B2; --fails: #D55E00; --open: #7F7F7F; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
article { border: 1px solid var(--line); border-left: .4rem solid var(--open); border-radius: .3rem;
  margin: 1rem 0; padding: .6rem 1rem; }
article.holds { border-left-color: var(--holds); }
article.fails { border-left-color: var(--fails); }
h2 { font-size: 1rem; margin: 0; }
p { margin: .3rem 0; }
.verdict { font-weight: 700; text-transform: uppercase; letter-spacing: .03em; font-size: .85rem; }
.holds .verdict { color: var(--holds); } .fails .verdict { color: var(--fails); }
.number { font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.small { font-size: .85rem; opacity: .8; }
a { color: inherit; }
"""


def write(entries: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write claims.html, whole or not at all. Pictures are linked relative to it."""
    counts = Counter(str(entry["verdict"]) for entry in entries)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("holds", "fails", "not measured"))
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Claims ledger</title><style>{_STYLE}</style></head><body>",
        "<h1>What holds of “Linear CNNs Discover the Statistical Structure of the Dataset Using Only the Most "
        "Dominant Frequencies” (Pinson, Lenaerts &amp; Ginis, ICML 2023)</h1>",
        f"<p>{summary}. A claim holds when the whole 95 % interval over the trials lies within what was allowed "
        "beforehand.</p>",
        *(_article(entry) for entry in entries),
        "</body></html>",
    ]
    with whole_files.replacing(path) as temporary:
        temporary.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _article(entry: Mapping[str, Any]) -> str:
    text = {key: html.escape(str(value)) for key, value in entry.items()}
    verdict = str(entry["verdict"])
    if entry["measured"] is None:
        number = html.escape(str(entry.get("reason", "not measured")))
        picture = ""
    else:
        number = (
            f"{entry['measured']:.4g} (95 % interval {entry['low']:.4g} to {entry['high']:.4g}, n = {entry['n']}); "
            f"allowed: {html.escape(allowed_text(entry['tolerance']))}"
        )
        picture = f' <a href="{text["figure"]}">figure</a>'
    return (
        f'<article class="{verdict.replace(" ", "-")}" id="{text["id"]}">'
        f'<p class="verdict">{verdict}</p><h2>{text["claim"]}</h2>'
        f'<p class="number">{number}</p>'
        f"<p>{text['quantity']}{picture}</p>"
        f'<p class="small">{text["source"]}. Why this tolerance: {text["why"]} <code>{text["id"]}</code></p></article>'
    )
