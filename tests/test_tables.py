"""The typed tables: written from the schema, with one order of words everywhere."""

import copy
import json

import pandas as pd
import pytest

from energy import facts
from energy.errors import DataError
from energy.facts import generate
from energy.measure import observations, tables
from energy.measure.observations import rows_of
from energy.publish.atlas import look


@pytest.fixture
def package():
    return copy.deepcopy(json.loads(generate.SCHEMA.read_text(encoding="utf-8")))


def field(package, table, name):
    (resource,) = (r for r in package["resources"] if r["name"] == table)
    (found,) = (f for f in resource["schema"]["fields"] if f["name"] == name)
    return found


def test_the_module_is_what_the_schema_gives():
    assert generate.main(["--check"]) == 0, "run: python -m energy.facts.generate"


def test_a_change_of_the_schema_makes_it_stale(tmp_path, monkeypatch, capsys, package):
    field(package, "volumes", "series")["description"] = "Another word."
    changed = tmp_path / "datapackage.json"
    changed.write_text(json.dumps(package), encoding="utf-8")
    monkeypatch.setattr(generate, "SCHEMA", changed)
    assert generate.main(["--check"]) == 1
    assert "python -m energy.facts.generate" in capsys.readouterr().err


def test_words_in_another_order_than_the_vocabulary_are_refused(package):
    words = field(package, "volumes", "status")["constraints"]["enum"]
    words.reverse()
    with pytest.raises(DataError, match="volumes: the words of 'status' stand in another order"):
        generate.generated(package)


def test_two_tables_cannot_share_a_row_class(package):
    package["resources"][1]["row"] = "Source"
    with pytest.raises(DataError, match="two tables have rows called Source"):
        generate.generated(package)


def test_python_and_page_share_one_order_of_standing():
    order = ["actual", "provisional", "estimate", "contract", "plan", "modelled", "balanced"]
    assert list(tables.STATUSES) == order
    assert observations.STATUS == look.GRADES == order
    assert set(look.ROLE_LABELS) - {""} == set(tables.ROLES)


def test_every_table_has_its_rows_and_its_name():
    found = facts.load()
    assert isinstance(found, tables.Tables) and len(found) > 20
    assert list(tables.ROWS) == list(found)
    for name, row in tables.ROWS.items():
        assert list(row._fields) == list(found[name].columns)
        assert getattr(found, name.replace("-", "_")) is found[name]


def test_rows_are_typed_and_hold_plain_values():
    found = next(iter(rows_of(facts.load().volumes, tables.Volume)))
    assert (found.id, found.entity, found.value) == ("V0001", "far-abroad", 138.0)
    assert (type(found.value), type(found.derived), type(found.id)) == (float, bool, str)


def test_a_row_class_asks_for_its_columns_and_leaves_out_others():
    table = pd.DataFrame({"series": ["a", "b"], "entity": ["x", "y"], "more": [1, 2]})
    with pytest.raises(DataError, match=r"Preference.*\n.*no column 'rank'"):
        rows_of(table, tables.Preference)
    whole = table.assign(rank=[1, 2], prefer="kind:operator", reason="why")
    assert [(r.series, r.rank) for r in rows_of(whole, tables.Preference)] == [("a", 1), ("b", 2)]


def test_tables_laid_over_leave_the_others_and_the_original():
    base = tables.Tables({"volumes": pd.DataFrame({"id": ["V1"]}), "fx": pd.DataFrame()})
    laid = base.replaced({"volumes": pd.DataFrame({"id": ["V2"]})})
    assert (list(base.volumes["id"]), list(laid.volumes["id"])) == (["V1"], ["V2"])
    assert laid.fx is base.fx
