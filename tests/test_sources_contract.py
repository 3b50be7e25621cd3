"""What every source has to keep to: one contract, run over each module of ``SOURCES``."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pandas as pd
import pytest
import samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import BAD, EMPTY, GOOD, QUARTER, RETRIEVED
from server import HTML, Reply, Server

from energy import sources
from energy.measure import periods
from energy.sources import SOURCES, SourceError, contract, gather, table, transport
from energy.sources.contract import COLUMNS, Request
from energy.sources.reading import UNIQUE, answer_of, frame

NAMES = sorted(SOURCES)
HEADINGS = ["What", "Format", "Licence", "Lag", "Quirks"]
STATUS = {"actual", "provisional", "estimate", "modelled", "plan", "contract"}
BASES = {"", "0C", "15C", "20C", "15C-40MJ", "GCV", "NCV", "mass", "unstated"}
# Unit and basis in which each source delivers; another one is a change to look at.
UNITS = {
    "eurostat": {("MIO_M3", "15C"), ("TJ_GCV", "GCV")},
    "entsog": {("kWh/d", "GCV")},
    "comtrade": {("USD", ""), ("kg", "mass")},
    "pinksheet": {("USD/MMBtu", "GCV"), ("USD/bbl", "")},
    "ecb": {("USD per 1 EUR", "")},
    "cbr": {("RUB per 1 USD", ""), ("RUB per 1 CNY", "")},
    "gie": {("TWh", "unstated"), ("%", "")},
    "crea": {("m3", "unstated"), ("EUR", "")},
    "moex": {("RUB", "")},
    "epdk": {("mcm", "15C")},
    "siat": {("mcm", "20C")},
    "taldau": {("mcm", "20C")},
    "ksh": {("mcm", "15C")},
    "gem": {("vertices", "")},
    "inbox": {("bcm", "20C"), ("million USD", ""), ("RUB per 1 USD", "")},
}


def cases(lists: dict) -> list:
    return [
        pytest.param(name, build, id=f"{name}-{label}")
        for name in NAMES
        for label, build in lists.get(name, [])
    ]


def test_the_lists_know_every_source():
    assert len(NAMES) == 15
    assert sorted(GOOD) == sorted(BAD) == sorted(UNITS) == NAMES
    assert len(cases(BAD)) > 80


@pytest.mark.parametrize("name", NAMES)
def test_docstring_has_the_fixed_form(name):
    text = SOURCES[name].__doc__ or ""
    headings = re.findall(r"^([A-Z][a-z]+)$", text, re.MULTILINE)
    assert headings[: len(HEADINGS)] == HEADINGS
    assert re.match(r"[A-Z].+\.\n\n", text)
    for heading in HEADINGS:
        assert re.search(rf"^{heading}\n    \S", text, re.MULTILINE), f"{heading} says nothing"


@pytest.mark.parametrize("name", NAMES)
def test_constants(name):
    module = SOURCES[name]
    assert name == module.NAME and re.fullmatch("[a-z0-9-]+", name)
    for constant in ("TITLE", "PUBLISHER", "KIND", "LICENCE"):
        assert getattr(module, constant).strip()
    assert module.URL.startswith("https://") or name == "inbox"
    assert isinstance(module.LAG, int) and 0 <= module.LAG <= 400
    assert re.fullmatch(r"([A-Z]+_API_KEY)?", module.KEY)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_no_connection_and_writes_nothing_by_itself(name):
    tree = ast.parse(Path(SOURCES[name].__file__ or "").read_text(encoding="utf-8"))
    imported = {
        n.name for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names
    }
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert (
        imported & {"httpx", "requests", "socket", "urllib.request", "energy.sources.transport"}
        == set()
    )


@pytest.mark.parametrize("period", [QUARTER, "2026Q1", "2022Q2", periods.parse("2025Q4")])
@pytest.mark.parametrize("name", NAMES)
def test_requests_are_unique_and_hold_no_key(name, period, monkeypatch):
    module = SOURCES[name]
    if module.KEY:
        monkeypatch.setenv(module.KEY, "a-very-secret-key")
    requests = module.request(period)
    assert [r.tag for r in requests] == [r.tag for r in module.request(period)]  # no clock in it
    assert len({r.tag for r in requests}) == len({r.url for r in requests}) == len(requests)
    assert len(requests) > 0 or name == "inbox"
    for request in requests:
        assert isinstance(request, Request) and request.source == name
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", request.tag)
        assert re.fullmatch(r"https://[^\s]+", request.url)
        assert "a-very-secret-key" not in repr(request)
        assert not re.search(r"(?i)(api_?key|token|subscription)=", request.url)
        assert bool(request.key_header or request.key_param) <= bool(module.KEY)
        assert set(request.empty) <= {404, 500}


@pytest.mark.parametrize(("name", "build"), cases(GOOD))
def test_a_good_answer_is_read(name, build):
    answer = build()
    found = SOURCES[name].parse(answer)
    check_table(found, answer)
    assert not found.empty
    pairs = set(zip(found["unit"], found["basis"], strict=True))
    assert pairs <= UNITS[name]
    pd.testing.assert_frame_equal(found, SOURCES[name].parse(answer))  # and read the same again


def check_table(found: pd.DataFrame, answer: contract.Answer) -> None:
    assert list(found.columns) == COLUMNS
    assert found["value"].dtype == found["coverage"].dtype == "float64"
    assert str(found["retrieved"].dtype) == "datetime64[us, UTC]"
    for column in set(COLUMNS) - {"value", "coverage", "retrieved"}:
        assert str(found[column].dtype) == "str", column
        assert not found[column].isna().any()
    assert found["value"].notna().all() and found["coverage"].between(0, 1).all()
    assert not found.duplicated(UNIQUE).any()
    assert set(found["status"]) <= STATUS and set(found["basis"]) <= BASES
    for period, freq in zip(found["period"], found["freq"], strict=True):
        assert periods.parse(period).freq == freq and periods.label(periods.parse(period)) == period
    assert found["series"].str.fullmatch(r"[a-z0-9_]+").all()
    assert found["published"].str.fullmatch(r"(\d{4}(-\d\d(-\d\d)?)?)?").all()
    assert found["ref"].str.fullmatch(rf"{answer.sha256[:16]}#.+").all()
    assert answer.request.source == "inbox" or set(found["source"]) <= {answer.request.source}
    if len(found):
        assert set(found["retrieved"]) == {pd.Timestamp(RETRIEVED)}


@pytest.mark.parametrize(("name", "build"), cases(EMPTY))
def test_an_empty_answer_is_an_empty_table_where_the_source_says_so(name, build):
    answer = build()
    found = SOURCES[name].parse(answer)
    assert found.empty
    check_table(found, answer)


@pytest.mark.parametrize(("name", "build"), cases(BAD))
def test_a_bad_answer_is_refused_with_source_and_address(name, build):
    answer = build()
    with pytest.raises(SourceError, match=r"\S+: .+ Asked: \S+") as caught:
        SOURCES[name].parse(answer)
    error = caught.value
    assert (error.source, error.url) == (name, answer.request.url)
    assert len(error.what) > 20 and "Error" not in error.what.split(" ")[0]


GENERAL = {
    "HTML under its own name": (HTML, "text/html"),
    "HTML under the wanted name": (HTML, None),
    "nothing": (b"", None),
    "blanks": (b" \n ", None),
    "a message": (b'{"message":"Service temporarily overloaded"}', "application/json"),
    "null": (b"null", "application/json"),
    "a list": (b"[]", "application/json"),
    "an empty object": (b"{}", "application/json"),
    "zeros": (bytes(300), None),
}


@pytest.mark.parametrize("fault", GENERAL)
@pytest.mark.parametrize(("name", "build"), cases({n: g[:1] for n, g in GOOD.items()}))
def test_what_no_source_may_read(name, build, fault):
    if (name, fault) == ("ecb", "nothing"):
        pytest.skip("200 with an empty body is how the ECB says that a range has no rate")
    good = build()
    body, type = GENERAL[fault]
    headers = good.headers if type is None else {"content-type": type}
    with pytest.raises(SourceError):
        SOURCES[name].parse(answer_of(good.request, body, headers=headers, retrieved=RETRIEVED))


@pytest.mark.parametrize("status", [204, 301, 403, 429, 503])
@pytest.mark.parametrize(
    ("name", "build"), cases({n: g[:1] for n, g in GOOD.items() if n != "inbox"})
)
def test_a_good_body_with_a_bad_status_is_refused(name, build, status):
    good = build()
    with pytest.raises(SourceError, match=f"HTTP {status}"):
        SOURCES[name].parse(
            answer_of(
                good.request, good.body, status=status, headers=good.headers, retrieved=RETRIEVED
            )
        )


@pytest.mark.parametrize(
    ("name", "build"), cases({n: g for n, g in GOOD.items() if n not in {"ecb", "inbox"}})
)
def test_a_truncated_answer_is_refused_wherever_it_is_cut(name, build):
    good = build()
    length = len(good.body.rstrip())
    bare = {name: told for name, told in good.headers.items() if name != "content-length"}
    for cut in {1, length // 4, length // 2, length - 30, length - 1}:
        broken = answer_of(good.request, good.body[:cut], headers=bare, retrieved=RETRIEVED)
        with pytest.raises(SourceError):
            SOURCES[name].parse(broken)


@pytest.mark.parametrize(("name", "build"), cases(GOOD))
def test_any_damage_is_refused_or_leaves_a_sound_table(name, build):
    good = build()

    @settings(
        max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.integers(0, len(good.body) - 1), st.binary(max_size=3), st.integers(0, 40))
    def damage(place, bytes_, lost):
        body = good.body[:place] + bytes_ + good.body[place + lost :]
        broken = answer_of(good.request, body, headers=good.headers, retrieved=RETRIEVED)
        try:
            found = SOURCES[name].parse(broken)
        except SourceError:
            return
        check_table(found, broken)

    damage()


def test_a_missing_value_counts_once_and_beside_a_number_is_another():
    answer = answer_of(Request("own", "rows", "https://example.org"), b"")
    row = {"series": "flow", "entity": "pipe", "period": "2021", "freq": "A", "value": math.nan,
           "unit": "bcm", "basis": "20C", "status": "actual", "ref": "A1"}  # fmt: skip
    assert frame(answer, [row, row])["value"].isna().tolist() == [True]
    with pytest.raises(
        SourceError, match=r"pipe 2021 stands there 2 times with nan \(A1\), 1 \(A2\)"
    ):
        frame(answer, [row, row, {**row, "value": 1.0, "ref": "A2"}])


JUNK = [None, True, -1, "", "2026-07", [[]], {"x": 1}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "build"), [c for c in cases(GOOD) if c.values[1]().body[:1] == b"{"]
)
def test_any_part_of_another_kind_is_refused_or_leaves_a_sound_table(name, build):
    good = build()
    data = orjson.loads(good.body)
    paths = list(places(data))
    for path in paths[:: max(1, len(paths) // 25)]:
        for junk in JUNK:
            copy = orjson.loads(good.body)
            parent = copy
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = junk
            broken = answer_of(
                good.request, orjson.dumps(copy), headers=good.headers, retrieved=RETRIEVED
            )
            try:
                found = SOURCES[name].parse(broken)
            except SourceError:
                continue
            check_table(found, broken)


def places(part, path=()):
    """Walk all parts of a JSON value."""
    steps = (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    )
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


@pytest.mark.parametrize(("name", "build"), cases({n: g for n, g in GOOD.items() if n != "inbox"}))
def test_over_the_wire_it_reads_the_same(name, build):
    good, naps = build(), []
    parts = urlsplit(good.request.url)
    with Server() as server, server.client() as client:
        server.plan(parts.netloc + parts.path, Reply(200, good.body, good.headers["content-type"]))
        keys = {"GIE_API_KEY": "0123456789abcdef", "COMTRADE_API_KEY": "0123456789abcdef"}
        answer = transport.fetch(
            good.request, keys=keys, client=client, sleep=naps.append, now=lambda: RETRIEVED
        )
    assert (answer.sha256, answer.body) == (good.sha256, good.body)
    pd.testing.assert_frame_equal(SOURCES[name].parse(answer), SOURCES[name].parse(good))
    assert server.asked[0].host == parts.netloc
    assert (
        "0123456789abcdef" not in repr(answer) and "0123456789abcdef" not in server.asked[0].target
    )


# -- the front door -------------------------------------------------------------------------------


def test_gather_follows_pages_and_stops_at_the_end():
    pages = {"DE-p1": "page1.json", "DE-p2": "page2.json"}
    questions = []

    def fetch(request):
        questions.append(request.tag)
        name = pages.get(request.tag, "empty.json")
        return samples.answer("gie", name, request=request)

    found = list(gather(SOURCES["gie"], QUARTER, fetch))
    assert questions[:4] == ["EU-p1", "DE-p1", "DE-p2", "AT-p1"] and len(questions) == 12
    assert sum(len(observations) for _, observations in found) == 4


def test_gather_takes_the_substitute_and_else_fails():
    book = samples.workbook()

    def fetch(request):
        if request.tag == "page":
            raise SourceError(request.source, request.url, "HTTP 503 after 5 tries.", 503)
        return samples.answer("pinksheet", book, type=samples.XLSX, request=request)

    (answer, observations), *others = gather(SOURCES["pinksheet"], QUARTER, fetch)
    assert answer.request.tag == "workbook-known" and len(observations) == 19 and others == []

    def refuse(request):
        raise SourceError(request.source, request.url, "HTTP 503 after 5 tries.", 503)

    with pytest.raises(SourceError, match="ecb: HTTP 503 after 5 tries"):
        list(gather(SOURCES["ecb"], QUARTER, refuse))


def test_gather_stops_a_server_whose_pages_never_end(monkeypatch):
    assert sources.MOST == 500
    monkeypatch.setattr(sources, "MOST", 20)
    endless = samples.answer("moex", "page1.json")

    def fetch(request):
        start = int(request.tag.split("-")[1])
        body = endless.body.replace(b"[0, 3, 2]", f"[{start}, {start + 9}, 2]".encode())
        return samples.answer("moex", body, type=samples.JSON, request=request)

    with pytest.raises(SourceError, match="More than 20 questions; its pages have no end"):
        list(gather(SOURCES["moex"], QUARTER, fetch))


def test_the_table_of_sources_fits_the_facts():
    rows = table()
    assert list(rows["source"]) == list(SOURCES)
    assert set(rows["kind"]) <= {"operator", "statistics", "agency", "research", "own"}
    assert rows["note"].str.endswith(".").all()
