"""Names of classes in figures and sentences: drawn as they are, short, and in a font that has their characters."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.colors import Normalize
from predicted import made, uneven_images

from learning_dynamics.datasets.class_names import shown
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.figures import class_labels as labels_module
from learning_dynamics.figures import panels, style
from learning_dynamics.figures.class_labels import class_labels
from learning_dynamics.figures.experiment import images as images_figure
from learning_dynamics.figures.experiment import structure as structure_figure
from learning_dynamics.figures.paper import statistical_structure
from learning_dynamics.results import ExperimentResults

# What Matplotlib would read as mathematics, or fail to.
MATHEMATICS = ("5$", "10$_\\new$", "$a^$b_{$", "100 %")
# Characters that the usual font lacks and one that comes with Matplotlib has.
RARE = "\u1d81\u1d8d"


@pytest.fixture(autouse=True)
def _forget():
    class_labels.cache_clear()
    yield
    class_labels.cache_clear()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    data = uneven_images()
    data = LabelledImages(data.images, data.labels, data.is_test, MATHEMATICS, True, "made up")
    return ExperimentResults.from_files("mine", made(tmp_path_factory.mktemp("names"), data))


@pytest.mark.parametrize("draw", [images_figure.draw, structure_figure.draw, lambda r: statistical_structure.draw([r])])
def test_figures_show_names_as_they_are(results, draw, tmp_path):
    figure = draw(results)
    style.save(figure, tmp_path / "drawn.png", tmp_path / "drawn.pdf")
    texts = [
        text
        for axes in figure.axes
        for text in (axes.title, axes.yaxis.label, *axes.get_yticklabels())
        if text.get_text() in MATHEMATICS
    ]
    assert {text.get_text() for text in texts} == set(MATHEMATICS)
    assert not any(text.get_parse_math() for text in texts)


def drawn(names, folder):
    """The pixels of the names' labels in a heat map."""
    figure = style.new_figure(2, 2)
    axes = figure.subplots()
    panels.heat_map(axes, np.zeros((len(names), 1)), class_labels(names), [0], Normalize(-1, 1))
    style.save(figure, folder / "names.png")
    return mpl.image.imread(folder / "names.png")


def test_a_font_that_has_the_characters_is_found(monkeypatch, tmp_path):
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "damaged.ttf"), str(path)])
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    labels = class_labels((RARE, "b"))
    assert labels.texts == (RARE, "b")
    assert labels.undrawn == {}
    assert labels.appearance["fontfamily"] == ["DejaVu Sans", "STIXGeneral"]
    assert not np.array_equal(drawn((RARE, "b"), tmp_path), drawn((RARE[::-1], "b"), tmp_path))


def test_a_name_that_no_font_can_draw_is_numbered_and_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    labels = class_labels(("cat", "猫"))
    assert labels.texts == ("cat", "class 1")
    assert labels.undrawn == {"class 1": "猫"}
    assert "class 1 for “猫”: no font on this machine has all characters; install one" in caplog.text
    drawn(("cat", "猫"), tmp_path)


def test_usual_names_need_no_other_font(monkeypatch):
    monkeypatch.setattr(labels_module.font_manager, "findSystemFonts", lambda: pytest.fail("asked for fonts"))
    assert class_labels(("é", "cat")).appearance == {"parse_math": False, "fontfamily": ["DejaVu Sans"]}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("cat", "cat "), ["cat", "cat␣"]),
        ((" a", "b  c"), ["␣a", "b␣␣c"]),
        (("a\nb", "\u202ea", ""), ["a\\nb", "\\u202ea", "(no name)"]),
        (("a" * 20, "b"), ["aaaaaa…aaa", "b"]),
        (("a" * 20, "a" * 21), ["aaaaaa…aaa (0)", "aaaaaa…aaa (1)"]),
        (("one-name-first", "one-name-second"), ["one-na…rst", "one-na…ond"]),
    ],
)
def test_names_are_one_short_line_and_stay_distinct(names, expected):
    assert shown(names, 10) == expected
