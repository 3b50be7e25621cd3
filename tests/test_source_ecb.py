"""ECB: rates by column name, blanks as missing."""

from __future__ import annotations

import pytest
from samples import CSV, answer, edited, shared

from energy.sources import SourceError, ecb


def test_monthly_averages_and_days():
    months = ecb.parse(answer("ecb", "monthly.csv", tag="USD-M")).set_index("period")
    assert months["value"].to_dict() == {
        "2026-07": 1.1625,
        "2026-08": 1.170652173913,
        "2026-09": 1.18,
    }
    assert set(months["entity"]) == {"USD/EUR"} and set(months["note"]) == {"average of the days"}
    days = ecb.parse(answer("ecb", "daily.csv", tag="USD-D"))
    assert list(days["freq"]) == ["D", "D"] and list(days["note"]) == ["", ""]
    assert set(days["unit"]) == {"USD per 1 EUR"}


def test_a_suspended_currency_has_blanks_which_are_missing():
    table = ecb.parse(answer("ecb", "suspended.csv"))
    assert table[["entity", "period", "value"]].to_numpy().tolist() == [
        ["RUB/EUR", "2022-03-01", 117.2]
    ]


def test_other_columns_may_come_and_go():
    table = ecb.parse(edited("ecb", "daily.csv", "KEY,", "ID,"))
    assert len(table) == 2


def test_404_is_an_outage_and_an_empty_body_a_range_without_a_rate():
    nothing = ecb.parse(answer("ecb", b"", type="text/csv"))
    assert nothing.empty and nothing.attrs["told"] == ["USD-M: no rate in the range."]
    with pytest.raises(SourceError, match="HTTP 404 where CSV was expected"):
        ecb.parse(answer("ecb", b"", status=404, type="text/plain"))
    with pytest.raises(SourceError, match="HTTP 404 where CSV was expected"):
        ecb.parse(answer("ecb", b"<html>not found</html>", status=404, type="text/html"))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("OBS_VALUE", "VALUE", "Column 'OBS_VALUE' is missing; the header holds KEY, FREQ"),
        ("USD,EUR,SP00", "USD,GBP,SP00", "is SP00 against GBP; expected SP00 against EUR"),
        ("1.1649\n", "1.1649,x\n", "Row 3 has 9 fields, the header 8"),
        ("1.1601", "0", "OBS_VALUE in row 2 is 0; expected more than 0"),
        ("1.1601", '"1,1601"', "'1,1601'; expected a number with a decimal point"),
        (
            ",D,USD,EUR,SP00,A,2026-07-01",
            ",M,USD,EUR,SP00,A,2026-07-01",
            "is of frequency D, not M",
        ),
    ],
)
def test_faults(old, new, match):
    with pytest.raises(SourceError, match=match):
        ecb.parse(edited("ecb", "daily.csv", old, new))


def test_the_request():
    urls = [request.url for request in ecb.request("2026Q3")]
    assert urls[0].endswith(
        "M.USD.EUR.SP00.A?startPeriod=2026-07&endPeriod=2026-09&format=csvdata&detail=dataonly"
    )
    assert "D.USD.EUR.SP00.A?startPeriod=2026-07-01&endPeriod=2026-09-30" in urls[1]


def test_outside_answers():
    for name, count in (
        ("exr_usd_monthly.csv", 3),
        ("exr_usd_monthly_dataonly.csv", 2),
        ("exr_rub_suspended.csv", 2),
    ):
        table = ecb.parse(answer("ecb", shared("ecb", f"handmade/{name}"), type=CSV))
        assert len(table) == count
    # January 1999 as in the recorded XML of the ECB.
    monthly = ecb.parse(answer("ecb", shared("ecb", "handmade/exr_usd_monthly.csv"), type=CSV))
    assert monthly["value"].iloc[0] == 1.16078


def test_another_representation_is_refused():
    body = shared("ecb", "recorded/M.USD.EUR.SP00.A.xml")
    with pytest.raises(SourceError, match="expected CSV"):
        ecb.parse(answer("ecb", body, type=""))
