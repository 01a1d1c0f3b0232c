"""Which system is drilled next, and which ones are overdue: each once within so many months. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dateutil.relativedelta import relativedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import Drill
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System


@dataclass(frozen=True, slots=True)
class Due:
    """One system. `last`: its last drill that was passed; `due` None: it was never drilled, and is overdue."""

    system: str
    name: str
    machines: tuple[str, ...]  # names
    last: datetime | None
    due: datetime | None
    overdue: bool


def rotation(estate: Estate, drills: Iterable[Drill], as_of: datetime, months: int) -> tuple[Due, ...]:
    """Every system whose copies go to the vault, the most urgent first: never drilled, then by the last drill."""
    last: dict[str, datetime] = {}
    for drill in drills:
        if drill.passed and drill.at <= as_of:
            last[drill.system] = max(drill.at, last.get(drill.system, drill.at))
    found = []
    for system in estate.systems:
        machines = tuple(machine.name for machine in drilled_machines(estate, system))
        if not machines:
            continue
        passed = last.get(system.id)
        due = passed + relativedelta(months=months) if passed else None
        found.append(Due(system.id, system.name, machines, passed, due, due is None or due < as_of))
    return tuple(sorted(found, key=lambda each: (each.due is not None, each.due or as_of, each.system)))


def drilled_machines(estate: Estate, system: System) -> tuple[Machine, ...]:
    """The machines of a system whose copies are couriered, which a drill restores."""
    classes = {each.id: each for each in estate.platform.backup_classes}
    found = []
    for machine in system.machines:
        backup = backup_of(system, machine)
        medium = classes[backup.backup_class].medium if backup.backup_class in classes else "none"
        if medium == "tape" and backup.offsite and status_of(system, machine) in {"in-service", "retiring"}:
            found.append(machine)
    return tuple(found)


def overdue_lines(dues: Iterable[Due], as_of: datetime) -> list[str]:
    """One line per overdue system, for a person and for monitoring."""
    return [
        f"{each.system}: last drilled {each.last:%Y-%m-%d}, due {each.due:%Y-%m-%d}"
        if each.last
        else f"{each.system}: never drilled"
        for each in dues
        if each.overdue
    ]
