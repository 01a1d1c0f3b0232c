"""A-06 and A-07: names that other programs read."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

PREFIX = "kyotsu-"
# What decommission goes by: whose machine it is, and whether this repository made or adopted it.
NEEDED = {"key": f"{PREFIX}key", "origin": f"{PREFIX}origin"}


def check_vcenter(estate: Estate, context: Context) -> Findings:
    """A-06: what we make in vCenter cannot be taken for another's; the two attributes of identity are described."""
    for name in ("tag_categories", "attributes", "access_roles"):
        for index, item in enumerate(getattr(estate.platform, name)):
            if not item.name.startswith(PREFIX):
                yield context.finding(
                    "A-06",
                    (name, index, "name"),
                    item.name,
                    Text(
                        en=f"{item.name}: does not begin with {PREFIX}",
                        ja=f"{item.name}: 名前が {PREFIX} で始まっていません",
                    ),
                    Text(en=f"write {PREFIX}{item.name}", ja=f"{PREFIX}{item.name} としてください"),
                )
    there = {(attribute.source, attribute.name) for attribute in estate.platform.attributes}
    for source, wanted in NEEDED.items():
        if (source, wanted) not in there:
            yield context.finding(
                "A-06",
                ("attributes",),
                wanted,
                Text(
                    en=f"the attribute {wanted} with source {source} is missing",
                    ja=f"属性 {wanted}（source: {source}）がありません",
                ),
                Text(
                    en="describe it in platform/vcenters.yml; without it decommission cannot tell what is ours",
                    ja="platform/vcenters.yml に定めてください（廃止の対象を判別できません）",
                ),
            )


def check_windows_names(estate: Estate, context: Context) -> Findings:
    """A-07: one finding per system, at its first Windows machine with a name longer than NetBIOS takes."""
    limit = estate.platform.limits.netbios_name_length
    windows = {image.id for image in estate.platform.images if image.os_family == "windows"}
    for index, system in enumerate(estate.systems):
        long = [
            number
            for number, machine in enumerate(system.machines)
            if machine.image in windows and len(machine.name) > limit and status_of(system, machine) != "retired"
        ]
        if long:
            names = ", ".join(system.machines[number].name for number in long)
            yield context.finding(
                "A-07",
                ("systems", index, "machines", long[0], "name"),
                system.id,
                Text(
                    en=f"{names}: Windows keeps {limit} characters of it as the NetBIOS name",
                    ja=f"{names}: Windows の NetBIOS 名は先頭 {limit} 文字になります",
                ),
                Text(
                    en="take a shorter name, or see to it that the image gives one and register an exception",
                    ja="短い名前にするか、イメージ側で別名を付けて例外を登録してください",
                ),
                only_warn=True,
            )
