"""From open vCenters to a plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.compare import Comparison, compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, make_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.prerequisites import split_by_prerequisites
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter

FOUNDATION, MACHINES, EVERYTHING = "foundation", "machines", "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which differences a verb is about: a part of the estate, and the machines it is limited to (None: all)."""

    part: str
    names: Collection[str] | None = None


def plan_of(target: Target, prepared: Prepared, live: list[LiveVCenter], selection: Selection) -> Plan:
    """Compare every vCenter and join the differences."""
    comparisons = [_selected(compare_vcenter_of(each, live, selection), each, selection) for each in live]
    return make_plan(
        environment=target.environment,
        commit=prepared.commit,
        part=selection.part,
        scope=None if selection.names is None else sorted(selection.names),
        observed=[each.observed for each in live],
        comparisons=comparisons,
    )


def compare_vcenter_of(one: LiveVCenter, live: list[LiveVCenter], selection: Selection) -> Comparison:
    """All differences of one vCenter among all, limited to the selection's machines."""
    elsewhere = {
        machine.instance_uuid: other.desired.id
        for other in live
        if other.desired.id != one.desired.id
        for machine in other.observed.machines
    }
    return compare_vcenter(
        one.desired,
        one.observed,
        names=selection.names,
        foundation=selection.part != MACHINES,
        elsewhere=elsewhere,
    )


def _selected(comparison: Comparison, live: LiveVCenter, selection: Selection) -> Comparison:
    if selection.part == FOUNDATION:
        return dataclasses.replace(
            comparison,
            changes=tuple(each for each in comparison.changes if part_of(each.kind) == FOUNDATION),
            refusals=tuple(each for each in comparison.refusals if part_of(each.kind) == FOUNDATION),
            unmanaged=tuple(each for each in comparison.unmanaged if part_of(each.kind) == FOUNDATION),
        )
    # What the same plan makes first counts as there; a plan of some machines makes no foundation.
    makes_foundation = selection.part != MACHINES and selection.names is None
    there = (*live.observed.items, *live.desired.items) if makes_foundation else live.observed.items
    changes, refusals = split_by_prerequisites(comparison.changes, there)
    return dataclasses.replace(comparison, changes=changes, refusals=(*comparison.refusals, *refusals))


def part_of(kind: str) -> str:
    """Which verb changes objects of this kind: provision the machines, foundation all others."""
    return MACHINES if kind in ("machine", "separation") else FOUNDATION
