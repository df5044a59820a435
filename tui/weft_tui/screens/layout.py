"""How the rows of the terminal are shared. Pure."""

from __future__ import annotations

from typing import Final

FIXED: Final = 5
"""Rows of status, minimap, ruler, legend and footer."""

PANEL_SHARE: Final = 0.35
MIN_PANEL: Final = 7
MIN_LANES: Final = 4
ROOMY: Final = 2
"""Rows per lane when there is room."""


def lane_rows(lanes: int, height: int) -> int:
    """Return the rows for the lanes: what they need, as long as the panels keep their share."""
    room = height - FIXED
    most = max(room - max(round(room * PANEL_SHARE), MIN_PANEL), MIN_LANES)
    wanted = lanes * ROOMY if lanes * ROOMY <= most else lanes
    return min(max(wanted, MIN_LANES), most) if lanes else most
