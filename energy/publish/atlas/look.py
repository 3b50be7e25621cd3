"""What colours, dashes, widths and words of the map stand for."""

from __future__ import annotations

from typing import Any

import xarray as xr

from energy.measure.tables import STATUSES
from energy.publish.atlas.words import PER_YEAR, basis_words, freq_of

# Okabe and Ito's palette (2008), told apart by all common kinds of colour vision; day, night. By day orange,
# purple and vermilion are darker than theirs, for 3 to 1 on pale land and sea (WCAG 1.4.11).
COLOURS = {
    "flowing": ("#0072B2", "#56B4E9"),
    "idle": ("#76818A", "#808C95"),
    "construction": ("#B57500", "#E69F00"),
    "proposed": ("#B45C90", "#CC79A7"),
    "cancelled": ("#7F7F7F", "#8F979D"),
    "damaged": ("#C04000", "#E8743B"),
    "not-built": ("#7D8A94", "#78848D"),
    "unknown": ("#7D8A94", "#78848D"),
}
STATES = {  # flow-aware status -> (text, how the line is drawn)
    "flowing": ("Flowing", "solid"),
    "idle": ("Idle: built, no flow", "hollow"),
    "construction": ("Under construction", "solid"),
    "proposed": ("Proposed", "solid"),
    "cancelled": ("Cancelled or shelved", "solid"),
    "damaged": ("Damaged or destroyed", "solid"),
    "not-built": ("Not built yet", "faint"),
    "unknown": ("Flow not known", "hatched"),
}
DASHES = {  # project status -> kind of dash
    "construction": 1,
    "proposed": 2,
    "cancelled": 3,
    "shelved": 3,
}
DASH_STYLES = [
    {"label": "Built", "dash": "", "cap": "round"},
    {"label": "Under construction", "dash": "12 6", "cap": "butt"},
    {"label": "Proposed", "dash": "4 4", "cap": "butt"},
    {"label": "Cancelled or shelved", "dash": "0.1 5", "cap": "round"},
]
STATUS_LABELS = {
    "operating": "Operating",
    "idle": "Idle",
    "mothballed": "Mothballed",
    "destroyed": "Destroyed",
    "construction": "Under construction",
    "proposed": "Proposed",
    "shelved": "Shelved",
    "cancelled": "Cancelled",
    "retired": "Retired",
}
ROLE_LABELS = {
    "export": "Export routes",
    "exit": "Exits of a corridor",
    "string": "Single strings of a corridor",
    "onward": "Onward, abroad",
    "feeder": "Feeders inside Russia",
    "foreign": "Not Russian gas",
    "": "Other",
}
ROLE_ORDER = list(ROLE_LABELS)[::-1]  # exports are drawn last, on top
GRADES: list[str] = list(STATUSES)
KINDS = {  # kind of capacity -> words; what a utilisation is a share of
    "technical": "technical capacity",
    "ceiling": "most ever metered",
    "design": "design capacity",
    "contract": "contract of the year",
    "plan": "planned capacity",
}
LIGHT = GRADES[2:6]  # drawn lighter: nobody has measured these; a balance says its own interval
PX_PER_BCM_YEAR = 0.2
LEGEND_BCM_YEAR = [5, 20, 50]
ACCURACY = {
    "surveyed": "surveyed line",
    "traced": "traced along known places",
    "sketch": "sketch; the true course may differ",
}
TEXTURES = [  # of the casing, by accuracy
    {"key": "surveyed", "label": "Surveyed", "dash": ""},
    {"key": "traced", "label": "Traced along known places", "dash": "14 1"},
    {"key": "sketch", "label": "Sketch", "dash": "2 3"},
]
STALE = 2  # quarters after which the newest figure of a flowing route is old
LEGEND = [
    ("casing", "Pale: capacity; core: flow"),
    ("arrow", "Direction; hollow: estimate"),
    ("over", "Flow above capacity"),
    ("stale", "Stale: newest figure, dated"),
    ("ahead", "Projection, median"),
    ("part", "A part of the period known: its rate"),
    ("chance", "Planned: as strong as the chance that gas flows"),
    ("event", "Event in the period"),
]
BORDERS = [
    ("border", "As the UN General Assembly recognises them"),
    ("contested", "Status unsettled by UN resolutions"),
]
SMALL_PRINT = [
    "Width: flow of the period as a yearly rate, linear. “–” means not known. No position is taken on borders.",
]


def look_of(cube: xr.Dataset, ahead: bool) -> dict[str, Any]:
    """Say what colours, dashes, widths and marks stand for."""
    return {
        "states": [{"key": k, "label": v[0], "style": v[1]} for k, v in STATES.items()],
        "dashes": DASH_STYLES,
        "textures": TEXTURES,
        "grades": GRADES,
        "kinds": list(KINDS.values()),
        "light": LIGHT,
        "stale": max(1, STALE * PER_YEAR.get(freq_of(cube), 4) // 4),
        "series": series_of(cube),
        "scale": {
            "px": PX_PER_BCM_YEAR,
            "factor": PER_YEAR.get(freq_of(cube), 1),
            "legend": LEGEND_BCM_YEAR,
            "unit": f"{cube.attrs.get('unit', 'bcm')}/yr",
            "note": basis_words(cube),
        },
        "legend": [row for row in LEGEND if ahead or row[0] not in ("ahead", "chance")],
        "chart_key": "Bars: flow, hatched where estimated. Dashes: capacity. Diamonds: events.",
    }


def series_of(cube: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Say how each number is called, stored, written, added up to years and cited."""
    flow = {"unit": cube.attrs.get("unit", "bcm"), "note": basis_words(cube), "digits": 2}
    volume = flow | {"scale": 1000, "volume": True}
    money = {"digits": 0, "scale": 10}
    price = str(cube["price"].attrs.get("units", "")) if "price" in cube else ""
    note = {"note": "at 20 °C"} if "20 °C" in price else {}
    return {
        "value": {"label": "Flow", **volume},
        **({"reported": {"label": "Reported", **volume}} if "reported" in cube else {}),
        "limit": {"label": "Capacity", **volume},
        "share": {"label": "Utilisation", "unit": "%", "digits": 0, "scale": 1000, "rule": "share",
                  "from": ["value", "limit"]},
        "price": {"label": "Price", "unit": "USD/1000 m³", "rule": "mean", **money, **note},
        "revenue": {"label": "Revenue", "unit": "million USD", "rule": "carried", **money,
                    "from": ["value", "price"]},
    }  # fmt: skip
