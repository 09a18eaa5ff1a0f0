"""Pages that open from disk, on a phone too: one look, no file beside them, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from learning_dynamics.storage import whole_files

# A page's template begins with {% extends "page" %} and fills the blocks. Templates stand in modules, not in files
# beside them: the state of the code that a job depends on is that of its modules.
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; }
p { margin: .3rem 0; }
.small { font-size: .85rem; opacity: .8; }
a { color: inherit; }
{% block style %}{% endblock %}
</style></head><body>
<h1>{{ heading | default(title) }}</h1>
{% block body %}{% endblock %}
</body></html>
"""


def write(path: str | Path, template: str, **values: Any) -> None:
    """Write a page, whole or not at all.

    Args:
        path: the file to make.
        template: of the page, in Jinja2; values are escaped where they are put in.
        values: what it shows; `title` is the window's, and the page's where it has no `heading`.
    """
    environment = Environment(
        loader=DictLoader({"page": _PAGE}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    with whole_files.replacing(path) as temporary:
        temporary.write_text(environment.from_string(template).render(values), encoding="utf-8")
