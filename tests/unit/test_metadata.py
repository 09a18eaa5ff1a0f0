"""What catalogs and citation tools read of the project."""

import json
import re
import tomllib

import jsonschema
import yaml

from conftest import PROJECT

PERSON = {
    "type": "object",
    "anyOf": [{"required": ["family-names", "given-names"]}, {"required": ["name"]}],
    "additionalProperties": False,
    "properties": {
        name: {"type": "string", "minLength": 1}
        for name in ("family-names", "given-names", "name", "orcid", "affiliation", "website", "email", "alias")
    },
}
PEOPLE = {"type": "array", "minItems": 1, "items": PERSON}
TEXT = {"type": "string", "minLength": 1}
WORK = {
    "type": "object",
    "required": ["type", "title", "authors"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["article", "conference-paper", "software", "thesis", "report"]},
        "title": TEXT,
        "authors": PEOPLE,
        "collection-title": TEXT,
        "collection-type": TEXT,
        "month": {"type": "integer", "minimum": 1, "maximum": 12},
        "year": {"type": "integer", "minimum": 1900},
        "doi": {"type": "string", "pattern": r"^10\.\d{4,9}/"},
        "url": TEXT,
        "volume": {"type": ["string", "integer"]},
        "start": {"type": ["string", "integer"]},
        "end": {"type": ["string", "integer"]},
        "publisher": PERSON,
    },
}
# The part of version 1.2.0 of the Citation File Format that a project like this uses.
CITATION = {
    "type": "object",
    "required": ["cff-version", "message", "title", "authors", "abstract", "keywords", "version", "date-released"],
    "additionalProperties": False,
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "date-released": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "message": TEXT,
        "title": TEXT,
        "abstract": TEXT,
        "type": {"enum": ["software", "dataset"]},
        "authors": PEOPLE,
        "license": {"const": "MIT"},
        "version": {"type": ["string", "number"]},
        "keywords": {"type": "array", "items": TEXT},
        "doi": {"type": "string", "pattern": r"^10\.\d{4,9}/"},
        "url": TEXT,
        "repository-code": TEXT,
        "references": {"type": "array", "items": WORK, "minItems": 1, "maxItems": 1},
    },
}


def parsed(name):
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def test_citation_is_valid_and_cites_the_paper():
    citation = parsed("CITATION.cff")
    jsonschema.validate({**citation, "date-released": str(citation["date-released"])}, CITATION)
    (paper,) = citation["references"]
    assert paper["title"].startswith("Linear CNNs Discover the Statistical Structure of the Dataset")
    assert [author["family-names"] for author in paper["authors"]] == ["Pinson", "Lenaerts", "Ginis"]
    assert (paper["type"], paper["year"]) == ("conference-paper", 2023)
    assert "40th International Conference on Machine Learning" in paper["collection-title"]
    assert (paper["volume"], paper["start"], paper["end"], paper["publisher"]["name"]) == (202, 27876, 27906, "PMLR")
    assert paper["url"].rpartition("/")[2] == paper["doi"].rpartition("arXiv.")[2]


def test_archive_of_releases_is_told_the_same_as_who_cites():
    citation, deposit = parsed("CITATION.cff"), json.loads((PROJECT / ".zenodo.json").read_text(encoding="utf-8"))
    assert deposit["description"] == citation["abstract"]
    assert deposit["creators"] == citation["authors"]
    assert deposit["publication_date"] == str(citation["date-released"])
    for key in ("title", "keywords", "license", "version"):
        assert deposit[key] == citation[key], key
    (paper,) = deposit["related_identifiers"]
    assert paper["identifier"] == citation["references"][0]["doi"]


def test_version_and_licence_are_the_same_everywhere():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = parsed("CITATION.cff")
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"]
    assert (PROJECT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    changes = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+) \((.*)\)", changes, flags=re.MULTILINE)
    assert released[0] == (project["version"], str(citation["date-released"]))


def test_catalog_entry_says_what_the_project_has():
    usage = parsed(".snakemake-workflow-catalog.yml")["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    deployment = usage["software-stack-deployment"]
    rules = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "workflow" / "rules").glob("*.smk"))
    assert deployment["conda"] == ("conda:" in rules)
    assert deployment["apptainer"] == ("container:" in rules) == deployment["apptainer+conda"]
    assert usage["report"] == ('report: "' in (PROJECT / "workflow" / "Snakefile").read_text(encoding="utf-8"))
    assert (PROJECT / "config" / "README.md").is_file()
