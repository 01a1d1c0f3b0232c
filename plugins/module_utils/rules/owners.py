"""E-07: the owner exists on the day. Units are renamed and merged each April: an ended unit names its successor."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Owners of systems that are not retired, and of external services."""
    units = {unit.id: unit for unit in estate.platform.organisations}
    day = context.as_of.isoformat()
    for keys, thing, owner in _owners(estate):
        unit = units.get(owner)
        if unit is None:
            continue
        if unit.valid_from > day:
            yield context.finding(
                "E-07",
                keys,
                thing,
                Text(
                    en=f"{thing}: the owner {owner} {unit.name} exists only from {unit.valid_from} on",
                    ja=f"{thing}: 所有組織 {owner} {unit.name} は {unit.valid_from} に設置されます",
                ),
                Text(en="name the unit that owns it until then", ja="それまでの所有組織を指定してください"),
            )
        elif unit.valid_to is not None and unit.valid_to < day:
            heir = _heir(units, unit, day)
            yield context.finding(
                "E-07",
                keys,
                thing,
                Text(
                    en=f"{thing}: the owner {owner} {unit.name} ended on {unit.valid_to}",
                    ja=f"{thing}: 所有組織 {owner} {unit.name} は {unit.valid_to} に廃止されました",
                ),
                Text(
                    en=f'write "owner: {heir.id}" ({heir.name}), its successor'
                    if heir
                    else "ask who took it over, and name the successor in platform/organisations.yml",
                    ja=f"後継組織の {heir.id}（{heir.name}）に直してください"
                    if heir
                    else "引継先を確認し、platform/organisations.yml に successor を登録してください",
                ),
            )


def _owners(estate: Estate) -> Iterator[tuple[Keys, str, str]]:
    for index, system in enumerate(estate.systems):
        if system.status != "retired":
            yield ("systems", index, "owner"), system.id, system.owner
    for index, service in enumerate(estate.platform.external_services):
        if service.owner is not None:
            yield ("external_services", index, "owner"), service.id, service.owner


def _heir(units: dict[str, Organisation], unit: Organisation, day: str) -> Organisation | None:
    """The successor that exists on the day, over as many reorganisations as there were."""
    seen = {unit.id}
    heir = units.get(unit.successor) if unit.successor else None
    while heir is not None and heir.valid_to is not None and heir.valid_to < day and heir.id not in seen:
        seen.add(heir.id)  # a circle of successors must end
        heir = units.get(heir.successor) if heir.successor else None
    return heir if heir is not None and heir.id not in seen else None
