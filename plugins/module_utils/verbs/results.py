"""Results of what was not tried, so that every difference has one."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held, Refusal, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_words import field_japanese


def would_change(changes: Iterable[Change]) -> list[Result]:
    """One result per object for check mode: the same plan, no write."""
    return [
        Result(
            vcenter=group[0].vcenter,
            kind=group[0].kind,
            object=group[0].object,
            label=group[0].label,
            status="changed",
            message="would be created" if group[0].action == "create" else "would be changed",
            changes=tuple(group),
        )
        for group in by_object(changes).values()
    ]


def held(changes: Iterable[Held]) -> list[Result]:
    """One result per held change (保留)."""
    return [
        Result(
            vcenter=each.change.vcenter,
            kind=each.change.kind,
            object=each.change.object,
            label=each.change.label,
            status="held",
            message=f"{each.change.field}: {each.reason.en}",
            message_ja=f"{field_japanese(each.change)}: {each.reason.ja}",
            changes=(each.change,),
        )
        for each in changes
    ]


def refused(refusals: Iterable[Refusal]) -> list[Result]:
    """One result per refusal."""
    return [
        Result(
            vcenter=each.vcenter,
            kind=each.kind,
            object=each.object,
            label=each.label,
            status="refused",
            message=each.reason.en,
            message_ja=each.reason.ja,
        )
        for each in refusals
    ]


def by_object(changes: Iterable[Change]) -> dict[tuple[str, str, str], list[Change]]:
    """Changes grouped by (vCenter, kind, object), in their order."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.vcenter, change.kind, change.object), []).append(change)
    return groups
