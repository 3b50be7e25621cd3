"""The update fills the table: who renews what, and answers replayed make every live route move."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import samples
import upstream
import xarray as xr
from samples import RETRIEVED

from energy import flows, sources
from energy.intake import derive, filled, fills, infer
from energy.measure import periods
from energy.sources import SOURCES, KeyMissing, epdk, ksh, siat, taldau
from energy.sources.reading import answer_of
from energy.store import Store

LIVE = ["power-of-siberia-1", "turkstream-2", "turkstream-1", "blue-stream", "central-asia-center",
        "minsk-kaliningrad"]  # fmt: skip
"""All routes with a share in the fill matrix but the one through Ukraine, which ended with 2024."""


TEN = [f"{year}Q{q}" for year in (2024, 2025, 2026) for q in (1, 2, 3, 4)][:10]
"""2024Q1 to 2026Q2: what the update would have brought since the metered days ended."""


def gathered(quarters):
    """Return what the sources say of quarters, through their own readers."""
    kept = {}

    def fetch(request):
        if request.url not in kept:
            parts = urlsplit(request.url)
            kept[request.url] = (
                upstream.entsog(parts.path, parse_qs(parts.query), busy=True)  # all live points
                if request.source == "entsog"
                else upstream.answer(parts.netloc, f"{parts.path}?{parts.query}")
            )
        reply = kept[request.url]
        return answer_of(request, reply.body, status=reply.status,
                         headers={"content-type": reply.type, "content-length": str(len(reply.body))},
                         retrieved=RETRIEVED)  # fmt: skip

    names = ["eurostat", "entsog", "comtrade", "epdk", "siat", "taldau", "ksh", "pinksheet"]
    tables = [table for name in names for period in quarters
              for _, table in sources.gather(SOURCES[name], period, fetch)]  # fmt: skip
    rows = pd.concat([table for table in tables if len(table)], ignore_index=True)
    return rows.drop_duplicates(["series", "entity", "period", "freq", "source", "basis"])


@pytest.fixture(scope="module")
def brought():
    return gathered(("2025Q4", "2026Q1"))


def laid(tables, rows):
    """Return the facts with what was derived laid over them, as `derive.overlay` does."""
    from energy import facts

    out = facts.Tables(tables)
    for name, new in derive.derive(rows, tables).items():
        key = "source" if name == "sources" else "id"
        out[name] = pd.concat([tables[name], new], ignore_index=True).drop_duplicates(key)
    return out


@pytest.mark.once
def test_replayed_answers_move_every_live_route(tracker, brought):
    before = flows.frame(flows.build(tracker.facts, "Q")["flow"])
    after = flows.frame(flows.build(laid(tracker.facts, brought), "Q")["flow"])
    quarter = pd.Timestamp("2026-01-01")
    old = before[quarter].reindex(LIVE) if quarter in before else pd.Series(index=LIVE, dtype=float)
    new = after.loc[LIVE, quarter]
    assert new.notna().all()
    assert ((new - old).abs().fillna(1.0) > 1e-6).all()


@pytest.mark.slow
def test_ten_quarters_replayed_move_every_live_route_in_each(tracker):
    rows = gathered(TEN)
    made = derive.published(rows, tracker.facts).query("series == 'flow'")
    brought = set(zip(made["entity"], made["period"], strict=True))
    assert {(route, quarter) for route in LIVE for quarter in TEN} <= brought
    before = flows.frame(flows.build(tracker.facts, "Q")["flow"])
    after = flows.frame(flows.build(laid(tracker.facts, rows), "Q")["flow"])
    starts = [periods.parse(quarter).start for quarter in TEN]
    shown = after.loc[LIVE, pd.DatetimeIndex(starts)]
    old = before.reindex(columns=shown.columns).loc[LIVE]
    assert shown.notna().all(axis=None)
    assert ((shown - old).abs().fillna(1.0) > 1e-6).all(axis=None)


def test_china_is_the_customs_value_over_the_fitted_price(tracker, brought):
    """Value of January to March 2026: 701 + 702 + 703 million USD; the price is the formula's."""
    rows = derive.published(brought, tracker.facts)
    row = rows[(rows["entity"] == "power-of-siberia-1") & (rows["period"] == "2026Q1")].iloc[0]
    price = float(row["note"].split("price of ")[1].split(" ")[0])
    assert row["value"] == pytest.approx(2106 / price, rel=0.003)
    assert (row["status"], row["unit"], row["basis"], row["source"]) == (
        "modelled",
        "bcm",
        "20C",
        "comtrade",
    )
    assert re.search(r"error \d+\.\d %$", row["note"]) and row["coverage"] == 1


def test_turkey_is_split_as_before_and_adds_up(tracker, brought):
    share, spread = infer.split_of_turkey(tracker.facts["volumes"])
    # 2023: 11.95 of 20.55; 2024: 12.14 of 21.08 (IEA, 15C)
    assert share == pytest.approx((11.95 / 20.55 + 12.14 / 21.08) / 2, abs=1e-6)
    assert spread == pytest.approx((11.95 / 20.55 - 12.14 / 21.08) / 2, abs=1e-6)
    rows = derive.published(brought, tracker.facts)
    mine = rows[
        (rows["series"] == "flow") & (rows["period"] == "2026Q1") & (rows["source"] == "epdk")
    ]
    assert set(mine["entity"]) == {"blue-stream", "turkstream-1"}
    # what the regulator's table of the loopback server says of the three months, in million Sm3
    months = [upstream._imports("G3000", "RU", "TR", f"2026-0{m}", "MIO_M3") for m in (1, 2, 3)]
    assert mine["value"].sum() == pytest.approx(sum(months) / 1000, abs=1e-5)


def test_a_weight_becomes_a_volume(tracker, brought):
    """Uzbekistan: 401 + 402 + 403 kt over 0.724 kg/m3 is 1.6657 bcm at 20 °C."""
    rows = derive.published(brought, tracker.facts)
    mine = rows[(rows["entity"] == "central-asia-center") & (rows["period"] == "2026Q1")]
    row = mine.set_index("source").loc["comtrade"]
    assert row["value"] == pytest.approx(1.6657, abs=1e-4) and row["status"] == "modelled"


def test_statistics_of_three_countries_become_imports_and_the_flow_of_one_line(tracker, brought):
    """First quarter of 2026: 3 times a level and 1 + 2 + 3 million m3: 1.506, 0.906 and 1.806 bcm."""
    rows = derive.published(brought, tracker.facts)
    quarter = rows[rows["period"] == "2026Q1"]
    bought = quarter[quarter["series"] == "imports_pipeline"].set_index(["source", "entity"])
    for key, bcm, basis in ((("siat", "uzbekistan"), 1.506, "20C"), (("taldau", "kazakhstan"), 0.906, "20C"),
                            (("ksh", "hungary"), 1.806, "15C")):  # fmt: skip
        row = bought.loc[key]
        assert row["value"] == pytest.approx(bcm) and (row["unit"], row["basis"]) == ("bcm", basis)
        assert row["coverage"] == 1
    line = quarter[
        (quarter["entity"] == "central-asia-center") & (quarter["source"] == "siat")
    ].iloc[0]
    assert line["value"] == pytest.approx(1.506) and line["status"] == "modelled"


def test_no_modelled_flow_outside_the_time_of_its_row(tracker, brought):
    late = brought[brought["series"] == "trade_value_pipeline"].assign(period="2027-01")
    rows = infer.inferred(derive.sums(late, tracker.facts["crosswalk"]), tracker.facts)
    assert len(rows) == 0


def test_the_sources_together_renew_nine_tenths_of_the_exports(tracker):
    matrix = fills.fills(tracker.facts)
    assert fills.renewable(matrix) >= 0.9
    routes = matrix[matrix["kind"] == "route"].drop_duplicates("name")
    assert routes["share"].sum() == pytest.approx(1)
    assert set(LIVE) <= set(routes["name"]) and "ukraine-slovakia" not in set(routes["name"])
    by_hand = matrix[matrix["kind"] == "account"]
    assert set(by_hand["how"]) == {"by hand"} and by_hand["lag"].isna().all()


def test_what_the_matrix_promises_is_what_the_readers_bring(tracker, brought):
    """Each route and source of the matrix that was asked gives a flow of that route."""
    rows = derive.published(brought, tracker.facts)
    made = set(zip(rows["entity"], rows["source"], strict=True))
    matrix = fills.fills(tracker.facts)
    asked = matrix[
        matrix["name"].isin(LIVE) & matrix["source"].isin(["entsog", "comtrade", "epdk", "siat"])
    ]
    assert len(asked) == 7
    assert set(zip(asked["name"], asked["source"], strict=True)) <= made


@pytest.mark.once
def test_what_is_filled_is_counted_by_part_and_standing(tracker):
    """Two routes by two quarters, one market by two; the grid of the accounts has 51 lines a year."""
    cube = xr.Dataset({"status": (("route", "period"), [["actual", "balanced"], ["", "balanced"]]),
                       "reported": (("route", "period"), [[1.0, float("nan")], [float("nan")] * 2])})  # fmt: skip
    markets = pd.DataFrame([[1.0, None]], index=["china"])
    table = filled.filled(tracker.facts, cube, markets, vintages=False)
    counts = table.set_index(["part", "what"])
    quarters = counts.loc["routes by quarter"]
    assert quarters["count"].to_dict() == {"actual": 1, "balanced": 2, "published figure": 1}
    assert set(quarters["of"]) == {4}
    assert counts.loc[("markets by quarter", "filled")].tolist() == [1, 2]
    assert counts.loc["accounts, IFRS 2014-2024", "count"].sum() == 11 * 51
    share = counts.loc[("update", "exported gas its sources can renew, %"), "count"]
    assert share == pytest.approx(100 * fills.renewable(fills.fills(tracker.facts)), abs=0.05)


def test_health_tells_what_is_late_and_what_was_never_asked(tmp_path, tracker):
    store = Store.open(tmp_path)
    asked = dt.datetime(2026, 7, 5, 6, tzinfo=dt.UTC)
    rows = SOURCES["ecb"].parse(samples.answer("ecb", "daily.csv", tag="USD-D", retrieved=asked))
    store.publish("ecb", "20260705T060000Z", rows)
    table = fills.health(store, dt.date(2026, 11, 28), tracker.facts).set_index("source")
    assert list(table.index) == list(SOURCES)
    assert table.loc["ecb", "state"] == "late" and table.loc["ecb", "due"] == "2026-10-02"
    assert table.loc["eurostat", "state"] == "never" and table.loc["inbox", "state"] == "by hand"
    assert "route turkstream-2" in table.loc["entsog", "fills"]


def test_freshness_is_told_per_series(tracker):
    table = fills.freshness(tracker.facts, dt.date(2026, 11, 28))
    assert {"route", "market", "price", "account"} == set(table["kind"])
    assert not table.duplicated(["kind", "name", "series"]).any()
    row = table[(table["kind"] == "route") & (table["name"] == "turkstream-2")].iloc[0]
    assert row["newest"] > "2026" and row["age"] > 0 and row["status"] not in ("plan", "contract")
    assert tracker.evidence.freshness("2026-11-28").equals(table)
    then = tracker.as_of("2024-05-16").evidence.freshness().set_index(["kind", "name", "series"])
    pos1 = then.loc[("route", "power-of-siberia-1", "flow")]
    assert (pos1["newest"], pos1["age"]) == ("2024-02-29", 77)  # the print of February 2024


def test_the_summary_tells_the_newest_figure_of_each_series(tracker):
    text = tracker.summary()
    part = text.partition("## Newest figure of each series")[2].partition("\n## ")[0]
    rows = dict(line.strip("| ").split(" | ", 1) for line in part.splitlines() if " | 20" in line)
    assert rows["route power-of-siberia-1"].startswith("2025-12-31 | actual | ")  # TASS, 13 January
    assert rows["account ebitda"].startswith("2025-09-30 | ")
    assert len(rows) == len(set(rows)) > 15
    assert min(int(text.rsplit(" ", 1)[1].replace(",", "")) for text in rows.values()) == 0


# -- the Turkish regulator -------------------------------------------------------------------------


def test_the_page_leads_to_the_newest_report_of_the_quarter():
    page = "".join(f'<a href="/D?id={n}"><b>{y} {m} Raporu</b></a>'
                   for n, (y, m) in enumerate([(2026, "Temmuz"), (2026, "Ağustos"), (2025, "Eylül")]))  # fmt: skip
    asked = epdk.request("2026Q3")[0]
    (found,) = epdk.more(answer_of(asked, page.encode(), headers={"content-type": "text/html"}))
    assert (found.tag, found.url) == ("tables-2026-08", "https://www.epdk.gov.tr/D?id=1")
    assert epdk.more(answer_of(asked, b"<html>none</html>")) == []


def test_the_report_is_read_by_its_words():
    found = epdk.parse(
        samples.answer("epdk", samples.report(), type=samples.XLSX, request=samples.REPORT)
    )
    russia = found[found["series"] == "import_regulator_ru"]
    assert russia[["period", "value"]].to_numpy().tolist() == [
        ["2026-07", 1447.2], ["2026-08", 1500.0], ["2026-09", 1390.5]]  # fmt: skip
    assert set(found["series"]) == {"import_regulator_ru", "import_regulator_total"}


# -- statistics of Uzbekistan, Kazakhstan and Hungary ----------------------------------------------


@pytest.mark.parametrize(
    ("source", "asked", "expected"),
    [
        ("siat", samples.INDICATOR, {"ru": [600.5, 590.25], "total": [900.5, 910.0, 880.25]}),
        ("taldau", samples.INDEX, {"ru": [350.25], "total": [400.5, 410.0]}),
        ("ksh", samples.STADAT, {"ru": [700.25], "total": [1012.5, 998.0]}),
    ],
)
def test_national_statistics_are_read_by_their_words(source, asked, expected):
    """Gaps stay gaps: null of August in the first, x (withheld) in the second, ".." in the third."""
    file = {"siat": "file.json", "taldau": "data.json", "ksh": "table.csv"}[source]
    found = SOURCES[source].parse(samples.answer(source, file, request=asked))
    values = {name: found.loc[found["series"] == f"import_statistics_{name}", "value"].tolist()
              for name in ("ru", "total")}  # fmt: skip
    assert values == expected
    assert found.attrs.get("withheld", []) == (["741880.643.2026-08"] if source == "taldau" else [])


def test_a_table_since_january_that_says_so_becomes_months():
    """Sums of 100 a month since January are months of 100; a month after a gap has none."""
    body = samples.indicator(samples.climbing).replace(
        b"natural gas by country", b"natural gas, cumulative"
    )
    found = siat.parse(samples.answer("siat", body, type=samples.JSON, request=samples.INDICATOR))
    assert found["value"].tolist() == [100.0] * 24
    holed = body.replace(b'"2024-M05": 500.0', b'"2024-M05": null')
    found = siat.parse(samples.answer("siat", holed, type=samples.JSON, request=samples.INDICATOR))
    assert not {"2024-05", "2024-06"} & set(found["period"]) and len(found) == 22


@pytest.mark.parametrize(
    ("module", "body", "type"),
    [
        (siat, b'[{"id": 1, "name_en": "Imports of liquefied natural gas"}]', samples.JSON),
        (taldau, '[{"id": 1, "text": "Импорт нефти"}]'.encode(), samples.JSON),
        (ksh, b'<html><a href="/stadat_files/ene/en/ene0001.html">Energy</a></html>', "text/html"),
    ],
)
def test_a_service_that_lists_no_such_table_is_skipped_and_says_so(module, body, type):
    answer = samples.answer(module.NAME, body, type=type)
    with pytest.raises(
        KeyMissing, match=r"^\w+: The service lists no \w+ .*it is looked for again"
    ):
        module.more(answer)


def test_a_descriptor_or_unit_that_is_not_what_it_should_be_is_refused():
    asked = samples.Request(
        "siat", "descriptor-7", "https://api.siat.stat.uz/sdmx/7/table/download/"
    )
    away = samples.answer_of(asked, b'{"file": "https://example.org/x.json"}')
    with pytest.raises(sources.SourceError, match="not on its own host"):
        siat.more(away)
    asked = samples.Request(
        "taldau", "attributes-7", "https://taldau.stat.gov.kz/ru/Api/GetIndexAttributes"
    )
    with pytest.raises(sources.SourceError, match="expected cubic metres"):
        taldau.more(samples.answer_of(asked, '{"measureName": "тыс. долларов США"}'.encode()))
