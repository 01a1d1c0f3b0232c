package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// MarkCall marks what a call may have changed without telling the registry.
func (j *journal) MarkCall(ctx *simulator.Context, c *call) {
	switch c.this.Type {
	case "VirtualMachine", "VirtualMachineSnapshot":
		j.markMachineCall(ctx, c)
		return
	}
	j.Mark(c.this)
	if makesMachine(c.method) {
		return // the lists of machines are derived
	}
	for _, ref := range referencesIn(c.body) {
		j.Mark(ref)
	}
	switch {
	case strings.Contains(c.method, "Datastore"), c.this.Type == "Datastore":
		j.markFields(ctx, "HostSystem", "Datastore")
		j.markFields(ctx, "HostDatastoreSystem")
		j.markFields(ctx, "Datastore")
		j.markFields(ctx, "ClusterComputeResource", "ComputeResource.Datastore")
		j.markFields(ctx, "Datacenter")
	case strings.Contains(c.method, "DVS"), strings.Contains(c.method, "Dvs"), strings.Contains(c.method, "DVPortgroup"),
		strings.Contains(c.this.Type, "DistributedVirtual"), c.this.Type == "HostNetworkSystem":
		j.markFields(ctx, "HostSystem", "Network")
		j.markFields(ctx, "ClusterComputeResource", "ComputeResource.Network")
		j.markFields(ctx, "DistributedVirtualPortgroup")
		j.markFields(ctx, "DistributedVirtualSwitch")
		j.markFields(ctx, "VmwareDistributedVirtualSwitch")
		j.markFields(ctx, "Datacenter")
	case c.method == "AddHost_Task", c.method == "MoveInto_Task", c.this.Type == "HostSystem":
		j.markFields(ctx, "ClusterComputeResource")
		j.markFields(ctx, "EnvironmentBrowser")
	case c.this.Type == "ResourcePool", c.this.Type == "VirtualApp":
		j.markFields(ctx, "ResourcePool")
		j.markFields(ctx, "VirtualApp")
		if c.method == "Destroy_Task" {
			j.markFields(ctx, "VirtualMachine", "ResourcePool")
		}
	case c.this.Type == "OptionManager":
		j.markFields(ctx, "HostSystem", "Config")
	case c.this.Type == "CustomFieldsManager" && c.method == "RemoveCustomFieldDef":
		for kind := range kinds {
			j.markFields(ctx, kind, entityValues...)
		}
	}
}

// entityValues are where custom values stand, for entities of any depth of embedding.
var entityValues = []string{
	"ManagedEntity.CustomValue", "ManagedEntity.ExtensibleManagedObject.Value",
	"ComputeResource.ManagedEntity.CustomValue", "ComputeResource.ManagedEntity.ExtensibleManagedObject.Value",
}

func (j *journal) markMachineCall(ctx *simulator.Context, c *call) {
	if makesMachine(c.method) {
		return // a clone leaves its source as it is
	}
	j.Mark(c.this)
	if c.machine.Type != "" {
		j.Mark(c.machine)
	}
	if strings.Contains(c.method, "Snapshot") {
		j.markSnapshots(ctx, c.machine) // a snapshot's parent lists it
	}
	for _, ref := range referencesIn(c.body) {
		if ref.Type == "VirtualMachine" || ref.Type == "VirtualMachineSnapshot" {
			j.Mark(ref)
		}
	}
}

func (j *journal) markSnapshots(ctx *simulator.Context, ref types.ManagedObjectReference) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	var walk func(tree []types.VirtualMachineSnapshotTree)
	walk = func(tree []types.VirtualMachineSnapshotTree) {
		for _, node := range tree {
			j.Mark(node.Snapshot)
			walk(node.ChildSnapshotList)
		}
	}
	ctx.WithLock(machine, func() {
		if machine.Snapshot != nil {
			walk(machine.Snapshot.RootSnapshotList)
		}
	})
}

func makesMachine(method string) bool {
	switch method {
	case "CreateVM_Task", "CloneVM_Task", "RegisterVM_Task", "InstantClone_Task", "CreateChildVM_Task", "ImportVApp":
		return true
	}
	return false
}

func (j *journal) markFields(ctx *simulator.Context, kind string, fields ...string) {
	for _, object := range ctx.Map.AllReference(kind) {
		j.Mark(object.Reference(), fields...)
	}
}
