"""Read the facts: CSV tables against the schema in ``data/datapackage.json``.

The schema is Frictionless; here it is read by a small checker of our own, so that
nothing heavy is needed at run time (the tests validate with ``frictionless`` itself).
A user's own rows lie in ``$ENERGY_HOME/facts``: same file names, same columns; a row
with a key of the package replaces that row, other rows are added.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from energy.errors import DataError, PeriodError, UnknownName, checked
from energy.facts import kept, names
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.sheets import safe
from energy.measure.tables import Correction, Tables
from energy.measure.validity import in_force, spans

__all__ = [
    "DATA", "Tables", "at", "check", "check_links", "corrected", "guard_faults", "home", "in_force",
    "install", "load", "read_table", "schema",
]  # fmt: skip

DATA = Path(__file__).parents[1] / "data"


LONGEST = 20 * 366
"""Most days of a period in a table of facts."""

LINES, BEFORE = "routes.geojson", "facts.before"
OWN_IDS = r"own:[A-Za-z0-9_-]+"  # ids that no edition of the package will ever use


def home() -> Path:
    """Return the folder of the user's own store: ``ENERGY_HOME`` or the platform's data folder.

    Where ``ENERGY_HOME`` is an address of an object store, figures lie there; own tables, imported
    lines and what is built stay in the platform's folder here.

    Examples
    --------
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, {"ENERGY_HOME": "my-gas"}):
    ...     print(home())
    my-gas
    """
    named = os.environ.get("ENERGY_HOME", "")
    if named and "://" not in named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("energy-trade-tracker"))


@functools.cache
def schema() -> dict[str, dict[str, Any]]:
    """Return the Frictionless resources by table name.

    Examples
    --------
    >>> schema()["routes"]["path"], schema()["routes"]["schema"]["primaryKey"]
    ('routes.csv', ['route'])
    """
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    return {resource["name"]: resource for resource in package["resources"]}


@checked
def load(own: Path | str | None = None) -> Tables:
    """Return every table of facts, typed and checked, with the user's own rows laid over.

    Parameters
    ----------
    own : path, optional
        Folder of the user's rows; default ``$ENERGY_HOME/facts`` where it exists.

    Returns
    -------
    Tables
        Table name to table; columns as in ``data/datapackage.json``.

    Raises
    ------
    DataError
        With every fault found in the user's files: file, row, what to do.

    Examples
    --------
    >>> tables = load()
    >>> tables["routes"].set_index("route").loc["nord-stream-1", "name"]
    'Nord Stream'
    >>> load("no-such-folder")
    Traceback (most recent call last):
        ...
    energy.errors.DataError: no-such-folder: 1 fault
      - no such folder; name one that holds CSV tables of facts
    """
    folder = Path(own) if own is not None else home() / "facts"
    if own is not None and not folder.is_dir():
        raise DataError(str(folder), ["no such folder; name one that holds CSV tables of facts"])
    if not folder.is_dir():
        return Tables({name: table.copy(deep=False) for name, table in _package().items()})
    tables, faults = _overlay(_package(), folder)
    faults += check_links(tables)
    if faults:
        raise DataError(str(folder), faults)
    return tables


def printed(name: str, own: Path | str | None = None) -> dict[str, str]:
    """Return the values of a table as its text prints them, by id: ``18.0`` is not ``18``.

    Parameters
    ----------
    name : str
        A table with ``id`` and ``value``.
    own : path, optional
        Folder of the user's rows, as in `load`.

    Examples
    --------
    >>> printed("volumes")["V0146"]
    '18.0'
    """
    with_values = [
        each
        for each, resource in schema().items()
        if {"id", "value"} <= {field["name"] for field in resource["schema"]["fields"]}
    ]
    if not isinstance(name, str) or name not in with_values:
        raise UnknownName("table with ids and values", str(name), with_values)
    path = schema()[name]["path"]
    found = dict(_printed(DATA / path))
    mine = (Path(own) if own is not None else home() / "facts") / path
    return found | (_values(mine) if mine.exists() else {})


@functools.cache
def _printed(path: Path) -> dict[str, str]:
    return _values(path)


def _values(path: Path) -> dict[str, str]:
    text = _read_text(path)
    return dict(zip(text["id"], text["value"], strict=True))


def load_package() -> Tables:
    """Return the package's own tables alone.

    Examples
    --------
    >>> {"volumes", "prices", "sources"} <= set(load_package())
    True
    """
    return Tables({name: table.copy(deep=False) for name, table in _package().items()})


@functools.cache
def _package() -> Tables:
    """Return the package's own tables; they are checked in full by ``energy check``.

    Parsed tables are kept in the cache folder where Arrow is installed.
    """
    if find_spec("pyarrow") is None:
        return _parsed()
    from energy.facts import arrow

    return kept.kept("facts.arrow", _stamp(), _parsed, pack=arrow.pack, unpack=arrow.unpack)


def _parsed() -> Tables:
    return Tables(
        {name: read_table(DATA / resource["path"], name) for name, resource in schema().items()}
    )


def _stamp() -> str:
    """Return the digest of the package's tables and of all that parses them."""
    files = [DATA / "datapackage.json", *(DATA / held["path"] for held in schema().values())]
    reader = [Path(__file__), Path(__file__).with_name("arrow.py"), Path(periods.__file__)]
    versions = [version(name) for name in ("pandas", "pyarrow")]
    parts = (path.read_bytes() if path.exists() else b"" for path in [*reader, *files])
    return kept.digest(*versions, *parts)


@checked
def check(own: Path | str | None = None, by: dt.date | None = None) -> list[str]:
    r"""Return every fault in the package's tables and in the user's own rows.

    With `by` rows published after that day, and corrections of them, are not judged.

    Examples
    --------
    >>> folder = Path("with-a-slip")
    >>> folder.mkdir()
    >>> _ = (folder / "route.csv").write_text("route\nmine\n", encoding="utf-8")
    >>> check(folder)[0].split(";")[0]
    'route.csv: no table of that name'
    """
    tables, faults = _read_all(DATA, required=True, by=by)
    folder = Path(own) if own is not None else home() / "facts"
    if folder.is_dir() and not faults:
        tables, faults = _overlay(tables, folder, by)
    if by is not None and not faults:
        ids = {name for table in tables.values() if "id" in table for name in table["id"]}
        rules = tables["corrections"]
        judged = rules["row"].isin(ids) | (rules["table"] == "answers")
        tables = tables.replaced({"corrections": rules[judged]})
    return faults or check_links(tables)


def _read_all(folder: Path, required: bool, by: dt.date | None = None) -> tuple[Tables, list[str]]:
    tables, faults = Tables(), []
    for name, resource in schema().items():
        path = folder / resource["path"]
        if not path.exists() and not required:
            continue
        try:
            tables[name] = read_table(path, name, by)
        except DataError as error:
            faults += error.faults
    return tables, faults


def _overlay(base: Tables, folder: Path, by: dt.date | None = None) -> tuple[Tables, list[str]]:
    """Lay a user's folder over the base tables."""
    own, faults = _read_all(folder, required=False, by=by)
    known = {resource["path"] for resource in schema().values()}
    for stray in sorted(p.name for p in folder.glob("*.csv") if p.name not in known):
        faults.append(f"{stray}: no table of that name; tables are {', '.join(sorted(known))}")
    tables = Tables({name: table.copy(deep=False) for name, table in base.items()})
    for name, rows in own.items():
        key = schema()[name]["schema"]["primaryKey"]
        both = pd.concat([tables[name], rows], ignore_index=True)
        tables[name] = both.drop_duplicates(key, keep="last", ignore_index=True)
    return tables, faults


@checked
def install(
    folder: Path | str,
    by: dt.date | None = None,
    judge: Callable[[Path], list[str]] | None = None,
) -> tuple[list[str], list[str]]:
    """Check a folder of own tables and lines and copy it to ``$ENERGY_HOME/facts``; all or nothing.

    What was there before is kept for `undo`, one import back.

    Parameters
    ----------
    folder : path
        With tables named as those of ``energy/data``, and ``routes.geojson`` for lines of routes.
    by : date, optional
        Leave out rows published after that day.
    judge : callable, optional
        Takes the folder as it would be after the import and returns every fault that would keep
        it from being read; default `check`.

    Returns
    -------
    tuple of list of str
        Names of the files taken; and with `by` the rows left out, published after that day.

    Raises
    ------
    DataError
        With every fault; nothing is copied then.

    Examples
    --------
    >>> install("no-such-folder")
    Traceback (most recent call last):
        ...
    energy.errors.DataError: no-such-folder: 1 fault
      - no such folder; name one that holds CSV tables of facts
    """
    source = Path(folder)
    if not source.is_dir():
        raise DataError(str(source), ["no such folder; name one that holds CSV tables of facts"])
    files = sorted([*source.glob("*.csv"), *source.glob(LINES)])
    if not files:
        raise DataError(str(source), ["no CSV table in it; see energy/data for the file names"])
    if pipes := [
        f"{path.name}: no plain file; name a table" for path in files if not path.is_file()
    ]:
        raise DataError(str(source), pipes)  # a pipe or a device has no end
    target, left = home() / "facts", []
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".facts-", dir=target.parent))
    try:
        if target.is_dir():
            shutil.copytree(target, stage, dirs_exist_ok=True)
        for path in files:
            body, late = _cut(path, by) if path.suffix == ".csv" else (path.read_bytes(), [])
            left += late
            (stage / path.name).write_bytes(body)
            shutil.copymode(path, stage / path.name)
        faults = (judge or check)(stage)
        if faults:
            raise DataError(str(source), faults)
        _swap(stage, target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return [path.name for path in files], left


def _swap(stage: Path, target: Path) -> None:
    """Put a finished folder in the place of the old one, which is kept beside it."""
    before = target.with_name(BEFORE)
    shutil.rmtree(before, ignore_errors=True)
    if target.is_dir():
        target.rename(before)
    else:
        before.mkdir()  # there was nothing: an undo goes back to nothing
    stage.chmod(0o755)
    stage.rename(target)


def undo() -> list[str]:
    """Take the last import back; return the names of the files that lie there now.

    Raises
    ------
    DataError
        If there was no import, or it was taken back already.

    Examples
    --------
    >>> try:
    ...     undo()
    ... except DataError as error:
    ...     print(error.faults[0])
    no import to take back; only the last one is kept
    """
    target = home() / "facts"
    before = target.with_name(BEFORE)
    if not before.is_dir():
        raise DataError(str(target), ["no import to take back; only the last one is kept"])
    shutil.rmtree(target, ignore_errors=True)
    names = sorted(path.name for path in before.iterdir())
    if names:
        before.rename(target)
    else:
        before.rmdir()
    return names


def _cut(path: Path, by: dt.date | None) -> tuple[bytes, list[str]]:
    """Return a table's bytes without the rows published after a day, and which those are."""
    if by is None:
        return path.read_bytes(), []
    text = _read_text(path)
    (name,) = (name for name, held in schema().items() if held["path"] == path.name)
    known = _published_by(text, name, by)
    late = [f"{path.name} row {row + 2}: published {text.loc[row, 'published']}, after {by}"
            for row in text.index[~known]]  # fmt: skip
    return safe(text[known]).to_csv(index=False).encode(), late


@checked
def read_table(path: Path | str, name: str, by: dt.date | None = None) -> pd.DataFrame:
    """Read one CSV table and check it against the schema of ``name``.

    With `by` rows published after that day are left out; the others keep their place as index.

    Raises
    ------
    DataError
        Missing file or column, wrong type, unknown unit or basis, pattern, range,
        duplicate key: one sentence each with file and row.

    Examples
    --------
    >>> table = read_table(DATA / "routes.csv", "routes")
    >>> table["route"].is_unique
    True
    """
    if name not in schema():
        raise UnknownName("table", name, schema())
    path, resource = Path(path), schema()[name]
    fields = resource["schema"]["fields"]
    text = _read_text(path)
    wanted = [field["name"] for field in fields]
    for spare in (f["name"] for f in fields if f.get("optional") and f["name"] not in text):
        text[spare] = ""  # a table of one's own may lack it
    missing = [column for column in wanted if column not in text.columns]
    extra = [column for column in text.columns if column not in wanted]
    if missing or extra:
        raise DataError(path.name, _column_faults(path.name, missing, extra, wanted))
    if by is not None:
        text = text[_published_by(text, name, by)]
    typed, faults = {}, []
    for field in fields:
        typed[field["name"]], found = _column(text[field["name"]], field, path.name)
        faults += found
    table = pd.DataFrame(typed)
    faults += _periods(table, path.name) + _key_faults(table, resource, path.name)
    if faults:
        raise DataError(path.name, faults)
    return table


def _published_by(text: pd.DataFrame, name: str, by: dt.date) -> pd.Series:
    """Tell which rows were known on a day; a source is no news, a row without a date is judged."""
    if name == "sources" or "published" not in text:
        return pd.Series(True, index=text.index)
    day = by.isoformat()
    return text["published"].map(lambda said: said[: len(day)] <= day[: len(said)])


def _read_text(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise DataError(path.name, [f"{path.name}: file not found in {path.parent.name}/"])
    if not path.is_file():  # a pipe or a device has no end
        raise DataError(path.name, [f"{path.name}: no plain file; name a CSV table"])
    try:
        text = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            path.name,
            [f"{path.name}: not UTF-8 ({error.reason}); save the file as UTF-8"],
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(path.name, [f"{path.name}: not a CSV table ({error})"]) from error
    if b"\0" in path.read_bytes():
        where = [f"{path.name} row {row + 2}: column '{name}' holds a NUL; take it out" for name in text
                 for row in text.index[text[name].str.contains("\0", regex=False)]]  # fmt: skip
        raise DataError(path.name, where or [f"{path.name}: holds a NUL; take it out"])
    return text


def _column_faults(file: str, missing: list[str], extra: list[str], wanted: list[str]) -> list[str]:
    faults = [f"{file}: column '{name}' is missing; the header must hold {', '.join(wanted)}"
              for name in missing]  # fmt: skip
    return faults + [f"{file}: column '{name}' is not in the schema; remove it" for name in extra]


def _column(text: pd.Series, field: dict[str, Any], file: str) -> tuple[pd.Series, list[str]]:
    """Type one column of text; return it with the faults found."""
    name, kind = field["name"], field["type"]
    rules = field.get("constraints", {})
    empty = text == ""
    faults = []
    if rules.get("required"):
        faults += _faults(file, name, text, empty, "is empty", "a value is required")
    allowed = [str(value) for value in rules.get("enum", [])]
    if kind == "boolean":
        allowed = ["true", "false"]
    if allowed:
        bad = ~empty & ~text.isin(allowed)
        faults += _faults(file, name, text, bad, "is unknown", f"use one of {', '.join(allowed)}")
    if "pattern" in rules:
        form = f"(?:{rules['pattern']})|{OWN_IDS}" if name in ("id", "event") else rules["pattern"]
        bad = ~empty & ~text.str.fullmatch(form)
        faults += _faults(file, name, text, bad, "has the wrong form", field["description"])
    if kind == "boolean":
        return text == "true", faults
    if kind == "string":
        return text, faults
    return _parse_numbers(text, empty, field, file, faults)


def _parse_numbers(
    text: pd.Series, empty: pd.Series, field: dict[str, Any], file: str, faults: list[str]
) -> tuple[pd.Series, list[str]]:
    name, rules = field["name"], field.get("constraints", {})
    numbers = pd.to_numeric(text.where(~empty), errors="coerce")
    bad = ~empty & ~numbers.abs().lt(float("inf"))  # also inf, and what overflows to it
    faults += _faults(file, name, text, bad, "is not a number", "write it with a decimal point")
    for rule, sign, word in (("minimum", -1, "below"), ("maximum", 1, "above")):
        if rule in rules:
            bad = (numbers - rules[rule]) * sign > 0
            remedy = f"the {rule} is {rules[rule]}"
            faults += _faults(file, name, text, bad, f"is {word} the {rule}", remedy)
    if field["type"] == "integer" and not numbers.isna().any():
        return numbers.astype("int64"), faults
    return numbers.astype("float64"), faults


def _faults(
    file: str, column: str, text: pd.Series, bad: pd.Series, what: str, remedy: str
) -> list[str]:
    """Return one sentence a bad cell: file, row (the header is row 1), value, remedy."""
    return [
        f"{file} row {row + 2}: {column} '{text.loc[row]}' {what}; {remedy}"
        for row in bad.index[bad]
    ]


def _periods(table: pd.DataFrame, file: str) -> list[str]:
    """Check that each period exists and that its length is what ``freq`` says."""
    if not {"period", "freq"} <= set(table.columns):
        return []
    faults = []
    for row, text, freq in zip(table.index, table["period"], table["freq"], strict=True):
        try:
            span = periods.parse(text)
            found = span.freq
        except PeriodError as error:
            faults.append(f"{file} row {row + 2}: {error}")
            continue
        if periods.days(span) > LONGEST:
            faults.append(f"{file} row {row + 2}: period '{text}' is {periods.days(span) // 365} years long; "
                          f"at most {LONGEST // 366}: give the years one by one")  # fmt: skip
        if freq != found:
            faults.append(f"{file} row {row + 2}: freq '{freq}' does not fit period '{text}'; "
                          f"write {found}")  # fmt: skip
    return faults


def _key_faults(table: pd.DataFrame, resource: dict[str, Any], file: str) -> list[str]:
    key = resource["schema"]["primaryKey"]
    twice = table[table.duplicated(key, keep="first")]
    return [
        f"{file} row {row + 2}: key {dict(values)} stands twice; give the row a key of its own"
        for row, values in zip(twice.index, twice[key].to_dict("records"), strict=True)
    ]


def check_links(tables: Tables) -> list[str]:
    """Return faults between tables: dangling keys, overlapping facts, negative capacity, guards.

    Examples
    --------
    >>> tables = load_package()
    >>> check_links(tables)
    []
    >>> lost = tables["aliases"].head(1).assign(id="no-such-route", kind="route")
    >>> check_links(tables.replaced({"aliases": lost}))
    ["aliases.csv row 2: route 'no-such-route' of alias 'PoS1' is not in the facts; correct the id"]
    """
    faults = []
    for name, resource in schema().items():
        for link in resource["schema"].get("foreignKeys", []):
            column = link["fields"][0]
            other = link["reference"]
            known = tables[other["resource"]][other["fields"][0]]
            faults += _dangling(tables[name], resource["path"], column, known, other["resource"])
    faults += _route_lists(tables) + _fact_faults(tables["route-facts"]) + names.check(tables)
    return faults + _id_faults(tables) + guard_faults(tables)


def _id_faults(tables: Tables) -> list[str]:
    """Return the ids that stand in two tables: `cite` would show one row for another."""
    owner: dict[str, str] = {}
    faults = []
    for name, resource in schema().items():
        for column in ("id", "event"):
            if resource["schema"]["primaryKey"] != [column] or name not in tables:
                continue
            for row, text in enumerate(tables[name][column]):
                first = owner.setdefault(text, name)
                if first != name:
                    faults.append(f"{resource['path']} row {row + 2}: {column} '{text}' is the id of a "
                                  f"row of {schema()[first]['path']}; give it one of its own")  # fmt: skip
    return faults


def _dangling(
    table: pd.DataFrame, file: str, column: str, known: Iterable[str], other: str
) -> list[str]:
    bad = (table[column] != "") & ~table[column].isin(list(known))
    remedy = f"add it to {other.replace('-', '_')}.csv or correct the id"
    return _faults(file, column, table[column], bad, f"is not in {other}", remedy)


def _route_lists(tables: Tables) -> list[str]:
    known = set(tables["routes"]["route"])
    faults = []
    for name, column in (("events", "routes"), ("routes", "part_of")):
        for row, text in zip(tables[name].index, tables[name][column], strict=True):
            stray = [item for item in text.split(";") if item and item not in known]
            faults += [f"{schema()[name]['path']} row {row + 2}: {column} '{item}' is not in routes; "
                       "add the route or correct the id" for item in stray]  # fmt: skip
    targets = tables["crosswalk"].query("kind != 'market'")
    return faults + _dangling(targets, "crosswalk.csv", "target", known, "routes")


def _fact_faults(facts: pd.DataFrame) -> list[str]:
    """Return faults of the route facts: numbers, signs, overlapping validity."""
    faults = []
    numeric = facts[facts["unit"] != ""]
    values = pd.to_numeric(numeric["value"], errors="coerce")
    for row in numeric.index[values.isna() | (values < 0)]:
        line = facts.loc[row]
        faults.append(f"route_facts.csv row {row + 2}: {line['attribute']} '{line['value']}' must be a "
                      "number that is not negative")  # fmt: skip
    dated = facts[facts["attribute"].str.startswith("capacity") | (facts["attribute"] == "gcv")]
    for (route, attribute), rows in dated.groupby(["route", "attribute"]):
        ordered = rows.sort_values("valid_from")
        since, until = spans(ordered)
        faults += [f"route_facts.csv row {row + 2}: {attribute} of {route} overlaps the next; set valid_to"
                   for row in ordered.index[:-1][since[1:] < until[:-1]]]  # fmt: skip
    return faults


def guard_faults(tables: Tables) -> list[str]:
    """Return corrections whose ``expect`` no longer stands in the row they correct.

    Examples
    --------
    >>> rule = {"id": "C1", "table": "volumes", "row": "V1", "action": "replace", "expect": 5.0,
    ...         "value": 6.0, "reason": "slip", "state": "active", "source": "press"}
    >>> seen = pd.DataFrame({"id": ["V1"], "value": [5.0]})
    >>> guard_faults({"corrections": pd.DataFrame([rule]), "volumes": seen})
    []
    >>> guard_faults({"corrections": pd.DataFrame([rule]), "volumes": seen.assign(value=6.0)})
    ['corrections.csv C1: V1 is 6.0, expected 5.0; the source may have mended it: set state to fixed']
    """
    faults = []
    active = tables["corrections"].query("state == 'active' and table != 'answers'")
    for line in rows_of(active, Correction):
        table = tables[line.table]
        found = table.loc[table["id"] == line.row, "value"]
        if found.empty or float(found.iloc[0]) != line.expect:
            now = "gone" if found.empty else float(found.iloc[0])
            faults.append(f"corrections.csv {line.id}: {line.row} is {now}, expected {line.expect}; "
                          "the source may have mended it: set state to fixed")  # fmt: skip
    return faults


def corrected(tables: Tables, name: str) -> pd.DataFrame:
    """Return a table with the active corrections applied; excluded rows are left out.

    Examples
    --------
    >>> rules = pd.DataFrame({
    ...     "table": ["volumes", "volumes"], "row": ["V1", "V2"], "action": ["replace", "exclude"],
    ...     "value": [6.0, None], "state": ["active", "active"],
    ... })
    >>> seen = pd.DataFrame({"id": ["V1", "V2", "V3"], "value": [5.0, 99.0, 7.0]})
    >>> tables = {"volumes": seen, "corrections": rules}
    >>> corrected(tables, "volumes").to_numpy().tolist()
    [['V1', 6.0], ['V3', 7.0]]
    """
    table = tables[name].copy()
    active = tables["corrections"].query("state == 'active' and table == @name")
    swap = active[active["action"] == "replace"].set_index("row")["value"]
    table["value"] = table["id"].map(swap).fillna(table["value"])
    return table[~table["id"].isin(active.loc[active["action"] == "exclude", "row"])]


def at(facts: pd.DataFrame, route: str, attribute: str) -> pd.DataFrame:
    """Return the dated values of one attribute of one route, in order of validity.

    Examples
    --------
    >>> rows = at(load()["route-facts"], "blue-stream", "capacity")
    >>> rows[["value", "unit", "basis"]].iloc[-1].tolist()
    ['16', 'bcm/yr', '20C']
    """
    rows = facts[(facts["route"] == route) & (facts["attribute"] == attribute)]
    return rows.sort_values("valid_from")
