"""The pieces of a map as folium elements: each is a name in the script and a bit of data.

Order matters: :class:`FlowLines` before its companions (slider, legend, search, panel, layers),
which read lines and steps from it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

import orjson
from branca.element import Element, Figure, MacroElement
from jinja2 import Template

from geodata import basemap
from geodata.draw.assets import static
from geodata.draw.borders import CONTESTED, Contested, split
from geodata.draw.sharing import share
from geodata.errors import FormatError

CORE = ("core", "plane")
FLOW = (*CORE, "model", "brush", "names", "link", "bridge", "flow")
LABELS = 'script type="application/json" id="geodraw-labels"'
LABEL_AREA = 3.0  # square degrees; smaller countries carry no name
_FIRST = (
    '<div class="gd-map gd-with-story gd-first"><div class="gd-card gd-title leaflet-control">'
    '<h1>{title}</h1><p class="gd-headline">{lead}</p></div></div>'
)
PRECISION = 3  # decimals of the lines, about 100 m


class Piece(MacroElement):
    """A call of one of our scripts with data; `data` must be what orjson can write."""

    call = ""
    scripts: tuple[str, ...] = CORE

    def __init__(self, data: Any):
        super().__init__()  # type: ignore[no-untyped-call]  # branca says nothing of types
        self._name = type(self).__name__
        self.data = data

    @property
    def text(self) -> str:
        """The data as JSON that cannot end the script element it stands in."""
        return script_json(self.data)

    def render(self, **kwargs: Any) -> str:
        """Put scripts and style into the head once, then data and call into the body.

        All of it verbatim: branca would read ``{{ }}`` in a name as a template.
        """
        figure, own = _figure(self), self.get_name()
        head = figure.header
        for name, tag in (
            *((f"{script}.js", "script") for script in self.scripts),
            ("draw.css", "style"),
            ("labels.json", LABELS),
        ):
            if f"geodraw_{name}" not in head._children:
                text = f"<{tag}>{static(name)}</{tag.split()[0]}>"
                head.add_child(_Verbatim(text), name=f"geodraw_{name}")
        data = f'<script type="application/json" id="{own}_data">{self.text}</script>'
        figure.html.add_child(_Verbatim(data), name=own)
        parent = self._parent.get_name()  # type: ignore[union-attr]  # a map, as _figure has checked
        call = f'GeoDraw.{self.call}({parent}, GeoDraw.read("{own}_data"));'
        figure.script.add_child(_Verbatim(call), name=own)
        for child in self._children.values():
            child.render(**kwargs)
        return ""


def country_codes() -> dict[str, str]:
    """Return the two letters of each country by its three: by them a browser knows its names.

    Examples
    --------
    >>> country_codes()["CHN"]
    'CN'
    """
    path = resources.files("geodata") / "data" / "countries.csv"
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    return {row["a3"]: row["a2"] for row in rows}


def _figure(piece: Element) -> Figure:
    root = piece.get_root()
    if not isinstance(root, Figure):
        raise FormatError(f"{type(piece).__name__} stands alone; add it to a map before rendering.")
    return root


class _Verbatim(Element):
    """Text that is not a template, whatever braces it holds."""

    _template = Template("{{ this.content }}")

    def __init__(self, content: str):
        super().__init__()
        self.content = content


class Title(Piece):
    """A heading in the top left corner.

    Parameters
    ----------
    title, subtitle : str
    as_of : str, optional
        Date of the figures; the subtitle then names it, the standing of what is shown and the unit.
    lead : str, optional
        What the page tells first, in English. Heading and lead stand in the page itself, so that they
        are read while the map is still made; the map puts its own heading in their place.
    """

    call = "title"

    def __init__(self, title: str, subtitle: str = "", as_of: str = "", lead: str = ""):
        super().__init__({"title": title, "subtitle": subtitle, "as_of": as_of})
        self.lead = lead

    def render(self, **kwargs: Any) -> str:
        """Add heading and lead as text of the page."""
        if self.lead:
            first = _FIRST.format(title=escape(self.data["title"]), lead=escape(self.lead))
            _figure(self).html.add_child(_Verbatim(first), name="geodraw_first")
        return super().render(**kwargs)


class Basemap(Piece):
    """Land, coast, borders and country names, drawn under everything else.

    Parameters
    ----------
    contested : sequence of Contested or (str, str), optional
        Neighbours whose border is dashed, see :mod:`geodata.draw.borders`; pairs of codes (ISO
        3166-1 alpha-3) will do. Empty: every border is drawn alike.

    Raises
    ------
    FormatError
        If two codes are no neighbours.
    """

    call = "basemap"
    scripts: tuple[str, ...] = (*CORE, "basemap")

    def __init__(self, contested: Sequence[Contested | tuple[str, str]] = CONTESTED):
        topology = basemap.topology()
        shapes = topology["objects"]["countries"]["geometries"]
        pairs = basemap.neighbours(topology)
        dashed, taken, rest = split(topology, pairs, contested)
        shared = {arc for arcs in pairs.values() for arc in arcs}
        codes = country_codes()
        super().__init__(
            {
                "arcs": [[n for point in arc for n in point] for arc in topology["arcs"]],
                "scale": topology["transform"]["scale"][0],
                "countries": [
                    {
                        **shape["properties"],
                        "a2": codes.get(shape["properties"]["a3"]),
                        "arcs": shape["arcs"],
                    }
                    for shape in shapes
                ],
                "coast": sorted(set(range(len(topology["arcs"]))) - shared),
                "borders": sorted(shared - taken),
                "pieces": rest,
                "contested": dashed,
                "attribution": basemap.ATTRIBUTION,
                "label_area": LABEL_AREA,
            }
        )


class FlowLines(Piece):
    """Lines whose width, colour, dash and arrows follow a matrix of line x step.

    Parameters
    ----------
    data : mapping
        ``lines`` (each ``id, name, names, groups, dash, texture, status, facts, note, parts, series,
        state, grade, grades, refs, standing, ahead, heat, contracts`` and ``lane``, see
        :func:`geodata.draw.lanes`), ``steps``, ``past`` (how many of them are history), ``days`` (of
        each), ``calendars``, ``units``, ``projection``, ``states``, ``dashes``, ``textures``,
        ``grades``, ``light``, ``stale``, ``series``, ``scale``, ``events``, ``sources``,
        ``records``, ``sets``, ``start``; rows over steps are ``{"o": first step, "v": values}``, see
        :func:`row`; parts come from :func:`pack_line`.
    colours : mapping
        State key -> (colour by day, colour by night), each ``#rrggbb``.

    Raises
    ------
    FormatError
        If a colour is not ``#rrggbb`` or a state has none.
    """

    call = "flow"
    scripts = FLOW

    def __init__(self, data: Mapping[str, Any], colours: Mapping[str, tuple[str, str]]):
        super().__init__(share({**data, "geometry_scale": 10**-PRECISION}))
        self.style = state_style([state["key"] for state in data["states"]], colours)

    def render(self, **kwargs: Any) -> str:
        """Add the colours of the states to the head."""
        super().render(**kwargs)
        style = _Verbatim(f"<style>{self.style}</style>")
        _figure(self).header.add_child(style, name="geodraw_states")
        return ""


class QuarterSlider(Piece):
    """A range input with play button, event ticks, the events of the step and the switches.

    Parameters
    ----------
    label : str
        What a step is, for screen readers, e.g. ``"Quarter"``.
    page : int
        Steps of PageUp and PageDown.
    """

    call = "slider"
    scripts = (*FLOW, "take", "tools", "time")

    def __init__(self, label: str = "Quarter", page: int = 4):
        super().__init__({"label": label, "page": page, "region": "Time"})


class Legend(Piece):
    """What colours, dashes, widths, casings and marks mean.

    Parameters
    ----------
    about : str or sequence of str
        Date, unit, basis: the small print, one text a paragraph.
    title, states, dashes, widths : str
        Headings.
    borders : sequence of (str, str)
        ``("border" or "contested", text)``.
    """

    call = "legend"
    scripts = (*FLOW, "legend")

    def __init__(
        self,
        about: str | Sequence[str],
        title: str = "Legend",
        states: str = "State",
        dashes: str = "Line",
        widths: str = "Width",
        borders: Sequence[tuple[str, str]] = (),
    ):
        texts = [about] if isinstance(about, str) else list(about)
        headings = {"title": title, "states": states, "dashes": dashes, "widths": widths}
        super().__init__({"about": texts, **headings, "borders": list(borders)})


class Panel(Piece):
    """Details of the chosen line at the side, on a phone at the foot."""

    call = "panel"
    scripts = (*FLOW, "time", "chart", "panel")

    def __init__(self) -> None:
        super().__init__({})


class Story(Piece):
    """What the page tells first: headline, exports by market, largest lines, years, a tour.

    Reads ``story`` of the data of :class:`FlowLines`; without it nothing is shown.
    """

    call = "story"
    scripts = (*FLOW, "odds", "sankey", "story")

    def __init__(self) -> None:
        super().__init__({})


class Table(Piece):
    """The same as the map in a table that can be sorted and copied."""

    call = "table"
    scripts = (*FLOW, "table")

    def __init__(self) -> None:
        super().__init__({})


class Search(Piece):
    """Find lines, places and countries by name in any script; a letter may be wrong.

    Parameters
    ----------
    places : sequence of mapping
        ``name, names, lat, lon, about`` of each place; ``rank`` of a city, which then has a name on
        the map.
    aliases : mapping
        Other words for lines, word -> ids of lines.
    beside : sequence of mapping
        What is looked for here and not drawn: ``name, names, text, texts`` (why, also in Russian and
        Chinese).
    """

    call = "search"
    scripts = (*FLOW, "search")

    def __init__(
        self,
        places: Sequence[Mapping[str, Any]] = (),
        placeholder: str = "Search",
        aliases: Mapping[str, Sequence[str]] | None = None,
        beside: Sequence[Mapping[str, Any]] = (),
    ):
        texts = {"label": "Search lines and places", "none": "Nothing found"}
        super().__init__(
            {
                "places": list(places),
                "placeholder": placeholder,
                "aliases": dict(aliases or {}),
                "beside": list(beside),
                **texts,
            }
        )


class LayerBox(Piece):
    """Filters: checkboxes for groups of lines, places, events and names; selects for long groups.

    Parameters
    ----------
    groups : sequence of mapping
        ``key, title, labels`` (value -> text), key as in the lines' ``groups``; with ``pick`` one
        value is chosen from a list, else each has a checkbox.
    places : sequence of mapping
        As for :class:`Search`; drawn as small rings.
    """

    call = "layers"
    scripts = (*FLOW, "legend")

    def __init__(
        self,
        groups: Sequence[Mapping[str, Any]],
        places: Sequence[Mapping[str, Any]] = (),
        title: str = "Layers",
        places_label: str = "Places",
    ):
        texts = {"events_label": "Events of the period", "names_label": "Country names"}
        super().__init__(
            {
                "groups": list(groups),
                "places": list(places),
                "title": title,
                "places_label": places_label,
                "rest": "Also on the map",
                **texts,
            }
        )


def script_json(data: Any) -> str:
    r"""Write JSON that is safe inside a script element.

    >>> script_json({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    return orjson.dumps(data).decode().replace("<", "\\u003c")


def row(values: Sequence[Any]) -> dict[str, Any] | None:
    """Store a row without its empty ends; None if nothing is known.

    >>> row([None, 3, None, 4, None])
    {'o': 1, 'v': [3, None, 4]}
    """
    known = [i for i, value in enumerate(values) if value is not None]
    if not known:
        return None
    return {"o": known[0], "v": list(values[known[0] : known[-1] + 1])}


def pack_line(coordinates: Sequence[Sequence[float]]) -> list[int]:
    """Store a line as integer steps of 0.001 degrees, longitude first.

    >>> pack_line([(30.0, 60.0), (30.5, 59.999)])
    [30000, 60000, 500, -1]
    """
    scale = 10**PRECISION
    points = [(round(x * scale), round(y * scale)) for x, y in coordinates]
    before = [(0, 0), *points[:-1]]
    return [n for a, b in zip(points, before, strict=True) for n in (a[0] - b[0], a[1] - b[1])]


def state_style(keys: Sequence[str], colours: Mapping[str, tuple[str, str]]) -> str:
    """Write the style that gives each state its colour by day and by night.

    Examples
    --------
    >>> "#0072B2" in state_style(["flows"], {"flows": ("#0072B2", "#56B4E9")})
    True
    >>> state_style(["flows"], {"flows": ("blue", "#56B4E9")})
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: State 'flows' has the colours ('blue', '#56B4E9'); expected two of ...
    """
    for key in keys:
        pair = colours.get(key, ())
        if len(pair) != 2 or not all(re.fullmatch(r"#[0-9a-fA-F]{6}", c) for c in pair):
            raise FormatError(
                f"State {key!r} has the colours {pair!r}; expected two of the form '#0072B2', one"
                " by day and one by night."
            )
    lines = [
        "".join(f".gd-s-{key}{{--gd-state:{colours[key][night]}}}" for key in keys)
        + f".gd-map{{--gd-value:{colours[keys[0]][night]};--gd-unknown:{colours[keys[-1]][night]}}}"
        for night in (0, 1)
    ]
    return f"{lines[0]}@media screen and (prefers-color-scheme:dark){{{lines[1]}}}"
