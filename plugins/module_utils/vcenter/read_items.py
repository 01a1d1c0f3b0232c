"""From the objects of a bulk read to the items of state.py: everything but machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import Inventory, host_name_of, name_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many, truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tagging import PREFIX, TagInventory

_COUNTS_HOSTS = "ClusterFailoverLevelAdmissionControlPolicy"
TEMPLATES = "templates"  # the folder, at the top, from which machines are cloned
Found = Iterator[tuple[Item, str]]  # an item and its managed object id, or tag, role or attribute id


def items(
    inventory: Inventory, datacenter: str, tags: TagInventory, devices: Mapping[str, Mapping[str, Any]]
) -> tuple[tuple[Item, ...], dict[str, str]]:
    """All items in the order of kind and name, and the ids by "kind:name".

    Beside the items, `references` holds what one needs to make new ones: "root:vm", "root:host", "root:network",
    "root:datastore" (the datacenter's four folders), "resource_pool:CLUSTER/" (a cluster's root pool), and what an
    interface is connected by: "port_group_key:NAME" and "switch_uuid:NAME".
    """
    found: list[tuple[Item, str]] = []
    references: dict[str, str] = {}
    if inventory.center:
        found.append((Item(kind="datacenter", name=datacenter), inventory.center_reference))
        for root in ("vm", "host", "network", "datastore"):
            references[f"root:{root}"] = str(inventory.center[f"{root}Folder"])
        for source in (_folders, _clusters, _hosts, _switches, _port_groups, _datastores, _pools):
            found.extend(source(inventory))
        found.extend(_templates(inventory, devices))
        found.extend(_separations(inventory))
    found.extend(_tags(tags))
    found.extend(_attributes(inventory))
    found.extend(_roles(inventory))
    for pool, (cluster, path) in inventory.pool_paths.items():
        if cluster and not path:
            references[f"resource_pool:{cluster}/"] = pool
    for switch in inventory.switches.values():
        references[f"switch_uuid:{name_of(switch)}"] = str(switch.get("uuid", ""))
    for reference, group in inventory.port_groups.items():
        references[f"port_group_key:{name_of(group)}"] = str(group.get("key") or reference)
    for item, reference in found:
        references.setdefault(f"{item.kind}:{item.name}", reference)
    return tuple(sorted((item for item, _ in found), key=lambda item: (item.kind, item.name))), references


def _folders(inventory: Inventory) -> Found:
    for reference, path in inventory.folder_paths.items():
        if path:
            yield Item(kind="folder", name=path), reference


def _clusters(inventory: Inventory) -> Found:
    for reference, cluster in inventory.clusters.items():
        config = cluster.get("configurationEx")
        ha, tolerated = availability(config)
        properties: dict[str, Any] = {
            "ha": ha,
            "drs": truth(dig(config, "drsConfig", "enabled")),
            "host_failures_tolerated": tolerated,
        }
        policy = foreign_policy(config)
        if policy:
            properties["admission_policy"] = policy
        yield Item(kind="cluster", name=name_of(cluster), properties=properties), reference


def availability(config: Any) -> tuple[bool, int]:
    """(HA is on, number of host failures that a cluster tolerates); `config` is configurationEx."""
    level = dig(config, "dasConfig", "admissionControlPolicy", "failoverLevel")
    if dig(config, "dasConfig", "admissionControlEnabled") == "false":
        level = 0
    if level is None:
        level = dig(config, "dasConfig", "failoverLevel")
    return truth(dig(config, "dasConfig", "enabled")), int(level or 0)


def foreign_policy(config: Any) -> str:
    """Type of a cluster's admission policy when it does not count host failures, else ""; `config` is configurationEx.

    Some of these tell a failover level as well, so that what is read may be as described and nothing need be done.
    """
    kind = str(dig(config, "dasConfig", "admissionControlPolicy", "_type") or "")
    return "" if kind == _COUNTS_HOSTS else kind


def _hosts(inventory: Inventory) -> Found:
    owners = inventory.of("ClusterComputeResource", "ComputeResource")
    for reference, host in inventory.hosts.items():
        cluster = name_of(owners.get(str(host.get("parent")), {}))
        yield Item(kind="host", name=host_name_of(host), properties={"cluster": cluster}), reference


def _switches(inventory: Inventory) -> Found:
    for reference, switch in inventory.switches.items():
        config = switch.get("config")
        properties = {
            "mtu": int(dig(config, "maxMtu") or 0),
            "uplinks": len(many(dig(config, "uplinkPortPolicy", "uplinkPortName"))),
            "hosts": _host_names(inventory, many(switch.get("summary.hostMember"))),
        }
        yield Item(kind="switch", name=name_of(switch), properties=properties), reference


def _host_names(inventory: Inventory, references: list[str]) -> list[str]:
    return sorted(host_name_of(inventory.hosts[reference]) for reference in references if reference in inventory.hosts)


def _port_groups(inventory: Inventory) -> Found:
    for reference, group in inventory.port_groups.items():
        vlan = dig(group.get("config.defaultPortConfig"), "vlan", "vlanId")
        properties = {
            "switch": name_of(inventory.switches.get(str(group.get("config.distributedVirtualSwitch")), {})),
            "vlan_id": int(vlan) if isinstance(vlan, str) and vlan.isdigit() else 0,
        }
        yield Item(kind="port_group", name=name_of(group), properties=properties), reference


def _datastores(inventory: Inventory) -> Found:
    for reference, store in inventory.of("Datastore").items():
        properties = {
            "remote_host": str(dig(store.get("info"), "nas", "remoteHost") or ""),
            "remote_path": str(dig(store.get("info"), "nas", "remotePath") or ""),
            "hosts": _host_names(inventory, [str(mount.get("key")) for mount in many(store.get("host"))]),
        }
        yield Item(kind="datastore", name=name_of(store), properties=properties), reference


def _pools(inventory: Inventory) -> Found:
    pools = inventory.of("ResourcePool")
    for reference, (cluster, path) in inventory.pool_paths.items():
        pool = pools.get(reference)
        if path and pool is not None:
            properties = {
                "cpu_shares": str(dig(pool.get("config.cpuAllocation.shares"), "level") or ""),
                "memory_shares": str(dig(pool.get("config.memoryAllocation.shares"), "level") or ""),
            }
            yield Item(kind="resource_pool", name=f"{cluster}/{path}", properties=properties), reference


def _templates(inventory: Inventory, devices: Mapping[str, Mapping[str, Any]]) -> Found:
    """Those in the folder of templates: one of the same name elsewhere is somebody else's and may hold anything."""
    seen: set[str] = set()
    for reference, machine in inventory.of("VirtualMachine").items():
        inside = inventory.folder_paths.get(str(machine.get("parent"))) == TEMPLATES
        if inside and truth(machine.get("config.template")):
            name = name_of(machine)
            if name in seen:
                raise VCenterError(f"two templates in the folder {TEMPLATES} are called {name}: rename or remove one")
            seen.add(name)
            disks = devices.get(reference, {}).get("disks", [])
            size = disks[0]["size_gb"] if disks else 0
            properties = {
                "guest_id": str(machine.get("config.guestId", "")),
                "disk_gb": int(size) if float(size).is_integer() else size,
            }
            yield Item(kind="template", name=name, properties=properties), reference


def _separations(inventory: Inventory) -> Found:
    machines = inventory.of("VirtualMachine")
    for cluster in inventory.clusters.values():
        for rule in many(dig(cluster.get("configurationEx"), "rule")):
            if dig(rule, "_type") != "ClusterAntiAffinityRuleSpec":
                continue
            members = [str(machines.get(vm, {}).get("config.instanceUuid", vm)) for vm in many(rule.get("vm"))]
            name = f"{name_of(cluster)}/{rule['name']}"
            yield Item(kind="separation", name=name, properties={"machines": sorted(members)}), str(rule["key"])


def _tags(tags: TagInventory) -> Found:
    for name, identity in tags.categories.items():
        yield Item(kind="tag_category", name=name, properties={"cardinality": tags.cardinalities[name]}), identity
    for name, identity in tags.tags.items():
        yield Item(kind="tag", name=name), identity


def _attributes(inventory: Inventory) -> Found:
    for key, name in inventory.attribute_names.items():
        if name.startswith(PREFIX):
            yield Item(kind="attribute", name=name), key


def _roles(inventory: Inventory) -> Found:
    for role in inventory.roles:
        name = str(role.get("name", ""))
        if name.startswith(PREFIX):
            # vCenter adds these three to every role by itself.
            privileges = sorted(p for p in many(role.get("privilege")) if not p.startswith("System."))
            yield Item(kind="access_role", name=name, properties={"privileges": privileges}), str(role["roleId"])
