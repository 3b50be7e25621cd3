"""README as a package page shows it: its links and its picture by absolute address, or not at all.

The owner writes the address in pyproject.toml, ``[tool.hatch.metadata.hooks.custom]``. As long as
there is none, a package page gets neither the picture, which would be a hole, nor dead links.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

RELATIVE = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)]+)\)")


def addressed(text: str, base: str) -> str:
    """Return Markdown whose relative links lead to `base`; without one, words without links.

    >>> addressed("![Map](a.png) [How](b.md)", "https://example.org/gas")
    '![Map](https://example.org/gas/a.png) [How](https://example.org/gas/b.md)'
    >>> addressed("![Map](a.png) [How](b.md), [web](https://example.org)", "")
    ' How, [web](https://example.org)'
    """

    def place(found: re.Match[str]) -> str:
        mark, words, path = found.groups()
        if base:
            return f"{mark}[{words}]({base.rstrip('/')}/{path})"
        return "" if mark else words

    return RELATIVE.sub(place, text)


def get_metadata_hook() -> type:
    """Return what hatchling asks for; it is only there while a package is built."""
    from hatchling.metadata.plugin.interface import MetadataHookInterface

    class Readme(MetadataHookInterface):
        """Fills in README and, where the owner has said it, the address of the project."""

        def update(self, metadata: dict[str, Any]) -> None:
            base = self.config.get("base", "")
            text = Path(self.root, "README.md").read_text(encoding="utf-8")
            metadata["readme"] = {
                "content-type": "text/markdown",
                "text": addressed(text, base),
            }
            if base:
                metadata["urls"] = {"Source": base}

    return Readme
