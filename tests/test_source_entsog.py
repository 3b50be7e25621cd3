"""ENTSOG as the update uses it: what is asked, what is taken, what is left out (sums: test_entsog)."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest
from samples import DATA, HTML, JSON, NOTHING, answer, asked, shared

from energy.sources import SourceError, entsog

STRANDZHA = "BG-TSO-0001/ITP-00549/entry"


def read(retrieved=dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)):
    return entsog.parse(answer("entsog", "answer.json", retrieved=retrieved))


def test_confirmed_beats_provisional_and_placeholders_are_absent():
    table = read().set_index("period")
    # 1 July: Confirmed 480 GWh, though a Provisional 470 is newer; 3 and 4 July: no value.
    assert table["value"].to_dict() == {"2026-07-01": 480e6, "2026-07-02": 500e6, "2026-07-05": 0.0}
    assert table["status"].to_dict() == {
        "2026-07-01": "actual", "2026-07-02": "provisional", "2026-07-05": "actual",
    }  # fmt: skip
    assert set(table["entity"]) == {STRANDZHA} and set(table["unit"]) == {"kWh/d"}
    assert table.loc["2026-07-01", "published"] == "2026-07-02"


@pytest.mark.parametrize(
    ("asked_at", "last"),
    [
        (dt.datetime(2026, 7, 6, 9, tzinfo=dt.UTC), "2026-07-02"),  # 5 July ended three hours ago
        (dt.datetime(2026, 7, 7, 5, tzinfo=dt.UTC), "2026-07-02"),  # an hour short of a day
        (dt.datetime(2026, 7, 7, 6, tzinfo=dt.UTC), "2026-07-05"),
    ],
)
def test_the_newest_gas_day_is_dropped(asked_at, last):
    assert read(asked_at)["period"].max() == last


def test_a_gas_day_in_the_future_is_left_for_the_gate():
    assert read(dt.datetime(2026, 6, 1, tzinfo=dt.UTC))["period"].max() == "2026-07-05"


def test_the_question_is_small_and_has_no_offset():
    requests = entsog.request("2026Q3")
    for request in requests:
        query = dict(p.split("=", 1) for p in request.url.split("?")[1].split("&"))
        days = dt.date.fromisoformat(query["to"]) - dt.date.fromisoformat(query["from"])
        assert days.days < 92 and len(query["pointDirection"].split(",")) <= 10
        assert "offset" not in query and query["limit"] == "-1"
        assert query["indicator"] == "Physical%20Flow" and "/operationalData?" in request.url
        assert request.empty == (404, 500)
    assert "from=2026-03-23" in requests[0].url  # 100 days before 1 July
    assert "to=2026-09-30" in requests[-1].url
    assert sum("bg-tso-0001itp-00549entry" in r.url for r in requests) == 3


def test_the_pieces_leave_no_day_out_and_none_twice():
    pieces = entsog._pieces(dt.date(2026, 3, 23), dt.date(2026, 9, 30))
    days = [a + dt.timedelta(days=n) for a, b in pieces for n in range((b - a).days + 1)]
    assert days == [dt.date(2026, 3, 23) + dt.timedelta(days=n) for n in range(192)]


def test_double_counts_are_not_asked_for_and_have_their_reason():
    urls = " ".join(r.url for r in entsog.request("2021Q3"))
    assert "de-tso-0017itp-00247entry" in urls and "de-tso-0005itp-00491entry" not in urls
    reasons = entsog.excluded("2021Q3").set_index("key")["reason"]
    assert reasons["DE-TSO-0005/ITP-00491/entry"].startswith("The same gas as at NEL")
    # Drozdovichi: the Ukrainian meter until June 2020, the Polish one after it.
    assert "UA-TSO-0001/ITP-00089/exit" in reasons
    assert "UA-TSO-0001/ITP-00089/exit" not in set(entsog.excluded("2019Q3")["key"])


def test_a_route_closed_by_a_dated_fact_is_no_longer_asked_for():
    urls = " ".join(r.url for r in entsog.request("2026Q3"))
    assert "sk-tso-0001itp-00117entry" not in urls  # transit through Ukraine ended


def test_routes_are_summed_with_coverage_and_status():
    sums = entsog.routes(read(), freq="M").set_index("entity")
    row = sums.loc["turkstream-2"]
    assert (row["series"], row["period"], row["unit"], row["basis"]) == (
        "flow",
        "2026-07",
        "TWh",
        "GCV",
    )
    assert row["value"] == pytest.approx(0.98)  # 0.48 + 0.50 + 0.00
    assert row["coverage"] == pytest.approx(3 / 31, abs=5e-5)
    assert row["status"] == "provisional" and row["ref"].endswith("#points")
    assert entsog.routes(read().iloc[:0]).empty


@pytest.mark.parametrize("root", [b"operationaldata", b"operationalDatas"])
def test_a_root_key_in_another_case_or_in_the_plural_is_read(root):
    body = (DATA / "entsog" / "answer.json").read_bytes().replace(b"operationalData", root)
    assert len(entsog.parse(answer("entsog", body, type=JSON))) == 3


@pytest.mark.parametrize(("clock", "read"), [("04:00:00Z", True), ("07:00:00+02:00", True),
                                             ("22:00:00Z", False), ("00:00:00+02:00", False)])  # fmt: skip
def test_a_label_of_midnight_would_be_the_eve_and_is_refused(clock, read):
    body = (DATA / "entsog" / "answer.json").read_bytes()
    body = body.replace(b"06:00:00+02:00", clock.encode())
    if read:
        assert len(entsog.parse(answer("entsog", body, type=JSON))) == 3
        return
    with pytest.raises(
        SourceError, match=r"starts no gas day \(06:00 CET\); ask with timezone=CET"
    ):
        entsog.parse(answer("entsog", body, type=JSON))


@pytest.mark.parametrize(
    ("body", "status", "type", "match"),
    [
        (b'{"message":"The requested period is archived"}', 404, JSON, "before the live window"),
        (
            b'{"message":"Query timed out"}',
            200,
            JSON,
            "Instead of data came the message 'Query timed",
        ),
        (b'{"error":"x"}', 500, JSON, "HTTP 500 without records"),
        (HTML, 500, "text/html", "HTTP 500 without records: '<!DOCTYPE html>"),
        (NOTHING, 503, JSON, "HTTP 503 without records"),
        (b'{"meta":{}}', 200, JSON, "has no field 'operationalData'"),
        (b'{"operationalData":{}}', 200, JSON, "is no list of records"),
    ],
)
def test_messages_and_pages_are_no_zeros(body, status, type, match):
    with pytest.raises(SourceError, match=match):
        entsog.parse(answer("entsog", body, status=status, type=type))


@pytest.mark.parametrize(
    ("name", "status", "match"),
    [
        ("archived_http404.json", 404, "live window"),
        ("html_instead_of_json.html", 200, "without records"),
    ],
)
def test_outside_faults_are_refused(name, status, match):
    with pytest.raises(SourceError, match=match):
        entsog.parse(
            answer("entsog", shared("entsog", f"handmade/{name}"), status=status, type=JSON)
        )


def test_outside_answers():
    full = entsog.parse(
        answer("entsog", shared("entsog", "handmade/operationalData_full_envelope.json"), type=JSON)
    )
    assert len(full) == 4 and list(full["status"]).count("provisional") == 1
    closed = entsog.parse(
        answer(
            "entsog", shared("entsog", "handmade/operationalData_closed_route_zero.json"), type=JSON
        )
    )
    assert list(closed["value"]) == [0.0, 0.0, 0.0]  # measured zeros
    for name, status in (("not_found_http404.json", 404), ("no_data_old_http200.json", 200)):
        body = shared("entsog", f"handmade/{name}")
        assert entsog.parse(answer("entsog", body, status=status, type=JSON)).empty


def test_a_recorded_array_in_its_envelope_gives_the_sum_of_the_notes():
    records = json.loads(shared("entsog", "recorded/strandzha2-data.json"))
    body = json.dumps({"meta": {}, "operationalData": records}).encode()
    table = entsog.parse(answer("entsog", body, type=JSON))
    assert round(table["value"].sum() / 1e9, 3) == 44.856
    quarter = entsog.routes(table).set_index(["entity", "period"])
    first = table[table["period"] < "2022-04-01"]["value"].sum() / 1e9
    assert quarter.loc[("turkstream-2", "2022Q1"), "value"] == pytest.approx(first)
    assert quarter.loc[("turkstream-2", "2022Q1"), "coverage"] == 1.0
    assert isinstance(quarter, pd.DataFrame) and asked("entsog").source == "entsog"
