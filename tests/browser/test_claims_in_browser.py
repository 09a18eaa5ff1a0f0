"""The ledger's page in a browser, as wide as a screen and as narrow as a phone, as a file and inside another page."""

import base64

import pytest

from browser import webdriver
from browser.webdriver import Browser
from unit.test_claims_page import TABLE, ledger, picture, written

pytestmark = pytest.mark.skipif(bool(webdriver.missing()), reason=webdriver.missing() or "a browser is there")

# Widths and heights of windows, and how tall the page may be as it opens.
WINDOWS = {1280: (800, 3000), 390: (844, 6000)}
ENTRY = "05-of-dominant-cifar4-end"
MARK = f"//table//a[@href='#{ENTRY}']"
IN_VIEW = (
    f"const r = document.getElementById('{ENTRY}').getBoundingClientRect();"
    "return r.height > 0 && r.top > 0 && r.top < window.innerHeight / 2"
)
SHOWN = "return [...document.querySelectorAll('.matrix .mark')].filter(m => m.checkVisibility()).length"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    picture(folder, {claim.figure for claim in TABLE.claims}, (700, 400))
    written(folder)
    return folder / "claims.html"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(params=WINDOWS, ids=lambda width: f"{width} pixels")
def opened(request, window, path):
    window.resize(request.param, WINDOWS[request.param][0])
    window.open("about:blank")
    window.open(path.as_uri())
    yield window
    assert window.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert window.errors() == []
    assert window.requested_addresses() == []


def height(window):
    return window.run("return document.documentElement.scrollHeight")


def test_the_page_is_short_until_something_is_opened(opened):
    width = opened.run("return window.innerWidth")
    assert height(opened) < WINDOWS[width][1]
    closed = height(opened)
    # Everything open, no text is wider than the window either.
    opened.run("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert height(opened) > 5 * closed


def test_a_mark_opens_its_entry_and_nothing_else(opened):
    opened.click(MARK)
    opened.wait(IN_VIEW, "the entry")
    assert opened.run("return document.querySelectorAll('details[open]').length") == 2


def test_a_mark_opens_its_entry_without_scripts(opened):
    opened.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened.driver.refresh()
        assert opened.run("return document.querySelector('.filters').hidden")
        opened.click(MARK)
        opened.wait(IN_VIEW, "the entry")
    finally:
        opened.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_small_picture_opens_the_figure(opened):
    opened.click(MARK)
    opened.wait(IN_VIEW, "the entry")
    opened.click(f"//*[@id='{ENTRY}']//button")
    shown = "return document.querySelector('[popover]:popover-open {}')"
    assert opened.wait(shown.format("image"), "the figure")
    assert opened.run(shown.format("image") + ".decode().then(() => true)")
    assert opened.run(shown.format("a") + ".getAttribute('href')") == "figures/cifar4/spectra.png"


def choose(window, number, value):
    window.run(
        "const one = document.querySelectorAll('select')[arguments[0]]; one.value = arguments[1];"
        "one.dispatchEvent(new Event('change', {bubbles: true}))",
        number,
        value,
    )


def test_filters_leave_what_is_asked_for(opened):
    every = opened.run(SHOWN)
    choose(opened, 0, "refuted")
    refuted = [entry["id"] for entry in ledger() if entry["verdict"] == "refuted"]
    assert opened.run(SHOWN) == len(refuted) == 1
    visible = (
        "return [...document.querySelectorAll('.entry')].filter(e => e.checkVisibility())"
        ".map(e => e.querySelector('.body').id)"
    )
    assert opened.run(visible) == refuted
    choose(opened, 1, "cifar4")
    assert opened.run(SHOWN) == 0
    choose(opened, 0, "")
    assert opened.run(SHOWN) == sum("cifar4" in str(claim.arguments) for claim in TABLE.claims)
    choose(opened, 1, "")
    assert opened.run(SHOWN) == every
    assert opened.run(visible) == []


def test_inside_another_page_nothing_leads_outside(opened, path, tmp_path):
    content = base64.b64encode(path.read_bytes()).decode()
    outer = tmp_path / "outer.html"
    viewport = '<meta name="viewport" content="width=device-width">'
    style = 'style="width: 100%; height: 90vh; border: 0"'
    outer.write_text(f'<!doctype html>{viewport}<iframe {style} src="data:text/html;base64,{content}"></iframe>')
    opened.open(outer.as_uri())
    opened.enter_frame("//iframe")
    opened.wait("return document.readyState === 'complete'", "the page")
    assert opened.run("return document.querySelectorAll('a[href]:not([href^=\"#\"])').length") == 0
    opened.click(MARK)
    opened.wait(IN_VIEW, "the entry")
    opened.click(f"//*[@id='{ENTRY}']//button")
    text = opened.wait("return document.querySelector('[popover]:popover-open')?.innerText", "the figure")
    assert text.strip() == "figures/cifar4/spectra.png"
    assert opened.run("return document.documentElement.scrollWidth <= window.innerWidth")
    opened.leave_frame()
