"""Archives of results describe themselves as Workflow Run Crates."""

import json
import subprocess
import sys

import pytest

from conftest import PROJECT
from unit.archives_of_results import SHAPES, make, members_of, rewritten
from unit.test_archive import CIFAR4

METADATA = "ro-crate-metadata.json"
ELSEWHERE = ("http://", "https://")


@pytest.fixture
def packed(tmp_path):
    return make(tmp_path / "made", SHAPES)


@pytest.fixture
def crate(packed):
    """The entities by their identity."""
    graph = json.loads(dict(members_of(packed))[METADATA])["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph), "no entity is described twice"
    return entities


def references(value):
    if isinstance(value, dict):
        yield value["@id"]
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def test_every_file_is_described_by_its_size_and_checksum(packed, crate):
    manifest = json.loads(dict(members_of(packed))["manifest.json"])["files"]
    files = {name for name, entity in crate.items() if "File" in entity["@type"]}
    assert files == {*manifest, "manifest.json"} - {METADATA}
    assert files == set(references(crate["./"]["hasPart"]))
    for name in files - {"manifest.json"}:
        described = {"size": int(crate[name]["contentSize"]), "sha256": crate[name]["sha256"]}
        assert described == manifest[name], name


def test_what_is_referred_to_is_described(crate):
    for entity in crate.values():
        for reference in (reference for value in entity.values() for reference in references(value)):
            assert reference in crate or reference.startswith(ELSEWHERE), reference


def test_run_leads_from_settings_to_results_by_the_workflow(packed, crate):
    run = crate["#run"]
    assert (run["@type"], run["instrument"]["@id"], run["object"]["@id"]) == (
        "CreateAction",
        "Snakefile",
        "config.yaml",
    )
    assert set(references(run["result"])) == {name for name, _ in members_of(packed) if name.endswith(".nc")}
    workflow = crate[crate["./"]["mainEntity"]["@id"]]
    assert dict(members_of(packed))["Snakefile"] == (PROJECT / "workflow" / "Snakefile").read_bytes()
    assert f"commit {'0' * 40}" in workflow["version"]
    assert crate[workflow["license"]["@id"]]["name"] == "MIT"
    requirement = crate[workflow["softwareRequirements"]["@id"]]
    assert (requirement["name"], requirement["softwareVersion"]) == ("numpy", "2.4.6")
    images = crate["datasets/geometric_shapes.nc"]
    assert images["description"] == "drawn for a test"
    assert images["conditionsOfAccess"].startswith("Licence: ")


@pytest.fixture(scope="module")
def validator(environments, tmp_path_factory):
    """The Python of an environment with the validator."""
    folder = tmp_path_factory.mktemp("validator")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    requirements = PROJECT / "tests" / "ro_crate" / "requirements.txt"
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--requirement", requirements], check=True)
    return folder / "bin" / "python"


def validated(validator, path):
    script = PROJECT / "tests" / "ro_crate" / "validate.py"
    return subprocess.run([validator, script, path], capture_output=True, text=True, check=False, cwd=path.parent)


@pytest.mark.parametrize("networks", [SHAPES, CIFAR4])
def test_archive_is_valid(validator, tmp_path, networks):
    done = validated(validator, make(tmp_path / "made", networks))
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split()[0]) > 50, "checks were made"


def test_archive_without_its_workflow_is_not(validator, packed):
    kept = [(name, content) for name, content in members_of(packed) if name != "Snakefile"]
    done = validated(validator, rewritten(packed, kept))
    assert done.returncode == 1
    assert "Snakefile" in done.stdout
