"""Corruptions that the gate catches, and clean quarters that it holds back by mistake.

Clean deliveries of all sources with a calendar are made by a rule (level, season, drift, noise, maintenance, with a
seed); each corruption bends one of them. A corruption counts where it moves a figure that would be
published by more than 2 per cent. Run: ``python tests/benchmarks/bench_gate.py``.
"""

from __future__ import annotations

import dataclasses
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from energy.intake.gate import Context, gate
from energy.sources.contract import COLUMNS

MOVED = 0.02
ASKED = pd.Timestamp("2027-01-01", tz="UTC")


@dataclasses.dataclass(frozen=True)
class Stream:
    """One clean series: how it looks and how a source delivers it."""

    source: str
    series: str
    entity: str
    freq: str
    unit: str
    basis: str
    level: float
    season: float
    noise: float
    heat: float = 0.0
    """MJ per m3 where the series also comes in energy."""


def streams() -> list[Stream]:
    made = []
    for n, geo in enumerate(["turkey", "bulgaria", "hungary", "serbia", "greece", "slovakia"]):
        size = [1800.0, 900, 720, 216, 540, 360][n]
        for partner, share in (("ru", 1.0), ("total", 2.5)):
            made.append(Stream("eurostat", f"import_declared_{partner}_g3000", geo, "M", "MIO_M3",
                               "15C", size * share, 0.3, 0.03, 38.3))  # fmt: skip
    made += [Stream("entsog", "flow_point", f"BG-TSO-0001/ITP-{n:05}/entry", "D", "kWh/d", "GCV", size,
                    0.12, 0.04) for n, size in ((549, 5e8), (41, 1.2e8), (77, 2e8))]  # fmt: skip
    made += [Stream("crea", "flow_model", c, "D", "m3", "unstated", s, 0.15, 0.03)
             for c, s in (("china", 1.05e8), ("turkey", 5.8e7), ("hungary", 2e7))]  # fmt: skip
    made += [Stream("comtrade", "trade_value_pipeline", c, "M", "USD", "", s, 0.1, 0.04)
             for c, s in (("china", 7e8), ("uzbekistan", 1e8), ("turkey", 4e8))]  # fmt: skip
    made += [Stream("cbr", "fx", f"RUB/{c}", "D", f"RUB per 1 {c}", "", s, 0.0, 0.006)
             for c, s in (("USD", 80.0), ("CNY", 11.0))]  # fmt: skip
    made += [Stream("pinksheet", name, m, "M", u, b, s, 0.05, 0.05)
             for name, m, u, b, s in (("wb_gas_europe", "europe", "USD/MMBtu", "GCV", 12.0),
                                      ("wb_lng_japan", "japan", "USD/MMBtu", "GCV", 14.0),
                                      ("wb_brent", "brent", "USD/bbl", "", 75.0))]  # fmt: skip
    made.append(Stream("ecb", "fx", "USD/EUR", "D", "USD per 1 EUR", "", 1.15, 0.0, 0.005))
    made.append(Stream("moex", "share_price", "gazprom", "D", "RUB", "", 130.0, 0.0, 0.01))
    made += [Stream("epdk", name, "turkey", "M", "mcm", "15C", size, 0.3, 0.03)
             for name, size in (("imports_pipeline", 3200.0), ("imports_russia", 1800.0))]  # fmt: skip
    return made


SOURCES = (
    "eurostat",
    "entsog",
    "crea",
    "comtrade",
    "cbr",
    "pinksheet",
    "gie",
    "ecb",
    "moex",
    "epdk",
)


def clean(seed: int, first: str = "2023-01", last: str = "2026-12") -> pd.DataFrame:
    """Return all rows of all streams, as they would be known at the end."""
    parts = [_stream(stream, seed, first, last) for stream in streams()]
    parts += [_storage(place, seed, first, last) for place in ("germany", "austria", "hungary")]
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _stream(s: Stream, seed: int, first: str, last: str) -> pd.DataFrame:
    rng = _rng(seed, s.source + s.series.replace("_total", "_ru") + s.entity)
    days = pd.period_range(first, last, freq="M") if s.freq == "M" else pd.period_range(
        f"{first}-01", pd.Period(last, "M").end_time.date(), freq="D")  # fmt: skip
    month = np.array([day.month for day in days])
    year = np.array([day.year + (day.month - 1) / 12 for day in days]) - 2023
    value = s.level * (1 + s.season * np.cos((month - 1) * np.pi / 6)) * np.exp(0.03 * year)
    if s.series.startswith(("fx", "wb_", "share_price")):
        common = _rng(seed, s.source + s.freq).normal(0, s.noise * 0.8, len(days)).cumsum()
        value = s.level * np.exp(
            0.3 * (common - common.mean()) + rng.normal(0, s.noise * 0.3, len(days))
        )
    elif s.freq == "D":
        value = value * np.exp(rng.normal(0, s.noise, len(days)))
        if s.source == "entsog":  # yearly maintenance, nine days in June
            value[(month == 6) & (np.array([day.day for day in days]) < 10)] = 0.0
    else:
        value = value * np.exp(rng.normal(0, s.noise, len(days)))
    rows = pd.DataFrame({"series": s.series, "entity": s.entity, "period": [str(d) for d in days],
                         "freq": s.freq, "value": np.round(value, 4), "unit": s.unit, "basis": s.basis,
                         "coverage": 1.0, "source": s.source, "status": "actual", "published": "",
                         "retrieved": ASKED, "ref": "x#y", "note": ""})  # fmt: skip
    if not s.heat:
        return rows
    heat = s.heat * np.exp(rng.normal(0, 0.002, len(days)))
    energy = rows.assign(value=np.round(value * heat, 3), unit="TJ_GCV", basis="GCV")
    return pd.concat([rows, energy], ignore_index=True)


def _storage(place: str, seed: int, first: str, last: str) -> pd.DataFrame:
    rng = _rng(seed, place)
    days = pd.period_range(f"{first}-01", pd.Period(last, "M").end_time.date(), freq="D")
    day = np.array([d.day_of_year for d in days])
    full = (
        60
        - 30 * np.cos((day - 90) * 2 * np.pi / 365)
        + rng.normal(0, 0.3, len(days)).cumsum() * 0.02
    )
    rows = [_stream(Stream("gie", "storage_fill", place, "D", "%", "", 1, 0, 0), seed, first, last),
            _stream(Stream("gie", "storage_stock", place, "D", "TWh", "unstated", 1, 0, 0), seed, first,
                    last)]  # fmt: skip
    room = {"germany": 250.0, "austria": 96.0, "hungary": 68.0}[place]
    rows[0]["value"], rows[1]["value"] = np.round(full, 2), np.round(full * room / 100, 4)
    return pd.concat(rows, ignore_index=True)


# -- corruptions -----------------------------------------------------------------------------------

Bend = Callable[[pd.DataFrame, pd.Series], pd.DataFrame]


def scaled(times: float) -> Bend:
    def bend(rows: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
        return rows.assign(value=rows["value"].where(~where, rows["value"] * times))

    return bend


def constant(kind: str) -> Bend:
    def bend(rows: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
        fill = 0.0 if kind == "zero" else rows.groupby("entity")["value"].transform("first")
        return rows.assign(value=rows["value"].where(~where, fill))

    return bend


def shifted(by: int) -> Bend:
    def bend(rows: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
        keys = ["series", "entity", "basis"]
        value = rows.groupby(keys)["value"].shift(by).fillna(rows["value"])
        return rows.assign(value=rows["value"].where(~where, value))

    return bend


def exchanged(rows: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
    names = list(rows.loc[where, "entity"].unique())[:2]
    if len(names) < 2:
        return rows
    other = {names[0]: names[1], names[1]: names[0]}
    keys = (
        ["series", "period", "basis", "unit"]
        if rows["source"].iloc[0] not in ("pinksheet", "cbr")
        else ["period"]
    )
    look = rows.set_index([*keys, "entity"])["value"]
    mine = where & rows["entity"].isin(names)
    wanted = pd.MultiIndex.from_frame(
        rows.loc[mine, keys].assign(entity=rows.loc[mine, "entity"].map(other))
    )
    found = look[~look.index.duplicated()].reindex(wanted).to_numpy()
    value = rows["value"].copy()
    value[mine] = np.where(np.isfinite(found), found, value[mine])
    return rows.assign(value=value)


FACTORS = {"x1000": 1000, "/1000": 1e-3, "x24": 24, "/24": 1 / 24, "halved": 0.5, "doubled": 2, "x3.6": 3.6,
           "/3.6": 1 / 3.6, "x10": 10, "/10": 0.1, "x1.5": 1.5, "x0.7": 0.7, "NCV": 0.9, "0C": 0.948,
           "x1.0732": 1.0732, "-5 %": 0.95, "+30 %": 1.3, "x1.4": 1.4, "sign": -1}  # fmt: skip
BENDS: dict[str, Bend] = {
    **{name: scaled(times) for name, times in FACTORS.items()}, "zero": constant("zero"),
    "stuck": constant("stuck"), "late": shifted(1), "early": shifted(-1), "exchanged": exchanged,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Case:
    """One corruption: what is bent, where, and how."""

    source: str
    bend: str
    place: str
    """``all``: everything the answer holds; ``new``: the new quarter; ``one``: it of one entity."""


def cases() -> Iterator[Case]:
    """All bends of all sources in three places: 24 x 10 x 3 with no two alike."""
    for source in SOURCES:
        for bend in BENDS:
            for place in ("all", "new", "one"):
                yield Case(source, bend, place)


def stratified(seed: int = 7) -> list[Case]:
    """Return 240 cases: every bend of every source once, the place drawn with a seed."""
    dice = np.random.default_rng(seed)
    return [
        Case(source, bend, ("all", "new", "one")[dice.integers(3)])
        for source in SOURCES
        for bend in BENDS
    ]


def delivery(rows: pd.DataFrame, source: str, quarter: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the source answers for a quarter (with what it re-sends), and what was known."""
    end = pd.Period(quarter, "Q").end_time
    begin = pd.Period(quarter, "Q").start_time
    back = {
        "eurostat": 730,
        "entsog": 100,
        "gie": 60,
        "crea": 275,
        "comtrade": 275,
        "cbr": 0,
        "pinksheet": 3650,
        "ecb": 0,
        "moex": 0,
        "epdk": 365,
    }
    mine = rows[rows["source"] == source]
    start = pd.PeriodIndex(mine["period"], freq="D").start_time
    known = mine[start < begin]
    window = (start >= begin - pd.Timedelta(days=back[source])) & (start <= end)
    return mine[window].reset_index(drop=True), known.reset_index(drop=True)


def moves(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Tell whether a quarter sum (or mean) of any series changes by more than `MOVED`."""
    keys = ["series", "entity", "basis", "unit"]
    quarter = pd.PeriodIndex(before["period"], freq="D").asfreq("Q").astype(str)
    a = before.groupby([*keys, quarter])["value"].mean()
    b = after.groupby([*keys, quarter])["value"].mean()
    return bool(((b / a - 1).abs() > MOVED).any())


def caught(given: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    stamp = pd.PeriodIndex(given["period"], freq="D").end_time.max() + pd.Timedelta(days=60)
    given = given.assign(retrieved=stamp.tz_localize("UTC"))
    return gate(given, Context(known))[1]


def run(chosen: Iterable[Case], seed: int = 1, quarter: str = "2026Q3") -> pd.DataFrame:
    """Return one row a corruption: source, bend, place, moves, caught, reason."""
    rows, found = clean(seed), []
    for case in chosen:
        given, known = delivery(rows, case.source, quarter)
        start = pd.PeriodIndex(given["period"], freq="D").start_time
        new = pd.Series(start >= pd.Period(quarter, "Q").start_time, index=given.index)
        if case.place == "all" and new.all():
            case = dataclasses.replace(case, place="new")  # it sends nothing again
        where = {"all": pd.Series(True, index=given.index), "new": new,
                 "one": new & (given["entity"] == given["entity"].iloc[0])}[case.place]  # fmt: skip
        bent = BENDS[case.bend](given, where)
        held = caught(bent, known)
        found.append({**dataclasses.asdict(case), "moves": moves(given, bent), "caught": len(held) > 0,
                      "reason": held["reason"].iloc[0] if len(held) else ""})  # fmt: skip
    return pd.DataFrame(found)


def alarms(seeds: range = range(4), quarters: int = 10) -> pd.DataFrame:
    """Return the clean quarters (40) in which a row was held back."""
    found = []
    for seed in seeds:
        rows = clean(100 + seed)
        for quarter in pd.period_range("2024Q3", periods=quarters, freq="Q"):
            for source in SOURCES:
                held = caught(*delivery(rows, source, str(quarter)))
                if len(held):
                    found.append({"seed": seed, "quarter": str(quarter), "source": source,
                                  "rows": len(held), "reason": held["reason"].iloc[0]})  # fmt: skip
    return pd.DataFrame(found, columns=["seed", "quarter", "source", "rows", "reason"])


def main(which: str = "stratified", seeds: str = "4") -> None:
    """Print what is caught and what not (``all``: 720 cases), then the false alarms."""
    table = run(cases() if which == "all" else stratified()).drop_duplicates(
        ["source", "bend", "place"]
    )
    real = table[table["moves"]]
    print(f"{len(table)} corruptions, {len(real)} move a figure by more than {MOVED:.0%}")
    print(f"caught: {real['caught'].sum()} of {len(real)} ({real['caught'].mean():.1%})")
    print(
        real.pivot_table(index="source", columns="place", values="caught", aggfunc="mean")
        .round(3)
        .to_string()
    )
    print(real[~real["caught"]][["source", "bend", "place"]].to_string(index=False), flush=True)
    wrong = alarms(range(int(seeds)))
    count = wrong.drop_duplicates(["seed", "quarter"]).shape[0]
    print(f"false alarms: {count} of {10 * int(seeds)} clean quarters", flush=True)
    print(wrong.to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
