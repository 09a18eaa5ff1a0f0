"""The page of a prediction in a browser, as wide as a screen and as narrow as a phone."""

from pathlib import Path

import pytest

from browser import webdriver
from browser.webdriver import Browser
from learning_dynamics.figures import catalogue
from unit.predicted import made, uneven_images, written

pytestmark = pytest.mark.skipif(bool(webdriver.missing()), reason=webdriver.missing() or "a browser is there")

WIDTHS = {1280: 800, 390: 844}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prediction")
    *_, paths = written(made(folder / "made", uneven_images()), folder)
    return Path(paths["page"])


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width} pixels")
def page(request, window, path):
    window.resize(request.param, WIDTHS[request.param])
    window.open(path.as_uri())
    yield window
    assert window.errors() == []
    assert window.requested_addresses() == []


def test_the_answer_stands_first(page):
    first = page.run("return document.querySelector('h1').nextElementSibling.innerText")
    assert first.startswith("Your CNN will first tell “")
    bottom = page.run("return document.querySelector('.answer').getBoundingClientRect().bottom")
    assert bottom < page.run("return window.innerHeight"), "seen without scrolling"


def test_nothing_is_cut_off(page):
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    outside = page.run(
        "return [...document.querySelectorAll('body *')].filter(e => {"
        "const r = e.getBoundingClientRect(); return r.left < 0 || r.right > window.innerWidth"
        "}).map(e => e.outerHTML.slice(0, 80))"
    )
    assert outside == []
    scrolled = page.run(
        "return [...document.querySelectorAll('body *')].filter(e => e.scrollWidth > e.clientWidth + 1 && "
        "getComputedStyle(e).overflowX != 'visible').length"
    )
    assert scrolled == 0, "nothing has to be scrolled sideways"


def test_pictures_are_there_and_figures_can_be_read(page):
    sizes = page.run("return [...document.images].map(i => [i.alt, i.naturalWidth, i.getBoundingClientRect().width])")
    assert all(natural > 0 and width > 60 for _, natural, width in sizes)
    captions = set(catalogue.PREDICTION_FIGURES.values())
    figures = [width / natural for name, natural, width in sizes if name in captions]
    assert len(figures) == len(captions)
    # Letters of 6 points at 200 dots per inch.
    assert min(figures) * 6 * 200 / 72 > 8


def test_every_number_of_the_table_has_its_heading_in_sight(page):
    cells = page.run(
        "return [...document.querySelectorAll('td')].map(d => [d.dataset.head, "
        "getComputedStyle(d, '::before').content, document.querySelector('tr.head').offsetParent !== null])"
    )
    assert cells
    for head, before, heads_shown in cells:
        assert heads_shown or before == f'"{head}: "'
