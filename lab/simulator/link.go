package main

import (
	"reflect"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// link restores what follows from other objects: lists of children, hosts and
// machines, and the pointers between a host and its managers.
func link(ctx *simulator.Context) {
	entities := ctx.Map.All("")
	slices.SortFunc(entities, func(a, b mo.Entity) int { return compareReferences(a.Reference(), b.Reference()) })
	for _, entity := range entities {
		linkParent(ctx, entity)
		ref := entity.Reference()
		entity.Entity().AvailableField = simulator.GetCustomFieldsAvailable(ctx, &ref)
		switch item := entity.(type) {
		case *simulator.VirtualMachine:
			linkMachine(ctx, item)
		case *simulator.HostSystem:
			linkHost(ctx, item)
		}
	}
	dropOrphanSnapshots(ctx)
}

func linkParent(ctx *simulator.Context, entity mo.Entity) {
	parent := entity.Entity().Parent
	if parent == nil {
		return
	}
	ref := entity.Reference()
	switch owner := ctx.Map.Get(*parent).(type) {
	case *simulator.Folder:
		if ref.Type != "ResourcePool" {
			addReference(&owner.ChildEntity, ref)
		}
	case *simulator.StoragePod:
		addReference(&owner.ChildEntity, ref)
	case *simulator.ClusterComputeResource:
		if ref.Type == "HostSystem" {
			addReference(&owner.Host, ref)
		}
	case *mo.ComputeResource:
		if ref.Type == "HostSystem" {
			addReference(&owner.Host, ref)
		}
	}
}

func linkMachine(ctx *simulator.Context, machine *simulator.VirtualMachine) {
	if machine.DataSets == nil {
		machine.DataSets = map[string]*simulator.DataSet{}
	}
	nothingMeasured(machine) // what was, before this process
	owners := append([]types.ManagedObjectReference(nil), machine.Datastore...)
	owners = append(owners, machine.Network...)
	for _, owner := range []*types.ManagedObjectReference{machine.Runtime.Host, machine.ResourcePool} {
		if owner != nil {
			owners = append(owners, *owner)
		}
	}
	for i := range owners {
		if list := machinesOf(ctx, &owners[i]); list != nil {
			addReference(list, machine.Self)
		}
	}
}

// linkHost joins a host and the managers that hold a pointer to it.
func linkHost(ctx *simulator.Context, host *simulator.HostSystem) {
	host.Summary.Runtime = &host.Runtime
	host.Summary.Host = &host.Self
	managers := reflect.ValueOf(host.ConfigManager)
	for i := range managers.NumField() {
		ref, ok := managers.Field(i).Interface().(*types.ManagedObjectReference)
		if !ok || ref == nil {
			continue
		}
		manager := ctx.Map.Get(*ref)
		if manager == nil {
			continue
		}
		if options, ok := manager.(*simulator.OptionManager); ok {
			options.Setting = host.Config.Option
			openField(reflect.ValueOf(options).Elem(), "mirror").Set(reflect.ValueOf(&host.Config.Option))
			continue
		}
		if back := reflect.ValueOf(manager).Elem().FieldByName("Host"); back.IsValid() && back.CanSet() {
			back.Set(reflect.ValueOf(&host.HostSystem))
		}
	}
}

// dropOrphanSnapshots removes snapshots that no machine's tree names: their
// machine was killed in the middle of taking them.
func dropOrphanSnapshots(ctx *simulator.Context) {
	known := map[types.ManagedObjectReference]bool{}
	var walk func(tree []types.VirtualMachineSnapshotTree)
	walk = func(tree []types.VirtualMachineSnapshotTree) {
		for _, node := range tree {
			known[node.Snapshot] = true
			walk(node.ChildSnapshotList)
		}
	}
	for _, entity := range ctx.Map.All("VirtualMachine") {
		if machine, ok := entity.(*simulator.VirtualMachine); ok && machine.Snapshot != nil {
			walk(machine.Snapshot.RootSnapshotList)
		}
	}
	for _, snapshot := range ctx.Map.AllReference("VirtualMachineSnapshot") {
		if !known[snapshot.Reference()] {
			ctx.Map.Remove(ctx, snapshot.Reference())
		}
	}
}

func addReference(list *[]types.ManagedObjectReference, ref types.ManagedObjectReference) {
	if !slices.Contains(*list, ref) {
		*list = append(*list, ref)
	}
}
