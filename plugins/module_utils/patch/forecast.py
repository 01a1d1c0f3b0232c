"""Which known vulnerabilities a content snapshot would close, per system, before anybody is patched. Pure and offline.

It stands on what was seen last of each machine. A machine that no run has seen is unknown, never clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.content import Offer, sources_after
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import GuestFacts, RunOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.vulnerabilities import Tracker, vulnerabilities

# The tracker and the mirrors are Debian's; of other guests they say nothing.
_FAMILY = "debian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A guest as it was seen at a moment."""

    at: datetime
    facts: GuestFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemForecast:
    """One system. CVE -> machines (by name) that have it now; `closed`: none would have it afterwards."""

    system: str
    owner: str
    machines: int  # Debian machines that serve
    unknown: tuple[str, ...]  # those of them that nobody has seen
    seen_since: datetime | None  # the oldest sighting that this stands on
    closed: Mapping[str, tuple[str, ...]]
    remaining: Mapping[str, tuple[str, ...]]


def last_seen(runs: Iterable[RunOutcome]) -> dict[str, Sighting]:
    """The newest sighting of each machine (by key) in these runs."""
    found: dict[str, Sighting] = {}
    for run in sorted(runs, key=lambda each: each.started_at):
        for machine in run.machines:
            facts = machine.after or machine.before
            if facts is not None:
                found[machine.key] = Sighting(at=machine.finished_at or run.started_at, facts=facts)
    return found


def forecast(
    estate: Estate, seen: Mapping[str, Sighting], tracker: Tracker, content: Mapping[str, Offer]
) -> tuple[SystemForecast, ...]:
    """Every system with a Debian machine that serves, in the order of the estate."""
    found = []
    for system in estate.systems:
        machines = [
            machine
            for machine in system.machines
            if status_of(system, machine) in {"in-service", "retiring"}
            and estate.image_by_id[machine.image].os_family == _FAMILY
        ]
        if not machines:
            continue
        now: dict[str, list[str]] = {}
        then: set[str] = set()
        for machine in machines:
            if machine.key not in seen:
                continue
            facts = seen[machine.key].facts
            for each in vulnerabilities(facts.sources, tracker):
                names = now.setdefault(each.cve, [])
                if machine.name not in names:
                    names.append(machine.name)
            then |= {each.cve for each in vulnerabilities(sources_after(facts, content), tracker)}
        found.append(
            SystemForecast(
                system=system.id,
                owner=system.owner,
                machines=len(machines),
                unknown=tuple(machine.name for machine in machines if machine.key not in seen),
                seen_since=min((seen[each.key].at for each in machines if each.key in seen), default=None),
                closed={cve: tuple(names) for cve, names in sorted(now.items()) if cve not in then},
                remaining={cve: tuple(names) for cve, names in sorted(now.items()) if cve in then},
            )
        )
    return tuple(found)
