"""Who supplies a market: Russian gas beside other origins, by pipe and as LNG, with shares.

Figures are taken from the tables ``supply`` and ``volumes`` as published; nothing is converted, so
a share is told only where the total stands in the same unit.
"""

from __future__ import annotations

import pandas as pd

from energy import facts
from energy.errors import UnknownName
from energy.measure import periods
from energy.measure.observations import STATUS

SERIES = {
    "exports": ("exports", "pipeline"),
    "exports_customs": ("exports", "pipeline"),
    "exports_pipeline": ("exports", "pipeline"),
    "flow": ("exports", "pipeline"),
    "exports_pipeline_lng": ("exports", "all"),
    "imports_pipeline": ("imports", "pipeline"),
    "imports_pipeline_lng": ("imports", "all"),
    "imports_pipeline_all_origins": ("imports", "pipeline"),
    "lng_exports": ("exports", "lng"),
    "lng_production": ("production", "lng"),
    "production": ("production", "all"),
    "consumption": ("use", "all"),
    "deliveries_home": ("deliveries", "pipeline"),
    "sales_home": ("deliveries", "pipeline"),
    "storage_reserve": ("storage", "all"),
    "storage_fill": ("storage", "all"),
    "plan_storage_reserve": ("planned storage", "all"),
}
"""Series of ``volumes`` that tell of supply: what is counted, and by which way."""
OWN = ("production", "use", "deliveries", "storage", "planned storage")
SOME = 12
"""Periods that are named one by one; of more, the first and the last."""
WHAT = ["market", "origin", "kind", "measure", "period"]
SHOWN = [*WHAT, "value", "unit", "basis", "share", "of", "status", "id", "beside", "source",
         "published"]  # fmt: skip


def supply(
    tables: facts.Tables,
    market: str | None = None,
    period: str | None = None,
    *,
    origin: str | None = None,
    kind: str | None = None,
) -> pd.DataFrame:
    """Return what each origin supplied, one figure a row, and its share of the total.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` returns them.
    market : str, optional
        Place that took the gas, e.g. ``"china"``; ``"all"`` for totals of an origin.
    period : str, optional
        A period as published, e.g. ``"2024"``.
    origin : str, optional
        Country or plant; a country brings its plants (``"russia"``: Yamal LNG and others).
    kind : {"pipeline", "lng", "all"}, optional

    Returns
    -------
    DataFrame
        ``market, origin, kind, measure`` (imports as the market tells them, exports as the origin
        or ship tracking does, production, use, deliveries at home, storage in place and planned), ``period, value,
        unit, basis, share`` (0-1 of the row named in ``of``; NaN where no total stands in this
        unit), ``status, id, beside`` (ids of other figures for the same), ``source, published``.
        Where there is none, ``attrs["none"]`` says which periods have some.

    Raises
    ------
    UnknownName
        For a place or a kind that is not there.

    Examples
    --------
    >>> table = supply(facts.load(), "eu", "2024").set_index("origin")
    >>> float(table.loc["norway", "value"]), table.loc["norway", "unit"]
    (93.3, 'bcm')
    """
    places = tables["places"]
    for what, name in (("market", market), ("origin", origin)):
        if name is not None and name not in set(places["place"]):
            raise UnknownName(what, name, places["place"])
    if kind is not None and kind not in ("pipeline", "lng", "all"):
        raise UnknownName("kind", kind, ["pipeline", "lng", "all"])
    every = _figures(tables)
    asked = None if period is None else periods.label(periods.parse(str(period)))
    rows = every if asked is None else every[every["period"] == asked]
    parts = places.loc[places["part_of"].str.split(";").map(lambda own: origin in own), "place"]
    wanted = {
        "market": [market] if market else [],
        "origin": [origin, *parts] if origin else [],
        "kind": [kind] if kind else [],
    }
    rows = _only_those(_shared(_chosen(rows)), wanted)
    rows = rows.sort_values([*WHAT, "unit"], ignore_index=True)[SHOWN]
    if rows.empty:
        about = ", ".join(word for word in (market, origin, kind) if word)
        rows.attrs["none"] = _none(about, asked, _only_those(every, wanted)["period"])
    return rows


def _only_those(rows: pd.DataFrame, wanted: dict[str, list[str]]) -> pd.DataFrame:
    for column, names in wanted.items():
        if names:
            rows = rows[rows[column].isin(names)]
    return rows


def _none(about: str, asked: str | None, known: pd.Series) -> str:
    """Say in a sentence what is there instead of what was asked for.

    >>> _none("spain", "2024", pd.Series(["2023", "2022", "2023"]))
    'No figure of supply for spain in 2024; there are some for 2022, 2023.'
    >>> _none("spain, lng", None, pd.Series([], dtype=str))
    'No figure of supply for spain, lng in any period.'
    """
    told = sorted(set(known))
    if not told:
        return f"No figure of supply for {about} in any period."
    some = ", ".join(told if len(told) <= SOME else [*told[:3], "…", *told[-3:]])
    return f"No figure of supply for {about} in {asked}; there are some for {some}."


def _figures(tables: facts.Tables) -> pd.DataFrame:
    """Return the figures of both tables in one shape; growth and other plans are left out."""
    plants = set(tables["places"].query("kind == 'plant'")["place"])
    rows = facts.corrected(tables, "volumes")
    counted = (rows["status"] != "plan") | rows["series"].str.startswith("plan_")
    rows = rows[rows["series"].isin(SERIES) & counted].copy()
    rows["entity"] = rows["entity"].where(
        rows["series"] != "flow", rows["entity"].map(_only(tables))
    )
    rows = rows.dropna(subset="entity")
    rows["measure"] = rows["series"].map({name: counted[0] for name, counted in SERIES.items()})
    rows["kind"] = rows["series"].map({name: counted[1] for name, counted in SERIES.items()})
    rows["market"], rows["origin"] = rows["entity"], "russia"
    rows["origin"] = rows["origin"].mask(rows["series"] == "imports_pipeline_all_origins", "all")
    plant = rows["entity"].isin(plants)
    own = rows["measure"].isin(OWN) & ~plant
    rows["origin"] = rows["origin"].where(~(plant | own), rows["entity"])
    rows["market"] = rows["market"].where(~plant, "all")
    other = tables["supply"]
    other = other[(other["status"] != "plan") & other["measure"].isin(["imports", "exports"])]
    both = pd.concat([rows, other], ignore_index=True)
    both["period"] = [periods.label(periods.parse(text)) for text in both["period"]]
    return both


def _only(tables: facts.Tables) -> dict[str, str]:
    """Return the market of each route that is the only one with a flow into it."""
    flowing = set(tables["volumes"].query("series == 'flow'")["entity"])
    ways = tables["crosswalk"].query("kind == 'market'")
    ways = ways[ways["key"].isin(flowing)].drop_duplicates(["key", "target"])
    alone = ~ways.duplicated("target", keep=False) & ~ways.duplicated("key", keep=False)
    return dict(zip(ways.loc[alone, "key"], ways.loc[alone, "target"], strict=True))


def _chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Take one figure for each quantity and unit: the firmest, as published, the latest."""
    order = rows.assign(
        firm=rows["status"].map({status: i for i, status in enumerate(STATUS)}),
        late=rows["published"].str.replace("-", "").str.ljust(8, "0"),
    ).sort_values(["firm", "derived", "late", "id"], ascending=[True, True, False, True])
    groups = order.groupby([*WHAT, "unit"], sort=False)["id"]
    first = order.drop_duplicates([*WHAT, "unit"]).set_index([*WHAT, "unit"])
    first["beside"] = groups.agg(lambda ids: ";".join(ids.iloc[1:]))
    return first.reset_index()


def _shared(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the share in the total of the market: of the same kind, else of all gas."""
    by = ["market", "measure", "period", "unit"]
    total = rows[(rows["origin"] == "all") & (rows["market"] != "all")]
    same = total.set_index([*by, "kind"])[["value", "id"]]
    every = total[total["kind"] == "all"].set_index(by)[["value", "id"]]
    out = rows.assign(share=float("nan"), of="")
    part = (out["origin"] != "all") & out["measure"].isin(["imports", "exports"])
    for place in out.index[part]:
        row = out.loc[place]
        key = tuple(row[name] for name in by)
        found = (
            same.loc[(*key, row["kind"])]
            if (*key, row["kind"]) in same.index
            else every.loc[key]
            if key in every.index
            else None
        )
        if found is not None and found["value"] > 0:
            out.loc[place, ["share", "of"]] = [row["value"] / found["value"], found["id"]]
    return out
