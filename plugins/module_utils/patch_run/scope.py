"""Which machines a run is about, what the gates say of each, and in which batches they go. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import machine_order
from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import forbids, hold_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.batches import Candidate, batches
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.gates import Seen, due, stopped
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.rollback import only_by_a_person
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer, Reason
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.guest_power import DiskModes, disk_modes
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import read_snapshots
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import live_vcenters
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import window_at

PURPOSE = "patch"
_QUARANTINE = "kyotsu-quarantine"
_UNREAD = Text(en="vCenter does not show its disks", ja="vCenter でディスク構成を確認できない")
_DEBIAN, _WINDOWS = "debian", "windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where vCenter has a machine."""

    vcenter: str
    reference: str
    on: bool
    disks: tuple[tuple[str, float], ...]  # datastore, GiB
    modes: DiskModes | None  # None: they could not be read
    quarantined: str = ""  # since when, of a machine that is on its way out


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What vCenter holds of the systems in question, by key."""

    places: Mapping[str, Place]
    overdue: Mapping[str, str]  # system -> name of a snapshot of ours that should be gone
    free_gb: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Machines that go, by batch, and why the others do not."""

    batches: tuple[tuple[str, ...], ...]  # keys
    refused: Mapping[str, Reason]
    only_by_a_person: Mapping[str, Text] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()  # keys of those that are refused for what somebody has to mend


def read_world(target: Target, prepared: Prepared, systems: Iterable[str]) -> World:
    """Read every vCenter once, and snapshots and disks of the machines of these systems. Raises VCenterError."""
    wanted = set(systems)
    keys = {
        prepared.estate.instance_uuid(machine).lower(): (system, machine)
        for system, machine in prepared.estate.machines()
        if system.id in wanted
    }
    today = prepared.now.astimezone(ZoneInfo(prepared.estate.platform.estate.timezone)).date()
    places: dict[str, Place] = {}
    overdue: dict[str, str] = {}
    free_gb: dict[str, float] = {}
    with live_vcenters(target, prepared.desired) as live:
        for each in live:
            free_gb.update(each.observed.free_gb)
            found = {one.reference: one for one in each.observed.machines if one.instance_uuid in keys}
            modes = disk_modes(each.session, found)
            snapshots = read_snapshots(each.session, found)
            for reference, one in found.items():
                system, machine = keys[one.instance_uuid]
                places[machine.key] = Place(
                    vcenter=each.desired.id,
                    reference=reference,
                    on=one.power == "on",
                    disks=tuple((disk.datastore, disk.size_gb) for disk in one.disks),
                    modes=modes.get(reference),
                    quarantined=one.attributes.get(_QUARANTINE, ""),
                )
                # One that a hold keeps stays past its day with good reason, and stops no patch.
                kept = forbids(hold_of(system, machine), "remove-snapshot") is not None
                labels = () if kept else (snapshot.label for snapshot in snapshots.get(reference, ()))
                late = next((label for label in labels if is_due(label, today)), None)
                if late is not None:
                    overdue.setdefault(system.id, f"{machine.name}: {late.name}")
    return World(places=places, overdue=overdue, free_gb=free_gb)


def is_due(label: SnapshotLabel | None, today: date) -> bool:
    """Whether a snapshot was made by a patch run and its last day is over, without a legal hold."""
    return label is not None and label.purpose == PURPOSE and label.is_due(today)


def decide(
    prepared: Prepared,
    world: World,
    names: Iterable[str],
    answers: Mapping[str, Answer],
    *,
    done: Mapping[str, MachineOutcome],
    copied_at: Mapping[str, datetime] | None,
    begun: Sequence[str] = (),
    emergency: bool,
    windows_ready: bool,
    at_once: int | None,
    canary: int,
) -> Scope:
    """What may be patched now of the machines with these names. `begun` are keys that an earlier attempt began with."""
    estate, cycle = prepared.estate, prepared.estate.platform.patch_cycle
    wanted = set(names)
    machines = {m.key: (s, m) for s, m in estate.machines() if m.name in wanted}
    zone = ZoneInfo(estate.platform.estate.timezone)
    schedule = plan_round(
        estate,
        as_of=prepared.now.astimezone(zone).date(),
        answers=answers,
        after=_opened(estate, prepared.now),
        done=frozenset(done),
    )
    not_now, found = due(schedule, prepared.now, cycle.machine_minutes, emergency=emergency)
    refused: dict[str, Reason] = {}
    for key, (_, machine) in machines.items():
        if key in begun:
            continue
        if key in done:
            refused[key] = _done(done[key])
        elif key in not_now:
            refused[key] = not_now[key]
        elif key not in found:
            refused[key] = Reason(code="retired", text=Text(en="it is retired", ja="廃止済"))
        else:
            reason = _no_way(estate.image_by_id[machine.image].os_family, windows_ready) or _quarantined(
                world.places.get(key)
            )
            if reason is not None:
                refused[key] = reason
    rest = [key for key in machines if key not in refused and key not in begun]
    seen = Seen(
        present={key: place.on for key, place in world.places.items()},
        overdue=world.overdue,
        copied_at=copied_at,
        datastores={key: place.disks for key, place in world.places.items()},
        free_gb=world.free_gb,
    )
    # A calendar and an owner may say no. What vCenter and the records say against a machine is a fault of somebody.
    blocked = stopped(estate, rest, seen, prepared.now)
    refused.update(blocked)
    needs = {system.id: {each.system for each in system.depends_on if each.system} for system in estate.systems}
    following = batches(
        [_candidate(estate, *machines[key]) for key in rest if key not in refused],
        at_once=at_once or cycle.machines_at_once,
        canary=canary,
        needs=needs,
    )
    # What an earlier attempt began with is brought to its end first: until then nobody knows its state.
    first = [tuple(begun)] if begun else []
    persons = {}
    for key, (_, machine) in machines.items():
        text = _only_by_a_person(machine, world.places.get(key))
        if text is not None:
            persons[key] = text
    return Scope(
        batches=(*first, *(tuple(each.key for each in batch) for batch in following)),
        refused=refused,
        only_by_a_person=persons,
        blocked=frozenset(blocked),
    )


def last_copies(store: Store, now: datetime) -> dict[str, datetime]:
    """When the last good copy on tape of each machine was taken, by key."""
    copies = store.copies.existing()
    statuses = store.custody.statuses({tape for copy in copies for tape in copy.tapes})
    standing = standings(copies, unreadable_tapes(statuses.values()), now)
    found: dict[str, datetime] = {}
    for copy in copies:
        if standing.get(copy.id) == "good":
            found[copy.machine] = max(found.get(copy.machine, copy.taken_at), copy.taken_at)
    return found


def _opened(estate: Estate, now: datetime) -> datetime:
    """When the windows that are open now have opened: all their turns count, however late the run begins."""
    timezone = estate.platform.estate.timezone
    found = (window_at(window, now, timezone) for window in estate.platform.windows)
    return min((times[0] for times in found if times is not None), default=now)


def _candidate(estate: Estate, system: System, machine: Machine) -> Candidate:
    orders = {wave.id: wave.order for wave in estate.platform.waves}
    return Candidate(
        key=machine.key,
        name=machine.name,
        system=system.id,
        cluster=system.cluster,
        tier=machine_order(system, machine),
        wave=orders[patching_of(system, machine).wave],
        pair=machine.pair,
    )


def _done(outcome: MachineOutcome) -> Reason:
    when = f"{outcome.finished_at:%Y-%m-%d %H:%M} UTC" if outcome.finished_at else "before"
    return Reason(
        code="done",
        text=Text(en=f"has this round's updates since {when}", ja=f"今回の更新は適用済（{when}）"),
    )


def _quarantined(place: Place | None) -> Reason | None:
    if place is None or not place.quarantined:
        return None
    return Reason(
        code="quarantined",
        text=Text(en=f"it is in quarantine since {place.quarantined}", ja=f"隔離中（{place.quarantined} から）"),
    )


def _only_by_a_person(machine: Machine, place: Place | None) -> Text | None:
    """Why somebody has to decide over a revert; disks that nobody has seen may be anything."""
    modes = place.modes if place else None
    if modes is None:
        reason = only_by_a_person(machine, shared=False, independent=False)
        return reason.text if reason else _UNREAD
    reason = only_by_a_person(machine, shared=modes.shared, independent=modes.independent)
    return reason.text if reason else None


def _no_way(family: str, windows_ready: bool) -> Reason | None:
    if family == _DEBIAN or (family == _WINDOWS and windows_ready):
        return None
    if family == _WINDOWS:
        return Reason(
            code="no-windows",
            text=Text(
                en="Windows needs the collection ansible.windows: see docs/runbooks/patch.md",
                ja="Windows の適用には ansible.windows が必要（docs/runbooks/patch.md）",
            ),
        )
    return Reason(
        code="no-way",
        text=Text(en=f"no way is known to patch {family}", ja=f"{family} への適用手段がない"),
    )
