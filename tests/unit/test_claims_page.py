"""The ledger's page shows every entry, typesets texts without loss, and its sentences are those of the documents."""

import base64
import io
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from conftest import PROJECT
from learning_dynamics.claims import entries as claims
from learning_dynamics.claims import mathml, overview, page, plot, words
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.errors import DataError
from learning_dynamics.publishing import published_results

TABLE = claims.read(PROJECT / "config" / "claims.yaml")
OWN = """
rows:
- id: mine
  claim: <b>Mine</b> & {experiment}
  source: "me"
  quantity: a < b
  measure: discovery_order
  arguments: {experiment: my_pictures, network: linear_cnn}
  tolerance: {at_least: 1.0}
  why: so
  figure: figures/my_pictures/images.png
"""


def entry_of(claim, verdict="holds", values=(1.0, 2.0, None, 1.5), **changes):
    measured = verdict != "not measured"
    numbers = {"measured": 1.5, "low": 1.0, "high": 2.0, "n": 3, "values": list(values)}
    nothing = {"measured": None, "low": None, "high": None, "n": 0, "values": []}
    return {
        "id": claim.id,
        "claim_number": claim.number,
        **{name: getattr(claim, name) for name in ("claim", "source", "quantity", "why", "identity", "figure")},
        "statistic": "mean, Student's t",
        "tolerance": claim.tolerance.model_dump(exclude_none=True),
        "verdict": verdict,
        "reason": "" if verdict in ("holds", "refuted") else f"why it is {verdict}",
        "claims_commit": "0123456789" * 4 + " with changes",
        **(numbers if measured else nothing),
        **changes,
    }


VERDICTS = {"03-order-digits4-cnn": "refuted", "06-growth": "undecided", "17-coupling": "not measured"}


def ledger(table=TABLE):
    return [entry_of(claim, VERDICTS.get(claim.id, "holds")) for claim in table.claims]


# Mathematics


def texts():
    """Everything that the table says."""
    for claim in TABLE.claims:
        yield from (claim.claim, claim.source, claim.quantity, claim.why, claim.identity)
    for statement in TABLE.statements:
        yield from (statement.place, statement.statement, statement.reason)
    yield from (heading.title for heading in TABLE.headings.values())


def parsed(text):
    return ElementTree.fromstring(f"<p>{mathml.markup(text)}</p>")


def plain(element):
    """The text that MathML was made from."""
    parts = [plain(child) for child in element]
    if element.tag in ("msub", "msup", "msubsup"):
        base, *scripts = parts
        below = "_" + scripts[0] if element.tag != "msup" else ""
        above = scripts[-1] if element.tag != "msub" else ""
        matrix = element.tag == "msup" and base == "Σ" and above in ("xx", "yx")
        letters = re.fullmatch(r"([^2*T]*)(2?)([*]?)(T?)", above)
        hat = "^" if letters[1] and not matrix else ""
        raised = letters[2].replace("2", "²") + letters[3] + letters[4].replace("T", "ᵀ")
        return base + hat + letters[1] + below + raised
    if element.tag == "mover":
        return parts[0] + "\u0302"
    tails = [part + (child.tail or "") for part, child in zip(parts, element, strict=True)]
    return (element.text or "") + "".join(tails)


def test_no_text_of_the_table_loses_or_gains_anything():
    typeset = 0
    for text in texts():
        made = parsed(text)
        typeset += made.find(".//math") is not None
        # Of two scripts of one letter either may come first.
        assert Counter("".join(plain(made).split())) == Counter("".join(text.split())), text
        outside = "".join([made.text or "", *(child.tail or "" for child in made)])
        assert not re.search(r"\u0302|‖|ᵀ|[Α-Ωα-ω]|(?<![\w])\w[_^]\w", outside), text
    assert typeset > 100


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a_α.", "<math><msub><mi>a</mi><mrow><mi>α</mi></mrow></msub></math>."),
        ("λ_FCNN", "<math><msub><mi>λ</mi><mrow><mi>FCNN</mi></mrow></msub></math>"),
        (
            "|k̂_l|²",
            '<math><msup><mrow><mo stretchy="false">|</mo><msub><mover accent="true"><mi>k</mi>'
            '<mo stretchy="false">^</mo></mover><mrow><mi>l</mi></mrow></msub><mo stretchy="false">|</mo></mrow>'
            "<mrow><mn>2</mn></mrow></msup></math>",
        ),
        (
            "s_α² and n",
            "<math><msubsup><mi>s</mi><mrow><mi>α</mi></mrow><mrow><mn>2</mn></mrow></msubsup></math> and n",
        ),
        ("for a σ", "for a <math><mi>σ</mi></math>"),
        ("α ≠ β", "<math><mi>α</mi><mo>≠</mo><mi>β</mi></math>"),
        ("α n", '<math><mi>α</mi><mspace width=".25em"></mspace><mi>n</mi></math>'),
        ("(σ, see", '<math><mo stretchy="false">(</mo><mi>σ</mi></math>, see'),
        ("B_αl", "<math><msub><mi>B</mi><mrow><mi>α</mi><mi>l</mi></mrow></msub></math>"),
    ],
)
def test_mathematics_is_typeset(text, made):
    assert mathml.markup(text) == made


@pytest.mark.parametrize(
    "text",
    ["Figs. 5e and 5g, App. F", "geometric_shapes on linear_cnn", "a CNN", "1 of 10 trials: 3 < 4", "été", "", "A | B"],
)
def test_words_stay_words(text):
    made = parsed(text)
    assert len(made) == 0
    assert (made.text or "") == text


def test_texts_are_escaped():
    assert mathml.markup("<b>&σ</b> <σ") == "&lt;b&gt;&amp;σ&lt;/b&gt; <math><mo>&lt;</mo><mi>σ</mi></math>"


# Plots


def drawn(**changes):
    """The plot of an entry, and the place of what is of some kind."""
    made = ElementTree.fromstring(plot.svg(entry_of(TABLE.claims[0], **changes)))

    def places(kind):
        return [
            float(x)
            for one in made.findall(f"path[@class='{kind}']")
            for x in re.findall(r"[MH]([\d.]+)", one.get("d"))
        ]

    return made, places


def test_a_plot_places_trials_interval_and_limits_on_one_axis():
    made, places = drawn(values=[1.0, None, 2.0], tolerance={"at_least": 0.5, "at_most": 2.5}, measured=1.5)
    low, high = places("trials")
    assert places("interval")[:2] == [low, high] == pytest.approx(places("interval")[2:])
    least, most = places("limit")
    assert low - least == pytest.approx((high - low) / 2, abs=0.2)
    assert most - high == pytest.approx((high - low) / 2, abs=0.2)
    assert places("measured")[0] == pytest.approx((low + high) / 2, abs=0.1)
    allowed = made.find("rect")
    assert float(allowed.get("x")) == least
    assert float(allowed.get("width")) == pytest.approx(most - least, abs=0.11)
    assert [text.text for text in made.findall("text[@class='limit']")] == ["0.5", "2.5"]
    assert made.get("aria-label") == "2 trials from 1 to 2; measured 1.5, 95 % interval 1 to 2; allowed 0.5 to 2.5"


def test_what_is_allowed_on_one_side_reaches_to_the_end_of_the_axis():
    axis = [10.0, 310.0]
    made, places = drawn(tolerance={"at_most": 3.0})
    assert places("axis")[:2] == axis
    allowed = made.find("rect")
    assert float(allowed.get("x")) == axis[0]
    assert float(allowed.get("x")) + float(allowed.get("width")) == pytest.approx(places("limit")[0], abs=0.11)
    made, places = drawn(tolerance={"at_least": 0.1})
    allowed = made.find("rect")
    assert float(allowed.get("x")) == places("limit")[0]
    assert float(allowed.get("x")) + float(allowed.get("width")) == pytest.approx(axis[1], abs=0.11)


def test_numbers_that_span_decades_are_on_a_logarithmic_axis():
    numbers = {"values": [1e-6, 1e-4], "low": 1e-6, "high": 1e-4, "measured": 1e-5, "tolerance": {"at_most": 1e-2}}
    made, places = drawn(**numbers)
    first, second = places("trials")
    assert places("limit")[0] - second == pytest.approx(second - first, abs=0.2)
    assert places("measured")[0] == pytest.approx((first + second) / 2, abs=0.1)
    # A tick at every power of ten.
    assert len(places("axis")) == 2 + 5
    assert "logarithmic" in made.get("aria-label")
    made, _ = drawn(**{**numbers, "values": [0.0, 1e-4]})
    assert "logarithmic" not in made.get("aria-label"), "zero is on no logarithmic axis"


def test_labels_of_a_plot_do_not_overlap():
    made, _ = drawn(values=[1.0, 1.001], low=1.0, high=1.001, measured=1.0004, tolerance={"at_most": 2.0})
    places = sorted(float(text.get("x")) for text in made.findall("text"))
    assert len(places) == 2
    assert places[1] - places[0] > 20
    assert 0 <= places[0] <= places[1] <= 320


@pytest.mark.parametrize("number", [0.0, 3.0, -2.0])
def test_one_number_has_a_plot_too(number):
    made, places = drawn(values=[number], low=None, high=None, measured=number, tolerance={"at_least": number})
    assert places("trials") == [160.0]
    assert "interval none" in made.get("aria-label")


def test_without_a_number_there_is_no_plot():
    assert plot.svg(entry_of(TABLE.claims[0], "not measured")) == ""


# Overview


def test_claims_are_the_papers_then_ours_then_a_users(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    own = claims.read_own(tmp_path / "mine.yaml", [])
    table = replace(TABLE, claims=(*TABLE.claims, *own.claims))
    seen = overview.of_ledger(ledger(table), table)
    assert [section.number for section in seen.sections] == [*range(1, 15), 17, 18, 15, 16, None]
    assert [section.whose.split()[0] for section in seen.sections] == ["The"] * 16 + ["Our"] * 2 + ["Your"]
    assert seen.data_sets[-2:] == ("my_pictures", "other")
    assert seen.sections[-1].cells[-2][0]["id"] == "mine"
    assert sum(len(section.entries) for section in seen.sections) == len(table.claims) == sum(seen.counts.values())
    for section in seen.sections:
        shown = {entry["id"] for cell in section.cells for entry in cell}
        assert shown == {entry["id"] for entry in section.entries}
    by_number = {section.number: section for section in seen.sections}
    cells = dict(zip(seen.data_sets, by_number[17].cells, strict=True))
    assert [name for name, cell in cells.items() if "17-coupling" in {entry["id"] for entry in cell}] == [
        "geometric_shapes",
        "digits4",
        "cifar4",
        "cifar10",
    ]
    assert [entry["id"] for entry in dict(zip(seen.data_sets, by_number[2].cells, strict=True))["other"]] == [
        "02-speed-up"
    ]


def test_experiments_on_the_same_images_share_a_column():
    images = {name: experiment.dataset for name, experiment in paper_experiments().items()}
    first = {name: next(other for other in images if images[other] == images[name]) for name in images}
    assert {name: other for name, other in first.items() if name != other} == overview._SAME_IMAGES
    assert "pure_cosines_cyclic" not in overview.of_ledger(ledger(), TABLE).data_sets


def test_an_entry_that_the_table_does_not_have_is_named():
    with pytest.raises(DataError, match="has no 'gone'"):
        overview.of_ledger([{**ledger()[0], "id": "gone"}], TABLE)


def given(verdict, claim="A.", about="digits4", reason=""):
    return {"id": f"{verdict}{claim}{about}", "verdict": verdict, "claim": claim, "reason": reason, "about": about}


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([given("holds")], "Its one entry holds."),
        ([given("holds")] * 2, "Both entries hold."),
        ([given("holds")] * 3, "All 3 entries hold."),
        ([given("refuted")], "Its one entry does not hold; refuted: “A”."),
        ([given("holds"), given("refuted")], "1 of 2 entries holds; refuted: “A”."),
        (
            [given("holds")] * 2 + [given("refuted", "B_α."), given("undecided"), given("undecided")],
            "2 of 5 entries hold; refuted: “B_α”; undecided: “A” (2 entries).",
        ),
        (
            [given("refuted", name) for name in "ABCD"],
            "None of 4 entries holds; refuted: “A”, “B” and 2 more.",
        ),
        (
            [given("refuted", "A"), given("refuted", "B"), given("refuted", "C", "geometric_shapes")],
            "None of 3 entries holds; refuted on digits4 (2), geometric shapes (1).",
        ),
        (
            [given("holds")] + [given("not measured", name, reason="cifar10 was not run") for name in "ABC"],
            "1 of 4 entries holds; not measured: cifar10 was not run.",
        ),
    ],
)
def test_outcome_says_what_does_not_hold(entries, sentence):
    assert overview.outcome(entries, {entry["id"]: [entry["about"]] for entry in entries}) == sentence


def test_statements_have_the_entries_of_their_rows():
    seen = overview.of_ledger(ledger(), TABLE)
    assert [statement for statement, _ in seen.statements] == list(TABLE.statements)
    for statement, rows in seen.statements:
        assert list(rows) == statement.rows
        assert bool(rows) != bool(statement.reason)
        for row, found in rows.items():
            assert tuple(entry["id"] for entry in found) == TABLE.rows[row]


# Page


class Links(HTMLParser):
    """Ids, links within the page, and the entries' marks of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.opened, self.images, self.marks = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "a" and found["href"].startswith("#"):
            self.links.append(found["href"][1:])
            if "mark" in found.get("class", ""):
                self.marks.append((found["href"][1:], found["data-verdict"], found["class"]))
        self.opened += [found["popovertarget"]] if "popovertarget" in found else []
        self.links += [found["href"][1:]] if tag == "use" else []
        self.images += [found["href"]] if tag == "image" else []


def written(folder, table=TABLE, entries=None):
    page.write(ledger(table) if entries is None else entries, table, folder / "claims.html")
    return (folder / "claims.html").read_text(encoding="utf-8")


def picture(folder, names, size):
    noise = np.random.default_rng(0).integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).resize(size).save(content, "PNG", compress_level=1)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.getvalue())


def test_every_mark_leads_to_its_entry(tmp_path):
    found = Links(written(tmp_path))
    assert max(Counter(found.ids).values()) == 1
    assert set(found.links) <= set(found.ids)
    verdicts = {entry["id"]: entry["verdict"] for entry in ledger()}
    assert {name: verdict for name, verdict, _ in found.marks} == verdicts
    assert all(verdict.replace(" ", "-") in kind.split() for _, verdict, kind in found.marks)
    # Once per data set that it is about, and once per sentence that it tests.
    seen = overview.of_ledger(ledger(), TABLE)
    cells = sum(len(about) for about in seen.about.values())
    tested = sum(len(found) for _, rows in seen.statements for found in rows.values())
    assert len(found.marks) == cells + tested


def test_an_entry_says_what_was_measured_and_what_was_allowed(tmp_path):
    text = written(tmp_path)
    body = text[text.index('id="06-growth"') :]
    body = body[: body.index("</details>")]
    for part in (
        "<b>0.9 to 1.1</b>",
        "why it is undecided",
        "mean, Student&#39;s t, n = 3",
        "Eqs. 23 and 24",
        '<svg class="plot"',
        "figures/fig4.png has not been drawn.",
    ):
        assert part in body, part
    assert re.search(r"<dt>By construction</dt><dd>From this start both networks", text)
    assert "0123456 with changes" in text
    assert words.summary(ledger()) in text
    assert f"refuted: {Counter(entry['verdict'] for entry in ledger())['refuted']}" in text
    for section in overview.of_ledger(ledger(), TABLE).sections:
        assert mathml.markup(section.outcome) in text


def test_texts_of_a_users_own_claims_are_texts(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    (tmp_path / "claims.json").write_text(
        json.dumps([*ledger(), entry_of(claims.read_own(tmp_path / "mine.yaml", []).claims[0])])
    )
    tables = [str(PROJECT / "config" / "claims.yaml"), str(tmp_path / "mine.yaml")]
    page.from_files(tables, str(tmp_path / "claims.json"), str(tmp_path / "claims.html"))
    text = (tmp_path / "claims.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;Mine&lt;/b&gt; &amp; my_pictures" in text
    assert "<b>Mine" not in text
    assert "Your own claims" in text
    assert "mine" in Links(text).ids


def test_pictures_are_in_the_page_and_small_enough_for_the_report(tmp_path):
    """Chromium shows no data URI of more than 2 MiB inside a page; 40 trainings, and pictures that hardly compress."""
    names = {claim.figure for claim in TABLE.claims}
    picture(tmp_path, names, (700, 400))
    entries = [entry_of(claim, "undecided", np.linspace(1.0, 2.0, 40)) for claim in TABLE.claims]
    text = written(tmp_path, entries=entries)
    assert len(base64.b64encode(text.encode())) < 2**21 - 100
    found = Links(text)
    assert len(found.images) == len(names)
    assert set(found.opened) == {name for name in found.ids if name.startswith("_picture")}
    assert len(found.opened) == len(entries)
    kind, content = found.images[0].split(",")
    assert kind == "data:image/webp;base64"
    shown = Image.open(io.BytesIO(base64.b64decode(content)))
    assert shown.width / shown.height == pytest.approx(700 / 400, rel=0.02)
    assert 300 < shown.width < 700, "narrower than one picture alone would be"
    assert 'href="figures/fig4.png"' in text


def test_a_picture_alone_is_as_wide_as_can_be_read(tmp_path):
    picture(tmp_path, ["figures/fig4.png"], (1350, 800))
    text = written(tmp_path)
    (content,) = Links(text).images
    assert text == written(tmp_path)
    assert Image.open(io.BytesIO(base64.b64decode(content.split(",")[1]))).width == 800


@pytest.mark.parametrize("content", [b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_picture_or_ledger_is_named_and_the_page_stays(tmp_path, content):
    (tmp_path / "claims.html").write_text("earlier")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "fig4.png").write_bytes(content)
    with pytest.raises(DataError, match=r"fig4.png: not a picture that can be read"):
        page.write(ledger(), TABLE, tmp_path / "claims.html")
    (tmp_path / "claims.json").write_bytes(content)
    with pytest.raises(DataError, match=r"claims.json: not a ledger that can be read"):
        page.from_files([str(PROJECT / "config" / "claims.yaml")], str(tmp_path / "claims.json"), str(tmp_path / "x"))
    assert (tmp_path / "claims.html").read_text() == "earlier"


# Documents


def test_the_published_ledger_has_the_pages_sentences_in_whole_tables():
    text = "\n".join(published_results._ledger(ledger(), TABLE))
    seen = overview.of_ledger(ledger(), TABLE)
    for section in seen.sections:
        assert f"\n### {section.number}. {section.title}\n\n{section.outcome}\n" in text
    tables = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    assert len(tables) == 1 + len(seen.sections) + 1
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(columns) == 1, table[:300]
    assert sum(len(table.splitlines()) - 2 for table in tables[1:-1]) == len(TABLE.claims)
    assert len(tables[-1].splitlines()) - 2 == len(TABLE.statements)
    assert "`12-fcnn-rows` 3 ✓" in tables[-1]
    assert "**refuted** |" in text
    assert "**undecided**: why it is undecided |" in text
