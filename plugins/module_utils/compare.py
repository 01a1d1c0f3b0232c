"""The difference between desired and actual state of one vCenter: pure, ordered, and never destructive."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_items import compare_items
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import compare_machine, missing_machine
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    DesiredVCenter,
    Item,
    ObservedMachine,
    ObservedVCenter,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs in one vCenter: to change, refused, and left alone."""

    vcenter: str
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    unmanaged: tuple[Unmanaged, ...]


def compare_vcenter(
    desired: DesiredVCenter, observed: ObservedVCenter, *, names: Collection[str] | None = None, foundation: bool = True
) -> Comparison:
    """Compare one vCenter.

    `names` limits the comparison to the machines of these names (and the separation rules that they are in); unmanaged
    things are then not reported. Without `foundation` only machines and separation rules are compared.
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

    machine_changes, machine_refusals = _compare_machines(desired, observed, selected)
    changes += machine_changes
    refusals += machine_refusals

    separations = compare_items(desired.id, *_separations(desired, observed, selected, everything=names is None))
    changes += separations.changes
    refusals += separations.refusals
    if names is None:
        unmanaged += separations.unmanaged
        unmanaged += _unmanaged_machines(desired, observed)
    return Comparison(vcenter=desired.id, changes=tuple(changes), refusals=tuple(refusals), unmanaged=tuple(unmanaged))


def _without_separations(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(item for item in items if item.kind != "separation")


def _compare_machines(
    desired: DesiredVCenter, observed: ObservedVCenter, selected: list[DesiredMachine]
) -> tuple[list[Change], list[Refusal]]:
    changes: list[Change] = []
    refusals: list[Refusal] = []
    by_uuid: dict[str, list[ObservedMachine]] = {}
    by_name: dict[str, ObservedMachine] = {}
    for there in observed.machines:
        by_uuid.setdefault(there.instance_uuid, []).append(there)
        by_name[there.name] = there
    placement = Placement(desired.capacity_gb, observed.free_gb)

    for machine in selected:
        found = by_uuid.get(machine.instance_uuid, [])
        if len(found) > 1:
            # The instance UUID is the identity; two machines with one identity must be told apart by a person.
            names = ", ".join(sorted(f"{each.name} ({each.reference})" for each in found))
            reason = f"{len(found)} machines carry the instance UUID {machine.instance_uuid}: {names}; remove the copy"
            refusals.append(_refusal(desired.id, machine, reason))
        elif found:
            difference = compare_machine(desired.id, machine, found[0], placement)
            changes += difference.changes
            refusals += difference.refusals
        else:
            difference = missing_machine(desired.id, machine, by_name.get(machine.name), placement)
            changes += difference.changes
            refusals += difference.refusals
    return changes, refusals


def _refusal(vcenter: str, machine: DesiredMachine, reason: str) -> Refusal:
    return Refusal(vcenter=vcenter, kind="machine", object=machine.key, label=machine.name, reason=reason)


def _separations(
    desired: DesiredVCenter, observed: ObservedVCenter, selected: list[DesiredMachine], *, everything: bool
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Separation rules on both sides; under a limit only those in which a selected machine takes part."""
    wanted = tuple(item for item in desired.items if item.kind == "separation")
    there = tuple(item for item in observed.items if item.kind == "separation")
    if everything:
        return wanted, there
    uuids = {machine.instance_uuid for machine in selected}
    wanted = tuple(item for item in wanted if uuids.intersection(item.properties["machines"]))
    names = {item.name for item in wanted}
    return wanted, tuple(item for item in there if item.name in names)


def _unmanaged_machines(desired: DesiredVCenter, observed: ObservedVCenter) -> list[Unmanaged]:
    ours = {machine.instance_uuid for machine in desired.machines}
    return [
        Unmanaged(vcenter=desired.id, kind="machine", object=machine.instance_uuid, label=machine.name)
        for machine in sorted(observed.machines, key=lambda each: each.name)
        if machine.instance_uuid not in ours and not machine.is_template
    ]
