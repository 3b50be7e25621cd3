"""Trade beside the gas: China with Russia and Central Asia, by month and commodity.

Figures are customs prints as published; two sides of one trade are never mixed, and a cumulative
print is never turned into months, since customs revise what they printed before.
"""

from __future__ import annotations

import pandas as pd

from energy.errors import DataError, UnknownName, checked
from energy.finance.accounts import significant_digits
from energy.measure import periods
from energy.measure.observations import STATUS
from energy.measure.tables import Tables

KEY = ["exporter", "importer", "commodity", "measure", "reporter", "period", "unit"]
COLUMNS = [*KEY, "freq", "value", "status", "derived", "source", "published", "id", "alternatives"]
SUMS = ("value", "volume", "turnover")
FILTERS = ("exporter", "importer", "commodity", "measure", "reporter")


@checked
def trade(tables: Tables, freq: str | None = None, **wanted: str | None) -> pd.DataFrame:
    """Return trade as a tidy table, one figure a flow and period.

    Where several pages print one figure, the first by standing, then the one with more digits, then
    the one published later is taken; the others are named in ``alternatives``.

    Parameters
    ----------
    tables : Tables
        The facts: ``trade-context``.
    freq : {"A", "H", "Q", "M", "C"}, optional
        Length of the period; C is cumulative from January.
    **wanted
        ``exporter, importer, commodity, measure, reporter``: only these.

    Returns
    -------
    DataFrame
        ``exporter, importer, commodity, measure, reporter, period, unit, freq, value, status,
        derived, source, published, id, alternatives``, in order of flow and time.

    Raises
    ------
    UnknownName
        For a name that no row has; the near ones are listed.

    Examples
    --------
    >>> from energy import facts
    >>> april = trade(facts.load(), "M", exporter="china", importer="russia", measure="value")
    >>> float(april.set_index("period").loc["2024-04", "value"])
    8.317
    """
    table = tables["trade-context"]
    for name, value in wanted.items():
        if name not in FILTERS:
            raise UnknownName("filter", name, FILTERS)
        if value is None:
            continue
        if value not in set(table[name]):
            raise UnknownName(name, value, set(table[name]))
        table = table[table[name] == value]
    if freq is not None:
        if freq not in periods.FREQUENCIES:
            raise UnknownName("freq", freq, periods.FREQUENCIES)
        table = table[table["freq"] == freq]
    return _in_order(_one_each(table))


def _one_each(table: pd.DataFrame) -> pd.DataFrame:
    ranked = table.assign(
        _status=[STATUS.index(name) for name in table["status"]],
        _digits=[-significant_digits(value) for value in table["value"]],
    ).sort_values("published", ascending=False, kind="stable")
    ranked = ranked.sort_values([*KEY, "_status", "_digits"], kind="stable")
    ids = ranked.groupby(KEY, sort=False)["id"].agg(list)
    first = ranked.drop_duplicates(KEY)
    beside = [";".join(ids[key][1:]) for key in first[KEY].itertuples(index=False, name=None)]
    return first.assign(alternatives=pd.Series(beside, index=first.index, dtype="str"))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    ends = [periods.parse(text).end for text in table["period"]]
    ordered = table.assign(_end=ends).sort_values([*KEY[:5], "unit", "_end"], kind="stable")
    return ordered[COLUMNS].reset_index(drop=True)


def change(table: pd.DataFrame, period: str, before: str | None = None) -> pd.DataFrame:
    """Return how each flow changed against the same time a year before, from its levels.

    Parameters
    ----------
    table : DataFrame
        From `trade`.
    period : str
        ``"2024-04"``, ``"2024-01/2024-04"``, ``"2023"``.
    before : str, optional
        Another period to compare with.

    Returns
    -------
    DataFrame
        ``exporter, importer, commodity, measure, reporter, before, after, percent, ids``; flows of
        which both levels are known.

    Raises
    ------
    DataError
        If no flow has both levels.

    Examples
    --------
    >>> import energy
    >>> table = change(energy.load().trade(), "2024-04")
    >>> table[["exporter", "importer", "percent"]].values.tolist()
    [['china', 'russia', -13.6], ['russia', 'china', 19.2]]
    """
    earlier = before or _year_before(period)
    levels = table[table["measure"].isin(SUMS)]
    names = [*KEY[:5], "unit"]
    now = levels[levels["period"] == period].set_index(names)
    then = levels[levels["period"] == earlier].set_index(names)
    both = then[["value", "id"]].add_suffix("_then")
    both = both.join(now[["value", "id"]].add_suffix("_now"), how="inner")
    if both.empty:
        raise DataError(f"change of {period}", [
            f"no flow has a level for both {earlier} and {period}; add rows to trade_context.csv"])  # fmt: skip
    percent = (both["value_now"] / both["value_then"] - 1) * 100
    result = both.assign(percent=percent.round(1), ids=both["id_then"] + ";" + both["id_now"])
    result = result.rename(columns={"value_then": "before", "value_now": "after"})
    return result[["before", "after", "percent", "ids"]].reset_index()


def _year_before(period: str) -> str:
    """Return the text of the same time a year before.

    >>> _year_before("2024-01/2024-04"), _year_before("2024H1")
    ('2023-01/2023-04', '2023H1')
    """
    return "/".join(f"{int(part[:4]) - 1}{part[4:]}" for part in period.split("/"))
