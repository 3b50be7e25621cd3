"""Read a company's accounts from a document: a filled template, a workbook or a PDF, by row label.

What a label means and how lines add up is ``statement_lines.csv``. Every total whose parts were
read is controlled; a document that does not add up is refused with the row and the difference.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from energy import facts
from energy.errors import DataError, MissingExtra, UsageError
from energy.finance import statement
from energy.measure import periods
from energy.measure.sheets import safe
from energy.measure.tables import StatementLine
from energy.sources import forms, reading

TEMPLATE = ["line", "title", "unit", "period", "value", "page"]
SCALES = (("million", 1e-3), ("млн", 1e-3), ("billion", 1.0), ("млрд", 1.0))
"""Words of a heading to billions; a statement is in millions of roubles unless it says otherwise."""
_TAIL = r"(?:\.\d+)?\)?"
COMMAS = re.compile(rf"\(?-?\d{{1,3}}(?:,\d{{3}})+{_TAIL}|\(?-?\d+{_TAIL}")
BLANKS = re.compile(rf"\(?-?\d{{1,3}}(?:[ \u00a0]\d{{3}})+{_TAIL}|\(?-?\d+{_TAIL}")
"""Numbers with commas between thousands, or blanks; a line uses one of the two."""
YEAR = re.compile(r"\b((?:19|20)\d{2})(H[12]|Q[1-4]|M\d{1,2})?\b")
FIRST_OWN = 9001  # ids of own rows stand apart from the package's


class Figure(NamedTuple):
    """One value read: line, period, value in the unit of the line, and where it stood."""

    line: str
    period: str
    value: float
    page: str


def template(standard: str = "IFRS") -> str:
    """Return an empty template as CSV text: one row a line, to be filled by hand."""
    lines = _lines(standard)
    rows = pd.DataFrame([{"line": k.line, "title": k.title, "unit": k.unit} for k in lines])
    blank = rows.assign(period="", value="", page="")[TEMPLATE]
    return str(safe(blank).to_csv(index=False, lineterminator="\n"))


def read(path: Path | str, standard: str = "IFRS") -> list[Figure]:
    """Read the figures of a document and control their sums.

    Parameters
    ----------
    path : path
        ``.csv`` (a filled template), ``.xlsx`` or ``.pdf``.
    standard : {"IFRS", "RAS"}

    Returns
    -------
    list of Figure
        Costs are positive, whatever sign the document prints.

    Raises
    ------
    DataError
        With every fault: file, row or page, cell, what to do.
    MissingExtra
        Where the reader of the format is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(str(path), [f"{path.name}: no such file; name a CSV, XLSX or PDF"])
    if not path.is_file():
        raise DataError(path.name, [f"{path.name}: no plain file; name a CSV, XLSX or PDF"])
    if path.suffix.lower() not in (".csv", ".xlsx", ".pdf", ".zip"):
        raise DataError(str(path), [f"{path.name}: not read; save it as .csv, .xlsx or .pdf"])
    lines = _lines(standard)
    body = path.read_bytes()
    if body.startswith(b"%PDF"):
        return _controlled(path.name, _some(path.name, _from_pdf(path.name, body, lines)), lines)
    name, body = forms.open_body(path.name, body)
    read_ = _from_workbook if body.startswith(b"PK") else _from_template
    return _controlled(path.name, _some(name, read_(name, body, lines)), lines)


def _some(name: str, figures: list[Figure]) -> list[Figure]:
    if not figures:
        raise DataError(name, [
            f"{name}: no row with a known label and a year above it (a scan holds no text); labels are in "
            "energy/data/statement_lines.csv, or fill the template (energy import accounts --template)"])  # fmt: skip
    return figures


def _lines(standard: str) -> list[StatementLine]:
    return statement._lines(facts.load(), standard)


def _from_template(name: str, body: bytes, lines: Sequence[StatementLine]) -> list[Figure]:
    known = {line.line: line for line in lines}
    rows = forms.numbered(forms.text_of(body, name), name)
    header = rows[0][1] if rows else []
    missing = [column for column in TEMPLATE if column not in header]
    if missing:
        place = rows[0][0] if rows else 1
        raise DataError(
            name,
            [f"{name} row {place}: column '{missing[0]}' is missing; start from the template"],
        )
    found: dict[tuple[str, str], tuple[Figure, int]] = {}
    faults = []
    for number, cells in rows[1:]:
        row = dict(zip(header, cells, strict=False))
        said = _fault_of(row, known, len(cells) < len(header))
        if not said and row["value"]:
            period, value = statement.check_period(row["period"]), _parse_number(row["value"])
            figure = Figure(row["line"], period, float(value or 0.0), row["page"])
            before = found.setdefault(figure[:2], (figure, number))
            if before[0].value != figure.value:
                said = f"{row['line']} of {period} stands in row {before[1]} with another value; keep one"
        faults += [f"{name} row {number}: {said}"] if said else []
    if faults:
        raise DataError(name, faults)
    return [figure for figure, _ in found.values()]


def _fault_of(row: Mapping[str, str], known: Mapping[str, StatementLine], short: bool) -> str:
    """Return what is wrong with a row of a template, "" where nothing is, or it has no value."""
    if short:
        return "fewer cells than the header; cut off?"
    if not row["value"]:
        return ""
    if row["line"] not in known:
        return f"line '{row['line']}' is unknown; keep the lines of the template"
    if row["unit"] != known[row["line"]].unit:
        return (
            f"unit '{row['unit']}' is not that of the line; convert it to {known[row['line']].unit}"
        )
    if _parse_number(row["value"]) is None:
        return f"value '{row['value']}' is not a number; write 1234.5"
    try:
        statement.check_period(row["period"])
    except DataError as error:
        return error.faults[0]
    return ""


def _from_workbook(name: str, body: bytes, lines: Sequence[StatementLine]) -> list[Figure]:
    try:
        sheets = reading.read_workbook(forms.file_answer(Path(name), body))
    except reading.SourceError as error:
        raise DataError(name, [f"{name}: {error.what} Save it once more as .xlsx."]) from error
    found = []
    for title, rows in sheets.items():
        found += list(_by_label(map(list, rows), lines, f"sheet {title}"))
    return found


def _from_pdf(name: str, body: bytes, lines: Sequence[StatementLine]) -> list[Figure]:
    try:
        import pdfplumber
    except ImportError as error:
        raise MissingExtra("A PDF needs pdfplumber; install the extra: accounts.") from error
    try:
        with pdfplumber.open(io.BytesIO(body)) as document:
            pages = [_printed(page.extract_words(keep_blank_chars=True)) for page in document.pages]
    # pdfplumber wraps most errors of a damaged document, but TypeError and others come through;
    # only its calls stand in here, and the cause stays in the chain
    except Exception as error:
        kind = type(error).__name__
        raise DataError(
            name, [f"{name}: the PDF is damaged or locked ({kind}); download it again"]
        ) from error
    found = []
    for number, texts in enumerate(pages, start=1):
        found += list(_by_label(map(_split, texts), lines, f"p. {number}"))
    return found


def _printed(words: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a page; two blanks stand where the next column begins.

    Blanks part thousands too: where a column begins only the distance tells, and one of more than
    half the height of the letters is no blank.
    """
    rows: list[list[Mapping[str, Any]]] = []
    for word in sorted(words, key=lambda word: (word["top"], word["x0"])):
        if rows and abs(word["top"] - rows[-1][0]["top"]) < 3:
            rows[-1].append(word)
        else:
            rows.append([word])
    texts = []
    for row in rows:
        line = sorted(row, key=lambda word: word["x0"])
        text = str(line[0]["text"])
        for left, right in itertools.pairwise(line):
            near = right["x0"] - left["x1"] < 0.6 * (right["bottom"] - right["top"])
            text += (" " if near else "  ") + str(right["text"])
        texts.append(text)
    return texts


HEADING = {"as", "at", "december", "ended", "for", "june", "march", "months", "note", "notes", "of",
           "september", "the", "three", "six", "nine", "year", "декабря", "за", "год", "года"}  # fmt: skip
"""Words that may stand in a line of years."""


def _split(text: str) -> list[Any]:
    """Split a printed line into its label and its numbers; a line of years is a heading.

    A number of more than three groups of thousands is two columns that nothing parts: not read.
    """
    years = [match.group() for match in YEAR.finditer(text)]
    words = re.sub(r"\b(?:30|31)\b", " ", YEAR.sub(" ", text)).lower().split()
    if years and set(words) <= HEADING:
        return [None, *years]
    shape = COMMAS if re.search(r"\d,\d{3}", text) else BLANKS
    numbers = list(shape.finditer(text))
    if not numbers or any(len(match.group().split()) > 4 for match in numbers):
        return [text]
    return [text[: numbers[0].start()].strip(), *(match.group() for match in numbers)]


def _by_label(rows: Any, lines: Sequence[StatementLine], place: str) -> Iterator[Figure]:
    """Yield the figures of rows whose first text is a known label, under the last heading of years.

    A label that is written ``section / label`` counts below a row with the section's name alone:
    tables of sales print the same three lines for each market.
    """
    labels = {_key(name): line for line in lines for name in (*line.labels.split(";"), line.title)}
    sections = {section for section, _ in labels} - {""}
    heading: list[tuple[int, str]] = []
    section = ""
    scale = 1e-3
    for number, row in enumerate(rows, start=1):
        cells = [cell for cell in row if cell not in (None, "")]
        spans = [(i, span) for i, cell in enumerate(row) if (span := _period_of(cell))]
        if spans and len(spans) == len([c for c in cells if _period_of(c) or _is_number(c)]):
            heading = spans
            continue
        text = " ".join(str(cell) for cell in cells if _parse_number(cell) is None).lower()
        scale = next((worth for word, worth in SCALES if word in text), scale)
        label = _clean(text)
        values = [
            (i, value) for i, cell in enumerate(row) if (value := _parse_number(cell)) is not None
        ]
        if cells and not values and label in sections:
            section = label
        line = labels.get((section, label)) or labels.get(("", label)) if cells else None
        if line is None or not heading:
            continue
        for period, column, value in _under(heading, values, place.startswith("sheet")):
            worth = scale if line.unit == "RUB bn" else 1.0
            where = f"{place}, row {number}"
            if place.startswith("sheet"):
                where = f"{place}, cell {_letters(column)}{number}"
            yield Figure(line.line, period, round(value * worth, 6), where)


def _under(
    heading: Sequence[tuple[int, str]], values: Sequence[tuple[int, float]], cells: bool
) -> list[tuple[str, int, float]]:
    """Return period, column and value: by the column in a sheet, from the right in a printed line."""
    if cells:
        held = dict(values)
        return [(period, column, held[column]) for column, period in heading if column in held]
    if len(values) < len(heading):
        return []
    last = values[-len(heading) :]
    return [(span, *pair) for (_, span), pair in zip(heading, last, strict=True)]


def _period_of(cell: Any) -> str:
    """Return the period that a cell of a heading names, "" for another cell.

    >>> _period_of("9M 2030"), _period_of("1Q2030"), _period_of("2030"), _period_of("2030H1")
    ('2030M9', '2030Q1', '2030', '2030H1')
    >>> _period_of("Sales 2030"), _period_of(None)
    ('', '')
    """
    text = str(cell).strip()
    if YEAR.fullmatch(text):
        return text
    found = re.fullmatch(r"(\d{1,2})([QHM]) ?((?:19|20)\d{2})", text)
    return f"{found.group(3)}{found.group(2)}{found.group(1)}" if found else ""


def _is_number(cell: Any) -> bool:
    return _parse_number(cell) is not None


def _key(name: str) -> tuple[str, str]:
    """Return section and label of a name from the table of lines; "" for no section."""
    section, _, label = name.rpartition(" / ")
    return _clean(section), _clean(label)


def _letters(column: int) -> str:
    """Return the name a spreadsheet gives to a column, counted from 0: 0 is A, 26 is AA."""
    name = ""
    while column >= 0:
        name = chr(ord("A") + column % 26) + name
        column = column // 26 - 1
    return name


def _clean(text: str) -> str:
    return re.sub(r"[^a-zа-яё ]+", " ", text.lower()).strip().replace("  ", " ") if text else ""


def _parse_number(cell: Any) -> float | None:
    """Return a printed number: ``(1,234)`` is negative, blanks and commas part thousands."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return float(cell)
    text = re.sub(r"[ \u00a0\u2009\u202f]", "", str(cell or "").strip())
    if "," in text and not re.fullmatch(r"\(?-?\d{1,3}(,\d{3})+(\.\d+)?\)?", text):
        return None  # 100,5 is not 1005
    text = text.replace(",", "")
    found = re.fullmatch(r"\(?(-?\d+(?:\.\d+)?)\)?", text)
    if not found:
        return None
    return -float(found.group(1)) if text.startswith("(") else float(found.group(1))


def _controlled(
    name: str, figures: Sequence[Figure], lines: Sequence[StatementLine]
) -> list[Figure]:
    """Return the figures with costs positive; refuse a document whose lines do not add up.

    Statements print costs in brackets, releases and notes without: a page or sheet on which most
    costs are negative is turned, so that a cost that is a gain stays one. Where the sums hold only
    as read, they are taken so.
    """
    rules = {line.line: line.rule for line in lines if line.rule and "/" not in line.rule}
    costs = _costs(lines)
    turned = list(figures)
    for place in dict.fromkeys(_place(figure) for figure in figures):
        mine = [f for f in figures if f.line in costs and _place(f) == place]
        if sum(f.value < 0 for f in mine) > sum(f.value > 0 for f in mine):
            turned = [f._replace(value=0.0 - f.value) if f in mine else f for f in turned]
    faults = _differences(name, turned, rules)
    if faults and _differences(name, figures, rules):
        raise DataError(name, faults)
    return list(figures) if faults else turned


def _place(figure: Figure) -> str:
    """Return the page or sheet on which a figure stands."""
    return figure.page.partition(",")[0]


def _costs(lines: Sequence[StatementLine]) -> set[str]:
    """Return the lines of the income and the cash statement that lessen a total, and their parts."""
    rules = {line.line: statement._terms(line.rule) for line in lines
             if line.statement in ("income", "cash") and line.rule}  # fmt: skip
    costs = {key for terms in rules.values() for sign, key in terms if sign == "-"} | {"capex"}
    return costs | {key for total in costs & set(rules) for _, key in rules[total]}


def _differences(name: str, figures: Sequence[Figure], rules: Mapping[str, str]) -> list[str]:
    faults = []
    for period in dict.fromkeys(figure.period for figure in figures):
        held = {figure.line: figure for figure in figures if figure.period == period}
        for total, rule in rules.items():
            terms = statement._terms(rule)
            if not {total, *(key for _, key in terms)} <= set(held):
                continue
            made = sum(held[key].value * (1 if sign == "+" else -1) for sign, key in terms)
            gap = held[total].value - made
            if abs(gap) > max(0.5 * len(terms) * 1e-3, 1e-6 * abs(made), 1e-9) + 1e-9:
                faults.append(
                    f"{name} {held[total].page}: {total} of {period} is {held[total].value:g}, but "
                    f"{rule} gives {made:g} ({gap:+g}); correct the row or leave it out")  # fmt: skip
    return faults


def install(
    path: Path | str,
    *,
    title: str,
    published: str,
    url: str = "",
    standard: str = "IFRS",
) -> list[str]:
    """Read a document and add its figures to the user's own ``financials.csv``.

    Parameters
    ----------
    title, published, url : str
        The document: its name, day of publication (ISO), address.

    Returns
    -------
    list of str
        One line a figure taken in.

    Raises
    ------
    DataError
        As `read`; nothing is written then.
    """
    try:
        dt.date.fromisoformat(published)
    except ValueError:
        raise UsageError(f"--published {published!r} is no day; write it as 2026-04-30") from None
    lines = {line.line: line for line in _lines(standard)}
    figures = read(path, standard)
    folder = facts.home() / "facts"
    folder.mkdir(parents=True, exist_ok=True)
    key = re.sub(r"[^a-z0-9]+", "-", f"own-{title}".lower()).strip("-")
    source = {"source": key, "title": title, "publisher": title.split(":")[0], "kind": "company",
              "url": url, "published": published, "licence": "own reading", "note": ""}  # fmt: skip
    own = _own(folder / "financials.csv", "financials")
    numbers = [int(text[1:]) for text in own["id"]]
    start = max([FIRST_OWN - 1, *numbers]) + 1
    rows = [
        {"id": f"F{start + p:04d}", "standard": standard, "metric": lines[f.line].metric,
         "segment": lines[f.line].segment, "period": f.period, "freq": _freq(f.period),
         "value": f"{f.value:g}" if abs(f.value) < 1e5 else f"{f.value:.6f}".rstrip("0").rstrip("."),
         "unit": lines[f.line].unit, "basis": "20C" if lines[f.line].unit == "bcm" else "",
         "status": "actual", "derived": "false", "source": key, "page": f.page,
         "published": published, "note": ""}
        for p, f in enumerate(figures)
    ]  # fmt: skip
    _write(folder / "sources.csv", _own(folder / "sources.csv", "sources"), [source], "source")
    _write(folder / "financials.csv", own, rows, "id")
    return [f"{f.period} {f.line} {f.value:g} {lines[f.line].unit} ({f.page})" for f in figures]


def _freq(period: str) -> str:
    return "C" if re.search(r"M\d{1,2}$", period) else periods.parse(period).freq


def _own(path: Path, name: str) -> pd.DataFrame:
    columns = [field["name"] for field in facts.schema()[name]["schema"]["fields"]]
    if not path.exists():
        return pd.DataFrame(columns=columns, dtype=str)
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _write(path: Path, old: pd.DataFrame, rows: list[dict[str, str]], key: str) -> None:
    new = pd.DataFrame(rows).reindex(columns=old.columns, fill_value="")
    both = pd.concat([old, new], ignore_index=True).drop_duplicates(key, keep="last")
    spare = path.with_suffix(".new")
    safe(both).to_csv(spare, index=False, lineterminator="\n")
    spare.replace(path)
