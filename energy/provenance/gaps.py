"""What a figure's source lacks: the document, the page within it, the day it was published."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import pandas as pd

from energy.facts import Tables
from energy.provenance.cite import SEEN, TABLES, quote

WHOLE = ("press", "register")
"""Kinds of source that are one page: the address is the place."""
FIGURES = {"value", "acq", "mode"}
"""Columns that hold a figure; a table without one defines (lines, groups) and cites no page."""
FILES = re.compile(r"\.(pdf|docx?|xlsx?|csv|zip)$", re.IGNORECASE)
LIBRARIES = re.compile(
    r"(^|\.)(docslib|dokumen|scribd|docplayer|github|fdocuments|pdfslide|vdocuments)\."
)
"""Places that keep files of many pages under an address like that of one page."""


def one_page(url: str) -> bool:
    """Tell whether an address is that of one web page; a portal or a file of many is not.

    Examples
    --------
    >>> one_page("https://www.gem.wiki/Blue_Stream_Gas_Pipeline"), one_page("http://x.org/")
    (True, False)
    >>> one_page("http://x.org/report.pdf"), one_page("https://github.com/x/y/blob/z/rows.csv")
    (False, False)
    """
    parts = urlsplit(url)
    deep = parts.path.strip("/") or parts.query
    return bool(deep) and not FILES.search(parts.path) and not LIBRARIES.search(parts.netloc)


def _dated(tables: Tables) -> list[str]:
    """Return the tables of figures; those of assumptions (ids of two letters) give a reason."""
    return [name for letters, name in TABLES.items()
            if len(letters) == 1 and "published" in tables[name] and FIGURES & set(tables[name])]  # fmt: skip


def cited(tables: Tables) -> int:
    """Return how many figures rest on a source.

    Examples
    --------
    >>> from energy import facts
    >>> cited(facts.load()) > 1000
    True
    """
    return sum(len(tables[name]) for name in _dated(tables))


def gaps(tables: Tables) -> pd.DataFrame:
    """Return the figures whose document, page or date is missing.

    Returns
    -------
    DataFrame
        ``id, table, source, evidence, lacks``: of ``document`` (the source has no address),
        ``page`` (a file or portal of many pages, and neither page nor quoted words) and ``date``
        (neither the row nor its source is dated), joined by ``;``.

    Notes
    -----
    What we worked out or chose has no document but a reason, told with its source or row. A page
    that changes (a wiki, a vendor's table, a company's page) has no day of its own: it is cited
    with the day on which it was read; `undated` counts these.

    Examples
    --------
    >>> from energy import facts
    >>> {"id", "table", "source", "lacks"} <= set(gaps(facts.load()))
    True
    """
    parts = [_gaps_of(tables, name) for name in _dated(tables)]
    return pd.concat(parts, ignore_index=True)


def undated(tables: Tables) -> int:
    """Return how many figures rest on a page that changes, known by the day it was read alone.

    Examples
    --------
    >>> from energy import facts
    >>> 0 <= undated(facts.load()) < cited(facts.load())
    True
    """
    return sum(int(_without_day(tables, name).sum()) for name in _dated(tables))


def _without_day(tables: Tables, name: str) -> pd.Series:
    """Tell which rows have no day but that on which their page was read."""
    rows = tables[name]
    sources = tables["sources"].set_index("source").reindex(rows["source"])
    dated = (rows["published"] != "").to_numpy() | _told(sources, "published")
    return pd.Series(~dated & _told(sources, "read"), index=rows.index)


def _told(sources: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    """Tell which sources say it."""
    said = sources[column]
    return np.asarray(said.notna() & (said != ""), dtype=bool)


def _gaps_of(tables: Tables, name: str) -> pd.DataFrame:
    rows = tables[name]
    sources = tables["sources"].set_index("source").reindex(rows["source"])
    reasoned = (sources["kind"] == "own").to_numpy() & (
        (rows["note"] != "").to_numpy() | _told(sources, "note")
    )
    page = rows["page"] if "page" in rows else pd.Series("", index=rows.index)
    single = np.array([one_page(url) for url in sources["url"].fillna("")], dtype=bool)
    whole = sources["kind"].isin(WHOLE) | single
    many = ~whole.to_numpy(dtype=bool)
    lacks = pd.DataFrame({
        "document": (sources["url"].fillna("") == "").to_numpy() & ~reasoned,
        "page": many & ~reasoned & (page == "") & (rows["note"].map(quote) == ""),
        "date": (rows["published"] == "").to_numpy() & ~_told(sources, "published")
        & ~_told(sources, "read"),
    }, index=rows.index)  # fmt: skip
    told = pd.Series(
        [";".join(lacks.columns[row]) for row in lacks.to_numpy(bool)], index=rows.index
    )
    seen = rows["evidence"] if "evidence" in rows else pd.Series("typed", index=rows.index)
    table = pd.DataFrame({
        "id": rows["id"], "table": name, "source": rows["source"],
        "evidence": seen.where(seen.isin(SEEN), "typed"), "lacks": told.astype(object),
    })  # fmt: skip
    return table[table["lacks"] != ""]
