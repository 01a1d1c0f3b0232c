"""What patch runs have left: snapshots whose last day is over, and silences that nobody has ended.

Both are removed, unless somebody holds them or works with them; what stays is listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import forbids, held_machines
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.forgotten import (
    Forgotten,
    ended,
    listed,
    open_silences,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.scope import PURPOSE, is_due
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import Silence
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import (
    Snapshot,
    read_snapshots,
    remove_snapshots,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare, scope_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import locked_run
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, live_vcenters

KIND = "patch-cleanup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One snapshot of a patch run. `state`: kept, held, due, removed or failed."""

    machine: str
    name: str
    state: str
    why: str = ""

    def as_value(self) -> dict[str, str]:
        """As JSON."""
        return {"machine": self.machine, "name": self.name, "state": self.state, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Every snapshot and open silence of patch runs, and what became of it."""

    snapshots: tuple[Found, ...]
    silences: tuple[Forgotten, ...]
    check: bool

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        states = [each.state for each in self.snapshots]
        lines = [f"{len(states)} snapshots of patch runs{_counts(states)}" if states else "no snapshot of a patch run"]
        lines += [f"{each.machine}: {each.name}: {each.state}{_because(each.why)}" for each in self.snapshots]
        left = [each.state for each in self.silences]
        if left:
            lines.append(f"{len(left)} open silences of patch runs{_counts(left)}")
        lines += [
            f"{each.machine}: silence of {each.reason} until {each.end}: {each.state}{_because(each.why)}"
            for each in self.silences
        ]
        done = {"removed", "ended"} | ({"due"} if self.check else set())
        return {
            "changed": not done.isdisjoint([*states, *left]),
            "snapshots": [each.as_value() for each in self.snapshots],
            "silences": [each.as_value() for each in self.silences],
            "failed_snapshots": states.count("failed"),
            "text": "\n".join(lines),
        }


def run_cleanup(
    target: Target,
    names: Sequence[str] | None,
    services: Mapping[str, Any] | None = None,
    *,
    check: bool = False,
    at: datetime | None = None,
) -> Cleaned:
    """Remove and end what is due of the machines with these names; check mode only lists.

    `at` is the day that snapshots are judged by. Silences hold by the clock, and so are they judged.
    """
    prepared = prepare(target, at, writes=not check)
    today = prepared.now.astimezone(ZoneInfo(prepared.estate.platform.estate.timezone)).date()
    limit = scope_of(prepared, names)
    described = {machine.name for _, machine in prepared.estate.machines()}
    holds = held_machines(prepared.estate)
    left = open_silences(services, limit, described)
    if check:
        with live_vcenters(target, prepared.desired) as live:
            found = [one for each in live for one in _listed(each, limit, today, holds)]
        return Cleaned(snapshots=_sorted(found), silences=_looked_up(target, left), check=True)
    with (
        locked_run(target, "patch cleanup", prepared.commit) as run,
        live_vcenters(target, prepared.desired, settled=True) as live,
    ):
        found = [one for each in live for one in _cleaned(each, limit, today, holds)]
        silences = ended(services, listed(left, run.store, now()), now())
        removed = [each.as_value() for each in found if each.state in ("removed", "failed")]
        over = [each.as_value() for each in silences if each.state == "ended"]
        if removed or over:
            run.store.chain.append(KIND, str(today), {"snapshots": removed, "silences": over}, run.origin)
    return Cleaned(snapshots=_sorted(found), silences=silences, check=False)


def _looked_up(target: Target, silences: Sequence[Silence]) -> tuple[Forgotten, ...]:
    """Without a silence there may be no records either, and check mode makes none."""
    if not silences:
        return ()
    with open_store(target.records_url, production=target.production, create=False) as store:
        return listed(silences, store, now())


def _ours(live: LiveVCenter, limit: Collection[str] | None) -> Iterator[tuple[ObservedMachine, Snapshot]]:
    machines = {
        each.reference: each
        for each in live.observed.machines
        if each.snapshots and (limit is None or each.name in limit)
    }
    for reference, snapshots in read_snapshots(live.session, machines).items():
        for each in snapshots:
            if each.label is not None and each.label.purpose == PURPOSE:
                yield machines[reference], each


def _listed(
    live: LiveVCenter, limit: Collection[str] | None, today: date, holds: Mapping[str, LegalHold]
) -> list[Found]:
    return [standing(machine, each, today, holds) for machine, each in _ours(live, limit)]


def standing(machine: ObservedMachine, snapshot: Snapshot, today: date, holds: Mapping[str, LegalHold]) -> Found:
    """What becomes of a snapshot of a patch run; `holds` by instance UUID, as the description has them today."""
    label = snapshot.label
    late = label is not None and today > label.expires_on
    held = forbids(holds.get(machine.instance_uuid.lower()), "remove-snapshot")
    why = held.en if held else f"legal hold: {label.legal_hold}" if label and label.legal_hold is not None else ""
    if why:
        state, why = "held", f"{why}{', past its last day' if late else ''}"
    else:
        state = "due" if is_due(label, today) else "kept"
    return Found(machine=machine.name, name=snapshot.name, state=state, why=why)


def _cleaned(
    live: LiveVCenter, limit: Collection[str] | None, today: date, holds: Mapping[str, LegalHold]
) -> list[Found]:
    ours = [(machine, each, standing(machine, each, today, holds)) for machine, each in _ours(live, limit)]
    due = [each for _, each, found in ours if found.state == "due"]
    errors = {done.machine: done.error for done in remove_snapshots(live.session, due)}
    return [
        _done(found, errors.get(machine.reference, "")) if found.state == "due" else found for machine, _, found in ours
    ]


def _done(due: Found, error: str) -> Found:
    return replace(due, state="failed" if error else "removed", why=error)


def _sorted(found: Sequence[Found]) -> tuple[Found, ...]:
    return tuple(sorted(found, key=lambda each: (each.machine, each.name)))


def _counts(states: Sequence[str]) -> str:
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return f": {counts}" if counts else ""


def _because(why: str) -> str:
    return f" ({why})" if why else ""
