"""Where the results come from, on one page: data, code, package versions, checksums of all files."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets import labelled_images
from learning_dynamics.storage import checksums, html_page, netcdf

_STYLE = """
h2 { font-size: 1.15rem; margin: 1.5rem 0 .3rem; }
h3 { font-size: 1rem; margin: 1rem 0 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .3rem 0; }
dt { font-weight: 600; } dd { margin: 0; }
code, li { font-size: .85rem; }
ul { padding-left: 1.2rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .3rem; } }
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
        "Provenance",
        "Where these results come from",
        [*_data(description), *_code(description), *_settings(description), *_files(description)],
        _STYLE,
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


def _data(description: Mapping[str, Any]) -> Iterator[str]:
    checksum = {entry["file"]: entry["sha256"] for entry in description["files"]}
    yield "<h2>Data</h2>"
    for name, data in description["data"].items():
        number = f"{data['images']}; {data['size']}"
        yield f"<h3>{html.escape(name)}</h3>"
        yield _list(
            {
                "Source": data["origin"],
                "Licence": data["licence"],
                "To cite": data["citation"] or "nothing",
                "Classes": ", ".join(data["classes"]),
                "Images": number + ("; the mean training image is subtracted" if data["centred"] else ""),
                "SHA-256": checksum[f"datasets/{name}.nc"],
            }
        )


def _code(description: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Code</h2><ul>"
    for code in description["code"]:
        state = {"true": ", with changes that are not committed", "false": ""}.get(code["dirty"], "")
        yield f"<li>{code['files']} files: commit <code>{html.escape(code['commit'])}</code>{state}</li>"
    yield "</ul><h2>Versions</h2>"
    yield _list({name: ", ".join(found) for name, found in description["versions"].items()})


def _settings(description: Mapping[str, Any]) -> Iterator[str]:
    text = json.dumps(description["settings"], indent=1, ensure_ascii=False)
    yield "<h2>Settings</h2><p>Every file also holds the settings that made it.</p>"
    yield f"<details><summary>All of them</summary><pre>{html.escape(text)}</pre></details>"


def _files(description: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>Files</h2><details><summary>SHA-256 of {len(description['files'])} files</summary><ul>"
    for entry in description["files"]:
        yield f"<li>{html.escape(entry['file'])}<br><code>{entry['sha256']}</code></li>"
    yield "</ul></details>"


def _list(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in pairs.items())
    return f"<dl>{rows}</dl>"
