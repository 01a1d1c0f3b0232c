"""The day at the data centre, which dates in the data mean; the clock of a runner or a controller may show UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

# Needed before platform/estate.yml is read, which names it too: findings about that file depend on the day as well.
DATA_CENTRE = ZoneInfo("Asia/Tokyo")


def today(now: datetime | None = None) -> date:
    """The day there at an aware moment (default: now)."""
    return (now or datetime.now(UTC)).astimezone(DATA_CENTRE).date()
