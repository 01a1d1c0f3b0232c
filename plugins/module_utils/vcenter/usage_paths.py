"""Which properties the reading of usage asks for; as in read_paths.py, leaf paths where there are many objects."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim

SNAPSHOTS = "snapshot.rootSnapshotList"
MACHINE = (
    "name",
    "resourcePool",
    "runtime.host",
    "runtime.powerState",
    "config.instanceUuid",
    "config.template",
    "config.managedBy",
    "config.changeVersion",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.cpuAllocation.reservation",
    "config.memoryAllocation.reservation",
    "summary.quickStats.overallCpuUsage",
    "summary.quickStats.guestMemoryUsage",
    "summary.quickStats.hostMemoryUsage",
    "storage.perDatastoreUsage",
    "guest.disk",
    SNAPSHOTS,
)

PATHS = {
    vim.VirtualMachine: MACHINE,
    vim.Datacenter: ("name",),
    vim.ClusterComputeResource: ("name", "configurationEx.dasConfig"),
    vim.ComputeResource: ("name",),
    vim.HostSystem: (
        "name",
        "parent",
        "summary.hardware.numCpuCores",
        "summary.hardware.cpuMhz",
        "summary.hardware.memorySize",
        "summary.quickStats.overallCpuUsage",
        "summary.quickStats.overallMemoryUsage",
        "runtime.connectionState",
        "runtime.inMaintenanceMode",
    ),
    vim.ResourcePool: ("name", "parent", "owner"),
    vim.Datastore: (
        "name",
        "summary.capacity",
        "summary.freeSpace",
        "summary.uncommitted",
        "summary.accessible",
        "browser",
    ),
    vim.CustomFieldsManager: ("field",),
    vim.PerformanceManager: ("perfCounter",),
}

# Types of the container view; the others are named one by one.
VIEWED = (vim.VirtualMachine, vim.ComputeResource, vim.HostSystem, vim.ResourcePool, vim.Datastore)

# Asked for only of the machines that need it: each costs more than all the paths above together.
ATTRIBUTES = "customValue"
FILES = ("layoutEx.file", "layoutEx.disk", "layoutEx.snapshot")
