"""The objects of one bulk read by id, and the paths that their parents give."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject, dig, many, truth

GIBIBYTE = 1 << 30
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")  # of IPv4 or IPv6: a host that was added without a name
UPLINK_TAG = "SYSTEM/DVS.UPLINKPG"


class Inventory:
    """What one retrieval brought, indexed; all look-ups are local."""

    def __init__(self, found: Iterable[PlainObject]) -> None:
        self.by_type: dict[str, dict[str, dict[str, Any]]] = {}
        for item in found:
            self.by_type.setdefault(item.type, {})[item.reference] = dict(item.properties)

    def of(self, *types: str) -> dict[str, dict[str, Any]]:
        """Properties by id of all objects of some types."""
        if len(types) == 1:
            return self.by_type.get(types[0], {})
        merged: dict[str, dict[str, Any]] = {}
        for kind in types:
            merged.update(self.by_type.get(kind, {}))
        return merged

    @cached_property
    def center(self) -> dict[str, Any]:
        """The datacenter's properties; empty when it does not exist."""
        return next(iter(self.of("Datacenter").values()), {})

    @cached_property
    def center_reference(self) -> str:
        """The datacenter's id, or ""."""
        return next(iter(self.of("Datacenter")), "")

    @cached_property
    def clusters(self) -> dict[str, dict[str, Any]]:
        """Clusters by id."""
        return self.of("ClusterComputeResource")

    @cached_property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """Hosts by id."""
        return self.of("HostSystem")

    @cached_property
    def switches(self) -> dict[str, dict[str, Any]]:
        """Distributed switches by id."""
        return self.of("DistributedVirtualSwitch", "VmwareDistributedVirtualSwitch")

    @cached_property
    def port_groups(self) -> dict[str, dict[str, Any]]:
        """Port groups by id, without the uplinks' own."""
        return {
            reference: group
            for reference, group in self.of("DistributedVirtualPortgroup").items()
            if not _is_uplink(group)
        }

    @cached_property
    def port_group_by_key(self) -> dict[str, str]:
        """Name of a port group by the key that a network interface holds."""
        groups = self.of("DistributedVirtualPortgroup")
        return {str(group.get("key") or reference): name_of(group) for reference, group in groups.items()}

    @cached_property
    def folder_paths(self) -> dict[str, str]:
        """Path below the root of virtual machines by folder id; "" for the root itself. Other folders are left out."""
        folders = self.of("Folder")
        root = self.center.get("vmFolder")
        paths: dict[str, str] = {root: ""} if root else {}

        def path(reference: str) -> str | None:
            if reference in paths:
                return paths[reference]
            folder = folders.get(reference)
            above = path(folder["parent"]) if folder and folder.get("parent") else None
            if folder is None or above is None:
                return None
            paths[reference] = f"{above}/{name_of(folder)}" if above else name_of(folder)
            return paths[reference]

        for reference in folders:
            path(reference)
        return paths

    @cached_property
    def pool_paths(self) -> dict[str, tuple[str, str]]:
        """(cluster name, path below the cluster's root pool) by pool id; the path of a root pool is ""."""
        pools = self.of("ResourcePool", "VirtualApp")
        owners = self.of("ClusterComputeResource", "ComputeResource")
        paths: dict[str, tuple[str, str]] = {}
        for reference, pool in pools.items():
            names: list[str] = []
            current: dict[str, Any] | None = pool
            while current is not None and current.get("parent") in pools:
                names.append(name_of(current))
                current = pools.get(current["parent"])
            owner = owners.get(str(pool.get("owner")), {})
            paths[reference] = (name_of(owner), "/".join(reversed(names)))
        return paths

    @cached_property
    def attribute_names(self) -> dict[str, str]:
        """Name of each custom attribute that virtual machines can have, by its key."""
        fields = next(iter(self.of("CustomFieldsManager").values()), {}).get("field")
        return {
            str(field["key"]): str(field["name"])
            for field in many(fields)
            if field.get("managedObjectType", "") in ("", "VirtualMachine")
        }

    @cached_property
    def roles(self) -> list[dict[str, Any]]:
        """Access roles."""
        return many(next(iter(self.of("AuthorizationManager").values()), {}).get("roleList"))

    def free_gb(self) -> dict[str, float]:
        """Free GiB by datastore name."""
        return {
            name_of(store): round(int(store.get("summary.freeSpace") or 0) / GIBIBYTE, 3)
            for store in self.of("Datastore").values()
        }


def name_of(item: dict[str, Any]) -> str:
    """An object's name; vCenter escapes slash, backslash and percent in it."""
    return unquote(str(item.get("name", "")))


def host_name_of(item: dict[str, Any]) -> str:
    """A host's name without its domain, as platform/clusters.yml calls it: the domain is the environment's."""
    name = name_of(item)
    return name if _ADDRESS.fullmatch(name) else name.partition(".")[0]


def _is_uplink(group: dict[str, Any]) -> bool:
    tags = {dig(tag, "key") for tag in many(group.get("tag"))}
    trunk = dig(group.get("config.defaultPortConfig"), "vlan", "_type") == "VmwareDistributedVirtualSwitchTrunkVlanSpec"
    # The simulator sets no tag; the name is vCenter's own pattern.
    return UPLINK_TAG in tags or (trunk and "-DVUplinks" in name_of(group)) or truth(group.get("config.uplink"))
