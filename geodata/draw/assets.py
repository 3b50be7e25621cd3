"""The scripts and styles a page needs, as text ready to be put inside it.

Leaflet comes from the Python package XStatic-leaflet; folium's other wishes are met by small
stand-ins of ours. An unknown address raises, so that no plugin brings the network back unseen.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from geodata.errors import FormatError

STATIC = resources.files("geodata.draw") / "static"
_KNOWN = (  # what an address of folium 0.20 ends with -> who answers
    (r"/leaflet(-src)?(\.min)?\.js$", "leaflet.js"),
    (r"/leaflet(\.min)?\.css$", "leaflet.css"),
    (r"/jquery[-.\d]*(\.slim)?(\.min)?\.js$", "standin.js"),
    (r"/leaflet\.awesome-markers(\.min)?\.js$", "pins.js"),
)


def asset(url: str) -> str:
    """Return the text behind an address of a script or style, fit to stand inside a page.

    Parameters
    ----------
    url : str
        An address as folium and its plugins give it.

    Returns
    -------
    str
        Script or style; images of a style are data URIs, no source map, no ``</script``.

    Raises
    ------
    FormatError
        If nothing on this machine stands for the address.

    Examples
    --------
    >>> asset("https://example.org/unknown.js")
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: The page would load https://example.org/unknown.js from the ...
    """
    for pattern, name in _KNOWN:
        if re.search(pattern, url.split("?")[0]):
            return _leaflet(name) if name.startswith("leaflet") else static(name)
    raise FormatError(
        f"The page would load {url} from the network, and no file here stands for it. Give its text"
        " with OfflineMap(assets={url: text}), or add the layer to a plain folium.Map."
    )


@cache
def static(name: str) -> str:
    """Return one of our own files, e.g. ``flow.js``, without its indents and the comments between lines.

    Examples
    --------
    >>> "function" in static("flow.js")
    True
    """
    text = (STATIC / name).read_text(encoding="utf-8")
    if name.endswith((".js", ".css")):  # the page carries what runs; the comments stay at home
        text = re.sub(r"^[ \t]*/\*.*?\*/[ \t]*\n", "", text, flags=re.MULTILINE | re.DOTALL)
    if name.endswith(".js"):
        text = re.sub(r"^[ \t]*//.*\n", "", text, flags=re.MULTILINE)
    return harmless(re.sub(r"^[ \t]+", "", text, flags=re.MULTILINE))


@cache
def _leaflet(name: str) -> str:
    folder = _leaflet_folder()
    text = (folder / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        return inline_urls(text, folder)
    return harmless(text) + _default_icon(folder)


def _leaflet_folder() -> Path:
    # The package is only a folder of files: find it without running its code.
    spec = find_spec("xstatic.pkg.leaflet")
    if spec is None or not spec.submodule_search_locations:
        raise FormatError(
            "Leaflet is not installed: the Python package XStatic-leaflet is missing. Install it"
            " with 'pip install XStatic-leaflet'."
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def inline_urls(css: str, folder: Path) -> str:
    """Turn every ``url(file)`` of a style into a data URI; ``data:`` and ``#`` stay.

    Raises
    ------
    FormatError
        If a file is not there or an address leads to the network.

    Examples
    --------
    >>> inline_urls("a { background: url(data:image/png;base64,AA==) }", Path("."))
    'a { background: url(data:image/png;base64,AA==) }'
    >>> inline_urls("a { background: url(https://example.org/a.png) }", Path("."))
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: A style asks for 'https://example.org/a.png', which is not a file ...
    """

    def replaced(match: re.Match[str]) -> str:
        target = match[1].strip("'\" ")
        if target.startswith(("data:", "#")):
            return match[0]
        path = folder / target.split("?")[0].split("#")[0]
        if "//" in target or not path.is_file():
            raise FormatError(
                f"A style asks for {target!r}, which is not a file beside it. Put the file into"
                f" {folder.name}/ or write it as a data URI."
            )
        return f"url({data_uri(path)})"

    return harmless(re.sub(r"url\(([^)]*)\)", replaced, css))


def data_uri(path: Path) -> str:
    """Write a file as a ``data:`` address.

    Examples
    --------
    >>> _ = Path("dot.svg").write_text("<svg/>", encoding="utf-8")
    >>> data_uri(Path("dot.svg"))
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _default_icon(folder: Path) -> str:
    """Give Leaflet its marker images; it would look for them beside the page."""
    names = {"iconUrl": "icon", "iconRetinaUrl": "icon-2x", "shadowUrl": "shadow"}
    uris = {k: data_uri(folder / "images" / f"marker-{v}.png") for k, v in names.items()}
    options = ",".join(f'{key}:"{uri}"' for key, uri in uris.items())
    return (
        "\ndelete L.Icon.Default.prototype._getIconUrl;"
        f"L.Icon.Default.mergeOptions({{{options}}});\n"
    )


def harmless(text: str) -> str:
    """Drop source maps and hide what would end a script or style element early.

    Examples
    --------
    >>> harmless("x = 1 //# sourceMappingURL=x.map")
    'x = 1 '
    """
    text = re.sub(r"(//[#@]|/\*[#@])\s*sourceMappingURL=[^\n*]*(\*/)?", "", text)
    return re.sub(r"</(script|style)", r"<\\/\1", text, flags=re.IGNORECASE)
