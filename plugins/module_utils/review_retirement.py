"""Y-03 between two commits: nothing disappears from the description while its machines may exist."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import Checked
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.review_machines import Placed, machines_by_key

RULE = "Y-03"
# A machine that is planned was never made, one that is retired is gone.
_MAY_EXIST = ("in-service", "retiring")
_REMEDY = Text(
    en="put it back with status retiring and a retirement; after decommissioning set it to retired",
    ja="記述を戻して status: retiring と retirement を記入し、廃止完了後に retired としてください",
)


def retirement_findings(before: Checked, after: Checked) -> Iterator[Finding]:
    """Machines that are described no more, or retired at once, although they may exist.

    A system whose file has errors of its own is left to those.
    """
    if before.estate is None or after.estate is None or before.context is None or after.context is None:
        return
    severity = after.context.severity(RULE)
    files = {
        system.id: document.file
        for system, document in zip(before.estate.systems, before.context.system_documents, strict=True)
    }
    now = machines_by_key(after.estate)
    for key, machine in machines_by_key(before.estate).items():
        if machine.status not in _MAY_EXIST or after.context.is_unread(machine.system.id):
            continue
        text = _mistake(machine, now.get(key))
        if text is not None:
            yield Finding(
                rule=RULE,
                severity=severity,
                file=files[machine.system.id],
                line=1,
                object=key,
                message=text,
                remedy=_REMEDY,
            )


def _mistake(before: Placed, after: Placed | None) -> Text | None:
    name = before.machine.name
    if after is None:
        return Text(
            en=f"{name} is {before.status} and is described no more",
            ja=f"{name} は {before.status} のまま記述が削除されています",
        )
    if after.status == "retired" and before.status == "in-service":
        return Text(
            en=f"{name} goes from in-service to retired without being retiring",
            ja=f"{name} は廃止手続中（retiring）を経ずに廃止済（retired）とされています",
        )
    return None
