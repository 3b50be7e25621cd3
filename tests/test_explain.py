"""Provenance: each number that is shown is made again, from the figures as published."""

from __future__ import annotations

import dataclasses
import io
import json
import re

import crawler
import numpy as np
import pandas as pd
import pytest
import qualified
import xarray as xr
from upstream import Upstream

from energy import build, cli, facts, flows
from energy.balance import kept
from energy.errors import PeriodError, UnknownName
from energy.intake import notes, update
from energy.measure import periods
from energy.provenance import explain
from energy.publish import pictures
from energy.store import Store
from energy.tracker import Tracker
from geodata.draw.sharing import share, unshare

pytestmark = pytest.mark.slow


def by_quantity(steps: pd.DataFrame) -> pd.Series:
    return steps.groupby("quantity")["part"].sum()


def test_a_quarter_out_of_a_years_figure(tiny):
    """12 bcm in 2021, 2 of them in January; the other eleven months share 10 by their days."""
    parts = flows.parts(tiny, "pipe", "2021Q1", "2021Q1")
    assert parts["id"].tolist() == ["V0003", "V0002", "V0002"]
    assert parts["taken"].tolist()[0] == 0
    days = 31 + 28 + 31 + 30 + 31 + 30 + 31 + 31 + 30 + 31 + 30 + 31
    third = parts["taken"].iloc[1]  # January, and the third quarter's half-covered figure
    assert third == pytest.approx(3.0)
    expected = (12 - 3) * 28 / (days - 31 - 92)
    assert parts["part"].iloc[1] == pytest.approx(expected)


def test_energy_becomes_volume_by_the_stated_calorific_value(tiny):
    parts = flows.parts(tiny, "exit", "2021", "2021")
    assert parts["bcm"].unique() == pytest.approx([10.0])
    assert parts["part"].sum() == pytest.approx(10.0)
    assert set(parts["unit"]) == {"TWh"}


def test_a_closed_month_names_the_fact_that_closes_it(tiny):
    parts = flows.parts(tiny, "corridor", "2021-08", "2021-08")
    assert parts[["id", "part"]].to_numpy().tolist() == [["R0005", 0.0]]


@pytest.mark.parametrize(
    ("route", "period"),
    [("power-of-siberia-1", "2024Q1"), ("nord-stream-1", "2021"), ("turkstream-2", "2025Q4"),
     ("nord-stream-1", "2023Q1"), ("blue-stream", "GY2023"), ("ukraine-slovakia", "2020Q2"),
     ("yamal-europe", "2019-07")],
)  # fmt: skip
def test_the_steps_add_up_to_the_cell(tracker, route, period):
    freq = periods.parse(period).freq
    cell = tracker.flows(route, freq=freq, first=period, last=period).squeeze()
    sums = by_quantity(tracker.explain(route, period))
    for name in ("flow", "capacity", "revenue"):
        if np.isfinite(cell[name]) and (name != "revenue" or freq != "M"):
            assert sums[name] == pytest.approx(float(cell[name]), rel=1e-9, abs=1e-12), name
    named = {n for ids in tracker.explain(route, period)["id"] for n in ids.split(";")}
    assert {name for name in str(cell["sources"].values).split(";") if name} <= named
    assert not tracker.cite(sorted(named)).empty


def test_a_step_says_what_was_done(tracker):
    steps = tracker.cite("turkstream-2@2022Q1")
    balanced = steps[steps["quantity"] == "flow"]
    assert (balanced["how"] == explain.BALANCED).all() and len(balanced) == 3
    told = steps.loc[steps["quantity"] == "reported", "how"].iloc[0]
    assert re.search(r"\d [TG]Wh GCV = [\d.]+ bcm at 20 °C", told)


def test_unknown_route_and_period(tracker):
    with pytest.raises(UnknownName, match="blue-stream"):
        tracker.explain("blue-steam", "2024Q1")
    with pytest.raises(PeriodError, match="2024Q5"):
        tracker.cite("blue-stream@2024Q5")
    with pytest.raises(PeriodError, match="No flow between"):
        tracker.explain("blue-stream", "1950")


def test_on_the_command_line(tracker, capsys):
    """31.12 bcm were published for 2024; the balance, which is shown, bears them out."""
    assert cli.main(["cite", "power-of-siberia-1@2024"]) == 0
    steps = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert by_quantity(steps)["reported"] == pytest.approx(31.12)
    made = kept.result(tracker.facts).table("power-of-siberia-1", "A").loc["2024-01-01"]
    assert by_quantity(steps)["flow"] == pytest.approx(made["flow"])
    assert made["p10"] < 31.12 < made["p90"]
    capacity = steps[steps["quantity"] == "capacity"]
    assert capacity["value"].tolist() == [30.0, 38.0]
    assert capacity["share"].sum() == pytest.approx(1.0)


# -- other addresses: markets, accounts, projections ----------------------------------------------


def test_derived_numbers_say_so_and_add_up(tracker):
    """Power of Siberia 1, first quarter of 2024: flow over capacity, capacity less flow."""
    steps = tracker.explain("power-of-siberia-1", "2024Q1")
    sums = by_quantity(steps)
    assert sums["utilisation"] == pytest.approx(sums["flow"] / sums["capacity"])
    assert sums["idle"] == pytest.approx(sums["capacity"] - sums["flow"])
    assert sums["coverage"] == pytest.approx(1.0)
    derived = steps["quantity"].isin(["utilisation", "idle", "coverage", "revenue", "netback"])
    assert steps.loc[derived, "how"].str.startswith("derived: ").all()
    left = tracker.money.netback("power-of-siberia-1", "2024Q1")
    assert sums["netback"] == pytest.approx(left["usd"].iloc[-1])


def test_a_half_covered_quarter_has_no_utilisation(tiny):
    """``pipe`` in 2021Q3: half of the quarter's days are told, so neither ratio is known."""
    cube = flows.build(tiny)
    cube = cube.assign(price=cube["flow"] * np.nan)
    tables = tiny | {"tariffs": pd.DataFrame(columns=["item", "status"]),
                     "charges": facts.load()["charges"],
                     "fx": pd.DataFrame(columns=["kind", "period", "value"])}  # fmt: skip
    tables["routes"] = tiny["routes"].assign(via="")
    prices = pd.DataFrame(columns=["market", "period", "price", "unit", "status", "id", "reason"])
    prices["period"] = pd.to_datetime(prices["period"])
    sums = by_quantity(explain.explain(tables, cube, prices, "pipe", "2021Q3"))
    assert sums["coverage"] == pytest.approx(0.5)
    assert set(sums.index) == {"flow", "coverage", "capacity"}


def test_a_market_is_the_sum_of_its_routes(tracker):
    steps = tracker.cite("turkey@2024")
    parts = steps.loc[steps["quantity"] == "flow", "id"]
    assert set(parts) == {"turkstream-1@2024", "blue-stream@2024"}
    assert steps["part"].sum() == pytest.approx(
        float(tracker.markets().loc["turkey", "2024"].iloc[0])
    )
    abroad = tracker.cite("all@2023")["id"].tolist()
    assert "power-of-siberia-1@2023" in abroad and "minsk-kaliningrad@2023" not in abroad


def test_a_line_of_the_accounts_leads_to_its_figure(tracker):
    """Gazprom's net loss of 2023, as printed: 629.1 billion roubles."""
    steps = tracker.cite("net_profit_attributable@2023")
    mine = (steps["quantity"] == "IFRS net_profit_attributable, group") & (
        steps["unit"] == "RUB bn"
    )
    (row,) = steps[mine].to_dict("records")
    assert row["value"] == row["part"] == pytest.approx(-629, abs=0.5)
    assert not tracker.cite(row["id"]).empty
    with pytest.raises(PeriodError, match="'ebitda' has no figure for '1999'; it has one for"):
        tracker.cite("ebitda@1999")


def test_a_projected_number_leads_to_its_assumptions_and_seed(tracker):
    steps = tracker.cite("eu-ban-softened/turkstream-2/2030Q1")
    flow = steps[steps["quantity"] == "flow p50"].iloc[0]
    assert flow["part"] > 0 and "seed 0" in flow["how"] and "derived" in flow["how"]
    told = steps.loc[steps["quantity"] == "assumption", "how"]
    assert told.str.startswith("question.eu-ban.answer.softened").any()
    assert not told.str.startswith("question.eu-ban.answer.kept").any()
    assert not told.str.contains("power-of-siberia-2").any()
    named = set(steps["id"]) - {""}
    assert named and named <= set(tracker.sources["source"])
    year = tracker.cite("eu-ban-softened/turkstream-2/2030")
    assert year.loc[year["quantity"] == "flow p50", "part"].iloc[0] > flow["part"]


def test_a_projection_that_is_not_there(tracker):
    with pytest.raises(UnknownName, match="baseline"):
        tracker.cite("base/turkstream-2/2030Q1")
    with pytest.raises(UnknownName, match="Unknown route 'ukraine-poland'"):
        tracker.cite("baseline/ukraine-poland/2030Q1")
    with pytest.raises(PeriodError, match="Nothing is projected for '2055Q1'; it is for 2026Q1 to"):
        tracker.cite("baseline/turkstream-2/2055Q1")


def test_the_id_of_a_feature_is_the_address_of_its_cell(tracker):
    pd.testing.assert_frame_equal(
        tracker.cite("blue-stream/2024Q1"), tracker.explain("blue-stream", "2024Q1")
    )


# -- the crawler: a built release, number by number ------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    build.build(folder)
    return folder


@pytest.fixture(scope="module")
def book(tracker):
    return crawler.Book(tracker)


def test_every_number_of_a_release_is_made_again_from_published_figures(built, book):
    assert crawler.faults(built, book) == []


def test_every_file_of_a_release_is_read(built):
    """What is left holds no figure: checksums, the schema, styles."""
    names = {path.name for path in built.rglob("*") if path.is_file()}
    left = names - set(crawler.READERS)
    assert set(crawler.READERS) <= names
    assert {re.sub(r"^\w+(?=\.(qml|kepler))", "*", name) for name in left} == {
        "checksums.txt",
        "datapackage.json",
        "*.qml",
        "*.kepler.json",
    }


def test_every_published_figure_is_given_out_whole(book):
    """What shorter figures tell of an interval and what is spread add up to the figure.

    Beside a balanced flow the steps of the published figures are those of ``reported``.
    """
    told = book.steps["quantity"].isin(["flow", "reported"]) & (book.steps["id"] != "")
    flow = book.steps[told & book.steps["value"].notna()]
    assert flow["id"].nunique() > 600
    # what a figure tells of an inner interval is taken from it where the outer one is told
    tiers = flow.assign(tier=flow["taken"].round(9)).groupby(["id", "tier"])
    given = tiers["part"].sum() + tiers["taken"].first()
    assert np.allclose(given, tiers["bcm"].first(), rtol=1e-9, atol=1e-9)


def test_every_id_of_a_release_leads_to_a_document(tracker, book, built):
    page = {record["text"] for record in crawler.page_data(built)["flow_lines"]["records"]}
    accounts = set(tracker.financials("IFRS")["id"])
    ids = {part for text in book.steps["id"] for part in text.split(";") if part}
    assert len(ids) > 400
    table = tracker.cite(sorted(ids | page | accounts))
    assert set(table["id"]) == ids | page | accounts
    for column in ("title", "source", "retrieved", "evidence", "licence"):
        assert (table[column] != "").all(), column
    assert set(table["sha256"]) == {""}  # no document of the package is kept, so no digest is shown
    assert ((table["url"] != "") | (table["page"] != "")).all()


@pytest.fixture
def spoiled(built, tmp_path):
    """Return a function that writes a text or JSON of a copied release anew, with a mistake."""
    folder = tmp_path / "release"

    def spoil(name: str, change):
        (source,) = built.rglob(name)
        target = folder / source.relative_to(built)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        new = change(text)
        assert new != text
        target.write_text(new, encoding="utf-8")
        return folder

    return spoil


def in_page(change):
    """Return a change of the page's text that changes the data of its lines."""

    def changed(text: str) -> str:
        form = r'(<script type="application/json" id="flow_lines_\d+_data">)(.*?)(</script>)'
        head, data, tail = re.search(form, text, re.S).groups()
        made = unshare(json.loads(data))
        lines = {line["id"]: line for line in made["lines"]}
        change(made, lines)
        return text.replace(head + data + tail, head + json.dumps(share(made)) + tail)

    return changed


def in_layer(route: str, **values):
    def changed(text: str) -> str:
        made = json.loads(text)
        row = next(f["properties"] for f in made["features"] if f["properties"]["route"] == route)
        row |= values
        return json.dumps(made)

    return changed


PLANTED = [
    ("summary.md", lambda text: text.replace("1,226", "1,227"), "RUB bn 2022: 1227 is shown"),
    ("summary.md", lambda text: text.replace("| 59.2 |", "| 59.3 |", 1), "nord-stream-1 2020"),
    ("summary.md", lambda text: text.replace("| 193.8 |", "| – |"), "all exports 2015: nan is"),
    ("summary.md", lambda text: text + "About 17 pipes.", "17 in the words has no rule"),
    ("flows_quarterly.geojson", in_layer("blue-stream", netback=1.0), "blue-stream/.* netback"),
    ("routes.geojson", in_layer("blue-stream", nameplate=17), "blue-stream nameplate: 17 is"),
    ("routes.geojson", in_layer("blue-stream", tariff=17), "numbers of tariff have no rule"),
    ("projections_quarterly.geojson", in_layer("blue-stream", flow_p90=1.0), "flow_p90: 1 is"),
]


@pytest.mark.parametrize(("file", "change", "message"), PLANTED)
def test_a_planted_wrong_number_is_found(spoiled, book, file, change, message):
    found = crawler.faults(spoiled(file, change), book, [file])
    assert len(found) == 1
    assert re.search(message, found[0])


def test_wrong_numbers_planted_in_the_page_are_found(spoiled, book):
    """One in each kind of number: a series, a panel, a projection, a reference, a stranger."""

    def change(page, lines):
        line = lines["blue-stream"]
        for series in ("value", "limit", "share", "price", "revenue"):
            line["series"][series]["v"][-1] += 1
        line["heat"] = 11.0
        line["facts"].append(["Capacity now", "17 bcm/yr"])
        line["ahead"][0]["base"]["value"]["mid"]["v"][-1] += 1
        record = page["records"][0]
        record["source"] = (record["source"] + 1) % len(page["sources"])  # another document
        page["units"][1]["factor"] = 1.0
        page["tariff"] = 3
        newest = page["fresh"][0]
        newest["source"] = (newest["source"] + 1) % len(page["sources"])

    found = crawler.faults(spoiled("atlas.html", in_page(change)), book, ["atlas.html"])
    messages = [
        *(f"blue-stream \\d{{4}}Q\\d {s}: " for s in ("value", "limit", "share", "price", "revenue")),
        "panel, heat: 11 is shown, 10.*is made", "Capacity now: 17 is shown, 16 is made",
        "blue-stream/2040Q4 value mid", r": \w+ leads to", "factor of bcm15: 1 is", "tariff has no rule",
        "newest of .* leads to",
    ]  # fmt: skip
    assert [sum(bool(re.search(text, line)) for line in found) for text in messages] == [1] * 12
    assert len(found) == 12


# -- the crawler of qualifiers ---------------------------------------------------------------------


NEW = pd.DataFrame({
    "change": ["new", "new"], "series": ["flow", "imports"], "entity": ["turkstream-2", "turkey"],
    "period": ["2026Q3", "2026-07"], "freq": ["Q", "M"], "source": ["entsog", "epdk"],
    "unit": ["GWh", "mcm"], "basis": ["GCV", "15C"], "old": [np.nan] * 2, "new": [4.5e4, 1500.0], "by": [np.nan] * 2,
    "percent": [np.nan] * 2, "age": [0, 1],
})  # fmt: skip
ASKED = pd.DataFrame({
    "source": ["entsog", "epdk"], "outcome": ["new", "new"], "asked": 1, "kept": 1, "told": "",
    "what": "", "stale": False, "newest": "2026-09-30", "age": 5,
})  # fmt: skip


@pytest.fixture(scope="module")
def doors(built, tracker):
    """Return what a release and the front door show, with a part of a quarter and a zero in it."""
    cube, published = tracker.flows(), tracker.flows(estimate="reported")
    layer = json.loads((built / "layers" / "flows_quarterly.geojson").read_text(encoding="utf-8"))
    made = tracker.routes
    at = made.index.get_loc("blue-stream"), cube.get_index("period").get_loc("2026-01-01")
    note = notes.release_note("2026Q3", "2026-11-28", "apply", ASKED, NEW.iloc[:0], NEW,
                               pd.DataFrame(columns=["id", "reason"]))  # fmt: skip
    with xr.open_dataset(built / "layers" / "flows.nc", engine="h5netcdf") as held:
        kept_cube = held.load()
    return qualified.Doors(
        truth=cube,
        page=crawler.page_data(built)["flow_lines"],
        summary=(built / "summary.md").read_text(encoding="utf-8"),
        layer=[feature["properties"] for feature in layer["features"]],
        cube=kept_cube,
        markets=tracker.markets(),
        exports=tracker.exports(),
        citation=pd.concat([tracker.cite("blue-stream@2026Q1"), tracker.cite("nord-stream-1@2025Q4")]),
        labels={name: pictures._amount(pictures._look(made, told, at[1], at[0]), told)
                for name, told in (("reported", published), ("balanced", cube))},
        note=note,
    )  # fmt: skip


def test_every_number_shown_carries_its_qualifiers(doors):
    assert qualified.lacking(doors) == []


def line_of(page, route="blue-stream"):
    return next(line for line in page["lines"] if line["id"] == route)


def less(doors, **changed):
    return dataclasses.replace(doors, **changed)


def on_page(change):
    """Leave something out of a copy of the page's data."""

    def changed(doors):
        page = doors.page | {"lines": [dict(line) for line in doors.page["lines"]]}
        change(page, line_of(page))
        return less(doors, page=page)

    return changed


def in_row(route="blue-stream", **gone):
    """Leave something out of the newest row of a route in the layer."""

    def changed(doors):
        rows = [dict(row) for row in doors.layer]
        rows[max(i for i, row in enumerate(rows) if row["route"] == route)] |= gone
        return less(doors, layer=rows)

    return changed


def unsaid(door, words, by=""):
    return lambda doors: less(doors, **{door: re.sub(words, by, getattr(doors, door))})


def without_attribute(door, name):
    def changed(doors):
        held = getattr(doors, door).copy()
        held.attrs = {key: value for key, value in held.attrs.items() if key != name}
        return less(doors, **{door: held})

    return changed


def citing(**gone):
    return lambda doors: less(doors, citation=doors.citation.assign(**gone))


OMISSIONS = [  # door by door: what is left out, and the words that name it
    (on_page(lambda page, line: line.update(days=None)), "page: blue-stream 2026-01 does not say how many days"),
    (on_page(lambda page, line: line.update(band=None)), "page: blue-stream 2025-10 has no low end"),
    (on_page(lambda page, line: line.update(grade=None)), "page: blue-stream 2025-10 has no grade"),
    (on_page(lambda page, line: line.update(state=None)), "page: blue-stream 2025-10 has no state"),
    (on_page(lambda page, line: line.update(refs=line["refs"] | {"value": None})),
     "page: blue-stream 2025-10 leads to no"),
    (on_page(lambda page, line: line.update(series=line["series"] | {"reported": None})),
     "page: blue-stream 2025-10 stands without"),
    (on_page(lambda page, line: line.update(kind=None)), "page: blue-stream 2025-10 does not say what its util"),
    (on_page(lambda page, line: line.update(grades=line["grades"] | {"reported": None})),
     "page: blue-stream 2025-10 does not say what the published"),
    (on_page(lambda page, line: page.pop("as_of")), "page: no day of the facts"),
    (unsaid("summary", r"(\| blue-stream .*) \*", r"\1"), "summary: blue-stream 2026 is not marked"),
    (unsaid("summary", r"## By market, P10–P90(.|\n)*?(?=## Util)"), "summary: europe stands without its interval"),
    (unsaid("summary", r"(?<=## Revenue, P10–P90)(.|\n)*?(?=## Gaz)", "\n\n"),
     "summary: power-of-siberia-1 2024 earned something without"),
    (in_row(revenue_p90=None), "layer: blue-stream/2026Q2 has no interval of its revenue"),
    (lambda doors: less(doors, cube=doors.cube.drop_vars("revenue_p10")), "cube: no revenue_p10"),
    (unsaid("summary", r"(?<= \| 1\d\d) k(?= )"),
     "summary: power-of-siberia-1 does not say what its utilisation is a share of"),
    (unsaid("summary", r"\| yamal-europe \| 2026 .*\n"), "summary: yamal-europe stands at zero without the day"),
    (unsaid("summary", "20 °C"), "summary: the head does not say '20 °C'"),
    (in_row(coverage=None), "layer: blue-stream/2026Q2 has no coverage"),
    (in_row(figure_status=""), "layer: blue-stream/2026Q2 has no figure_status"),
    (in_row("yamal-europe", figure_date=""), "layer: yamal-europe/2026Q2 has no figure_date"),
    (in_row("turkstream-2", reported_status=""), "layer: turkstream-2/2026Q2 does not say what the pub"),
    (in_row(flow_p90=None), "layer: blue-stream/2026Q2 has no interval"),
    (in_row(capacity_kind=""), "layer: blue-stream/2026Q2 does not say what its utilisation is a share of"),
    (without_attribute("cube", "basis"), "cube: no basis"),
    (lambda doors: less(doors, cube=doors.cube.drop_vars("coverage")), "cube: no coverage"),
    (without_attribute("markets", "as_of"), "markets: no as_of"),
    (lambda doors: less(doors, exports=doors.exports.drop(columns="whole")), "exports: no whole"),
    (citing(basis=""), "citation: a figure without its basis"),
    (citing(how="a stated zero; the balance"), "citation: the zero of 2025-10-01 does not say since when"),
    (lambda doors: less(doors, labels=doors.labels | {"reported": "≈ 18.4 bcm/yr"}),
     "labels: a part of a quarter is not called one"),
    (lambda doors: less(doors, labels=doors.labels | {"balanced": "17.2 bcm/yr"}),
     "labels: a balanced rate has no interval"),
    (unsaid("note", r"\| unit (?=\|)", "| measure "), "note: new figures without their unit"),
]  # fmt: skip


@pytest.mark.parametrize(("leave_out", "named"), OMISSIONS, ids=[named for _, named in OMISSIONS])
def test_a_planted_omission_is_found(doors, leave_out, named):
    assert any(told.startswith(named) for told in qualified.lacking(leave_out(doors)))


def test_figures_of_an_update_lead_to_the_bytes_that_were_fetched(tracker, tmp_path, monkeypatch):
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path))
    store = Store.open()
    with Upstream() as server, server.client() as client:
        update.run("2026Q3", "apply", store, client=client, only=["entsog"], sleep=lambda s: None,
                   tables=tracker.facts)  # fmt: skip
    now = Tracker(update.overlay(tracker.facts, store), tracker.lines)
    ids = str(now.flows("turkstream-2", first="2026Q3", last="2026Q3")["sources"].item())
    cited = now.cite(ids)
    assert (cited["retrieved"].str[:4] >= "2026").all()
    for row in cited.itertuples():
        for digest in row.sha256.split(";"):
            assert store.raw(digest[:16]).sha256 == digest
        assert "entsog" in row.url
    steps = now.explain("turkstream-2", "2026Q3")
    assert by_quantity(steps)["flow"] == pytest.approx(
        float(now.flows("turkstream-2", first="2026Q3", last="2026Q3")["flow"].squeeze())
    )
