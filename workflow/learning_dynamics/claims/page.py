"""The ledger as a page that opens from disk: verdict, number, statement, picture."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics.claims.ledger import allowed_text
from learning_dynamics.storage import html_page

_STYLE = """
:root { --holds: #0072B2; --fails: #D55E00; --open: #7F7F7F; }
article { border: 1px solid var(--line); border-left: .4rem solid var(--open); border-radius: .3rem;
  margin: 1rem 0; padding: .6rem 1rem; }
article.holds { border-left-color: var(--holds); }
article.fails { border-left-color: var(--fails); }
h2 { font-size: 1rem; margin: 0; }
.verdict { font-weight: 700; text-transform: uppercase; letter-spacing: .03em; font-size: .85rem; }
.holds .verdict { color: var(--holds); } .fails .verdict { color: var(--fails); }
.number { font-size: 1.1rem; font-variant-numeric: tabular-nums; }
"""

# Inside a report the page is a data URI, beside which there are no pictures: a link would lead nowhere.
_SCRIPT = """<script>
if (location.protocol === "data:")
  document.querySelectorAll("a.picture").forEach(link => link.replaceWith(link.textContent));
</script>"""


def write(entries: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write claims.html, whole or not at all. Pictures are linked relative to it."""
    counts = Counter(str(entry["verdict"]) for entry in entries)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("holds", "fails", "not measured"))
    html_page.write(
        path,
        "Claims ledger",
        "What holds of “Linear CNNs Discover the Statistical Structure of the Dataset Using Only the Most Dominant "
        "Frequencies” (Pinson, Lenaerts & Ginis, ICML 2023)",
        [
            f"<p>{summary}. A claim holds when the whole 95 % interval over the trials lies within what was allowed "
            "beforehand.</p>",
            *(_article(entry) for entry in entries),
            _SCRIPT,
        ],
        _STYLE,
    )


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
        picture = f' Picture: <a class="picture" href="{text["figure"]}">{text["figure"]}</a>'
    return (
        f'<article class="{verdict.replace(" ", "-")}" id="{text["id"]}">'
        f'<p class="verdict">{verdict}</p><h2>{text["claim"]}</h2>'
        f'<p class="number">{number}</p>'
        f"<p>{text['quantity']}{picture}</p>"
        f'<p class="small">{text["source"]}. Why this tolerance: {text["why"]} <code>{text["id"]}</code></p></article>'
    )
