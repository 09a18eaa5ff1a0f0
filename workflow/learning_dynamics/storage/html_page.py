"""Pages that open from disk, on a phone too: one look, no file beside them, no network."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path

from learning_dynamics.storage import whole_files

_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; }
p { margin: .3rem 0; }
.small { font-size: .85rem; opacity: .8; }
a { color: inherit; }
"""


def write(path: str | Path, title: str, heading: str, parts: Iterable[str], style: str = "") -> None:
    """Write a page, whole or not at all.

    Args:
        path: the file to make.
        title: of the window.
        heading: of the page, as text.
        parts: HTML of the body.
        style: CSS after the common one.
    """
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}{style}</style></head><body>",
        f"<h1>{html.escape(heading)}</h1>",
        *parts,
        "</body></html>",
    ]
    with whole_files.replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
