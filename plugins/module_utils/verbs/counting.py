"""How many of the objects that were looked at needed nothing."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import (
    EVERYTHING,
    FOUNDATION,
    Selection,
    part_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter


def count_unchanged(results: Iterable[Result], live: Iterable[LiveVCenter], selection: Selection) -> int:
    """Objects that the selection covers and for which there is no result."""
    touched = {(result.vcenter, result.kind, result.object) for result in results}
    return sum(
        (vcenter, kind, name) not in touched for each in live for vcenter, kind, name in _covered(each, selection)
    )


def _covered(live: LiveVCenter, selection: Selection) -> Iterable[tuple[str, str, str]]:
    vcenter = live.desired.id
    if selection.part != FOUNDATION:
        for machine in live.desired.machines:
            wanted = selection.names is None or machine.name in selection.names
            if wanted and machine.status in ("in-service", "retiring"):
                yield vcenter, "machine", machine.key
    if selection.names is not None:
        return
    for item in live.desired.items:
        if selection.part in (part_of(item.kind), EVERYTHING):
            yield vcenter, item.kind, item.name
