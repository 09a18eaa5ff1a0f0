"""Making an archive of results; ``archive`` says what is in one."""

from __future__ import annotations

import json
import logging
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.errors import DataError
from learning_dynamics.publishing import ro_crate
from learning_dynamics.publishing.archive import MANIFEST, METADATA, SETTINGS, WORKFLOW, Manifest, Member
from learning_dynamics.storage import checksums, netcdf, whole_files

# The earliest date that the format knows: bytes must not depend on when they were written.
_DATE = (1980, 1, 1, 0, 0, 0)

_README = """# Results of linear CNNs that discover the statistical structure of a data set

Everything from which the figures and the claims ledger of the pipeline that reproduces Pinson, Lenaerts & Ginis (ICML
2023) are made: data sets, their structure, trajectories, predictions, runs beyond the paper. NetCDF files; each holds
in its attributes the settings that made it, the commit of the code and package versions.

In the pipeline's folder, without training anything:

    snakemake --cores all all --config 'archive="path/to/this/archive.zip"' results=archived-results

The settings must be those of this archive. They are in `{settings}`:

    unzip -p path/to/this/archive.zip {settings} > its-settings.yaml

and then `--configfile its-settings.yaml`. `{manifest}` has the SHA-256 of every file; `provenance.html` says where the
data come from, and `{metadata}` the same to programs that read RO-Crates, of the profile Workflow Run Crate.

## Data

{data}
"""


def write(
    files: Mapping[str, str],
    provenance: str | Path,
    settings: Mapping[str, Any],
    path: str | Path,
    log: logging.Logger,
    *,
    licences: Mapping[str, Mapping[str, Any]],
    described: Mapping[str, Any],
) -> None:
    """Write an archive, whole or not at all, and beside it its SHA-256 as ``sha256sum`` writes it.

    The same files and settings give the same bytes: members are sorted and not compressed (NetCDF files are already),
    without dates or owners. Of images that are not the pipeline's to pass on it holds those that figures show.

    Args:
        files: the result files, by their names in a results folder.
        provenance: the provenance page.
        settings: of the run, with the experiments and networks whose results are among the files.
        path: the archive to make.
        log: receives what is left out.
        licences: by experiment, "terms", "citation" and "redistributable" of its images.
        described: the provenance of the files, as ``provenance_page.describe`` gives it.

    Raises:
        DataError: a file is missing or damaged, or the archive cannot be written.
    """
    path = Path(path)
    parts = path.with_name(f".{path.name}.{os.getpid()}.parts.partial")
    try:
        parts.mkdir()
        members = {name: Path(file) for name, file in files.items()}
        members["provenance.html"] = Path(provenance)
        members[WORKFLOW] = ro_crate.PROJECT / "workflow" / WORKFLOW
        for name in [name for name in members if name.startswith("datasets/")]:
            if not licences[Path(name).stem]["redistributable"]:
                log.info("%s: only the images that figures show are archived", name)
                members[name] = _excerpt(members[name], parts)
        for name, text in {"README.md": _readme(licences), SETTINGS: _settings_text(settings)}.items():
            members[name] = parts / name
            members[name].write_text(text, encoding="utf-8")
        listed = {name: _member(file) for name, file in sorted(members.items())}
        members[METADATA] = _json(ro_crate.describe(listed, described), parts / METADATA)
        listed[METADATA] = _member(members[METADATA])
        manifest = Manifest(settings=dict(settings), files=listed).model_dump(mode="json")
        members[MANIFEST] = _json(manifest, parts / MANIFEST)
        with (
            whole_files.replacing(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
        ):
            for name, file in sorted(members.items()):
                _add(archive, name, file)
        checksum = path.with_name(f"{path.name}.sha256")
        checksum.write_text(f"{checksums.sha256(path)}  {path.name}\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: could not be written ({error}); make room or choose another folder") from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def _excerpt(file: Path, folder: Path) -> Path:
    place = folder / file.name
    netcdf.write(dataset_files.excerpt(file), place, uncompressed=("images",))
    return place


def _member(file: Path) -> Member:
    return Member(size=file.stat().st_size, sha256=checksums.sha256(file))


def _json(content: Mapping[str, Any], place: Path) -> Path:
    place.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return place


def _add(archive: zipfile.ZipFile, name: str, file: Path) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    entry.file_size = file.stat().st_size
    with open(file, "rb") as content, archive.open(entry, "w") as member:
        shutil.copyfileobj(content, member, 1 << 20)


def _settings_text(settings: Mapping[str, Any]) -> str:
    """The settings as a file for --configfile; paper's experiments that are not in the archive are left out."""
    absent = {name: None for name in paper_experiments() if name not in settings["experiments"]}
    complete = {**settings, "experiments": {**settings["experiments"], **absent}}
    return yaml.safe_dump(complete, sort_keys=False, allow_unicode=True)


def _readme(licences: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, licence in licences.items():
        citation = f" {licence['citation']}." if licence["citation"] else ""
        lines.append(f"- `{name}`: licence: {licence['terms']}.{citation}")
        if not licence["redistributable"]:
            lines.append("  Only the images that figures show are here, a few of every class.")
    return _README.format(settings=SETTINGS, manifest=MANIFEST, metadata=METADATA, data="\n".join(lines))
