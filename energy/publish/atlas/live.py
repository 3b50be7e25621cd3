"""The map that answers: line, period and scenario that are shown, read and set from Python.

In a notebook with anywidget it is a widget; elsewhere the same page in a frame, opened as asked.
What a notebook stores is small: a picture and a sentence, for viewers that run nothing.
"""

from __future__ import annotations

import base64
import bisect
import functools
import re
from collections.abc import Callable, Mapping
from html import escape
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from branca.element import Element, Figure

from energy.errors import MissingExtra, UnknownName
from energy.publish.atlas.story import sentence
from geodata import draw
from geodata.draw.assets import static

LANGUAGES = ("en", "ru", "zh")
HEIGHT = "640px"
VIEW = "application/vnd.jupyter.widget-view+json"


def _shape(label: str) -> str:
    """Return how a period is written: ``2024Q1`` as ``0000Q0``."""
    return re.sub(r"\d", "0", label)


class LiveMap(draw.OfflineMap):
    """The atlas, with the line, period and scenario it shows.

    Parameters
    ----------
    data : mapping
        What the page draws, see `energy.publish.atlas.page.page_data`.
    **options
        As for :class:`geodata.draw.OfflineMap`.

    Attributes
    ----------
    selected : str or None
        Id of the route that is chosen.
    period : str
        Label of the period shown: ``2025Q4``, ``2025`` or ``GY2025``.
    scenario : str or None
        Key of the projection's scenario; None without a projection.
    picture : callable, optional
        Given a period, returns it as PNG bytes, or None where it cannot be drawn.
    """

    def __init__(self, data: Mapping[str, Any], **options: Any):
        super().__init__(**options)
        self.heading = str(options.get("title") or "Map")
        self.tall = str(options.get("frame_height") or HEIGHT)
        self.picture: Callable[[str], bytes | None] | None = None
        self._routes = [line["id"] for line in data["lines"]]
        self._calendars: dict[str, list[str]] = {
            calendar["key"]: [step["id"] for step in calendar.get("steps") or data["steps"]]
            for calendar in data["calendars"]
        }
        self._whole = {
            calendar["key"]: [s["id"] for s in calendar["steps"] if s["of"][1] <= data["past"]]
            for calendar in data["calendars"]
            if "steps" in calendar
        }
        projection = data.get("projection")
        self._scenarios = [item["key"] for item in projection["scenarios"]] if projection else []
        self._story = data.get("story")
        self._view: dict[str, str | None] = {
            "selected": None,
            "period": data["steps"][data["start"]]["id"],
            "scenario": self._scenarios[projection["start"]] if projection else None,
        }
        self._other = {"compare": "", "lang": ""}
        self._live: Any = None
        self._first = self.address

    # ---- what is shown -------------------------------------------------------------------------

    @property
    def selected(self) -> str | None:
        return self._shown("selected")

    @selected.setter
    def selected(self, route: str | None) -> None:
        if route is not None and route not in self._routes:
            raise UnknownName("route", route, self._routes)
        self._show("selected", route)

    @property
    def period(self) -> str:
        return str(self._shown("period"))

    @period.setter
    def period(self, label: str | int) -> None:
        self._calendar(str(label))
        self._show("period", str(label))

    @property
    def scenario(self) -> str | None:
        return self._shown("scenario")

    @scenario.setter
    def scenario(self, key: str | None) -> None:
        if key not in self._scenarios and not (key is None and not self._scenarios):
            raise UnknownName("scenario", str(key), self._scenarios)
        self._show("scenario", key)

    def compare(self, other: str | int) -> None:
        """Set beside another period of the same kind, or a scenario; shown when the page opens.

        A year without a start is set beside the newest whole year.
        """
        text = str(other)
        if text in self._scenarios:
            self._other["compare"] = f"scenario:{text}"
            return
        kind = self._calendar(text)
        if kind != self._calendar(self.period) and self._whole.get(kind):
            self.period = self._whole[kind][-1]
        self._other["compare"] = f"step:{text}"

    def speak(self, language: str) -> None:
        """Open in a language: ``en``, ``ru`` or ``zh``."""
        if language not in LANGUAGES:
            raise UnknownName("language", language, LANGUAGES)
        self._other["lang"] = "" if language == LANGUAGES[0] else language

    def observe(self, handler: Callable[[Any], object], names: Any = "selected") -> None:
        """Call a function when a reader chooses another line, period or scenario (anywidget).

        Raises
        ------
        MissingExtra
            If anywidget is not installed.
        """
        self.widget.observe(handler, names)

    def _calendar(self, label: str) -> str:
        for key, labels in self._calendars.items():
            if label in labels:
                return key
        known = [name for labels in self._calendars.values() for name in labels]
        # of those written alike, the ones before and after: 2050 is nearer to 2040 than to 2005
        alike = sorted(name for name in known if _shape(name) == _shape(label))
        at = bisect.bisect(alike, label)
        raise UnknownName("period of the map", label, known, alike[max(0, at - 2) : at + 2] or None)

    def _shown(self, name: str) -> str | None:
        if self._live is not None:
            self._view[name] = getattr(self._live, name)
        return self._view[name]

    def _show(self, name: str, value: str | None) -> None:
        self._view[name] = value
        if self._live is not None:
            setattr(self._live, name, value)

    # ---- the page ------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The part of an address behind ``#`` that says what is shown."""
        said = {"cal": self._calendar(self.period), "scenario": self.scenario or "", **self._other}
        query = "&".join(f"{key}={quote(text, safe=':')}" for key, text in said.items() if text)
        parts = [part for part in (self.period, self.selected) if part]
        return "#" + "/".join(quote(part, safe="") for part in parts) + f"?{query}"

    def render(self, **kwargs: Any) -> Any:
        """Render, opened at what is shown now."""
        root = self.get_root()
        assert isinstance(root, Figure), "a map stands in a figure"
        if self._is_asked:
            meta = f'<meta name="geodraw-open" content="{escape(self.address)}">'
            root.header.add_child(Element(meta.replace("{", "&#123;")), name="open")
        return super().render(**kwargs)

    @property
    def _is_asked(self) -> bool:
        """Whether anything was asked for; else the page opens as the data say."""
        return self.address != self._first

    # ---- in a notebook -------------------------------------------------------------------------

    @property
    def widget(self) -> Any:
        """The anywidget that a notebook shows; marimo wants it by ``mo.ui.anywidget(m.widget)``.

        Raises
        ------
        MissingExtra
            If anywidget is not installed.
        """
        if self._live is None:
            try:
                made = _frame()
            except ImportError as fault:
                text = "A map that answers needs anywidget: pip install 'energy-trade-tracker[notebook]'."
                raise MissingExtra(text) from fault
            root = self.get_root()
            self._live = made(root.render, title=self.heading, height=self.tall, **self._view)
        return self._live

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Widget, picture and sentence; without anywidget the page in a frame stands for the widget."""
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        drawn = self.picture(self.period) if self.picture else None
        if drawn:
            bundle["image/png"] = base64.b64encode(drawn).decode()
        if find_spec("anywidget"):
            model = self.widget.model_id
            bundle[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": model}
        else:
            bundle["text/html"] = self._repr_html_()
        return bundle

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]

    def _display_(self) -> Any:
        """What marimo shows."""
        return self.widget if find_spec("anywidget") else self.get_root()

    def __repr__(self) -> str:
        """Title, period and headline."""
        words = f" {sentence(self._story)}" if self._story else ""
        chosen = f", {self.selected}" if self.selected else ""
        return f"{self.heading}: map of {self.period}{chosen}.{words}"


@functools.cache
def _frame() -> Any:
    """Return the widget's class, made when first asked for: anywidget is heavy and optional."""
    import anywidget
    import traitlets

    class Frame(anywidget.AnyWidget):
        _esm = static("widget.mjs")
        title = traitlets.Unicode().tag(sync=True)
        height = traitlets.Unicode().tag(sync=True)
        selected = traitlets.Unicode(None, allow_none=True).tag(sync=True)
        period = traitlets.Unicode().tag(sync=True)
        scenario = traitlets.Unicode(None, allow_none=True).tag(sync=True)

        def __init__(self, page: Callable[[], str], **state: Any):
            super().__init__(**state)
            self._page = page
            self.on_msg(self._answer)

        def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
            if content == {"ask": "page"}:
                self.send({"page": self._page()})

    return Frame
