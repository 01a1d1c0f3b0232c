"""B-04: who must keep a copy off site does, and who says so has a class that can."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Backup, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

RULE = "B-04"


def check(estate: Estate, context: Context) -> Findings:
    """Systems, their machines with a backup of their own, and external services that the platform backs up.

    A stateless machine may leave its data out: there is none that a rebuild does not bring back.
    """
    for index, system in enumerate(estate.systems):
        if system.status == "retired":
            continue
        required = requiring_unit(estate, system.owner)
        yield from _of_backup(
            estate, context, ("systems", index, "backup"), system.id, backup=system.backup, required=required
        )
        for number, machine in enumerate(system.machines):
            if machine.backup is not None and machine.status != "retired":
                keys = ("systems", index, "machines", number, "backup")
                needed = None if machine.stateless else required
                yield from _of_backup(estate, context, keys, machine.name, backup=machine.backup, required=needed)
    for index, service in enumerate(estate.platform.external_services):
        if not service.backed_up or service.owner is None:
            continue
        unit = requiring_unit(estate, service.owner)
        if unit is not None and service.backup not in _vaulted(estate):
            yield _not_offsite(estate, context, ("external_services", index, "backup"), service.id, unit)


def requiring_unit(estate: Estate, owner: str) -> str | None:
    """Name of the unit, the owner or one above it, that requires off-site copies; None if there is none."""
    units = {unit.id: unit for unit in estate.platform.organisations}
    seen = set()
    unit = units.get(owner)
    while unit is not None and unit.id not in seen:
        if unit.offsite_required:
            return unit.name
        seen.add(unit.id)  # a circle of parents must end
        unit = units.get(unit.parent) if unit.parent else None
    return None


def _of_backup(
    estate: Estate, context: Context, keys: Keys, thing: str, *, backup: Backup, required: str | None
) -> Findings:
    known = {item.id for item in estate.platform.backup_classes}
    if backup.backup_class not in known:
        return
    can = backup.backup_class in _vaulted(estate)
    if required is not None and not (backup.offsite and can):
        yield _not_offsite(estate, context, keys, thing, required)
    elif backup.offsite and not can:
        yield context.finding(
            RULE,
            (*keys, "backup_class"),
            thing,
            Text(
                en=f"{thing}: offsite is true, but the class {backup.backup_class} keeps all copies on site",
                ja=f"{thing}: offsite が true ですが、区分 {backup.backup_class} には遠隔地保管がありません",
            ),
            Text(
                en=f"take one of: {', '.join(_vaulted(estate))}, or write offsite: false",
                ja=f"{', '.join(_vaulted(estate))} から選ぶか、offsite: false としてください",
            ),
        )


def _not_offsite(estate: Estate, context: Context, keys: Keys, thing: str, unit: str) -> Finding:
    return context.finding(
        RULE,
        keys,
        thing,
        Text(
            en=f"{thing}: belongs to {unit}, whose data needs a copy off site",
            ja=f"{thing}: {unit} のデータは遠隔地保管が必要です",
        ),
        Text(
            en=f"write offsite: true and one of the classes {', '.join(_vaulted(estate))}",
            ja=f"offsite: true とし、区分を {', '.join(_vaulted(estate))} から選んでください",
        ),
    )


def _vaulted(estate: Estate) -> list[str]:
    return [item.id for item in estate.platform.backup_classes if item.vault_site is not None]
