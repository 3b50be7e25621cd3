"""Eurostat: the cube read by its own positions, and who stands for Russian gas."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest
from samples import DATA, JSON, answer, asked, edited, shared

from energy.errors import DataError
from energy.sources import SourceError, eurostat, reading


def read(name="monthly.json"):
    return eurostat.parse(answer("eurostat", name))


def value(table, series, entity, period):
    row = table[
        (table["series"] == series) & (table["entity"] == entity) & (table["period"] == period)
    ]
    return row.iloc[0]


def test_cells_are_found_by_position_whatever_the_order_of_codes():
    table = read()
    assert len(table) == 9
    turkey = value(table, "import_declared_ru_g3000", "turkey", "2026-07")
    assert (turkey["value"], turkey["unit"], turkey["basis"]) == (1500.25, "MIO_M3", "15C")
    assert turkey["published"] == "2026-11-20"
    assert turkey["ref"].endswith("#M.G3000.RU.MIO_M3.TR.2026-07")
    assert value(table, "import_declared_rs_g3000", "hungary", "2026-08")["value"] == 610


def test_a_change_of_the_order_of_categories_changes_nothing():
    data = json.loads((DATA / "eurostat" / "monthly.json").read_text())
    geo = data["dimension"]["geo"]["category"]
    geo["index"] = dict(reversed(geo["index"].items()))  # the positions stay with the codes
    other = eurostat.parse(answer("eurostat", json.dumps(data).encode(), type=JSON))
    columns = ["series", "entity", "period", "value"]
    pd.testing.assert_frame_equal(other[columns], read()[columns])


def test_new_positions_move_the_values_with_them():
    data = json.loads((DATA / "eurostat" / "monthly.json").read_text())
    data["dimension"]["geo"]["category"]["index"] = {"TR": 1, "BG": 0, "HU": 2}
    other = eurostat.parse(answer("eurostat", json.dumps(data).encode(), type=JSON))
    assert value(other, "import_declared_ru_g3000", "bulgaria", "2026-07")["value"] == 1500.25


def test_zero_is_stated_and_missing_is_absent():
    table = read()
    ukraine = table[table["series"] == "import_declared_ua_g3000"]
    assert ukraine[["entity", "period", "value"]].to_numpy().tolist() == [
        ["hungary", "2026-07", 0.0]
    ]


@pytest.mark.parametrize(
    ("flag", "status"),
    [
        ("p", "provisional"),
        ("ep", "estimate"),
        ("s", "estimate"),
        ("f", "modelled"),
        ("b", "actual"),
    ],
)
def test_flags_become_the_least_certain_status(flag, status):
    table = eurostat.parse(edited("eurostat", "monthly.json", '"ep"', f'"{flag}"'))
    row = value(table, "import_declared_ru_g3000", "bulgaria", "2026-08")
    assert (row["status"], row["note"]) == (status, f"flag {flag}")


def test_values_as_a_list_are_read_alike():
    data = json.loads((DATA / "eurostat" / "monthly.json").read_text())
    total = 1
    for size in data["size"]:
        total *= size
    data["value"] = [data["value"].get(str(i)) for i in range(total)]
    other = eurostat.parse(answer("eurostat", json.dumps(data).encode(), type=JSON))
    assert list(other["value"]) == list(read()["value"])
    data["value"].pop()
    with pytest.raises(SourceError, match="53 cells in 'value'; the size asks for 54"):
        eurostat.parse(answer("eurostat", json.dumps(data).encode(), type=JSON))


def test_annual_rows_are_by_origin():
    table = eurostat.parse(answer("eurostat", "annual.json", tag="nrg_ti_gas-TJ"))
    assert set(table["series"]) == {"import_origin_ru_g3000"}
    assert value(table, "import_origin_ru_g3000", "greece", "2024")["value"] == 91000
    assert set(table["basis"]) == {"GCV"} and set(table["freq"]) == {"A"}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d["value"].update({"54": 1}), "Position '54' lies outside the 54 cells"),
        (lambda d: d["value"].update({"x": 1}), "Position 'x' lies outside"),
        (lambda d: d["dimension"]["geo"]["category"]["index"].update(HU=0), "Positions of 'geo'"),
        (lambda d: d.update({"class": "collection"}), "Class 'collection'"),
        (lambda d: d.update(size=[1, 2]), "Size .* does not fit the 6 dimensions"),
        (lambda d: d.update(updated="yesterday"), "The date of the update is 'yesterday'"),
    ],
)  # fmt: skip
def test_a_cube_that_does_not_fit_together(change, match):
    data = json.loads((DATA / "eurostat" / "monthly.json").read_text())
    change(data)
    with pytest.raises(SourceError, match=match):
        eurostat.parse(answer("eurostat", json.dumps(data).encode(), type=JSON))


def test_warning_and_error_say_what_to_do():
    with pytest.raises(SourceError, match=r"the warning 'ASYNCHRONOUS_RESPONSE.*Ask for less"):
        read("warning.json")
    with pytest.raises(SourceError, match="the error 'ERR_INVALID_DIMENSION"):
        read("error.json")


def test_the_request_names_everything():
    monthly = asked("eurostat", "nrg_ti_gasm-MIO").url
    for part in ("freq=M", "unit=MIO_M3", "siec=G3000&siec=G3200", "partner=RU&partner=UA",
                 "sinceTimePeriod=2021-01", "untilTimePeriod=2026-09"):  # fmt: skip
        assert part in monthly
    assert "geo=" not in monthly
    early = [r.url for r in eurostat.request("2019Q1")]
    assert "sinceTimePeriod=2017-01" in early[0] and "untilTimePeriod=2019-03" in early[0]


# -- partner_role ---------------------------------------------------------------------------------


def test_russian_gas_takes_the_neighbours_that_count_and_leaves_lng_out():
    found = eurostat.russian(read()).set_index(["entity", "period"])
    assert found.loc[("turkey", "2026-07"), "value"] == 1400.0  # 1500.25 less 100.25 of LNG
    assert found.loc[("hungary", "2026-07"), ["value", "partners", "role"]].to_list() == [
        600.5, "rs", "transit",
    ]  # Serbia counts, Ukraine no longer does  # fmt: skip
    assert "bulgaria" not in found.index.get_level_values("entity")  # transit is inside


def test_two_rows_for_one_partner_are_refused():
    roles = eurostat.roles()
    twice = pd.concat([roles, roles[(roles["reporter"] == "TR")]])
    with pytest.raises(DataError, match="turkey from ru in 2026-07 fits two rows"):
        eurostat.russian(read(), twice)


def test_the_table_of_roles_has_no_overlap_and_a_reason_for_each_row():
    roles = eurostat.roles()
    assert len(roles) > 20 and roles["id"].is_unique
    assert set(roles["role"]) == {"direct", "gross", "transit", "mixed", "other"}
    assert (roles["reason"].str.len() > 10).all() and not roles.loc[
        roles["role"] == "other", "counts"
    ].any()
    ordered = roles.assign(
        end=roles["valid_to"].where(roles["valid_to"] != "", "9999")
    ).sort_values(["reporter", "partner", "valid_from"])
    same = (
        ordered[["reporter", "partner"]].eq(ordered[["reporter", "partner"]].shift(-1)).all(axis=1)
    )
    assert not (same & (ordered["valid_from"].shift(-1) < ordered["end"])).any()


# -- kept outside the package ---------------------------------------------------------------------


def test_the_outside_sample_has_the_sums_of_its_own_flat_file():
    table = eurostat.parse(
        answer("eurostat", shared("eurostat", "handmade/nrg_ti_gasm.json"), type=JSON)
    )
    lines = csv.DictReader(
        io.StringIO(shared("eurostat", "handmade/nrg_ti_gasm_sdmx.csv").decode())
    )
    flat = {
        ".".join(row[k] for k in ("freq", "siec", "partner", "unit", "geo", "TIME_PERIOD")): float(
            row["OBS_VALUE"]
        )
        for row in lines
        if row["OBS_VALUE"] not in ("", ":")
    }
    mine = dict(zip(table["ref"].str.split("#").str[1], table["value"], strict=True))
    assert mine == flat and len(mine) > 70
    # BG <- RU in October 2021: the whole flow at Strandzha 2 (vintage of June 2022).
    assert mine["M.G3000.RU.MIO_M3.BG.2021-10"] == 1168.854


def test_the_next_edition_differs_in_three_places():
    first, second = (
        eurostat.parse(answer("eurostat", shared("eurostat", f"handmade/{name}.json"), type=JSON))
        for name in ("nrg_ti_gasm", "nrg_ti_gasm_next_vintage")
    )
    both = second.merge(first, on=reading.UNIQUE, how="left", suffixes=("", "_old"))
    changed = both[both["value"] != both["value_old"]]
    assert set(zip(changed["entity"], changed["period"], strict=True)) == {
        ("germany", "2022-04"), ("germany", "2022-05"), ("slovakia", "2022-05"),
    }  # fmt: skip
    assert (set(first["published"]), set(second["published"])) == ({"2022-06-27"}, {"2022-07-25"})


@pytest.mark.parametrize("name", ["error_400", "error_404", "error_413", "warning_async_http200"])
def test_outside_errors_are_refused(name):
    body = shared("eurostat", f"handmade/{name}.json")
    with pytest.raises(SourceError, match="Instead of data came the"):
        eurostat.parse(answer("eurostat", body, type=JSON))


def test_outside_annual_and_empty_answers():
    annual = eurostat.parse(
        answer("eurostat", shared("eurostat", "handmade/nrg_ti_gas_annual.json"), type=JSON)
    )
    # Published: Germany from Russia in 2021, by origin.
    assert value(annual, "import_origin_ru_g3000", "germany", "2021")["value"] == 55443
    body = shared("eurostat", "handmade/nrg_ti_gasm_empty.json")
    assert eurostat.parse(answer("eurostat", body, type=JSON)).empty


def test_the_edition_of_june_2022_gives_the_year_2021_of_the_source_notes():
    rows = list(
        csv.DictReader(
            io.StringIO(shared("eurostat", "recorded/gas_by_partner_vintage_2022-06.csv").decode())
        )
    )
    names = {"Hungary": "hungary", "Slovakia": "slovakia", "Poland": "poland", "Turkey": "turkey",
             "Lithuania": "lithuania", "Bulgaria": "bulgaria"}  # fmt: skip
    partners = {"Russia": "ru", "Ukraine": "ua", "Belarus": "by", "Serbia": "rs"}
    table = pd.DataFrame(
        {"series": f"import_declared_{partners[r['partner']]}_{r['siec'].lower()}", "entity": names[r["country"]],
         "period": r["month"], "freq": "M", "value": float(r["value"]), "unit": r["unit"], "basis": "15C"}
        for r in rows
        if r["country"] in names and r["partner"] in partners and r["unit"] == "MIO_M3" and r["month"][:4] == "2021"
    )  # fmt: skip
    found = eurostat.russian(table).groupby("entity")["value"].sum() / 1000
    # SOURCES 1.4, billion m3: HU 6.02 + 0.44, SK 27.49, PL 30.21 + 4.05, LT 3.22, TR 26.34.
    expected = {"hungary": 6.02 + 0.44, "slovakia": 27.49, "poland": 34.26, "lithuania": 3.22,
                "turkey": 26.34}  # fmt: skip
    assert found.round(1).to_dict() == {name: round(v, 1) for name, v in sorted(expected.items())}
