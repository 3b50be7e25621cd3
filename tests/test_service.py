"""The MCP server, asked by the SDK's own client in the same process."""

import asyncio
import sys

import pytest

from energy.cli import main, service
from energy.errors import MissingExtra

MAIN = "import sys; from energy.cli import main; sys.exit(main())"
mcp = pytest.importorskip("mcp", reason="extra mcp")


def ask(*calls, day=None):
    """Return the answers to calls (tool, arguments), and the tools there are."""

    async def talk():
        async with mcp.Client(service.server(day)) as client:
            listed = await client.list_tools()
            return [await client.call_tool(name, given) for name, given in calls], listed.tools

    return asyncio.run(talk())


def rows(result):
    assert not result.is_error, result.content[0].text
    return result.structured_content["rows"]


@pytest.mark.once
def test_flows_carry_their_qualifiers_and_lead_to_their_source():
    (flows, found, cited), listed = ask(
        ("flows", {"routes": "PoS1", "first": "2024", "last": "2025"}),  # one name needs no list
        ("search", {"text": "turkish stream"}),
        ("cite", {"what": "V0123"}),
    )
    assert [tool.name for tool in listed] == ["flows", "cite", "search", "as_of", "diff"]
    assert all(tool.description for tool in listed)
    first, second = rows(flows)
    assert (first["route"], first["period"][:4]) == ("power-of-siberia-1", "2024")
    assert 30.5 < first["flow"] < 31.9 and 38 < second["flow"] < 39.5  # bcm, Gazprom's own totals
    assert first["flow_p10"] <= first["flow"] <= first["flow_p90"]
    assert {"status", "coverage", "reported", "unit", "basis"} <= set(first)
    assert [row["id"] for row in rows(found)][:2] == ["turkstream-1", "turkstream-2"]
    assert rows(cited)[0]["id"] == "V0123" and rows(cited)[0]["url"].startswith("http")


@pytest.mark.once
def test_a_day_knows_nothing_later_and_days_are_compared():
    (then, changed), _ = ask(
        ("as_of", {"date": "2022-06-30"}), ("diff", {"a": "2025-06-30", "b": "2026-03-31"})
    )
    assert then.structured_content["edition"] == "2022-06-30"
    assert max(row["period"] for row in rows(then))[:4] <= "2022"
    assert rows(changed)


def test_a_wrong_question_is_one_sentence():
    (wrong, odd), _ = ask(
        ("flows", {"routes": ["blue-strem"]}), ("cite", {"what": "V99999999"}), day="2025-12-31"
    )
    assert wrong.is_error and "near: blue-stream" in wrong.content[0].text
    assert odd.is_error and "V99999999" in odd.content[0].text


def test_an_argument_of_another_name_is_refused():
    (near, far, none), _ = ask(
        ("flows", {"route": "blue-stream"}), ("search", {"zzz": 1, "text": "yamal"}), ("flow", {})
    )
    assert near.is_error and "argument of flows 'route'; near: routes" in near.content[0].text
    assert far.is_error and "known: text" in far.content[0].text
    assert none.is_error and "flow" in none.content[0].text


@pytest.mark.once
def test_a_program_asks_on_stdin_and_stdout():
    """As an assistant does it: a process of its own, five questions, the answers on its stdout."""
    from mcp.client.stdio import StdioServerParameters, stdio_client

    started = StdioServerParameters(command=sys.executable, args=["-c", MAIN, "mcp"])

    async def talk():
        async with (
            stdio_client(started) as (read, write),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            return [
                await session.call_tool(name, given)
                for name, given in (
                    ("search", {"text": "nordstream"}),
                    ("flows", {"routes": "nord-stream-1", "first": "2021", "last": "2021"}),
                    ("cite", {"what": "nord-stream-1@2021"}),
                    ("as_of", {"date": "2024-05-16"}),
                    ("diff", {"a": "2025-06-30", "b": "2026-03-31"}),
                    ("flows", {"routes": "no-such-line"}),
                )
            ]

    *good, bad = asyncio.run(talk())
    found, flows, cited, then, changed = map(rows, good)
    assert found[0]["id"] == "nord-stream-1" and 58 < flows[0]["flow"] < 60
    assert cited and all(row["period"] > "" for row in then) and changed
    assert bad.is_error and "no-such-line" in bad.content[0].text


def test_rows_beyond_the_limit_are_counted(monkeypatch):
    monkeypatch.setattr(service, "MOST", 3)
    made = {tool.__name__: tool for tool in service.tools()}
    answer = made["search"]("gazprom")
    assert len(answer["rows"]) == 3 and answer["left_out"] > 0


def test_without_the_sdk_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(MissingExtra, match=r"energy-trade-tracker\[mcp\]"):
        service.server()
    assert main(["mcp"]) == 1
    assert "energy-trade-tracker[mcp]" in capsys.readouterr().err


def test_without_a_stdin_to_read_there_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    assert main(["mcp"]) == 2
    assert "started by a program that asks on its stdin" in capsys.readouterr().err
