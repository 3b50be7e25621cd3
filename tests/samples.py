"""Small answers in each upstream's own form, and what each source has to refuse.

`GOOD`, `EMPTY` and `BAD` feed the contract test; the tests of single sources take theirs from
`answer`. The numbers are invented; where a value is not, the test that uses it says so.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from openpyxl import Workbook
from server import HTML

from energy.sources import SOURCES, pinksheet
from energy.sources.contract import Answer, Request
from energy.sources.reading import answer_of

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[1].parent / "shared" / "upstream" / "samples"
QUARTER = "2026Q3"
RETRIEVED = dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC)

JSON, XML, CSV = "application/json", 'application/xml; charset="windows-1251"', "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {".json": JSON, ".xml": XML, ".csv": CSV, ".html": "text/html", ".xlsx": XLSX}


def asked(source: str, tag: str = "") -> Request:
    """Return a request of a source for the quarter: the first, or the one whose tag starts so."""
    requests = SOURCES[source].request(QUARTER) or [Request(source, "figures.csv", "inbox:figures")]
    return next(request for request in requests if request.tag.startswith(tag))


def answer(
    source: str,
    content: str | bytes,
    *,
    tag: str = "",
    status: int = 200,
    type: str = "",
    request: Request | None = None,
    retrieved: dt.datetime = RETRIEVED,
) -> Answer:
    """Return an answer of a source: a file of ``tests/data/<source>`` by name, or bytes."""
    if isinstance(content, str):
        type = type or TYPES[Path(content).suffix]
        content = (DATA / source / content).read_bytes()
    question = request or asked(source, tag)
    headers = {"content-type": type}
    if source in ("crea", "ksh"):  # a table that nobody would miss the end of: its length is told
        headers["content-length"] = str(len(content))
    return answer_of(question, content, status=status, headers=headers, retrieved=retrieved)


def shared(source: str, name: str) -> bytes:
    """Return a hand-made answer of ``tests/data``, or a recorded one, or skip the test."""
    import pytest

    if name.startswith("handmade/"):
        return (DATA / source / name).read_bytes()
    path = SHARED / source / name
    if not path.exists():
        pytest.skip(f"{source}/{name} lies outside the package")
    return path.read_bytes()


# -- built ones -----------------------------------------------------------------------------------


def workbook(
    change: Callable[[list[list]], None] = lambda cells: None, sheet: str = pinksheet.SHEET
) -> bytes:
    """Return ``pinksheet/sheet.csv`` as a workbook; the empty sheet stands first, as it does."""
    text = (DATA / "pinksheet" / "sheet.csv").read_text(encoding="utf-8")
    cells: list[list] = [[_cell(c) for c in line] for line in csv.reader(io.StringIO(text))]
    change(cells)
    book = Workbook()
    book.active.title = "AFOSHEET"
    page = book.create_sheet(sheet)
    for line in cells:
        page.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(text: str) -> str | float | None:
    try:
        return float(text)
    except ValueError:
        return text or None


ROUTE = (
    b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
    b'{"type":"MultiLineString","coordinates":[[[30,60],[31,60.5]],[[31,60.5],[32,61]]]}}]}'
)
TOP = "GOIT-GGIT-pipeline-routes-main/data/individual-routes"
ROUTES = {
    f"{TOP}/gas-pipelines/P2352.geojson": ROUTE,
    f"{TOP}/gas-pipelines/P2353.geojson": b"",
    f"{TOP}/gas-pipelines/P9999.geojson": ROUTE,
    f"{TOP}/gas-pipelines/notes.qmd": b"script",
    f"{TOP}/oil-pipelines/P2352.geojson": b"oil",
}
EDITION = int(dt.datetime(2026, 4, 7, tzinfo=dt.UTC).timestamp())


def tar(files: Mapping[str, bytes] = ROUTES, mode: str = "w:gz", **extra: bytes) -> bytes:
    """Return an archive; ``link=`` adds a symbolic link of that name."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), EDITION
            archive.addfile(member, io.BytesIO(content))
        if "link" in extra:
            member = tarfile.TarInfo(f"{TOP}/gas-pipelines/P0001.geojson")
            member.type, member.linkname = tarfile.SYMTYPE, extra["link"].decode()
            archive.addfile(member)
    return file.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 4, 7, 0, 0, 0)), content)
    return file.getvalue()


def with_member(body: bytes, name: str, content: bytes) -> bytes:
    """Return a zip file with one more member."""
    file = io.BytesIO(body)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def damaged_sheet() -> bytes:
    """Return a workbook whose sheet declares entities."""
    source = zipfile.ZipFile(io.BytesIO(workbook()))
    bomb = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><s>&b;</s>'
    files = {n: source.read(n) for n in source.namelist()}
    return zipped(files | {"xl/worksheets/sheet2.xml": bomb})


def edited(source: str, file: str, old: str, new: str, **options: object) -> Answer:
    """Return a sample with one text replaced, after a look that the text is there."""
    body = (DATA / source / file).read_bytes()
    encoding = "cp1251" if file.endswith(".xml") else "utf-8"
    assert old.encode(encoding) in body, f"{source}/{file} does not hold {old!r}"
    changed = body.replace(old.encode(encoding), new.encode(encoding))
    return answer(source, changed, type=TYPES[Path(file).suffix], **options)  # type: ignore[arg-type]


def with_cell(row: int, column: int, value: object) -> bytes:
    """Return the workbook with one cell changed, counted from 0."""

    def change(cells: list[list]) -> None:
        cells[row][column] = value

    return workbook(change)


def report(
    title: str = "2026 Yılı Kaynak Ülkelere Göre İthalat (milyon Sm3)",
    months: tuple[str, ...] = ("Temmuz", "Ağustos", "Eylül"),
    country: str = "Rusya Federasyonu",
    value: object = 1447.2,
) -> bytes:
    """Return the tables of the Turkish regulator: three months, four rows."""
    book = Workbook()
    sheet = book.active
    sheet.append(["Tablo 1.1: " + title])
    sheet.append(["Ülke", *months])
    sheet.append([country, value, 1500, 1390.5])
    sheet.append(["Azerbaycan", 958, 960, 970])
    sheet.append(["Toplam", 3605, 3700, 3650])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# -- the three lists ------------------------------------------------------------------------------

GOOD: dict[str, list[tuple[str, Callable[[], Answer]]]] = {
    "eurostat": [
        ("monthly", lambda: answer("eurostat", "monthly.json")),
        ("annual", lambda: answer("eurostat", "annual.json", tag="nrg_ti_gas-TJ")),
    ],
    "entsog": [("answer", lambda: answer("entsog", "answer.json"))],
    "comtrade": [
        ("keyed", lambda: answer("comtrade", "china.json")),
        ("preview", lambda: answer("comtrade", "preview.json", tag="860")),
    ],
    "pinksheet": [("workbook", lambda: answer("pinksheet", workbook(), type=XLSX, request=BOOK))],
    "ecb": [
        ("monthly", lambda: answer("ecb", "monthly.csv", tag="USD-M")),
        ("daily", lambda: answer("ecb", "daily.csv", tag="USD-D")),
    ],
    "cbr": [
        ("range", lambda: answer("cbr", "range.xml", tag="CNY")),
        ("day", lambda: answer("cbr", "day.xml")),
    ],
    "gie": [
        ("page", lambda: answer("gie", "page1.json", tag="DE")),
        ("comma", lambda: answer("gie", "comma.json", tag="DE")),
    ],
    "crea": [
        ("json", lambda: answer("crea", "overland.json")),
        ("csv", lambda: answer("crea", "overland.csv")),
    ],
    "moex": [("page", lambda: answer("moex", "page1.json"))],
    "gem": [
        ("tar", lambda: answer("gem", tar(), type="application/x-gzip")),
        ("zip", lambda: answer("gem", zipped(ROUTES), type="application/zip")),
    ],
    "inbox": [("file", lambda: answer("inbox", "good.csv"))],
    "epdk": [("report", lambda: answer("epdk", report(), type=XLSX, request=REPORT))],
    "siat": [("file", lambda: answer("siat", "file.json", request=INDICATOR))],
    "taldau": [("data", lambda: answer("taldau", "data.json", request=INDEX))],
    "ksh": [
        ("table", lambda: answer("ksh", "table.csv", request=STADAT)),
        ("Latin-2", lambda: answer("ksh", latin2(), type=CSV, request=STADAT)),
    ],
}


OTHER = '[{"terms": [156], "termNames": ["Китай"], "periods": []}]'.encode()


def third(lines: list[dict]) -> list[dict]:
    """Return the one line that is neither the total nor Russia's."""
    return lines[2:]


def hidden() -> bytes:
    """Return the Kazakh lines with every value withheld."""
    lines = json.loads((DATA / "taldau" / "data.json").read_bytes())
    for line in lines:
        line["periods"] = [period | {"value": "x"} for period in line["periods"]]
    return json.dumps(lines).encode()


def indicator(change: Callable[[list[dict]], list[dict]]) -> bytes:
    """Return the Uzbek file with other lines."""
    (table,) = json.loads((DATA / "siat" / "file.json").read_bytes())
    return json.dumps([table | {"data": change(table["data"])}]).encode()


def climbing(lines: list[dict]) -> list[dict]:
    """Return the total as sums since January: 100 a month, two whole years."""
    sums = {f"{y}-M{m:02}": 100.0 * m for y in (2024, 2025) for m in range(1, 13)}
    return [{k: v for k, v in lines[0].items() if not k.startswith("20")} | sums]


def latin2() -> bytes:
    """Return the Hungarian table with a Hungarian title, in the older encoding."""
    text = (DATA / "ksh" / "table.csv").read_text(encoding="utf-8")
    text = text.replace(
        "Natural gas imports by month [million m3]", "Földgáz behozatal havonta [millió m3]"
    )
    return text.replace("Of which: Russia", "Oroszország").encode("iso-8859-2")


def behind_a_line() -> bytes:
    """Return Hungary's table cut behind its last line but one: months that might not be out yet."""
    body = (DATA / "ksh" / "table.csv").read_bytes()
    return body[: body.rstrip().rindex(b"\n") + 1]


INDICATOR = Request(
    "siat", "file-4711", "https://api.siat.stat.uz/media/uploads/sdmx/sdmx_data_4711.json"
)
INDEX = Request(
    "taldau",
    "data-4711-1",
    "https://taldau.stat.gov.kz/ru/Api/GetIndexData/4711?period=4&dics=67,4303",
)
STADAT = Request("ksh", "table-ene0009", "https://www.ksh.hu/stadat_files/ene/en/ene0009.csv")
REPORT = Request("epdk", "tables-2026-09", "https://www.epdk.gov.tr/Detay/Download?id=2026-09")
BOOK = Request("pinksheet", "workbook", pinksheet.KNOWN)

ARCHIVED = b'{"message":"The requested period is archived"}'
MAINTENANCE = b'{"message":"API is currently in maintenance mode."}'
NOTHING = b'{"message":"No result found"}'
EPDK_PAGE = "<html><a href='/Detay/Download?id=9'>2026 Eylül Tabloları</a></html>".encode()
CATALOGUE = b'[{"id": 1, "name_en": "Population", "children": []}]'
EMPTY: dict[str, list[tuple[str, Callable[[], Answer]]]] = {
    "eurostat": [("unknown value", lambda: answer("eurostat", "empty.json"))],
    "entsog": [
        ("404", lambda: answer("entsog", NOTHING, status=404, type=JSON)),
        ("500", lambda: answer("entsog", NOTHING, status=500, type=JSON)),
        ("old 200", lambda: answer("entsog", b'{"message":"No Data Available"}', type=JSON)),
    ],
    "comtrade": [("count 0", lambda: answer("comtrade", "empty.json"))],
    "epdk": [("the page", lambda: answer("epdk", EPDK_PAGE, type="text/html"))],
    "siat": [("catalogue", lambda: answer("siat", CATALOGUE, type=JSON))],
    "taldau": [
        ("search", lambda: answer("taldau", CATALOGUE, type=JSON)),
        ("all withheld", lambda: answer("taldau", hidden(), type=JSON, request=INDEX)),
    ],
    "ksh": [("the page", lambda: answer("ksh", b"<html>no table</html>", type="text/html"))],
    "pinksheet": [("the page", lambda: answer("pinksheet", "page.html", tag="page"))],
    "ecb": [("no TARGET day", lambda: answer("ecb", b"", type=CSV))],
    "cbr": [("holidays", lambda: answer("cbr", "holiday.xml"))],
    "gie": [("no data", lambda: answer("gie", "empty.json", tag="DE"))],
    "moex": [
        ("no rows", lambda: answer("moex", "empty.json")),
        ("no trades", lambda: answer("moex", "halt.json")),
    ],
}

BAD: dict[str, list[tuple[str, Callable[[], Answer]]]] = {
    "eurostat": [
        ("warning with status 200", lambda: answer("eurostat", "warning.json")),
        ("error with status 200", lambda: answer("eurostat", "error.json")),
        ("unit", lambda: edited("eurostat", "monthly.json", "MIO_M3", "TJ_NCV")),
        ("frequency", lambda: edited("eurostat", "monthly.json", '"M"', '"Q"')),
        ("siec", lambda: edited("eurostat", "monthly.json", "G3200", "G3210")),
        ("dimension renamed", lambda: edited("eurostat", "monthly.json", '"geo"', '"reporter"')),
        ("month that is none", lambda: edited("eurostat", "monthly.json", "2026-07", "2026-13")),
        ("value as text", lambda: edited("eurostat", "monthly.json", "1500.25", '"1500,25"')),
        ("no values", lambda: edited("eurostat", "monthly.json", '"value"', '"values"')),
    ],
    "entsog": [
        ("archived", lambda: answer("entsog", ARCHIVED, status=404, type=JSON)),
        ("404 of a proxy", lambda: answer("entsog", HTML, status=404, type="text/html")),
        ("500 without a word", lambda: answer("entsog", b'{"message":"Internal error"}', status=500, type=JSON)),
        ("no records", lambda: answer("entsog", b'{"meta":{},"operationalData":[]}', type=JSON)),
        ("unit", lambda: edited("entsog", "answer.json", "kWh/d", "kWh/h")),
        ("indicator", lambda: edited("entsog", "answer.json", "Physical Flow", "Allocation")),
        ("field renamed", lambda: edited("entsog", "answer.json", '"value"', '"amount"')),
        ("decimal comma", lambda: edited("entsog", "answer.json", "480000000", '"480000000,5"')),
        ("date", lambda: edited("entsog", "answer.json", "2026-07-01T", "01.07.2026T")),
    ],
    "comtrade": [
        ("error text", lambda: edited("comtrade", "china.json", '"error": ""', '"error": "failed"')),
        ("quota with status 200", lambda: answer("comtrade", "quota.json")),
        ("count", lambda: edited("comtrade", "china.json", '"count": 3', '"count": 4')),
        ("counted twice over", lambda: edited("comtrade", "china.json", '"C00"', '"C05"')),
        ("partner", lambda: edited("comtrade", "china.json", "643", "804")),
        ("field renamed", lambda: edited("comtrade", "china.json", "primaryValue", "tradeValue")),
        ("two values", lambda: edited("comtrade", "china.json", '"202608"', '"202607"')),
        ("month", lambda: edited("comtrade", "china.json", '"202608"', '"202652"')),
    ],
    "pinksheet": [
        ("no sheet", lambda: answer("pinksheet", workbook(sheet="Monthly"), type=XLSX, request=BOOK)),
        ("column renamed", lambda: answer("pinksheet", with_cell(4, 5, "Gas, Europe"), type=XLSX, request=BOOK)),
        ("column twice", lambda: answer("pinksheet", with_cell(4, 1, "Crude oil, Brent"), type=XLSX, request=BOOK)),
        ("unit", lambda: answer("pinksheet", with_cell(5, 5, "(EUR/MWh)"), type=XLSX, request=BOOK)),
        ("month shifted", lambda: answer("pinksheet", with_cell(8, 0, "2015M05"), type=XLSX, request=BOOK)),
        ("entities", lambda: answer("pinksheet", damaged_sheet(), type=XLSX, request=BOOK)),
        ("bomb", lambda: answer("pinksheet", with_member(workbook(), "x", bytes(70 * 2**20)), type=XLSX, request=BOOK)),
        ("traversal", lambda: answer("pinksheet", with_member(workbook(), "../x", b"x"), type=XLSX, request=BOOK)),
        ("a zip of something else", lambda: answer("pinksheet", zipped({"a.txt": b"x"}), type=XLSX, request=BOOK)),
    ],
    "epdk": [
        ("no unit", lambda: answer("epdk", report(title="2026 Yılı (TJ)"), type=XLSX, request=REPORT)),
        ("no year", lambda: answer("epdk", report(title="milyon Sm3"), type=XLSX, request=REPORT)),
        ("no months", lambda: answer("epdk", report(months=("A", "B")), type=XLSX, request=REPORT)),
        ("no Russia", lambda: answer("epdk", report(country="Katar"), type=XLSX, request=REPORT)),
        ("decimal comma", lambda: answer("epdk", report(value="1.447,2"), type=XLSX, request=REPORT)),
        ("a zip of something else", lambda: answer("epdk", zipped({"a.txt": b"x"}), type=XLSX, request=REPORT)),
    ],
    "siat": [
        ("no unit", lambda: edited("siat", "file.json", "mln. kub. m", "ming dollar", request=INDICATOR)),
        ("liquid", lambda: edited("siat", "file.json", "natural gas", "natural gas, lng", request=INDICATOR)),
        ("no Russia, no total", lambda: answer("siat", indicator(third), type=JSON, request=INDICATOR)),
        ("counts from January on", lambda: answer("siat", indicator(climbing), type=JSON, request=INDICATOR)),
        ("no lines", lambda: edited("siat", "file.json", '"data"', '"rows"', request=INDICATOR)),
    ],
    "taldau": [
        ("date", lambda: edited("taldau", "data.json", "31.07.2026", "2026-07-31", request=INDEX)),
        ("no names", lambda: edited("taldau", "data.json", "termNames", "names", request=INDEX)),
        ("month twice", lambda: edited("taldau", "data.json", "31.08.2026", "31.07.2026", request=INDEX)),
        ("another country", lambda: answer("taldau", OTHER, type=JSON, request=INDEX)),
    ],
    "ksh": [
        ("title", lambda: edited("ksh", "table.csv", "Natural gas", "Flour", request=STADAT)),
        ("unit", lambda: edited("ksh", "table.csv", "million m3", "TJ", request=STADAT)),
        ("columns", lambda: edited("ksh", "table.csv", "Total;Of which: Russia", "Pipeline;Other", request=STADAT)),
        ("no year", lambda: edited("ksh", "table.csv", "2026;July", ";July", request=STADAT)),
        ("cut", lambda: answer_of(STADAT, behind_a_line(), headers={"content-type": CSV})),
    ],
    "ecb": [
        ("404 of a proxy", lambda: answer("ecb", HTML, status=404, type="text/html")),
        ("404 of an outage", lambda: answer("ecb", b"", status=404, type="text/plain")),
        ("column renamed", lambda: edited("ecb", "daily.csv", "OBS_VALUE", "VALUE")),
        ("other rate", lambda: edited("ecb", "daily.csv", "SP00", "SP01")),
        ("decimal comma", lambda: edited("ecb", "daily.csv", "1.1601", '"1,1601"')),
        ("cut in a row", lambda: edited("ecb", "daily.csv", "2026-07-02,1.1649\n", "2026-07")),
        ("negative", lambda: edited("ecb", "daily.csv", "1.1601", "-1.1601")),
        ("header only", lambda: answer("ecb", (DATA / "ecb" / "daily.csv").read_bytes().splitlines()[0], type=CSV)),
        ("date", lambda: edited("ecb", "daily.csv", "2026-07-01", "01/07/2026")),
        ("encoding", lambda: answer("ecb", "KEY,ü\n".encode("utf-16"), type=CSV)),
    ],
    "cbr": [
        ("wrong code", lambda: answer("cbr", "wrong_code.xml")),
        ("entity bomb", lambda: answer("cbr", "bomb.xml")),
        ("other root", lambda: edited("cbr", "day.xml", "ValCurs", "Rates")),
        ("decimal point", lambda: edited("cbr", "range.xml", "10,9500", "10.9500")),
        ("unit rate disagrees", lambda: edited("cbr", "range.xml", "<Nominal>10<", "<Nominal>100<")),
        ("no nominal", lambda: edited("cbr", "range.xml", "Nominal", "Units")),
        ("date form", lambda: edited("cbr", "range.xml", "02.07.2026", "2026-07-02")),
        ("outside the range", lambda: edited("cbr", "range.xml", "02.07.2026", "02.07.2025")),
        ("currency unknown", lambda: edited("cbr", "range.xml", 'Id="R01375"', 'Id="R01010"')),
        ("encoding", lambda: edited("cbr", "day.xml", "windows-1251", "utf-8")),
    ],
    "gie": [
        ("refused with status 200", lambda: answer("gie", "refused.json", tag="DE")),
        ("field renamed", lambda: edited("gie", "page1.json", "gasInStorage", "stock", tag="DE")),
        ("day not asked for", lambda: edited("gie", "page1.json", "2026-09-30", "2025-09-30", tag="DE")),
        ("thousands", lambda: edited("gie", "comma.json", "200,0000", "2,000000", tag="DE")),
        ("number", lambda: edited("gie", "page1.json", "200.5000", "n/a", tag="DE")),
        ("pages", lambda: edited("gie", "page1.json", '"last_page": 2', '"pages": 2', tag="DE")),
    ],
    "crea": [
        ("maintenance with status 200", lambda: answer("crea", MAINTENANCE, type=JSON)),
        ("no rows", lambda: answer("crea", b'{"data":[]}', type=JSON)),
        ("commodity", lambda: edited("crea", "overland.json", '"natural_gas"', '"lng"')),
        ("field renamed", lambda: edited("crea", "overland.json", "value_m3", "value_bcm")),
        ("no destination", lambda: edited("crea", "overland.json", '"HU"', "null")),
        ("column renamed", lambda: edited("crea", "overland.csv", "value_m3", "value_bcm")),
    ],
    "moex": [
        ("column renamed", lambda: edited("moex", "page1.json", "CLOSE", "LAST")),
        ("rows lost", lambda: edited("moex", "page1.json", "[0, 3, 2]", "[0, 3, 3]")),
        ("another page", lambda: edited("moex", "page1.json", "[0, 3, 2]", "[2, 4, 2]")),
        ("no cursor", lambda: edited("moex", "page1.json", "history.cursor", "cursor")),
        ("zero", lambda: edited("moex", "page1.json", "130.0", "0")),
        ("row cut", lambda: edited("moex", "page1.json", ", 4500000000.0", "")),
    ],
    "gem": [
        ("traversal", lambda: answer("gem", tar(ROUTES | {"../../gas/P0001.geojson": ROUTE}), type="")),
        ("absolute", lambda: answer("gem", tar(ROUTES | {"/tmp/gas/P0001.geojson": ROUTE}), type="")),
        ("link", lambda: answer("gem", tar(link=b"/etc/passwd"), type="")),
        ("zip traversal", lambda: answer("gem", zipped(ROUTES | {"..\\gas\\P1234.geojson": b"{}"}), type="")),
        ("nothing in it", lambda: answer("gem", tar({"README.md": b"x"}), type="")),
        ("none of ours", lambda: answer("gem", tar({f"{TOP}/gas-pipelines/P9999.geojson": ROUTE}), type="")),
        ("no JSON", lambda: answer("gem", tar({f"{TOP}/gas-pipelines/P2352.geojson": ROUTE[:50]}), type="")),
    ],
    "inbox": [
        ("unit", lambda: edited("inbox", "good.csv", ",bcm,", ",bushel,")),
        ("no basis", lambda: edited("inbox", "good.csv", ",20C,", ",,")),
        ("column renamed", lambda: edited("inbox", "good.csv", "period", "quarter")),
        ("decimal comma", lambda: edited("inbox", "good.csv", ",21.4,", ',"21,4",')),
        ("period", lambda: edited("inbox", "good.csv", "2026Q3,", "2026Q5,")),
        ("encoding", lambda: answer("inbox", (DATA / "inbox" / "good.csv").read_bytes() + b"\xe9", type=CSV)),
    ],
}  # fmt: skip
