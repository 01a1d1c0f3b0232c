"""Make and change datacenter, folders, clusters, hosts, resource pools and separation rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World, retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_items import foreign_policy

_CONFIG = "configurationEx"
# What vCenter counts for each level; it asks for a number even where the level says it all.
_CPU_SHARES = {"low": 2000, "normal": 4000, "high": 8000}
_MEMORY_SHARES = {"low": 81920, "normal": 163840, "high": 327680}


def make_datacenter(world: World, name: str, _after: Mapping[str, Any]) -> str:
    """Make the datacenter and learn its four folders."""
    center = world.session.content.rootFolder.CreateDatacenter(name=name)
    paths = {vim.Datacenter: ("vmFolder", "hostFolder", "networkFolder", "datastoreFolder")}
    for found in retrieve(world.session, paths, objects=[center]):
        for path, reference in found.properties.items():
            world.know("root", path.removesuffix("Folder"), str(reference))
    return str(center._moId)


def make_folder(world: World, name: str, _after: Mapping[str, Any]) -> str:
    """Make a folder of virtual machines below the one that its path names."""
    above, _, own = name.rpartition("/")
    parent = world.managed(vim.Folder, "folder", above) if above else world.managed(vim.Folder, "root", "vm")
    return str(parent.CreateFolder(name=own)._moId)


def make_cluster(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make a cluster with its settings of HA and DRS."""
    hosts = world.managed(vim.Folder, "root", "host")
    cluster = hosts.CreateClusterEx(name=name, spec=_cluster_spec(after))
    world.know("resource_pool", f"{name}/", str(cluster.resourcePool._moId))
    return str(cluster._moId)


def change_cluster(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Change settings of HA and DRS. Raises NotPossible where that would put one admission policy for another."""
    cluster = world.managed(vim.ClusterComputeResource, "cluster", name)
    if "host_failures_tolerated" in fields:
        _require_own_policy(world, cluster)
    with world.lock_for(f"cluster:{name}"):
        world.run(name, lambda: cluster.ReconfigureComputeResource_Task(spec=_cluster_spec(fields), modify=True))


def _require_own_policy(world: World, cluster: Any) -> None:
    """A policy of percentages or of spare hosts says what one of slots cannot: it is never replaced on the way."""
    for found in retrieve(world.session, {vim.ClusterComputeResource: (_CONFIG,)}, objects=[cluster]):
        policy = foreign_policy(found.properties.get(_CONFIG))
        if policy:
            raise NotPossible(
                f"its admission control is of the type {policy}, which is not replaced by a number of host failures: "
                "change it by hand in vCenter, then run again"
            )


def _cluster_spec(values: Mapping[str, Any]) -> Any:
    """Only what `values` names is set, so that the rest stays as it is."""
    spec = vim.cluster.ConfigSpecEx()
    if "ha" in values or "host_failures_tolerated" in values:
        spec.dasConfig = vim.cluster.DasConfigInfo()
        if "ha" in values:
            spec.dasConfig.enabled = bool(values["ha"])
        if "host_failures_tolerated" in values:
            level = int(values["host_failures_tolerated"])
            spec.dasConfig.admissionControlEnabled = level > 0
            if level > 0:
                policy = vim.cluster.FailoverLevelAdmissionControlPolicy(failoverLevel=level)
                spec.dasConfig.admissionControlPolicy = policy
    if "drs" in values:
        behavior = vim.cluster.DrsConfigInfo.DrsBehavior.fullyAutomated
        spec.drsConfig = vim.cluster.DrsConfigInfo(enabled=bool(values["drs"]), defaultVmBehavior=behavior)
    return spec


def make_host(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Add a host to its cluster."""
    credentials = world.options.host_credentials
    if credentials is None:
        raise NotPossible("no credentials for hosts were given: set the secret of this vCenter's hosts")
    cluster_name = str(after["cluster"])
    cluster = world.managed(vim.ClusterComputeResource, "cluster", cluster_name)
    spec = vim.host.ConnectSpec(
        hostName=f"{name}.{credentials.domain}" if credentials.domain else name,
        userName=credentials.username,
        password=credentials.password,
        sslThumbprint=credentials.thumbprints.get(name),
        force=False,
    )
    with world.lock_for(f"cluster:{cluster_name}"):
        reference = world.run(name, lambda: cluster.AddHost_Task(spec=spec, asConnected=True))
    return str(reference)


def make_pool(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make a resource pool; its name is "cluster/pool" or "cluster/pool/pool"."""
    cluster, _, path = name.partition("/")
    above, _, own = path.rpartition("/")
    parent = world.managed(vim.ResourcePool, "resource_pool", f"{cluster}/{above}")
    spec = _pool_spec(after)
    for allocation in (spec.cpuAllocation, spec.memoryAllocation):
        allocation.reservation = 0
        allocation.expandableReservation = True
        allocation.limit = -1
    return str(retrying(lambda: parent.CreateResourcePool(name=own, spec=spec))._moId)


def change_pool(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Change the shares of a resource pool."""
    pool = world.managed(vim.ResourcePool, "resource_pool", name)
    retrying(lambda: pool.UpdateConfig(config=_pool_spec(fields)))


def _pool_spec(values: Mapping[str, Any]) -> Any:
    spec = vim.ResourceConfigSpec(
        cpuAllocation=vim.ResourceAllocationInfo(), memoryAllocation=vim.ResourceAllocationInfo()
    )
    if "cpu_shares" in values:
        spec.cpuAllocation.shares = _shares(str(values["cpu_shares"]), _CPU_SHARES)
    if "memory_shares" in values:
        spec.memoryAllocation.shares = _shares(str(values["memory_shares"]), _MEMORY_SHARES)
    return spec


def _shares(level: str, numbers: Mapping[str, int]) -> Any:
    if level not in numbers:
        raise NotPossible(f"shares {level!r} are none of {', '.join(numbers)}")
    return vim.SharesInfo(level=level, shares=numbers[level])


def make_separation(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make the anti-affinity rule of a pair or group of machines."""
    cluster, _, rule = name.partition("/")
    _set_rule(world, cluster, _rule(world, rule, after["machines"]), "add")
    return rule


def change_separation(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Change the members of an anti-affinity rule."""
    cluster, _, rule = name.partition("/")
    info = _rule(world, rule, fields["machines"])
    info.key = int(world.reference("separation", name))
    _set_rule(world, cluster, info, "edit")


def _rule(world: World, name: str, machines: list[str]) -> Any:
    members = [vim.VirtualMachine(_machine_reference(world, uuid), world.session.stub) for uuid in machines]
    return vim.cluster.AntiAffinityRuleSpec(name=name, enabled=True, vm=members)


def _machine_reference(world: World, instance_uuid: str) -> str:
    for machine in world.observed.machines:
        if machine.instance_uuid == instance_uuid:
            return machine.reference
    # Made after the bulk read.
    found = world.session.content.searchIndex.FindByUuid(uuid=instance_uuid, vmSearch=True, instanceUuid=True)
    if found is None:
        raise NotPossible(f"skipped: its machine with instanceUuid {instance_uuid} does not exist or was not made")
    return str(found._moId)


def _set_rule(world: World, cluster_name: str, info: Any, operation: str) -> None:
    cluster = world.managed(vim.ClusterComputeResource, "cluster", cluster_name)
    spec = vim.cluster.ConfigSpecEx(rulesSpec=[vim.cluster.RuleSpec(operation=operation, info=info)])
    with world.lock_for(f"cluster:{cluster_name}"):
        world.run(info.name, lambda: cluster.ReconfigureComputeResource_Task(spec=spec, modify=True))
