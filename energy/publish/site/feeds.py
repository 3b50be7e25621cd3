"""What tells others of the site: an Atom feed of its editions, a sitemap of its pages."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from energy.publish.site.pages import Content

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def atom(folder: Path, site: Content, editions: Mapping[str, str]) -> Path:
    """Write ``feed.xml``: one entry an edition, the newest first, with its headline."""
    feed = ET.Element("feed", xmlns=ATOM)
    _text(feed, id=_urn(site.title), title=site.title, updated=f"{max(editions)}T00:00:00Z")
    ET.SubElement(feed, "link", rel="self", href="feed.xml")
    ET.SubElement(feed, "link", rel="alternate", href="index.html")
    _text(ET.SubElement(feed, "author"), name=site.author)
    _text(feed, rights=f"{site.meta['licence']}. {site.meta['attribution']}")
    for date in sorted(editions, reverse=True):
        entry = ET.SubElement(feed, "entry")
        _text(entry, id=_urn(f"{site.title}/{date}"), title=f"Facts published up to {date}",
              updated=f"{date}T00:00:00Z", summary=editions[date])  # fmt: skip
        ET.SubElement(entry, "link", rel="alternate", href=f"{date}/datapackage.json",
                      type="application/json")  # fmt: skip
    return _written(feed, folder / "feed.xml")


def sitemap(folder: Path, base: str, date: str) -> Path:
    """Write ``sitemap.xml`` with the full address of every page."""
    root = ET.Element("urlset", xmlns=SITEMAP)
    for page in sorted(folder.rglob("*.html")):
        place = page.relative_to(folder).as_posix()
        _text(ET.SubElement(root, "url"), loc=base + place, lastmod=date)
    return _written(root, folder / "sitemap.xml")


def _urn(text: str) -> str:
    """Return an id that stays the same wherever the site lies."""
    return uuid.uuid5(uuid.NAMESPACE_URL, text).urn


def _text(parent: ET.Element, **words: str) -> None:
    for name, word in words.items():
        ET.SubElement(parent, name).text = word


def _written(root: ET.Element, path: Path) -> Path:
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path
