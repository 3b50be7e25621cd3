"""Drawing on a folium map that needs no network: pieces made of a little Python, JS and CSS.

Nothing here knows gas or money. The pieces receive lines, widths, states and texts, and draw them.
"""

from __future__ import annotations

from geodata.draw.assets import asset
from geodata.draw.borders import CONTESTED, Contested
from geodata.draw.lanes import lanes
from geodata.draw.offline import OfflineFigure, OfflineMap
from geodata.draw.pieces import (
    Basemap,
    FlowLines,
    LayerBox,
    Legend,
    Panel,
    QuarterSlider,
    Search,
    Story,
    Table,
    Title,
    pack_line,
    row,
)

__all__ = [
    "CONTESTED",
    "Basemap",
    "Contested",
    "FlowLines",
    "LayerBox",
    "Legend",
    "OfflineFigure",
    "OfflineMap",
    "Panel",
    "QuarterSlider",
    "Search",
    "Story",
    "Table",
    "Title",
    "asset",
    "lanes",
    "pack_line",
    "row",
]
