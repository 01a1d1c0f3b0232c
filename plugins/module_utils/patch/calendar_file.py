"""A schedule as iCalendar (RFC 5545): one event per system and opening of its window, to subscribe to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from icalendar import Calendar, Event

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Placed, Schedule


def calendar_text(schedule: Schedule, estate: Estate, systems: Iterable[str] | None = None) -> str:
    """The calendar of these systems (None: all). The same schedule gives the same text: an event keeps its UID."""
    calendar = Calendar()
    calendar.add("prodid", "-//kyotsu.platform//patch schedule//JA")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{estate.platform.estate.name} 更新適用")
    wanted = None if systems is None else set(systems)
    for (system, opens), machines in _events(schedule).items():
        if wanted is None or system in wanted:
            calendar.add_component(_event(schedule, estate, system, opens, machines))
    return str(calendar.to_ical(), encoding="utf-8")


def _events(schedule: Schedule) -> dict[tuple[str, datetime], list[Placed]]:
    events: dict[tuple[str, datetime], list[Placed]] = {}
    for each in sorted(schedule.placed, key=lambda each: (each.system, each.opens, each.start, each.name)):
        events.setdefault((each.system, each.opens), []).append(each)
    return events


def _event(schedule: Schedule, estate: Estate, system: str, opens: datetime, machines: list[Placed]) -> Event:
    event = Event()
    namespace = uuid.UUID(estate.platform.estate.uuid_namespace)
    event.add("uid", str(uuid.uuid5(namespace, f"patch {schedule.start:%Y-%m-%d} {system} {opens.isoformat()}")))
    # When the round was made, not when the file was: the file of an unchanged schedule stays as it is.
    event.add("dtstamp", schedule.start.astimezone(UTC))
    event.add("dtstart", min(each.start for each in machines).astimezone(UTC))
    event.add("dtend", max(each.end for each in machines).astimezone(UTC))
    event.add("summary", f"更新適用 {system} {estate.system_by_id[system].name}")
    event.add("description", "\n".join(f"{each.start:%H:%M}–{each.end:%H:%M} {each.name}" for each in machines))
    event.add("status", "CONFIRMED" if all(each.answered for each in machines) else "TENTATIVE")
    event.add("transp", "OPAQUE")
    return event
