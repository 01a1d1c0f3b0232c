"""What a drill is asked for, what it would do, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import DRILL, Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_certificate import Certificate
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_rotation import Due
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import RestorePlan
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillOrder:
    """What is asked for. `names`: inventory hosts whose system is drilled; all of them: the system that is due next.

    `plan_file`: where the plan is written, to be approved; `approval`: the signed file; `recall_by`: who asks the vault
    for tapes that lie there; `report_directory`: where the certificate is written.
    """

    names: Sequence[str]
    tape_settings: Path
    report_directory: Path
    plan_file: Path | None = None
    approval: Path | None = None
    recall_by: str = ""
    check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillWork:
    """One machine of the system. `plan` None: `refusal` says why it cannot be drilled."""

    desired: DesiredMachine
    live: LiveVCenter
    plan: RestorePlan | None = None
    came_back: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillOutcome:
    """The rotation, the plans, and the certificate where a drill took place."""

    outcome: Outcome
    rotation: tuple[Due, ...]
    overdue: tuple[str, ...]
    text: tuple[str, ...]
    certificate: Certificate | None = None
    files: tuple[str, ...] = ()

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return self.outcome.as_result() | {
            "overdue": list(self.overdue),
            "text": list(self.text),
            "rotation": [
                {
                    "system": each.system,
                    "last": each.last.isoformat() if each.last else None,
                    "due": each.due.isoformat() if each.due else None,
                    "overdue": each.overdue,
                }
                for each in self.rotation
            ],
            "certificate": self.certificate.as_value() if self.certificate else None,
            "files": list(self.files),
        }


def chosen_system(estate: Estate, order: DrillOrder, dues: Sequence[Due]) -> System:
    """The one system that is drilled now. VerbRefused where the names are of several, or nothing is to be drilled."""
    by_name = {machine.name: system for system, machine in estate.machines()}
    unknown = sorted(set(order.names) - set(by_name) - {pool.name for _, pool in estate.desktop_pools()})
    if unknown:
        raise VerbRefused(f"not in systems/: {', '.join(unknown)}; run with the inventory of the same commit")
    if set(by_name) <= set(order.names):
        if not dues:
            raise VerbRefused("no system has copies that go to the vault: there is nothing to drill")
        return next(system for system in estate.systems if system.id == dues[0].system)
    named = {by_name[name].id for name in order.names if name in by_name}
    if len(named) != 1:
        raise VerbRefused(
            f"a drill is about one system, these are of {', '.join(sorted(named)) or 'none'}: use --limit "
            "system_ID_…, or no limit for the one that is due next"
        )
    (wanted,) = named
    if wanted not in {each.system for each in dues}:
        raise VerbRefused(f"{wanted}: no copy of it goes to the vault; a drill restores from a tape that was there")
    return next(system for system in estate.systems if system.id == wanted)


def drill_plan(environment: str, commit: str, system: System, work: Iterable[DrillWork], network: str) -> Plan:
    """What the owner agrees to: copies of these machines, made in a closed network, and removed again.

    Which copy is taken is left open, so that an agreement does not end with the next backup.
    """
    changes = tuple(
        Change(
            vcenter=each.live.desired.id,
            kind="machine",
            object=each.desired.key,
            label=each.desired.name,
            action="create",
            field="",
            before=None,
            after={"purpose": "restore drill", "network": network, "name": f"drill copy of {each.desired.name}"},
            # Nothing stops; but a copy of the owner's data comes to run, to which the owner agrees.
            risk="outage",
            reason="a copy of the machine is restored from tape, booted in a closed network, checked and removed",
        )
        for each in work
    )
    return Plan(
        kind=DRILL,
        environment=environment,
        commit=commit,
        part="machines",
        scope=(system.id,),
        observed={},
        changes=changes,
        refusals=(),
        unmanaged=(),
    )
