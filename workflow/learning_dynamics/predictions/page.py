"""The prediction as files: JSON for programs, text for a terminal, a page with its pictures for a browser."""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from learning_dynamics.predictions import words
from learning_dynamics.storage import html_page, whole_files

_WIDTH = 110
# Pictures have a white ground: so has the page, whatever the reader prefers.
_TEMPLATE = """{% extends "page" %}
{% block style %}
:root { color-scheme: light; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
img { max-width: 100%; height: auto; display: block; margin: .5rem 0; }
.wide { overflow-x: auto; }
{% endblock %}
{% block body %}
{% for heading, sentences in paragraphs %}
<h2>{{ heading }}</h2>
{% for sentence in sentences %}
<p>{{ sentence }}</p>
{% endfor %}
{% endfor %}
<h2>{{ table_heading }}</h2>
<div class="wide"><table>
{% for row in table %}
{% set tag = "th" if loop.first else "td" %}
<tr>{% for cell in row %}<{{ tag }}>{{ cell }}</{{ tag }}>{% endfor %}</tr>
{% endfor %}
</table></div>
{% for remark in remarks %}
<p>{{ remark }}</p>
{% endfor %}
{% for caption, content in pictures %}
<h2>{{ caption }}</h2>
<img src="data:image/png;base64,{{ content }}" alt="{{ caption }}">
{% endfor %}
{% endblock %}
"""


def write(
    summary: Mapping[str, Any], pictures: Mapping[str, str], json_path: str, text_path: str, page_path: str
) -> None:
    """Write the prediction as JSON, text and a page that holds its pictures, each whole or not at all.

    Args:
        summary: the prediction.
        pictures: captions and PNG files for the page.
        json_path, text_path, page_path: the files to make.
    """
    _write(json_path, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    _write(text_path, "\n".join(_text(summary)) + "\n")
    html_page.write(
        page_path,
        _TEMPLATE,
        title=_title(summary),
        paragraphs=words.paragraphs(summary),
        table_heading="Modes",
        table=words.table(summary),
        remarks=[],
        pictures=_contents(pictures),
    )


def write_comparison(
    measured: Mapping[str, Any], pictures: Mapping[str, str], json_path: str, text_path: str, page_path: str
) -> None:
    """Write how well the prediction did as JSON, text and a page that holds its pictures, each whole or not at all.

    Args:
        measured: the comparison.
        pictures: captions and PNG files for the page.
        json_path, text_path, page_path: the files to make.
    """
    title = f"How well the prediction for {measured['experiment']} did"
    lines = words.comparison(measured)
    _write(json_path, json.dumps(measured, indent=2, ensure_ascii=False) + "\n")
    _write(text_path, "\n".join([title, "=" * len(title), "", *lines]) + "\n")
    html_page.write(
        page_path,
        _TEMPLATE,
        title=title,
        paragraphs=[],
        table_heading="Images until each mode was found",
        table=words.comparison_table(measured),
        remarks=words.comparison_remarks(measured),
        pictures=_contents(pictures),
    )


def _title(summary: Mapping[str, Any]) -> str:
    return f"What linear networks will find in {summary['experiment']}"


def _text(summary: Mapping[str, Any]) -> Iterable[str]:
    yield from (_title(summary), "=" * len(_title(summary)))
    for heading, sentences in words.paragraphs(summary):
        yield from ("", heading, "-" * len(heading))
        for sentence in sentences:
            yield from textwrap.wrap(sentence, _WIDTH, break_long_words=False)
    yield ""
    rows = words.table(summary)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _contents(pictures: Mapping[str, str]) -> list[tuple[str, str]]:
    """Captions and the pictures' files in base64."""
    return [(caption, base64.b64encode(Path(path).read_bytes()).decode()) for caption, path in pictures.items()]


def _write(path: str, content: str) -> None:
    with whole_files.replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
