"""Reads what a built page shows of a line, in a real browser, and asks each number what must go with it.

`READ` opens panel, table, tooltip, citation and chart of a line at a period and returns their words;
`unsaid` names what they leave out of what the flow cube knows. Every door is asked by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import xarray as xr

WHOLE = 0.999
KINDS = {"technical": "technical capacity", "ceiling": "most ever metered",
         "design": "design capacity", "contract": "contract of the year"}  # fmt: skip
SHARES = {"value": "flow", "reported": "reported", "limit": "capacity", "share": "utilisation",
          "price": "price", "revenue": "revenue"}  # fmt: skip

READ = """([route, step, plant]) => {
    const map = document.querySelector('.folium-map'), model = map.geodraw;
    const spoil = new Function('model', 'line', 'door', plant || '');
    const line = model.byId.get(route);
    const drop = door => spoil(model, line, door);
    model.select(null);
    model.setStep(model.steps.findIndex(one => one.id === step));
    drop('before');
    line.casing.drawn = line.core.drawn = null; // an attribute planted before is not known to be there
    line.draw(model.step); line.label();
    const text = (root, query) => [...root.querySelectorAll(query)].map(node => node.textContent.trim()).join(' ');
    model.select(line, true);
    const panel = map.querySelector('.gd-panel');
    drop('panel');
    const figures = Object.fromEntries([...panel.querySelectorAll('.gd-figures > div')].map(node => [node.dataset.key, {
        number: text(node, 'dd > b'), said: Object.fromEntries([...node.querySelectorAll('dd > [data-said]')]
            .map(small => [small.dataset.said, small.textContent.trim()])) }]));
    const button = panel.querySelector('[data-key=value] .gd-cite');
    if (button) button.click();
    const cited = text(panel, '[data-key=value] .gd-cited q');
    if (button) button.click();
    const bar = text(panel, '.gd-bar.gd-current title');
    const period = text(panel, 'h3');
    model.tableOpen = true; model.map.fire('gd:table');
    drop('table');
    const table = map.querySelector('.gd-table');
    const told = (query, key) => Object.fromEntries([...table.querySelectorAll(query)]
        .map(node => [node.dataset[key], node.textContent.trim()]));
    const [heads, row] = [told('thead button', 'sort'), told(`tr[data-id="${route}"] td`, 'key')];
    const caption = text(table, 'caption');
    model.tableOpen = false; model.map.fire('gd:table');
    line.hit.openTooltip(line.hit.getBounds().getCenter());
    drop('tip');
    const tip = line.hit.getTooltip().getElement().textContent.trim();
    line.hit.closeTooltip();
    const label = line.hit.getElement().getAttribute('aria-label');
    const core = line.core.getElement();
    drop('line');
    const drawn = { width: Number(core.getAttribute('stroke-width')), dash: core.getAttribute('stroke-dasharray') };
    return { figures, cited, bar, period, heads, row, caption, tip, label, drawn };
}"""


READ_STORY = """([step, scenario, plant]) => {
    const map = document.querySelector('.folium-map'), model = map.geodraw;
    const spoil = new Function('model', 'door', plant || '');
    const text = node => node.textContent.replace(/\\s+/g, ' ').trim();
    model.select(null);
    model.setScenario(scenario);
    model.setStep(model.steps.findIndex(one => one.id === step));
    const box = map.querySelector('.gd-markets table');
    spoil(model, 'markets');
    const cells = (row, key) => [...row.querySelectorAll(`[data-${key}]`)].map(text).join(' ');
    const rows = Object.fromEntries([...box.querySelectorAll('tr[data-market]')].map(row =>
        [row.dataset.market, { number: cells(row, 'number'), said: cells(row, 'said') }]));
    const caption = [...box.querySelectorAll('caption')].map(text).join(' ');
    [...map.querySelectorAll('.gd-story [role=tab]')][1].click();
    spoil(model, 'years');
    const years = [...map.querySelectorAll('.gd-story .gd-axis-title')].map(text).at(-1);
    const buttons = [...map.querySelectorAll('.gd-tour button')];
    buttons[0].click();
    const stops = model.data.story.tour.map((stop, i) => {
        if (i) buttons[2].click();
        spoil(model, 'tour');
        const said = [...map.querySelectorAll('.gd-stop [data-said]')].map(node => [node.dataset.said, text(node)]);
        return { ...stop, text: text(map.querySelector('.gd-stop')), said: Object.fromEntries(said) };
    });
    buttons[3].click();
    return { rows, caption, years, stops };
}"""


READ_LARGEST = """async ([step, plant]) => {
    const map = document.querySelector('.folium-map'), model = map.geodraw;
    const list = map.querySelector('.gd-largest'), spoil = new Function(plant || '');
    model.select(null);
    [...map.querySelectorAll('.gd-story [role=tab]')][0].click();
    list.replaceChildren(); // drawn anew a while after the step
    model.setStep(model.steps.findIndex(one => one.id === step));
    map.geodraw.map.fire('gd:change');
    for (let i = 0; i < 250 && !list.children.length; i += 1) await new Promise(done => setTimeout(done, 20));
    spoil();
    return Object.fromEntries([...list.children].map(row => {
        const name = row.querySelector('.gd-who').title;
        return [model.lines.find(line => line.name === name).id,
            Object.fromEntries([...row.querySelectorAll('[data-said]')]
                .map(node => [node.dataset.said, node.textContent]))];
    }));
}"""


def unsaid_largest(shown: dict[str, Any], cube: xr.Dataset, days: int) -> list[str]:
    """Return a sentence for each qualifier that the list of the largest flows leaves out.

    Parameters
    ----------
    shown : dict
        What `READ_LARGEST` returns.
    cube : Dataset
        The flow cube at the period.
    days : int
        Of the period.
    """
    found = []
    for route, said in shown.items():
        must = _must(cube.sel(route=route), days)["value"]
        del must["basis"]  # said once, above the list
        must |= {"interval": "P10–P90: "} if "interval" in must else {}  # of the rate, not the sum
        found += [
            f"{route} without its {kind}"
            for kind, words in must.items()
            if not re.search(words if "\\d" in words else re.escape(words), said.get(kind, ""))
        ]
    return found


def unsaid_story(
    shown: dict[str, Any],
    markets: dict[str, tuple[float, float, float]],
    standing: str,
    stop: tuple[float, float, float],
) -> list[str]:
    """Return a sentence for each qualifier that chart by market and tour leave out.

    Parameters
    ----------
    shown : dict
        What `READ_STORY` returns.
    markets : dict
        Value, low and high end by market, bcm a year; not a number where there are no ends.
    standing : str
        What the figures by market are: ``balanced``, or ``projected`` with the name of the scenario.
    stop : tuple
        Value, low and high end of the volume that the last stop of the tour tells.
    """
    found = [f"markets: {told}" for told in _by_market(shown, markets, standing)]
    found += [f"tour: {told}" for told in _tour(shown, stop)]
    plain = "at 20 °C, balanced" in (shown["years"] or "")
    return found if plain else [*found, "years: no basis or standing"]


def _amount(value: float) -> str:
    return _number(value, 1 if abs(value) < 9.95 else 0)


def _by_market(shown: dict, markets: dict, standing: str) -> Iterator[str]:
    for words in (r"^\d{4}, ", "bcm at 20 °C", re.escape(standing), "P10 – P90"):
        if not re.search(words, shown["caption"]):
            yield f"no {words}"
    for name, (value, low, high) in markets.items():
        told = shown["rows"].get(name, {"number": "", "said": ""})
        ends = "" if math.isnan(low) or not value else f"{_amount(low)} – {_amount(high)}"
        if told["number"] != _amount(value):
            yield f"{name} is {told['number']!r}, not {_amount(value)}"
        if ends and told["said"] != ends:
            yield f"{name} without its interval: {ends}, not {told['said']!r}"


def _tour(shown: dict, stop: tuple[float, float, float]) -> Iterator[str]:
    figures = [one for one in shown["stops"] if "title" not in one]
    for told in figures:
        where, said = told["step"], told["said"]
        ahead = "chance" in told
        must = {"basis": "bcm at 20 °C", "interval": "P10–P90: ",
                "status": "projection: weighted mixture" if ahead else "balanced"}  # fmt: skip
        for kind, words in must.items():
            if words not in said.get(kind, ""):
                yield f"{where} without its {kind}"
        if not re.search(r"\d{4}", told["text"]):
            yield f"{where} without its period"
    value, low, high = stop
    told = figures[-1]
    if f"{_amount(value)} bcm" not in told["text"] or "(median)" not in told["text"]:
        yield f"no median of {_amount(value)} bcm"
    if f"{_amount(low)} – {_amount(high)}" not in told["said"].get("interval", ""):
        yield f"the ends are not {_amount(low)} – {_amount(high)}"
    if "% chance" not in told["text"] or "if it does" not in told["text"]:
        yield "a volume without the chance that it comes"


def unsaid(shown: dict[str, Any], cell: xr.Dataset, days: int) -> list[str]:
    """Return a sentence for each qualifier of a cell that a door leaves out.

    Parameters
    ----------
    shown : dict
        What `READ` returns.
    cell : Dataset
        The flow cube at the route and period.
    days : int
        Of the period.
    """
    ways = (_panel, _cited, _tip, _label, _bar, _table, _line)
    must = _must(cell, days)
    return [f"{way.__name__[1:]}: {told}" for way in ways for told in way(shown, cell, must, days)]


def _number(value: float, digits: int = 2) -> str:
    return f"{abs(value):,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _must(cell: xr.Dataset, days: int) -> dict[str, dict[str, str]]:
    """Return the words that must go with each number of a cell, by kind; a pattern where in slashes."""
    held = {key: float(cell[name]) for key, name in SHARES.items()}
    word = {name: str(cell[name].item()) for name in
            ("status", "reported_status", "capacity_kind", "price_status")}  # fmt: skip
    share = float(cell["coverage"])
    sure = word["status"] == "balanced"
    moves = not math.isnan(held["value"]) and round(held["value"], 3) != 0
    part = f"{round(share * days)} of {days} days" if 0 < share < WHOLE else ""
    kinds = "; ".join(KINDS[kind] for kind in KINDS if kind in word["capacity_kind"].split(";"))
    dated = r"evidence of \d{4}"
    lone = sure and not cell["sources"].item()
    seen = {"own": r"no figure of its own; facts to \d{4}"} if lone else {"age": dated}
    # of no gas there is no price: its revenue stands on the flow alone
    both = dict.fromkeys(filter(None, [word["status"], word["price_status"]]))
    must = {
        "value": {"basis": "at 20 °C", "status": word["status"], **seen,
                  "interval": _ends(cell, "flow", 2) if sure and moves else "",
                  "coverage": "" if sure else part},
        "reported": {"basis": "at 20 °C", "status": word["reported_status"], "age": dated,
                     "coverage": part},
        "limit": {"basis": "at 20 °C", "kind": kinds, "age": dated},
        "share": {"kind": kinds, "status": word["status"], "age": dated},
        "price": {"basis": "at 20 °C", "status": word["price_status"], "age": dated,
                  "interval": _ends(cell, "price", 0)},
        "revenue": {"status": ", ".join(both), "age": dated,
                    "interval": _worth(cell) if sure and moves else ""},
    }  # fmt: skip
    if not (sure and moves):
        del must["reported"]  # it is the number itself
    return {
        key: {kind: words for kind, words in said.items() if words}
        for key, said in must.items()
        if not math.isnan(held[key]) and not (math.isnan(held["value"]) and key != "limit")
    }


def _ends(cell: xr.Dataset, name: str, digits: int) -> str:
    low, high = (float(cell[f"{name}_{end}"]) for end in ("p10", "p90"))
    return "" if math.isnan(low) else f"P10–P90: {_number(low, digits)} – {_number(high, digits)}"


def _worth(cell: xr.Dataset) -> str:
    """Return the interval of flow times price: their distances to an end, squared and added."""
    flow, price, revenue = (float(cell[name]) for name in ("flow", "price", "revenue"))
    ends = []
    for end, side in (("p10", -1), ("p90", 1)):
        by_flow = (float(cell[f"flow_{end}"]) - flow) * price
        by_price = (float(cell[f"price_{end}"]) - price) * flow
        ends.append(revenue + side * math.hypot(by_flow, 0 if math.isnan(by_price) else by_price))
    return (
        "" if math.isnan(sum(ends)) else f"P10–P90: {_number(ends[0], 0)} – {_number(ends[1], 0)}"
    )


def _holds(words: str, text: str | None) -> bool:
    """Tell whether a text holds the words; edges of an interval within a unit of the last digit."""
    if words.startswith("P10"):
        asked, told = (_edges(words), _edges(text or ""))
        unit = 10.0 ** -(len(words.split(".")[-1]) if "." in words else 0)
        return (
            len(told) == 2
            and max(abs(a - b) for a, b in zip(asked, told, strict=True)) < 1.01 * unit
        )
    return bool(text) and re.search(words if "\\d" in words else re.escape(words), text) is not None


def _edges(text: str) -> list[float]:
    found = re.search(r"P10–P90: ([\d.\u2009\u202f\xa0]+) – ([\d.\u2009\u202f\xa0]+)", text)
    return (
        [float(re.sub(r"[\u2009\u202f\xa0]", "", part)) for part in found.groups()] if found else []
    )


def _panel(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    for key, said in must.items():
        told = shown["figures"].get(key, {"said": {}})["said"]
        for kind, words in said.items():
            if not _holds(words, told.get(kind)):
                yield f"{key} without its {kind}: {words!r}, not {told.get(kind)!r}"
    if not re.search(r"\d{4} Q\d \(", shown["period"]):
        yield "no period"


def _cited(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    if "value" not in must:
        return
    for kind, words in must["value"].items():
        if kind != "age" and not _holds(words, shown["cited"]):
            yield f"no {kind}: {words!r}"
    ids = () if "own" in must["value"] else (r"Id [A-Z]+\d{4}",)
    for words in (r"\d{4} Q\d \(", r"as of \d{4}-\d\d-\d\d", *ids):
        if not re.search(words, shown["cited"]):
            yield f"no {words}"


def _tip(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    told = {**must.get("value", {}), **{"kind": must.get("share", {}).get("kind", "")}}
    for kind, words in told.items():
        if words and not _holds(words, shown["tip"]):
            yield f"no {kind}: {words!r}"
    if not re.search(r"\d{4} Q\d \(", shown["tip"]):
        yield "no period"


def _label(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    for kind, words in must.get("value", {}).items():
        if kind in ("status", "interval", "coverage") and not _holds(words, shown["label"]):
            yield f"no {kind}: {words!r}"


def _bar(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    for kind, words in must.get("value", {}).items():
        if kind in ("status", "interval", "coverage") and not _holds(words, shown["bar"]):
            yield f"no {kind}: {words!r}"


COLUMNS = {  # column of the table: which number and kind of qualifier it holds
    "grade": ("value", "status"), "coverage": ("value", "coverage"), "seen": ("value", "age"),
    "reported-grade": ("reported", "status"), "reported-part": ("reported", "coverage"),
    "kind": ("limit", "kind"), "price-grade": ("price", "status"),
}  # fmt: skip


def _table(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    for column, (key, kind) in COLUMNS.items():
        kind = "own" if column == "seen" and "own" in must.get("value", {}) else kind
        words = must.get(key, {}).get(kind, "").replace("evidence of ", "")
        if words and not _holds(words, shown["row"].get(column)):
            yield f"{key} without its {kind}: {words!r}, not {shown['row'].get(column)!r}"
    for edge, end in (("low", "p10"), ("high", "p90")):
        told = re.sub(r"[^\d.]", "", shown["row"].get(edge, "")) or "nan"
        away = abs(float(told) - abs(float(cell[f"flow_{end}"])))
        if "interval" in must.get("value", {}) and not away < 0.0101:
            yield f"value without its {end}"
    for key in ("value", "reported", "limit", "price", "revenue"):
        if key in must and not re.search(r"bcm at 20 °C|USD", shown["heads"].get(key, "")):
            yield f"no unit above {key}"
    if not re.search(r"\d{4} Q\d .*As of \d{4}-\d\d-\d\d", shown["caption"]):
        yield "the caption does not say of when"


def _line(shown: dict, cell: xr.Dataset, must: dict, days: int) -> Iterator[str]:
    flow, share = float(cell["flow"]), float(cell["coverage"])
    if math.isnan(flow) or round(flow, 3) == 0:
        return
    part = "coverage" in must.get("value", {})
    rate = abs(flow) * 0.8 * (days / round(share * days) if part else 1)  # 0.2 px a bcm/yr
    if abs(shown["drawn"]["width"] - max(1.2, rate)) > 0.01:
        yield f"as wide as {shown['drawn']['width']}, of the known days {rate:.2f}"
    if part and not shown["drawn"]["dash"]:
        yield "a part of a period is drawn as if it were whole"
