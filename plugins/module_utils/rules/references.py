"""E-04: everything that is named exists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Backup,
    DesktopPool,
    Machine,
    Patching,
    System,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.rules import file_sources
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import FILE_OF_LIST, Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import suggest


class Reference(NamedTuple):
    """One name at one place, and the list in which it must stand."""

    keys: Keys
    thing: str
    wanted: str  # list of the platform, or "systems"
    name: str | None


WORDS = {
    "systems": Text(en="system", ja="システム"),
    "organisations": Text(en="organisation", ja="組織"),
    "segments": Text(en="segment", ja="ネットワーク系統"),
    "clusters": Text(en="cluster", ja="クラスタ"),
    "networks": Text(en="network", ja="ネットワーク"),
    "tiers": Text(en="storage tier", ja="ストレージ階層"),
    "flavours": Text(en="flavour", ja="標準サイズ"),
    "images": Text(en="image", ja="OS イメージ"),
    "hypervisors": Text(en="hypervisor", ja="ハイパーバイザ"),
    "waves": Text(en="wave", ja="適用グループ"),
    "windows": Text(en="window", ja="作業時間帯"),
    "freezes": Text(en="freeze", ja="作業禁止期間"),
    "backup_classes": Text(en="backup class", ja="バックアップ区分"),
    "external_services": Text(en="external service", ja="外部サービス"),
    "vcenters": Text(en="vCenter", ja="vCenter"),
    "equipment": Text(en="equipment", ja="調達単位"),
    "sites": Text(en="site", ja="拠点"),
    "switches": Text(en="switch", ja="分散スイッチ"),
    "media": Text(en="kind of tape", ja="媒体の種類"),
    "copy_retention": Text(en="retention", ja="保存世代"),
    "sources": Text(en="source", ja="出典"),
    "rules": Text(en="rule", ja="規則"),
}


def check(estate: Estate, context: Context) -> Findings:
    """Every reference between files, with the nearest name that exists as a suggestion."""
    known = names(estate)
    near: dict[tuple[str, str], Text | None] = {}  # one missing name may be meant in a thousand places
    for reference in (*_of_systems(estate), *_of_platform(estate)):
        name = reference.name
        if name is None or name in known[reference.wanted]:
            continue
        if reference.wanted == "systems" and context.is_unread(name):
            continue
        key = (reference.wanted, name)
        if key not in near:
            near[key] = suggest(name, known[reference.wanted])
        yield _unknown(context, reference, name, near[key])
    yield from _resource_pools(estate, context)
    yield from _tiers_of_clusters(estate, context)
    yield from _ends_of_flows(estate, context)
    yield from file_sources.check_machines(estate, context)
    yield from _patch_sources(estate, context)
    yield from _role_orders(estate, context)


def names(estate: Estate) -> dict[str, Collection[str]]:
    """The names of each list."""
    platform = estate.platform
    known: dict[str, Collection[str]] = {
        "systems": estate.system_by_id,
        "clusters": estate.cluster_by_name,
        "switches": {switch.name for switch in platform.switches},
    }
    for wanted in WORDS:
        if wanted not in known:
            known[wanted] = {item.id for item in getattr(platform, wanted)}
    return known


def _of_systems(estate: Estate) -> Iterator[Reference]:
    for index, system in enumerate(estate.systems):
        keys: Keys = ("systems", index)
        thing = system.id
        yield Reference((*keys, "owner"), thing, "organisations", system.owner)
        yield Reference((*keys, "segment"), thing, "segments", system.segment)
        yield Reference((*keys, "cluster"), thing, "clusters", system.cluster)
        yield from _of_shared_fields(keys, thing, system)
        for number, machine in enumerate(system.machines):
            yield from _of_machine((*keys, "machines", number), machine)
        for number, pool in enumerate(system.desktop_pools):
            yield from _of_pool((*keys, "desktop_pools", number), pool)
        for number, dependency in enumerate(system.depends_on):
            here = (*keys, "depends_on", number)
            yield Reference((*here, "system"), thing, "systems", dependency.system)
            yield Reference((*here, "external"), thing, "external_services", dependency.external)


def _of_machine(keys: Keys, machine: Machine) -> Iterator[Reference]:
    yield Reference((*keys, "image"), machine.name, "images", machine.image)
    yield Reference((*keys, "flavour"), machine.name, "flavours", machine.flavour)
    for number, nic in enumerate(machine.nics):
        yield Reference((*keys, "nics", number, "network"), machine.name, "networks", nic.network)
    for number, disk in enumerate(machine.disks):
        yield Reference((*keys, "disks", number, "tier"), machine.name, "tiers", disk.tier)
    yield from _of_shared_fields(keys, machine.name, machine)


def _of_pool(keys: Keys, pool: DesktopPool) -> Iterator[Reference]:
    yield Reference((*keys, "image"), pool.name, "images", pool.image)
    yield Reference((*keys, "flavour"), pool.name, "flavours", pool.flavour)
    yield Reference((*keys, "network"), pool.name, "networks", pool.network)
    yield Reference((*keys, "tier"), pool.name, "tiers", pool.tier)


def _of_shared_fields(keys: Keys, thing: str, item: System | Machine) -> Iterator[Reference]:
    patch: Patching | None = item.patch
    if patch is not None:
        yield Reference((*keys, "patch", "wave"), thing, "waves", patch.wave)
        yield Reference((*keys, "patch", "window"), thing, "windows", patch.window)
        for number, freeze in enumerate(patch.freezes):
            yield Reference((*keys, "patch", "freezes", number), thing, "freezes", freeze)
    backup: Backup | None = item.backup
    if backup is not None:
        yield Reference((*keys, "backup", "backup_class"), thing, "backup_classes", backup.backup_class)


# (list, name of an item's name, {field: list that it names}); fields that hold several names are tuples in the model.
_PLATFORM = (
    ("equipment", "id", {"successor_custodian": "organisations"}),
    ("organisations", "id", {"parent": "organisations", "successor": "organisations"}),
    ("vcenters", "id", {"segments": "segments", "site": "sites"}),
    (
        "clusters",
        "name",
        {"vcenter": "vcenters", "equipment": "equipment", "segment": "segments", "hypervisor": "hypervisors"},
    ),
    ("switches", "name", {"vcenter": "vcenters", "clusters": "clusters"}),
    ("networks", "id", {"vcenter": "vcenters", "switch": "switches", "segment": "segments"}),
    ("datastores", "name", {"vcenter": "vcenters", "clusters": "clusters", "tier": "tiers"}),
    ("backup_classes", "id", {"window": "windows", "vault_site": "sites", "retention": "copy_retention"}),
    ("media_pools", "id", {"segment": "segments", "medium": "media"}),
    ("tape_encryption", "segment", {"segment": "segments"}),
    ("tape_libraries", "id", {"site": "sites"}),
    ("vaults", "site", {"site": "sites"}),
    ("transport_cases", "id", {"segment": "segments"}),
    ("file_sources", "id", {"system": "systems", "backup_class": "backup_classes"}),
    ("tariffs", "equipment", {"equipment": "equipment"}),
    ("external_services", "id", {"segment": "segments", "owner": "organisations", "backup": "backup_classes"}),
    ("rules", "id", {"source": "sources"}),
    ("exceptions", "id", {"rule": "rules"}),
)


def _of_platform(estate: Estate) -> Iterator[Reference]:
    for name, label, fields in _PLATFORM:
        for index, item in enumerate(getattr(estate.platform, name)):
            for field, wanted in fields.items():
                value = getattr(item, field)
                keys: Keys = (name, index, field)
                if isinstance(value, tuple):
                    for number, part in enumerate(value):
                        yield Reference((*keys, number), getattr(item, label), wanted, part)
                else:
                    yield Reference(keys, getattr(item, label), wanted, value)
    for index, item in enumerate(estate.platform.backup_classes):
        if item.offsite is not None:
            keys = ("backup_classes", index, "offsite", "key_escrow")
            yield Reference(keys, item.id, "sites", item.offsite.key_escrow)
    escrow = estate.platform.key_escrow
    for number, site in enumerate(escrow.sites):
        yield Reference(("key_escrow", "sites", number), "key_escrow", "sites", site)
    yield from _of_tariffs(estate)
    window = estate.platform.estate.maintenance_window
    yield Reference(("estate", "maintenance_window"), "estate", "windows", window)
    for index, cluster in enumerate(estate.platform.clusters):
        shared = cluster.shared_segments
        for number, segment in enumerate(shared.segments if shared else ()):
            yield Reference(
                ("clusters", index, "shared_segments", "segments", number), cluster.name, "segments", segment
            )


def _of_tariffs(estate: Estate) -> Iterator[Reference]:
    """Tiers that platform/tariff.yml and platform/capacity.yml name."""
    tier = estate.platform.capacity.added_machine.tier
    yield Reference(("capacity", "added_machine", "tier"), "added_machine", "tiers", tier)
    for index, tariff in enumerate(estate.platform.tariffs):
        keys: Keys = ("tariffs", index)
        for number, weight in enumerate(tariff.keys.tier_weights if tariff.keys else ()):
            yield Reference((*keys, "keys", "tier_weights", number, "tier"), tariff.equipment, "tiers", weight.tier)
        for number, rate in enumerate(tariff.rates.storage if tariff.rates else ()):
            yield Reference((*keys, "rates", "storage", number, "tier"), tariff.equipment, "tiers", rate.tier)


def _unknown(context: Context, reference: Reference, name: str, near: Text | None) -> Finding:
    word = WORDS[reference.wanted]
    file = FILE_OF_LIST.get(reference.wanted, "systems/")
    return context.finding(
        "E-04",
        reference.keys,
        reference.thing,
        Text(
            en=f'{reference.thing}: there is no {word.en} "{name}"',
            ja=f"{reference.thing}: {word.ja}「{name}」はありません",
        ),
        near
        or Text(
            en=f"take a name that stands in {file}, or add it there",
            ja=f"{file} にある名前を使うか、そこに追加してください",
        ),
    )


def _resource_pools(estate: Estate, context: Context) -> Findings:
    for index, system in enumerate(estate.systems):
        cluster = estate.cluster_by_name.get(system.cluster)
        pools = [pool.name for pool in cluster.resource_pools] if cluster else [system.resource_pool]
        if system.resource_pool not in pools:
            yield context.finding(
                "E-04",
                ("systems", index, "resource_pool"),
                system.id,
                Text(
                    en=f'the cluster {system.cluster} has no resource pool "{system.resource_pool}"',
                    ja=f"クラスタ {system.cluster} にリソースプール「{system.resource_pool}」はありません",
                ),
                Text(
                    en=f"take one of: {', '.join(pools)}, or add it in platform/clusters.yml",
                    ja=f"{'、'.join(pools)} から選ぶか、platform/clusters.yml に追加してください",
                ),
            )


def _tiers_of_clusters(estate: Estate, context: Context) -> Findings:
    """A tier that exists, but has no datastore in the cluster of the system."""
    tiers = {tier.id for tier in estate.platform.tiers}
    offered = {(cluster, store.tier) for store in estate.platform.datastores for cluster in store.clusters}
    for index, system in enumerate(estate.systems):
        if system.cluster not in estate.cluster_by_name:
            continue
        used: list[tuple[Keys, str, str]] = [
            (("systems", index, "machines", number, "disks", disk_number, "tier"), machine.name, disk.tier)
            for number, machine in enumerate(system.machines)
            for disk_number, disk in enumerate(machine.disks)
        ]
        used += [
            (("systems", index, "desktop_pools", number, "tier"), pool.name, pool.tier)
            for number, pool in enumerate(system.desktop_pools)
        ]
        for keys, thing, tier in used:
            if tier in tiers and (system.cluster, tier) not in offered:
                here = ", ".join(sorted(name for cluster, name in offered if cluster == system.cluster))
                yield context.finding(
                    "E-04",
                    keys,
                    thing,
                    Text(
                        en=f'{thing}: the cluster {system.cluster} has no datastore of tier "{tier}"',
                        ja=f"{thing}: クラスタ {system.cluster} に階層「{tier}」のデータストアはありません",
                    ),
                    Text(
                        en=f"take one of: {here or '(none)'}, or add a datastore in platform/storage.yml",
                        ja=f"{here or '（なし）'} から選ぶか、platform/storage.yml にデータストアを追加してください",
                    ),
                )


def _ends_of_flows(estate: Estate, context: Context) -> Findings:
    """A flow leads from and to a network, a machine, a system or an external service."""
    known = {
        *estate.network_by_id,
        *(machine.key for _, machine in estate.machines()),
        *(pool.key for _, pool in estate.desktop_pools()),
        *(service.id for service in estate.platform.external_services),
    }
    for index, flow in enumerate(estate.platform.flows):
        for field, name in (("source", flow.source), ("destination", flow.destination)):
            if name in known or context.is_unread_machine(name):
                continue
            near = suggest(name, known)
            yield context.finding(
                "E-04",
                ("flows", index, field),
                flow.id,
                Text(
                    en=f'{flow.id}: "{name}" is no network, machine key or external service',
                    ja=f"{flow.id}: 「{name}」というネットワーク・仮想サーバの鍵・外部サービスはありません",
                ),
                near
                or Text(
                    en="correct the name; flows of what is gone are removed",
                    ja="名前を直すか、なくなったものの通信登録は削除してください",
                ),
            )


def _patch_sources(estate: Estate, context: Context) -> Findings:
    """A segment's packages come from a machine or from an external service."""
    known = {machine.key for _, machine in estate.machines()}
    known |= {service.id for service in estate.platform.external_services}
    for index, segment in enumerate(estate.platform.segments):
        name = segment.patch_source
        if name is None or name in known or context.is_unread_machine(name):
            continue
        yield context.finding(
            "E-04",
            ("segments", index, "patch_source"),
            segment.id,
            Text(
                en=f'{segment.id}: "{name}" is no machine key or external service',
                ja=f"{segment.id}: 「{name}」という仮想サーバの鍵・外部サービスはありません",
            ),
            suggest(name, known) or Text(en="name the mirror of the segment", ja="この系統のミラーを指定してください"),
        )


def _role_orders(estate: Estate, context: Context) -> Findings:
    """An order of roles names each role of the system's machines: one left out would have no place in it."""
    for index, system in enumerate(estate.systems):
        roles = {machine.role for machine in system.machines}
        if system.role_order and roles != set(system.role_order):
            wrong = ", ".join(sorted(roles ^ set(system.role_order)))
            yield context.finding(
                "E-04",
                ("systems", index, "role_order"),
                system.id,
                Text(
                    en=f"{system.id}: role_order does not name exactly the roles of its machines ({wrong})",
                    ja=f"{system.id}: role_order が仮想サーバの役割と一致しません（{wrong}）",
                ),
                Text(
                    en=f"name each once: {', '.join(sorted(roles))}",
                    ja=f"{'、'.join(sorted(roles))} を一度ずつ書いてください",
                ),
            )
