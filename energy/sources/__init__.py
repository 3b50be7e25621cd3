"""One module per upstream source; ``SOURCES`` lists them all, by hand.

A module reads its source's own form and returns tables; what the numbers mean for a route is
decided by ``crosswalk.csv``, which one is taken by ``preferences.csv``. ``contract`` says what a
module offers. Beside it a module may offer

``more(answer) -> list[Request]``
    What an answer leads to: the next page, the file that a page names.
``instead(request, error) -> list[Request]``
    What to ask where a question failed: the last good address, the service without a key.
``little(day) -> Request | None``
    One small question for a probe, where the first one of a quarter asks for much.

`gather` follows the first two. Only ``transport`` asks servers; it is not loaded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pandas as pd

from energy.sources import (
    cbr,
    comtrade,
    crea,
    ecb,
    entsog,
    epdk,
    eurostat,
    gem,
    gie,
    inbox,
    ksh,
    moex,
    pinksheet,
    siat,
    taldau,
)
from energy.sources.contract import Answer, Request
from energy.sources.reading import KeyMissing, SourceError

__all__ = ["MOST", "SOURCES", "KeyMissing", "SourceError", "gather", "table"]

SOURCES: dict[str, ModuleType] = {
    "eurostat": eurostat,
    "entsog": entsog,
    "comtrade": comtrade,
    "epdk": epdk,
    "siat": siat,
    "taldau": taldau,
    "ksh": ksh,
    "pinksheet": pinksheet,
    "ecb": ecb,
    "cbr": cbr,
    "gie": gie,
    "crea": crea,
    "moex": moex,
    "gem": gem,
    "inbox": inbox,
}

MOST = 500
"""Most questions to one source in one run: a server whose pages never end is stopped here."""


def gather(
    module: ModuleType,
    period: Any,
    fetch: Callable[[Request], Answer],
    tell: Callable[[str], object] = lambda text: None,
) -> Iterator[tuple[Answer, pd.DataFrame]]:
    r"""Ask a source all it has to say about a period, page after page.

    Parameters
    ----------
    module : module
        One of `SOURCES`.
    period : Period or text
    fetch : callable
        Takes a request, returns its answer: ``transport.fetch``, or a reader of kept answers.
    tell : callable
        Takes one sentence where a substitute was asked: what failed, and what was asked instead.

    Yields
    ------
    (Answer, DataFrame)
        Each answer with its observations, in the order asked.

    Raises
    ------
    SourceError
        If a question fails and has no substitute, an answer cannot be read, or there is no end.
        Where a substitute fails too, the first failure is told before it.

    Examples
    --------
    >>> from energy.sources import reading
    >>> body = (b"FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,TIME_PERIOD,OBS_VALUE\n"
    ...         b"M,USD,EUR,SP00,2026-07,1.1625\n")
    >>> kept = lambda request: reading.answer_of(request, body)
    >>> [rows["value"].tolist() for _, rows in gather(SOURCES["ecb"], "2026Q3", kept)]
    [[1.1625], [1.1625]]
    """
    waiting, asked = list(module.request(period)), 0
    first: dict[str, str] = {}
    more: Callable[..., list[Request]] = getattr(module, "more", _nothing)
    instead: Callable[..., list[Request]] = getattr(module, "instead", _nothing)
    while waiting:
        request, asked = waiting.pop(0), asked + 1
        if asked > MOST:
            what = f"More than {MOST} questions; its pages have no end."
            raise SourceError(request.source, request.url, what)
        try:
            answer = fetch(request)
            observations = module.parse(answer)
        except SourceError as error:
            others = instead(request, error)
            if not others and request.tag not in first:
                raise  # as it is: raised from itself it would lose what caused it
            if not others:
                raise _with_first(error, first[request.tag]) from error
            why = first.get(request.tag, "") or error.what
            first |= {other.tag: why for other in others}
            tell(
                f"{request.tag} failed, {', '.join(o.tag for o in others[:3])} asked instead: {why}"
            )
            waiting[:0] = others
            continue
        yield answer, observations
        waiting[:0] = more(answer)


def _with_first(error: SourceError, first: str) -> SourceError:
    """Put the failure that led to a substitute before the one of the substitute."""
    what = f"{first} The substitute failed too: {error.what}"
    return type(error)(error.source, error.url, what, error.status)


def _nothing(*given: Any) -> list[Request]:
    return []


def table() -> pd.DataFrame:
    """Return the sources as rows of ``sources.csv``.

    Returns
    -------
    DataFrame, columns source, title, publisher, kind, url, published, read, licence, note

    Examples
    --------
    >>> table().set_index("source").loc["ecb", "publisher"]
    'European Central Bank'
    """
    rows = [
        {
            "source": module.NAME, "title": module.TITLE, "publisher": module.PUBLISHER,
            "kind": module.KIND, "url": module.URL, "published": "", "read": "", "licence": module.LICENCE,
            "note": (module.__doc__ or "").splitlines()[0],
        }
        for module in SOURCES.values()
    ]  # fmt: skip
    return pd.DataFrame(rows)
