"""Where the results come from, on one page: data, code, package versions, checksums of all files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets import labelled_images
from learning_dynamics.storage import checksums, html_page, netcdf

_TEMPLATE = """{% extends "page" %}
{% macro listed(pairs) %}
<dl>
{% for name, value in pairs %}
<dt>{{ name }}</dt><dd>{{ value }}</dd>
{% endfor %}
</dl>
{% endmacro %}
{% block style %}
h2 { font-size: 1.15rem; margin: 1.5rem 0 .3rem; }
h3 { font-size: 1rem; margin: 1rem 0 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .3rem 0; }
dt { font-weight: 600; } dd { margin: 0; }
code, li { font-size: .85rem; }
ul { padding-left: 1.2rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .3rem; } }
{% endblock %}
{% block body %}
<h2>Data</h2>
{% for name, data in described.data.items() %}
<h3>{{ name }}</h3>
{{ listed([
  ("Source", data.origin),
  ("Licence", data.licence),
  ("To cite", data.citation or "nothing"),
  ("Classes", data.classes | join(", ")),
  ("Images", data.images ~ "; " ~ data.size ~ ("; the mean training image is subtracted" if data.centred else "")),
  ("SHA-256", checksums["datasets/" ~ name ~ ".nc"]),
]) }}
{% endfor %}
<h2>Code</h2>
<ul>
{% for code in described.code %}
<li>{{ code.files }} files: commit <code>{{ code.commit }}</code>\
{{ ", with changes that are not committed" if code.dirty == "true" }}</li>
{% endfor %}
</ul>
<h2>Versions</h2>
{{ listed(versions) }}
<h2>Settings</h2>
<p>Every file also holds the settings that made it.</p>
<details><summary>All of them</summary><pre>{{ settings }}</pre></details>
<h2>Files</h2>
<details><summary>SHA-256 of {{ described.files | length }} files</summary>
<ul>
{% for entry in described.files %}
<li>{{ entry.file }}<br><code>{{ entry.sha256 }}</code></li>
{% endfor %}
</ul></details>
{% endblock %}
"""


def describe(
    files: Mapping[str, str], settings: Mapping[str, Any], licences: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What the attributes of result files say, and the checksums of the files.

    Args:
        files: the NetCDF files and those of settings that were chosen (JSON), by their names in a results folder.
        settings: of the run.
        licences: by experiment, "terms" and "citation" of its images.

    Raises:
        DataError: a file is missing or damaged.
    """
    entries, data = [], {}
    versions: dict[str, Counter[str]] = {}
    for name, path in sorted(files.items()):
        if name.endswith(".json"):
            entries.append({"file": name, "sha256": checksums.sha256(path)})
            continue
        attributes = netcdf.read(path, []).attrs
        used = {"Python": attributes["python_version"], **json.loads(attributes["package_versions"])}
        for package, version in used.items():
            versions.setdefault(package, Counter())[version] += 1
        entries.append(
            {
                "file": name,
                "sha256": checksums.sha256(path),
                "settings_hash": attributes["settings_hash"],
                "code_commit": attributes["code_commit"],
                "code_dirty": attributes["code_dirty"],
            }
        )
        if name.startswith("datasets/"):
            data[Path(path).stem] = _data_set(path, attributes, licences[Path(path).stem])
    commits = Counter((entry["code_commit"], entry["code_dirty"]) for entry in entries if "code_commit" in entry)
    return {
        "data": data,
        "code": [{"commit": commit, "dirty": dirty, "files": number} for (commit, dirty), number in commits.items()],
        "versions": {name: dict(sorted(found.items())) for name, found in sorted(versions.items(), key=_by_name)},
        "settings": settings,
        "files": entries,
    }


def write(description: Mapping[str, Any], path: str | Path) -> None:
    """Write the page, whole or not at all."""
    html_page.write(
        path,
        _TEMPLATE,
        title="Provenance",
        heading="Where these results come from",
        described=description,
        checksums={entry["file"]: entry["sha256"] for entry in description["files"]},
        versions=[(name, ", ".join(found)) for name, found in description["versions"].items()],
        settings=json.dumps(description["settings"], indent=1, ensure_ascii=False),
    )


def _by_name(item: tuple[str, Any]) -> str:
    return item[0].lower()


def _data_set(path: str, attributes: Mapping[str, str], licence: Mapping[str, Any]) -> dict[str, Any]:
    images = dataset_files.read(path)
    channels, rows, columns = images.shape
    train, test = (len(images.split(name)) for name in labelled_images.SPLITS)
    return {
        "kind": json.loads(attributes["settings"])["dataset"]["kind"],
        "origin": images.origin,
        "licence": licence["terms"],
        "citation": licence["citation"],
        "classes": list(images.class_names),
        "images": attributes.get("excerpt", f"{train:,} to train on, {test:,} held out"),
        "size": f"{rows} × {columns}, {channels} {'channel' if channels == 1 else 'channels'}",
        "centred": images.centred,
    }
