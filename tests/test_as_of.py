"""What was known then: the same calls on an earlier day, in Python and on the command line."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import shutil

import pandas as pd
import pytest
from upstream import Upstream

import energy
from energy import cli, facts
from energy.errors import DataError, EnergyError, PeriodError
from energy.intake import update
from energy.store import Store

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 11, 25, 6, 0, tzinfo=dt.UTC)
HEADER = "series,entity,period,value,unit,basis,status,source,title,published\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return an empty $ENERGY_HOME of this test's own."""
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def inbox(folder, value: float, published: str, period: str = "2026Q2"):
    path = folder / "mine.csv"
    line = f"flow,blue-stream,{period},{value},bcm,20C,actual,mine,My reading,{published}\n"
    path.write_text(HEADER + line, encoding="utf-8")
    return path


# -- facts of the package -------------------------------------------------------------------------


def test_a_day_in_the_past_knows_no_later_figure(tracker):
    then = tracker.as_of("2022-06-30")
    assert len(then.facts["volumes"]) < len(tracker.facts["volumes"])
    published = then.facts["volumes"]["published"]
    assert (published[published != ""].str[:4].astype(int) <= 2022).all()
    assert then.flows()["period"].dt.year.max() <= 2022
    assert then.edition == then.flows().attrs["as_of"] == "2022-06-30"
    assert "as of 2022-06-30" in repr(then)


def test_from_an_earlier_day_one_can_go_forward_again(tracker):
    early = tracker.as_of("2020-12-31")
    assert early.as_of("2024-12-31").facts["volumes"]["id"].tolist() == (
        tracker.as_of("2024-12-31").facts["volumes"]["id"].tolist()
    )


def test_a_date_a_quarter_and_a_text_are_the_same_day(tracker):
    texts = [tracker.as_of(day).facts["volumes"]["id"].tolist()
             for day in ("2024-06-30", dt.date(2024, 6, 30), "2024Q2", "2024-06")]  # fmt: skip
    assert texts[0] == texts[1] == texts[2] == texts[3]


def test_the_newest_day_is_all_there_is(tracker):
    assert len(tracker.as_of(dt.date.today()).facts["volumes"]) == len(tracker.facts["volumes"])


def test_market_quotations_are_known_when_their_period_ends(tracker):
    then = tracker.as_of("2022-06-30")
    brent = then.facts["prices"].query("series == 'wb_brent' and freq == 'M'")["period"]
    assert (brent.min(), brent.max()) == ("2010-01", "2022-06")
    assert set(then.facts["fx"].query("kind == 'mean' and freq == 'A'")["period"]) >= {"2021"}
    assert "2022" not in set(then.facts["fx"].query("kind == 'mean'")["period"])


def test_the_record_of_2022_is_told_as_it_was_known(tracker):
    """Gazprom's result of 2023 came out on 2 May 2024."""

    def years(day):
        return set(tracker.as_of(day).financials("IFRS", "net_profit_attributable")["period"])

    assert "2023" not in years("2024-04-30")
    assert "2023" in years("2024-06-30")


@pytest.mark.parametrize("day", ["2018-12-31", "2022-06-30"])
def test_every_view_holds_on_an_earlier_day(tracker, day):
    then = tracker.as_of(day)
    assert then.markets().notna().any().any()
    names = {"routes", "flows_quarterly", "hubs", "events", "projections_quarterly"}
    assert set(then.maps.layers()) == names
    assert "as of" in then.summary() or day in then.summary()
    assert day in then.map().get_root().render()
    assert then.network.idle.stranded("2017Q4").shape[0] > 10


def test_no_such_day(tracker):
    with pytest.raises(PeriodError, match="'yesterday' cannot be read"):
        tracker.as_of("yesterday")
    with pytest.raises(DataError, match="no flow observation is left"):
        tracker.as_of("1950").flows()


def test_on_the_command_line(capsys):
    def last(*more):
        assert cli.main(["flows", "power-of-siberia-1", "--freq", "A", *more]) == 0
        return (
            pd.read_csv(io.StringIO(capsys.readouterr().out)).dropna(subset="flow")["period"].max()
        )

    assert (last("--as-of", "2023-06-30"), last()) == (2022, 2025)
    assert cli.main(["flows", "--as-of", "soon"]) == 2
    assert "'soon' cannot be read" in capsys.readouterr().err


def test_the_main_job_of_an_earlier_day(tmp_path, capsys):
    assert cli.main(["build", str(tmp_path / "out"), "--as-of", "2021-12-31"]) == 0
    capsys.readouterr()
    assert "2021-12-31" in (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")


# -- with a store ---------------------------------------------------------------------------------


def test_figures_by_hand_reach_every_verb_and_keep_their_day(home, tmp_path, capsys):
    assert cli.main(["import", "inbox", str(inbox(tmp_path, 4.2, "2026-08-01"))]) == 0
    assert "1 new" in capsys.readouterr().err
    flow = energy.load().flows("blue-stream", first="2026Q2", last="2026Q2")["flow"]
    assert float(flow.squeeze()) == pytest.approx(4.2, rel=1e-3)  # balanced with all the rest
    before = energy.load(as_of="2026-07-31").facts["volumes"]
    assert "mine" not in set(before["source"])
    assert cli.main(["flows", "blue-stream", "--from", "2026Q2", "--to", "2026Q2"]) == 0
    assert "4.2" in capsys.readouterr().out


def test_an_empty_home_stays_empty(home, tracker):
    energy.load(as_of="2024-12-31").flows()
    assert not home.exists()


def test_a_doubtful_figure_by_hand_is_listed_and_the_code_is_1(home, tmp_path, capsys):
    good = "".join(
        f"flow,blue-stream,2026-0{m},1.0{m},bcm,20C,actual,mine,M,2026-10-01\n" for m in range(1, 9)
    )
    path = tmp_path / "typo.csv"
    path.write_text(HEADER + good + "flow,blue-stream,2026-09,1090,bcm,20C,actual,mine,M,2026-10-01\n",
                    encoding="utf-8")  # fmt: skip
    assert cli.main(["import", "inbox", str(path)]) == 1
    out, err = capsys.readouterr()
    assert "x1000" in out and "1 in quarantine" in err
    (name,) = (
        pd.read_csv(io.StringIO(out))["id"]
        if "id" in out.split("\n")[0]
        else Store.open().quarantined()["id"]
    )
    assert cli.main(["update", "2026Q3", "--release-row", name, "--reason", "it was so"]) == 0
    assert "1 let through" in capsys.readouterr().err
    assert 1090 in set(Store.open().observations()["value"])
    assert cli.main(["update", "2026Q3", "--release-row", "Qnone", "--reason", "why"]) == 1


def test_the_template_can_be_filled_in(capsys, home, tmp_path):
    assert cli.main(["sources", "--template"]) == 0
    template = capsys.readouterr().out
    (header,) = [line for line in template.splitlines() if line.startswith("series,")]
    assert {"entity", "period", "value", "unit", "basis", "source"} <= set(header.split(","))
    empty = tmp_path / "empty.csv"
    empty.write_text(template, encoding="utf-8")
    assert cli.main(["import", "inbox", str(empty)]) in (0, 1)
    assert "Traceback" not in capsys.readouterr().err


# -- every verb knows the option ------------------------------------------------------------------


def test_every_verb_takes_a_day():
    (verbs,) = (a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert len(verbs.choices) >= 18
    lacking = [name for name, verb in verbs.choices.items()
               if "--as-of" not in verb._option_string_actions]  # fmt: skip
    assert lacking == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["update", "2026Q3", "--apply"], "update --apply takes no --as-of: what is written is known from"),
        (["update", "2026Q3", "--release-row", "Q1"], "update --release-row takes no --as-of"),
        (["import", "gem", "folder"], "--as-of does not go with gem"),
        (["map", "--gem", "folder", "world.html"], "--as-of does not go with --gem"),
        (["export", "--check", "folder"], "--as-of does not go with --check"),
    ],
)  # fmt: skip
def test_where_a_day_makes_no_sense_it_is_refused(capsys, home, words, message):
    assert cli.main([*words, "--as-of", "2024-01-01"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"usage: energy {words[0]} ")
    assert message in err
    assert not home.exists()


def test_an_update_that_writes_is_of_today(home):
    with pytest.raises(EnergyError, match="update --apply takes no --as-of"):
        update.run("2026Q3", "apply", as_of="2026-01-01")


def test_figures_by_hand_up_to_a_day(home, tmp_path, capsys):
    """Two rows, one published after the day: it is left and named."""
    path = inbox(tmp_path, 4.2, "2026-08-01")
    late = "flow,blue-stream,2026Q1,5.1,bcm,20C,actual,mine,My reading,2026-09-15\n"
    path.write_text(path.read_text(encoding="utf-8") + late, encoding="utf-8")
    assert cli.main(["import", "inbox", str(path), "--as-of", "2026-08-31"]) == 0
    err = capsys.readouterr().err
    assert "flow of blue-stream in 2026Q1, published 2026-09-15, after 2026-08-31" in err
    assert "1 new" in err
    assert Store.open().observations()["period"].tolist() == ["2026Q2"]
    assert cli.main(["import", "inbox", str(path)]) == 0
    assert len(Store.open().observations()) == 2


def own_volumes(folder, *published: str):
    """Write a folder of facts with one flow of Blue Stream a date of publication."""
    folder.mkdir(exist_ok=True)
    names = list(facts.load()["volumes"].columns)
    source = facts.load()["sources"]["source"].iloc[0]
    rows = [
        {"id": f"V9{i:03d}", "series": "flow", "entity": "blue-stream", "period": f"202{i}Q1",
         "freq": "Q", "value": "1", "unit": "bcm", "basis": "20C", "coverage": "1",
         "source": source, "published": day, "status": "actual", "derived": "false"}
        for i, day in enumerate(published)
    ]  # fmt: skip
    table = pd.DataFrame(rows).reindex(columns=names)
    table.to_csv(folder / "volumes.csv", index=False)
    return folder


def test_own_facts_up_to_a_day(home, tmp_path, capsys):
    folder = own_volumes(tmp_path / "mine", "2020-05-01", "2021-05-01", "2022-05")
    assert cli.main(["import", "facts", str(folder), "--as-of", "2021-12-31"]) == 0
    assert "left: volumes.csv row 4: published 2022-05, after 2021-12-31" in capsys.readouterr().out
    held = set(facts.load()["volumes"]["id"])
    assert {"V9000", "V9001"} <= held and "V9002" not in held


def test_a_fault_in_a_later_row_is_not_yet_known(home, tmp_path, capsys):
    folder = own_volumes(tmp_path / "mine", "2020-05-01", "2022-05-01")
    text = (folder / "volumes.csv").read_text(encoding="utf-8")
    (folder / "volumes.csv").write_text(text.replace("2021Q1", "2021Q9"), encoding="utf-8")
    assert cli.main(["check", str(folder)]) == 1
    assert "volumes.csv row 3: " in capsys.readouterr().err
    assert cli.main(["check", str(folder), "--as-of", "2021-12-31"]) == 0
    assert cli.main(["check", str(folder), "--as-of", "2022-05-01"]) == 1
    assert "volumes.csv row 3: " in capsys.readouterr().err


def test_the_package_is_without_a_fault_on_any_day(home, capsys):
    for day in ("2012-12-31", "2019-12-31", "2023-06-30"):
        assert cli.main(["check", "--as-of", day]) == 0
    assert cli.main(["check", "--as-of", "soon"]) == 1
    assert "'soon' is neither a date nor a release" in capsys.readouterr().err


def test_a_difference_as_it_was_known(home, tmp_path, capsys):
    """4.2 published in August, 4.4 in September, 4.5 in October; on 15 September 4.4 is the last."""
    for value, published in ((4.2, "2026-08-01"), (4.4, "2026-09-01"), (4.5, "2026-10-01")):
        update.take_in(inbox(tmp_path, value, published), now=lambda: NOW)

    def new(*more):
        assert cli.main(["diff", "2026-08-31", "2026-11-15", *more]) == 0
        return pd.read_csv(io.StringIO(capsys.readouterr().out))["new"].tolist()

    assert new() == [4.5]
    assert new("--as-of", "2026-09-15") == [4.4]
    assert new("--as-of", "2026-08-15") == []


# -- the update on the command line, on answers kept by another store ------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return a store whose raw answers come from a server on loopback."""
    root = tmp_path_factory.mktemp("kept")
    with Upstream() as server, server.client() as client:
        update.run("2026Q3", "dry-run", Store.open(root), client=client, keys={"GIE_API_KEY": "k" * 12},
                   sleep=lambda seconds: None, only=["ecb", "cbr", "pinksheet", "entsog"])  # fmt: skip
    assert sorted(path.name for path in (root / "raw").iterdir()) == [
        "cbr",
        "ecb",
        "entsog",
        "pinksheet",
    ]
    return root


def test_plan_run_and_diff(kept, home, capsys):
    assert cli.main(["update", "2026Q3", "--plan"]) == 0
    plan = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert {"entsog", "eurostat", "cbr"} <= set(plan["source"])
    assert not (home / "vintages").exists()
    words = [
        "update",
        "2026Q3",
        "--offline",
        str(kept),
        "--only",
        "ecb",
        "cbr",
        "--only",
        "pinksheet",
        "entsog",
    ]
    assert cli.main([*words, "--dry-run"]) == 0
    assert "# 2026Q3: what changed" in capsys.readouterr().out
    assert Store.open().vintages() == []
    plan_then = ["update", "2026Q3", "--plan", "--as-of"]
    assert cli.main([*plan_then, "2026-10-05"]) == 0
    then = pd.read_csv(io.StringIO(capsys.readouterr().out)).set_index("source")
    assert set(then.loc[["eurostat", "cbr"], "state"]) == {"early", "due"}
    assert not then["kept"].any()  # the answers came later
    assert cli.main([*words, "--apply"]) == 0
    out, err = capsys.readouterr()
    assert "# 2026Q3: what changed" in out and "release 2026Q3" in err
    assert (home / "builds" / "2026Q3" / "atlas.html").exists()
    cube = energy.load().flows("turkstream-2", first="2026Q3", last="2026Q3", unit="TWh")
    assert float(cube["reported"].squeeze()) == pytest.approx(46.0)
    assert float(cube["flow"].squeeze()) == pytest.approx(46.0, rel=1e-3)
    assert cli.main([*words, "--apply"]) == 0
    assert Store.open().releases() == ["2026Q3"]
    capsys.readouterr()
    assert cli.main(["diff", "2026-01-31", "2026Q3"]) == 0
    assert "new" in set(pd.read_csv(io.StringIO(capsys.readouterr().out))["change"])
    assert cli.main(["diff", "2026Q3", "nonsense"]) in (1, 2)
    capsys.readouterr()
    assert cli.main([*words, "--dry-run"]) == 0
    note = capsys.readouterr().out
    assert "Changes against 2026Q3." in note
    assert cli.main([*words, "--dry-run", "--as-of", "2026-07-31"]) == 0
    note = capsys.readouterr().out
    assert "Changes against what was known on 2026-07-31." in note
    assert "| flow | turkstream-2 | 2026Q3 |" in note
    release = energy.load(as_of="2026Q3")
    assert release.edition == energy.load().edition
    assert isinstance(energy.load().evidence.revisions(), pd.DataFrame)
    _rebuilt(home)


def _rebuilt(home):
    """Build the release again from the store alone: the same bytes as it was tagged with."""
    from energy import build

    again = home.parent / "again"
    build.build(again, as_of="2026Q3")
    for path in sorted(p for p in again.rglob("*") if p.is_file()):
        first = home / "builds" / "2026Q3" / path.relative_to(again)
        assert first.read_bytes() == path.read_bytes(), path.name
    shutil.rmtree(again)


def test_a_failed_source_is_code_3(kept, home, capsys):
    shutil.copytree(kept, home)
    shutil.rmtree(home / "raw" / "ecb")
    assert (
        cli.main(["update", "2026Q3", "--offline", str(home), "--only", "ecb", "cbr", "--dry-run"])
        == 3
    )
    assert "ecb: FAILED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["update", "2099Q4", "--apply"], 2, "is not over"),
        (["update", "2026", "--plan"], 2, "write e.g. 2026Q3"),
        (["update", "2026Q3", "--dry-run", "--only", "entsogg"], 2, "entsog"),
        (["import", "inbox", "nowhere.csv"], 1, "nowhere.csv"),
    ],
)
def test_wrong_words(capsys, home, words, code, message):
    assert cli.main(words) == code
    out, err = capsys.readouterr()
    assert message in err and out == ""
    assert not (home / "vintages").exists()
