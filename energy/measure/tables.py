"""Tables of facts as types; written by ``python -m energy.facts.generate``, never by hand.

One frozen row class a table, the words of the vocabulary in their order, the names of tables and
columns, and `Tables`, which holds them all. The schema is ``energy/data/datapackage.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

if TYPE_CHECKING:
    import pandas as pd

Status: TypeAlias = Literal[
    "actual",
    "provisional",
    "estimate",
    "contract",
    "plan",
    "modelled",
    "balanced",
]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)

Freq: TypeAlias = Literal[
    "A",
    "H",
    "Q",
    "M",
    "D",
    "G",
    "C",
]

FREQS: Final[tuple[Freq, ...]] = get_args(Freq)

Basis: TypeAlias = Literal[
    "0C",
    "15C",
    "20C",
    "15C-40MJ",
    "GCV",
    "NCV",
    "mass",
    "unstated",
]

BASES: Final[tuple[Basis, ...]] = get_args(Basis)

Attribute: TypeAlias = Literal[
    "capacity",
    "length",
    "diameter",
    "start",
    "stop",
    "operator",
    "owner",
    "gcv",
    "pressure",
    "strings",
]

ATTRIBUTES: Final[tuple[Attribute, ...]] = get_args(Attribute)

Role: TypeAlias = Literal[
    "export",
    "exit",
    "string",
    "feeder",
    "onward",
    "foreign",
]

ROLES: Final[tuple[Role, ...]] = get_args(Role)

SourceKind: TypeAlias = Literal[
    "operator",
    "company",
    "statistics",
    "agency",
    "ministry",
    "press",
    "research",
    "register",
    "vendor",
    "own",
]

RouteStatus: TypeAlias = Literal[
    "operating",
    "construction",
    "proposed",
    "idle",
    "mothballed",
    "retired",
    "shelved",
    "cancelled",
    "destroyed",
]

RouteFactAttribute: TypeAlias = Literal[
    "capacity",
    "capacity_technical",
    "capacity_ceiling",
    "capacity_booked",
    "length",
    "diameter",
    "start",
    "stop",
    "operator",
    "owner",
    "gcv",
    "pressure",
    "strings",
]

RouteFactUnit: TypeAlias = Literal[
    "bcm/yr",
    "km",
    "mm",
    "kWh/m3",
    "MPa",
    "count",
]

CrosswalkKind: TypeAlias = Literal[
    "point",
    "series",
    "market",
]

CrosswalkSign: TypeAlias = Literal[
    1,
    -1,
]

ContractUnit: TypeAlias = Literal["bcm/yr"]

EventPrecision: TypeAlias = Literal[
    "day",
    "month",
    "year",
]

EventCategory: TypeAlias = Literal[
    "start",
    "halt",
    "contract",
    "agreement",
    "sanction",
    "waiver",
    "payment",
    "sabotage",
    "maintenance",
    "summit",
    "trade",
    "lng",
    "storage",
    "record",
    "financial",
]

EventOfflineUnit: TypeAlias = Literal[
    "mcm/d",
    "bcm/yr",
]

EventEvidence: TypeAlias = Literal[
    "official",
    "press",
    "one-side",
]

VolumeUnit: TypeAlias = Literal[
    "bcm",
    "bcm/yr",
    "mcm/d",
    "GWh",
    "TWh",
    "PJ",
    "Mt",
    "kt",
    "million USD",
    "percent",
    "year",
    "km",
]

VolumeEvidence: TypeAlias = Literal[
    "page",
    "file",
    "typed",
]

PlaceKind: TypeAlias = Literal[
    "country",
    "group",
    "region",
    "plant",
    "company",
    "border",
    "total",
]

SupplyKind: TypeAlias = Literal[
    "pipeline",
    "lng",
    "all",
]

SupplyMeasure: TypeAlias = Literal[
    "imports",
    "exports",
    "imports reported to JODI",
    "share of the market",
    "share of the origin",
    "growth",
    "value",
    "cargoes",
    "production reported to JODI",
]

SupplyUnit: TypeAlias = Literal[
    "bcm",
    "Mt",
    "TWh",
    "PJ",
    "million USD",
    "EUR bn",
    "percent",
    "cargoes",
]

SupplyEvidence: TypeAlias = Literal[
    "page",
    "file",
    "typed",
]

FinancialStandard: TypeAlias = Literal[
    "IFRS",
    "RAS",
    "other",
]

FinancialUnit: TypeAlias = Literal[
    "RUB bn",
    "EUR bn",
    "USD bn",
    "percent",
    "ratio",
    "bcm",
    "USD/1000 m3",
    "RUB/1000 m3",
    "RUB/share",
]

PriceUnit: TypeAlias = Literal[
    "USD/MMBtu",
    "USD/bbl",
    "USD/1000 m3",
    "RUB/1000 m3",
    "USD bn",
    "percent",
]

FxPair: TypeAlias = Literal["RUB/USD"]

FxKind: TypeAlias = Literal[
    "mean",
    "day",
    "forecast",
]

TradeContextCommodity: TypeAlias = Literal[
    "all",
    "ball_bearings",
    "coal",
    "crude",
    "energy",
    "enriched_uranium",
    "gas",
    "lng",
    "machinery",
    "passenger_cars",
    "pipeline_gas",
    "targeted_dual_use",
    "tariffed_goods",
]

TradeContextMeasure: TypeAlias = Literal[
    "value",
    "volume",
    "turnover",
    "change",
    "turnover_change",
    "share",
]

TradeContextReporter: TypeAlias = Literal[
    "bofit",
    "china",
    "eurostat",
    "ief",
    "kyrgyzstan",
    "russia",
    "united-states",
    "uzbekistan",
]

TradeContextUnit: TypeAlias = Literal[
    "USD bn",
    "EUR bn",
    "CNY bn",
    "percent",
    "Mt",
]

CorrectionTable: TypeAlias = Literal[
    "volumes",
    "financials",
    "prices",
    "fx",
    "trade-context",
    "route-facts",
    "answers",
]

CorrectionAction: TypeAlias = Literal[
    "replace",
    "exclude",
    "annotate",
]

CorrectionState: TypeAlias = Literal[
    "active",
    "fixed",
]

NetworkNodeKind: TypeAlias = Literal[
    "field",
    "hub",
    "compressor",
    "border",
    "market",
]

NetworkNodeSystem: TypeAlias = Literal[
    "west",
    "east",
    "sakhalin",
    "market",
]

NetworkNodeUnit: TypeAlias = Literal["bcm/yr"]

NetworkEdgeUnit: TypeAlias = Literal["bcm/yr"]

CapexUnit: TypeAlias = Literal[
    "million USD",
    "million EUR",
    "million RUB",
]

MirrorRuleCause: TypeAlias = Literal[
    "timing",
    "scope",
    "transit",
    "lng",
    "calorific",
]

MirrorRuleSign: TypeAlias = Literal[
    1,
    -1,
]

MirrorRuleUnit: TypeAlias = Literal[
    "bcm",
    "bcm/yr",
    "TWh",
    "PJ",
    "million USD",
    "share",
    "kWh/m3",
    "kg/m3",
]

PartnerRoleRole: TypeAlias = Literal[
    "direct",
    "gross",
    "transit",
    "mixed",
    "other",
]

TariffItem: TypeAlias = Literal[
    "customs_paid",
    "export_duty",
    "extraction_surcharge",
    "extraction_tax",
    "extraction_tax_paid",
    "network_rate",
    "offshore",
    "production",
    "transit",
    "transit_belarus",
    "transit_belarus_floor",
    "transit_levy",
    "transit_poland",
    "transport_russia",
    "transport_work_rate",
]

TariffUnit: TypeAlias = Literal[
    "RUB bn",
    "RUB/1000 m3",
    "RUB/1000 m3/100 km",
    "USD/1000 m3",
    "USD/1000 m3/100 km",
    "percent",
]

ProposalItem: TypeAlias = Literal[
    "breakeven",
    "breakeven_cash",
    "build_time",
    "capex",
    "capex_total",
    "npv",
    "ramp_time",
    "transport_china",
]

ProposalBound: TypeAlias = Literal[
    "about",
    "low",
    "high",
    "at least",
    "at most",
]

ProposalUnit: TypeAlias = Literal[
    "USD bn",
    "USD/1000 m3",
    "years",
]

OutsideForecastKind: TypeAlias = Literal[
    "ministry",
    "company",
    "agency",
    "bank",
    "press",
    "actual",
]

BalanceArcKind: TypeAlias = Literal[
    "pipe",
    "trunk",
    "production",
    "domestic",
    "own-use",
    "storage",
    "lng",
    "exit",
    "foreign",
]

BalanceContestedStanding: TypeAlias = Literal[
    "resolved",
    "explained",
    "open",
]

BalanceErrorAspect: TypeAlias = Literal[
    "basis",
    "status",
    "derived",
    "span",
    "coverage",
    "annotated",
    "floor",
    "word",
    "source",
    "meters",
    "heat",
    "density",
    "lng",
    "growth",
]

ChargeItem: TypeAlias = Literal[
    "export_duty",
    "extraction_tax",
    "fuel_gas",
    "offshore",
    "transit",
    "transit_belarus",
    "transit_poland",
    "transport_russia",
]

ChargeBearing: TypeAlias = Literal[
    "bears",
    "unsettled",
]

MarketGroupGroup: TypeAlias = Literal[
    "former-ussr",
    "not-export",
]

ProjectPurpose: TypeAlias = Literal[
    "proposal",
    "check",
]

ProjectAssumptionInput: TypeAlias = Literal[
    "capex",
    "upstream",
    "build",
    "ramp",
    "life",
    "write_off",
    "plateau",
    "price",
    "unit_cost",
    "transit",
    "extraction_tax",
    "opex",
    "duty",
    "profit_tax",
    "discount",
]

ProjectAssumptionUnit: TypeAlias = Literal[
    "USD bn",
    "USD/1000 m3",
    "bcm/yr",
    "percent",
    "percent a year, real",
    "percent of capex a year",
    "percent of price",
    "years",
]

AliasKind: TypeAlias = Literal[
    "route",
    "group",
    "market",
    "country",
]

TimingRuleName: TypeAlias = Literal[
    "wider_share",
    "prior_hazard",
    "binding_factor",
    "plan_weight",
    "near_weight",
    "near_saved",
    "prior_slip",
    "prior_ramp",
]

TimingRuleStage: TypeAlias = Literal[
    "",
    "talks",
    "memorandum",
    "committed",
    "building",
]

TimingRuleCause: TypeAlias = Literal[
    "",
    "next",
    "never",
]

TimingRuleUnit: TypeAlias = Literal[
    "1",
    "1/yr",
    "years",
]

TimingEvidenceEvidence: TypeAlias = Literal[
    "reference class",
    "published dates",
    "judgement",
]

StatementLineStandard: TypeAlias = Literal[
    "IFRS",
    "RAS",
]

StatementLineStatement: TypeAlias = Literal[
    "income",
    "expenses",
    "balance",
    "cash",
    "sales_by_market",
]

StatementLineUnit: TypeAlias = Literal[
    "RUB bn",
    "EUR bn",
    "USD bn",
    "percent",
    "ratio",
    "bcm",
    "USD/1000 m3",
    "RUB/1000 m3",
    "RUB/share",
]

StatementAbsentStandard: TypeAlias = Literal[
    "IFRS",
    "RAS",
]

CounterfactualRole: TypeAlias = Literal[
    "treated",
    "covariate",
    "price",
    "placebo",
]

BargainSide: TypeAlias = Literal[
    "buyer",
    "seller",
    "both",
]

BargainItem: TypeAlias = Literal[
    "alternative",
    "transport",
    "share",
    "power",
    "transport_own",
    "link",
]

BargainUnit: TypeAlias = Literal[
    "USD/1000 m3",
    "share",
]

ClearingItem: TypeAlias = Literal[
    "field_cost",
    "tariff",
    "fuel",
    "storage_cost",
    "demand",
    "season_q1",
    "season_q2",
    "season_q3",
    "season_q4",
    "lng_price",
    "lng_most",
    "storage",
    "floor",
]

ClearingUnit: TypeAlias = Literal[
    "USD/1000 m3",
    "USD/1000 m3 100 km",
    "share a 100 km",
    "share",
    "bcm/yr",
    "bcm",
]

TableName: TypeAlias = Literal[
    "sources",
    "routes",
    "route-facts",
    "crosswalk",
    "contracts",
    "events",
    "volumes",
    "places",
    "supply",
    "profiles",
    "financials",
    "prices",
    "fx",
    "trade-context",
    "corrections",
    "preferences",
    "network-nodes",
    "network-edges",
    "capex",
    "mirror-rules",
    "partner-role",
    "tariffs",
    "proposals",
    "reference-projects",
    "outside-forecasts",
    "balance-arcs",
    "balance-scopes",
    "balance-contested",
    "balance-errors",
    "charges",
    "market-groups",
    "projects",
    "project-assumptions",
    "aliases",
    "timing-projects",
    "timing-rules",
    "timing-evidence",
    "statement-lines",
    "statement-absent",
    "counterfactual",
    "bargain",
    "clearing",
    "left-out",
]


class Column:
    """The names of all columns."""

    ABSOLUTE: Final = "absolute"
    ACQ: Final = "acq"
    ACTION: Final = "action"
    ALIAS: Final = "alias"
    ANSWER: Final = "answer"
    ARC: Final = "arc"
    ASPECT: Final = "aspect"
    ATTRIBUTE: Final = "attribute"
    BASIN: Final = "basin"
    BASIS: Final = "basis"
    BEARING: Final = "bearing"
    BOUND: Final = "bound"
    BOUNDED: Final = "bounded"
    BUYER: Final = "buyer"
    BY: Final = "by"
    CAPACITIES: Final = "capacities"
    CAPACITY: Final = "capacity"
    CATEGORY: Final = "category"
    CAUSE: Final = "cause"
    COMMODITY: Final = "commodity"
    CONTRACT: Final = "contract"
    COUNTS: Final = "counts"
    COVERAGE: Final = "coverage"
    DATE: Final = "date"
    DERIVED: Final = "derived"
    DETAIL: Final = "detail"
    DRIFT: Final = "drift"
    EDGE: Final = "edge"
    END: Final = "end"
    ENDS: Final = "ends"
    ENTITY: Final = "entity"
    ERROR: Final = "error"
    EVENT: Final = "event"
    EVIDENCE: Final = "evidence"
    EXPECT: Final = "expect"
    EXPORTER: Final = "exporter"
    FACTS: Final = "facts"
    FIGURES: Final = "figures"
    FIRST_GAS: Final = "first_gas"
    FIRST_YEAR: Final = "first_year"
    FLOW: Final = "flow"
    FREQ: Final = "freq"
    FROM_COUNTRY: Final = "from_country"
    FROM_NODE: Final = "from_node"
    GEM_IDS: Final = "gem_ids"
    GROUP: Final = "group"
    HIGH: Final = "high"
    ID: Final = "id"
    IMPORTER: Final = "importer"
    INPUT: Final = "input"
    ISSUER: Final = "issuer"
    ITEM: Final = "item"
    KEY: Final = "key"
    KIND: Final = "kind"
    LABEL: Final = "label"
    LABELS: Final = "labels"
    LAG: Final = "lag"
    LANG: Final = "lang"
    LAST_YEAR: Final = "last_year"
    LAT: Final = "lat"
    LEVEL: Final = "level"
    LICENCE: Final = "licence"
    LINE: Final = "line"
    LINK: Final = "link"
    LON: Final = "lon"
    LOW: Final = "low"
    MARKED: Final = "marked"
    MARKET: Final = "market"
    MARKETS: Final = "markets"
    MEASURE: Final = "measure"
    METHOD: Final = "method"
    METRIC: Final = "metric"
    MIDDLE: Final = "middle"
    MODE: Final = "mode"
    MONTH: Final = "month"
    NAME: Final = "name"
    NAME_RU: Final = "name_ru"
    NAME_ZH: Final = "name_zh"
    NEVER: Final = "never"
    NODE: Final = "node"
    NOTE: Final = "note"
    OFFLINE: Final = "offline"
    OFFLINE_UNIT: Final = "offline_unit"
    OPERATOR: Final = "operator"
    ORIGIN: Final = "origin"
    PAGE: Final = "page"
    PAIR: Final = "pair"
    PART_OF: Final = "part_of"
    PARTNER: Final = "partner"
    PERIOD: Final = "period"
    PLACE: Final = "place"
    PRECISION: Final = "precision"
    PREFER: Final = "prefer"
    PRINTED: Final = "printed"
    PROJECT: Final = "project"
    PUBLISHED: Final = "published"
    PUBLISHER: Final = "publisher"
    PURPOSE: Final = "purpose"
    RANK: Final = "rank"
    READ: Final = "read"
    REASON: Final = "reason"
    RELATIVE: Final = "relative"
    REPORTER: Final = "reporter"
    REVERSIBLE: Final = "reversible"
    ROLE: Final = "role"
    ROUTE: Final = "route"
    ROUTES: Final = "routes"
    ROW: Final = "row"
    RULE: Final = "rule"
    SAYS: Final = "says"
    SCHEDULED: Final = "scheduled"
    SEASON: Final = "season"
    SEGMENT: Final = "segment"
    SELLER: Final = "seller"
    SERIES: Final = "series"
    SIDE: Final = "side"
    SIGN: Final = "sign"
    SIGNED: Final = "signed"
    SOURCE: Final = "source"
    SPREAD: Final = "spread"
    STAGE: Final = "stage"
    STANDARD: Final = "standard"
    STANDING: Final = "standing"
    STATE: Final = "state"
    STATEMENT: Final = "statement"
    STATUS: Final = "status"
    SUMS: Final = "sums"
    SYSTEM: Final = "system"
    TABLE: Final = "table"
    TAKE_OR_PAY: Final = "take_or_pay"
    TARGET: Final = "target"
    TITLE: Final = "title"
    TO_COUNTRY: Final = "to_country"
    TO_NODE: Final = "to_node"
    TOPIC: Final = "topic"
    UNIT: Final = "unit"
    URL: Final = "url"
    VALID_FROM: Final = "valid_from"
    VALID_TO: Final = "valid_to"
    VALUE: Final = "value"
    VIA: Final = "via"
    WEIGHT: Final = "weight"
    WHY: Final = "why"
    YEAR: Final = "year"


class Source(NamedTuple):
    """Sources: Every document or service that a figure of this package rests on.

    Attributes
    ----------
    source
        Key.
    title
        Title.
    publisher
        Publisher.
    kind
        Kind of source; used by the stated preference.
    url
        Address.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    read
        Day on which, at the latest, we read a page that changes and carries no day of its own
        (a wiki, a vendor's table, a company's page); empty for all else.
    licence
        Terms under which the figure is carried.
    note
        What a reader must know beside the number.
    """

    source: str
    title: str
    publisher: str
    kind: SourceKind
    url: str
    published: str
    read: str
    licence: str
    note: str


class Route(NamedTuple):
    """Routes: Directed ways gas can go: pipelines and measured corridors.

    Attributes
    ----------
    route
        Route id.
    name
        English name.
    name_ru
        Russian name.
    name_zh
        Chinese name.
    status
        Project status.
    role
        How the route enters sums.
    part_of
        The route whose flow this exit or string belongs to.
    from_country
        ISO 3166-1 alpha-3.
    to_country
        ISO 3166-1 alpha-3.
    via
        Countries between, semicolon separated.
    basin
        Supply basin.
    gem_ids
        Project ids of Global Energy Monitor, semicolon separated.
    source
        Key of sources.csv.
    note
        What a reader must know beside the number.
    """

    route: str
    name: str
    name_ru: str
    name_zh: str
    status: RouteStatus
    role: Role
    part_of: str
    from_country: str
    to_country: str
    via: str
    basin: str
    gem_ids: str
    source: str
    note: str


class RouteFact(NamedTuple):
    """Route facts: Capacity, length, diameter, start, stop, operator, owner, calorific value:
    dated values.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    route
        Route id.
    attribute
        What the value is. `capacity` is the design of the pipe, or by its status the contract
        of the year or a plan; `capacity_technical` what the operator offers at the metered
        point; `capacity_ceiling` the most ever metered there, as a rate; `capacity_booked` what
        shippers booked.
    value
        Value; a number where `unit` is given, a date for start and stop.
    unit
        Unit.
    basis
        Reference conditions of a volume or heat basis of an energy; empty where it has no
        meaning.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    valid_to
        First day on which it no longer holds; empty: open.
    status
        Standing of the figure.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    route: str
    attribute: RouteFactAttribute
    value: str
    unit: RouteFactUnit | Literal[""]
    basis: Basis | Literal[""]
    valid_from: str
    valid_to: str
    status: Status
    source: str
    page: str
    published: str
    note: str


class Crosswalk(NamedTuple):
    """Crosswalk: Dated: meter point or upstream series to route, and route to market.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    kind
        What is mapped.
    key
        Meter point (operator/point/direction), upstream series name, or route id.
    label
        Name of the point or series.
    target
        Route id (for point and series) or market id (for market).
    valid_from
        First day.
    valid_to
        First day after.
    sign
        1, or -1 where the meter counts against the route's direction.
    counts
        False: known, but left out of the sum.
    reason
        Why it counts or does not.
    source
        Key of sources.csv.
    """

    id: str
    kind: CrosswalkKind
    key: str
    label: str
    target: str
    valid_from: str
    valid_to: str
    sign: CrosswalkSign
    counts: bool
    reason: str
    source: str


class Contract(NamedTuple):
    """Contracts: Supply contracts: annual contract quantity by year.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    contract
        Contract id.
    route
        Route id.
    market
        Market id.
    buyer
        Buyer.
    seller
        Seller.
    year
        Year, `plateau`, or first/last.
    acq
        Annual contract quantity.
    unit
        Unit.
    basis
        Reference conditions of a volume or heat basis of an energy; empty where it has no
        meaning.
    take_or_pay
        Share of the quantity that is paid for even if not taken, 0-1; empty if unknown.
    signed
        Date of signature.
    ends
        Date of expiry.
    status
        Standing of the figure.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    contract: str
    route: str
    market: str
    buyer: str
    seller: str
    year: str
    acq: float
    unit: ContractUnit
    basis: Basis | Literal[""]
    take_or_pay: float
    signed: str
    ends: str
    status: Status
    source: str
    page: str
    published: str
    note: str


class Event(NamedTuple):
    """Events: Dated things that explain a break in a series.

    Attributes
    ----------
    event
        Event id.
    date
        First day, as precise as known.
    precision
        Precision of the date.
    end
        Day (or month) on which it ended or runs out; empty: a single day, open, or not known.
    title
        Title.
    category
        Kind of event.
    routes
        Route ids concerned, semicolon separated.
    markets
        Markets concerned, semicolon separated.
    place
        Where it happened or was decided, for an event that concerns no route: an id of the
        places or cities of geodata, or a country (ISO 3166-1 alpha-3); empty: the route says
        where, or no place is named.
    offline
        Flow taken off line against what ran or was planned, as printed; 0 where the source says
        that nothing was lost; empty: not told.
    offline_unit
        Unit of `offline`.
    evidence
        press: a page reports it; one-side: only one side of the conflict says so; official: the
        act or notice itself.
    detail
        One sentence.
    scheduled
        True for dates that lie ahead of the package's own date.
    source
        Key of sources.csv.
    """

    event: str
    date: str
    precision: EventPrecision
    end: str
    title: str
    category: EventCategory
    routes: str
    markets: str
    place: str
    offline: float
    offline_unit: EventOfflineUnit | Literal[""]
    evidence: EventEvidence
    detail: str
    scheduled: bool
    source: str


class Volume(NamedTuple):
    """Volumes: Flows, deliveries, imports, production: one value of one series, entity and
    period from one source.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    series
        Series.
    entity
        Route, market, country or company id.
    period
        Period: 2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9 or first/last.
    freq
        Length of the period: A year, H half, Q quarter, M month, D day, C cumulative interval.
    value
        The figure as published, in `unit`.
    unit
        Unit.
    basis
        Reference conditions of a volume or heat basis of an energy; empty where it has no
        meaning.
    coverage
        Share of the period that the figure covers, 0-1.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    evidence
        How the figure was read: `page` seen on the page it cites, `file` read out of a data
        file, `typed` by hand from a note or an excerpt.
    note
        What a reader must know beside the number.
    """

    id: str
    series: str
    entity: str
    period: str
    freq: Freq
    value: float
    unit: VolumeUnit
    basis: Basis | Literal[""]
    coverage: float
    source: str
    page: str
    published: str
    status: Status
    derived: bool
    evidence: VolumeEvidence | Literal[""]
    note: str


class Place(NamedTuple):
    """Places: Markets, countries, groups, plants and companies that figures are told of and
    that are no route.

    Attributes
    ----------
    place
        Key.
    name
        English name.
    name_ru
        Russian name.
    name_zh
        Chinese name.
    kind
        What it is.
    part_of
        Places it is part of, separated by semicolons.
    operator
        Owner or operator, of a plant.
    capacity
        Nameplate of a plant, Mt a year.
    source
        Key of sources.csv.
    note
        What a reader must know.
    """

    place: str
    name: str
    name_ru: str
    name_zh: str
    kind: PlaceKind
    part_of: str
    operator: str
    capacity: float
    source: str
    note: str


class Supply(NamedTuple):
    """Supply by origin: Gas of one origin to one market, pipeline or LNG, Russian and other:
    what a share is told from.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    market
        Who takes the gas: key of places.csv.
    origin
        Where it comes from, a country or a plant: key of places.csv; `all` for the total.
    kind
        By pipe, as LNG, or both.
    measure
        What is counted: imports as the market tells them, exports as the origin or ship
        tracking tells them, a share, a value, a growth.
    period
        Period: 2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9 or first/last.
    freq
        Length of the period: A year, H half, Q quarter, M month, D day, C cumulative interval.
    value
        The figure as published, in `unit`.
    unit
        Unit.
    basis
        Reference conditions of a volume or heat basis of an energy; empty where it has no
        meaning.
    coverage
        Share of the period that the figure covers, 0-1.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    evidence
        How the figure was read: `page` seen on the page it cites, `file` read out of a data
        file, `typed` by hand from a note or an excerpt.
    note
        What a reader must know beside the number.
    """

    id: str
    market: str
    origin: str
    kind: SupplyKind
    measure: SupplyMeasure
    period: str
    freq: Freq
    value: float
    unit: SupplyUnit
    basis: Basis | Literal[""]
    coverage: float
    source: str
    page: str
    published: str
    status: Status
    derived: bool
    evidence: SupplyEvidence | Literal[""]
    note: str


class Profile(NamedTuple):
    """Seasonal profiles: Weights by month that spread an annual figure where nothing finer is
    known.

    Attributes
    ----------
    route
        Route id.
    first_year
        First year of use.
    last_year
        Last year of use.
    month
        Month.
    weight
        Share of the year; the twelve add up to 1.
    method
        How it was found.
    source
        Key of sources.csv.
    """

    route: str
    first_year: int
    last_year: int
    month: int
    weight: float
    method: str
    source: str


class Financial(NamedTuple):
    """Financials: Gazprom's accounts, IFRS and RAS apart, and company figures that belong to
    neither.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    standard
        Accounting standard.
    metric
        Line.
    segment
        Segment or market.
    period
        Period: 2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9 or first/last.
    freq
        Length of the period: A year, H half, Q quarter, M month, D day, C cumulative interval.
    value
        The figure as published, in `unit`.
    unit
        Unit.
    basis
        Reference conditions of a volume or heat basis of an energy; empty where it has no
        meaning.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    standard: FinancialStandard
    metric: str
    segment: str
    period: str
    freq: Freq
    value: float
    unit: FinancialUnit
    basis: Basis | Literal[""]
    status: Status
    derived: bool
    source: str
    page: str
    published: str
    note: str


class Price(NamedTuple):
    """Prices: Benchmarks, customs-implied, ministry and reported contract prices.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    series
        Series.
    market
        Market or hub id.
    period
        Period: 2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9 or first/last.
    freq
        Length of the period: A year, H half, Q quarter, M month, D day, C cumulative interval.
    value
        The figure as published, in `unit`.
    unit
        Unit.
    basis
        Reference conditions of a volume or heat basis of an energy; empty where it has no
        meaning.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    series: str
    market: str
    period: str
    freq: Freq
    value: float
    unit: PriceUnit
    basis: Basis | Literal[""]
    status: Status
    derived: bool
    source: str
    page: str
    published: str
    note: str


class Fx(NamedTuple):
    """Exchange rates: Roubles per US dollar.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    pair
        Currency pair, price currency first: RUB/USD = roubles per dollar.
    kind
        Mean of the period, rate of a day, or forecast.
    period
        Period: 2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9 or first/last.
    freq
        Length of the period: A year, H half, Q quarter, M month, D day, C cumulative interval.
    value
        Rate.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    pair: FxPair
    kind: FxKind
    period: str
    freq: Freq
    value: float
    status: Status
    derived: bool
    source: str
    page: str
    published: str
    note: str


class TradeContext(NamedTuple):
    """Trade context: Trade of China with Russia and Central Asia, beside the gas.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    series
        Series.
    flow
        Direction or item as first written; the columns beside it say the same in parts.
    exporter
        Country of origin, or several, semicolon separated; for turnover the country that
        reports first.
    importer
        Country of destination; for turnover the other partner.
    commodity
        What is traded; all: every good.
    measure
        value and volume of one direction; turnover: both directions together; change and
        turnover_change: percent on the same time a year before, or between the two years of the
        period; share: percent of a total.
    reporter
        Whose statistics: the two sides of one trade differ.
    period
        Period: 2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9 or first/last. A comparison of
        two years is first/last.
    freq
        Length of the period: A year, H half, Q quarter, M month, D day, C cumulative interval.
    value
        The figure as published, in `unit`.
    unit
        Unit.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    series: str
    flow: str
    exporter: str
    importer: str
    commodity: TradeContextCommodity
    measure: TradeContextMeasure
    reporter: TradeContextReporter
    period: str
    freq: Freq
    value: float
    unit: TradeContextUnit
    status: Status
    derived: bool
    source: str
    page: str
    published: str
    note: str


class Correction(NamedTuple):
    """Corrections: Known errors of a source: what is done about them, and a guard that fails
    once the source has changed.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    table
        Table of the row; answers: what the sources of the update deliver.
    row
        Id of the row; for answers source;series;entity;period;basis, all rows within the
        period.
    action
        What is done.
    expect
        The value that stands in the row, for answers the sum over the period; the check fails
        if it differs.
    value
        The corrected value (replace).
    reason
        Why.
    state
        Whether it still applies.
    source
        Key of sources.csv.
    """

    id: str
    table: CorrectionTable
    row: str
    action: CorrectionAction
    expect: float
    value: float
    reason: str
    state: CorrectionState
    source: str


class Preference(NamedTuple):
    """Preferences: Which source is taken first where several speak for one series and entity;
    used by choose() and explained by cite.

    Attributes
    ----------
    series
        Series, or * for any.
    entity
        Entity, or * for any.
    rank
        1 is taken first.
    prefer
        `source:<id>`, `kind:<kind>` or `basis:<basis>`.
    reason
        Why.
    """

    series: str
    entity: str
    rank: int
    prefer: str
    reason: str


class NetworkNode(NamedTuple):
    """Network: places: Fields, hubs, compressor nodes, borders and markets of the export
    network, dated.

    Attributes
    ----------
    node
        Id of the place.
    name
        English name.
    kind
        What it is.
    system
        Which system it belongs to.
    lon
        Longitude, degrees east.
    lat
        Latitude, degrees north.
    link
        Scenario link in which alone the row holds; empty: always.
    capacity
        Output of a field, throughput of a hub, what a market takes; empty: not published, taken
        as unbounded.
    unit
        Unit.
    basis
        Reference conditions of a volume; empty where it has no meaning.
    valid_from
        First day on which the row holds (YYYY-MM-DD); empty: since the start.
    valid_to
        First day on which it no longer holds; empty: open.
    status
        Standing of the figure.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    node: str
    name: str
    kind: NetworkNodeKind
    system: NetworkNodeSystem
    lon: float
    lat: float
    link: str
    capacity: float
    unit: NetworkNodeUnit | Literal[""]
    basis: Basis | Literal[""]
    valid_from: str
    valid_to: str
    status: Status
    source: str
    published: str
    note: str


class NetworkEdge(NamedTuple):
    """Network: ways: Directed ways between places of the network, each riding on a route where
    one is known, dated.

    Attributes
    ----------
    edge
        Id of the way.
    from_node
        Where it starts.
    to_node
        Where it ends.
    route
        Route it rides on; empty: none of ours.
    link
        Scenario link in which alone the row holds; empty: always.
    capacity
        Capacity of its own; empty: that of the route at the date, unbounded where the route has
        none.
    unit
        Unit.
    basis
        Reference conditions of a volume; empty where it has no meaning.
    reversible
        True where gas can run both ways.
    valid_from
        First day on which the row holds (YYYY-MM-DD); empty: since the start.
    valid_to
        First day on which it no longer holds; empty: open.
    status
        Standing of the figure.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    edge: str
    from_node: str
    to_node: str
    route: str
    link: str
    capacity: float
    unit: NetworkEdgeUnit | Literal[""]
    basis: Basis | Literal[""]
    reversible: bool
    valid_from: str
    valid_to: str
    status: Status
    source: str
    published: str
    note: str


class Capex(NamedTuple):
    """Cost of building: What pipelines cost to build, as published, nominal money of the year.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    route
        Route id.
    rank
        1 is the figure taken; others stand beside.
    value
        Cost.
    unit
        Unit.
    year
        Year of the money.
    status
        Standing of the figure.
    derived
        True when the figure is arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    route: str
    rank: int
    value: float
    unit: CapexUnit
    year: int
    status: Status
    derived: bool
    source: str
    published: str
    note: str


class MirrorRule(NamedTuple):
    """Mirror rules: Documented, dated causes for a gap between two sources; a cause without a
    rule (or a computation) is not proposed.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    cause
        Cause of the gap; timing is the definition of the period (day, month, provisional, part
        of it).
    entity
        Route or market, or * for any.
    series
        Series of the figure that has it, or *.
    marked
        Figure that has it: a key of sources.csv, an id of volumes.csv, `provisional`, or *.
    valid_from
        First day.
    valid_to
        First day after; an amount that is no rate belongs to exactly this period.
    sign
        1: the marked figure counts so much more; -1: less.
    low
        Least amount; equal to high where it is stated. Empty with `by`, or where no number is
        known (the cause is named and stays residual).
    high
        Largest amount.
    unit
        Unit of low and high; share is of the marked figure, /yr counts by days, kWh/m3 and
        kg/m3 are the range of the gas itself.
    basis
        Reference conditions of unit.
    by
        series:entity whose figure of the same period measures the amount.
    reason
        Why, in a sentence.
    source
        Key of sources.csv.
    """

    id: str
    cause: MirrorRuleCause
    entity: str
    series: str
    marked: str
    valid_from: str
    valid_to: str
    sign: MirrorRuleSign
    low: float
    high: float
    unit: MirrorRuleUnit
    basis: Basis | Literal[""]
    by: str
    reason: str
    source: str


class PartnerRole(NamedTuple):
    """What a monthly Eurostat partner stands for: Dated: which partner of the monthly import
    table stands for Russian pipeline gas at which reporter. The monthly partner is the
    country the gas came through last, the annual one that of origin.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    reporter
        Eurostat's code of the importing country (Greece EL, United Kingdom UK).
    partner
        Eurostat's code of the partner in the monthly table.
    role
        direct: Russian gas for the reporter; gross: Russian gas with transit to others inside;
        transit: Russian gas through a neighbour; mixed: other gas may be inside; other: not
        Russian pipeline gas.
    counts
        True: taken as Russian pipeline gas of this reporter. Reporters must still not be added
        up.
    valid_from
        First day.
    valid_to
        First day after.
    reason
        Why, with the figures that show it.
    source
        Key of sources.csv.
    """

    id: str
    reporter: str
    partner: str
    role: PartnerRoleRole
    counts: bool
    valid_from: str
    valid_to: str
    reason: str
    source: str


class Tariff(NamedTuple):
    """Tariffs, duties and taxes: What stands between the border price and the field: dated
    figures with their source.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    route
        Route id; empty: every route.
    market
        Market id; empty: every market.
    item
        What is charged.
    value
        Charge; nought means none is due.
    unit
        Unit.
    basis
        Reference conditions of the cubic metre; empty where it has no meaning.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    valid_to
        First day on which it no longer holds; empty: open.
    status
        Standing of the figure.
    derived
        True: arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    route: str
    market: str
    item: TariffItem
    value: float
    unit: TariffUnit
    basis: Basis | Literal[""]
    valid_from: str
    valid_to: str
    status: Status
    derived: bool
    source: str
    page: str
    published: str
    note: str


class Proposal(NamedTuple):
    """Proposed lines: What was published on the cost, timing and break-even price of proposed
    lines, and of Power of Siberia 1 for comparison.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    route
        Route id, or power-of-siberia-1-plus-6 for the extra six bcm.
    item
        What the figure is.
    bound
        How the figure is meant.
    value
        Value.
    unit
        Unit.
    year
        Year the figure speaks for.
    status
        Standing of the figure.
    derived
        True: arithmetic on cited figures; the note says which.
    source
        Key of sources.csv.
    page
        Page, table or sheet within the source, where known.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    note
        What a reader must know beside the number.
    """

    id: str
    route: str
    item: ProposalItem
    bound: ProposalBound
    value: float
    unit: ProposalUnit
    year: int
    status: Status
    derived: bool
    source: str
    page: str
    published: str
    note: str


class ReferenceProject(NamedTuple):
    """Reference class of pipeline projects: Milestones, size, cost and outcome of named
    projects, as published; the survival fit reads the milestones. A user's own route: rows
    with its id as project.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    project
        Name of the project, or the id of a route; (wider class) holds counts.
    metric
        What the value is: a milestone (announced, memorandum_signed, agreement,
        contract_signed, fid, construction_start, first_gas, full_capacity, cancelled), one of
        these with _planned, outcome, or a size or cost.
    value
        Date, year, number or word.
    unit
        Unit: date, month, year, status, or of the number.
    status
        actual, plan or estimate.
    source
        Key of sources.
    page
        Page or table.
    published
        When it was published: YYYY, YYYY-MM or YYYY-MM-DD; empty unknown.
    note
        What a reader must know.
    """

    id: str
    project: str
    metric: str
    value: str
    unit: str
    status: Status
    source: str
    page: str
    published: str
    note: str


class OutsideForecast(NamedTuple):
    """Published forecasts of others: Dated forecasts by ministries, companies, agencies and
    banks, scored against the actuals in the facts; kind actual holds outcomes the other
    tables lack.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    issuer
        Who said it.
    kind
        Kind of issuer, or actual.
    published
        When it was said: YYYY, YYYY-MM or YYYY-MM-DD.
    series
        What is forecast: exports, exports_pipeline, flow, production, export_price,
        lng_exports, lng_production, rate, ...
    target
        Route, market, company or pair.
    period
        Year.
    value
        Central value, in the unit.
    low
        Low end, where a range was given.
    high
        High end, where a range was given.
    unit
        Unit.
    basis
        Reference conditions, where they have a meaning.
    source
        Key of sources.
    page
        Page or table.
    note
        What a reader must know.
    """

    id: str
    issuer: str
    kind: OutsideForecastKind
    published: str
    series: str
    target: str
    period: str
    value: float
    low: float
    high: float
    unit: str
    basis: Basis | Literal[""]
    source: str
    page: str
    note: str


class BalanceArc(NamedTuple):
    """Balance: arcs from field to market: The gas system as the balance sees it: production,
    trunk lines, routes, exits, LNG plants, stores, own use. At each node gas in equals gas
    out, every month.

    Attributes
    ----------
    arc
        Id of the arc; that of the route where it is one.
    from_node
        Where it starts; empty: outside the system (a field, a neighbour).
    to_node
        Where it ends; empty: outside the system (a market, a store, a user).
    kind
        What it is.
    market
        Market counted at this arc (taken off where `kind` is foreign); empty: counted elsewhere
        or none.
    group
        Group of markets it is added to in the totals; empty: none.
    route
        Route it is; empty: none of ours.
    level
        Prior mean of the flow, bcm a year at 20 °C, while the arc is open.
    spread
        Prior standard deviation as a share of the level; bcm a year where `low` is below zero.
    season
        Seasonal swing as a share of the mean, highest in January; bcm a year where `low` is
        below zero.
    drift
        Standard deviation of the change from month to month as a share of the level; bcm a year
        where `low` is below zero.
    low
        Lower bound, bcm a year.
    high
        Upper bound, bcm a year; empty: none.
    bounded
        True where the capacity in force (route_facts.csv) bounds the flow month by month beside
        `high`: a line nobody meters cannot carry more than it was built for.
    valid_from
        First day on which the arc is open (YYYY-MM-DD); empty: the start of the route, or
        always.
    valid_to
        First day on which it is shut (YYYY-MM-DD); empty: the stop of the route, or open.
    source
        Key of sources.csv.
    note
        What a reader must know.
    """

    arc: str
    from_node: str
    to_node: str
    kind: BalanceArcKind
    market: str
    group: str
    route: str
    level: float
    spread: float
    season: float
    drift: float
    low: float
    high: float
    bounded: bool
    valid_from: str
    valid_to: str
    source: str
    note: str


class BalanceScope(NamedTuple):
    """Balance: what a published series counts: Which arcs a published series of an entity adds
    up, dated; a route's own flow needs no row.

    Attributes
    ----------
    series
        Series of volumes.csv.
    entity
        Entity of volumes.csv.
    by
        Source whose figures alone are counted so; empty: every other.
    arc
        Arc that is counted.
    weight
        How it is counted: 1 added, -1 taken off.
    valid_from
        First day of the scope (YYYY-MM-DD).
    valid_to
        First day on which it no longer holds (YYYY-MM-DD).
    error
        Standard error of the scope itself as a share of the figure; empty: none.
    source
        Key of sources.csv.
    note
        What a reader must know.
    """

    series: str
    entity: str
    by: str
    arc: str
    weight: float
    valid_from: str
    valid_to: str
    error: float
    source: str
    note: str


class BalanceContested(NamedTuple):
    """Balance: known contradictions: Figures that contradict each other, or what was once
    shown: which belong side by side, and what sets them apart. `energy check --contested`
    works out the numbers beside them.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    topic
        What they are about; rows of one topic belong together.
    period
        Period in which they are set side by side.
    figures
        Ids of volumes.csv, joined by `;`.
    sums
        Arcs, `market:`, `group:` and `exports` of the balance; `+` adds, `;` separates.
    capacities
        Routes whose capacities by kind belong beside them, joined by `;`.
    standing
        resolved: the balance tells one number and why the other is not it; explained: they
        count different things, or one is a known slip; open: no reason was found.
    answer
        What sets them apart.
    source
        Key of sources.csv.
    """

    id: str
    topic: str
    period: str
    figures: str
    sums: str
    capacities: str
    standing: BalanceContestedStanding
    answer: str
    source: str


class BalanceError(NamedTuple):
    """Balance: standard errors of published figures: What is added, in quadrature, to the
    rounding of a figure: by basis, status, word and span.

    Attributes
    ----------
    aspect
        Property of the figure.
    key
        Value of the property; words are separated by |.
    relative
        Standard error as a share of the figure; for heat, density and lng the factor itself.
    absolute
        Standard error in bcm; for heat, density and lng that of the factor, for growth
        percentage points.
    source
        Key of sources.csv.
    reason
        Why so.
    """

    aspect: BalanceErrorAspect
    key: str
    relative: float
    absolute: float
    source: str
    reason: str


class Charge(NamedTuple):
    """Charges by route: What a route bears between the field and the border of the buyer, and
    what is not settled.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    route
        Route id; empty: every route.
    item
        The charge, as in tariffs.csv.
    bearing
        bears: the route pays it; unsettled: whether it pays was not found, so no figure is
        taken.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    valid_to
        First day on which it no longer holds; empty: open.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty: a choice of ours, which is
        method and not news.
    note
        What a reader must know beside the row.
    """

    id: str
    route: str
    item: ChargeItem
    bearing: ChargeBearing
    valid_from: str
    valid_to: str
    source: str
    published: str
    note: str


class MarketGroup(NamedTuple):
    """Groups of markets: Markets that the accounts count together, and those that are no
    export.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    market
        Market id.
    group
        former-ussr: the segment Former Soviet Union of the accounts; not-export: Russia itself.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    valid_to
        First day on which it no longer holds; empty: open.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty: a choice of ours, which is
        method and not news.
    note
        What a reader must know beside the row.
    """

    id: str
    market: str
    group: MarketGroupGroup
    valid_from: str
    valid_to: str
    source: str
    published: str
    note: str


class Project(NamedTuple):
    """Proposed lines judged: Lines of which the economics are worked out.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    project
        Key of the project.
    title
        Title.
    routes
        Route ids it stands for, semicolon separated.
    first_gas
        Year of first gas.
    purpose
        proposal: a line to be decided; check: a line of the past that tests the method.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty: a choice of ours, which is
        method and not news.
    note
        What a reader must know beside the row.
    """

    id: str
    project: str
    title: str
    routes: str
    first_gas: int
    purpose: ProjectPurpose
    valid_from: str
    source: str
    published: str
    note: str


class ProjectAssumption(NamedTuple):
    """Assumptions of projects: Ranges of each input of the economics: lowest, most likely,
    highest.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    project
        Key of projects.csv or a route id; empty: every project without a row of its own.
    market
        Market id where the row holds for one market alone; empty: any.
    input
        The input.
    low
        Lowest.
    mode
        Most likely.
    high
        Highest.
    unit
        Unit.
    facts
        Ids of the rows it rests on, semicolon separated; empty: an assumption of ours.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty: a choice of ours, which is
        method and not news.
    note
        What a reader must know beside the row.
    """

    id: str
    project: str
    market: str
    input: ProjectAssumptionInput
    low: float
    mode: float
    high: float
    unit: ProjectAssumptionUnit
    facts: str
    valid_from: str
    source: str
    published: str
    note: str


class Alias(NamedTuple):
    """Other names: Words people use for routes, groups of routes, markets and countries,
    beside the names in routes.csv; case, hyphens, blanks and accents do not count.

    Attributes
    ----------
    alias
        The word as people write it.
    kind
        What it stands for.
    id
        Route; `;`-joined routes of a group; market of the crosswalk; ISO 3166-1 alpha-3
        country.
    lang
        Language, ISO 639-1.
    source
        Document that uses the name; empty for a common spelling.
    """

    alias: str
    kind: AliasKind
    id: str
    lang: str
    source: str


class TimingProject(NamedTuple):
    """Projects of the reference class that stand for a route: Which project of
    reference_projects.csv times a route; a route whose own id is a project needs no row.

    Attributes
    ----------
    route
        Route id, or the name of a project that is no route of its own.
    project
        Name in reference_projects.csv.
    note
        What a reader must know.
    """

    route: str
    project: str
    note: str


class TimingRule(NamedTuple):
    """Numbers of the timing model: What the timing of proposed lines assumes, number by
    number; the method of today, whatever the as-of date.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    name
        What the number is.
    stage
        Stage it speaks for; empty for all.
    cause
        How the stage ends: next, never; empty for both.
    value
        The number.
    unit
        Unit.
    note
        Why we take it.
    """

    id: str
    name: TimingRuleName
    stage: TimingRuleStage | Literal[""]
    cause: TimingRuleCause | Literal[""]
    value: float
    unit: TimingRuleUnit
    note: str


class TimingEvidence(NamedTuple):
    """Weighed evidence on first gas: Pieces of evidence on when, if ever, a line delivers,
    with their relative weight; a line without rows is timed by the reference class alone.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    route
        Route id or project.
    evidence
        Kind of evidence.
    says
        What it says, in words.
    weight
        Relative weight among the pieces known on a day.
    low
        P10 of first gas if built, decimal year.
    middle
        P50.
    high
        P90.
    never
        Probability that it is never built; empty for the reference class, which has its own.
    source
        Key of sources.csv; empty: our own assumption, the note says why.
    published
        When it was published or laid down: YYYY, YYYY-MM or YYYY-MM-DD; empty unknown.
    note
        Why this weight.
    """

    id: str
    route: str
    evidence: TimingEvidenceEvidence
    says: str
    weight: float
    low: float
    middle: float
    high: float
    never: float
    source: str
    published: str
    note: str


class StatementLine(NamedTuple):
    """Lines of the statements: Which lines a statement has, in their order, and by which rule
    a line follows from others.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    standard
        Accounting standard.
    statement
        The statement.
    line
        Key of the line within its standard, as the rules name it.
    metric
        Line.
    segment
        Segment or market.
    unit
        Unit.
    title
        Title as shown.
    rule
        How the line follows from others: keys joined by +, -, * and /; empty: it stands for
        itself.
    labels
        Labels of the row in documents, semicolon separated, lower case; `section / label` below
        a row with the name of the section.
    valid_from
        First day on which it holds (YYYY-MM-DD); empty: since the start.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty: a choice of ours, which is
        method and not news.
    note
        What a reader must know beside the row.
    """

    id: str
    standard: StatementLineStandard
    statement: StatementLineStatement
    line: str
    metric: str
    segment: str
    unit: StatementLineUnit
    title: str
    rule: str
    labels: str
    valid_from: str
    source: str
    published: str
    note: str


class StatementAbsent(NamedTuple):
    """What the statements do not print: Lines that a statement of a period does not have, and
    statements that were not published, each with the reason and its source.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    standard
        Accounting standard.
    line
        Key of the line in statement_lines.csv; *: the company published no statement of the
        period.
    period
        The period, or first/last: any period within.
    why
        Why the statement does not print it.
    source
        Key of sources.csv.
    published
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty: that of its source.
    note
        What a reader must know beside the row.
    """

    id: str
    standard: StatementAbsentStandard
    line: str
    period: str
    why: str
    source: str
    published: str
    note: str


class Counterfactual(NamedTuple):
    """Markets without the invasion: Which markets are carried on as if the invasion of 2022
    had not come, how, by which covariates, at which price, and which markets serve as
    placebos.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    market
        Market as in crosswalk.csv.
    role
        treated: carried on; covariate: explains it; price: at what it is sold; placebo: left
        alone by the invasion.
    name
        treated: structural or schedule; covariate: series of prices.csv; price: the market
        whose past price reverts, or paid; placebo: structural.
    lag
        Quarters by which a covariate leads.
    source
        Key of sources.csv; empty: our own assumption, the note says why.
    published
        When it was published or laid down: YYYY, YYYY-MM or YYYY-MM-DD; empty unknown.
    note
        Why; for an assumption the reason.
    """

    id: str
    market: str
    role: CounterfactualRole
    name: str
    lag: float
    source: str
    published: str
    note: str


class Bargain(NamedTuple):
    """Inputs of a bargain over a line: What each side of a deal over a proposed line stands to
    win or lose: alternatives of the buyer, transport inside China, weight of each
    alternative, power of the seller; with range and source.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    project
        Project of projects.csv.
    side
        Whose: buyer, seller or both.
    item
        alternative: border or landed cost of other gas; transport: from where it is bought to
        where it is used; share: how much of the volume it could replace; power: the seller's
        share of the gain; transport_own: the same for the line itself; link: rank correlation
        of the alternatives, both follow oil.
    name
        Which alternative: line-d, lng, own-output; empty for the line itself.
    low
        Lowest of a triangular range.
    mode
        Most likely.
    high
        Highest.
    unit
        USD/1000 m3 at 20 degrees, or share.
    facts
        Ids of rows of other tables it rests on, separated by semicolons.
    source
        Key of sources.csv; empty: our own assumption, the note says why.
    published
        When it was published or laid down: YYYY, YYYY-MM or YYYY-MM-DD; empty unknown.
    note
        Why; for an assumption the reason.
    """

    id: str
    project: str
    side: BargainSide
    item: BargainItem
    name: str
    low: float
    mode: float
    high: float
    unit: BargainUnit
    facts: str
    source: str
    published: str
    note: str


class Clearing(NamedTuple):
    """Inputs of the clearing: What a cleared year rests on: contested demand of each market
    and its season, price and most of LNG, storage, floors of contracts, cost of production,
    transport and fuel.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    item
        What it is.
    market
        Market of the network, or all.
    value
        Amount.
    unit
        Its unit.
    source
        Key of sources.csv; empty: our own assumption, the note says why.
    published
        When it was published or laid down: YYYY, YYYY-MM or YYYY-MM-DD; empty unknown.
    note
        Why; for an assumption the reason.
    """

    id: str
    item: ClearingItem
    market: str
    value: float
    unit: ClearingUnit
    source: str
    published: str
    note: str


class LeftOut(NamedTuple):
    """Figures that were read and not taken: Collected figures that stand in no table, each
    with the reason; so that nobody takes them for forgotten.

    Attributes
    ----------
    id
        Stable id of the row; cite it.
    table
        Table it would stand in.
    series
        Series or line as collected.
    entity
        Route, market, segment or flow as collected.
    period
        Period as the page tells it.
    value
        Value; empty where the page tells none.
    unit
        Unit as collected.
    title
        Title of the page.
    url
        Address of the page.
    printed
        Date of publication (YYYY, YYYY-MM or YYYY-MM-DD); empty if unknown.
    reason
        Why it was not taken.
    """

    id: str
    table: str
    series: str
    entity: str
    period: str
    value: float
    unit: str
    title: str
    url: str
    printed: str
    reason: str


ROWS: Final[dict[str, type[NamedTuple]]] = {
    "sources": Source,
    "routes": Route,
    "route-facts": RouteFact,
    "crosswalk": Crosswalk,
    "contracts": Contract,
    "events": Event,
    "volumes": Volume,
    "places": Place,
    "supply": Supply,
    "profiles": Profile,
    "financials": Financial,
    "prices": Price,
    "fx": Fx,
    "trade-context": TradeContext,
    "corrections": Correction,
    "preferences": Preference,
    "network-nodes": NetworkNode,
    "network-edges": NetworkEdge,
    "capex": Capex,
    "mirror-rules": MirrorRule,
    "partner-role": PartnerRole,
    "tariffs": Tariff,
    "proposals": Proposal,
    "reference-projects": ReferenceProject,
    "outside-forecasts": OutsideForecast,
    "balance-arcs": BalanceArc,
    "balance-scopes": BalanceScope,
    "balance-contested": BalanceContested,
    "balance-errors": BalanceError,
    "charges": Charge,
    "market-groups": MarketGroup,
    "projects": Project,
    "project-assumptions": ProjectAssumption,
    "aliases": Alias,
    "timing-projects": TimingProject,
    "timing-rules": TimingRule,
    "timing-evidence": TimingEvidence,
    "statement-lines": StatementLine,
    "statement-absent": StatementAbsent,
    "counterfactual": Counterfactual,
    "bargain": Bargain,
    "clearing": Clearing,
    "left-out": LeftOut,
}


class Tables(dict[str, "pd.DataFrame"]):
    """Every table of facts: ``tables.volumes``, or ``tables["volumes"]``.

    A copy with other tables in it is made with `replaced`; the tables themselves are shared, so
    change a copy of a table and lay that in.
    """

    def replaced(self, tables: Mapping[str, pd.DataFrame]) -> Tables:
        """Return the same tables with some laid over."""
        return Tables({**self, **tables})

    @property
    def sources(self) -> pd.DataFrame:
        """Sources: the columns of `Source`."""
        return self["sources"]

    @property
    def routes(self) -> pd.DataFrame:
        """Routes: the columns of `Route`."""
        return self["routes"]

    @property
    def route_facts(self) -> pd.DataFrame:
        """Route facts: the columns of `RouteFact`."""
        return self["route-facts"]

    @property
    def crosswalk(self) -> pd.DataFrame:
        """Crosswalk: the columns of `Crosswalk`."""
        return self["crosswalk"]

    @property
    def contracts(self) -> pd.DataFrame:
        """Contracts: the columns of `Contract`."""
        return self["contracts"]

    @property
    def events(self) -> pd.DataFrame:
        """Events: the columns of `Event`."""
        return self["events"]

    @property
    def volumes(self) -> pd.DataFrame:
        """Volumes: the columns of `Volume`."""
        return self["volumes"]

    @property
    def places(self) -> pd.DataFrame:
        """Places: the columns of `Place`."""
        return self["places"]

    @property
    def supply(self) -> pd.DataFrame:
        """Supply by origin: the columns of `Supply`."""
        return self["supply"]

    @property
    def profiles(self) -> pd.DataFrame:
        """Seasonal profiles: the columns of `Profile`."""
        return self["profiles"]

    @property
    def financials(self) -> pd.DataFrame:
        """Financials: the columns of `Financial`."""
        return self["financials"]

    @property
    def prices(self) -> pd.DataFrame:
        """Prices: the columns of `Price`."""
        return self["prices"]

    @property
    def fx(self) -> pd.DataFrame:
        """Exchange rates: the columns of `Fx`."""
        return self["fx"]

    @property
    def trade_context(self) -> pd.DataFrame:
        """Trade context: the columns of `TradeContext`."""
        return self["trade-context"]

    @property
    def corrections(self) -> pd.DataFrame:
        """Corrections: the columns of `Correction`."""
        return self["corrections"]

    @property
    def preferences(self) -> pd.DataFrame:
        """Preferences: the columns of `Preference`."""
        return self["preferences"]

    @property
    def network_nodes(self) -> pd.DataFrame:
        """Network: places: the columns of `NetworkNode`."""
        return self["network-nodes"]

    @property
    def network_edges(self) -> pd.DataFrame:
        """Network: ways: the columns of `NetworkEdge`."""
        return self["network-edges"]

    @property
    def capex(self) -> pd.DataFrame:
        """Cost of building: the columns of `Capex`."""
        return self["capex"]

    @property
    def mirror_rules(self) -> pd.DataFrame:
        """Mirror rules: the columns of `MirrorRule`."""
        return self["mirror-rules"]

    @property
    def partner_role(self) -> pd.DataFrame:
        """What a monthly Eurostat partner stands for: the columns of `PartnerRole`."""
        return self["partner-role"]

    @property
    def tariffs(self) -> pd.DataFrame:
        """Tariffs, duties and taxes: the columns of `Tariff`."""
        return self["tariffs"]

    @property
    def proposals(self) -> pd.DataFrame:
        """Proposed lines: the columns of `Proposal`."""
        return self["proposals"]

    @property
    def reference_projects(self) -> pd.DataFrame:
        """Reference class of pipeline projects: the columns of `ReferenceProject`."""
        return self["reference-projects"]

    @property
    def outside_forecasts(self) -> pd.DataFrame:
        """Published forecasts of others: the columns of `OutsideForecast`."""
        return self["outside-forecasts"]

    @property
    def balance_arcs(self) -> pd.DataFrame:
        """Balance: arcs from field to market: the columns of `BalanceArc`."""
        return self["balance-arcs"]

    @property
    def balance_scopes(self) -> pd.DataFrame:
        """Balance: what a published series counts: the columns of `BalanceScope`."""
        return self["balance-scopes"]

    @property
    def balance_contested(self) -> pd.DataFrame:
        """Balance: known contradictions: the columns of `BalanceContested`."""
        return self["balance-contested"]

    @property
    def balance_errors(self) -> pd.DataFrame:
        """Balance: standard errors of published figures: the columns of `BalanceError`."""
        return self["balance-errors"]

    @property
    def charges(self) -> pd.DataFrame:
        """Charges by route: the columns of `Charge`."""
        return self["charges"]

    @property
    def market_groups(self) -> pd.DataFrame:
        """Groups of markets: the columns of `MarketGroup`."""
        return self["market-groups"]

    @property
    def projects(self) -> pd.DataFrame:
        """Proposed lines judged: the columns of `Project`."""
        return self["projects"]

    @property
    def project_assumptions(self) -> pd.DataFrame:
        """Assumptions of projects: the columns of `ProjectAssumption`."""
        return self["project-assumptions"]

    @property
    def aliases(self) -> pd.DataFrame:
        """Other names: the columns of `Alias`."""
        return self["aliases"]

    @property
    def timing_projects(self) -> pd.DataFrame:
        """Projects of the reference class that stand for a route: the columns of `TimingProject`."""
        return self["timing-projects"]

    @property
    def timing_rules(self) -> pd.DataFrame:
        """Numbers of the timing model: the columns of `TimingRule`."""
        return self["timing-rules"]

    @property
    def timing_evidence(self) -> pd.DataFrame:
        """Weighed evidence on first gas: the columns of `TimingEvidence`."""
        return self["timing-evidence"]

    @property
    def statement_lines(self) -> pd.DataFrame:
        """Lines of the statements: the columns of `StatementLine`."""
        return self["statement-lines"]

    @property
    def statement_absent(self) -> pd.DataFrame:
        """What the statements do not print: the columns of `StatementAbsent`."""
        return self["statement-absent"]

    @property
    def counterfactual(self) -> pd.DataFrame:
        """Markets without the invasion: the columns of `Counterfactual`."""
        return self["counterfactual"]

    @property
    def bargain(self) -> pd.DataFrame:
        """Inputs of a bargain over a line: the columns of `Bargain`."""
        return self["bargain"]

    @property
    def clearing(self) -> pd.DataFrame:
        """Inputs of the clearing: the columns of `Clearing`."""
        return self["clearing"]

    @property
    def left_out(self) -> pd.DataFrame:
        """Figures that were read and not taken: the columns of `LeftOut`."""
        return self["left-out"]
