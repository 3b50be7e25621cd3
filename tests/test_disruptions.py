"""What a stop, a strike or a repair took off line: printed, worked out, or not told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.errors import UnknownName
from energy.provenance.disruptions import disruptions


def event(name, date, end, category, routes, offline="", unit=""):
    return {"event": name, "date": date, "end": end, "title": name, "category": category, "routes": routes,
            "offline": float(offline) if offline else np.nan, "offline_unit": unit, "evidence": "press",
            "source": "s"}  # fmt: skip


def cube(flows):
    """Return quarters of 2022Q1 to 2023Q1 of two lines and a stretch that carries the same gas."""
    periods = pd.DatetimeIndex(
        ["2022-01-01", "2022-04-01", "2022-07-01", "2022-10-01", "2023-01-01"]
    )
    return xr.Dataset(
        {"flow": (("route", "period"), [*flows, flows[0]])},
        coords={
            "route": ["a", "b", "c"],
            "period": periods,
            "additive": ("route", [True, True, False]),
        },
    )


def made(*events, a=(9.0, 9.0, 9.0, 9.0, 9.0), b=(1.82, 1.82, 0.0, 0.0, 0.0)):
    return disruptions({"events": pd.DataFrame(events)}, cube([a, b])).set_index("event")


def test_a_printed_rate_stands_as_printed():
    table = made(event("E1", "2022-06-14", "2022-07-11", "halt", "a", "100", "mcm/d"),
                 event("E2", "2022-08-01", "", "sabotage", "b", "0", "mcm/d"))  # fmt: skip
    assert table.loc["E1", ["days", "rate", "bcm", "how"]].tolist() == [27, 100.0, 2.7, "printed"]
    assert table.loc["E2", ["end", "rate", "bcm", "how"]].tolist() == ["", 0.0, 0.0, "printed"]


def test_a_repair_takes_what_its_quarter_carried_on_the_other_days():
    """9 bcm in 92 - 2 days are 100 mcm a day; two days of them are 0.2 bcm; c is a's gas again."""
    table = made(event("E1", "2022-07-10", "2022-07-12", "maintenance", "a;c"))
    assert table.loc["E1", ["days", "rate", "bcm"]].tolist() == [2, 100.0, 0.2]
    assert table.loc["E1", "how"] == "worked out: its quarter on the other days"


def test_a_repair_in_a_quarter_that_was_cut_otherwise_is_not_told():
    table = made(event("E1", "2022-07-10", "2022-07-12", "maintenance", "a"),
                 event("E2", "2022-09-01", "2022-09-09", "halt", "a", "50", "mcm/d"))  # fmt: skip
    assert table.loc["E1", "how"] == "not told" and np.isnan(table.loc["E1", "bcm"])


def test_a_halt_takes_the_last_whole_quarter_before_it():
    """1.82 bcm in the 91 days of the second quarter are 20 mcm a day; it goes on, so no sum."""
    table = made(event("E1", "2022-07-01", "", "halt", "b"))
    assert table.loc["E1", "rate"] == pytest.approx(20.0) and np.isnan(table.loc["E1", "bcm"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (event("E1", "2022-07-01", "", "halt", "a"), None),  # it flows on
        (event("E1", "2022-05-01", "", "halt", "b"), event("E2", "2022-07-01", "", "halt", "b")),
        (event("E1", "2022-05-09", "", "halt", "b"), event("E2", "2022-05-01", "", "halt", "b", "5", "mcm/d")),
        (event("E1", "2022-07-01", "", "halt", "unknown"), None),
        (event("E1", "2022-07-01", "2022-08", "maintenance", "a"), None),  # the day is not known
        (event("E1", "2022-07-01", "", "sabotage", "b"), None),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_out_is_not_told(first, second):
    table = made(first, *([second] if second else []))
    assert table.loc["E1", "how"] == "not told" and np.isnan(table.loc["E1", "rate"])


def test_every_disruption_of_the_facts_has_a_start_and_says_how_its_loss_is_known(tracker):
    table = tracker.evidence.disruptions()
    assert len(table) > 50 and set(table["category"]) == {"halt", "maintenance", "sabotage"}
    assert table["start"].str.fullmatch(r"\d{4}-\d\d-\d\d").all() and table["evidence"].ne("").all()
    told = table[table["how"] != "not told"]
    assert told["rate"].ge(0).all() and table.loc[table["how"] == "not told", "rate"].isna().all()
    assert (told["how"] == "printed").sum() >= 13 and told["how"].str.startswith(
        "worked out"
    ).sum() >= 15
    with pytest.raises(UnknownName, match="nord-stream-9"):
        tracker.evidence.disruptions("nord-stream-9")
