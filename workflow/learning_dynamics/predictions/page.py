"""The prediction as files: JSON for programs, text for a terminal, a page with its pictures for a browser."""

from __future__ import annotations

import base64
import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from learning_dynamics.predictions import answer, words
from learning_dynamics.storage import html_page, whole_files

_WIDTH = 110
# Pictures have a white ground: so has the page, whatever the reader prefers.
_STYLE = """
:root { color-scheme: light; }
h2 { font-size: 1.2rem; margin: 1.8rem 0 .4rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
img { max-width: 100%; height: auto; display: block; margin: .5rem 0; }
.answer { font-size: 1.1rem; }
.step { border-left: .3rem solid #0072B2; padding: .1rem 0 .1rem .8rem; margin: 1.2rem 0; }
.row { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; }
figure { margin: .3rem 0; width: 9.5rem; }
figure img, .class img { width: 9.5rem; image-rendering: pixelated; margin: 0 0 .2rem; border: 1px solid var(--line); }
figcaption { font-size: .8rem; line-height: 1.3; }
.class { width: 6.5rem; font-size: .8rem; line-height: 1.3; }
.class img { width: 6.5rem; }
.columns { columns: 26rem; column-gap: 2rem; }
.columns section { break-inside: avoid; }
.columns { margin-top: 1.5rem; }
.columns h3 { margin-top: 0; }
.wide section { overflow-x: auto; }
.wide img { max-width: none; width: 100%; min-width: 38rem; }
dt { font-weight: 600; } dd { margin: 0 0 .3rem 1rem; }
.verdict { font-weight: 700; }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block; }
  tr.head { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  td { border: 0; padding: .05rem 0; overflow-wrap: anywhere; }
  td[data-head]::before { content: attr(data-head) ": "; font-weight: 600; }
}
"""
_MACROS = (
    """{% macro rows(table) %}
<table>
{% for row in table %}
{% if loop.first %}
<tr class="head">{% for cell in row %}<th>{{ cell }}</th>{% endfor %}</tr>
{% else %}
<tr>{% for cell in row %}<td data-head="{{ table[0][loop.index0] }}">{{ cell }}</td>{% endfor %}</tr>
{% endif %}
{% endfor %}
</table>
{% endmacro %}
{% macro drawings(pictures, shape) %}
<div class="{{ shape }}">
{% for caption, content in pictures %}
<section><h3>{{ caption }}</h3>
<img src="data:image/png;base64,{{ content }}" alt="{{ caption }}"></section>
{% endfor %}
</div>
{% endmacro %}
{% block style %}"""
    + _STYLE
    + "{% endblock %}\n"
)
_PREDICTION = (
    """{% extends "page" %}
"""
    + _MACROS
    + """{% block body %}
{% for sentence in said.answer %}
<p class="answer">{{ sentence }}</p>
{% endfor %}
{% for step in steps %}
<div class="step">
<h3>{{ loop.index }}. {{ step.title }}</h3>
<p>{{ step.times }}</p>
<div class="row">
{% for caption, content in step.pictures %}
<figure><img src="data:image/png;base64,{{ content }}" alt="{{ caption }}"><figcaption>{{ caption }}</figcaption>\
</figure>
{% endfor %}
</div></div>
{% endfor %}
<h2>How much will be answered right</h2>
{% for sentence in said.accuracy %}
<p>{{ sentence }}</p>
{% endfor %}
<h2>What makes these images easy or hard</h2>
{% for entry in said.difficulty %}
<p><span class="verdict">{{ entry.verdict | capitalize }}.</span> {{ entry.sentence }}</p>
{% endfor %}
<h2>Words used here</h2>
<dl>
{% for word, meaning in said.glossary.items() %}
<dt>{{ word }}</dt><dd>{{ meaning }}</dd>
{% endfor %}
</dl>
<h2>Details</h2>
{% for heading, sentences in paragraphs %}
<h3>{{ heading }}</h3>
{% for sentence in sentences %}
<p>{{ sentence }}</p>
{% endfor %}
{% endfor %}
<h3>Modes</h3>
{{ rows(modes) }}
<h3>Classes</h3>
{% if examples %}
<div class="row">
{% for name, content in examples %}
<div class="class"><img src="data:image/png;base64,{{ content }}" alt="{{ name }}">{{ name }}</div>
{% endfor %}
</div>
{% endif %}
{{ rows(classes) }}
{% if passed_over %}
<h3>Passed over</h3>
{% for reason, paths in passed_over %}
<details{{ " open" if paths | length <= 20 }}><summary>{{ paths | length }}: {{ reason }}</summary>
<ul>{% for path in paths %}<li>{{ path }}</li>{% endfor %}</ul></details>
{% endfor %}
{% endif %}
{% for remark in remarks %}
<p>{{ remark }}.</p>
{% endfor %}
{{ drawings(pictures, "columns") }}
{% endblock %}
"""
)
_COMPARISON = (
    """{% extends "page" %}
"""
    + _MACROS
    + """{% block body %}
<h2>Images until each mode was found</h2>
{{ rows(table) }}
{% for remark in remarks %}
<p>{{ remark }}</p>
{% endfor %}
{{ drawings(pictures, "wide") }}
{% endblock %}
"""
)


@dataclass(frozen=True)
class Pictures:
    """What a page shows beside its text.

    drawings: captions and PNG files.
    steps: for the first steps, captions and PNG in base64: the modes and their wave.
    examples: names of classes and an image of each, PNG in base64.
    remarks: sentences on what the drawings could not show.
    """

    drawings: Mapping[str, str]
    steps: Sequence[Sequence[tuple[str, str]]] = ()
    examples: Sequence[tuple[str, str]] = ()
    remarks: Sequence[str] = field(default_factory=list)


def write(summary: Mapping[str, Any], pictures: Pictures, json_path: str, text_path: str, page_path: str) -> None:
    """Write the prediction as JSON, text and a page that holds its pictures, each whole or not at all.

    Args:
        summary: the prediction.
        pictures: for the page.
        json_path, text_path, page_path: the files to make.
    """
    said = answer.in_words(summary)
    _write_json(json_path, {**summary, "in_words": said})
    _write(text_path, "\n".join(_text(summary, said, pictures.remarks)) + "\n")
    shown = zip(said["steps"], pictures.steps, strict=True)
    html_page.write(
        page_path,
        _PREDICTION,
        title=_title(summary),
        said=said,
        steps=[{**step, "pictures": drawn} for step, drawn in shown],
        paragraphs=words.paragraphs(summary),
        modes=words.table(summary),
        classes=words.class_table(summary),
        examples=pictures.examples,
        passed_over=words.passed_over(summary),
        remarks=pictures.remarks,
        pictures=_contents(pictures.drawings),
    )


def write_comparison(
    measured: Mapping[str, Any], pictures: Pictures, json_path: str, text_path: str, page_path: str
) -> None:
    """Write how well the prediction did as JSON, text and a page that holds its pictures, each whole or not at all.

    Args:
        measured: the comparison.
        pictures: for the page; drawings only.
        json_path, text_path, page_path: the files to make.
    """
    title = f"How well the prediction for {measured['experiment']} did"
    lines = words.comparison(measured)
    _write_json(json_path, measured)
    _write(text_path, "\n".join([title, "=" * len(title), "", *lines]) + "\n")
    html_page.write(
        page_path,
        _COMPARISON,
        title=title,
        table=words.comparison_table(measured),
        remarks=words.comparison_remarks(measured),
        pictures=_contents(pictures.drawings),
    )


def _title(summary: Mapping[str, Any]) -> str:
    return f"What linear networks will find in {summary['experiment']}"


def _text(summary: Mapping[str, Any], said: Mapping[str, Any], remarks: Sequence[str]) -> Iterable[str]:
    yield from (_title(summary), "=" * len(_title(summary)), "")
    yield from _wrapped(said["answer"])
    steps = [
        f"{number}. {step['title']}: {step['times']} By {'; '.join(step['waves'])}."
        for number, step in enumerate(said["steps"], 1)
    ]
    sections = [
        ("Step by step", steps),
        ("How much will be answered right", said["accuracy"]),
        (
            "What makes these images easy or hard",
            [f"{entry['verdict'].capitalize()}. {entry['sentence']}" for entry in said["difficulty"]],
        ),
        ("Words used here", [f"{word}: {meaning}" for word, meaning in said["glossary"].items()]),
        *words.paragraphs(summary),
    ]
    for heading, sentences in sections:
        yield from _heading(heading)
        yield from _wrapped(sentences)
    yield from _heading("Modes")
    yield from _columns(words.table(summary))
    yield from _heading("Classes")
    yield from _columns(words.class_table(summary))
    for reason, paths in words.passed_over(summary):
        yield from _heading(f"Passed over: {reason}")
        yield from _wrapped(paths)
    for remark in remarks:
        yield ""
        yield from _wrapped([f"{remark}."])


def _heading(heading: str) -> Iterable[str]:
    return "", heading, "-" * len(heading)


def _wrapped(sentences: Iterable[str]) -> Iterable[str]:
    for sentence in sentences:
        # A per cent sign keeps to its number.
        kept = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", sentence)
        lines = textwrap.wrap(kept, _WIDTH, break_long_words=False, break_on_hyphens=False)
        yield from (line.replace("\N{NO-BREAK SPACE}%", " %") for line in lines)


def _columns(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _contents(pictures: Mapping[str, str]) -> list[tuple[str, str]]:
    """Captions and the pictures' files in base64."""
    return [(caption, base64.b64encode(Path(path).read_bytes()).decode()) for caption, path in pictures.items()]


def _write_json(path: str, content: Mapping[str, Any]) -> None:
    _write(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _write(path: str, content: str) -> None:
    with whole_files.replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
