"""The whole page as a reader meets it: whole words, lines that no card hides, pictures with a key."""

import re

import browser as browsers
import pytest

pytest_browser = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
SMALL = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as made:
        yield made


@pytest.fixture(scope="module")
def tracker():
    import energy

    return energy.load()


@pytest.fixture(scope="module")
def file(tracker, tmp_path_factory):
    """The page with the scenarios of our own tree."""
    path = tmp_path_factory.mktemp("face") / "map.html"
    tracker.map().save(path)
    return path


def at(page, file, address):
    page.goto(f"{file.as_uri()}{address}")
    page.reload()
    browsers.settled(page)


CHOICES = """() => {
  const found = [];
  for (const select of document.querySelectorAll('.gd-pulldown select')) {
    if (!select.offsetParent) continue;
    const shown = select.parentNode.querySelector('.gd-chosen');
    const before = select.value;
    for (const option of [...select.options].slice(0, 25)) {
      select.value = option.value;
      select.dispatchEvent(new Event('change'));
      const [inner, outer] = [shown, select.parentNode].map(node => node.getBoundingClientRect());
      found.push([option.text, shown.textContent, shown.scrollWidth - shown.clientWidth, inner.bottom - outer.bottom,
                  outer.right - innerWidth, outer.width - select.getBoundingClientRect().width]);
    }
    select.value = before;
    select.dispatchEvent(new Event('change'));
  }
  return found;
}"""


@pytest_browser
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", [PHONE, SMALL, DESK], ids=["phone", "small", "desk"])
def test_what_is_chosen_is_whole_in_a_closed_list(browser, file, size, language):
    """A scenario has up to 66 letters; a browser's own closed select cuts it at the edge."""
    with browsers.opened(browser, file, viewport=size) as (page, log):
        at(page, file, f"#2035Q4?lang={language}")
        if size is not DESK:
            page.locator(".gd-tools > summary").click()
        found = page.evaluate(CHOICES)
        assert max(len(text) for text, *_ in found) > 50 and len(found) > 40
        for text, shown, beyond, below, outside, less in found:
            assert shown == text
            assert beyond <= 1 and below <= 1 and outside <= 0, text
            assert less <= 0, text  # all of the box opens the list
        names = page.locator("select.gd-scenario option").all_text_contents()
        assert (
            sum("%" in name for name in names) > 6
        )  # what a screen reader says is the whole name, with its chance
        log.assert_clean()


@pytest_browser
def test_scenarios_stand_under_the_question_they_answer(browser, file):
    with browsers.opened(browser, file, viewport=DESK) as (page, _):
        under = page.evaluate("""() => Object.fromEntries([...document.querySelectorAll('select.gd-scenario option')]
            .map(option => [option.value, option.parentNode.label || '']))""")
        assert under["ukraine-back"] == "Does transit through Ukraine come back?"
        assert under["pos1-step-not-raised"] == "Does Power of Siberia 1 rise from 38 to 44?"
        assert under["mixture"] == under["baseline"] == ""
        page.locator("select.gd-compare").select_option("scenario:ukraine-back")
        group = page.locator("select.gd-compare option:checked").evaluate("n => n.parentNode.label")
        assert group == under["ukraine-back"]


HIDDEN = """() => {
  const model = document.querySelector('.folium-map').geodraw;
  const cards = '.gd-card, .gd-panel, .gd-time, .gd-story, .gd-tour, .leaflet-control';
  const seen = model.lines.filter(line => line.data.frame !== false && line.parts.length);
  const hidden = [];
  for (const line of [...seen, ...seen.slice().reverse()]) { // each from wherever the one before left the map
    model.select(line);
    for (const path of document.querySelectorAll(`path.gd-hit[data-id="${line.id}"]`)) {
      for (let i = 0; i <= 60; i += 1) {
        const p = path.getPointAtLength(path.getTotalLength() * i / 60).matrixTransform(path.getScreenCTM());
        const top = document.elementFromPoint(p.x, p.y);
        if (!top || top.closest(cards)) { hidden.push([line.id, i, top && top.closest(cards).className]); break; }
      }
    }
  }
  return [seen.length, hidden];
}"""


@pytest_browser
@pytest.mark.parametrize(
    ("wide", "high"), [(1280, 800), (1024, 768), (800, 600), (390, 844), (360, 740)]
)
def test_no_card_lies_over_the_line_that_is_chosen(browser, file, wide, high):
    with browsers.opened(browser, file, viewport={"width": wide, "height": high}) as (page, log):
        at(page, file, "#2025Q4")
        count, hidden = page.evaluate(HIDDEN)
        assert count > 50 and hidden == []
        log.assert_clean()


LATIN = re.compile(r"[A-Za-z]{2,}")


@pytest_browser
def test_markets_and_ways_have_names_not_ids(browser, file):
    names = {}
    for language in ("en", "ru"):
        with browsers.opened(browser, file, viewport=DESK) as (page, _):
            at(page, file, f"#2021Q2?lang={language}")
            page.locator(".gd-fresh > summary").click()
            fresh = page.locator(".gd-fresh th").all_text_contents()
            page.locator(".gd-tabs button").nth(2).click()
            page.locator(".gd-flow-name").first.wait_for()
            names[language] = fresh + page.locator(".gd-flow-name").all_text_contents()
    assert len(names["en"]) > 60
    assert {"EU", "Bosnia and Herzegovina", "Europe and China", "Ukraine, south-east"} <= set(
        names["en"]
    )
    assert any(name.startswith("Nadym-Pur-Taz ") for name in names["en"])
    assert not [name for name in names["en"] if " And " in name or name == "Eu"]
    assert [name for name in names["ru"] if LATIN.search(name)] == []


TOPS = """() => document.querySelector('.folium-map').geodraw.lines.filter(line => line.data.frame !== false)
  .flatMap(line => [...document.querySelectorAll(`path.gd-core[data-id="${line.id}"]`)])
  .map(path => path.getBoundingClientRect()).filter(box => box.width).map(box => box.top)"""


@pytest_browser
def test_a_comparison_says_on_the_page_what_its_colours_are(browser, file):
    """On a phone the sheet hides the legend: red and blue lines were left unexplained."""
    with browsers.opened(browser, file, viewport=PHONE) as (page, _):
        at(page, file, "#2024?cal=A&compare=step:2021")
        assert "Change against 2021" in page.locator(".gd-about").inner_text()
        foot = page.locator(".gd-title").bounding_box()
        lines = page.evaluate(TOPS)
        assert len(lines) > 20 and min(lines) >= foot["y"] + foot["height"]  # it grew by a line
        at(page, file, "#2024?cal=A&compare=step:2021&swipe=1")
        assert "Change against" not in page.locator(".gd-about").inner_text()  # two plain maps


PICTURE = """() => {
  const root = GeoDraw.picture(document.querySelector('.folium-map').geodraw);
  document.body.append(root);
  const wide = root.viewBox.baseVal.width;
  const texts = [...root.children].flatMap(node => node.matches('text') ? [node]
    : node.matches('g') ? [...node.querySelectorAll('text')] : []);
  const out = texts.map(node => [node.textContent, node.getBBox().x + node.getBBox().width - wide,
    Number(node.getAttribute('font-size'))]);
  const labels = [...root.querySelectorAll('svg text')].map(node => [node.textContent, node.getBBox().width]);
  root.remove();
  return [out, labels];
}"""


@pytest_browser
def test_a_picture_of_a_comparison_has_the_key_of_the_change(browser, file):
    with browsers.opened(browser, file, viewport=DESK) as (page, _):
        at(page, file, "#2024?cal=A&compare=step:2021")
        said = [text for text, *_ in page.evaluate(PICTURE)[0]]
        assert {"More gas", "Less gas", "As much"} <= set(said) and "Flowing" not in said


@pytest_browser
def test_a_picture_of_a_phone_holds_all_its_words(browser, file):
    """The headline was cut and set in 8 px; names were wider than the place they were given."""
    with browsers.opened(browser, file, viewport=PHONE) as (page, _):
        at(page, file, "#2035Q4?scenario=diversion-some&lang=ru")
        texts, labels = page.evaluate(PICTURE)
        assert len(texts) > 6
        assert [text for text, beyond, _ in texts if beyond > 0] == []
        assert min(size for *_, size in texts) >= 11
        assert any(text.startswith("Российский газ") for text, *_ in texts)
        shown = dict(
            page.evaluate("""() => [...document.querySelectorAll('.gd-label b')].map(node => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return [node.textContent, range.getBoundingClientRect().width]; })""")
        )
        widths = [(shown[text], width) for text, width in labels if shown.get(text)]
        assert widths and all(width == pytest.approx(own, rel=0.03) for own, width in widths)


CHANCES = """() => {
  const { odds } = document.querySelector('.folium-map').geodraw.data;
  const year = odds.years.indexOf(odds.year);
  const rows = [...document.querySelectorAll('.gd-odds-tab [data-number=chance]')].map(cell => cell.parentNode);
  return {
    draws: odds.draws,
    shares: GeoDraw.mix(odds, new Map()).filter(sheet => sheet.kind === 'chance').map(sheet => sheet.mean[year]),
    told: rows.map(row => [...row.children].slice(1).map(cell => cell.textContent.replaceAll('\\u00a0', ' '))),
  };
}"""


@pytest_browser
def test_a_chance_of_the_editor_says_how_well_its_draws_know_it(browser, file):
    """The map's chance is of other and more draws: who sees 35 % here and 36 % there is told why."""
    with browsers.opened(browser, file) as (page, log):
        page.get_by_role("tab", name="Scenarios").click()
        found = page.evaluate(CHANCES)
        open_ones = [share for share in found["shares"] if 0 < share < 1]
        assert found["draws"] == 4096 and open_ones
        expected = []
        for share in found["shares"]:
            error = 100 * (share * (1 - share) / found["draws"]) ** 0.5  # of a share of draws
            said = f"± {max(1, round(error))} %" if share in open_ones else ""
            expected.append([f"{share * 100:.0f} %", said])
        assert found["told"] == expected
        log.assert_clean()
