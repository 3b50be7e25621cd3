"""UN Comtrade: one trade counted once, weights that are estimates, and the service without a key."""

from __future__ import annotations

import json

import pytest
from samples import DATA, JSON, answer, asked, shared

from energy.sources import SourceError, comtrade, gather


def test_value_and_weight_with_their_status():
    table = comtrade.parse(answer("comtrade", "china.json")).set_index(["series", "period"])
    assert table.loc[("trade_value_pipeline", "2026-07"), "value"] == 8e8
    assert ("trade_weight_pipeline", "2026-07") not in table.index  # null is missing
    estimated = table.loc[("trade_weight_pipeline", "2026-08")]
    assert (estimated["value"], estimated["status"], estimated["unit"]) == (2.1e9, "modelled", "kg")
    assert table.loc[("trade_weight_lng", "2026-07"), "status"] == "actual"
    assert set(table["entity"]) == {"china"}


def test_a_legacy_flag_marks_an_estimate_too():
    data = json.loads((DATA / "comtrade" / "china.json").read_text())
    data["data"][2]["legacyEstimationFlag"] = 6
    table = comtrade.parse(answer("comtrade", json.dumps(data).encode(), type=JSON))
    assert table.set_index("series").loc["trade_weight_lng", "status"] == "modelled"


def test_with_a_key_twelve_months_a_call():
    requests = comtrade.request("2026Q3", keyed=True)
    assert len(requests) == 4
    first = requests[0]
    assert "period=202510,202511,202512,202601" in first.url and "202609&" in first.url
    for part in ("partner2Code=0", "customsCode=C00", "motCode=0", "cmdCode=271121,271111"):
        assert part in first.url
    assert first.key_header == "Ocp-Apim-Subscription-Key" and "/data/v1/get/" in first.url


def test_without_a_key_the_preview_one_month_a_call(monkeypatch):
    monkeypatch.delenv("COMTRADE_API_KEY", raising=False)
    requests = comtrade.request("2026Q3")
    assert len(requests) == 4 * 9 and all("/public/v1/preview/" in r.url for r in requests)
    assert all(r.key_header == "" for r in requests)
    monkeypatch.setenv("COMTRADE_API_KEY", "0123456789abcdef")
    assert len(comtrade.request("2026Q3")) == 4


def test_a_refused_key_or_quota_falls_back_to_the_preview(monkeypatch):
    monkeypatch.setenv("COMTRADE_API_KEY", "0123456789abcdef")

    def fetch(request):
        if request.key_header:
            raise SourceError("comtrade", request.url, "Refused with HTTP 403: quota.", 403)
        return answer("comtrade", "empty.json", request=request)

    found = list(gather(comtrade, "2026Q3", fetch))
    assert len(found) == 36 and all("/preview/" in a.request.url for a, _ in found)


def test_other_failures_have_no_substitute():
    error = SourceError("comtrade", "x", "HTTP 503 after 5 tries.", 503)
    assert comtrade.instead(comtrade.request("2026Q3", keyed=True)[0], error) == []
    refused = SourceError("comtrade", "x", "Refused with HTTP 403.", 403)
    assert comtrade.instead(comtrade.request("2026Q3", keyed=False)[0], refused) == []


def test_an_answer_cut_at_the_limit_is_refused():
    data = json.loads((DATA / "comtrade" / "preview.json").read_text())
    data["data"], data["count"] = data["data"] * 500, 500
    request = comtrade.request("2026Q3", keyed=False)[0]
    with pytest.raises(SourceError, match="500 records: cut at the limit"):
        comtrade.parse(answer("comtrade", json.dumps(data).encode(), type=JSON, request=request))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda r: r.update(partner2Code=156), "partner2Code is 156; asked was '0'"),
        (lambda r: r.update(flowCode="X"), "flowCode is 'X'; asked was 'M'"),
        (lambda r: r.update(freqCode="A"), "freqCode is 'A'; asked was 'M'"),
        (lambda r: r.update(reporterCode=276), "not asked for: reporter 276"),
        (lambda r: r.pop("netWgt"), "has no field 'netWgt'"),
        (lambda r: r.update(primaryValue="8,0"), "expected a number with a decimal point"),
    ],
)
def test_records_of_another_kind(change, match):
    data = json.loads((DATA / "comtrade" / "china.json").read_text())
    change(data["data"][0])
    with pytest.raises(SourceError, match=match):
        comtrade.parse(answer("comtrade", json.dumps(data).encode(), type=JSON))


def test_outside_answers():
    table = comtrade.parse(
        answer("comtrade", shared("comtrade", "handmade/chn_rus_2711_monthly.json"), type=JSON)
    )
    weights = table[table["series"] == "trade_weight_pipeline"]
    assert set(weights["status"]) == {"modelled"} and set(table["entity"]) == {"china"}
    assert (
        table.set_index(["series", "period"]).loc[("trade_value_pipeline", "2025-01"), "value"]
        == 712345678.0
    )
    preview = shared("comtrade", "handmade/preview_no_desc.json")
    assert len(comtrade.parse(answer("comtrade", preview, type=JSON))) == 2
    for name in ("handmade/empty.json", "recorded/HS-a503f3.json"):
        assert comtrade.parse(answer("comtrade", shared("comtrade", name), type=JSON)).empty


def test_a_recorded_answer_of_another_question_is_refused():
    body = shared("comtrade", "recorded/HS-60a6ad.json")  # China's total trade of 2010, annual
    with pytest.raises(SourceError, match="freqCode is 'A'; asked was 'M'"):
        comtrade.parse(answer("comtrade", body, type=JSON))


@pytest.mark.parametrize(
    ("name", "words"),
    [("http401", "Access denied"), ("http403_quota", "Out of call"), ("http429", "Rate limit")],
)
def test_outside_refusals(name, words):
    body = shared("comtrade", f"handmade/{name}.json")
    with pytest.raises(SourceError, match=f"comtrade: The service says: '{words}"):
        comtrade.parse(answer("comtrade", body, type=JSON, request=asked("comtrade")))
