"""The prediction as files: JSON for programs, text for a terminal, a page with its pictures for a browser."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from learning_dynamics.predictions import words
from learning_dynamics.storage import whole_files

_WIDTH = 110
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem; } p { margin: .3rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884; vertical-align: top; }
img { max-width: 100%; height: auto; display: block; margin: .5rem 0; }
.wide { overflow-x: auto; }
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
    _write(page_path, "\n".join(_page(_title(summary), _prediction(summary), pictures)) + "\n")


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
    body = [
        *_table("Images until each mode was found", words.comparison_table(measured)),
        *_sentences(words.comparison_remarks(measured)),
    ]
    _write(page_path, "\n".join(_page(title, body, pictures)) + "\n")


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


def _page(title: str, body: Iterable[str], pictures: Mapping[str, str]) -> Iterable[str]:
    title = html.escape(title)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
    yield from body
    for caption, path in pictures.items():
        content = base64.b64encode(Path(path).read_bytes()).decode()
        yield f"<h2>{html.escape(caption)}</h2>"
        yield f'<img src="data:image/png;base64,{content}" alt="{html.escape(caption)}">'
    yield "</body></html>"


def _prediction(summary: Mapping[str, Any]) -> Iterable[str]:
    for heading, sentences in words.paragraphs(summary):
        yield f"<h2>{html.escape(heading)}</h2>"
        yield from _sentences(sentences)
    yield from _table("Modes", words.table(summary))


def _sentences(sentences: Iterable[str]) -> Iterable[str]:
    return (f"<p>{html.escape(sentence)}</p>" for sentence in sentences)


def _table(heading: str, rows: Sequence[Sequence[str]]) -> Iterable[str]:
    first, *rest = rows
    yield f'<h2>{heading}</h2><div class="wide"><table>'
    yield "<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in first) + "</tr>"
    for row in rest:
        yield "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</table></div>"


def _write(path: str, content: str) -> None:
    with whole_files.replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
