"""The map in a notebook: line, period and scenario both ways, picture and text for other viewers."""

import base64
import json
import sys
import time

import browser as browsers
import pytest
from server import Reply, Server
from test_atlas_more import built

from energy.errors import UnknownName, UsageError
from energy.publish.atlas import live
from geodata.draw.assets import static

pytest.importorskip("anywidget", reason="extra notebook")
WIDE = {"width": 1600, "height": 800}
PNG = b"\x89PNG a picture"

# A model on the kernel's side as the front end sees it: traits, messages, one page. The front end's
# module comes from a blob, as anywidget brings it.
HOST = """<!doctype html><meta charset="utf-8"><div id="here"></div>
<script type="application/json" id="page">%s</script><script type="application/json" id="front">%s</script>
<script type="module">
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const state = {title: "t", height: "600px", selected: null, period: "2024Q1", scenario: "base"};
const heard = {};
window.model = {
  saved: 0,
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; (heard["change:" + name] || []).forEach((f) => f()); },
  save_changes: () => { window.model.saved += 1; },
  on: (name, f) => (heard[name] = [...(heard[name] || []), f]),
  off: (name, f) => (heard[name] = (heard[name] || []).filter((g) => g !== f)),
  send: (ask) => ask.ask === "page" && setTimeout(() => heard["msg:custom"].forEach((f) => f({page: read("page")}))),
  state, heard,
};
const address = URL.createObjectURL(new Blob([read("front")], {type: "text/javascript"}));
const { default: widget } = await import(address);
window.end = widget.render({model: window.model, el: document.getElementById("here")});
</script>"""


def hosted(made):
    """Return a page that shows a map's widget as the front end of a notebook would."""
    told = (
        json.dumps(text).replace("</", "<\\/")
        for text in (made.get_root().render(), static("widget.mjs"))
    )
    return HOST % tuple(told)


def until(host, told):
    """Wait for what a page says; playwright's own way needs eval, which a strict policy forbids."""
    end = time.monotonic() + browsers.PATIENCE / 1000
    while not host.evaluate(told):
        assert time.monotonic() < end, told
        time.sleep(0.05)


def both_ways(host, saved=3):
    """Ask from the kernel's side, then do what a reader does; `host` is the page or frame of the model."""
    frame = host.frame_locator("iframe")
    frame.locator(".gd-now", has_text="2024 Q1").wait_for()  # what the kernel had set
    host.evaluate("model.set('selected', 'east'); model.set('period', '2023')")
    frame.locator(".gd-panel h2", has_text="East line").wait_for()
    assert frame.locator(".gd-now").inner_text() == "2023"
    frame.locator(".gd-panel .gd-close").click()
    until(host, "model.state.selected === null")
    frame.get_by_role("combobox").first.fill("west line")
    frame.get_by_role("option").first.click()
    until(host, "model.state.selected === 'west'")
    frame.get_by_role("button", name="One step on").click()
    until(host, "model.state.period === '2024'")
    frame.get_by_label("Scenario").select_option("low-case")
    until(host, "model.state.scenario === 'low-case'")
    assert host.evaluate("model.saved") >= saved
    host.evaluate("end()")
    assert host.evaluate("Object.values(model.heard).flat().length") == 0


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as started:
        yield started


@pytest.fixture
def made():
    return built()


def test_what_is_shown_is_read_and_set_on_both_sides(made):
    assert (made.selected, made.scenario) == (None, "base")
    made.selected, made.period = "east", "2024Q1"
    assert (made.widget.selected, made.widget.period) == ("east", "2024Q1")
    made.widget.set_state(
        {"selected": "west", "period": "2024", "scenario": "low-case"}
    )  # a reader
    assert (made.selected, made.period, made.scenario) == ("west", "2024", "low-case")
    seen = []
    made.observe(lambda change: seen.append(change["new"]), "selected")
    made.widget.set_state({"selected": None})
    assert seen == [None] and made.selected is None


def test_the_page_is_sent_when_asked_and_not_kept_in_the_state(made, monkeypatch):
    sent = []
    monkeypatch.setattr(made.widget, "send", sent.append)
    made.widget._handle_custom_msg({"ask": "page"}, [])
    made.widget._handle_custom_msg({"ask": "files"}, [])
    assert [list(message) for message in sent] == [["page"]]
    assert sent[0]["page"].startswith("<!DOCTYPE html>")
    state = made.widget.get_state()
    assert len(json.dumps({k: v for k, v in state.items() if k != "_esm"}, default=str)) < 2000


def test_bundle_carries_widget_picture_and_text(made):
    made.picture = lambda period: PNG if period == "2024Q1" else None
    made.period = "2024Q1"
    bundle = made._repr_mimebundle_()
    assert set(bundle) == {live.VIEW, "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]) == PNG
    assert bundle["text/plain"].endswith(": map of 2024Q1.")
    assert bundle[live.VIEW]["model_id"] == made.widget.model_id
    assert made._display_() is made.widget
    made.period = "2024"
    assert set(made._repr_mimebundle_()) == {live.VIEW, "text/plain"}


def test_without_anywidget_it_is_the_same_page_in_a_frame(made, monkeypatch):
    monkeypatch.setattr(live, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    live._frame.cache_clear()
    assert "<iframe" in made._repr_mimebundle_()["text/html"]
    made.selected = "east"
    assert made.selected == "east"
    with pytest.raises(live.MissingExtra, match=r"energy-trade-tracker\[notebook\]"):
        made.observe(print)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("selected", "eest", "Unknown route 'eest'; near: .*east"),
        ("period", "2024Q9", "Unknown period of the map '2024Q9'; near: .*2024Q"),
        ("scenario", "low-cas", "Unknown scenario 'low-cas'; near: low-case"),
    ],
)
def test_what_is_not_there_is_refused_with_the_near_ones(made, name, value, said):
    with pytest.raises(UnknownName, match=said):
        setattr(made, name, value)


def test_options_of_the_front_door(made):
    made.compare(2023)
    assert made.address == "#2024?cal=A&scenario=base&compare=step:2023"
    made.compare("low-case")
    made.speak("ru")
    assert made.address.endswith("&compare=scenario:low-case&lang=ru")
    with pytest.raises(UnknownName, match="Unknown language 'rus'; near: ru"):
        made.speak("rus")


def test_a_height_that_is_none_and_a_period_that_is_not_there_are_refused():
    import energy

    t = energy.load()
    for height in ("abc", 0, "-4px"):
        with pytest.raises(UsageError, match="is no height; give a number of px above 0"):
            t.map(projection=False, height=height)
    with pytest.raises(UnknownName, match=r"period of the map '2050'; near: 2025, 2026\."):
        t.map(projection=False, start=2050)


def test_unknown_options_list_the_near_ones():
    import energy

    t = energy.load()
    with pytest.raises(UsageError, match=r"'langg'; near: lang"):
        t.map(langg="ru")
    with pytest.raises(UnknownName, match="Unknown route 'blue-strem'; near: blue-stream"):
        t.map(route="blue-strem")


@pytest.mark.browser
def test_round_trip_in_a_browser(made, tmp_path, browser):
    path = tmp_path / "host.html"
    path.write_text(hosted(made), encoding="utf-8")
    with browsers.opened(browser, path, viewport=WIDE) as (host, log):
        both_ways(host)
        log.assert_clean()


# Of VS Code's notebook view where its policy is on (by default there is none); a blob is where every
# anywidget's module comes from. Colab shows outputs in a frame of another origin.
VSCODE = (
    "default-src 'none'; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    "img-src 'self' https: http: data:; font-src 'self' https:; connect-src https:; child-src https: data:"
)
STRICT = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data:"
)
FRAMES = {
    "vscode": (
        "allow-scripts allow-same-origin allow-forms allow-pointer-lock allow-downloads",
        VSCODE,
    ),
    "colab": (
        "allow-downloads allow-forms allow-pointer-lock allow-popups allow-same-origin allow-scripts",
        "",
    ),
    "of no origin": ("allow-scripts", STRICT),
}


@pytest.mark.browser
@pytest.mark.parametrize("name", FRAMES)
def test_round_trip_in_the_frames_of_other_notebooks(made, name, browser):
    """The frame comes from another origin, under the host's sandbox and policy; nothing is asked for."""
    sandbox, policy = FRAMES[name]
    with Server() as inner, Server() as outer:
        headers = {"Content-Security-Policy": policy} if policy else {}
        inner.plan("/", Reply(200, hosted(made).encode(), "text/html; charset=utf-8", headers))
        around = f'<iframe sandbox="{sandbox}" src="{inner.address}/" width="1500" height="760"></iframe>'
        outer.plan("/", Reply(200, around.encode(), "text/html; charset=utf-8"))
        page = browser.new_page(viewport=WIDE)
        page.set_default_timeout(browsers.PATIENCE)
        said = []
        page.on("console", lambda line: line.type == "error" and said.append(line.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(outer.address)
        page.frame_locator("iframe").locator("#here iframe").wait_for()
        (host,) = (frame for frame in page.frames if frame.url.startswith(inner.address))
        both_ways(host)
        assert [text for text in said if "favicon" not in text and "404" not in text] == []
        assert {asked.target for asked in inner.asked} <= {"/", "/favicon.ico"}
        page.close()


@pytest.mark.browser
def test_a_saved_map_opens_at_what_was_asked_for(made, tmp_path, browser):
    made.selected, made.period = "west", "2023"
    made.speak("ru")
    made.save(tmp_path / "asked.html")
    with browsers.opened(browser, tmp_path / "asked.html") as (page, log):
        assert page.locator(".gd-now").inner_text() == "2023"
        assert page.locator(".gd-panel h2").inner_text() == "Западная"
        log.assert_clean()
