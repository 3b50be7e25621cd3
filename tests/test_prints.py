"""Figures as they were told: what was known when, what was revised, what a source lacks."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from energy import cli, facts, store
from energy.intake import filled
from energy.provenance import cite, gaps
from energy.store import prints


@pytest.fixture(scope="module")
def tables():
    return facts.load()


@pytest.mark.slow
def test_what_a_reader_of_may_2024_knew(tracker):
    """Gazprom printed 22.7 for 2023 on 3 January 2024; 22.73 came in May 2025."""
    then = tracker.as_of("2024-05-16")
    flow = then.flows(
        "power-of-siberia-1", freq="A", first="2021", last="2023", estimate="reported"
    )["flow"]
    assert flow.values.ravel().round(2).tolist() == [10.4, 15.4, 22.7]  # 10.39 in rounder figures
    rows = then.facts["volumes"].query("series == 'exports' and entity == 'europe'")
    assert {62.0, 28.3} & set(rows["value"]) == {62.0}  # 28.3 first on a dated page of later
    assert 100.9 in set(then.facts["volumes"].query("entity == 'far-abroad'")["value"])


@pytest.mark.slow
def test_route_years_are_known_when_the_press_had_them(tracker):
    """Of Blue Stream 2018 no page of the half-year after was found: 58 of 59 stand."""
    told = filled.on_time(tracker.facts)
    late = sorted(key for key, known in told.items() if not known)
    assert len(told) == 59
    assert late == [("blue-stream", 2018)]


def test_first_prints_of_years_that_came_late(tables):
    """What the press had half a year after: each print is older than the edition now taken."""
    rows = tables["volumes"].query("series == 'flow' and freq == 'A'")
    first = (
        rows[rows["published"] != ""].sort_values("published").drop_duplicates(["entity", "period"])
    )
    first = first.set_index(["entity", "period"])[["value", "published"]]
    assert first.loc[("power-of-siberia-1", "2021")].tolist() == [10, "2022-05"]
    assert first.loc[("central-asia-center", "2024")].tolist() == [5.6, "2025-04-11"]
    assert first.loc[("turkstream-1", "2023")].tolist() == [8.6, "2024-06-21"]
    # 18.2 to 7 November, 23 days at 42.4 million m3, December 2.5 less 1.2 by TurkStream
    assert first.loc[("ukraine-transit", "2022"), "value"] == pytest.approx(
        18.2 + 23 * 0.0424 + 1.3, abs=0.05
    )


def test_revisions_that_ship(tables):
    """Novak's 15.5 gave way to Gazprom's 15.4; 22.7 and 22.73 are one figure in two roundings."""
    rows = prints.revised(tables)
    pos1 = rows[(rows["entity"] == "power-of-siberia-1") & (rows["series"] == "flow")]
    pos1 = pos1.set_index("period")
    assert (pos1.loc["2022", "old"], pos1.loc["2022", "new"]) == (15.5, 15.4)
    assert pos1.loc["2022", "percent"] == pytest.approx(-0.645, abs=1e-3)  # -0.1 / 15.5
    assert "2023" not in pos1.index
    europe = rows[(rows["series"] == "exports") & (rows["entity"] == "europe")].set_index("period")
    assert (europe.loc["2022", "old"], europe.loc["2022", "new"]) == (62, 63.8)


def test_revisions_by_age(tracker):
    table = tracker.evidence.revisions()
    assert list(table["source"].unique()) == ["package"] and len(table) > 5
    assert table["n"].sum() == len(tracker.evidence.revisions(each=True)) > 20
    assert tracker.evidence.revisions("package").equals(table)


def test_what_came_between_two_days(tables):
    """TurkStream's months of February to May 2026 came in, and the prints of January."""
    rows = prints.changes(tables, "2026-01-31", "2026-06-01")
    string = rows[(rows["entity"] == "turkstream-2") & (rows["change"] == "new")]
    assert {"2026-02", "2026-03", "2026-04", "2026-05"} <= set(string["period"])
    revised = rows[rows["change"] == "revised"].set_index(["entity", "period"])
    assert revised.loc[("turkstream-2", "2025-05"), ["old", "new"]].tolist() == [1.42, 1.43]
    assert prints.changes(tables, "2026-05-01", "2026-05-01").empty


def test_diff_on_the_command_line_sees_the_package(capsys):
    assert cli.main(["diff", "2026-01-31", "2026-06-01"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert {"new", "revised"} == set(table["change"]) and len(table) > 20
    assert cli.main(["diff", "sometime", "2026-06-01"]) == 2
    assert "sometime" in capsys.readouterr().err


def test_a_packaged_figure_has_no_digest_of_ours(tables):
    rows = cite.cite(["V1160", "V0196"], tables).set_index("id")
    assert set(rows["sha256"]) == {""}
    assert rows["evidence"].to_dict() == {"V1160": "page", "V0196": "typed"}
    assert rows.loc["V1160", "quote"].startswith("22,7 миллиарда кубометров")
    assert rows.loc["V0196", "quote"] == ""


def test_what_a_source_lacks(tables):
    """One row each of what is missing, by hand."""
    one = tables["volumes"].iloc[:4].assign(
        id=["V9001", "V9002", "V9003", "V9004"], source=["page", "book", "own", "none"],
        page=["", "", "p. 3", ""], published=["2020", "2020", "2020", ""], note="",
        evidence=["page", "", "file", "typed"],
    )  # fmt: skip
    sources = tables["sources"].iloc[:4].assign(
        source=["page", "book", "own", "none"], kind=["press", "company", "company", "company"],
        url=["http://x", "http://y/all.pdf", "", "http://z/one"], published="",
    )  # fmt: skip
    small = {name: table.head(0) for name, table in tables.items()}
    rows = gaps.gaps(facts.Tables(small | {"volumes": one, "sources": sources})).set_index("id")
    assert rows["lacks"].to_dict() == {"V9002": "page", "V9003": "document", "V9004": "date"}
    assert rows["evidence"].to_dict() == {"V9002": "typed", "V9003": "file", "V9004": "typed"}


def test_a_page_that_changes_is_dated_by_its_reading_and_own_work_by_its_reason(tables):
    one = tables["volumes"].iloc[:4].assign(
        id=["V9001", "V9002", "V9003", "V9004"], source=["wiki", "press", "own", "bare"],
        page="", published=["", "", "2026", "2026"], note="", evidence="typed",
    )  # fmt: skip
    sources = tables["sources"].iloc[:4].assign(
        source=["wiki", "press", "own", "bare"], kind=["research", "press", "own", "own"],
        url=["http://x/w", "http://y/n", "", ""], published="",
        read=["2026-11-24", "", "", ""], note=["", "", "Chosen by us.", ""],
    )  # fmt: skip
    small = {name: table.head(0) for name, table in tables.items()}
    few = facts.Tables(small | {"volumes": one, "sources": sources})
    rows = gaps.gaps(few).set_index("id")
    assert rows["lacks"].to_dict() == {"V9002": "date", "V9004": "document;page"}
    assert gaps.undated(few) == 1  # V9001


def test_a_page_that_changes_is_cited_with_the_day_it_was_read(tables):
    """The length of Blue Stream stands in a wiki read on 24 November; V0196 in a dated page."""
    facts_ = tables["route-facts"]
    wiki = facts_.loc[facts_["source"] == "global-energy-monitor-wiki-blue-stream-g-8e9b", "id"]
    rows = cite.cite([wiki.iloc[0], "V0196"], tables).set_index("id")
    assert rows["retrieved"].to_dict() == {wiki.iloc[0]: "2026-11-24",
                                           "V0196": str(store.retrieved())}  # fmt: skip


def test_no_dated_page_is_dated_by_its_reading(tables):
    """A day of reading stands only where the page tells none, and has an address to be read at."""
    sources = tables["sources"]
    read = sources[sources["read"] != ""]
    assert len(read) > 50 and set(read["published"]) == {""} and (read["url"] != "").all()
    assert {"vendor", "research"} <= set(read["kind"])


def test_check_lists_what_sources_lack(capsys):
    assert cli.main(["check", "--sources"]) == 0
    out, err = capsys.readouterr()
    table = pd.read_csv(io.StringIO(out))
    assert {"id", "table", "source", "evidence", "lacks"} == set(table.columns)
    assert f"{len(table)} of" in err and "without date" in err
