"""What a result shows of itself in a notebook: a sentence and its table."""

from __future__ import annotations

import html

import pandas as pd


def card(said: str, table: pd.DataFrame, digits: int = 1, index: bool = False) -> str:
    """Return a sentence above a table as HTML.

    Parameters
    ----------
    said : str
        What the table holds, with its units; escaped here.
    table : DataFrame
        Missing cells stay empty.
    digits : int
        Decimals of its numbers.
    index : bool
        Show the index too.

    Examples
    --------
    >>> shown = card("Flow, bcm <a year>", pd.DataFrame({"x": [1.25, None]}))
    >>> "<p>Flow, bcm &lt;a year&gt;</p>" in shown, "<td>1.2</td>" in shown, "NaN" in shown
    (True, True, False)
    """
    shown = table.round(digits).to_html(index=index, na_rep="")
    return f"<p>{html.escape(said)}</p>{shown}"
