"""Time of the records: UTC only, one text form that sorts as it reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time in UTC; the only place of this package that reads the wall clock."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Return `moment` as `2026-11-24T06:05:33.000000Z`; a time without zone raises InvalidRecordError."""
    if moment.tzinfo is None:
        raise InvalidRecordError(f"the time {moment.isoformat()} has no zone; give one, for example +09:00 or Z")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Return the UTC time of an ISO 8601 text with a zone; anything else raises InvalidRecordError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRecordError(f"'{text}' is not a time; write it as 2026-12-01T18:00+09:00") from None
    if moment.tzinfo is None:
        raise InvalidRecordError(f"the time '{text}' has no zone; write it as 2026-12-01T18:00+09:00")
    return moment.astimezone(UTC)
