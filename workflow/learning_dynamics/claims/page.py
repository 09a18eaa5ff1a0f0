"""The ledger as a page that opens from disk: verdict, number, statement, picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics.claims.entries import VERDICTS, Table
from learning_dynamics.claims.ledger import allowed_text, interval_text
from learning_dynamics.storage import html_page

# Inside a report the page is a data URI, beside which there are no pictures: a link would lead nowhere.
_TEMPLATE = """{% extends "page" %}
{% block style %}
:root { --holds: #0072B2; --refuted: #D55E00; --undecided: #B8860B; --open: #7F7F7F; }
article { border: 1px solid var(--line); border-left: .4rem solid var(--open); border-radius: .3rem;
  margin: 1rem 0; padding: .6rem 1rem; }
article.holds { border-left-color: var(--holds); }
article.refuted { border-left-color: var(--refuted); }
article.undecided { border-left-color: var(--undecided); }
h2 { font-size: 1rem; margin: 0; }
.verdict { font-weight: 700; text-transform: uppercase; letter-spacing: .03em; font-size: .85rem; }
.holds .verdict { color: var(--holds); } .refuted .verdict { color: var(--refuted); }
.undecided .verdict { color: var(--undecided); }
.number { font-size: 1.1rem; font-variant-numeric: tabular-nums; }
{% endblock %}
{% block body %}
<p>{{ summary }}. A claim holds when the whole 95 % interval over the trials lies within what was allowed \
beforehand, and is refuted when the whole interval lies outside; otherwise it is undecided. It is not measured when \
something that it needs was not run, or did not happen in more than a tenth of the trials.</p>
{% for entry in entries %}
<article class="{{ entry.verdict | replace(" ", "-") }}" id="{{ entry.id }}">
<p class="verdict">{{ entry.verdict }}</p>
<h2>{{ entry.claim }}</h2>
{% if entry.measured is none %}
<p class="number">{{ entry.reason }}</p>
<p>{{ entry.quantity }}</p>
{% else %}
<p class="number">{{ "%.4g" | format(entry.measured) }} (95 % interval {{ interval_text(entry) or "none" }}, n = {{ entry.n }}); allowed: {{ allowed_text(entry.tolerance) }}\
{{ "; " ~ entry.reason if entry.reason }}</p>
<p>{{ entry.quantity }} Picture: <a class="picture" href="{{ entry.figure }}">{{ entry.figure }}</a></p>
{% endif %}
<p class="small">{{ entry.source }}. Why this tolerance: {{ entry.why }} <code>{{ entry.id }}</code></p>
</article>
{% endfor %}
<script>
if (location.protocol === "data:")
  document.querySelectorAll("a.picture").forEach(link => link.replaceWith(link.textContent));
</script>
{% endblock %}
"""


def write(entries: Sequence[Mapping[str, Any]], table: Table, path: str | Path) -> None:
    """Write claims.html, whole or not at all. Pictures are linked relative to it."""
    counts = Counter(str(entry["verdict"]) for entry in entries)
    html_page.write(
        path,
        _TEMPLATE,
        title="Claims ledger",
        heading="What holds of “Linear CNNs Discover the Statistical Structure of the Dataset Using Only the Most "
        "Dominant Frequencies” (Pinson, Lenaerts & Ginis, ICML 2023)",
        summary=", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS),
        entries=entries,
        allowed_text=allowed_text,
        interval_text=interval_text,
    )
