"""E-10: a VLAN is one network of a switch, with a number that IEEE 802.1Q knows (1 to 4094)."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Range and uniqueness of VLAN ids; a network's switch, and a switch's clusters, are of the same vCenter."""
    first: dict[tuple[str, int], int] = {}
    for index, network in enumerate(estate.platform.networks):
        keys = ("networks", index, "vlan_id")
        if not 1 <= network.vlan_id <= 4094:
            yield context.finding(
                "E-10",
                keys,
                network.id,
                Text(
                    en=f"{network.id}: {network.vlan_id} is not a VLAN id",
                    ja=f"{network.id}: {network.vlan_id} は VLAN ID の範囲外です",
                ),
                Text(en="take a free number from 1 to 4094", ja="1 から 4094 の空き番号にしてください"),
            )
            continue
        other = first.setdefault((network.switch, network.vlan_id), index)
        if other != index:
            name = estate.platform.networks[other].id
            place = context.at(("networks", other, "vlan_id"))
            yield context.finding(
                "E-10",
                keys,
                network.id,
                Text(
                    en=f"{network.id}: VLAN {network.vlan_id} of {network.switch} is already {name} ({place})",
                    ja=f"{network.id}: {network.switch} の VLAN {network.vlan_id} は "
                    f"{name} が使用しています（{place}）",
                ),
                Text(en="take a free number", ja="空き番号にしてください"),
            )
    yield from _one_vcenter(estate, context)


def _one_vcenter(estate: Estate, context: Context) -> Findings:
    vcenter_of_switch = {switch.name: switch.vcenter for switch in estate.platform.switches}
    vcenter_of_cluster = {cluster.name: cluster.vcenter for cluster in estate.platform.clusters}
    pairs: list[tuple[Keys, str, str, str, str | None]] = [
        (("networks", index, "switch"), item.id, item.vcenter, item.switch, vcenter_of_switch.get(item.switch))
        for index, item in enumerate(estate.platform.networks)
    ]
    for name in ("switches", "datastores"):
        pairs += [
            ((name, index, "clusters", number), item.name, item.vcenter, cluster, vcenter_of_cluster.get(cluster))
            for index, item in enumerate(getattr(estate.platform, name))
            for number, cluster in enumerate(item.clusters)
        ]
    for keys, thing, vcenter, other, other_vcenter in pairs:
        if other_vcenter is not None and other_vcenter != vcenter:
            yield context.finding(
                "E-10",
                keys,
                thing,
                Text(
                    en=f"{thing} is of {vcenter}, but {other} of {other_vcenter}",
                    ja=f"{thing} は {vcenter}、{other} は {other_vcenter} に属しています",
                ),
                Text(
                    en="name one of the same vCenter; nothing is shared between two",
                    ja="同じ vCenter のものを指定してください",
                ),
            )
