"""From what the sources deliver to rows of the tables of facts.

Points become routes, partners become imports, days become quarters; a sum that lacks a part of its
period is not passed on. Which of several figures is taken is decided later, by preferences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from energy import facts, sources
from energy import store as memory
from energy.intake.gate import FIRM, KEY, WHOLE, Context, gate, partial, unfinished
from energy.intake.infer import inferred
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.tables import Correction
from energy.sources import entsog, eurostat, inbox
from energy.sources.contract import COLUMNS
from energy.store import Store

PRICE_UNITS = ("USD/MMBtu", "USD/bbl", "USD/1000 m3", "RUB/1000 m3")
VOLUME_UNITS = ("bcm", "bcm/yr", "mcm/d", "GWh", "TWh", "PJ", "Mt", "kt", "million USD")
LETTER = {"volumes": "V", "prices": "P", "fx": "X"}

SCALED = {"MIO_M3": ("bcm", 1e-3), "TJ_GCV": ("PJ", 1e-3), "USD": ("million USD", 1e-6),
          "kg": ("kt", 1e-6), "m3": ("bcm", 1e-9), "mcm": ("bcm", 1e-3)}  # fmt: skip
"""Unit as delivered to the unit of the tables of facts, and the factor: powers of ten only."""


def sums(observations: pd.DataFrame, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Turn what sources deliver into what the facts speak of, with its coverage.

    ENTSOG's points become flows of routes, by quarter and month; Eurostat's partners become
    imports, by month and quarter and, by origin, by year; Comtrade's values become customs values;
    the Bank of Russia's days become mean rates of quarters and years; CREA's days become quarters,
    still modelled. Prices, and what was typed by hand or released, stay as they are.

    Parameters
    ----------
    observations : DataFrame, columns `COLUMNS`
        Last known rows, of all sources.
    crosswalk : DataFrame
        The table of facts.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        In units of the facts. ``coverage`` below 1 where days or months are missing: `gate` with
        `SUM_RULES` holds those back.
    """
    if observations.empty:
        return observations
    parts = [
        _routes(observations, crosswalk), _imports(observations), _regulator(observations),
        _origins(observations),
        _customs(observations), _rates(observations), _models(observations), _as_is(observations),
    ]  # fmt: skip
    found = pd.concat([part for part in parts if len(part)] or [observations.head(0)])
    return found[COLUMNS].drop_duplicates(KEY, keep="first").sort_values(KEY, ignore_index=True)


def _routes(rows: pd.DataFrame, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Sum points to routes by quarter; months only of whole quarters, so that no half one shows."""
    points = crosswalk[crosswalk["kind"] == "point"]
    if not (rows["series"] == entsog.SERIES).any():
        return rows.head(0)
    quarters, months = (entsog.routes(rows, points, freq) for freq in ("Q", "M"))
    whole = quarters[quarters["coverage"] >= WHOLE]
    held = set(zip(whole["entity"], whole["period"], strict=True))
    inside = [
        (entity, _quarter(month)) in held
        for entity, month in zip(months["entity"], months["period"], strict=True)
    ]
    return pd.concat([quarters, months[np.array(inside, dtype=bool)]], ignore_index=True)


def _quarter(period: str) -> str:
    return periods.label(periods.containing(periods.parse(period).start, "Q"))


def _scaled(rows: pd.DataFrame) -> pd.DataFrame:
    """Move powers of ten, so that values stand in the units of the facts."""
    factor = rows["unit"].map({unit: times for unit, (_, times) in SCALED.items()})
    unit = rows["unit"].map({unit: name for unit, (name, _) in SCALED.items()})
    value = (rows["value"] * factor.astype(float).fillna(1.0)).round(9)
    return rows.assign(value=value, unit=unit.fillna(rows["unit"]))


def _imports(rows: pd.DataFrame) -> pd.DataFrame:
    """Return Russian pipeline gas by reporter, month and whole quarter, after `eurostat.russian`.

    Only where the partner stands for the reporter's own import; where transit is inside it is a
    series of its own, ``imports_entry``, that must not be added up.
    """
    monthly = rows[rows["series"].str.startswith("import_declared_")]
    if monthly.empty:
        return rows.head(0)
    found = eurostat.russian(monthly)
    own = found["role"] == "direct"
    found = found.assign(series=np.where(own, "imports_pipeline", "imports_entry"), freq="M",
                         source=eurostat.NAME,
                         note="partner " + found["partners"].str.upper() + ", " + found["role"])  # fmt: skip
    used = found.assign(partner=found["partners"].str.split("+")).explode("partner")
    used["from"] = "import_declared_" + used["partner"] + "_g3000"
    behind = used.merge(monthly, left_on=["from", "entity", "period", "basis"], suffixes=("", "_in"),
                        right_on=["series", "entity", "period", "basis"])  # fmt: skip
    joined = _joined(behind, ["series", "entity", "period", "basis"])
    months = found.merge(joined, on=["series", "entity", "period", "basis"])
    months = _scaled(months.assign(coverage=1.0))
    return pd.concat([months, _added(months)], ignore_index=True)


def _regulator(rows: pd.DataFrame) -> pd.DataFrame:
    """Return Russian gas into a country by month and quarter as its own office counts it."""
    mine = rows["series"].isin(["import_regulator_ru", "import_statistics_ru"])
    found = _scaled(rows[mine]).assign(series="imports_pipeline")
    return pd.concat([found, _added(found)], ignore_index=True) if len(found) else found


def _joined(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return standing, dates and places of the rows behind each sum: the worst, the latest, all."""
    order = {status: place for place, status in enumerate(FIRM)}
    groups = rows.assign(worst=rows["status"].map(order).fillna(len(FIRM) - 1)).groupby(by)
    found = groups.agg(
        worst=("worst", "max"), published=("published", "max"), retrieved=("retrieved", "max"),
        ref=("ref", _refs),
    )  # fmt: skip
    found["status"] = [FIRM[int(place)] for place in found.pop("worst")]
    return found.reset_index()


def _refs(refs: pd.Series) -> str:
    """Join references; of many places in one answer the first and the last."""
    places: dict[str, set[str]] = {}
    for ref in {part for text in refs for part in text.split(";")}:
        digest, _, place = ref.partition("#")
        places.setdefault(digest, set()).add(place)
    short = {d: [f"{min(p)}..{max(p)}"] if len(p) > 3 else sorted(p) for d, p in places.items()}
    return ";".join(f"{digest}#{place}" for digest in sorted(short) for place in short[digest])


def _added(rows: pd.DataFrame, freq: str = "Q", mean: bool = False) -> pd.DataFrame:
    """Add up, or average, rows to quarters or years; ``coverage`` is the share of days held."""
    if rows.empty:
        return rows
    whole = {p: periods.containing(periods.parse(p).start, freq) for p in rows["period"].unique()}
    days = {p: periods.days(periods.parse(p)) for p in whole}
    table = rows.assign(
        period=rows["period"].map({p: periods.label(w) for p, w in whole.items()}),
        held=rows["period"].map(days) * rows["coverage"],
    )
    by = ["series", "entity", "period", "source", "basis", "unit"]
    groups = table.groupby(by)
    total = groups.agg(value=("value", "mean" if mean else "sum"), held=("held", "sum"))
    total = total.reset_index().merge(_joined(table, by), on=by)
    length = total["period"].map(lambda p: periods.days(periods.parse(p)))
    what = "sum of months" if rows["freq"].iloc[0] == "M" else "sum of days"
    return total.assign(freq=freq, coverage=(total["held"] / length).clip(upper=1.0).round(4),
                        value=total["value"].round(9), note=what)  # fmt: skip


def _origins(rows: pd.DataFrame) -> pd.DataFrame:
    """Return annual imports by country of origin: all Russian gas, and without its LNG."""
    annual = rows[rows["series"].isin(["import_origin_ru_g3000", "import_origin_ru_g3200"])]
    all_gas = annual[annual["series"].str.endswith("g3000")]
    if all_gas.empty:
        return rows.head(0)
    keys = ["entity", "period", "basis"]
    lng = annual[annual["series"].str.endswith("g3200")].set_index(keys)["value"]
    less = lng.reindex(pd.MultiIndex.from_frame(all_gas[keys])).to_numpy()
    piped = all_gas.assign(value=all_gas["value"] - less, note="by origin, less LNG")
    table = pd.concat([
        all_gas.assign(series="imports_pipeline_lng", note="by origin, LNG inside"),
        piped.assign(series="imports_pipeline").dropna(subset="value"),
    ])  # fmt: skip
    return _scaled(table)


def _customs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return customs value and weight of pipeline gas; an estimated weight is left out."""
    names = {"trade_value_pipeline": "customs_value", "trade_weight_pipeline": "customs_mass"}
    found = rows[rows["series"].isin(names) & (rows["status"] != "modelled")]
    months = _scaled(found.assign(series=found["series"].map(names)))
    return pd.concat([months, _added(months)], ignore_index=True) if len(found) else found


def _rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean RUB/USD rates of quarters and years out of the Bank of Russia's days.

    Between two days with a rate the earlier one stands, so a weekend is no gap; a fortnight is.
    """
    found = rows[(rows["series"] == "fx") & (rows["entity"] == "RUB/USD") & (rows["freq"] == "D")]
    if found.empty:
        return found
    found = found.sort_values("period")
    days = pd.to_datetime(found["period"])
    gap = (days.shift(-1) - days).dt.days.fillna(1)
    found = found[gap <= 14].assign(stands=gap)
    lasting = found.loc[found.index.repeat(found["stands"].astype(int))]
    shift = lasting.groupby(level=0).cumcount()
    day = pd.to_datetime(lasting["period"]) + pd.to_timedelta(shift, unit="D")
    daily = lasting.assign(period=day.dt.strftime("%Y-%m-%d"), series="fx_mean")
    published = found.set_index("period")["value"]
    means = [_added(daily, freq, mean=True) for freq in ("Q", "A")]
    return pd.concat([_own_mean(part, published) for part in means], ignore_index=True)


def _own_mean(means: pd.DataFrame, rates: pd.Series) -> pd.DataFrame:
    """Put in the mean over the days that have a rate of their own, as the bank's means are made."""
    value = []
    for text in means["period"]:
        span = periods.parse(text)
        inside = (rates.index >= str(span.start)) & (rates.index < str(span.end))
        value.append(round(float(rates[inside].mean()), 6) if inside.any() else np.nan)
    return means.assign(value=value, note="mean of the days with a rate").dropna(subset="value")


def _models(rows: pd.DataFrame) -> pd.DataFrame:
    """Return CREA's modelled quarters by market."""
    return _added(_scaled(rows[(rows["series"] == "flow_model") & (rows["freq"] == "D")]))


def _as_is(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what needs no sum: prices, figures typed by hand, and sums released by hand."""
    by_hand = ~rows["source"].isin(sources.SOURCES) | (rows["series"] == "flow")
    return rows[rows["series"].str.startswith("wb_") | by_hand]


def published(observations: pd.DataFrame, tables: facts.Tables) -> pd.DataFrame:
    """Return `sums` with the flows that are worked out of them, which stand below any meter's.

    A modelled flow is left out where the same source gives a measured one for the period.
    """
    added = sums(observations, tables["crosswalk"])
    both = [added, inferred(added, tables)] if len(added) else [added]
    found = pd.concat([part for part in both if len(part)] or [added])
    return found.drop_duplicates(KEY, keep="first").sort_values(KEY, ignore_index=True)


def derive(
    observations: pd.DataFrame, tables: facts.Tables, withheld: pd.DataFrame | None = None
) -> facts.Tables:
    """Return rows for the tables of facts, out of what the sources delivered.

    Parameters
    ----------
    observations : DataFrame, columns `COLUMNS`
        Last known rows, e.g. ``store.observations(as_of)``.
    tables : Tables
        The facts; the crosswalk says which point counts for which route.
    withheld : DataFrame, optional
        Quarantined rows; sums among them are left out.

    Returns
    -------
    dict of str to DataFrame
        ``volumes, prices, fx, sources`` in the columns of ``data/datapackage.json``. An id names
        source, series, entity and period (``V.entsog.flow.turkstream-2.2026Q3.GCV``), so it stays
        the same from one update to the next; ``page`` holds the answers behind the figure.
    """
    kept, _ = corrected(observations, tables["corrections"])
    good = whole(published(kept, tables))
    if withheld is not None and len(withheld):
        keys = pd.MultiIndex.from_frame(withheld[KEY].astype(str))
        good = good[~pd.MultiIndex.from_frame(good[KEY].astype(str)).isin(keys)]
    return _as_tables(good, tables)


MENDED = 0.01
"""Share by which a sum may move, by ordinary revision, before a correction counts as overtaken."""


def corrected(
    observations: pd.DataFrame, corrections: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Apply the known errors of the sources to what they delivered.

    Parameters
    ----------
    observations : DataFrame, columns `COLUMNS`
    corrections : DataFrame
        The table of facts; its rows for ``answers``.

    Returns
    -------
    DataFrame
        Without the rows that are excluded, with the reason in ``note`` of those annotated.
    list of str
        One sentence for each correction whose ``expect`` no longer stands: it is not applied.
    """
    faults = []
    answers = corrections[(corrections["table"] == "answers") & (corrections["state"] == "active")]
    for line in rows_of(answers, Correction):
        mine = _rows_of_period(observations, *line.row.split(";"))
        if mine.empty:
            continue
        found = float(mine["value"].sum())
        if abs(found - line.expect) > MENDED * abs(line.expect):
            faults.append(f"corrections.csv {line.id}: {line.row} is now {found:.10g}, expected "
                          f"{line.expect:.10g}; the source may have mended it: set state to fixed")  # fmt: skip
        elif line.action == "exclude":
            observations = observations.drop(mine.index)
        else:
            note = (mine["note"] + "; " + line.reason).str.removeprefix("; ")
            observations = observations.assign(note=note.reindex(observations.index, fill_value="").where(
                observations.index.isin(mine.index), observations["note"]))  # fmt: skip
    return observations, faults


def _rows_of_period(
    rows: pd.DataFrame, source: str, series: str, entity: str, period: str, basis: str
) -> pd.DataFrame:
    """Return the rows of one series within a period; none unless they cover the whole of it."""
    one = rows[["source", "series", "entity", "basis"]] == [source, series, entity, basis]
    rows = rows[one.all(axis=1) & rows["value"].notna()]
    inside = np.array([_within(text, period) for text in rows["period"]], dtype=bool)
    rows = rows[inside]
    held = sum(periods.days(periods.parse(text)) for text in rows["period"])
    return rows if held >= periods.days(periods.parse(period)) else rows.head(0)


def _within(period: str, whole: str) -> bool:
    inner, outer = periods.parse(period), periods.parse(whole)
    return outer.start <= inner.start and inner.end <= outer.end


def whole(added: pd.DataFrame) -> pd.DataFrame:
    """Return those of the `sums` that cover the whole of a period that is over."""
    return gate(added, Context(added.head(0)), (unfinished, partial))[0]


def _as_tables(rows: pd.DataFrame, tables: facts.Tables) -> facts.Tables:
    table = _table_of(rows)
    spelled = rows.assign(
        derived=rows["note"].str.contains("sum of|mean of|less LNG|partner "),
        page=rows["ref"], published=_published(rows), pair=rows["entity"], market=rows["entity"],
        kind=np.where(rows["freq"] == "D", "day", "mean"), evidence="file",
    )  # fmt: skip
    out = facts.Tables()
    for name, letter in LETTER.items():
        own = spelled[table == name]
        parts = [own[c] for c in ("source", "series", "entity", "period")] + [own["basis"]]
        joined = [".".join([letter, *(p for p in row if p)]) for row in zip(*parts, strict=True)]
        out[name] = (
            own.assign(id=joined).reindex(columns=tables[name].columns).reset_index(drop=True)
        )
    used = pd.concat([out[name]["source"] for name in LETTER])
    out["sources"] = _sources(set(used), rows, tables["sources"])
    return out


def _published(rows: pd.DataFrame) -> pd.Series:
    """Return when the world could know: as stated, else the day of asking."""
    asked = pd.to_datetime(rows["retrieved"], utc=True).dt.strftime("%Y-%m-%d")
    return rows["published"].where(rows["published"] != "", asked)


def _table_of(rows: pd.DataFrame) -> pd.Series:
    """Return the table that each row belongs to, "" for none."""
    name = pd.Series("", index=rows.index)
    name = name.mask(rows["unit"].isin(VOLUME_UNITS), "volumes")
    name = name.mask(rows["unit"].isin(PRICE_UNITS), "prices")
    dollars = rows["series"].str.startswith("fx") & (rows["entity"] == "RUB/USD")
    return name.mask(dollars, "fx")


def _sources(used: set[str], rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return rows for the table of sources: the modules', and those typed by hand."""
    modules = sources.table()
    found = modules[modules["source"].isin(used)]
    others = used - set(found["source"]) - set(known["source"])
    by_hand = [
        {"source": name, "title": note.split("; ")[0] or name, "publisher": "", "kind": "own",
         "url": next((part for part in note.split("; ") if part.startswith("http")), ""),
         "published": "", "read": "", "licence": inbox.LICENCE, "note": "entered by hand"}
        for name in sorted(others)
        for note in rows.loc[rows["source"] == name, "note"].head(1)
    ]  # fmt: skip
    return pd.concat([found, pd.DataFrame(by_hand, columns=known.columns)], ignore_index=True)


def overlay(tables: facts.Tables, store: Store, as_of: Any = None) -> facts.Tables:
    """Lay what the updates brought over the facts of the package.

    Parameters
    ----------
    tables : Tables
        From `energy.facts.load`.
    store : Store
    as_of : date or text, optional
        A date, a period (its last day counts) or a release: only what was known then, of the
        facts as of the store. A release counts the facts up to the day of its run.

    Returns
    -------
    dict of DataFrame
        The tables with the rows of `derive` added; no row of the facts is replaced, which figure
        is taken is decided by ``preferences.csv``, status and date, as among the facts.
    """
    if as_of is not None:
        head = memory.find_release(store, as_of) if isinstance(as_of, str) else None
        tables = memory.known(tables, memory.day_of(store, as_of) if head else as_of)
    if not store.vintages():
        return tables
    return laid(store.observations(as_of=as_of), tables, store.quarantined())


def laid(
    observations: pd.DataFrame, tables: facts.Tables, withheld: pd.DataFrame | None = None
) -> facts.Tables:
    """Return the facts with what the sources delivered added; see `derive`."""
    observations = observations[observations["value"].notna()]
    if observations.empty:
        return tables
    both_of = facts.Tables(tables)
    for name, rows in derive(observations, tables, withheld).items():
        key = "source" if name == "sources" else "id"
        both = pd.concat([tables[name], rows], ignore_index=True) if len(rows) else tables[name]
        both_of[name] = both.drop_duplicates(key, keep="first", ignore_index=True)
    return both_of
