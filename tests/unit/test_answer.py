"""The answer of a prediction: its sentences, pictures and numbers say the same, and what these images are."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from own_images import made as images_made
from pictures_on_disk import waves, write
from PIL import Image
from predicted import SEEDS, made, written

from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.figures import catalogue, learning_curves, render, style
from learning_dynamics.predictions import answer, words
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf
from learning_dynamics.training import files as trajectory_files

SIDE = 8
ROW, COLUMN = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")


def wave(vertical, horizontal, amplitude):
    return amplitude * np.cos(2 * np.pi * (ROW * vertical + COLUMN * horizontal) / SIDE)


def images_of(means, names, number=1, noise=0.0, *, test=0, centred=False):
    """So many images of each class, its mean and noise, and others held out."""
    generator = np.random.default_rng(0)
    every = number + test
    images = np.repeat(np.asarray(means)[:, None], every, axis=0)
    images = images + noise * generator.standard_normal(images.shape)
    is_test = np.tile(np.arange(every) >= number, len(means))
    return LabelledImages(images, np.repeat(np.arange(len(means)), every), is_test, tuple(names), centred, "made up")


def told(folder, data):
    files = made(folder, data)
    (folder / "told").mkdir()
    prediction, text, paths = written(files, folder / "told")
    return prediction, " ".join(text.split()), Path(paths["page"]).read_text(encoding="utf-8")


NAMES = ("bars", "stripes", "checks")


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """Three classes that are one wave each, of unlike strength, with noise and test images; and its training."""
    folder = tmp_path_factory.mktemp("apart")
    means = [wave(1, 0, 0.9), wave(0, 2, 0.6), wave(1, 3, 0.45)]
    data = images_of(means, NAMES, 10, 0.3, test=10)
    files = made(folder, data, trained=True)
    prediction, text, paths = written(files, folder)
    return data, files, prediction, " ".join(text.split()), Path(paths["page"]).read_text(encoding="utf-8")


def test_the_first_sentence_is_what_the_numbers_say(apart):
    _, _, prediction, text, page = apart
    steps = prediction["steps"]
    assert [step["modes"] for step in steps] == [[0], [1], [2]]
    assert [step["classes_for"] for step in steps] == [["bars"], ["stripes"], ["checks"]]
    assert [(w["row"], w["column"]) for step in steps for w in step["waves"]] == [(1, 0), (0, 2), (1, 3)]
    times = [step["found"]["linear_cnn"] for step in steps]
    assert times == sorted(times, key=lambda found: found["first"])
    for step, mode in zip(steps, prediction["networks"]["linear_cnn"]["modes"], strict=True):
        assert step["found"]["linear_cnn"] == {"first": mode["half_rise"], "last": mode["half_rise"]}
    first, second, third = (answer.about(found["first"]) for found in times)
    expected = (
        f"Your CNN will first tell “bars” from the others, after about {first} images, by one wave of brightness from "
        f"top to bottom; then tell “stripes” from the others, after about {second} images, by 2 waves of brightness "
        f"from left to right; then tell “checks” from the others, after about {third} images, by a slanted wave of "
        "brightness (1 down, 3 across)."
    )
    assert prediction["in_words"]["answer"][0] == expected
    assert expected in text
    assert f'<p class="answer">{expected}</p>' in page
    assert page.index(expected) < page.index("Details")


def test_numbers_of_images_have_two_digits():
    said = [answer.about(samples) for samples in (0.4, 7.6, 42, 1844, 5767, 99_499, 1_234_567)]
    assert said == ["0", "8", "42", "1,800", "5,800", "99,000", "1,200,000"]


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0 %"), (0.001, "less than 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1, "100 %")]
)
def test_only_none_is_zero_percent_and_only_all_is_a_hundred(share, words):
    assert answer.percent(share) == words


@pytest.mark.parametrize("network", ["linear_cnn", "linear_fcnn"])
def test_the_accuracy_is_that_of_the_trained_networks(apart, network):
    data, files, prediction, _, _ = apart
    for split in ("train", "test"):
        images = data.split(split)
        shares = []
        for path in files["trajectory_files"][network]:
            weights = trajectory_files.read(path, trajectory_files_weights(network))
            shares.append(
                np.mean(outputs(network, weights, images.inputs(slice(None))).argmax(axis=1) == images.labels)
            )
        expected = prediction["accuracy"]["at_the_end"][network][split]
        assert len(shares) == SEEDS
        assert np.mean(shares) == pytest.approx(expected, abs=0.04), split
        assert expected > 0.9


def trajectory_files_weights(network):
    return {"linear_cnn": ["kernel", "readout"], "linear_fcnn": ["first_layer", "second_layer"]}[network]


def outputs(network, weights, images):
    """What a trained network answers at the end, by the definition of the layers."""
    if network == "linear_fcnn":
        first, second = (weights[name].values[-1] for name in ("first_layer", "second_layer"))
        return images.reshape(len(images), -1) @ first.reshape(len(first), -1).T @ second.T
    kernel, readout = (weights[name].values[-1] for name in ("kernel", "readout"))
    hidden = np.fft.ifft2(np.fft.fft2(images) * np.fft.fft2(kernel)).real.sum(axis=1)
    return np.einsum("sij,cij->sc", hidden, readout)


def test_accuracy_rises_step_by_step_from_guessing(apart):
    *_, prediction, text, _ = apart
    for network in ("linear_cnn", "linear_fcnn"):
        shares = [step["accuracy"][network]["test"] for step in prediction["steps"]]
        assert shares == sorted(shares)
        assert shares[0] < 0.9 < shares[-1]
    assert prediction["accuracy"]["guessing"] == {
        "train": pytest.approx(1 / 3, rel=1e-3),
        "test": pytest.approx(1 / 3, rel=1e-3),
    }
    assert "Always answering the commonest class would give 33 %." in text
    assert "of the held-out ones right after the" in text


def pictures_of_steps(page):
    """Captions and pixels of every picture in the steps."""
    steps = page[: page.index("How much will be answered right")]
    found = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)">', steps)
    return [(caption, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))) for data, caption in found]


def test_every_step_shows_its_mode_and_its_wave(apart):
    *_, page = apart
    pictures = pictures_of_steps(page)
    waves_shown = [drawn for caption, drawn in pictures if "frequency" in caption]
    modes_shown = [drawn for caption, drawn in pictures if caption.startswith("mode ")]
    assert len(waves_shown) == len(modes_shown) == 3
    for drawn, (vertical, horizontal) in zip(waves_shown, [(1, 0), (0, 2), (1, 3)], strict=True):
        assert drawn.shape == (SIDE, SIDE, 3)
        # Red where it is bright, blue where it is dark: one frequency and its mirror.
        power = np.abs(np.fft.fft2(drawn[..., 0].astype(float) - drawn[..., 2]))
        power[0, 0] = 0
        assert {*zip(*np.nonzero(power > 0.5 * power.max()), strict=True)} == {
            (vertical % SIDE, horizontal % SIDE),
            (-vertical % SIDE, -horizontal % SIDE),
        }


def test_nothing_is_drawn_or_listed_that_would_be_zero_percent(apart):
    *_, prediction, text, _ = apart
    for part in (*prediction["frequencies"], *(part for mode in prediction["modes"] for part in mode["frequencies"])):
        assert part["share"] >= 0.005
    assert not re.search(r"[ (]0 %", re.sub(r"and 0 % of V'ΣxxV", "", text))


@pytest.fixture(scope="module", params=["equal", "close"])
def group(request, tmp_path_factory):
    """Three waves of one strength, less their mean: two modes that only mean something together."""
    means = [wave(1, 0, 0.5), wave(0, 2, 0.5), wave(3, 3, 0.5)]
    single = {"equal": {}, "close": {"number": 30, "noise": 0.3}}[request.param]
    data = images_of(means, NAMES, centred=True, **single)
    return request.param, *told(tmp_path_factory.mktemp("group"), data)


def test_equal_and_close_modes_are_one_group(group):
    kind, prediction, text, page = group
    assert prediction["groups"] == [{"modes": [0, 1], "kind": kind}]
    (step,) = prediction["steps"]
    assert step["modes"] == [0, 1]
    assert step["classes_for"] == ["bars", "stripes", "checks"], "whatever the basis"
    assert {(w["row"], w["column"]) for w in step["waves"]} == {(1, 0), (0, 2), (3, 3)}
    why = {"equal": "an accident of the computation", "close": "less than 3 standard errors"}[kind]
    for shown in (text, page):
        assert "tell “bars”, “stripes” and “checks” from one another" in shown
        assert why in shown
        assert "Take them as one group, not one by one." in shown
        assert "0 (one group with 1)" in shown
    assert why in " ".join(prediction["in_words"]["answer"])


def test_modes_apart_are_no_group(apart):
    *_, prediction, text, page = apart
    assert prediction["groups"] == []
    assert "Equal strengths: none" in text
    assert "one group" not in page


def test_classes_with_the_same_mean_image_are_said(tmp_path):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (3, 4, 1, SIDE, SIDE), dtype=np.uint8)
    images[1] = images[0][::-1]
    labels = np.repeat(np.arange(3), 4)
    data = LabelledImages(
        images.reshape(12, 1, SIDE, SIDE), labels, np.zeros(12, bool), ("cat", "dog", "cow"), True, "made up"
    )
    prediction, text, page = told(tmp_path, data)
    assert len(prediction["modes"]) == 1, "the second one is rounding"
    assert prediction["same_mean_images"] == [["cat", "dog"]]
    for shown in (text, page):
        assert "“cat” and “dog” have the same mean image: no linear network can tell them apart" in shown
    assert prediction["accuracy"]["at_the_end"]["linear_fcnn"]["train"] == pytest.approx(2 / 3, rel=1e-3)


@pytest.mark.parametrize("kind", ["single precision", "a large offset"])
def test_what_rounding_makes_is_no_mode(tmp_path, kind):
    """The third class is the mean of the others: one mode, and what is left of the second is rounding."""
    first, second = wave(1, 0, 0.5), wave(0, 2, 0.3)
    means = np.array([first, second, (first + second) / 2])
    means = means.astype(np.float32).astype(float) if kind == "single precision" else 1e6 + 1e-3 * means
    prediction, _, _ = told(tmp_path, images_of(means, NAMES, centred=True))
    assert [mode["mode"] for mode in prediction["modes"]] == [0]


def test_a_mode_common_to_all_classes_tells_none_apart(tmp_path):
    means = [2 + wave(1, 0, 0.3), 2 + wave(0, 2, 0.3)]
    prediction, text, _ = told(tmp_path, images_of(means, ("a", "b")))
    assert "learn what all classes have in common, which tells none apart" in prediction["in_words"]["answer"][0]
    assert "nothing: common to all" in text


def test_every_network_gives_its_own_reason_for_another_order(apart):
    _, _, prediction, _, _ = apart
    changed = json.loads(json.dumps(prediction))
    for part in changed["networks"].values():
        part["order"] = [1, 0, 2]
    sentences = dict(words.paragraphs(changed))["What is found, and when"]
    cnn, fcnn = (next(s for s in sentences if s.startswith(f"The {name} does not")) for name in ("CNN", "FCNN"))
    assert "in a CNN the speed of a mode is n s times its strongest frequency" in cnn
    assert "in an FCNN the speed of a mode is its s" in fcnn
    changed["groups"] = [{"modes": [0, 1], "kind": "close"}]
    assert not [s for s in dict(words.paragraphs(changed))["What is found, and when"] if "does not find" in s]


STRANGE = ("5$", "10$_\\new", "a^$b_{$", "R&B <b>", "猫", "a name of more than forty characters, 1, all in all", "x ")


def test_names_of_classes_are_text(tmp_path):
    generator = np.random.default_rng(0)
    data = images_of(generator.random((len(STRANGE), SIDE, SIDE)), STRANGE, centred=True)
    prediction, text, page = told(tmp_path, data)
    assert [entry["name"] for entry in prediction["images"]["classes"]] == list(STRANGE), "as they are"
    for shown in ("“5$”", "“10$_\\new”", "“a^$b_{$”", "“猫”", "“a name of more than forty…1, all in all”", "“x␣”"):
        assert shown in text
        assert shown in page
    assert "“R&B <b>”" in text
    assert "“R&amp;B &lt;b&gt;”" in page
    assert "<b>" not in page


READING = {
    "classes": [{"name": "bars", "train": 1, "test": 0}],
    "value_range": [-0.5, 4095.0],
    "scaling": "divided by 4095, as dataset.scale says",
    "passed_over": [
        {"path": "bars/notes.txt", "reason": "no picture"},
        {"path": "bars/<b>.gif", "reason": "a kind that is not read"},
        {"path": "README", "reason": "no picture"},
    ],
    "passed_over_total": 3,
    "notes": ["There is no test split: the validation split 'val' serves as one."],
}


def test_how_the_images_were_read_is_told(tmp_path):
    source = images_made(write(tmp_path, "folder", waves()), tmp_path / "read.nc")
    assert len(source.images) == 18
    content = netcdf.read(tmp_path / "read.nc")
    content.attrs["reading"] = json.dumps(READING)
    netcdf.write(content, tmp_path / "with_reading.nc")
    prediction, text, page = told(tmp_path / "made", tmp_path / "with_reading.nc")
    assert prediction["images"]["reading"] == READING
    for shown in (text, page):
        assert "-0.5 to 4095; scaling: divided by 4095, as dataset.scale says." in shown
        assert READING["notes"][0].replace("'", "&#39;" if shown is page else "'") in shown
        assert "Passed over in the source: 3, listed below." in shown
        assert "bars/notes.txt" in shown
        assert "a kind that is not read" in shown
    assert "bars/&lt;b&gt;.gif" in page
    assert "<b>" not in page
    for name in ("bars", "checks", "stripes"):
        assert re.search(rf"“{name}”\s+6", text)
        assert f'<td data-head="class">“{name}”</td><td data-head="training images">6</td>' in page


def test_classes_without_test_images_are_said(tmp_path):
    data = images_of([wave(1, 0, 0.5), wave(0, 2, 0.3), wave(2, 2, 0.2)], NAMES, 2, 0.1, test=1)
    lacking = LabelledImages(
        *(values[~(data.is_test & (data.labels == 2))] for values in (data.images, data.labels, data.is_test)),
        NAMES,
        False,
        "made up",
    )
    prediction, text, _ = told(tmp_path, lacking)
    assert "There is no test image of “checks”." in text
    assert [entry["test"] for entry in prediction["images"]["classes"]] == [1, 1, 0]


def test_the_page_holds_the_figures_and_five_words(apart):
    *_, page = apart
    for caption in catalogue.PREDICTION_FIGURES.values():
        assert f'alt="{caption}"' in page
    assert page.count("<dt>") == len(answer.GLOSSARY) == 5


def drawn(name, files):
    results = ExperimentResults.from_files("mine", files)
    return render.module(f"experiment.{name}").draw(results)


def looks(line):
    """Colour and dashes of a line; the name of its style does not tell dots from dashes."""
    return to_hex(line.get_color()), tuple(line._dash_pattern[1] or ())


@pytest.mark.parametrize(("name", "lines"), [("predicted_order", 13), ("predicted_frequencies", 3)])
def test_every_line_has_a_legend(apart, name, lines):
    figure = drawn(name, apart[1])
    parts = [figure, *figure.subfigs]
    keys = [looks(handle) for part in parts for legend in part.legends for handle in legend.get_lines()]
    found = [line for axes in figure.axes for line in axes.get_lines() if line.get_linestyle() != "None"]
    assert len(found) == lines
    _, level = looks(learning_curves.level_entry())
    for line in found:
        colour, dashes = looks(line)
        # A level is dotted in the colour of its mode: the legend has the dots once and every colour.
        if dashes == level:
            assert colour in {key[0] for key in keys}
            assert level in {key[1] for key in keys}
        else:
            assert (colour, dashes) in keys


def test_no_bar_is_zero_percent(apart):
    (bars,) = [axes.containers for axes in drawn("predicted_frequencies", apart[1]).axes if axes.containers]
    widths = [bar.get_width() for bar in bars[0]]
    assert len(widths) == 3
    assert min(widths) >= 0.5
    # Those of less than half a percent are left out.
    assert 90 < sum(widths) <= 100.001


def test_figures_of_a_prediction_fit_a_phone(apart):
    for name in catalogue.PREDICTION_FIGURES:
        options = {"narrow": True} if name in catalogue.EXPERIMENT_FIGURES else {}
        results = ExperimentResults.from_files("mine", apart[1])
        assert render.module(f"experiment.{name}").draw(results, **options).get_figwidth() == style.COLUMN
