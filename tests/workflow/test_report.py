"""The report's captions, with the paper's settings, for every figure that there can be."""

import html
import json
import re

import pytest

from learning_dynamics.figures import catalogue

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def results(shared_project):
    """What the report says of every result: it reads captions and settings, and only packs the pictures."""
    planned = shared_project.snakemake("--dry-run", "--", "reproduce-all").stdout
    paths = {path for line in re.findall(r"output: (.*)", planned) for path in line.split(", ")}
    assert len(paths) > 100
    for path in paths:
        place = shared_project.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("not a picture")
    run = shared_project.snakemake("--report", "report.html", "--", "finished")
    assert run.returncode == 0, run.stdout[-5000:]
    page = (shared_project.folder / "report.html").read_text(encoding="utf-8")
    return json.loads(re.search(r"var results = (\{.*\});\n", page)[1])


def caption(results, path):
    text = re.sub(r"<[^>]+>", "", html.unescape(results[path]["caption"]))
    return " ".join(text.split())


def test_every_picture_and_page_has_a_caption_and_a_label(results):
    pictures = {f"results/figures/{name}.png" for name in catalogue.PAPER_FIGURES}
    pictures |= {f"results/figures/{name}.png" for name in catalogue.TITLES_BEYOND_THE_PAPER}
    pictures |= {f"results/figures/cifar4/{name}.png" for name in catalogue.EXPERIMENT_FIGURES}
    assert pictures | {"results/claims.html", "results/provenance.html"} <= set(results)
    assert not [path for path in results if path.endswith(".pdf")]
    for path, result in results.items():
        assert result["labels"]["figure"]
        text = caption(results, path)
        assert len(text) > 80, path
        assert "To see: " in text or path.endswith(".html"), path
        # A template or a text that did not come out as meant.
        assert not re.search(r"\{\{|\{%|system-message|= (for|,|;)|Undefined|, ,|\(\)", results[path]["caption"]), path


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("results/figures/fig3.png", ["λ = 0.0002 for the CNN and 0.0032 for the FCNN, 8000 samples", "10 seeds"]),
        (
            "results/figures/fig5.png",
            ["Left: λ = 0.00011 for the CNN", "Right: λ = 5e-05 for the CNN", "100000 samples"],
        ),
        ("results/figures/fig6.png", ["deep_relu_cnn: λ = 0.02, initial factor 0.5, batches of 8, 10 seeds"]),
        ("results/figures/figS4.png", ["airplane, automobile, bird, cat; 20000 training images"]),
        (
            "results/figures/scaling.png",
            ["n: 8, 12, 15, 16, 24, 32, 48, 64, 5 seeds", "σ: 0.1,", "10 seeds, geometric_shapes"],
        ),
        ("results/figures/variants.png", ["10 seeds, 80000 samples: circular, two-kernels", "reference: circular"]),
        ("results/figures/zero_padding.png", ["on cifar4, 5 seeds, 50000 samples: circular, zero-padding"]),
        ("results/figures/predicted_kernel.png", ["geometric_shapes (10 seeds)"]),
        ("results/figures/digits4/losses.png", ["digits4: digits; linear_cnn with λ = 0.0003, 10 seeds; linear_fcnn"]),
        (
            "results/claims.html",
            ["over all seeds", "sums_of_cosines (linear_cnn, linear_fcnn; 40 seeds)", "deep_relu_cnn; 10 seeds)"],
        ),
    ],
)
def test_captions_quote_the_settings_of_the_run(results, path, parts):
    for part in parts:
        assert part in caption(results, path), caption(results, path)


def test_report_of_nothing_says_what_to_run(project):
    run = project.snakemake("--report", "report.html", "--", "finished")
    assert run.returncode != 0
    assert "results: nothing has been made yet; run `make reproduce`, or `make own CONFIG=…`, first" in run.stdout
    assert "Traceback" not in run.stdout
    assert not (project.folder / "report.html").exists()


# The name of a folder that would end the report's script, run scripts of its own and show a file of this machine.
HOSTILE = (
    "a`b`_ *c* |d| </script><script>alert(1)</script>\n\n.. raw:: html\n\n   <script>alert(2)</script>\n\n"
    ".. include:: secret.txt\n\n`e <javascript:alert(3)>`__"
)


def test_names_of_users_are_text_in_the_report(project):
    (project.folder / "secret.txt").write_text("the secret of this machine")
    settings = {"experiments": {"own": {"dataset": {"kind": "images", "source": HOSTILE}}}}
    (project.folder / "mine.yaml").write_text(json.dumps(settings))
    options = ("--configfile", "config/config.yaml", "mine.yaml")
    planned = project.snakemake(*options, "--dry-run", "--", "predict").stdout
    for path in {path for line in re.findall(r"output: (.*)", planned) for path in line.split(", ")}:
        place = project.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text('{"learning_rate": {"linear_cnn": 0.5, "linear_fcnn": 0.25}, "updates": 1000}')
    run = project.snakemake(*options, "--report", "report.html", "--", "finished")
    assert run.returncode == 0, run.stdout[-5000:]
    page = (project.folder / "report.html").read_text(encoding="utf-8")
    result = json.loads(re.search(r"var results = (\{.*\});\n", page)[1])["results/predictions/own.html"]
    assert "alert(1)" in result["caption"], "the name is shown"
    assert not re.search(r"<script|<a |secret of this machine|system-message", result["caption"])
    assert "the secret of this machine" not in page
    assert not re.search(r"<script>alert|<script[^>]*>\s*alert", page)
