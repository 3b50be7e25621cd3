"""Every source in one server: answers of our own making, in the form each service delivers.

Figures follow a simple rule (a level, a season), so that an expected value can be worked out; what
is asked decides what comes, as with the real ones. ``Upstream.twist`` bends a body on its way out.
"""

from __future__ import annotations

import datetime as dt
import functools
import io
import json
import math
import re
import tarfile
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from server import Reply, Server

GEOS = {"TR": 1.0, "BG": 0.5, "HU": 0.4, "SK": 0.3, "RS": 0.12, "MK": 0.02, "DE": 0.2, "EL": 0.3}
PARTNERS = ["TOTAL", "UA", "RU", "TR", "RS", "BY", "MD"]  # not the order asked for
UPDATED = "2026-08-20T23:00:00+0200"
STRANDZHA = "BG-TSO-0001/ITP-00549/entry"
DAILY = 500e6
"""kWh a gas day at Strandzha 2: 500 GWh."""

Twist = Callable[[bytes], bytes]


class Upstream(Server):
    """A server that stands in for all hosts; what is planned goes before what is made here."""

    def __init__(self) -> None:
        super().__init__()
        self.twists: dict[str, Twist] = {}
        # the store keeps headers: a date of today would make two equal runs differ
        self._http.RequestHandlerClass.date_time_string = lambda *_: "Thu, 31 Dec 2026 06:00:00 GMT"  # type: ignore[attr-defined]

    def twist(self, place: str, bend: Twist) -> None:
        """Bend the body of every answer whose host and path start so."""
        self.twists[place] = bend

    def take(self, host: str, target: str, headers: Mapping[str, str]) -> Reply:
        """Note a request; return what is planned for it, or what the service would say."""
        planned = super().take(host, target, headers)
        if planned.body != b'{"message":"nothing planned"}':
            return planned
        reply = answer(host, target)
        for place, bend in self.twists.items():
            if reply.status == 200 and f"{host}{unquote(target)}".startswith(place):
                reply = Reply(reply.status, bend(reply.body), reply.type)
        return reply


def answer(host: str, target: str) -> Reply:
    """Return what a service says to a question."""
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    service = next((make for name, make in SERVICES.items() if host.startswith(name)), None)
    if service is None:
        return Reply(404, b"no such service")
    return service(parts.path, query)


def _json(data: object) -> Reply:
    return Reply(200, json.dumps(data).encode())


def season(month: int) -> float:
    """Return the share of a month: 1.3 in January, 0.7 in July."""
    return round(1 + 0.3 * math.cos((month - 1) * math.pi / 6), 4)


def days(first: str, last: str) -> list[dt.date]:
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return [start + dt.timedelta(days=n) for n in range((end - start).days + 1)]


def months(first: str, last: str) -> list[str]:
    (a, b), (c, d) = (map(int, text.split("-")) for text in (first, last))
    return [f"{n // 12}-{n % 12 + 1:02}" for n in range(a * 12 + b - 1, c * 12 + d)]


# -- one function a service -----------------------------------------------------------------------


def eurostat(path: str, query: Mapping[str, list[str]]) -> Reply:
    annual = path.endswith("nrg_ti_gas")
    first, last, unit = (query[n][0] for n in ("sinceTimePeriod", "untilTimePeriod", "unit"))
    span = [str(y) for y in range(int(first), 2025)] if annual else months(first, last)
    partners = [p for p in PARTNERS if p in query["partner"]]
    value, place = {}, 0
    for siec in ("G3200", "G3000"):
        for partner in partners:
            for geo in GEOS:
                for time in span:
                    found = _imports(siec, partner, geo, time, unit)
                    if found is not None:
                        value[str(place)] = found
                    place += 1
    axes = {"freq": ["A" if annual else "M"], "siec": ["G3200", "G3000"], "partner": partners,
            "unit": [unit], "geo": list(GEOS), "time": span}  # fmt: skip
    return _json({
        "version": "2.0", "class": "dataset", "label": "made up", "source": "ESTAT", "updated": UPDATED,
        "value": value, "id": list(axes), "size": [len(codes) for codes in axes.values()],
        "dimension": {name: {"label": name, "category": {"index": {c: i for i, c in enumerate(codes)}}}
                      for name, codes in axes.items()},
        "extension": {"annotation": []},
    })  # fmt: skip


def _imports(siec: str, partner: str, geo: str, time: str, unit: str) -> float | None:
    direct = {"TR": "RU", "BG": "RU", "RS": "RU", "MK": "RU", "HU": "RS"}.get(geo)
    if partner not in ("TOTAL", direct) or (siec == "G3200" and partner != "TOTAL"):
        return None
    year, month = int(time[:4]), int(time[5:] or 0)
    size = 1800 * GEOS[geo] * (season(month) if month else 12) * (1 + 0.01 * (year - 2021))
    size *= {"TOTAL": 2.5, "RU": 1.0}.get(partner, 1.0) * (0.1 if siec == "G3200" else 1.0)
    return round(size * (38.3 if unit == "TJ_GCV" else 1.0), 3)


def entsog(path: str, query: Mapping[str, list[str]], busy: bool = False) -> Reply:
    """Return days of Strandzha 2; the other points are silent, or ``busy`` (for the benchmark)."""
    records = []
    for name in query["pointDirection"][0].split(","):
        operator, point, way = re.fullmatch(r"(.*-tso-\d+)(.*?)(entry|exit)", name).groups()  # type: ignore[union-attr]
        key = f"{operator.upper()}/{point.upper()}/{way}"
        if key == STRANDZHA or busy:
            records += [_record(key, day) for day in days(query["from"][0], query["to"][0])]
    if not records:
        return Reply(404, b'{"message":"No result found"}')
    return _json({"meta": {"count": len(records)}, "operationalData": records})


def _record(key: str, day: dt.date, value: float = DAILY) -> dict:
    operator, point, way = key.split("/")
    return {
        "id": f"{key}{day}", "indicator": "Physical Flow", "periodType": "day",
        "periodFrom": f"{day}T06:00:00+02:00", "operatorKey": operator, "pointKey": point,
        "pointLabel": "made up", "directionKey": way, "unit": "kWh/d", "value": value,
        "lastUpdateDateTime": f"{day + dt.timedelta(days=2)}T10:00:00+02:00",
        "flowStatus": "Confirmed", "isNA": None,
    }  # fmt: skip


def comtrade(path: str, query: Mapping[str, list[str]]) -> Reply:
    code, records = int(query["reporterCode"][0]), []
    for period in query["period"][0].split(","):
        if code == 156 and period <= "202606":
            records.append(_trade(code, period))
        if code == 860 and period <= "202606":
            records.append({**_trade(code, period), "netWgt": 400e6 + 1e6 * int(period[4:])})
    return _json({"elapsedTime": "0.1 secs", "count": len(records), "data": records, "error": ""})


def _trade(code: int, period: str) -> dict:
    value = 700e6 + 1e6 * int(period[4:])
    return {"freqCode": "M", "period": period, "reporterCode": code, "partnerCode": 643,
            "flowCode": "M", "cmdCode": "271121", "partner2Code": 0, "customsCode": "C00",
            "motCode": 0, "primaryValue": value, "netWgt": None, "isNetWgtEstimated": False,
            "legacyEstimationFlag": 0, "isReported": True}  # fmt: skip


WORKBOOK = ("https://thedocs.worldbank.org/en/doc/0123456789abcdef-0050012026/related/"
            "CMO-Historical-Data-Monthly.xlsx")  # fmt: skip


def worldbank(path: str, query: Mapping[str, list[str]]) -> Reply:
    page = f'<!DOCTYPE html><html><a href="{WORKBOOK}">Monthly prices</a></html>'
    return Reply(200, page.encode(), "text/html; charset=utf-8")


def thedocs(path: str, query: Mapping[str, list[str]]) -> Reply:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Reply(200, workbook(), kind)


@functools.cache
def workbook(last: str = "2026-10", edition: str = "November 03, 2026") -> bytes:
    """Return a small Pink Sheet: four columns, from 2021M01 on."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "AFOSHEET"
    sheet = book.create_sheet("Monthly Prices")
    sheet["A1"], sheet["A4"] = "World Bank Commodity Price Data", f"Updated on {edition}"
    names = ["Crude oil, Brent", "Natural gas, US", "Natural gas, Europe **",
             "Liquefied natural gas, Japan"]  # fmt: skip
    for column, name in enumerate(names, start=2):
        sheet.cell(5, column, name)
        sheet.cell(6, column, "($/bbl)" if "oil" in name else "($/mmbtu)")
    for row, month in enumerate(months("2021-01", last), start=7):
        sheet.cell(row, 1, month.replace("-", "M"))
        for column, level in enumerate((75.0, 3.0, 12.0, 14.0), start=2):
            sheet.cell(row, column, round(level * season(int(month[5:])), 3))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ecb(path: str, query: Mapping[str, list[str]]) -> Reply:
    first, last = query["startPeriod"][0], query["endPeriod"][0]
    freq = path.split("/EXR/")[1][0]
    times = months(first, last) if freq == "M" else [
        str(day) for day in days(first, last) if day.weekday() < 5]  # fmt: skip
    lines = ["KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE"]
    lines += [
        f"EXR.{freq}.USD.EUR.SP00.A,{freq},USD,EUR,SP00,A,{t},1.16{int(t[-2:]):02}" for t in times
    ]
    return Reply(200, ("\n".join(lines) + "\n").encode(), "text/csv")


def cbr(path: str, query: Mapping[str, list[str]]) -> Reply:
    code = query["VAL_NM_RQ"][0]
    start, end = (
        dt.datetime.strptime(query[n][0], "%d/%m/%Y").date() for n in ("date_req1", "date_req2")
    )
    level = {"R01235": 80, "R01239": 93, "R01375": 11}[code]
    body = "".join(
        f'<Record Date="{d:%d.%m.%Y}" Id="{code}"><Nominal>1</Nominal><Value>{level},{d.day:02}00</Value>'
        f"<VunitRate>{level},{d.day:02}</VunitRate></Record>"
        for d in days(str(start), str(end)) if d.weekday() not in (0, 6)
    )  # fmt: skip
    text = (f'<?xml version="1.0" encoding="windows-1251"?><ValCurs ID="{code}" DateRange1="{start:%d.%m.%Y}" '
            f'DateRange2="{end:%d.%m.%Y}" name="Foreign Currency Market Dynamic">{body}</ValCurs>')  # fmt: skip
    return Reply(200, text.encode("cp1251"), "application/xml; charset=windows-1251")


def gie(path: str, query: Mapping[str, list[str]]) -> Reply:
    data = [
        {"gasDayStart": str(day), "gasInStorage": f"{2.5 * _full(day):.4f}", "full": f"{_full(day):.2f}",
         "workingGasVolume": "250.0", "status": "C", "updatedAt": f"{day} 19:30:00"}
        for day in days(query["from"][0], query["to"][0])
    ]  # fmt: skip
    return _json({"last_page": 1, "total": len(data), "dataset": "storage", "data": data[::-1]})


def _full(day: dt.date) -> float:
    """Return how full a storage is, per cent: least at the end of March, most at that of September."""
    return round(60 - 30 * math.cos((day.timetuple().tm_yday - 90) * 2 * math.pi / 365), 2)


def crea(path: str, query: Mapping[str, list[str]]) -> Reply:
    data = [
        {"commodity": "natural_gas", "destination_iso2": code, "date": str(day), "value_m3": level,
         "value_eur": level * 0.25}
        for code, level in (("CN", 105e6), ("TR", 58e6), ("HU", 20e6))
        for day in days(query["date_from"][0], query["date_to"][0])
    ]  # fmt: skip
    return _json({"data": data})


def moex(path: str, query: Mapping[str, list[str]]) -> Reply:
    rows = [[str(day), 130.0 + day.day / 10, 1, 1.0] for day in days(query["from"][0], query["till"][0])
            if day.weekday() < 5]  # fmt: skip
    start = int(query["start"][0])
    return _json({
        "history": {"columns": ["TRADEDATE", "CLOSE", "VOLUME", "VALUE"], "data": rows[start : start + 50]},
        "history.cursor": {"columns": ["INDEX", "TOTAL", "PAGESIZE"], "data": [[start, len(rows), 50]]},
    })  # fmt: skip


def github(path: str, query: Mapping[str, list[str]]) -> Reply:
    return Reply(200, archive(), "application/x-gzip")


@functools.cache
def archive() -> bytes:
    """Return an archive with the routes of two projects."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, count in (("P2352", 40), ("P0679", 12)):
            line = {"type": "LineString", "coordinates": [[30 + n, 50] for n in range(count)]}
            body = json.dumps(line).encode()
            member = tarfile.TarInfo(
                f"repo-main/data/individual-routes/gas-pipelines/{name}.geojson"
            )
            member.size, member.mtime = len(body), 1_775_000_000
            tar.addfile(member, io.BytesIO(body))
    return out.getvalue()


TURKISH = ["Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül",
           "Ekim", "Kasım", "Aralık"]  # fmt: skip


def epdk(path: str, query: Mapping[str, list[str]]) -> Reply:
    """Return the page of the reports, or the tables of one: from Russia what Eurostat has for Turkey."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    if "id" in query:
        return Reply(200, report(query["id"][0]), kind)
    links = "".join(f'<a href="/Detay/Download?id={year}-{n:02}">{year} {name} Tabloları</a>'
                    for year in range(2021, 2027) for n, name in enumerate(TURKISH, start=1))  # fmt: skip
    return Reply(200, f"<!DOCTYPE html><html>{links}</html>".encode(), "text/html; charset=utf-8")


@functools.cache
def report(month: str) -> bytes:
    from openpyxl import Workbook

    year, last = month.split("-")
    book = Workbook()
    sheet = book.active
    sheet["A1"] = f"Tablo 1.1: {year} Yılı Kaynak Ülkelere Göre İthalat (milyon Sm3)"
    shown = TURKISH[: int(last)]
    for row, (name, level) in enumerate(
        (("Ülke", 0), ("Rusya", 1), ("İran", 600), ("Toplam", 4000)), start=2
    ):
        sheet.cell(row, 1, name)
        for column, title in enumerate(shown, start=2):
            month_ = f"{year}-{column - 1:02}"
            russia = _imports("G3000", "RU", "TR", month_, "MIO_M3")
            figure = russia if name == "Rusya" else level + column - 1
            sheet.cell(row, column, figure if level else title)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SHOWN = [(y, m) for y in range(2024, 2027) for m in range(1, 13) if (y, m) <= (2026, 9)]
"""Years and months that the three offices of statistics have printed."""


def siat(path: str, query: Mapping[str, list[str]]) -> Reply:
    """Return Uzbekistan's catalogue, a descriptor, or the file: 700 and 500 million m3 and the month."""
    if path.startswith("/sdmx/json"):
        return _json([{"id": 1, "name_en": "Trade", "children": [
            {"id": 4711, "name_en": "Imports of natural gas by country"}]}])  # fmt: skip
    if path.endswith("/download/"):
        return _json({"file": "https://api.siat.stat.uz/media/uploads/sdmx/sdmx_data_4711.json"})
    months = {f"{y}-M{m:02}": m for y, m in SHOWN}
    words = ("Imports of natural gas by country", "million m3")
    return _json([{"metadata": [{"value_en": text} for text in words], "data": [
        {"Code": name, "Klassifikator_en": name} | {key: level + m for key, m in months.items()}
        for name, level in (("Total", 700), ("Russia", 500), ("Turkmenistan", 200))]}])  # fmt: skip


def taldau(path: str, query: Mapping[str, list[str]]) -> Reply:
    """Return Kazakhstan's way from words to an index, or its lines: 300 million m3 and the month."""
    what = path.rsplit("/Api/", 1)[-1]
    if what == "Search":
        return _json([{"id": 4711, "text": "Импорт природного газа"}, {"id": 5, "text": "Импорт"}])
    if what == "GetIndexAttributes":
        return _json({"name": "Импорт природного газа", "measureName": "тыс.куб.м"})
    if what == "GetSegmentList":
        return _json(
            [{"dicId": "67", "names": "Регионы"}, {"dicId": "67+4303", "names": "Регионы+Страны"}]
        )
    ends = [dt.date(y + m // 12, m % 12 + 1, 1) - dt.timedelta(days=1) for y, m in SHOWN]
    return _json([
        {"terms": [741880, n], "termNames": ["РЕСПУБЛИКА КАЗАХСТАН", name], "periods": [
            {"name": str(day), "date": f"{day:%d.%m.%Y}", "value": str((level + day.month) * 1000)} for day in ends]}
        for n, (name, level) in enumerate((("Всего", 400), ("РОССИЯ", 300)))])  # fmt: skip


def ksh(path: str, query: Mapping[str, list[str]]) -> Reply:
    """Return Hungary's page of the theme, or its table: 800 and 600 million m3 and the month."""
    if path == "/stadat":
        links = ('<a href="/stadat_files/ene/en/ene0001.html">Energy balance</a>'
                 '<a href="/stadat_files/ene/en/ene0009.html">Natural gas imports by month</a>')  # fmt: skip
        return Reply(
            200, f"<!DOCTYPE html><html>{links}</html>".encode(), "text/html; charset=utf-8"
        )
    names = [f"{dt.date(2026, m, 1):%B}" for m in range(1, 13)]
    lines = ["Natural gas imports by month [million m3]", "Year;Month;Total;Of which: Russia"]
    lines += [f"{y if m == 1 else ''};{names[m - 1]};{800 + m},0;{600 + m},0" for y, m in SHOWN]
    return Reply(200, ("\n".join(lines) + "\n").encode(), "text/csv")


SERVICES: dict[str, Callable[[str, Mapping[str, list[str]]], Reply]] = {
    "ec.europa.eu": eurostat, "transparency.entsog.eu": entsog, "comtradeapi.un.org": comtrade,
    "www.worldbank.org": worldbank, "thedocs.worldbank.org": thedocs, "data-api.ecb.europa.eu": ecb,
    "www.cbr.ru": cbr, "agsi.gie.eu": gie, "api.russiafossiltracker.com": crea,
    "www.epdk.gov.tr": epdk, "api.siat.stat.uz": siat, "taldau.stat.gov.kz": taldau, "www.ksh.hu": ksh,
    "iss.moex.com": moex, "codeload.github.com": github,
}  # fmt: skip
