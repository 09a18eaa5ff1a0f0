"""The answers that Snakemake does not document: an upgrade that changes them fails here."""

import os
import subprocess
import sys

import pytest

from conftest import PROJECT

SNAKEFILE = """
configfile: "own.yaml"


from learning_dynamics.pipeline import snakemake_internals as internals

print("while rules are read:", sorted(internals.requested_targets(workflow)))
print("files:", [path.name for path in internals.named_configuration_files(workflow)])


rule all:
    default_target: True
    input:
        "made-a.txt",


rule again:
    input:
        "made-a.txt",


rule make:
    output:
        "made-{name}.txt",
    params:
        setting=config["setting"],
    shell:
        "echo {params.setting} > {output}"


def known(wildcards):
    print("targets:", sorted(internals.requested_targets(workflow)))
    for path in ("made-a.txt", "made-b.txt"):
        print(path, internals.is_of_present_parameters(workflow, path))
    return []


rule ask:
    input:
        known,
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the workflow says with the setting with which a file was made, and with another one."""
    folder = tmp_path_factory.mktemp("workflow")
    (folder / "Snakefile").write_text(SNAKEFILE)
    for name in ("own", "a", "b"):
        (folder / f"{name}.yaml").write_text("other: 1")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow")}

    def run(*targets, setting):
        options = ["--config", f"setting={setting}", "--configfile", "a.yaml", "b.yaml"]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "1", *options, "--", *targets],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    run("made-a.txt", setting=1)
    (folder / "made-b.txt").write_text("not made by Snakemake")
    return {"the same": run("ask", "again", setting=1), "another": run("ask", setting=2)}


def test_targets_are_those_of_the_command_line(said):
    assert "targets: ['again', 'ask']" in said["the same"]
    assert "targets: ['ask']" in said["another"]
    assert "while rules are read: []" in said["another"]


def test_configuration_files_are_those_of_the_command_line(said):
    assert "files: ['a.yaml', 'b.yaml']" in said["another"]


def test_file_is_of_present_parameters_until_one_changes(said):
    assert "made-a.txt True" in said["the same"]
    assert "made-a.txt False" in said["another"]


def test_file_without_a_record_counts_as_present(said):
    assert "made-b.txt True" in said["another"]
