"""Dates that cannot lie: our clock, the server's, and what a row says of itself."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from energy.intake import clocks
from energy.intake.clocks import ClockError
from energy.sources.contract import COLUMNS, Request
from energy.sources.reading import answer_of
from energy.store import Store

NOW = dt.datetime(2036, 11, 25, 6, 0, tzinfo=dt.UTC)
ASKED = Request("ecb", "USD-D", "https://example.org")


def dated(text: str):
    return answer_of(ASKED, b"x", headers={"Date": text})


def test_a_clock_ahead_of_the_servers_stops_the_run():
    with pytest.raises(
        ClockError, match=r"clock says 2036-11-25 06:00, ecb says 2026-11-25 06:00.*lock the store"
    ):
        clocks.check_clock(dated("Wed, 25 Nov 2026 06:00:00 GMT"), NOW)


@pytest.mark.parametrize(
    "text", ["Tue, 25 Nov 2036 05:00:00 GMT", "Wed, 26 Nov 2036 05:00:00 GMT", "soon", ""]
)
def test_a_clock_that_agrees_or_a_server_without_a_date_goes_on(text):
    assert clocks.check_clock(dated(text), NOW) is None


def test_a_clock_before_the_newest_release_refuses_to_start(tmp_path):
    store = Store.open(tmp_path)
    assert clocks.check_start(NOW, store) is None
    store.manifest("2026Q3", "20261125T060000Z")
    early = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    with pytest.raises(
        ClockError, match="says 2026-11-20, but the newest release is of 2026-11-25"
    ):
        clocks.check_start(early, store)
    assert clocks.check_start(NOW, store) is None


def rows(**same) -> pd.DataFrame:
    usual = {"series": "flow_point", "entity": "a", "freq": "D", "value": 1.0, "unit": "kWh/d", "basis": "GCV",
             "coverage": 1.0, "source": "entsog", "status": "actual", "retrieved": pd.Timestamp(NOW), "ref": "a#b",
             "note": ""}  # fmt: skip
    table = [
        {**usual, "period": "2026-07-01", "published": p, **same}
        for p in ("2001-01-01", "2026-07-03", "")
    ]
    return pd.DataFrame(table).reindex(columns=COLUMNS)


def test_a_firm_figure_is_not_known_before_its_period_was_over():
    found = clocks.honest_dates(rows())
    assert list(found["published"]) == ["", "2026-07-03", ""]
    assert list(found["note"]) == [
        "said to be published 2001-01-01, before the period was over",
        "",
        "",
    ]


def test_a_plan_may_be_published_before():
    table = rows(status="plan")
    pd.testing.assert_frame_equal(clocks.honest_dates(table), table)


def test_a_month_published_within_it_by_month_alone_stands():
    table = rows(period="2026-07", freq="M", published="2026-07")
    assert list(clocks.honest_dates(table)["published"]) == ["2026-07"] * 3


def test_a_clock_before_the_package_was_made_refuses_to_start():
    made = dt.datetime.combine(clocks.memory.retrieved(), dt.time(6), dt.UTC)
    clocks.check_built(made - dt.timedelta(days=1))
    with pytest.raises(clocks.ClockError, match=r"but this package was made on .*set the clock"):
        clocks.check_built(made - dt.timedelta(days=2))


def test_a_clock_that_jumps_within_a_run_publishes_nothing():
    rows = pd.DataFrame({"retrieved": pd.to_datetime(["2026-11-25", "2036-01-01"], utc=True)})
    clocks.check_asked(rows.head(1), "20261125T060000Z")
    with pytest.raises(
        clocks.ClockError, match=r"began on 2026-11-25, an answer came on 2036-01-01"
    ):
        clocks.check_asked(rows, "20261125T060000Z")
