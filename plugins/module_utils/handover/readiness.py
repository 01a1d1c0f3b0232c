"""Which systems are ready for the end of their equipment's term, and how long it is until then. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import LEAVING, Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Equipment
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case

State = Literal["retired", "moved", "extended", "leaving", "open"]
READY: frozenset[State] = frozenset({"retired", "moved"})
STATE_NAMES: Mapping[State, Text] = {
    "retired": Text(en="retired", ja="廃止完了"),
    "moved": Text(en="moved", ja="移行完了"),
    "extended": Text(en="stays, the term is extended", ja="延長して継続"),
    "leaving": Text(en="on its way out", ja="廃止手続中"),
    "open": Text(en="nothing decided", ja="未定"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """One equipment at its end. `planned`: the first term's end; `end`: that of the last extension; days may be < 0."""

    equipment: str
    name: str
    planned: date
    end: date
    days: int
    custodian: str | None  # who takes over what is left

    @property
    def is_extended(self) -> bool:
        """Whether it runs longer than was planned."""
        return self.end > self.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """One system. `machines`: described and not deleted yet; `why`: what is missing, or what makes it ready.

    `media_open`, `media_certified`: its machines that are deleted and whose media have no certificate of erasure yet,
    or have one. A deletion erases nothing, so media are open until the array is disposed of.
    """

    system: str
    name: str
    segment: str
    owner: str
    equipment: str
    state: State
    machines: tuple[str, ...]
    media_open: tuple[str, ...]
    media_certified: tuple[str, ...]
    why: Text


def countdowns(estate: Estate, as_of: date, segments: Collection[str]) -> tuple[Countdown, ...]:
    """Every equipment that carries one of the segments, the one that ends first first."""
    carried = {
        estate.cluster_by_name[system.cluster].equipment for system in estate.systems if system.segment in segments
    }
    found = []
    for equipment in estate.platform.equipment:
        if equipment.id in carried and equipment.terms:
            end = _end(equipment)
            found.append(
                Countdown(
                    equipment=equipment.id,
                    name=equipment.name,
                    planned=date.fromisoformat(equipment.terms[0].end),
                    end=end,
                    days=(end - as_of).days,
                    custodian=equipment.successor_custodian,
                )
            )
    return tuple(sorted(found, key=lambda each: (each.end, each.equipment)))


def _end(equipment: Equipment) -> date:
    return max(date.fromisoformat(term.end) for term in equipment.terms)


def readiness(
    estate: Estate, cases: Mapping[str, Case], as_of: date, segments: Collection[str]
) -> tuple[Readiness, ...]:
    """Every system of the segments, those that are not ready first."""
    ends = {each.equipment: each for each in countdowns(estate, as_of, segments)}
    owners = {each.id: each.name for each in estate.platform.organisations}
    found = [_of_system(estate, system, cases, ends, owners) for system in estate.systems if system.segment in segments]
    order = ("open", "leaving", "extended", "moved", "retired")
    return tuple(sorted(found, key=lambda each: (order.index(each.state), each.system)))


def _of_system(
    estate: Estate,
    system: System,
    cases: Mapping[str, Case],
    ends: Mapping[str, Countdown],
    owners: Mapping[str, str],
) -> Readiness:
    equipment = estate.cluster_by_name[system.cluster].equipment
    left = tuple(
        machine.name
        for machine in system.machines
        if status_of(system, machine) != "planned"
        and "complete" not in cases.get(machine.key, Case(machine=machine.key)).done
    )
    gone = {
        machine.name: case
        for machine in system.machines
        if (case := cases.get(machine.key, Case(machine=machine.key))).is_deleted
        and status_of(system, machine) in LEAVING  # else it was restored, and its data is in use
    }
    state, why = _state(system, left, ends.get(equipment))
    return Readiness(
        system=system.id,
        name=system.name,
        segment=system.segment,
        owner=owners.get(system.owner, system.owner),
        equipment=equipment,
        state=state,
        machines=left,
        media_open=tuple(name for name, case in gone.items() if "certify" not in case.done),
        media_certified=tuple(name for name, case in gone.items() if "certify" in case.done),
        why=why,
    )


def _state(system: System, left: tuple[str, ...], countdown: Countdown | None) -> tuple[State, Text]:
    """Ready is what the records prove; a file that says retired while a machine is not completed proves nothing."""
    retirement = system.retirement
    if system.status == "retired" and not left:
        if retirement is not None and retirement.moved_to is not None:
            to = retirement.moved_to
            return "moved", Text(en=f"moved to {to.en}", ja=f"{to.ja} へ移行")
        return "retired", Text(en="its completion record is there", ja="廃止完了記録あり")
    if system.status in {"retiring", "retired"}:
        count = len(left)
        return "leaving", Text(
            en=f"{count} machines without a completion record", ja=f"廃止完了記録のない仮想サーバ {count} 台"
        )
    if countdown is not None and countdown.is_extended and countdown.days >= 0:
        return "extended", Text(en=f"the term runs until {countdown.end}", ja=f"{countdown.end} まで延長")
    return "open", Text(
        en="neither retiring nor moved, and the term is not extended", ja="廃止・移行・延長のいずれも未定"
    )
