"""The report in a browser, as wide as a screen and as narrow as a phone."""

import json

import pytest

from browser import webdriver
from browser.webdriver import Browser
from conftest import FEW, Project

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(bool(webdriver.missing()), reason=webdriver.missing() or "a browser is there"),
]

WIDTHS = {1280: 800, 390: 844}
CATEGORIES = [
    "1 Claims",
    "2 Figures of the paper",
    "3 Every experiment",
    "4 Beyond the paper",
    "5 Own experiments",
    "6 Provenance",
]


@pytest.fixture(scope="module")
def report(finished_few, tmp_path_factory):
    project = Project.copy_of(finished_few, tmp_path_factory.mktemp("report") / "project")
    settings = project.settings(FEW)
    path = project.folder / "report.html"
    arguments = ("--report", str(path), "--report-stylesheet", "workflow/report/stylesheet.css")
    run = project.snakemake(*settings, *arguments, "--", "finished")
    assert run.returncode == 0, run.stdout[-5000:]
    return path


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width} pixels")
def page(request, window, report):
    """The report at one width; without an error and without a request to any network at the end."""
    window.resize(request.param, WIDTHS[request.param])
    window.open(report.as_uri())
    window.wait("return document.querySelector('nav') !== null", "the menu")
    yield window
    assert window.errors() == []
    assert window.requested_addresses() == []


def link(text):
    return f"//nav//a[normalize-space()='{text}']"


def row(path):
    """The n-th row of the table of results is that of the n-th label in alphabetical order."""
    return f"(//nav//tbody/tr)[{path}]"


def fits(window):
    """Whether nothing is wider than the page."""
    return window.run("return document.documentElement.scrollWidth <= window.innerWidth")


def picture(window):
    """Natural width and height and rectangle of the picture shown, once it is loaded."""
    return window.wait(
        "const i = document.querySelector('#app nav + div img');"
        "if (!i || !i.complete) return null;"
        "const r = i.getBoundingClientRect();"
        "return [Math.min(i.naturalWidth, i.naturalHeight), r.left, r.right, window.innerWidth]",
        "a picture",
    )


def subcategories(window, category):
    return window.run("return Object.keys(categories[arguments[0]])", category)


def open_folder(window, category, subcategory):
    home = "//nav//nav//a[1]"
    window.click(home)
    window.click(link(category))
    if len(subcategories(window, category)) > 1:
        window.click(link(subcategory))


def folders(window):
    return [(category, name) for category in CATEGORIES for name in subcategories(window, category)]


def test_every_figure_of_every_category_shows(page):
    assert page.run("return Object.keys(categories).sort()") == CATEGORIES
    shown, pages = set(), set()
    for category, subcategory in folders(page):
        open_folder(page, category, subcategory)
        number = page.run("return categories[arguments[0]][arguments[1]].length", category, subcategory)
        assert page.run("return document.querySelectorAll('nav tbody tr').length") == number
        for place in range(1, number + 1):
            page.click(f"{row(place)}//a[1]")
            if page.wait("return app.state.resultPath", "a result").endswith(".html"):
                page.wait("return document.querySelector('iframe')", "a page in the report")
                pages.add(page.run("return app.state.resultPath"))
                continue
            size, left, right, window_width = picture(page)
            assert size > 0, (category, subcategory, place)
            assert left >= 0, (category, subcategory, place)
            assert right <= window_width, (category, subcategory, place)
            shown.add(page.run("return app.state.resultPath"))
            assert fits(page), (category, subcategory, place)
    pictures = page.run("return Object.keys(results).filter(name => name.endsWith('.png'))")
    assert shown == set(pictures)
    assert len(shown) >= 26
    # Claims, provenance, prediction and its comparison with training.
    assert len(pages) == 4


def test_captions_open_and_quote_the_settings(page):
    open_folder(page, "2 Figures of the paper", "Other")
    place = next(number for number, title in enumerate(titles(page), 1) if title.startswith("Fig. 3"))
    page.click(f"{row(place)}//a[2]")
    text = page.run("return document.querySelector('nav').innerText")
    assert "λ = 0.0004 for the CNN and 0.0064 for the FCNN, 3000 samples in random order, 2 seeds" in text
    assert "To see: " in text
    assert fits(page)


PAGES = {
    "Claims ledger": ("1 Claims", "Which of the paper's claims hold"),
    "Prediction": ("5 Own experiments", "What linear networks will find in my_pictures"),
    "Prediction and training": ("5 Own experiments", "How well the prediction for my_pictures did"),
    "Data, code, versions, checksums": ("6 Provenance", "Creative Commons|MIT licence"),
}


def titles(window):
    """What the results in the folder shown are called, in the order of their rows."""
    return window.run("return [...document.querySelectorAll('nav tbody tr td:first-child')].map(d => d.innerText)")


def test_captions_of_own_experiments_quote_what_was_chosen(page, report):
    chosen = json.loads((report.parent / "results" / "settings" / "my_pictures.json").read_text(encoding="utf-8"))
    open_folder(page, "5 Own experiments", "my_pictures")
    for title in titles(page):
        place = titles(page).index(title) + 1
        page.click(f"{row(place)}//a[2]")
        text = page.run("return document.querySelector('nav').innerText")
        assert f"linear_cnn with λ = {chosen['learning_rate']['linear_cnn']}" in text, title
        assert f"{chosen['updates']} samples" in text, title
        assert "To see: " in text, title
        assert fits(page), title
        open_folder(page, "5 Own experiments", "my_pictures")


@pytest.mark.parametrize("title", PAGES)
def test_pages_inside_the_report_can_be_read(page, title):
    category, text = PAGES[title]
    open_folder(page, category, "Other")
    page.click(f"{row(titles(page).index(title) + 1)}//a[1]")
    page.enter_frame("//iframe")
    content = page.wait(
        "return document.readyState === 'complete' && document.body.innerText", "the page in the report"
    )
    assert any(part in content for part in text.split("|"))
    assert fits(page)
    assert page.run("return [...document.images].every(image => image.naturalWidth > 0 && image.naturalHeight > 0)")
    # Beside a page inside the report there are no files.
    assert page.run("return document.querySelectorAll('a[href]:not([href^=\"#\"])').length") == 0
    page.leave_frame()


def test_links_keep_their_place_once_they_show(page):
    """The menu once took a while to change its width: a click could meet what lay below."""
    open_folder(page, "2 Figures of the paper", "Other")
    moving = "return document.getAnimations().filter(a => ['width', 'height'].includes(a.transitionProperty)).length"
    page.click(f"{row(1)}//a[2]")
    assert page.run(moving) == 0
    page.click("//nav//nav//a[1]")
    assert page.run(moving) == 0


def test_run_times_and_rules_are_drawn(page):
    page.click(link("Statistics"))
    page.wait("return document.querySelector('#runtimes canvas, #runtimes svg')", "the run times")
    rules = page.run("return runtimes_spec.data.values.map(value => value.rule)")
    assert {"train", "claims", "provenance"} <= set(rules)
    page.click(link("Workflow"))
    page.wait("return document.querySelector('#rulegraph canvas, #rulegraph svg')", "the graph of the rules")
    assert fits(page)
