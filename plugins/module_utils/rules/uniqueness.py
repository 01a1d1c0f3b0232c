"""Y-02: ids, keys, names, addresses, MAC addresses and instance UUIDs stand once in the whole estate.

Retired systems count: what was theirs is free again only when their file says so by being changed, never silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, mac_address
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


class Use(NamedTuple):
    """One value at one place. `cause`: the value from which this one is derived; equal causes are told once, there."""

    kind: str
    value: str
    thing: str
    keys: Keys
    cause: str | None = None


WORDS = {
    "system": Text(en="system id", ja="システム id"),
    "number": Text(en="report number", ja="報告書の番号"),
    "key": Text(en="key", ja="鍵（key）"),
    "name": Text(en="name", ja="名前"),
    "prefix": Text(en="name prefix", ja="名前の接頭辞"),
    "address": Text(en="address", ja="アドレス"),
    "mac": Text(en="MAC address", ja="MAC アドレス"),
    "uuid": Text(en="instance UUID", ja="instanceUuid"),
    "id": Text(en="id", ja="id"),
    "port-group": Text(en="port group", ja="ポートグループ"),
    "serial": Text(en="serial number", ja="製造番号"),
}
# Lists of the platform and the field that names an item.
_LISTS = {
    "equipment": "id", "sites": "id", "organisations": "id", "segments": "id", "vcenters": "id", "clusters": "name",
    "switches": "name", "networks": "id", "tiers": "id", "datastores": "name", "tag_categories": "name",
    "attributes": "name", "access_roles": "name", "flavours": "id", "images": "id", "hypervisors": "id",
    "backup_classes": "id", "waves": "id", "windows": "id", "freezes": "id", "external_services": "id", "flows": "id",
    "sources": "id", "rules": "id", "exceptions": "id",
}  # fmt: skip


def check(estate: Estate, context: Context) -> Findings:
    """The second and every later use of a value; the message names the first."""
    first: dict[tuple[str, str], Use] = {}
    for use in (*_of_systems(estate), *_of_platform(estate)):
        kind = use.kind.split(":")[0]
        other = first.setdefault((use.kind, use.value), use)
        if other is use or (use.cause is not None and use.cause == other.cause):
            continue
        word = WORDS[kind]
        place = context.at(other.keys)
        yield context.finding(
            "Y-02",
            use.keys,
            use.thing,
            Text(
                en=f"{use.thing}: the {word.en} {use.value} is already used by {other.thing} ({place})",
                ja=f"{use.thing}: {word.ja} {use.value} は {other.thing} が使用しています（{place}）",
            ),
            Text(
                en=f"give one of the two another {word.en}; one that was in service keeps it",
                ja=f"どちらかに別の{word.ja}を付けてください（稼働実績のある方が優先です）",
            ),
        )


def _of_systems(estate: Estate) -> Iterator[Use]:
    for index, system in enumerate(estate.systems):
        keys: Keys = ("systems", index)
        yield Use("system", system.id, system.id, (*keys, "id"))
        if system.report_number is not None:
            yield Use("number", str(system.report_number), system.id, (*keys, "report_number"), cause=system.id)
        for number, machine in enumerate(system.machines):
            yield from _of_machine(estate, machine, (*keys, "machines", number))
        for number, pool in enumerate(system.desktop_pools):
            here = (*keys, "desktop_pools", number)
            yield Use("key", pool.key, pool.name, (*here, "key"))
            yield Use("name", pool.name, pool.name, (*here, "name"), cause=pool.key)
            yield Use("prefix", pool.name_prefix, pool.name, (*here, "name_prefix"), cause=pool.key)
        for number, asset in enumerate(system.assets):
            yield Use("key", asset.key, asset.key, (*keys, "assets", number, "key"))


def _of_machine(estate: Estate, machine: Machine, keys: Keys) -> Iterator[Use]:
    yield Use("key", machine.key, machine.name, (*keys, "key"))
    yield Use("name", machine.name, machine.name, (*keys, "name"))
    at = "instance_uuid" if machine.instance_uuid else "key"
    yield Use("uuid", estate.instance_uuid(machine), machine.name, (*keys, at), cause=machine.key)
    for number, nic in enumerate(machine.nics):
        here = (*keys, "nics", number)
        yield Use("address", nic.address, machine.name, (*here, "address"))
        at = "mac" if nic.mac else "address"
        yield Use("mac", nic.mac or mac_address(nic.address), machine.name, (*here, at), cause=nic.address)


def _of_platform(estate: Estate) -> Iterator[Use]:
    platform = estate.platform
    for name, field in _LISTS.items():
        for index, item in enumerate(getattr(platform, name)):
            value = getattr(item, field)
            yield Use(f"id:{name}", value, value, (name, index, field))
    # Its copies lie among those of machines, which are named by their keys.
    for index, source in enumerate(platform.file_sources):
        yield Use("key", source.key, source.key, ("file_sources", index, "id"))
    for index, cluster in enumerate(platform.clusters):
        for number, host in enumerate(cluster.hosts):
            keys: Keys = ("clusters", index, "hosts", number)
            yield Use("name", host.name, host.name, (*keys, "name"))
            yield Use("serial", host.serial, host.name, (*keys, "serial"), cause=host.name)
    for index, network in enumerate(platform.networks):
        at = ("networks", index, "port_group")
        yield Use(f"port-group:{network.vcenter}", network.port_group, network.id, at, cause=network.id)
