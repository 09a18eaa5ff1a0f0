"""What an archive says of itself to other programs: an RO-Crate of the profile Workflow Run Crate.

One JSON file that tells what ran, with which versions, from what, and what came out:
https://w3id.org/ro/crate/1.1 and https://w3id.org/ro/wfrun/workflow/0.5, the latest that the validator knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from learning_dynamics.publishing.archive import MANIFEST, METADATA, SETTINGS, WORKFLOW, Member, is_result

# A script knows its library by a way through other folders.
PROJECT = Path(__file__).resolve().parents[3]

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    _WORKFLOW_CRATE: "Workflow RO-Crate",
}
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_FORMATS = {
    ".nc": "application/netcdf",
    ".json": "application/json",
    ".html": "text/html",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
}

Entity = dict[str, Any]


def describe(members: Mapping[str, Member], provenance: Mapping[str, Any]) -> Entity:
    """The crate's metadata, to be written as JSON.

    Nothing in it tells when the archive was made, for the same results give the same bytes: its date is that of the
    pipeline's version.

    Args:
        members: of the archive, without the manifest and these metadata.
        provenance: of the results, as ``provenance_page.describe`` gives it.
    """
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    (paper,) = citation["references"]
    licence = _named(f"https://spdx.org/licenses/{citation['license']}", "CreativeWork", citation["license"])
    authors, paper_authors = (list(map(_author, work["authors"])) for work in (citation, paper))
    article = {
        **_named(f"https://doi.org/{paper['doi']}", "ScholarlyArticle", paper["title"]),
        "author": _to(*paper_authors),
        "datePublished": f"{paper['year']}-{paper['month']:02}",
    }
    files = [_file(name, member, provenance["data"]) for name, member in sorted(members.items())]
    versions = [_software(name, version) for name, found in provenance["versions"].items() for version in found]
    (readme,) = (file for file in files if file["@id"] == "README.md")
    readme["about"] = {"@id": "./"}
    (workflow,) = (file for file in files if file["@id"] == WORKFLOW)
    workflow |= {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": citation["title"],
        "version": f"{citation['version']}, {_commits(provenance['code'])}",
        "license": _to(licence),
        "author": _to(*authors),
        "programmingLanguage": {"@id": _SNAKEMAKE},
        "encodingFormat": "text/plain",
        "softwareRequirements": _to(*versions),
    }
    run = {
        **_named("#run", "CreateAction", "The run that made these results"),
        "description": f"Snakemake's jobs at {_commits(provenance['code'])}, with the settings of {SETTINGS}",
        "instrument": _to(workflow),
        "agent": _to(*authors),
        "object": {"@id": SETTINGS},
        "result": [{"@id": name} for name in sorted(members) if is_result(name)],
    }
    manifest = {**_named(MANIFEST, "File", "SHA-256 of every file"), "encodingFormat": _FORMATS[".json"]}
    crate = {
        **_named("./", "Dataset", f"Results of: {citation['title']}"),
        "description": f"Everything from which figures and claims are made. {citation['abstract']}",
        "datePublished": str(citation["date-released"]),
        "license": _to(licence),
        "author": _to(*authors),
        "publisher": _to(*authors),
        "citation": _to(article),
        "conformsTo": [{"@id": profile} for profile in _PROFILES],
        "hasPart": _to(*files, manifest),
        "mainEntity": _to(workflow),
        "mentions": _to(run),
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": _to(crate),
        "conformsTo": [{"@id": _SPECIFICATION}, {"@id": _WORKFLOW_CRATE}],
    }
    profiles = [
        {**_named(profile, "CreativeWork", name), "version": profile.rpartition("/")[2]}
        for profile, name in _PROFILES.items()
    ]
    language = {**_named(_SNAKEMAKE, "ComputerLanguage", "Snakemake"), "url": "https://snakemake.github.io"}
    other = [licence, *authors, article, *paper_authors, *versions, language, *profiles]
    context = [f"{_SPECIFICATION}/context", {"sha256": "https://schema.org/sha256"}]
    return {"@context": context, "@graph": [descriptor, crate, run, *files, manifest, *other]}


def _named(identity: str, kind: str, name: str) -> Entity:
    return {"@id": identity, "@type": kind, "name": name}


def _to(*entities: Entity) -> Entity | list[Entity]:
    """A reference, or references."""
    references = [{"@id": entity["@id"]} for entity in entities]
    return references[0] if len(references) == 1 else references


def _software(name: str, version: str) -> Entity:
    page = "https://www.python.org" if name == "Python" else f"https://pypi.org/project/{name}/{version}"
    identity = f"{page}#{version}" if name == "Python" else page
    return {**_named(identity, "SoftwareApplication", name), "softwareVersion": version, "url": page}


def _author(author: Mapping[str, str]) -> Entity:
    if "name" in author:
        return _named("#contributors", "Organization", author["name"])
    name = f"{author['given-names']} {author['family-names']}"
    return _named(f"#{name.replace(' ', '-')}", "Person", name)


def _file(name: str, member: Member, data: Mapping[str, Any]) -> Entity:
    path = PurePosixPath(name)
    file = {**_named(name, "File", name), "contentSize": str(member.size), "sha256": member.sha256}
    if path.suffix in _FORMATS:
        file["encodingFormat"] = _FORMATS[path.suffix]
    if path.parts[0] == "datasets":
        images = data[path.stem]
        cite = f"; to cite: {images['citation']}" if images["citation"] else ""
        file |= {"description": images["origin"] + cite, "conditionsOfAccess": f"Licence: {images['licence']}"}
    return file


def _commits(code: Iterable[Mapping[str, Any]]) -> str:
    changed = {"true": " with changes that are not committed"}
    return " and ".join(f"commit {entry['commit']}{changed.get(entry['dirty'], '')}" for entry in code)
