"""Whether a machine that does not get healthy may be brought back without asking anybody. Pure.

A snapshot takes everything back to the time when it was made, also what users have written since. So only machines that
say that they keep nothing go back by themselves.
"""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Reason

# They keep what others have written, whatever somebody has declared.
KEEPS_DATA = frozenset({"db", "file", "mdrive", "profile", "batch", "queue", "mail", "log", "directory", "backup"})


def only_by_a_person(machine: Machine, *, shared: bool, independent: bool) -> Reason | None:
    """Why somebody has to decide (切戻し判断), or None: it goes back by itself once its logs are exported.

    `shared`: another machine writes to one of its disks too; `independent`: a snapshot does not hold one of them.
    """
    if shared:
        return Reason(
            code="shared-disk",
            text=Text(en="a disk of it is shared with others", ja="他の仮想サーバと共有するディスクを持つ"),
        )
    if independent:
        return Reason(
            code="independent-disk",
            text=Text(en="its snapshot does not hold all its disks", ja="スナップショットに含まれないディスクを持つ"),
        )
    if machine.role in KEEPS_DATA:
        return Reason(
            code="keeps-data",
            text=Text(
                en=f"role {machine.role} keeps data that a revert would lose",
                ja=f"役割 {machine.role} のデータが切戻しで失われる",
            ),
        )
    if not machine.stateless:
        return Reason(
            code="not-stateless",
            text=Text(en="it is not declared stateless", ja="状態を持たない（stateless）と定義されていない"),
        )
    return None
