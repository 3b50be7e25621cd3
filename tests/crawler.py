"""Walks every number of a built release and makes it again from the figures as published.

`Book` holds what each number should be, worked out of the ledger's published values with
`energy.measure.units` alone, outside the cube. `faults` reads summary, layers, cube and page as a stranger
would and names each number that differs, or that has no rule here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Geod

from energy import facts, flows
from energy.balance import cube as balanced
from energy.balance import kept, tracing
from energy.errors import PeriodError
from energy.finance import prices
from energy.measure import periods, units
from energy.provenance import explain
from energy.publish import brief, layers
from energy.tracker import Tracker
from geodata import routes as ground
from geodata.draw.sharing import unshare

SIX = 1e-6  # six digits
DECIMALS = {"flow": 4, "capacity": 4, "utilisation": 4, "coverage": 4, "price": 2, "revenue": 2,
            "netback": 2, "idle": 3.7, "flowing": 4, "flow_p10": 4, "flow_p90": 4, "reported": 4,
            "revenue_p10": 2, "revenue_p90": 2}  # fmt: skip
"""Digits after the point in the layers; idle is a difference of two rounded numbers."""
SERIES = {"value": ("flow", 1000), "limit": ("capacity", 1000), "share": ("utilisation", 1000),
          "price": ("price", 10), "revenue": ("revenue", 10)}  # fmt: skip
QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
BANDS = {"low": 0.1, "mid": 0.5, "high": 0.9}
COLUMNS = ["where", "shown", "made", "step"]


# -- what each number should be -------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Book:
    """What a release of a tracker must show, from published figures."""

    tracker: Tracker

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Return the ledger to the end of its last year, for the summary's years."""
        last = self.tracker._quarters["period"].dt.year.values[-1]
        return self.tracker.evidence.ledger(last=f"{last}Q4")

    @cached_property
    def values(self) -> pd.DataFrame:
        """Return every quantity by route and quarter, made again from the steps."""
        made = self.steps.assign(made=self._made())
        table = made.groupby(["route", "period", "quantity"])["made"].sum().unstack()  # noqa: PD010
        balanced = self.steps.loc[self.steps["how"] == explain.BALANCED, ["route", "period"]]
        said = table.index.isin(pd.MultiIndex.from_frame(balanced))
        whole = ((table["coverage"] > 1 - SIX) | said) & (table["capacity"] > 0)
        table["reported"] = table["reported"].where(said, table["flow"])
        empty = table["flow"].abs() < 5e-4  # of less than 0.001 bcm there is no price
        ends = self._ends().reindex(table.index)
        modelled = self.modelled.reindex(table.index)
        made = table.assign(
            coverage=table["coverage"].fillna(0.0), balanced=table["flow"].where(said),
            price_p10=modelled["p10"], price_p90=modelled["p90"],
            revenue=(table["flow"] * table["price"]).fillna(table["revenue"].where(empty)),
            utilisation=(table["flow"] / table["capacity"]).where(whole),
            idle=(table["capacity"] - table["flow"]).where((table["coverage"] > 0.999) | said),
            flow_p10=ends["p10"].where(said), flow_p90=ends["p90"].where(said),
        )  # fmt: skip
        return made.assign(**{f"revenue_{end}": self._worth(made, end) for end in ("p10", "p90")})

    @staticmethod
    def _worth(made: pd.DataFrame, end: str) -> pd.Series:
        """Return an end of flow times price: their distances to it, squared and added."""
        flow, price = made["flow"], made["price"]
        by_flow = (made[f"flow_{end}"] - flow) * price
        by_price = ((made[f"price_{end}"] - price) * flow).fillna(0.0)
        away = (by_flow**2 + by_price**2) ** 0.5
        edge = made["revenue"] + (away if end == "p90" else -away)
        return edge.where((edge > 0) | (made[f"flow_{end}"] < 0), edge * 0)

    @property
    def modelled(self) -> pd.DataFrame:
        """Return the interval of every modelled price by route and quarter; a print has none."""
        told = self.tracker.facts
        rows = self.steps[self.steps["quantity"] == "price"]
        rows = rows[rows["how"].str.startswith("modelled from")]
        markets = [self._market(row) for row in rows.itertuples()]
        found = {
            name: prices.outturn(told["prices"], name, told["volumes"]) for name in set(markets)
        }
        ends = [found[name].loc[period, ["p10", "p90"]].tolist()
                for name, period in zip(markets, rows["period"], strict=True)]  # fmt: skip
        where = pd.MultiIndex.from_frame(rows[["route", "period"]])
        return pd.DataFrame(ends, where, ["p10", "p90"], dtype=float)

    def _ends(self) -> pd.DataFrame:
        """Return the interval of every arc that is a route, by quarter, from the balance itself."""
        found, arcs = self.balance, self.tracker.facts["balance-arcs"]
        parts = {row.route: found.table(row.arc, "Q") for row in arcs.itertuples() if row.route}
        table = pd.concat(parts, names=["route", "period"]).reset_index()
        table["period"] = [str(periods.containing(day.date(), "Q")) for day in table["period"]]
        return table.set_index(["route", "period"])

    @cached_property
    def cells(self) -> dict[str, dict[tuple[str, str], float]]:
        """Return `values` by quantity, for quick look-up."""
        return {str(name): self.values[name].to_dict() for name in self.values}

    def _made(self) -> np.ndarray:
        steps, ways = self.steps, {"flow": self._flow, "reported": self._flow, "capacity": self._capacity,
                                   "price": self._price, "netback": self._charge}  # fmt: skip
        return np.array([ways[row.quantity](row) if row.quantity in ways else row.part
                         for row in steps.itertuples()], dtype=float)  # fmt: skip

    @cached_property
    def published(self) -> dict[str, dict]:
        """Return the figures as they stand in the tables of facts, by id."""
        names = ("volumes", "route-facts", "prices", "tariffs", "financials", "contracts")
        tables = [facts.corrected(self.tracker.facts, "volumes"),
                  *(self.tracker.facts[name] for name in names[1:])]  # fmt: skip
        return {row["id"]: row for table in tables for row in table.to_dict("records")}

    @cached_property
    def heat(self) -> dict[str, float]:
        return flows.calorific_values(self.tracker.facts["route-facts"])

    def _flow(self, row) -> float:
        if row.how == explain.BALANCED:
            return self._months[row.route][pd.Timestamp(row.month)]
        if row.value != row.value:
            assert self.published[row.id]["attribute"] in ("start", "stop"), row
            return 0.0
        told = self.published[row.id]
        by_heat = told["basis"] in ("GCV", "15C-40MJ")
        given = {"gcv": self.heat[row.route], "gcv_basis": "20C"} if by_heat else {}
        bcm = units.convert(
            told["value"], told["unit"], "bcm", basis=told["basis"], to_basis="20C", **given
        )
        return (bcm - row.taken) * row.share

    @cached_property
    def _months(self) -> dict[str, dict[pd.Timestamp, float]]:
        found, arcs = self.balance, self.tracker.facts["balance-arcs"]
        return {row.route: found.table(row.arc, "M")["flow"].to_dict()
                for row in arcs.itertuples() if row.route}  # fmt: skip

    def _capacity(self, row) -> float:
        return float(self.published[row.id]["value"]) * row.share

    def _price(self, row) -> float:
        """Work a price out of the figures behind it, by the words of its reason."""
        if row.how.startswith("modelled from"):
            return self._models(self._market(row))[row.period]
        told = [self.published[name] for name in row.id.split(";")]
        if told[0].get("series", "").startswith("customs_") and row.id.startswith("V"):
            money, mass = (sum(t["value"] for t in told if t["series"] == name)
                           for name in ("customs_value", "customs_mass"))  # fmt: skip
            return money / (mass / prices.DENSITY * 1e-3)
        found = np.array([t["value"] for t in told])
        if row.how.endswith("what the other quarters leave"):
            level = self._left(row, told)
        else:
            level = 4 * found[0] - found[1:].sum() if "leaves beside" in row.how else found.mean()
        return level * self._shape(row) if "shaped by" in row.how else level

    def _left(self, row, told) -> float:
        """Return what a year's mean leaves beside the means of shorter spans, weighed by what flowed."""
        year, *inner = [periods.parse(t["period"]) for t in told]
        quarters = periods.span(year, year, "Q")
        flow = self._flowed(row, [periods.label(quarter) for quarter in quarters])
        within = [sum(v for name, v in flow.items() if one.start <= periods.parse(name).start < one.end)
                  for one in inner]  # fmt: skip
        whole = sum(flow.values())
        others = sum(v * t["value"] for v, t in zip(within, told[1:], strict=True))
        return (told[0]["value"] * whole - others) / (whole - sum(within))

    def _flowed(self, row, names: list[str]) -> dict[str, float]:
        """Return what flowed to a market by quarter; 1 each where it is not known of all."""
        weights = self.tracker._weights.get(self._market(row))
        flow = (
            weights.reindex(names).to_numpy(float) if weights is not None else np.ones(len(names))
        )
        known = np.isfinite(flow).all() and flow.sum() > 0
        return dict(zip(names, flow if known else np.ones(len(names)), strict=True))

    @cached_property
    def _models(self) -> Callable[[str], dict[str, float]]:
        """Return the modelled prices of a market by quarter, each market worked out once."""

        @functools.cache
        def model(market: str) -> dict[str, float]:
            told = self.tracker.facts
            return prices.outturn(told["prices"], market, told["volumes"])["price"].to_dict()

        return model

    def _market(self, row) -> str:
        """Return the market that the crosswalk gives a route on the last day of a quarter."""
        last = (periods.parse(row.period).end - dt.timedelta(days=1)).isoformat()
        (market,) = (name for name, since, until in self._served[row.route]
                     if since <= last and (not until or last < until))  # fmt: skip
        return market

    @cached_property
    def _served(self) -> dict[str, list[tuple[str, str, str]]]:
        """Return the markets of each route: name, first day, day after the last."""
        rows = self.tracker.facts["crosswalk"].query("kind == 'market'").fillna("").astype(str)
        return {str(route): list(zip(part["target"], part["valid_from"], part["valid_to"], strict=True))
                for route, part in rows.groupby("key")}  # fmt: skip

    def _shape(self, row) -> float:
        """Return modelled price over its mean, weighed by what flowed to the market."""
        table, market = self.tracker._prices, self._market(row)
        held = table[(table["market"] == market) & (table["reason"] == row.how)]
        names = [f"{day.year}Q{day.quarter}" for day in held["period"]]
        model = self._models(market)
        shape = np.array([model[name] for name in names])
        flow = np.array(list(self._flowed(row, names).values()))
        return model[row.period] / float(flow @ shape / flow.sum())

    def _charge(self, row) -> float:
        """Return the border price, or a charge as its tariff says."""
        price = self._border[row.route, row.period]
        if row.how == "derived: border price":
            return price
        if row.part != row.part or not row.id:
            return 0.0  # nobody has published it, or it was not levied; the netback says so
        told = self.published[row.id]
        value, unit = float(told["value"]), told["unit"]
        if unit.endswith("/100 km"):
            value, unit = value * self._km(row.route) / 100, unit.removesuffix("/100 km")
        if unit == "percent":
            return -value / 100 * price
        if unit.startswith("RUB") and value:
            value /= self._rates.get(row.period, self._rates.get(row.period[:4], np.nan))
        return -value

    @cached_property
    def _border(self) -> dict[tuple[str, str], float]:
        rows = self.steps[self.steps["quantity"] == "price"]
        return {(row.route, row.period): self._price(row) for row in rows.itertuples()}

    @cached_property
    def _rates(self) -> dict[str, float]:
        means = self.tracker.facts["fx"].query("kind == 'mean'").drop_duplicates("period")
        return dict(zip(means["period"], means["value"], strict=True))

    def _km(self, route: str) -> float:
        routes = self.tracker.facts["routes"].set_index("route")
        way = "ukraine-transit" if routes.loc[route, "part_of"] == "ukraine-transit" else route
        told = self.tracker.facts["route-facts"].query("attribute == 'length' and route == @way")
        return float(told["value"].iloc[0]) if len(told) else self.tracker.lines.length_km[way]

    @cached_property
    def years(self) -> pd.DataFrame:
        """Return flow, utilisation and revenue (billion USD) by route and calendar year.

        A year that the balance does not hold to its end shows what was published.
        """
        table = self.values.reset_index()
        table["year"] = table["period"].str[:4]
        ends = set(
            table.loc[table["flow_p10"].notna() & table["period"].str.endswith("Q4"), "year"]
        )
        table["told"] = table["flow"].where(table["year"].isin(ends), table["reported"])
        table["balanced"] = table["flow_p10"].notna() & table["year"].isin(ends)
        table["days"] = [periods.days(periods.parse(text)) for text in table["period"]]
        table["covered"] = table["coverage"].fillna(0) * table["days"]
        earned = (table["told"] * table["price"]).fillna(0.0).where(table["told"].notna())
        table["lost"] = (table["told"] >= 5e-4) & table["price"].isna()
        table["revenue"] = earned
        for end in ("p10", "p90"):
            edge = table[f"price_{end}"].fillna(table["price"])
            table[f"price_{end}"] = (table["told"] * edge).fillna(0.0)
        groups = table.groupby(["route", "year"])
        parts = ["told", "capacity", "revenue", "covered", "lost", "price_p10", "price_p90"]
        sums = groups[parts].sum(min_count=1)
        length = sums.index.get_level_values("year").map(lambda y: periods.days(periods.parse(y)))
        known = groups["told"].count() > 0
        whole = (sums["covered"] / length > 1 - SIX) | groups["balanced"].any()
        whole &= sums["capacity"] > 0
        return pd.DataFrame({
            "flow": sums["told"],
            "utilisation": (100 * sums["told"] / sums["capacity"]).where(whole),
            "revenue": (sums["revenue"].fillna(0) / 1000).where(known & (sums["lost"] == 0)),
            "price_p10": sums["price_p10"] / sums["revenue"].where(sums["revenue"] != 0),
            "price_p90": sums["price_p90"] / sums["revenue"].where(sums["revenue"] != 0),
        })  # fmt: skip

    def worth(self, route: str, year: str) -> dict[str, float]:
        """Return the interval of a year's revenue, billion USD, from the balance of the year."""
        arcs = self.tracker.facts["balance-arcs"].set_index("route")["arc"]
        table, day = self.balance.table(arcs[route], "A"), pd.Timestamp(f"{year}-01-01")
        if (route, year) not in self.years.index or day not in table.index:
            return {"p10": np.nan, "p90": np.nan}
        row = self.years.loc[(route, year)]
        if not row["flow"] >= 5e-4 or row["revenue"] != row["revenue"]:  # no gas, no price
            return {"p10": np.nan, "p90": np.nan}
        flow, found = table.loc[day], {}
        for end, side in (("p10", -1), ("p90", 1)):
            away = np.hypot(flow[end] / row["flow"] - 1, row[f"price_{end}"] - 1)
            found[end] = max(0.0, row["revenue"] * (1 + side * away))
        return found

    @cached_property
    def markets(self) -> dict[tuple[str, str], float]:
        """Return flow by market and year: the sum of the routes that its address names."""
        found: dict[tuple[str, str], float] = {}
        for market in {*self.tracker._markets, explain.ALL}:
            for year in range(2014, 2026):
                try:
                    steps = explain.of_balance(self.tracker.facts, market, str(year))
                except PeriodError:
                    continue
                key = ("all exports" if market == explain.ALL else market, str(year))
                found[key] = steps["part"].sum()
        return found

    def ends(self, market: str, year: str) -> pd.Series:
        """Return the interval of a market's year from the balance itself."""
        name = "exports" if market == "all exports" else f"group:{market}"
        return self.balance.table(name, "A").loc[f"{year}-01-01"]

    @cached_property
    def balance(self) -> kept.Result:
        """Return the balance of the facts, looked up once."""
        return kept.result(self.tracker.facts)

    @cached_property
    def accounts(self) -> dict[tuple[str, str], float]:
        """Return the lines of the summary by their words and year, from the figure's own row."""
        table = self.tracker.financials(None)
        found = {}
        for words, metric in brief.RESULT.items():
            for year in table.loc[table["metric"] == metric, "period"].unique():
                steps = explain.reported(table, metric, year)
                mine = steps["quantity"].isin([f"IFRS {metric}, {s}" for s in ("group", "total")])
                steps = steps[mine & (steps["unit"] == "RUB bn")]
                if len(steps):
                    found[words, year] = self.published[steps["id"].iloc[0]]["value"]
        return found

    @cached_property
    def projection(self) -> xr.Dataset:
        """Return the projection drawn again, from the assumptions and the seed it names."""
        told = self.tracker.ahead.shown.attrs
        return self.tracker.project(draws=told["draws"], seed=told["seed"])

    @cached_property
    def flowing(self) -> dict[tuple[str, str, str], float]:
        """Return the chance that gas flows by scenario, route and quarter."""
        told = self.projection["flowing"].transpose("scenario", "route", "period").to_series()
        return {(s, r, _label(at)): v for (s, r, at), v in told.items()}

    def ahead(self, name: str) -> dict[tuple[str, str, str, float], float]:
        """Return projected cells by scenario, route, period and quantile, each worked out once."""
        if name not in self._ahead:
            cells = self.projection[name]
            dim = "year" if "_year" in name else "period"
            labels = {at: _label(at) for at in cells[dim].to_index()}
            place = "route" if "route" in cells.dims else "market"
            told = cells.transpose("scenario", place, dim, "quantile").to_series()
            self._ahead[name] = {(s, r, labels[at], q): v for (s, r, at, q), v in told.items()}
        return self._ahead[name]

    @cached_property
    def _ahead(self) -> dict[str, dict]:
        return {}


# -- reading a release ----------------------------------------------------------------------------


def faults(folder: Path, book: Book, files: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each number of a release that is not what the figures make it.

    `files` are names in `READERS`; default all.
    """
    found, lost = [], []
    for name in files or READERS:
        rows, unruled = READERS[name](folder, book)
        table = pd.DataFrame(rows, columns=COLUMNS).astype({"shown": float, "made": float})
        assert len(table) > 50, f"{name} holds {len(table)} numbers"
        found.append(table)
        lost += unruled
    table = pd.concat(found, ignore_index=True)
    missing = table["shown"].isna() != table["made"].isna()
    apart = (table["shown"] - table["made"]).abs()
    wrong = table[missing | (apart > 0.501 * table["step"] + SIX * table["made"].abs())]
    told = [f"{row.where}: {row.shown:.10g} is shown, {row.made:.10g} is made of the figures"
            for row in wrong.itertuples()]  # fmt: skip
    return told + lost


def _newest(book: Book) -> dict[str, dt.date]:
    """Return the last day of the newest figure that is no plan, by kind and name."""
    told, found = book.tracker.facts, {}
    for kind, table, column in (("route", "volumes", "entity"), ("price", "prices", "market"),
                                ("account", "financials", "metric")):  # fmt: skip
        for row in told[table].to_dict("records"):
            if row["status"] in ("plan", "contract") or row["value"] != row["value"]:
                continue
            if kind == "route" and row["series"] != "flow":
                continue
            end = periods.parse(row["period"]).end - dt.timedelta(days=1)
            key = f"{kind} {row[column]}"
            found[key] = max(end, found.get(key, end))
    return found


def _told_on(name: str, book: Book) -> int:
    """Return the day of the document of a stop, of one without a date the stop itself."""
    facts = book.tracker.facts
    row = facts["route-facts"].set_index("id").loc[name]
    source = facts["sources"].set_index("source")["published"][row["source"]]
    return periods.parse(row["published"] or source or row["value"]).start.toordinal()


def _summary(folder: Path, book: Book) -> tuple[list[tuple], list[str]]:
    """Read each cell of each table, and the numbers in the words between."""
    text = (folder / "summary.md").read_text(encoding="utf-8")
    years = book.years
    looks: dict[str, tuple[Callable, float]] = {
        "Volume by route, bcm": (lambda n, y: years["flow"].get((n, y)), 0.1),
        "By market, bcm": (lambda n, y: book.markets.get((n, y), 0.0), 0.1),
        "By market, P10–P90": (lambda n, y: np.nan, 0.1),
        "Utilisation, % of the capacity of that year":
            (lambda n, y: years["utilisation"].get((n, y)), 1),
        "Revenue, billion USD (flow times border price)":
            (lambda n, y: years["revenue"].get((n, y)), 0.1),
        "Revenue, P10–P90": (lambda n, y: np.nan, 0.1),
        "Gazprom, IFRS, as reported": (lambda n, y: book.accounts.get((n, y)), 1),
    }  # fmt: skip
    rows: list[tuple] = []
    title, head, words = "", [], []
    newest = _newest(book)
    for line in text.splitlines():
        if line.startswith("## "):
            title, head = line[3:], []
        elif line.startswith("| "):
            cells = line.strip("| ").split(" | ")
            if not head or cells[0].startswith("---"):
                head = head or cells
                continue
            if title == "Newest figure of each series":
                day = dt.date.fromisoformat(cells[1])
                where = f"summary.md, {title}: {cells[0]}"
                rows.append((where, day.toordinal(), newest[cells[0]].toordinal(), 0.5))
                behind = (newest["price brent"] - newest[cells[0]]).days
                rows.append((f"{where} behind", float(cells[3].replace(",", "")), behind, 0.5))
                continue
            if title.startswith("Zeros"):
                if cells[3] != "–":
                    day = dt.date.fromisoformat(cells[2]).toordinal()
                    rows.append(
                        (f"summary.md, {title}: {cells[0]}", day, _told_on(cells[3], book), 0.5)
                    )
                continue
            look, step = looks[title]
            for year, cell in zip(head[1:], cells[1:], strict=True):
                shown = re.sub(r"[,a-z* ]", "", cell)
                if "P90" in title:
                    made = book.worth if title.startswith("Revenue") else book.ends
                    ends = (np.nan, np.nan) if shown == "–" else map(float, shown.split("–"))
                    for end, value in zip(("p10", "p90"), ends, strict=True):
                        rows.append((f"summary.md, {title}: {cells[0]} {year} {end}", value,
                                     made(cells[0], year)[end], step))  # fmt: skip
                    continue
                rows.append((f"summary.md, {title}: {cells[0]} {year}",
                             np.nan if shown == "–" else float(shown), look(cells[0], year), step))  # fmt: skip
        else:
            words.append(line)
    prose = "\n".join(words).replace(book.tracker.edition, "").replace("20 °C", "")
    strange = [n for n in re.findall(r"\d[\d.,]*\d|\d", prose) if n != "0.0"]
    return rows, [f"summary.md: {number} in the words has no rule" for number in strange]


def _layer(path: str, folder: Path, book: Book) -> tuple[list[tuple], list[str]]:
    """Read one layer in one format."""
    return _walked(path, Path(path).stem, _read(folder / "layers" / path), book)


def _package(folder: Path, book: Book) -> tuple[list[tuple], list[str]]:
    """Read every layer of the GeoPackage."""
    rows, lost = [], []
    for name in LAYERS:
        frame = gpd.read_file(folder / "layers" / "gas.gpkg", layer=name)
        found, unruled = _walked(f"gas.gpkg, {name}", name, frame, book)
        rows, lost = rows + found, lost + unruled
    return rows, lost


def _read(file: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(file) if file.suffix == ".parquet" else gpd.read_file(file)


def _walked(
    place: str, name: str, frame: gpd.GeoDataFrame, book: Book
) -> tuple[list[tuple], list[str]]:
    numbers = {str(c) for c in frame.columns if frame[c].dtype.kind in "if"}
    lists = {str(c) for c in frame.columns if str(c).endswith("_by_period")}
    rows = [(f"{place}: {where}", *rest) for where, *rest in LAYERS[name](frame, book)]
    strange = sorted((numbers | lists) - RULED[name])
    return rows, [f"{place}: the numbers of {column} have no rule" for column in strange]


def _plate(book: Book, route: str, now: str) -> float:
    """Return the capacity in force on a day; a plan's where nothing is."""
    mine = book.tracker.facts["route-facts"].query("attribute == 'capacity' and route == @route")
    mine = mine.sort_values("valid_from")
    later = (mine["valid_from"] != "") & ((mine["status"] == "plan") | (mine["valid_from"] >= now))
    mine = mine[~later] if (~later).any() else mine
    return float(mine["value"].iloc[-1]) if len(mine) else np.nan


def _histories(frame: gpd.GeoDataFrame, book: Book) -> Iterator[tuple]:
    """Yield newest figures and histories of the routes, their names and the ground."""
    names = ["flow", "capacity", "utilisation", "price", "revenue"]
    now = periods.parse(_last(book)).end
    for row in frame.to_dict("records"):
        told = _listed(row["periods"])
        for name in names:
            history = _listed(row[f"{name}_by_period"])
            for period, shown in zip(told, history, strict=True):
                yield (f"{row['route']} {name}_by_period {period}", _nan(shown),
                       _look(book, row["route"], period, name), 10.0 ** -DECIMALS[name])  # fmt: skip
        period = row["period"] or _last(book)  # without a flow: the state of the newest quarter
        for name in [*names, "coverage", *layers.BESIDE]:
            made = _look(book, row["route"], period, name)
            made = 0.0 if name == "coverage" and made != made else made
            yield (
                f"{row['route']} {name} {period}",
                _nan(row[name]),
                made,
                10.0 ** -DECIMALS[name],
            )
        made = _plate(book, row["route"], now.isoformat())
        yield (f"{row['route']} nameplate", _nan(row["nameplate"]), made, 1e-9)
    yield from _ground(frame, book, whole=True)


def _quarters(frame: gpd.GeoDataFrame, book: Book) -> Iterator[tuple]:
    for name in (
        "flow",
        "capacity",
        "utilisation",
        "coverage",
        "price",
        "revenue",
        "idle",
        "netback",
        "flow_p10",
        "flow_p90",
        "reported",
        "revenue_p10",
        "revenue_p90",
    ):
        step = 10.0 ** -DECIMALS[name]
        for route, period, shown in zip(frame["route"], frame["period"], frame[name], strict=True):
            yield f"{route}/{period} {name}", shown, _look(book, route, period, name), step
    yield from _ground(frame, book, tolerance=layers.THIN)


def _scenarios(frame: gpd.GeoDataFrame, book: Book) -> Iterator[tuple]:
    made = book.projection
    where = [made[dim].to_index().get_indexer(frame[dim]) for dim in ("scenario", "route")]
    starts = pd.to_datetime(frame["start_date"].astype(str))
    where.append(made["period"].to_index().get_indexer(starts))
    ids = frame["scenario"] + "/" + frame["route"] + "/" + frame["period"]
    told = {f"{kind}_{word}": (made[kind].sel(quantile=level), DECIMALS[kind])
            for kind in ("flow", "revenue") for word, level in QUANTILES.items()}  # fmt: skip
    like = made["flow"].isel(quantile=0)
    told["capacity"] = (made["capacity"].broadcast_like(like), DECIMALS["capacity"])
    told["flowing"] = (made["flowing"], DECIMALS["flowing"])
    for name, (cells, digits) in told.items():
        values = cells.transpose("scenario", "route", "period").values[tuple(where)]
        for place, shown, value in zip(ids, frame[name], values, strict=True):
            yield f"{place} {name}", shown, value, 10.0**-digits
    yield from _ground(frame, book, tolerance=layers.THINNER, flow="flow_p50")


def _hubs(frame: gpd.GeoDataFrame, book: Book) -> Iterator[tuple]:
    places = ground.places()
    for name, point in zip(frame["id"], frame.geometry, strict=True):
        for axis, shown, made in zip(
            "xy", point.coords[0], places.geometry[name].coords[0], strict=True
        ):
            yield f"{name} {axis}", shown, made, 1e-6


def _events(frame: gpd.GeoDataFrame, book: Book) -> Iterator[tuple]:
    """Yield dates as numbers, and the flow that an event took off line."""
    told = book.tracker.facts["events"].set_index("event")
    for name, date in zip(frame["event"], frame["date"], strict=True):
        yield f"{name} date", _digits(date), _digits(told.loc[name, "date"]), 1e-9
    for row in frame[frame["offline"].notna()].itertuples():
        yield f"{row.event} offline", row.offline, told.loc[row.event, "offline"], 1e-9


def _ground(
    frame: gpd.GeoDataFrame,
    book: Book,
    whole: bool = False,
    tolerance: float = 0,
    flow: str = "flow",
) -> Iterator[tuple]:
    """Yield what is measured on the map: the lines themselves, their lengths, their arrows."""
    geod = Geod(ellps="WGS84")
    for row in frame.drop_duplicates("route").itertuples():
        line = book.tracker.lines.geometry[row.route]
        away = shapely.hausdorff_distance(row.geometry, line)
        yield f"{row.route} line", away, 0.0, 2 * tolerance + 2e-6
        if whole:
            yield f"{row.route} length_km", row.length_km, geod.geometry_length(line) / 1000, 1e-6
    for row in frame[frame["bearing"].notna()].drop_duplicates("route").itertuples():
        made = layers.arrow(row.geometry)
        turned = 180 if getattr(row, flow) < 0 else 0
        turn = (row.bearing - made[0] - turned + 180) % 360 - 180
        yield f"{row.route} bearing", turn, 0.0, 0.2
        yield f"{row.route} arrow_lon", row.arrow_lon, made[1], 2e-5
        yield f"{row.route} arrow_lat", row.arrow_lat, made[2], 2e-5


ARROW = {"bearing", "arrow_lon", "arrow_lat"}
FIVE = {"flow", "capacity", "utilisation", "price", "revenue"}
LAYERS = {"routes": _histories, "flows_quarterly": _quarters, "hubs": _hubs, "events": _events,
          "projections_quarterly": _scenarios}  # fmt: skip
RULED: dict[str, set[str]] = {
    "routes": {*FIVE, *(f"{name}_by_period" for name in FIVE), *ARROW, *layers.BESIDE, "coverage", "nameplate",
               "length_km", "status_by_period"},
    "flows_quarterly": {*FIVE, *ARROW, "coverage", "idle", "netback", *layers.BESIDE},
    "hubs": set(),
    "events": {"offline"},
    "projections_quarterly": {*(f"{kind}_{word}" for kind in ("flow", "revenue") for word in QUANTILES),
                              *ARROW, "capacity", "flowing"},
}  # fmt: skip
"""Columns of numbers that the functions above compare; ``status_by_period`` holds words."""


def _cube(folder: Path, book: Book) -> tuple[list[tuple], list[str]]:
    rows, names = [], ["flow", "capacity", "utilisation", "coverage", "price", "revenue", "balanced",
                       "reported", "flow_p10", "flow_p90", "price_p10", "price_p90",
                       "revenue_p10", "revenue_p90"]  # fmt: skip
    with xr.open_dataset(folder / "layers" / "flows.nc", engine="h5netcdf") as cube:
        numbers = {str(n) for n in cube.data_vars if cube[n].dtype.kind in "if"}
        table = cube[names].to_dataframe().reset_index()
    labels = [str(periods.containing(day.date(), "Q")) for day in table["period"]]
    for name in names:
        for route, period, shown in zip(table["route"], labels, table[name], strict=True):
            made = _look(book, route, period, name)
            made = 0.0 if name == "coverage" and made != made else made
            rows.append((f"flows.nc: {name} of {route} {period}", shown, made, 1e-9))
    return rows, [f"flows.nc: {name} has no rule" for name in sorted(numbers - set(names))]


# -- the page -------------------------------------------------------------------------------------

STYLE = re.compile(
    r"lines\[\]\.(dash|texture|lane|parts\[\]\[\]|(state|grade|kind|grades\.(price|reported))\.(o|v\[\]))|"
    r"(series\.\w+\.(digits|scale)|scale\.(px|factor|legend\[\])|geometry_scale|stale|past|start)|"
    r"steps\[\]\.grades\[\]|calendars\[\]\.(whole|steps\[\]\.of\[\])|units\[\]\.digits|"
    r"projection\.(start|flowing|idle)|events\[\]\.(lines\[\]|step)|"
    r"lines\[\]\.span\.(o|v\[\])|story\.(ahead\.)?scale|odds\.(bins|power|draws)|"
    r"ways\.(scale|rows\[\]\[\](\.o)?)|"
    r"odds\.sheets\[\]\.(scale|top|counts\[\]\[\]\.o)"
)
"""Numbers that say how something is drawn, or count positions in another list; none is a figure."""
CHECKED = re.compile(
    r"lines\[\]\.series\.\w+\.(o|v\[\])|lines\[\]\.ahead\[\]\.(built\.)?(base|A)\.\w+\.\w+\.(o|v\[\])|"
    r"lines\[\]\.(heat|standing\.limit\[\]|refs\.\w+\.(o|v\[\]))|days\[\]|units\[\]\.factor|"
    r"lines\[\]\.days\.(o|v\[\])|lines\[\]\.(price_)?band\.\w+\.(o|v\[\])|"
    r"lines\[\]\.ahead\[\]\.chance\.(o|v\[\])|story\.(flow|low|high)\[\]\[\]|"
    r"ways\.rows\[\]\[\]\.v\[\]|story\.tour\[\]\.(chance|volume|low|high)|story\.ahead\.scenarios\[\]\.\w+\[\]\[\]|"
    r"odds\.sheets\[\]\.(mean\[\]\[\]|counts\[\]\[\]\.v\[\])|"
    r"odds\.questions\[\]\.answers\[\]\.(probability|given\.\w+)|"
    r"projection\.scenarios\[\]\.probability|events\[\]\.source|records\[\]\.source|sets\[\]\[\]|"
    r"fresh\[\]\.source"
)
"""Numbers that the functions below compare."""


def page_data(folder: Path) -> dict[str, dict]:
    """Return the data of a page by the name of the piece they belong to."""
    page = (folder / "atlas.html").read_text(encoding="utf-8")
    found = re.findall(
        r'<script type="application/json" id="([a-z_]+)_\d+_data">(.*?)</script>', page, re.S
    )
    pieces = {name: json.loads(text) for name, text in found}
    return pieces | {"flow_lines": unshare(pieces["flow_lines"])}


def _page(folder: Path, book: Book) -> tuple[list[tuple], list[str]]:
    pieces = page_data(folder)
    data = pieces["flow_lines"]
    rows = [*_page_series(data, book), *_page_ahead(data, book), *_page_words(data, book),
            *_page_known(data, book), *_page_story(data, book), *_page_odds(data, book),
            *_page_ways(data, book),
            *_page_rest(data, book)]  # fmt: skip
    rows += _page_places(pieces["search"]["places"], "search")
    lost = [f"atlas.html: {path} has no rule" for path in sorted(_paths(data))
            if not STYLE.fullmatch(path) and not CHECKED.fullmatch(path)]  # fmt: skip
    return rows, lost + _page_references(data, book)


def _paths(what, path: str = "") -> set[str]:
    """Return where numbers stand in JSON, positions left out: ``lines[].heat``."""
    if isinstance(what, dict):
        return {
            p for key, value in what.items() for p in _paths(value, f"{path}.{key}".lstrip("."))
        }
    if isinstance(what, list):
        return {p for value in what for p in _paths(value, f"{path}[]")}
    return {path} if isinstance(what, int | float) and not isinstance(what, bool) else set()


def _page_series(data: dict, book: Book) -> Iterator[tuple]:
    """Yield every cell of every series: a figure missing on the page must be missing altogether."""
    steps = [step["id"] for step in data["steps"]][: data["past"]]
    for line in data["lines"]:
        for name, (quantity, scale) in SERIES.items():
            held = _unpacked(line["series"].get(name), len(steps))
            for period, shown in zip(steps, held, strict=True):
                yield (f"atlas.html: {line['id']} {period} {name}", shown / scale,
                       _look(book, line["id"], period, quantity), 1 / scale)  # fmt: skip


def _page_ahead(data: dict, book: Book) -> Iterator[tuple]:
    years = next(c for c in data["calendars"] if c["key"] == "A")
    places = {
        "base": ("", [step["id"] for step in data["steps"]]),
        "A": ("_year", [step["id"] for step in years["steps"]]),
    }
    names = [scenario["key"] for scenario in data["projection"]["scenarios"]]
    for line in data["lines"]:
        for scenario, told in zip(names, line.get("ahead", ()), strict=False):
            built = {f"built {place}": series for place, series in told.get("built", {}).items()}
            for place, series in (told | built).items():
                if place == "chance":
                    labels, made = places["base"][1], book.flowing
                    for label, value in zip(labels, _unpacked(series, len(labels)), strict=True):
                        if value == value:
                            where = f"atlas.html: {scenario}/{line['id']}/{label} chance"
                            yield (
                                where,
                                value / 1000,
                                made.get((scenario, line["id"], label), np.nan),
                                1e-3,
                            )
                calendar = place.removeprefix("built ")
                if calendar not in places:
                    continue
                suffix, labels = places[calendar]
                suffix += "" if calendar == place else "_if_flowing"
                for name, bands in series.items():
                    quantity, scale = SERIES[name]
                    made = book.ahead(quantity + suffix)
                    for band, row in bands.items():
                        for label, value in zip(labels, _unpacked(row, len(labels)), strict=True):
                            if value == value:
                                key = (scenario, line["id"], label, BANDS[band])
                                where = f"atlas.html: {scenario}/{line['id']}/{label} {name} {band}"
                                yield where, value / scale, made.get(key, np.nan), 1 / scale


def _label(at) -> str:
    return str(periods.containing(at.date(), "Q")) if isinstance(at, pd.Timestamp) else str(at)


def _page_known(data: dict, book: Book) -> Iterator[tuple]:
    """Yield the days behind every figure that speaks of a part of its period."""
    steps = [step["id"] for step in data["steps"]][: data["past"]]
    for line in data["lines"]:
        held = _unpacked(line["days"], len(steps))
        for period, days, shown in zip(steps, data["days"], held, strict=False):
            share = _look(book, line["id"], period, "coverage")
            part = 0 < share < 0.999 and _look(book, line["id"], period, "flow") == _look(
                book, line["id"], period, "flow"
            )
            made = round(share * days) if part else np.nan
            yield f"atlas.html: {line['id']} {period} days", shown, made, 1
        for end, quantity in (("low", "price_p10"), ("high", "price_p90")):
            edge = _unpacked(line.get("price_band", {}).get(end), len(steps))
            for period, shown in zip(steps, edge, strict=True):
                made = _look(book, line["id"], period, quantity)
                yield f"atlas.html: {line['id']} {period} {quantity}", shown / 10, made, 0.1


def _page_story(data: dict, book: Book) -> Iterator[tuple]:
    """Yield exports by market and year, and the chance at the last stop of the tour."""
    story = data.get("story")
    if story is None:
        return
    told = balanced.markets(book.tracker.facts)
    apart = [market["key"] for market in story["markets"] if market["key"] != "others"]
    rest = set(told.index.get_level_values(0)) - {*apart, "exports", "russia", "lng"}
    for name, column in (("flow", "flow"), ("low", "p10"), ("high", "p90")):
        for market, row in zip(story["markets"], story[name], strict=True):
            for year, shown in zip(story["years"], row, strict=True):
                keys = [market["key"]] if market["key"] in apart else sorted(rest)
                found = [
                    told[column].get((key, pd.Timestamp(int(year), 1, 1)), np.nan) for key in keys
                ]
                made = np.nansum(found) if np.isfinite(found).any() else np.nan
                yield f"atlas.html: {market['key']} {year} {name}", _nan(shown) / 1000, made, 1e-3
    for stop in story["tour"]:
        if "chance" in stop:
            held = book.projection["flowing"].sel(scenario="mixture", route=stop["route"])
            made = float(held.sel(period=periods.parse(stop["step"]).start.isoformat()))
            yield f"atlas.html: tour {stop['step']} chance", stop["chance"], made, 1e-3
        for name, level in (("volume", 0.5), ("low", 0.1), ("high", 0.9)):
            if name in stop:
                key = ("mixture", stop["route"], stop["step"][:4], level)
                made = book.ahead("flow_year_if_flowing").get(key, np.nan)
                yield f"atlas.html: tour {stop['step']} {name}", stop[name], made, 1e-2
    yield from _page_projected_markets(story.get("ahead"), data, book)


def _page_projected_markets(ahead: dict | None, data: dict, book: Book) -> Iterator[tuple]:
    """Yield median and edges of exports by scenario, market and year."""
    if ahead is None:
        return
    made = book.ahead("exports_year")
    for scenario, told in zip(data["projection"]["scenarios"], ahead["scenarios"], strict=True):
        for name, level in (("flow", 0.5), ("low", 0.1), ("high", 0.9)):
            for market, row in zip(ahead["markets"], told[name], strict=True):
                for year, shown in zip(ahead["years"], row, strict=True):
                    key = (scenario["key"], market["key"], year, level)
                    where = f"atlas.html: {scenario['key']}/{market['key']}/{year} {name}"
                    yield where, _nan(shown) / ahead["scale"], made.get(key, np.nan), 1e-3


def _page_odds(data: dict, book: Book) -> Iterator[tuple]:
    """Yield what the sliders weigh: means, counts (each leaf holds all draws), chances of answers."""
    odds = data.get("odds")
    if odds is None:
        return
    tree = book.tracker.ahead.leaves.tree["question"]
    for question in odds["questions"]:
        for answer in question["answers"]:
            row = tree[question["key"]]["answer"][answer["key"]]
            where = f"atlas.html: {question['key']} {answer['key']}"
            yield f"{where} probability", answer["probability"], row["probability"]["value"], 1e-9
            for given, share in answer.get("given", {}).items():
                yield f"{where} given {given}", share, row["if"][given]["value"], 1e-9
    held = {(s.kind, s.name): s for s in book.tracker.ahead.leaves.sheets}
    for sheet in odds["sheets"]:
        made = held[sheet["kind"], sheet["name"]].mean
        where = f"atlas.html: {sheet['kind']} {sheet['name']}"
        for c, row in enumerate(sheet["mean"]):
            for y, shown in enumerate(row):
                name = f"{where} leaf {c} {odds['years'][y]}"
                yield name, shown / sheet["scale"], made[c, y], 1 / sheet["scale"]
                if "counts" in sheet:
                    yield f"{name} draws", sum(sheet["counts"][c][y]["v"]), odds["draws"], 1e-9


def _page_ways(data: dict, book: Book) -> Iterator[tuple]:
    """Yield what leaves the country by quarter: the ribbons of a quarter sum to the balance's ends."""
    held = data["ways"]
    told = tracing.history(book.tracker.facts)
    told = told[~told["market"].isin(["russia", "stores"])]
    # a way under a tenth of a bcm in every quarter of the page is left out
    told = told[
        told["period"].isin([pd.Timestamp(periods.parse(s["id"]).start) for s in data["steps"]])
    ]
    told = told[told.groupby(["field", "route", "market"])["flow"].transform("max") >= 0.1]
    made = told.groupby(["market", "period"])["flow"].sum()
    steps = [step["id"] for step in data["steps"]]
    shown: dict[tuple[str, str], float] = {}
    cells = Counter(held["markets"][row[2]]["key"] for row in held["rows"])  # each is rounded
    for _, _, market, row in held["rows"]:
        for step, value in zip(steps, _unpacked(row, len(steps)), strict=True):
            key = held["markets"][market]["key"], step
            shown[key] = shown.get(key, 0.0) + (0 if value != value else value / held["scale"])
    for (market, step), value in shown.items():
        start = pd.Timestamp(periods.parse(step).start)
        made_of = float(made.get((market, start), 0))
        yield f"atlas.html: ways to {market} {step}", value, made_of, cells[market] / held["scale"]


def _page_words(data: dict, book: Book) -> Iterator[tuple]:
    """Yield the numbers that a panel writes out: capacity now, length, contract steps, heat."""
    for line in data["lines"]:
        place = f"atlas.html: {line['id']} panel"
        for word, text in line["facts"]:
            if "apacity" in word:
                made = _plate(book, line["id"], periods.parse(_last(book)).end.isoformat())
                yield (
                    f"{place}, {word}",
                    _number(text, "bcm/yr"),
                    made,
                    1e-5 * made,
                )
            if word == "Length drawn":
                yield (
                    f"{place}, {word}",
                    _number(text, "km"),
                    book.tracker.lines.length_km[line["id"]],
                    1,
                )
        for step in line.get("contracts", ()):
            acq = book.published[step["id"]]["acq"]
            shown = np.nan if "not published" in step["text"] else _number(step["text"], "bcm/yr")
            yield f"{place}, {step['id']}", shown, acq, 1e-5
        if "heat" in line:
            told = book.published[line["heat_note"].split(", ")[-1]]
            by = units.convert(1.0, "bcm", "TWh", basis="20C", gcv=float(told["value"]),
                               gcv_basis=told["basis"])  # fmt: skip
            yield f"{place}, heat", line["heat"], by, 1e-9


def _page_rest(data: dict, book: Book) -> Iterator[tuple]:
    """Yield factors of units, days of periods, weights of scenarios."""
    factors = {"own": 1.0, "bcm15": 288.15 / 293.15, "mcmd": 1000.0, "twh": 1.0}
    for unit in data["units"]:
        yield f"atlas.html: factor of {unit['key']}", unit["factor"], factors[unit["key"]], 1e-9
    for step, days in zip(data["steps"], data["days"], strict=True):
        yield (
            f"atlas.html: days of {step['id']}",
            days,
            periods.days(periods.parse(step["id"])),
            1e-9,
        )
    told = json.loads(book.projection.attrs["chances"])
    for scenario in data["projection"]["scenarios"]:
        made = told.get(scenario["key"], np.nan)
        yield f"atlas.html: weight of {scenario['key']}", _nan(scenario["probability"]), made, 1e-9


def _page_places(places: list[dict], piece: str) -> Iterator[tuple]:
    points, towns = ground.places().geometry, ground.cities()
    known = [*zip(points.x, points.y, strict=True), *zip(towns["lon"], towns["lat"], strict=True)]
    for told, (x, y) in zip(places, known, strict=True):
        for name, made in (("lon", x), ("lat", y)):
            yield f"atlas.html: {piece} {told['name']} {name}", told[name], made, 1e-3


def _page_references(data: dict, book: Book) -> list[str]:
    """Say which series of a route do not lead to the ids, and ids to the sources, behind them."""
    lost = []
    sources = book.tracker.facts["sources"]
    for record in data["records"]:
        row = book.published.get(record["text"])
        title = data["sources"][record["source"]]["title"] if "source" in record else ""
        if row is None or title != sources.set_index("source")["title"][row["source"]]:
            lost.append(f"atlas.html: {record['text']} leads to {title!r}")
    lost += _page_fresh(data, book)
    named = book.steps[book.steps["id"] != ""].replace({"quantity": {"reported": "flow"}})
    held = named.groupby(["route", "period", "quantity"])["id"].agg(set)
    steps = [step["id"] for step in data["steps"]][: data["past"]]
    for line in data["lines"]:
        for name, quantity in (("value", "flow"), ("price", "price")):
            told = _unpacked(line["refs"].get(name), len(steps))
            for period, at in zip(steps, told, strict=True):
                made = held.get((line["id"], period, quantity), set())
                made = {part for ids in made for part in ids.split(";")}
                shown = (
                    set()
                    if at != at
                    else {data["records"][i]["text"] for i in data["sets"][int(at)]}
                )
                if shown != made:
                    lost.append(f"atlas.html: {line['id']} {period} {name} names {sorted(shown)}, "
                                f"is made of {sorted(made)}")  # fmt: skip
        limits = {data["records"][i]["text"] for i in line.get("standing", {}).get("limit", ())}
        made = {n for (route, _, q), ids in held.items() for n in ids
                if route == line["id"] and q == "capacity"}  # fmt: skip
        if not made <= limits:
            lost.append(f"atlas.html: {line['id']} capacity lacks {sorted(made - limits)}")
    return lost


def _page_fresh(data: dict, book: Book) -> list[str]:
    """Say which newest figure is of no published row, or is older than one of its route."""
    rows = book.tracker.facts["volumes"]
    rows = rows[~rows["status"].isin(["plan", "contract"]) & rows["value"].notna()]
    days = [periods.parse(text).end - dt.timedelta(days=1) for text in rows["period"]]
    titles = book.tracker.facts["sources"].set_index("source")["title"]
    rows = rows.assign(day=[day.isoformat() for day in days], title=rows["source"].map(titles))
    lost = []
    for told in data.get("fresh", ()):
        route = told["kind"] == "route"
        entity = rows["entity"] if route else rows["entity"].str.replace("-", " ")
        own = rows[entity.str.lower().eq(told["name"].lower())]
        own = own[own["series"].eq("flow")] if route else own
        title = data["sources"][told["source"]]["title"]
        same = own["day"].eq(told["newest"]) & own["title"].eq(title)
        if not (same & own["status"].eq(told["status"])).any():
            lost.append(f"atlas.html: newest of {told['name']} leads to {title!r}")
        if route and (own["day"] > told["newest"]).any():
            lost.append(f"atlas.html: newest of {told['name']} is older than {own['day'].max()}")
    return lost


READERS: dict[str, Callable[[Path, Book], tuple[list[tuple], list[str]]]] = {
    "summary.md": _summary,
    "atlas.html": _page,
    "flows.nc": _cube,
    "gas.gpkg": _package,
    **{f"{name}{form}": functools.partial(_layer, f"{name}{form}")
       for name in LAYERS for form in (".geojson", ".parquet", ".fgb")},
}  # fmt: skip
"""File of a release to what reads it: rows ``where, shown, made, step``, and what has no rule."""


# -- small things ---------------------------------------------------------------------------------


def _look(book: Book, route: str, period: str, quantity: str) -> float:
    return book.cells[quantity].get((route, period), np.nan)


def _last(book: Book) -> str:
    return str(
        periods.containing(pd.Timestamp(book.tracker._quarters["period"].values[-1]).date(), "Q")
    )


def _unpacked(row: dict | None, length: int) -> list[float]:
    """Return a packed row in full, NaN where nothing is told."""
    full = [np.nan] * length
    for i, value in enumerate([] if row is None else row["v"]):
        full[row["o"] + i] = _nan(value)
    return full


def _listed(value) -> list:
    return json.loads(value) if isinstance(value, str) else list(value)


def _nan(value) -> float:
    return np.nan if value is None else float(value)


def _digits(text) -> float:
    return float(re.sub(r"\D", "", str(text))[:8].ljust(8, "0"))


def _number(text: str, unit: str) -> float:
    return float(re.match(rf"([\d.,e+-]+) {unit}", text).group(1).replace(",", ""))
