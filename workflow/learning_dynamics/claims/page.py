"""The ledger as a page that opens from disk, and inside the report: all claims at a glance, then each with its entries.

Inside the report the page is a data URI, beside which there are no files: pictures are in the page itself, smaller.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from learning_dynamics.claims import entries as claims
from learning_dynamics.claims import mathml, overview, plot, words
from learning_dynamics.claims.entries import Table
from learning_dynamics.errors import DataError
from learning_dynamics.storage import html_page

# Browsers show no data URI of more than 2 MiB inside a page: pictures together may take so many, in base64,
# once more, which leaves a third for the rest. They are as wide as then is possible, in pixels.
_LARGEST_PICTURES = 800_000
_WIDTHS = (800, 640, 480, 320, 160)

_TEMPLATE = """{% extends "page" %}
{% block style %}
:root { --holds: #0072B2; --refuted: #B84E00; --undecided: #806000; --not-measured: #6B6B6B; }
body { max-width: 76rem; margin: 1rem auto; }
h1 { margin: 0; } h1 + p { margin-top: 0; }
h2 { font-size: 1.2rem; margin: 1.6rem 0 .3rem; }
a { text-decoration-thickness: 1px; }
/* Fonts made for mathematics: without one, browsers set it loosely. */
math { font-family: math, "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre"; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.mark { display: inline-block; flex: none; width: 1.25rem; height: 1.25rem; line-height: 1.25rem; margin: 1px;
  border-radius: .25rem; text-align: center; text-decoration: none; font-size: .85rem; font-weight: 700; color: #fff; }
.holds { background: var(--holds); } .refuted { background: var(--refuted); border-radius: 0; }
.undecided { background: var(--undecided); border-radius: 50%; }
.not-measured { background: none; color: inherit; box-shadow: inset 0 0 0 1px var(--not-measured); }
a.mark:hover, a.mark:focus-visible { outline: 2px solid; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .4rem 0; padding: 0; list-style: none;
  font-size: .9rem; }
.legend b { font-variant-numeric: tabular-nums; }
.filters { margin-left: auto; }
select { font: inherit; }
[hidden] { display: none !important; }
table.matrix { border-collapse: collapse; width: 100%; font-size: .85rem; line-height: 1.3; }
.matrix th { text-align: left; font-weight: 400; }
.matrix thead th { vertical-align: bottom; font-size: .8rem; }
.matrix tbody tr { border-top: 1px solid var(--line); }
.matrix tbody tr.whose { border-top: 0; }
.matrix .whose th, .matrix thead th:first-child { font-size: .8rem; font-weight: 700; padding-top: .3rem; }
.matrix th, .matrix td { padding: .1rem .3rem .1rem 0; }
.matrix tbody th { width: 34rem; padding-right: 1rem; }
.matrix td { width: 5rem; }
.matrix .mark { width: 1.1rem; height: 1.1rem; line-height: 1.1rem; font-size: .8rem; }
.matrix tbody a:not(.mark) { text-decoration: none; }
.matrix tbody a:not(.mark):hover { text-decoration: underline; }
.number { font-weight: 700; font-variant-numeric: tabular-nums; }
details > summary { cursor: pointer; }
details.claim, details.sentences { border-top: 1px solid var(--line); padding: .35rem 0; }
details.claim > summary { font-weight: 600; }
.outcome { display: block; font-weight: 400; font-size: .9rem; padding-left: 1.1rem; }
details.entry { border-top: 1px solid var(--line); margin-left: 1.1rem; padding: .2rem 0; font-size: .95rem; }
details.entry > summary { display: flex; gap: .5rem; align-items: baseline; list-style: none; }
details.entry > summary:hover .text { text-decoration: underline 1px; }
details.entry > summary::-webkit-details-marker { display: none; }
details.entry code { font-size: .8rem; opacity: .7; white-space: nowrap; }
.found { margin-left: auto; text-align: right; white-space: nowrap; font-size: .85rem;
  font-variant-numeric: tabular-nums; }
.target { scroll-margin-top: 5rem; }
.body { display: grid; grid-template-columns: minmax(0, 1fr) 22rem; gap: .2rem 1.5rem; padding: .3rem 0 .8rem 1.9rem; }
.body:target { outline: 2px solid var(--holds); outline-offset: 2px; }
.body dl { margin: 0; display: grid; align-content: start; grid-template-columns: max-content minmax(0, 1fr);
  gap: .1rem .8rem; }
dt { font-size: .85rem; opacity: .8; } dd { margin: 0; }
.plot { width: 100%; display: block; fill: currentColor; font-size: 11px; }
.plot text { text-anchor: middle; opacity: .8; } .plot text.limit { font-weight: 700; opacity: 1; }
.plot path { fill: none; stroke: currentColor; } .plot .allowed { fill: var(--holds); opacity: .22; }
.plot path.limit { stroke: var(--holds); stroke-width: 2; }
.plot .trials { stroke-width: 5; stroke-linecap: round; opacity: .5; } .plot .interval { stroke-width: 2; }
.plot path.measured { fill: currentColor; stroke: none; } .plot .axis { opacity: .5; }
button.picture { border: 1px solid var(--line); background: #fff; padding: 0; margin: .4rem 0; cursor: zoom-in;
  width: 11rem; display: block; }
button.picture svg, [popover] svg { display: block; width: 100%; height: auto; }
[popover] { width: min(60rem, 94vw); box-sizing: border-box; max-height: 94vh; overflow: auto; border: 1px solid;
  padding: .5rem; background: #fff; color: #000; }
.sentences ol { list-style: none; margin: .4rem 0; padding: 0; }
.sentences li { display: grid; grid-template-columns: 9rem minmax(0, 1fr) 20rem; gap: .1rem 1rem; padding: .25rem 0;
  border-top: 1px solid var(--line); font-size: .95rem; }
.row { margin-right: .5rem; }
@media (max-width: 48rem) {
  body { padding: 0 .7rem; }
  h1 { font-size: 1.25rem; }
  .matrix thead { display: none; }
  .matrix tr { display: flex; flex-wrap: wrap; gap: 0 .8rem; padding: .3rem 0; }
  .matrix tbody th { width: 100%; padding: 0; }
  .matrix td:not(:has(> .mark:not([hidden]))) { display: none; }
  .matrix td { width: auto; padding: 0; font-size: .8rem; }
  .matrix td::before { content: attr(data-label) " "; }
  .matrix .mark { width: 1.5rem; height: 1.5rem; line-height: 1.5rem; font-size: .85rem; }
  .filters { margin: 0; }
  .target { scroll-margin-top: 11rem; }
  details.entry { margin-left: 0; }
  details.entry > summary { flex-wrap: wrap; }
  details.entry > summary .text { flex: 1 1 70%; }
  .found { margin-left: 1.9rem; text-align: left; }
  .outcome { padding-left: 0; }
  .body, .sentences li { grid-template-columns: minmax(0, 1fr); padding-left: 0; }
  .body dl { grid-template-columns: minmax(0, 1fr); }
  dd { margin-bottom: .3rem; }
}
{% endblock %}
{% macro math(text) %}{{ markup(text) | safe }}{% endmacro %}
{% macro title(section) -%}
{% if section.number is not none %}<span class="number">{{ section.number }}</span> {% endif %}{{ math(section.title) }}
{%- endmacro %}
{% macro data(entry, about) -%}
data-verdict="{{ entry.verdict }}" data-about="{{ (about or overview.about[entry.id]) | join(" ") }}"
{%- endmacro %}
{% macro mark(entry, about=none) -%}
<a class="mark {{ entry.verdict | replace(" ", "-") }}" href="#{{ entry.id }}" \
title="{{ entry.verdict }}: {{ entry.claim }}" {{ data(entry, about) }}>\
<span aria-hidden="true">{{ marks[entry.verdict] }}</span>\
<span class="spoken">{{ entry.verdict }}: {{ entry.id }}</span></a>
{%- endmacro %}
{% block body %}
<p>Pinson, Lenaerts &amp; Ginis, ICML 2023. Each mark is a measurement, and leads to its number, its limit and its \
picture.</p>
<ul class="legend">
{% for verdict, meaning in meanings.items() %}
<li><span class="mark {{ verdict | replace(" ", "-") }}" aria-hidden="true">{{ marks[verdict] }}</span> \
<b>{{ verdict }}: {{ overview.counts[verdict] }}</b>; {{ meaning }}</li>
{% endfor %}
<li class="filters" hidden><form>
<label>Show <select><option value="">all verdicts</option>
{% for verdict in marks %}<option>{{ verdict }}</option>{% endfor %}
</select></label>
<label>on <select><option value="">all data sets</option>
{% for name in overview.data_sets %}<option value="{{ name }}">{{ label(name) }}</option>{% endfor %}
</select></label>
</form></li>
</ul>
<p class="small">{{ summary }}.</p>
<table class="matrix" role="table">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">{{ overview.sections[0].whose }}</th>
{% for name in overview.data_sets %}
<th role="columnheader" scope="col">{{ label(name) }}</th>
{% endfor %}
</tr></thead>
<tbody role="rowgroup">
{% for section in overview.sections %}
{% if loop.changed(section.whose) and not loop.first %}
<tr class="whose" role="row">
<th role="rowheader" colspan="{{ overview.data_sets | length + 1 }}">{{ section.whose }}</th></tr>
{% endif %}
<tr role="row">
<th role="rowheader" scope="row"><a href="#_claim-{{ section.number or "own" }}">{{ title(section) }}</a></th>
{% for cell in section.cells %}
{% set name = overview.data_sets[loop.index0] %}
<td role="cell" data-label="{{ label(name) }}">{% for entry in cell %}{{ mark(entry, [name]) }}{% endfor %}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
<h2>Claim by claim</h2>
<p class="small">In the plots a dot is a single training, the line the 95 % interval around the measured number, and \
shaded is what was allowed.</p>
{% for section in overview.sections %}
<details class="claim"><summary>{{ title(section) }}<span class="outcome">{{ math(section.outcome) }}</span></summary>
<div id="_claim-{{ section.number or "own" }}" class="target">
{% for entry in section.entries %}
<details class="entry" {{ data(entry, none) }}><summary>\
<span class="mark {{ entry.verdict | replace(" ", "-") }}" aria-hidden="true">{{ marks[entry.verdict] }}</span>\
<span class="text">{{ math(entry.claim) }} <code>{{ entry.id }}</code></span>\
<span class="found"><b>{{ entry.verdict }}</b>\
{% if entry.measured is not none %}: {{ "%.4g" | format(entry.measured) }} \
({{ interval_text(entry) or "no interval" }}){% endif %}<br>\
allowed: {{ allowed_text(entry.tolerance) }}</span></summary>
<div class="body target" id="{{ entry.id }}">
<dl>
{% if entry.reason %}<dt>Reason</dt><dd><b>{{ math(entry.reason) }}</b></dd>{% endif %}
<dt>Measured</dt><dd>{{ math(entry.quantity) }}</dd>
<dt>Allowed</dt><dd><b>{{ allowed_text(entry.tolerance) }}</b>. {{ math(entry.why) }}</dd>
{% if entry.identity %}<dt>By construction</dt><dd>{{ math(entry.identity) }}</dd>{% endif %}
<dt>Statistic</dt><dd>{{ entry.statistic }}, n = {{ entry.n }}</dd>
<dt>Source</dt><dd>{{ math(entry.source) }}</dd>
</dl>
<div>
{{ plot(entry) | safe }}
{% if entry.figure in pictures %}
{% set picture = pictures[entry.figure] %}
<button class="picture" popovertarget="_picture-{{ picture.number }}" aria-label="open {{ entry.figure }}">\
<svg viewBox="0 0 {{ picture.width }} {{ picture.height }}"><use href="#_image-{{ picture.number }}"/></svg></button>
{% else %}
<p class="small">{{ entry.figure }} has not been drawn.</p>
{% endif %}
</div>
</div>
</details>
{% endfor %}
</div>
</details>
{% endfor %}
{% if overview.statements %}
<h2>The paper's sentences</h2>
<details class="sentences"><summary>{{ overview.statements | length }} sentences in the paper's order, and which \
entries test them</summary>
<ol>
{% for statement, rows in overview.statements %}
<li><span class="small">{{ math(statement.place) }}</span><span>{{ math(statement.statement) }}</span>
<span>
{% for entries in rows.values() %}
<span class="row">{% for entry in entries %}{{ mark(entry) }}{% endfor %}</span>
{% endfor %}
{% if statement.reason %}<span class="small">Not tested: {{ math(statement.reason) }}</span>{% endif %}
</span></li>
{% endfor %}
</ol>
</details>
{% endif %}
{% if commits %}
<p class="small">Limits as they stood at commit {{ commits | join(", ") }}.</p>
{% endif %}
{% for file, picture in pictures.items() %}
<div popover id="_picture-{{ picture.number }}">
<svg viewBox="0 0 {{ picture.width }} {{ picture.height }}" role="img" aria-label="{{ file }}">\
<image id="_image-{{ picture.number }}" width="{{ picture.width }}" height="{{ picture.height }}" \
href="data:image/webp;base64,{{ picture.content }}"/></svg>
<a class="file" href="{{ file }}">{{ file }}</a></div>
{% endfor %}
<script>
if (location.protocol === "data:")
  document.querySelectorAll("a.file").forEach(link => link.replaceWith(link.textContent));
const filters = document.querySelector(".filters"), [verdict, about] = filters.querySelectorAll("select");
filters.hidden = false;
filters.onchange = () => {
  const filtered = verdict.value || about.value;
  for (const one of document.querySelectorAll("[data-verdict]"))
    one.hidden = verdict.value && one.dataset.verdict !== verdict.value
      || about.value && !one.dataset.about.split(" ").includes(about.value);
  for (const claim of document.querySelectorAll("details.claim")) {
    claim.hidden = !claim.querySelector(".entry:not([hidden])");
    claim.open = filtered && !claim.hidden;
  }
};
// Browsers that do not open what a link leads into.
const reveal = () => {
  for (let at = document.getElementById(location.hash.slice(1)); at; at = at.parentElement)
    if (at.tagName === "DETAILS") at.open = true;
};
addEventListener("hashchange", reveal);
reveal();
</script>
{% endblock %}
"""


@dataclass(frozen=True)
class _Picture:
    """A picture in the page: its number there, its size in pixels, WebP in base64."""

    number: int
    width: int
    height: int
    content: str


def write(entries: Sequence[Mapping[str, Any]], table: Table, path: str | Path) -> None:
    """Write claims.html, whole or not at all.

    Args:
        entries: the ledger.
        table: the claims that were judged, the paper's and a user's own.
        path: the file to make; pictures that entries name relative to its folder are shown if they are there.

    Raises:
        DataError: an entry is none of the table's, or a picture cannot be read.
    """
    seen = overview.of_ledger(entries, table)
    html_page.write(
        path,
        _TEMPLATE,
        title="Claims of “Linear CNNs Discover the Statistical Structure of the Dataset”",
        heading="Which of the paper's claims hold",
        overview=seen,
        marks=overview.MARKS,
        meanings=words.MEANINGS,
        summary=words.summary(entries),
        label=overview.label,
        pictures=_pictures(Path(path).parent, dict.fromkeys(str(entry["figure"]) for entry in entries)),
        markup=mathml.markup,
        plot=plot.svg,
        commits=dict.fromkeys(_short(entry["claims_commit"]) for entry in entries if entry.get("claims_commit")),
        allowed_text=words.allowed_text,
        interval_text=words.interval_text,
    )


def _short(commit: str) -> str:
    """Its first digits, and the remark after it."""
    return commit[:7] + commit[40:]


def from_files(tables: Sequence[str], ledger: str, path: str) -> None:
    """Write claims.html from claims.json.

    Args:
        tables: the paper's claims, and a user's own if there are any.
        ledger: claims.json.
        path: the file to make.

    Raises:
        ConfigurationError: a table of claims is not as expected.
        DataError: the ledger or a picture cannot be read.
    """
    try:
        entries = json.loads(Path(ledger).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{ledger}: not a ledger that can be read ({error}); delete it and run again") from None
    paper, *own = claims.read_all(tables)
    write(entries, replace(paper, claims=tuple(claim for table in (paper, *own) for claim in table.claims)), path)


def _pictures(folder: Path, names: Iterable[str]) -> dict[str, _Picture]:
    """Those that are there, as large as is possible with all of them in a page."""
    found = {name: folder / name for name in names if (folder / name).is_file()}
    for width in _WIDTHS:
        pictures = {name: _picture(number, path, width) for number, (name, path) in enumerate(found.items(), 1)}
        if sum(len(picture.content) for picture in pictures.values()) <= _LARGEST_PICTURES:
            break
    return pictures


def _picture(number: int, path: Path, width: int) -> _Picture:
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: not a picture that can be read ({error}); make it again, or name another") from None
    image.thumbnail((width, 4 * width))
    content = io.BytesIO()
    image.save(content, "WEBP", quality=50, method=4)
    return _Picture(number, *image.size, base64.b64encode(content.getvalue()).decode())
