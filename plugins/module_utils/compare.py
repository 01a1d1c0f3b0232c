"""The difference between desired and actual state of one vCenter: pure, ordered, and never destructive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_items import Difference, compare_items
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import (
    KEY_ATTRIBUTE,
    MachineDifference,
    compare_machine,
    missing_machine,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    DesiredVCenter,
    Item,
    ObservedMachine,
    ObservedVCenter,
)

# A rule that keeps machines apart needs two of them.
_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs in one vCenter: to change, refused, and left alone."""

    vcenter: str
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    unmanaged: tuple[Unmanaged, ...]
    # Instance UUIDs of the machines that were compared; no difference, so two comparisons are not told apart by it.
    ours: frozenset[str] = field(default=frozenset(), compare=False)


def compare_vcenter(
    desired: DesiredVCenter,
    observed: ObservedVCenter,
    *,
    names: Collection[str] | None = None,
    foundation: bool = True,
    elsewhere: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare one vCenter.

    `names` limits the comparison to the machines of these names (and the separation rules that they are in); unmanaged
    things are then not reported. Without `foundation` only machines and separation rules are compared. `elsewhere` is
    what the other vCenters hold (instance UUID -> vCenter id), so that a machine that moves between vCenters is not
    made a second time.
    """
    changes: list[Change] = []
    refusals: list[Refusal] = []
    unmanaged: list[Unmanaged] = []
    selected = [machine for machine in desired.machines if names is None or machine.name in names]

    if foundation and names is None:
        found = compare_items(desired.id, _without_separations(desired.items), _without_separations(observed.items))
        changes += found.changes
        refusals += found.refusals
        unmanaged += found.unmanaged

    machines = _compare_machines(desired, observed, selected, elsewhere or {})
    changes += machines.changes
    refusals += machines.refusals

    separations = _compare_separations(desired, observed, selected, machines.changes, everything=names is None)
    changes += separations.changes
    refusals += separations.refusals
    if names is None:
        unmanaged += separations.unmanaged
        unmanaged += _unmanaged_machines(desired, observed)
    return Comparison(
        vcenter=desired.id,
        changes=tuple(changes),
        refusals=tuple(refusals),
        unmanaged=tuple(unmanaged),
        ours=frozenset(machine.instance_uuid for machine in selected),
    )


def _without_separations(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(item for item in items if item.kind != "separation")


def _compare_machines(
    desired: DesiredVCenter, observed: ObservedVCenter, selected: list[DesiredMachine], elsewhere: Mapping[str, str]
) -> MachineDifference:
    together = MachineDifference()
    lookup = _Lookup(observed)
    placement = Placement(desired.capacity_gb, observed.free_gb, desired.reserve_gb)
    for machine in selected:
        found = lookup.by_uuid.get(machine.instance_uuid, [])
        ambiguity = _ambiguity(machine, found, elsewhere.get(machine.instance_uuid))
        if ambiguity is not None:
            together.refusals.append(_refusal(desired.id, machine, ambiguity))
            continue
        stranger = lookup.stranger(machine)
        if found:
            difference = compare_machine(desired.id, machine, found[0], placement, same_name=stranger)
        else:
            difference = missing_machine(desired.id, machine, stranger, placement)
        together.changes += difference.changes
        together.refusals += difference.refusals
    return together


class _Lookup:
    """Observed machines by identity, and those that stand in the way of one."""

    def __init__(self, observed: ObservedVCenter) -> None:
        self.by_uuid: dict[str, list[ObservedMachine]] = {}
        self._by_name: dict[str, list[ObservedMachine]] = {}
        self._by_key: dict[str, list[ObservedMachine]] = {}
        for there in observed.machines:
            self.by_uuid.setdefault(there.instance_uuid, []).append(there)
            self._by_name.setdefault(there.name, []).append(there)
            self._by_key.setdefault(there.attributes.get(KEY_ATTRIBUTE, ""), []).append(there)

    def stranger(self, machine: DesiredMachine) -> ObservedMachine | None:
        """A machine of another identity that has the name, or that claims the key (a copy, or one we cannot read)."""
        candidates = [*self._by_name.get(machine.name, []), *self._by_key.get(machine.key, [])]
        return next((each for each in candidates if each.instance_uuid != machine.instance_uuid), None)


def _ambiguity(machine: DesiredMachine, found: list[ObservedMachine], other_vcenter: str | None) -> Text | None:
    """Why it is not clear which machine is meant: the instance UUID is the identity, a person must tell them apart."""
    if len(found) > 1:
        names = ", ".join(sorted(f"{each.name} ({each.reference})" for each in found))
        return Text(
            en=f"{len(found)} machines carry the instance UUID {machine.instance_uuid}: {names}; remove the copy",
            ja=f"instanceUuid {machine.instance_uuid} の仮想サーバが {len(found)} 台あります（{names}）。"
            "複製を取り除いてください",
        )
    if other_vcenter is None or machine.status in ("planned", "retired"):
        return None
    if found:
        return Text(
            en=f"vCenter {other_vcenter} holds a machine with the same instance UUID: remove the copy",
            ja=f"vCenter {other_vcenter} に同じ instanceUuid の仮想サーバがあります。複製を取り除いてください",
        )
    return Text(
        en=f"it is in vCenter {other_vcenter} and described here: move it by hand; it is not made a second time",
        ja=f"記述と異なる vCenter {other_vcenter} にあります。手作業で移してください（二重には作成しません）",
    )


def _refusal(vcenter: str, machine: DesiredMachine, reason: Text) -> Refusal:
    return Refusal(vcenter=vcenter, kind="machine", object=machine.key, label=machine.name, reason=reason)


def _compare_separations(
    desired: DesiredVCenter,
    observed: ObservedVCenter,
    selected: list[DesiredMachine],
    machine_changes: list[Change],
    *,
    everything: bool,
) -> Difference:
    """Separation rules; under a limit only those in which a selected machine takes part.

    A rule names machines that are there or made by this plan: one that waits for a machine is made when it comes.
    """
    present = {machine.instance_uuid for machine in observed.machines}
    present |= {change.after["instance_uuid"] for change in machine_changes if change.action == "create"}
    chosen = {machine.instance_uuid for machine in selected}
    rules = {
        item.name: sorted(present.intersection(item.properties["machines"]))
        for item in desired.items
        if item.kind == "separation" and (everything or chosen.intersection(item.properties["machines"]))
    }
    waiting = {name for name, members in rules.items() if len(members) < _PAIR}
    wanted = [
        Item(kind="separation", name=name, properties={"machines": members})
        for name, members in rules.items()
        if name not in waiting
    ]
    there = [
        item
        for item in observed.items
        if item.kind == "separation" and item.name not in waiting and (everything or item.name in rules)
    ]
    return compare_items(desired.id, wanted, there)


def _unmanaged_machines(desired: DesiredVCenter, observed: ObservedVCenter) -> list[Unmanaged]:
    ours = {machine.instance_uuid for machine in desired.machines}
    return [
        Unmanaged(vcenter=desired.id, kind="machine", object=machine.instance_uuid, label=machine.name)
        for machine in sorted(observed.machines, key=lambda each: each.name)
        if machine.instance_uuid not in ours and not machine.is_template
    ]
