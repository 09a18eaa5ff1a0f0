"""What Snakemake is asked and does not document: an upgrade that changes an answer fails here."""

import os
import subprocess
import sys

import pytest

from conftest import PROJECT

MADE = """
from learning_dynamics.pipeline.snakemake_internals import Run, named_configuration_files

RUN = Run(workflow)
print("named:", [path.name for path in named_configuration_files(workflow)])


rule all:
    default_target: True
    input:
        "made-a.txt",


rule again:
    input:
        rules.all.input,


rule through:
    input:
        "made-b.txt",
    output:
        "through.txt",
    shell:
        "cp {input} {output}"


rule make:
    output:
        "made-{name}.txt",
    params:
        setting=config["setting"],
        # A parameter that takes the outputs is not recorded.
        means=lambda wildcards, output: config["means"],
    shell:
        "echo {params.setting} > {output}"


def known(wildcards):
    paths = [f"made-{name}.txt" for name in "abc"]
    print("makes:", sorted(RUN.makes([*paths, "asked.txt"])))
    print("through:", sorted(RUN.makes([*paths, "asked.txt"], through=["through.txt"])))
    print("has:", [path for path in paths if RUN.has(path)])
    print("places:", [RUN.local(path) for path in paths])
    print("present:", [path for path in paths if RUN.is_of_present_parameters(path)])
    return []


rule ask:
    input:
        known,
    output:
        "asked.txt",
    shell:
        "touch {output}"
"""
CALLER = """
module inner:
    snakefile: "made.smk"
    config: config
    prefix: "sub"

use rule * from inner as inner_*


rule thesis:
    input:
        "sub/through.txt",
        "sub/asked.txt",
    output:
        "thesis.txt",
    shell:
        "touch {output}"
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the workflow says, by itself and as a module with a prefix."""
    folder = tmp_path_factory.mktemp("workflow")
    (folder / "made.smk").write_text('configfile: "own.yaml"\n\n' + MADE)
    (folder / "caller.smk").write_text('configfile: "own.yaml"\n\n' + CALLER)
    for name in ("own", "a", "b"):
        (folder / f"{name}.yaml").write_text("other: 1")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow")}

    def run(*targets, snakefile="made.smk", setting=1, means=1):
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", snakefile]
        command += ["--configfile", "a.yaml", "b.yaml"]
        done = subprocess.run(
            [*command, "--config", f"setting={setting}", f"means={means}", "--", *targets],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)

    run("made-a.txt")
    (folder / "made-b.txt").write_text("not made by Snakemake")
    answers = {
        "rules": run("ask", "again"),
        "another": run("ask", setting=2),
        "other means": run("ask", means=2),
        "files": run("asked.txt", "through.txt"),
    }
    run("sub/made-b.txt", snakefile="caller.smk")
    return answers | {"module": run("thesis", snakefile="caller.smk")}


def test_run_makes_what_rules_and_files_ask_for(said):
    assert said["rules"]["makes"] == "['asked.txt', 'made-a.txt']"
    assert said["files"]["makes"] == "['asked.txt', 'made-b.txt']"


def test_files_through_which_others_are_made_are_told_with_them(said):
    assert said["rules"]["through"] == "['asked.txt', 'made-a.txt']"
    assert said["files"]["through"] == "['asked.txt', 'made-b.txt', 'through.txt']"


def test_module_s_files_are_found_under_its_prefix_and_through_rules_of_the_caller(said):
    assert said["module"] == {
        "makes": "['asked.txt', 'made-b.txt']",
        "through": "['asked.txt', 'made-b.txt', 'through.txt']",
        "named": "['a.yaml', 'b.yaml']",
        "has": "['made-b.txt']",
        "places": "['sub/made-a.txt', 'sub/made-b.txt', 'sub/made-c.txt']",
        "present": "['made-a.txt', 'made-b.txt', 'made-c.txt']",
    }


def test_configuration_files_are_those_of_the_command_line(said):
    assert said["rules"]["named"] == said["module"]["named"] == "['a.yaml', 'b.yaml']"


def test_file_is_of_present_parameters_until_one_changes(said):
    assert said["rules"]["present"] == "['made-a.txt', 'made-b.txt', 'made-c.txt']", "no record is no difference"
    assert said["another"]["present"] == "['made-b.txt', 'made-c.txt']"


def test_parameter_that_takes_the_outputs_is_not_recorded(said):
    assert said["other means"]["present"] == "['made-a.txt', 'made-b.txt', 'made-c.txt']"


def test_what_is_there_is_told(said):
    assert said["rules"]["has"] == "['made-a.txt', 'made-b.txt']"
    assert said["rules"]["places"] == "['made-a.txt', 'made-b.txt', 'made-c.txt']"
