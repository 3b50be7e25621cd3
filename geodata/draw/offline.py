"""A folium map and its page that carry everything they need inside.

The page is strict: a content security policy with the hash of every script allows nothing else to
run and nothing to be fetched (pictures excepted where a tile layer was added on purpose).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink
from jinja2 import Template

from geodata.draw.assets import asset, harmless, static

SCRIPTS = ("leaflet", "jquery", "awesome_markers")
STYLES = ("leaflet_css",)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
{{ this.header.render(**kwargs) }}
{% if this.title %}<title>{{ this.title | e }}</title>{% endif %}
</head>
<body>
<noscript>This map needs JavaScript; nothing is fetched from the network.</noscript>
{{ mark }}{{ this.html.render(**kwargs) }}{{ mark }}
<script>
{{ this.script.render(**kwargs) }}
</script>
</body>
</html>
"""


class OfflineFigure(Figure):
    """A page with every script and style inside it.

    Parameters
    ----------
    title : str, optional
        Title of the page.
    assets : mapping, optional
        Text of further scripts and styles by address, for plugins that we do not know.
    height : str, optional
        Height of the frame in a notebook, e.g. ``"640px"``; left out: 60 % of the width.

    Notes
    -----
    The ids that branca draws at random are numbered on the way out, so that the same map gives the
    same bytes. folium's ban on zooming the page by hand is lifted.

    Examples
    --------
    >>> page = OfflineFigure(title="A page").render()
    >>> "<title>A page</title>" in page, "https://" in page.split("</head>")[0]
    (True, False)
    """

    def __init__(
        self,
        title: str | None = None,
        assets: Mapping[str, str] | None = None,
        height: str | None = None,
    ):
        super().__init__(title=title, height=height)
        self._template = Template(_PAGE)
        self.assets = dict(assets or {})

    def render(self, **kwargs: Any) -> str:
        """Render the page.

        Raises
        ------
        FormatError
            If a child asks for a script or style that is not on this machine.

        Examples
        --------
        >>> OfflineFigure(title="A page").render().lower().startswith("<!doctype html>")
        True
        """
        for child in list(self._children.values()):
            child.render(**kwargs)
        for link in self.header._children.values():
            if isinstance(link, JavascriptLink | CssLink):
                own = self.assets.get(link.url)
                text = asset(link.url) if own is None else harmless(own)
                link.code = text  # type: ignore[assignment]  # branca says bytes, writes it as text
        mark = f"<!--{secrets.token_hex(16)}-->"  # nobody's text can hold it
        page = self._template.render(this=self, kwargs={**kwargs, "embedded": True}, mark=mark)
        page = re.sub(r",\s*maximum-scale=1.0, user-scalable=no", "", page)
        return _policy(_number_ids(page, self), _pictures(self), mark)


class OfflineMap(folium.Map):
    """A :class:`folium.Map` whose page needs no network; takes every folium layer.

    Parameters
    ----------
    title : str, optional
        Title of the page.
    assets : mapping, optional
        Text of further scripts and styles by address, for plugins that we do not know.
    frame_height : str, optional
        Height of the frame in a notebook.
    equal_area : bool
        Whether the map is drawn in Lambert's equal-area projection about 55 N 75 E. A tile or image
        layer of the user's brings the web's usual projection back, for tiles are cut for no other.
    closest : float, optional
        Zoom at which an equal-area map ends. Not folium's ``max_zoom``, which it hands to its tiles
        alone; tiles of the user's bring their own limit.
    **options
        As for :class:`folium.Map`; ``tiles`` is None unless given.

    Examples
    --------
    >>> page = OfflineMap(title="A map", location=[55, 40], zoom_start=4).get_root().render()
    >>> "A map" in page
    True
    """

    def __init__(
        self,
        title: str | None = None,
        assets: Mapping[str, str] | None = None,
        frame_height: str | None = None,
        equal_area: bool = False,
        closest: float | None = None,
        **options: Any,
    ):
        super().__init__(**{"tiles": None, **options})
        self.equal_area = equal_area
        self.closest = closest
        # jQuery and the markers of folium.Icon are answered by small stand-ins, see draw.assets.
        # Lists of our own: folium's add_js_link changes the list it finds, and its is shared.
        self.default_js = [entry for entry in folium.Map.default_js if entry[0] in SCRIPTS]
        self.default_css = [entry for entry in folium.Map.default_css if entry[0] in STYLES]
        OfflineFigure(title, assets, frame_height).add_child(self)

    def render(self, **kwargs: Any) -> Any:
        """Choose the projection, which a layer added late may have changed, and render.

        Examples
        --------
        >>> made = OfflineMap(location=[55, 40], zoom_start=4)
        >>> made.render()
        >>> made.crs
        'EPSG3857'
        """
        plane = self.equal_area and not _pictures(self)
        self.crs = "EqualArea" if plane else "EPSG3857"
        self.options.pop("maxZoom", None)
        if plane and self.closest is not None:
            self.options["maxZoom"] = self.closest
        drawn = cast(Any, super()).render(**kwargs)  # folium states no types here
        if plane:  # behind Leaflet, which it builds on
            script = Element(f"<script>{static('projection.js')}</script>")
            root = self.get_root()
            assert isinstance(root, Figure), "a map stands in a figure"
            root.header.add_child(script, name="geodraw_projection.js")
        return drawn

    def save(self, outfile: Any, close_file: bool = True, **kwargs: Any) -> None:
        """Write the page; a path is replaced whole or not at all.

        Examples
        --------
        >>> OfflineMap(location=[55, 40], zoom_start=4).save("map.html")
        >>> Path("map.html").stat().st_size > 10_000
        True
        """
        if not isinstance(outfile, str | bytes | Path):
            super().save(outfile, close_file, **kwargs)
            return
        page = self.get_root().render(**kwargs).encode("utf-8")
        target = Path(os.fsdecode(outfile))
        handle, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(page)
            Path(partial).chmod(0o644)
            Path(partial).replace(target)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _walk(child)
    for name in ("header", "html", "script"):
        inner = getattr(element, name, None)
        if isinstance(inner, Element):
            yield from _walk(inner)


def _number_ids(page: str, root: Element) -> str:
    """Replace the random ids of all elements by numbers in the order of their appearance."""
    known = {element._id for element in _walk(root)}
    order: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        found = match[1]
        return (
            "_" + order.setdefault(found, f"{len(order) + 1:03d}") if found in known else match[0]
        )

    # An id stands behind a name and "_"; what begins with a fixed letter is found 20 times as fast.
    return re.sub(r"_([0-9a-f]{32})(?![0-9a-f])", numbered, page)


def _pictures(root: Element) -> str:
    """Allow pictures from the network only where a tile or image layer was added on purpose."""
    kinds = (folium.TileLayer, folium.WmsTileLayer, folium.raster_layers.ImageOverlay)
    return " https: http:" if any(isinstance(element, kinds) for element in _walk(root)) else ""


def _policy(page: str, pictures: str, mark: str) -> str:
    """Allow the scripts of head and end, which the page put there; none in the body between marks."""
    before, _, rest = page.partition(mark)
    body, _, after = rest.partition(mark)
    own = re.findall(r"<script>(.*?)</script>", before, flags=re.DOTALL)
    start, end = after.index("<script>") + len("<script>"), after.rindex("</script>")
    scripts = [*own, after[start:end]]
    page = f"{before}{body}{after}"
    hashes = dict.fromkeys(
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    )
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; font-src data:;"
        f" img-src data: blob:{pictures}; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace("<head>", f"<head>\n{meta}", 1)
