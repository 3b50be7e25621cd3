"""What every source module offers, and the two records that travel between them and the transport.

A source module has a docstring in the fixed form (what, format, licence, lag, quirks), the
constants below and two plain functions; it opens no connection and writes no file:

``NAME``, ``TITLE``, ``PUBLISHER``, ``KIND``, ``URL``, ``LICENCE``
    As they stand in the table of sources.
``LAG``
    Days after the end of a quarter by which it normally has the quarter whole.
``KEY``
    Name of the environment variable that holds a key, "" where none is used.
``request(period) -> list[Request]``
    What to ask for a quarter, with the re-pull window that the source needs.
``parse(answer) -> DataFrame``
    Observations in the shape of `COLUMNS`, labels and units as delivered.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

COLUMNS = ["series", "entity", "period", "freq", "value", "unit", "basis", "coverage", "source",
           "status", "published", "retrieved", "ref", "note"]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Request:
    """One question to one server.

    Attributes
    ----------
    source : str
        Name of the source module.
    tag : str
        Short stable name of the question, unique within source and period; raw answers are
        filed under it.
    url : str
        Address with its query, without any key.
    headers : mapping
        Extra headers, without any key.
    key_header, key_param : str
        Header or query parameter in which the transport puts the key, "" for none.
    empty : tuple of int
        HTTP codes that mean "no data" here and are handed to ``parse`` (ENTSOG: 404).

    Examples
    --------
    >>> asked = Request("ecb", "USD-M", "https://example.org/rates", key_header="x-key")
    >>> asked.tag, asked.empty
    ('USD-M', ())
    """

    source: str
    tag: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    key_header: str = ""
    key_param: str = ""
    empty: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Answer:
    r"""What came back, whole: bytes, status, headers, time and digest.

    ``retrieved`` is UTC; ``url`` has keys removed.

    Examples
    --------
    >>> asked = Request("ecb", "USD-M", "https://example.org/rates")
    >>> when = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    >>> answer = Answer(asked, 200, {"content-type": "text/csv"}, b"a,b\n", when, "9f86d081")
    >>> answer.request.source, answer.status
    ('ecb', 200)
    """

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes
    retrieved: dt.datetime
    sha256: str
