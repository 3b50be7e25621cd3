"""When a proposed line may deliver: gates, and the risk that it never does.

A line passes talks, memorandum, commitment (contract or investment decision), building, first gas
and plateau; at each of them it may instead be given up. How long each takes, and how often it
ends there, is learned from the reference class in ``data/reference_projects.csv``. Nothing here
knows volumes beyond the shape of a ramp; money and flows are elsewhere.

Notes
-----
The fit is a piecewise-exponential model with competing risks and censoring, written as a Poisson
regression with exposure (Holford 1980; Laird and Olivier 1981) and fitted by statsmodels. Famous
projects are no fair sample: a stated share of the weight goes to a wider class, all cross-border
lines of Global Energy Monitor's tables, followed from one edition to a later one. The length of
a line was tried and does not tell how long it is built (effect 0.04 on the log hazard).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from energy import facts, store
from energy.errors import DataError, EnergyError, MissingExtra, UnknownName
from energy.measure import periods
from energy.measure.cards import card
from energy.measure.observations import rows_of
from energy.measure.plotting import axes
from energy.measure.tables import TimingEvidence, TimingRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GATES = ("announced", "memorandum", "binding", "contract", "construction", "first_gas", "plateau")
METRICS = {
    "announced": "announced",
    "memorandum_signed": "memorandum",
    "agreement": "memorandum",
    "binding_memorandum": "binding",
    "contract_signed": "contract",
    "fid": "contract",  # sources date the decision by the contract; the two are one gate here
    "construction_start": "construction",
    "first_gas": "first_gas",
    "mechanical_completion": "completed",
    "full_capacity": "plateau",
    "cancelled": "never",
}
WIDER = "(wider class)"
STAGES: dict[str, tuple[float, ...]] = {  # years at which the hazard may change
    "talks": (0.0, 3.0, 8.0),
    "memorandum": (0.0, 3.0, 8.0),
    "committed": (0.0, 1.0, 3.0),
    "building": (0.0, 1.0, 2.5, 4.0, 7.0),
}
AFTER = {"talks": "committed", "memorandum": "committed", "committed": "building"}
STAGE_OF = {
    "announced": "talks",
    "memorandum": "memorandum",
    "binding": "binding",
    "contract": "committed",
    "construction": "building",
}
REACHES = {
    "talks": "contract",
    "memorandum": "contract",
    "committed": "construction",
    "building": "first_gas",
}
CAUSES = ("next", "never")
KEY = ["stage", "cause", "band"]
PSEUDO = 1.0  # events by which a cell leans on its stage as a whole
DRAWS, SEED = 20_000, 20_261_124
HORIZON = 2100.0  # a date later than this is no date
REFERENCE, DATES, JUDGEMENT = "reference class", "published dates", "judgement"
FEW = {"slips": 5, "ramps": 3}
"""Projects below which the class does not yet tell a spread; the rules speak then."""


# --- the numbers of the model ---------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Rules:
    """The numbers of ``timing_rules.csv``.

    Attributes
    ----------
    wider : dict of str to float
        Share of the wider class by stage: highest for talks, of which only those that led
        somewhere are told.
    prior : dict of (str, str) to float
        Hazard a year of a stage and cause before anything is known.
    binding : dict of str to float
        Factor on the hazards of a memorandum that binds, by cause.
    plan_weight : float
        Share of the draws that are built which follow the official date, or stated build times.
    near : (2,) float
        The same, and the share of given-up draws that deliver after all, of a line being built
        whose official date is less than a year ahead.
    slips, ramps : tuple of float
        Years, where the class shows too few.
    """

    wider: dict[str, float]
    prior: dict[tuple[str, str], float]
    binding: dict[str, float]
    plan_weight: float
    near: tuple[float, float]
    slips: tuple[float, ...]
    ramps: tuple[float, ...]


def rules(tables: facts.Tables | None = None) -> Rules:
    """Return the numbers of the model from the facts; default those of the package.

    Raises
    ------
    DataError
        If the table lacks a number the model needs.
    """
    held = tables if tables is not None and "timing-rules" in tables else facts.load()
    table = held["timing-rules"]
    of = {name: table[table["name"] == name] for name in set(table["name"])}
    wanted = ("wider_share", "prior_hazard", "binding_factor", "plan_weight", "near_weight",
              "near_saved", "prior_slip", "prior_ramp")  # fmt: skip
    missing = [name for name in wanted if name not in of]
    if missing:
        raise DataError("timing_rules.csv", [f"no row names {missing[0]!r}; add it"])
    return Rules(
        dict(zip(of["wider_share"]["stage"], of["wider_share"]["value"], strict=True)),
        {
            (row.stage, row.cause): float(row.value)
            for row in rows_of(of["prior_hazard"], TimingRule)
        },
        dict(zip(of["binding_factor"]["cause"], of["binding_factor"]["value"], strict=True)),
        float(of["plan_weight"]["value"].iloc[-1]),
        (float(of["near_weight"]["value"].iloc[-1]), float(of["near_saved"]["value"].iloc[-1])),
        tuple(of["prior_slip"]["value"]),
        tuple(of["prior_ramp"]["value"]),
    )


@dataclasses.dataclass(frozen=True)
class Piece:
    """One piece of evidence on a line's first gas.

    Attributes
    ----------
    kind : str
        ``reference class``, ``published dates`` or ``judgement``.
    says : str
    weight : float
        Relative to the other pieces known that day.
    dates : tuple of float
        P10, P50, P90 of first gas if built, decimal years; empty for the reference class.
    never : float
        Probability that it is never built.
    """

    kind: str
    says: str
    weight: float
    dates: tuple[float, ...] = ()
    never: float = 0.0


def pieces(tables: facts.Tables, names: Sequence[str], day: float) -> tuple[Piece, ...]:
    """Return the weighed evidence on a route known on a day; empty means the class alone.

    Raises
    ------
    DataError
        For dates out of order, or weights that sum to nothing.
    """
    rows = _known_rows(tables, day, "timing-evidence")
    mine = rows[rows["route"].isin(names)]
    found = []
    for row in rows_of(mine, TimingEvidence):
        dates = (row.low, row.middle, row.high)
        stated = () if row.evidence == REFERENCE or row.never == 1 else dates
        if stated and not row.low <= row.middle <= row.high:
            raise DataError("timing_evidence.csv", [f"{row.id}: dates {dates} are not in order; "
                                                    "give P10, P50, P90 of first gas"])  # fmt: skip
        never = 0.0 if pd.isna(row.never) else float(row.never)
        found.append(Piece(row.evidence, row.says, float(row.weight), stated, never))
    if found and not sum(piece.weight for piece in found) > 0:
        raise DataError("timing_evidence.csv", [f"the weights of {names[0]} sum to 0; give one"])
    return tuple(found)


# --- the reference class ------------------------------------------------------------------------


def decimal(value: str) -> float:
    """Return a date, month or year as a decimal year, its middle; NaN for a word.

    >>> decimal("2024-07-01"), decimal("2025"), decimal("soon")
    (2024.4972677595629, 2025.5, nan)
    """
    if not value[:4].isdigit():
        return float("nan")
    span = periods.parse(value)
    return periods.decimal_year(span.start) if span.freq == "D" else periods.middle(span)


def today(tables: facts.Tables) -> float:
    """Return the newest full publication date among the volumes, as a decimal year."""
    # a full date has ten characters
    full = [text for text in tables["volumes"]["published"] if len(text) == 10]
    return decimal(max(full))


def milestones(tables: facts.Tables, as_of: float) -> pd.DataFrame:
    """Return the gates that each project had passed on a date.

    Parameters
    ----------
    tables : Tables
        With ``reference-projects``.
    as_of : float
        Decimal year; later milestones and later publications are left out.

    Returns
    -------
    DataFrame, index project
        Decimal years ``announced, memorandum, contract, construction, first_gas, plateau,
        never`` (NaN where not passed), ``plan`` (latest date of first gas announced) and ``seen``
        (when a document last spoke of it).
    """
    rows = _known_rows(tables, as_of)
    gates = rows[rows["metric"].isin(list(METRICS))]
    gates = gates.assign(gate=gates["metric"].map(METRICS), year=gates["value"].map(decimal))
    gates = gates[gates["year"] <= as_of]
    wide = gates.pivot_table(index="project", columns="gate", values="year", aggfunc="min")
    table = wide.reindex(columns=[*GATES, "never", "completed"], index=sorted(set(rows["project"])))
    plans = rows[rows["metric"] == "first_gas_planned"]
    table["plan"] = plans.assign(year=plans["value"].map(decimal)).groupby("project")["year"].max()
    table["never"] = table["never"].fillna(_given_up(rows, table, as_of))
    seen = pd.Series(_since(tables, "reference-projects"), tables["reference-projects"].index)
    table["seen"] = seen.loc[rows.index].groupby(rows["project"]).max().clip(upper=as_of)
    return _finished(rows, table)


def _known_rows(
    tables: facts.Tables, as_of: float, name: str = "reference-projects"
) -> pd.DataFrame:
    """Return the rows of a table known on a day; the wider class is no project."""
    if name not in tables:
        if name != "reference-projects":
            return facts.load()[name].iloc[:0]
        raise DataError("reference_projects.csv", ["the table is missing; load the facts anew"])
    rows = tables[name]
    rows = rows[_since(tables, name) <= as_of + HALF_DAY]
    return rows[rows["project"] != WIDER] if "project" in rows else rows


HALF_DAY = 0.5 / 366  # a day and its decimal year are not told apart by rounding
_memo: dict[str, tuple[Any, np.ndarray]] = {}


def _since(tables: facts.Tables, name: str) -> np.ndarray:
    """Return from which decimal year each row is known; kept, for every route asks for it.

    What is unknown before our own retrieval counts from the day of the facts, which is what an
    as-of date defaults to: a day earlier `energy.store.known` has taken it out.
    """
    if name not in _memo or _memo[name][0] is not tables[name]:
        # of full dates, which have ten characters
        edition = max(text for text in facts.load()["volumes"]["published"] if len(text) == 10)
        days = store.since(tables, name)
        days = days.mask(days >= np.datetime64(store.retrieved()), np.datetime64(edition, "s"))
        starts = days.dt.year + (days.dt.day_of_year - 1) / np.where(days.dt.is_leap_year, 366, 365)
        _memo[name] = tables[name], np.asarray(starts, dtype=float)
    return _memo[name][1]


def _given_up(rows: pd.DataFrame, table: pd.DataFrame, as_of: float) -> pd.Series:
    """Date the end of a project that was dropped without a day: the last start it missed."""
    dropped = rows[(rows["metric"] == "outcome") & rows["value"].isin(["not built", "cancelled"])]
    missed = table["plan"].reindex(sorted(set(dropped["project"])))
    return missed.where(missed <= as_of).reindex(table.index)


def _finished(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Take completion for first gas where a line that was built has no date of its own."""
    built = set(rows.loc[(rows["metric"] == "outcome") & (rows["value"] == "built"), "project"])
    done = table["completed"].where(table.index.isin(built))
    table = table.assign(first_gas=table["first_gas"].fillna(done))
    return table.drop(columns="completed").rename_axis(columns=None)


def spells(table: pd.DataFrame, as_of: float) -> pd.DataFrame:
    """Cut each project into stages: how long, and how it ended.

    Returns
    -------
    DataFrame
        ``project, stage, years, cause`` (``next``, ``never`` or ``""`` for censored).
        A built project whose next gate is not dated has no spell there.
    """
    found = []
    for row in table.itertuples():  # the gates are columns, asked for by name
        for gate, stage in STAGE_OF.items():
            spell = _spell(row, gate, stage, as_of)
            if spell is not None:
                found.append({"project": row.Index, "stage": stage, **spell})
    return pd.DataFrame(found, columns=["project", "stage", "years", "cause"])


def _spell(row: Any, gate: str, stage: str, as_of: float) -> dict[str, Any] | None:
    start = getattr(row, gate)
    if gate == "binding":  # no class of its own: the rules say how it differs from a memorandum
        return None
    order = GATES[GATES.index(REACHES[stage]) : GATES.index("plateau")]
    later = [getattr(row, name) for name in order]
    ends = [year for year in later if not np.isnan(year)]
    if np.isnan(start) or (ends and min(ends) < start):
        return None
    if gate == "memorandum" and not np.isnan(row.binding):  # from then on it is another gate
        return {"years": max(row.binding - start, 0.1), "cause": ""}
    if ends:
        exact = not np.isnan(later[0]) or stage in ("talks", "memorandum")
        return {"years": min(ends) - start, "cause": "next"} if exact else None
    if not np.isnan(row.never):
        # a project dropped the day it was proposed was at risk for some time; chosen by hand
        return {"years": max(row.never - start, 0.1), "cause": "never"}
    # Silence is no evidence: without a later document the stage is watched until the last one.
    watched = min(getattr(row, "seen", as_of), as_of) - start
    return {"years": watched, "cause": ""} if watched > 0 else None


# --- the fit --------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Fit:
    """Hazards a year: one cell for each stage, cause and band of age.

    Attributes
    ----------
    cells : DataFrame
        ``stage, cause, band, events, years`` behind each parameter.
    mean, error : (K,)
        Logarithm of the hazards and its standard error.
    """

    cells: pd.DataFrame
    mean: np.ndarray
    error: np.ndarray

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return hazards of n draws, shape (n, K)."""
        return np.exp(self.mean + self.error * rng.standard_normal((n, len(self.mean))))

    def column(self, stage: str, cause: str) -> np.ndarray:
        """Return the places of a stage and cause, by band."""
        mine = (self.cells["stage"] == stage) & (self.cells["cause"] == cause)
        return mine.to_numpy().nonzero()[0]


def counts(tables: facts.Tables, day: float = HORIZON) -> dict[str, float]:
    """Return the counts of the wider class known on a day; none before they were published."""
    rows = tables["reference-projects"]
    mine = rows[(rows["project"] == WIDER) & (_since(tables, "reference-projects") <= day)]
    return dict(zip(mine["metric"], pd.to_numeric(mine["value"]), strict=True))


def transitions(before: pd.DataFrame, after: pd.DataFrame, years: float) -> dict[str, float]:
    """Count what became of cross-border lines between two editions of a list of pipelines.

    Parameters
    ----------
    before : DataFrame
        ``ProjectID, Status, StartCountry, EndCountry`` as in Global Energy Monitor's tables.
    after : DataFrame
        ``ProjectID, Status`` of the later edition.
    years : float
        Between the two.

    Returns
    -------
    dict
        As `counts` returns it: for `first_gas` and `coverage`.

    Raises
    ------
    DataError
        If a column is missing or no line is found again.
    """
    wanted = {
        "before": ["ProjectID", "Status", "StartCountry", "EndCountry"],
        "after": ["ProjectID", "Status"],
    }
    faults = [f"column '{name}' is missing; pass the table as Global Energy Monitor writes it"
              for which, frame in (("before", before), ("after", after))
              for name in wanted[which] if name not in frame.columns]  # fmt: skip
    if faults or years <= 0:
        raise DataError(
            "pipelines", faults or [f"{years} years between the editions; give a positive number"]
        )
    crossing = before[before["StartCountry"] != before["EndCountry"]]
    later = after.drop_duplicates("ProjectID").set_index("ProjectID")["Status"].str.lower()
    now = crossing["ProjectID"].map(later)
    seen, was = now.notna(), crossing["Status"].str.lower()
    if not (seen & (was == "proposed")).any():
        raise DataError(
            "pipelines", ["no proposed cross-border line is found again; check ProjectID"]
        )
    dropped, built = now.isin(["shelved", "cancelled", "mothballed", "retired"]), now == "operating"
    found: dict[str, float] = {"years_between": years}
    for status, advanced in (
        ("proposed", built | (now == "construction")),
        ("construction", built),
    ):
        mine = seen & (was == status)
        found |= {status: mine.sum(), f"{status}_advanced": (mine & advanced).sum(),
                  f"{status}_dropped": (mine & dropped).sum()}  # fmt: skip
    mine = seen & (was == "shelved")
    found |= {
        "shelved": mine.sum(),
        "shelved_revived": (mine & now.isin(["proposed", "construction", "operating"])).sum(),
    }
    return {name: float(value) for name, value in found.items()}


def fit(
    spell: pd.DataFrame, wider: Mapping[str, float], given: Rules | None = None, prior: bool = False
) -> Fit:
    """Fit the hazards to the spells and the wider class.

    Parameters
    ----------
    given : Rules, optional
        Default `rules`.
    prior : bool
        Whether a stage that no project shows yet is left to the rules' own hazards.

    Raises
    ------
    MissingExtra
        Without statsmodels.
    DataError
        If a stage has no spell.
    """
    given = given or rules()
    empty = [stage for stage in STAGES if stage not in set(spell["stage"])]
    if empty and not prior:
        raise DataError(
            "reference_projects.csv",
            [f"no project shows stage '{stage}'; add milestones" for stage in empty],
        )
    cells = _cells(spell)
    more = _wider_rows(cells, wider, given)
    lean = _lean(cells, more, given.prior if prior else {})
    rows = pd.concat([cells, more, lean], ignore_index=True)
    return _regress(rows[rows["years"] > 0])


def _cells(spell: pd.DataFrame) -> pd.DataFrame:
    """Split spells at the edges of the bands; sum events and years by stage, cause and band."""
    found = []
    for stage, edges in STAGES.items():
        mine = spell[spell["stage"] == stage]
        for band, (low, high) in enumerate(zip(edges, (*edges[1:], np.inf), strict=True)):
            years = (mine["years"].clip(upper=high) - low).clip(lower=0).sum()
            here = mine[(mine["years"] >= low) & (mine["years"] < high)]
            found += [
                (stage, cause, band, float((here["cause"] == cause).sum()), years)
                for cause in CAUSES
            ]
    return pd.DataFrame(found, columns=[*KEY, "events", "years"])


def _rates(wider: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Return hazards a year of the wider class; a shelved line may come back."""
    if not wider:
        return {}
    back = wider["shelved_revived"] / max(wider["shelved"], 1.0)
    rates = {}
    for status, stages in (("proposed", ("talks", "memorandum")), ("construction", ("building",))):
        gone = wider[f"{status}_advanced"] + wider[f"{status}_dropped"]
        years = wider["years_between"] * (wider[status] - gone / 2)
        for stage in stages:
            rates[stage, "next"] = wider[f"{status}_advanced"] / years
            rates[stage, "never"] = wider[f"{status}_dropped"] * (1 - back) / years
    return rates


def _wider_rows(cells: pd.DataFrame, wider: Mapping[str, float], given: Rules) -> pd.DataFrame:
    """Give the wider class its share of the project-years of every band.

    How fast a line is built the named ones know best; the wider class tells how many never are.
    """
    rates = {key: rate for key, rate in _rates(wider).items() if key != ("building", "next")}
    odds = {stage: share / (1 - share) for stage, share in given.wider.items()}
    share = cells["stage"].map(odds).fillna(0.0)
    keys = zip(cells["stage"], cells["cause"], strict=True)
    rate = np.array([rates.get(key, np.nan) for key in keys])
    years = cells["years"] * share
    found: pd.DataFrame = cells.assign(years=years, events=years * rate)[~np.isnan(rate)]
    return found


def _lean(
    cells: pd.DataFrame, wider: pd.DataFrame, prior: Mapping[tuple[str, str], float]
) -> pd.DataFrame:
    """Let each cell lean on its stage as a whole, so that no hazard is nought.

    The stage itself has half an event more, in no time (Jeffreys), or with a prior in the time in
    which the prior's hazard brings half an event: that is what speaks where nothing is known.
    """
    both = pd.concat([cells, wider])
    whole = both.groupby(["stage", "cause"])[["events", "years"]].sum()
    # half an event (Jeffreys)
    more = [0.5 / prior[key] if key in prior else 0.0 for key in whole.index]
    rate = (whole["events"] + 0.5) / (whole["years"] + more)  # the same half
    place = pd.MultiIndex.from_frame(cells[["stage", "cause"]])
    return cells.assign(events=PSEUDO, years=PSEUDO / rate.reindex(place).to_numpy())


def _regress(rows: pd.DataFrame) -> Fit:
    try:
        from statsmodels.genmod.families import Poisson
        from statsmodels.genmod.generalized_linear_model import GLM
    except ImportError as error:
        raise MissingExtra(
            "Timing needs statsmodels: pip install 'energy-trade-tracker[timing]'."
        ) from error
    cells = rows.groupby(KEY, sort=False)[["events", "years"]].sum().reset_index()
    place = pd.MultiIndex.from_frame(cells[KEY]).get_indexer(pd.MultiIndex.from_frame(rows[KEY]))
    design = np.eye(len(cells))[place]
    model = GLM(
        rows["events"].to_numpy(), design, family=Poisson(), exposure=rows["years"].to_numpy()
    )
    found = model.fit()
    return Fit(cells, np.asarray(found.params), np.asarray(found.bse))


# --- one route ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Timing:
    """What the reference class says of one route on one date.

    Attributes
    ----------
    route : str
    as_of : float
        Decimal year.
    stage : str
        ``talks``, ``memorandum``, ``binding``, ``committed``, ``building``, ``delivering`` or
        ``unheard``.
    passed : dict
        Decimal years of the gates passed.
    plan : float
        Official date of first gas, NaN where there is none.
    stated : tuple of float
        Years of building that others have named for it; may be empty.
    slips : (S,)
        Years by which built lines missed the last date they were promised for.
    ramps : (R,)
        Years from first gas to plateau in the reference class.
    shape : tuple of float
        Share of the plateau in equal steps of the ramp, as Power of Siberia 1 was contracted.
    fit : Fit
    pieces : tuple of Piece
        Weighed evidence; empty: the reference class alone.
    binding : mapping of str to float
        Factor on the hazards of a memorandum that binds, by cause.
    plan_weight : float
        Share of the draws that are built which follow an official date.
    near : (2,) float
        See `Rules`.
    """

    route: str
    as_of: float
    stage: str
    passed: dict[str, float]
    plan: float
    stated: tuple[float, ...]
    slips: np.ndarray
    ramps: np.ndarray
    shape: tuple[float, ...]
    fit: Fit = dataclasses.field(repr=False)
    pieces: tuple[Piece, ...] = ()
    binding: Mapping[str, float] = dataclasses.field(default_factory=dict, repr=False)
    plan_weight: float = 0.5  # half of the draws (METHOD '2. First gas', official date)
    # without rules: as any plan, none saved; else `timing_rules.csv`
    near: tuple[float, float] = (0.5, 0.0)

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return n decimal years of first gas; infinity where the line never delivers.

        Raises
        ------
        EnergyError
            For a number of draws below 1.
        """
        return self.gates(rng, n)["first_gas"]

    def ramp(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return n times from first gas to plateau, years: log-normal, few projects so wide tails."""
        _check_draws(n)
        logs = np.log(self.ramps)
        spread = logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs))
        years = np.exp(logs.mean() + spread * rng.standard_t(len(logs) - 1, n))
        # METHOD '2. First gas', ramp
        held: np.ndarray = np.clip(years, 0.25, 12.0)
        return held

    def gates(self, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        """Return n dates of every gate, passed ones as they were; infinity is never."""
        _check_draws(n)
        dates = {gate: np.full(n, self.passed[gate]) for gate in GATES if gate in self.passed}
        if self.stage == "unheard":
            return {gate: np.full(n, np.inf) for gate in GATES}
        dates |= self._walk(rng, n) if self.stage in (*STAGES, "binding") else {}
        dates = self._weighed(rng, self._planned(rng, dates, n), n)
        plateau = dates["first_gas"] + self.ramp(rng, n)
        return {
            **dates,
            "plateau": np.full(n, self.passed["plateau"]) if "plateau" in self.passed else plateau,
        }

    def _weighed(
        self, rng: np.random.Generator, dates: dict[str, np.ndarray], n: int
    ) -> dict[str, np.ndarray]:
        """Let each piece of evidence have its share of the draws."""
        if not self.pieces or "first_gas" in self.passed:
            return dates
        weights = np.array([piece.weight for piece in self.pieces])
        which = rng.choice(len(weights), n, p=weights / weights.sum())
        dates = {gate: each.copy() for gate, each in dates.items()}
        for i, piece in enumerate(self.pieces):
            mine = np.flatnonzero(which == i)
            if piece.kind != REFERENCE:
                self._put(dates, mine, _stated_dates(rng, piece, len(mine), self.as_of))
        return dates

    def _put(self, dates: dict[str, np.ndarray], mine: np.ndarray, first: np.ndarray) -> None:
        """Set first gas of some draws; contract and building lie on the way, in even steps."""
        ahead = [gate for gate in GATES[GATES.index("contract") : GATES.index("first_gas")]
                 if gate not in self.passed]  # fmt: skip
        for step, gate in enumerate(ahead, start=1):
            part = self.as_of + (first - self.as_of) * step / (len(ahead) + 1)
            dates.setdefault(gate, np.full(len(dates["first_gas"]), np.inf))[mine] = part
        dates["first_gas"][mine] = first

    def _walk(self, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        """Walk the stages still ahead."""
        drawn = self.fit.draw(rng, n)
        gate = next(g for g, s in STAGE_OF.items() if s == self.stage)
        at, stage = np.full(n, self.passed[gate]), self.stage
        if stage == "binding":
            stage = "memorandum"
            for cause, factor in self.binding.items():
                drawn[:, self.fit.column(stage, cause)] *= factor
        elapsed, found = self.as_of - self.passed[gate], {}
        while stage:
            years = _leave(rng, self.fit, drawn, stage, elapsed)
            at = at + (self._follow_stated(rng, years, elapsed) if stage == "building" else years)
            at[at > HORIZON] = np.inf
            found[REACHES[stage]] = at
            stage, elapsed = AFTER.get(stage, ""), 0.0
        return found

    def _follow_stated(
        self, rng: np.random.Generator, years: np.ndarray, elapsed: float
    ) -> np.ndarray:
        """Let half of the draws that are built take as long as others say, give or take a tenth."""
        stated = [year for year in self.stated if year > elapsed]
        if not stated:
            return years
        # a tenth: METHOD '2. First gas', build times named by others
        dated = np.maximum(rng.choice(stated, len(years)) * rng.normal(1, 0.1, len(years)), elapsed)
        follow = (rng.random(len(years)) < self.plan_weight) & np.isfinite(years)
        return np.where(follow, dated, years)

    @property
    def on_plan(self) -> bool:
        """Tell whether an official date counts: the line is committed and the date not past."""
        return self.stage in ("committed", "building") and bool(self.plan > self.as_of - 1)

    def _planned(
        self, rng: np.random.Generator, dates: dict[str, np.ndarray], n: int
    ) -> dict[str, np.ndarray]:
        """Let half of the draws that are built follow the official date and the usual slip."""
        late = self.slips[self.plan + self.slips > self.as_of]
        if not self.on_plan or not len(late):
            return dates
        near = self.stage == "building" and self.plan < self.as_of + 1
        weight, saved = self.near if near else (self.plan_weight, 0.0)
        built = np.isfinite(dates["first_gas"]) | (rng.random(n) < saved)
        follow = (rng.random(n) < weight) & built
        first = np.where(follow, self.plan + rng.choice(late, n), dates["first_gas"])
        # building begins by three tenths of the way to a date that is kept; chosen by hand
        between = self.as_of + 0.3 * (first - self.as_of)
        begun = np.where(follow & (dates["construction"] > between), between, dates["construction"])
        return {**dates, "construction": begun, "first_gas": first}

    @functools.cached_property
    def _drawn(self) -> dict[str, np.ndarray]:
        return self.gates(np.random.default_rng(SEED), DRAWS)

    def quantiles(self) -> pd.DataFrame:
        """Return P10, P50, P90 of each gate if it is reached, and how likely that is.

        Returns
        -------
        DataFrame, index gate
            ``p10, p50, p90`` (decimal years, over the draws that reach the gate; NaN if none),
            ``by_2040, by_2050, ever`` (probability that the gate is reached by then).
        """
        rows = {}
        for gate, dates in sorted(self._drawn.items(), key=lambda item: GATES.index(item[0])):
            real = dates[np.isfinite(dates)]
            p = np.quantile(real, [0.1, 0.5, 0.9]) if len(real) else np.full(3, np.nan)
            rows[gate] = [
                *p,
                # by the end of 2040 and of 2050
                *((dates <= year).mean() for year in (2041.0, 2051.0)),
                len(real) / len(dates),
            ]
        return pd.DataFrame.from_dict(
            rows, orient="index", columns=["p10", "p50", "p90", "by_2040", "by_2050", "ever"]
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the gates in decimal years, and how likely they are."""
        return card(self.route, self.quantiles(), digits=2, index=True)

    def news(self) -> pd.DataFrame:
        """Return which news would move the dates, and by how much; see `evidence`."""
        return evidence(self)

    # the year to which the projection runs
    def never(self, by: float = 2040) -> float:
        """Return the probability of no gas by the end of a year."""
        return float((self._drawn["first_gas"] > by + 1).mean())


def _stated_dates(rng: np.random.Generator, piece: Piece, n: int, as_of: float) -> np.ndarray:
    """Return n dates of a piece: straight lines between its P10, P50 and P90, a quarter beyond."""
    if not piece.dates:
        return np.full(n, np.inf)
    low, middle, high = piece.dates
    ends = [low - (middle - low) / 4, low, middle, high, high + (high - middle) / 4]
    # stated are P10, P50, P90, as in `quantiles.table`
    first = np.interp(rng.random(n), [0, 0.1, 0.5, 0.9, 1], ends)
    return np.where(rng.random(n) < piece.never, np.inf, np.maximum(first, as_of))


def _check_draws(n: int) -> None:
    if n < 1:
        raise EnergyError(f"{n} draws asked for; ask for at least 1.")


def _leave(
    rng: np.random.Generator, fit_: Fit, drawn: np.ndarray, stage: str, elapsed: float
) -> np.ndarray:
    """Return years from the start of a stage to its end, given `elapsed`; infinity if dropped."""
    edges = (*STAGES[stage], np.inf)
    go, stop = (drawn[:, fit_.column(stage, cause)] for cause in CAUSES)
    need = rng.exponential(size=len(drawn))
    years, band = np.full(len(drawn), np.nan), np.zeros(len(drawn), dtype=int)
    for b, (low, high) in enumerate(itertools.pairwise(edges)):
        begin = max(low, elapsed)
        if high <= elapsed:
            continue
        total = go[:, b] + stop[:, b]
        ends = np.isnan(years) & (need <= total * (high - begin))
        years[ends], band[ends] = begin + need[ends] / total[ends], b
        need = need - total * (high - begin) if np.isfinite(high) else need
    rows = np.arange(len(drawn))
    advanced = rng.random(len(drawn)) < go[rows, band] / (go[rows, band] + stop[rows, band])
    return np.where(advanced, years, np.inf)


def first_gas(
    tables: facts.Tables,
    route: str,
    as_of: str | dt.date | float | None = None,
    wider: Mapping[str, float] | None = None,
) -> Timing:
    """Return what the reference class says of a route's first gas.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` returns them. A route of your own: rows in
        ``reference_projects.csv`` with its id as ``project``.
    route : str
        Route id, or the name of a project of the reference class.
    as_of : date, text or decimal year, optional
        What was known then; default the date of the facts.
    wider : dict, optional
        Counts of another wider class, as `transitions` returns them.

    Raises
    ------
    UnknownName
        For a route that neither the routes nor the reference class know.
    EnergyError
        For a route without any milestone.
    MissingExtra
        Without statsmodels.
    """
    day, numbers = _day(tables, as_of), rules(tables)
    names = _names(tables, route)
    table, known = _class(tables, day)
    known = known if wider is None else fit(spells(table, day), wider, numbers)
    mine = table.reindex([name for name in names if name in table.index])
    passed = {gate: float(mine[gate].min()) for gate in GATES if mine[gate].notna().any()}
    return Timing(
        route=route, as_of=day, stage=_stage(passed), passed=passed,
        plan=float(mine["plan"].max()) if len(mine) else float("nan"),
        stated=_stated(tables, names, day), slips=_or(slips(table), "slips", numbers.slips),
        ramps=_or(_climbs(table), "ramps", numbers.ramps), shape=shape(tables), fit=known,
        pieces=pieces(tables, _peers(tables, route, names), day), binding=numbers.binding,
        plan_weight=numbers.plan_weight, near=numbers.near,
    )  # fmt: skip


def _day(tables: facts.Tables, as_of: str | dt.date | float | None) -> float:
    if as_of is None:
        return today(tables)
    if isinstance(as_of, (int, float)):
        return float(as_of)
    if isinstance(as_of, dt.date):
        return periods.decimal_year(as_of)
    span = periods.parse(as_of)
    return periods.decimal_year(span.start if span.freq == "D" else span.end)


def _or(seen: np.ndarray, what: str, else_: Sequence[float]) -> np.ndarray:
    """Return what the class shows, or the rules' numbers where too few projects show it."""
    return seen if len(seen) >= FEW[what] else np.sort([*seen, *else_])


def projects(tables: facts.Tables) -> dict[str, list[str]]:
    """Return the projects of the reference class that stand for each route."""
    if "timing-projects" not in tables:
        return {}
    rows = tables["timing-projects"]
    return {str(route): part["project"].tolist() for route, part in rows.groupby("route")}


def _names(tables: facts.Tables, route: str) -> list[str]:
    """Return the projects that stand for a route."""
    named = (
        set(tables["reference-projects"]["project"]) - {WIDER}
        if "reference-projects" in tables
        else set()
    )
    linked = projects(tables)
    names = [name for name in dict.fromkeys([route, *linked.get(route, ())]) if name in named]
    if names:
        return names
    known = {*tables["routes"]["route"], *linked}
    if route not in known:
        raise UnknownName("route", route, known | named)
    raise EnergyError(f"Route {route!r} has no milestone to time it by; add rows with project "
                      f"'{route}' (announced, contract_signed, …) to reference_projects.csv.")  # fmt: skip


def _peers(tables: facts.Tables, route: str, names: Sequence[str]) -> list[str]:
    """Return the route, and the others that the same projects stand for."""
    same = [other for other, linked in projects(tables).items() if list(linked) == list(names)]
    return list(dict.fromkeys([route, *same]))


def _stage(passed: Mapping[str, float]) -> str:
    if "first_gas" in passed:
        return "delivering"
    gates = [gate for gate in STAGE_OF if gate in passed]
    return STAGE_OF[gates[-1]] if gates else "unheard"


def _stated(tables: facts.Tables, names: Sequence[str], day: float) -> tuple[float, ...]:
    rows = _known_rows(tables, day)
    mine = rows[(rows["metric"] == "build_time") & rows["project"].isin(names)]
    return tuple(sorted(pd.to_numeric(mine["value"])))


_last: dict[str, Any] = {}


def _class(tables: facts.Tables, day: float) -> tuple[pd.DataFrame, Fit]:
    """Return milestones and fit of a day; the last are kept, for every route asks for them."""
    rows = tables["reference-projects"]
    if _last.get("rows") is not rows or _last["day"] != day:
        table = milestones(tables, day)
        model = fit(spells(table, day), counts(tables, day), rules(tables), prior=True)
        _last.update(rows=rows, day=day, found=(table, model))
    found: tuple[pd.DataFrame, Fit] = _last["found"]
    return found


def slips(table: pd.DataFrame) -> np.ndarray:
    """Return by how many years built lines missed the last official date of first gas."""
    return np.sort((table["first_gas"] - table["plan"]).dropna().to_numpy())


def ramps(table: pd.DataFrame) -> np.ndarray:
    """Return the years from first gas to plateau of the projects that show both.

    Raises
    ------
    DataError
        If fewer than three do.
    """
    years = _climbs(table)
    if len(years) < FEW["ramps"]:
        raise DataError(
            "reference_projects.csv",
            [f"only {len(years)} projects show first gas and full capacity; 3 are needed"],
        )
    return years


def pace(tables: facts.Tables, as_of: float) -> float:
    """Return the standard deviation of the log of the years from first gas to plateau.

    Of the reference class as known on a day, a little more for few projects; where fewer than three
    show theirs, of the rules. A schedule that was announced takes its share off the variance, the
    weight of an official date (`Rules.plan_weight`).

    Examples
    --------
    >>> from energy import facts
    >>> tables = facts.load()
    >>> 0.3 < pace(tables, 2018.0) < 1.5
    True
    """
    known = _climbs(milestones(tables, as_of)) if "reference-projects" in tables else np.empty(0)
    numbers = rules(tables)
    logs = np.log(_or(known, "ramps", numbers.ramps))
    spread = logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs))
    return float(spread * np.sqrt(1 - numbers.plan_weight))


def _climbs(table: pd.DataFrame) -> np.ndarray:
    years = (table["plateau"] - table["first_gas"]).dropna().to_numpy()
    return np.sort(np.maximum(years, 0.25))  # the least of METHOD '2. First gas', ramp


def shape(tables: facts.Tables) -> tuple[float, ...]:
    """Return the share of the plateau year by year in Power of Siberia 1's contract."""
    rows = tables["contracts"]
    mine = rows[
        (rows["contract"] == "power-of-siberia-1") & rows["year"].str.fullmatch(r"20(2[0-5])")
    ]
    steps = mine.sort_values("year")["acq"].to_numpy(dtype=float)
    return tuple(float(step) for step in steps / steps.max()) if len(steps) else (1.0,)


# --- what would move it, and how good it is ---------------------------------------------------------


def proposed(tables: facts.Tables) -> list[str]:
    """Return the lines to time: proposed routes, and projects on a running line, with milestones.

    A route of which another stands for the same gas (Soyuz Vostok, Hulin - Changchun) is not
    listed again; `first_gas` knows it.
    """
    rows, linked = tables["routes"], projects(tables)
    named = set(tables["reference-projects"]["project"])
    open_ones = rows[rows["status"].isin(["proposed", "construction"])]["route"].tolist()
    extra = [route for route in linked if route in named and route not in set(rows["route"])]
    found: dict[tuple[str, ...], str] = {}
    for route in [*open_ones, *extra]:
        names = tuple(name for name in linked.get(route, [route]) if name in named)
        if names:
            found.setdefault(names, route)
    return list(found.values())


def missing(tables: facts.Tables) -> dict[str, str]:
    """Return the proposed routes that cannot be timed, each with the fact it lacks."""
    rows = tables["routes"]
    found = {}
    for route in rows[rows["status"].isin(["proposed", "construction"])]["route"]:
        try:
            _names(tables, route)
        except EnergyError as error:
            found[str(route)] = str(error)
    return found


def table(
    tables: facts.Tables,
    routes: Sequence[str] | None = None,
    as_of: str | dt.date | float | None = None,
) -> pd.DataFrame:
    """Return one row a route: stage, P10, P50, P90 of first gas and plateau, and never.

    Parameters
    ----------
    routes : sequence of str, optional
        Default `proposed`.

    Returns
    -------
    DataFrame, index route
        ``stage, first_p10, first_p50, first_p90, plateau_p10, plateau_p50, plateau_p90``
        (decimal years, if the line is built), ``never_2040, never_2050`` (probability).
    """
    rows = {}
    for route in proposed(tables) if routes is None else routes:
        one = first_gas(tables, route, as_of)
        found = one.quantiles()
        dates = found.reindex(["first_gas", "plateau"])[["p10", "p50", "p90"]].to_numpy().ravel()
        # the end of the projection, and ten years on
        rows[route] = [one.stage, *dates, one.never(2040), one.never(2050)]
    names = [f"{gate}_{p}" for gate in ("first", "plateau") for p in ("p10", "p50", "p90")]
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["stage", *names, "never_2040", "never_2050"]
    )


def evidence(timing: Timing) -> pd.DataFrame:
    """Return which news would move the dates, and by how much.

    Returns
    -------
    DataFrame, index news
        ``p10, p50, p90, never_2040`` once it is known; ``years`` and ``chance`` are the changes of
        P50 and of ``never_2040`` against today. ``today`` is the first row.
    """
    now, silent = timing.as_of, timing.as_of + 2
    news = {"today": timing}
    for gate, text in (
        ("contract", "contract signed or investment decided"),
        ("construction", "building begun"),
    ):
        if timing.stage in (*STAGES, "binding") and GATES.index(gate) > max(
            GATES.index(g) for g in timing.passed
        ):
            news[f"{text} today"] = dataclasses.replace(
                timing, stage=STAGE_OF[gate], passed={**timing.passed, gate: now}
            )
    news |= _without(timing)
    if timing.stage in (*STAGES, "binding"):
        news["nothing in two years"] = dataclasses.replace(timing, as_of=silent)
    if timing.on_plan:
        news["official date put off by two years"] = dataclasses.replace(
            timing, plan=timing.plan + 2
        )
        news["official date no longer upheld"] = dataclasses.replace(timing, plan=float("nan"))
    rows = {}
    for text, case in news.items():
        first = case.quantiles().loc["first_gas"]
        rows[text] = [first["p10"], first["p50"], first["p90"], case.never(2040)]
    found = pd.DataFrame.from_dict(
        rows, orient="index", columns=["p10", "p50", "p90", "never_2040"]
    )
    return found.assign(
        years=found["p50"] - found["p50"].iloc[0],
        chance=found["never_2040"] - found["never_2040"].iloc[0],
    )


def _without(timing: Timing) -> dict[str, Timing]:
    """Return the same line without each kind of evidence, and with its memorandum not binding."""
    found = {
        f"without {kind}": dataclasses.replace(
            timing, pieces=tuple(piece for piece in timing.pieces if piece.kind != kind)
        )
        for kind in dict.fromkeys(piece.kind for piece in timing.pieces)
    }
    if timing.pieces:
        found["reference class alone"] = dataclasses.replace(timing, pieces=())
    if timing.stage == "binding":
        found["memorandum not binding"] = dataclasses.replace(
            timing, binding=dict.fromkeys(timing.binding, 1.0)
        )
        alone = dataclasses.replace(found["memorandum not binding"], pieces=())
        found["reference class alone, not binding"] = alone
    return found


def coverage(
    # a case only asks whether P10 to P90 hold it; chosen by hand
    tables: facts.Tables,
    as_of: str | dt.date | float | None = None,
    draws: int = 4000,
) -> pd.DataFrame:
    """Leave each built project out in turn and ask where its first gas falls.

    Returns
    -------
    DataFrame
        ``project, stage`` (from which it is foretold), ``actual, p10, p50, p90`` (decimal years,
        given that it is built) and ``inside`` (the 80 % interval holds the actual). The mean of
        ``inside`` is in ``attrs["coverage"]``.
    """
    _check_draws(draws)
    day = _day(tables, as_of)
    whole = milestones(tables, day)
    rows = []
    for row in whole[whole["first_gas"].notna()].itertuples():
        rest = whole.drop(index=row.Index)
        model = fit(spells(rest, day), counts(tables), rules(tables))
        rows += [
            _foretold(row, gate, model, rest, draws)
            for gate in STAGE_OF
            if getattr(row, gate) < row.first_gas
        ]
    found = pd.DataFrame(rows)
    found.attrs["coverage"] = float(found["inside"].mean())
    return found


def _foretold(row: Any, gate: str, model: Fit, rest: pd.DataFrame, draws: int) -> dict[str, Any]:
    start = getattr(row, gate)
    case = Timing(row.Index, start, STAGE_OF[gate], {gate: start}, float("nan"), (),
                  slips(rest), ramps(rest), (1.0,), model)  # fmt: skip
    dates = case.sample(np.random.default_rng(SEED), draws)
    low, middle, high = np.quantile(dates[np.isfinite(dates)], [0.1, 0.5, 0.9])
    return {"project": row.Index, "stage": STAGE_OF[gate], "actual": row.first_gas, "p10": low, "p50": middle,
            "p90": high, "inside": bool(low <= row.first_gas <= high)}  # fmt: skip


# five years beyond the last chance that is told (2050)
def chart(timing: Timing, until: float = 2055) -> Figure:
    """Draw the gates as a figure; see `gates`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    return cast("Figure", gates(timing, until).figure)


# five years beyond the last chance that is told (2050)
def gates(timing: Timing, until: float = 2055, ax: Axes | None = None) -> Axes:
    """Draw the gates: dots where passed, bars from P10 to P90 with P50 where ahead.

    Parameters
    ----------
    timing : Timing
    until : float
        Last year of the axis; what comes later stands at its end.
    ax : matplotlib Axes, optional

    Raises
    ------
    MissingExtra
        Without matplotlib.
    """
    found = timing.quantiles()
    ax = axes(ax, (8, 0.5 * len(found) + 1.8))
    for place, (gate, row) in enumerate(found.iterrows()):
        if gate in timing.passed:
            ax.plot(timing.passed[str(gate)], place, "o", color="#0072B2", label="passed")
        elif row["ever"] > 0:
            _ahead(ax, place, row, until)
    ax.axvline(timing.as_of, color="#7F7F7F", linewidth=1, label="day of the facts")
    ax.set_yticks(range(len(found)), [str(gate).replace("_", " ") for gate in found.index])
    chance = f"never by 2040 {timing.never(2040):.0%}, by 2050 {timing.never(2050):.0%}"
    first = min([*timing.passed.values(), timing.as_of]) - 1
    ax.set(
        xlim=(first, until + 0.5), ylim=(len(found) - 0.5, -0.5), xlabel="year",
        title=f"{timing.route}: {chance}",
    )  # fmt: skip
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))  # one of each
    ax.legend(handles.values(), handles.keys(), frameon=False, fontsize=8, loc="upper center",
              bbox_to_anchor=(0.5, -0.16), ncols=4)  # fmt: skip
    return ax


def _ahead(ax: Axes, place: int, row: pd.Series[Any], until: float) -> None:
    """Draw a gate that lies ahead."""
    end, middle = min(row["p90"], until), min(row["p50"], until)
    ax.hlines(place, row["p10"], end, color="#CC79A7", linewidth=8, alpha=0.5, label="P10 to P90")
    ax.plot(middle, place, "|", color="#CC79A7", markersize=14, markeredgewidth=3, label="P50")
    ax.annotate(
        f"{row['by_2040']:.0%} by 2040", (until, place), ha="right", va="center", fontsize=8
    )
