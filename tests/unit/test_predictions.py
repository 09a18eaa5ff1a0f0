"""What is told of an experiment before training, and how well it did: the words agree with the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from predicted import SEEDS, compared, made, uneven_images, written

from learning_dynamics.figures import catalogue, render
from learning_dynamics.predictions import summary, words
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf
from learning_dynamics.theory import gradient_flow


@pytest.fixture(scope="module")
def with_flow(tmp_path_factory):
    return made(tmp_path_factory.mktemp("flow"), uneven_images(), trained=True)


@pytest.fixture(scope="module")
def without_flow(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(gradient_flow, "_MOST_PRODUCTS", 0)
    yield made(tmp_path_factory.mktemp("estimates"), uneven_images(), trained=True)
    patch.undo()


@pytest.fixture(scope="module")
def told(with_flow, tmp_path_factory):
    """The prediction of ``with_flow``, its text and its files."""
    return written(with_flow, tmp_path_factory.mktemp("told"))


def test_the_prediction_is_that_of_the_theory_files(with_flow, told):
    prediction, text, paths = told
    assert [entry["train"] for entry in prediction["images"]["classes"]] == [2, 4, 6, 8]
    assert [entry["test"] for entry in prediction["images"]["classes"]] == [1, 2, 3, 4]
    assert "from 2 training images of 'a <b>' to 8 of '\"quoted\"'" in text
    assert len(prediction["modes"]) == 3, "four centred classes"
    for network in ("linear_cnn", "linear_fcnn"):
        times = netcdf.read(with_flow["theory_files"][network])["discovery_time"].values
        for entry in prediction["networks"][network]["modes"]:
            assert entry["half_rise"] == pytest.approx(times[:, entry["mode"]].mean(), rel=1e-3)
            assert f"mode {entry['mode']} after {entry['half_rise']:,.0f} images" in text
    assert sum(part["share"] for part in prediction["frequencies"]) <= 1 + 1e-3
    assert "coupled" in text or "hardly disturb" in text
    assert "\N{NO-BREAK SPACE}" not in text
    assert "\n%" not in text
    page = Path(paths["page"]).read_text()
    assert "a &lt;b&gt;" in page
    assert "<b>" not in page
    assert all(Path(path).stat().st_size > 2000 for path in paths["figures"])


def test_a_prediction_has_the_same_bytes_again(with_flow, told, tmp_path):
    outputs = [
        [Path(paths[key]).read_bytes() for key in ("json", "text", "page")]
        for *_, paths in (told, written(with_flow, tmp_path))
    ]
    assert outputs[0] == outputs[1]


def test_training_does_as_predicted(with_flow, tmp_path):
    measured, text, paths = compared(with_flow, tmp_path)
    page = Path(paths["page"]).read_text()
    assert page.count("data:image/png;base64,") == len(catalogue.COMPARISON_FIGURES)
    for network, part in measured["networks"].items():
        for entry in part["modes"]:
            assert abs(entry["deviation"]) < 0.1, (network, entry)
            assert entry["seeds"] == SEEDS
            assert f"mode {entry['mode']}: predicted {entry['predicted']:,.0f}" in text
            for key in ("predicted", "measured"):
                assert f'<td data-head="{key}">{entry[key]:,.0f}</td>' in page
    assert measured["final_kernel"]["relative_error"] < 0.1
    assert all(Path(path).stat().st_size > 2000 for path in (*paths["drawings"], *paths["pictures"]))


def test_estimates_stand_in_for_a_flow_that_costs_too_much(without_flow, told, tmp_path):
    prediction, text, _ = written(without_flow, tmp_path)
    exact, *_ = told
    for network, part in prediction["networks"].items():
        assert part["method"] == "estimate"
        for mine, flow in zip(part["modes"], exact["networks"][network]["modes"], strict=True):
            assert 0.5 < mine["half_rise"] / flow["half_rise"] < 2, "the order of magnitude"
    said = " ".join(text.split())  # its lines are broken where they are full
    assert "estimated for each mode by itself" in said
    assert "take them for the order of magnitude" in said
    measured, text, paths = compared(without_flow, tmp_path)
    assert measured["networks"]["linear_cnn"]["method"] == "estimate"
    assert all(Path(path).is_file() for path in (*paths["drawings"], *paths["pictures"], paths["page"]))


def test_images_too_large_for_the_whole_correlation_are_predicted_all_the_same(tmp_path):
    files = made(tmp_path, uneven_images(), largest_input=50)
    prediction, text, _ = written(files, tmp_path)
    assert {part["method"] for part in prediction["networks"].values()} == {"estimate"}
    assert len(prediction["modes"]) == 3
    assert "mode 0 after" in text


def test_figures_of_training_need_no_flow(without_flow, tmp_path):
    paths = [str(tmp_path / f"{figure}.png") for figure in catalogue.EXPERIMENT_FIGURES]
    render.experiment_figures("mine", {"mine": without_flow}, paths)
    assert all(Path(path).stat().st_size > 2000 for path in paths)


def test_what_is_not_found_is_said(with_flow):
    results = ExperimentResults.from_files("mine", with_flow)
    told = summary.summarise(results, 0.05, with_flow["chosen_file"])
    told["networks"]["linear_cnn"]["modes"][2] |= {"half_rise": None, "spread": None, "seeds": 0}
    told["networks"]["linear_cnn"]["order"] = [1, 0]
    told["settings"]["capped"] = True
    sentences = " ".join(sentence for _, part in words.paragraphs(told) for sentence in part)
    assert "CNN: mode 2 not within the run." in sentences
    assert "does not find the modes in the order of their singular values" in sentences
    assert "automatic.most_updates" in sentences
    assert "not within the run" in words.table(told)[3]
    measured = {"mode": 2, "measured": None}
    lines = words.comparison({"networks": {"linear_cnn": {"modes": [measured]}}})
    assert lines == ["CNN, mode 2: not found within the run, by training or by prediction"]
    entries = [measured | {"mode": mode, "missed": 2 * (mode == 0), "found_unexpectedly": 0} for mode in range(40)]
    compared_networks = {"networks": {"linear_cnn": {"modes": entries}}}
    lines = words.comparison(compared_networks)
    assert lines[0] == "CNN, mode 0: 2 seeds did not find it"
    assert lines[-1] == "CNN: 28 more modes are in the JSON file"
    assert len(words.comparison_table(compared_networks)) == len(lines) == 13
