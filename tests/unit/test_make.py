"""What make asks Snakemake for where a file of settings is named: results in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PROJECT

FOLDERS = {"seeds: 3": "my own-results", "results: elsewhere": "elsewhere"}


def commands(target, *variables):
    run = subprocess.run(
        ["make", "--dry-run", target, f"BIN={Path(sys.executable).parent}", *variables],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


@pytest.mark.parametrize("target", ["predict", "own", "claims", "report", "plan"])
@pytest.mark.parametrize("text", FOLDERS)
def test_results_of_ones_own_settings_lie_in_a_folder_of_their_own(tmp_path, target, text):
    path, folder = tmp_path / "my own.yaml", FOLDERS[text]
    path.write_text(text, encoding="utf-8")
    found = commands(target, f"CONFIG={path}")
    assert f"""--configfile "{path}" --config 'results="{folder}"'""" in found
    assert " results/" not in found
    named = {"claims": f'-- "{folder}/claims.json"', "report": f'--report "{folder}/report.html"'}
    assert named.get(target, "") in found
    said = {"predict": f"Predictions: {folder}/", "own": f"figures: {folder}/", "report": f"Open {folder}/report.html"}
    assert said.get(target, "") in found


@pytest.mark.parametrize("target", ["claims", "report"])
def test_the_papers_results_are_where_they_were(target):
    found = commands(target)
    assert '"results/' in found
    assert "--config" not in found


@pytest.mark.parametrize("home", ["home", "file/home"])
def test_snakemake_has_a_cache_folder_where_home_cannot_be_written(tmp_path, home):
    (tmp_path / "file").touch()
    run = subprocess.run(
        ["make", "--silent", "--file", "-", "show"],
        input='include Makefile\nshow:\n\t@echo "$${XDG_CACHE_HOME-at home}"\n',
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == ("at home" if home == "home" else f"{PROJECT}/.snakemake/cache")
