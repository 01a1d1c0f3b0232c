"""T-02: busy seasons and freezes are named by the systems that they are for."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """A freeze that carries a system's id is in its file; machines with windows of their own keep it; none is idle."""
    freezes = estate.platform.freezes
    for index, system in enumerate(estate.systems):
        if system.status == "retired":
            continue
        own = {freeze.id for freeze in freezes if freeze.id.startswith(f"{system.id}-")}
        missing = sorted(own - set(system.patch.freezes))
        if missing:
            yield _missing(context, ("systems", index, "patch"), system.id, missing)
        for number, machine in enumerate(system.machines):
            if machine.patch is None or status_of(system, machine) == "retired":
                continue
            lost = sorted(set(system.patch.freezes) - set(machine.patch.freezes))
            if lost:
                yield _missing(context, ("systems", index, "machines", number, "patch"), machine.name, lost)
    named = {name for system in estate.systems for name in system.patch.freezes}
    named |= {name for _, machine in estate.machines() if machine.patch for name in machine.patch.freezes}
    for index, freeze in enumerate(freezes):
        prefixed = any(freeze.id.startswith(f"{system.id}-") for system in estate.systems)
        # A file that could not be read may name it.
        if not freeze.everybody and not prefixed and freeze.id not in named and not context.unread:
            yield context.finding(
                "T-02",
                ("freezes", index, "id"),
                freeze.id,
                Text(en=f"{freeze.id}: no system names this freeze", ja=f"{freeze.id}: どのシステムも指定していません"),
                Text(
                    en="name it in patch.freezes of the systems that it is for, or remove it",
                    ja="対象システムの patch.freezes に書くか、削除してください",
                ),
            )
    if not any(freeze.everybody for freeze in freezes):
        yield context.finding(
            "T-02",
            ("freezes",),
            "freezes",
            Text(
                en="no freeze holds for everybody; the turn of the fiscal year (年度切替) is one",
                ja="全システム共通の作業禁止期間（年度切替）がありません",
            ),
            Text(en="write everybody: true on it", ja="該当する期間に everybody: true を書いてください"),
        )


def _missing(context: Context, keys: Keys, thing: str, freezes: list[str]) -> Finding:
    names = ", ".join(freezes)
    return context.finding(
        "T-02",
        keys,
        thing,
        Text(en=f"{thing}: does not name its freezes {names}", ja=f"{thing}: 作業禁止期間 {names} の指定がありません"),
        Text(en=f"add to patch.freezes: {names}", ja=f"patch.freezes に {names} を加えてください"),
    )
