"""Which properties the bulk read asks for: leaf paths where the API allows it, for they are what the wire costs.

Whole objects stand only where vCenter declares a base type (`info` of a datastore, `config` of a switch) and where
there are few: tens of clusters, switches and datastores beside thousands of machines.
"""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim

# `runtime` and `summary` of a machine are never asked for as a whole: the simulator sends an empty enumeration in them.
MACHINE = (
    "name",
    "parent",
    "resourcePool",
    "runtime.host",
    "runtime.powerState",
    "config.instanceUuid",
    "config.template",
    "config.guestId",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.annotation",
    "config.changeVersion",
    "config.cpuHotAddEnabled",
    "config.memoryHotAddEnabled",
    "config.managedBy",
    "customValue",
    "snapshot.rootSnapshotList",
)

# The `runtime.host` of a machine is also answered for other types by nobody; each type has exactly its own paths.
PATHS = {
    vim.VirtualMachine: MACHINE,
    vim.Folder: ("name", "parent"),
    vim.Datacenter: ("name", "vmFolder", "hostFolder", "networkFolder", "datastoreFolder"),
    vim.ClusterComputeResource: ("name", "parent", "configurationEx", "resourcePool"),
    vim.ComputeResource: ("name", "parent", "resourcePool"),
    vim.HostSystem: ("name", "parent"),
    vim.ResourcePool: (
        "name",
        "parent",
        "owner",
        "config.cpuAllocation.shares",
        "config.memoryAllocation.shares",
    ),
    vim.DistributedVirtualSwitch: ("name", "uuid", "config", "summary.hostMember"),
    vim.dvs.DistributedVirtualPortgroup: (
        "name",
        "key",
        "tag",
        "config.distributedVirtualSwitch",
        "config.defaultPortConfig",
    ),
    vim.Datastore: ("name", "info", "host", "summary.capacity", "summary.freeSpace"),
    vim.CustomFieldsManager: ("field",),
    vim.AuthorizationManager: ("roleList",),
}

# Types of the container view; the others are named one by one.
VIEWED = (
    vim.VirtualMachine,
    vim.Folder,
    vim.ComputeResource,
    vim.HostSystem,
    vim.ResourcePool,
    vim.DistributedVirtualSwitch,
    vim.dvs.DistributedVirtualPortgroup,
    vim.Datastore,
)

DEVICES = "config.hardware.device"
