"""A run outlasts a window: what interrupts must begin before its window closes, asked right before it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result


def time_now() -> datetime:
    """The clock of this machine, aware."""
    return datetime.now(UTC)


def in_time(
    changes: Sequence[Change], start_before: datetime | None, clock: Callable[[], datetime]
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """(what may begin now, what is too late). What interrupts nobody is never too late, nor what has no limit."""
    if start_before is None or clock() < start_before:
        return tuple(changes), ()
    return (
        tuple(change for change in changes if change.risk == "none"),
        tuple(change for change in changes if change.risk != "none"),
    )


def held(changes: Sequence[Change], start_before: datetime) -> Result:
    """The result of changes of one object that came too late."""
    first = changes[0]
    return Result(
        vcenter=first.vcenter,
        kind=first.kind,
        object=first.object,
        label=first.label,
        status="held",
        message=(
            f"{', '.join(change.field for change in changes)}: its window closed at {start_before:%Y-%m-%d %H:%M} "
            "before its turn; run again in the next one"
        ),
        changes=tuple(changes),
    )
