package main

import (
	"reflect"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator ignores parts of some requests which a real vCenter honours.
// The functions here add them, before anybody can see the result.

// completeCluster writes the HA and DRS settings of a spec into a cluster.
func completeCluster(ctx *simulator.Context, cluster *simulator.ClusterComputeResource, spec types.BaseComputeResourceConfigSpec) {
	wanted, ok := spec.(*types.ClusterConfigSpecEx)
	if !ok {
		return
	}
	ctx.WithLock(cluster, func() {
		config, ok := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
		if !ok {
			return
		}
		if wanted.DasConfig != nil {
			overlay(&config.DasConfig, wanted.DasConfig)
		}
		if wanted.DrsConfig != nil {
			overlay(&config.DrsConfig, wanted.DrsConfig)
		}
		ctx.Update(cluster, []types.PropertyChange{{Name: "configurationEx", Val: config}})
	})
}

// overlay copies the fields that are set in source into target (same type).
func overlay(target, source any) {
	into, from := reflect.ValueOf(target).Elem(), reflect.ValueOf(source).Elem()
	for i := range from.NumField() {
		if field := from.Field(i); !field.IsZero() {
			into.Field(i).Set(field)
		}
	}
}

// findCluster finds the cluster which CreateClusterEx has just made.
func findCluster(ctx *simulator.Context, folder types.ManagedObjectReference, name string) *simulator.ClusterComputeResource {
	for _, entity := range ctx.Map.All("ClusterComputeResource") {
		cluster, ok := entity.(*simulator.ClusterComputeResource)
		if ok && cluster.Name == name && cluster.Parent != nil && *cluster.Parent == folder {
			return cluster
		}
	}
	return nil
}

// completeClone writes what the simulator leaves out of CloneVM_Task's config.
func completeClone(ctx *simulator.Context, ref types.ManagedObjectReference, config *types.VirtualMachineConfigSpec) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok || config == nil {
		return
	}
	ctx.WithLock(machine, func() {
		var changes []types.PropertyChange
		set := func(path string, value any) {
			changes = append(changes, types.PropertyChange{Name: path, Val: value})
		}
		if config.Annotation != "" {
			set("config.annotation", config.Annotation)
			set("summary.config.annotation", config.Annotation)
		}
		if config.NumCoresPerSocket != nil {
			set("config.hardware.numCoresPerSocket", *config.NumCoresPerSocket)
		}
		if config.CpuHotAddEnabled != nil {
			set("config.cpuHotAddEnabled", *config.CpuHotAddEnabled)
		}
		if config.MemoryHotAddEnabled != nil {
			set("config.memoryHotAddEnabled", *config.MemoryHotAddEnabled)
		}
		if config.GuestId != "" {
			set("config.guestId", config.GuestId)
			set("summary.config.guestId", config.GuestId)
		}
		if len(changes) > 0 {
			ctx.Update(machine, changes)
		}
	})
}

// completeRename gives a machine its new name in the configuration too.
func completeRename(ctx *simulator.Context, ref types.ManagedObjectReference) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx.WithLock(machine, func() {
		ctx.Update(machine, []types.PropertyChange{
			{Name: "config.name", Val: machine.Name},
			{Name: "summary.config.name", Val: machine.Name},
		})
	})
}

// completeRelocation puts a machine into the lists of its new host, pool and
// datastore and takes it out of the old ones.
func completeRelocation(ctx *simulator.Context, ref types.ManagedObjectReference, before placement) {
	after := placementOf(ctx, ref)
	move := func(from, to *types.ManagedObjectReference) {
		if from != nil && to != nil && *from == *to {
			return
		}
		if list := machinesOf(ctx, from); list != nil {
			ctx.Map.RemoveReference(ctx, *from, list, ref)
		}
		if list := machinesOf(ctx, to); list != nil {
			ctx.Map.AddReference(ctx, *to, list, ref)
		}
	}
	move(before.host, after.host)
	move(before.pool, after.pool)
	for i := range before.datastores {
		move(&before.datastores[i], nil)
	}
	for i := range after.datastores {
		move(nil, &after.datastores[i])
	}
	if machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok && !slices.Equal(before.datastores, after.datastores) {
		ctx.WithLock(machine, func() { moveFiles(ctx, machine, before, after) })
	}
}

// machinesOf gives the list of machines that an object keeps.
func machinesOf(ctx *simulator.Context, ref *types.ManagedObjectReference) *[]types.ManagedObjectReference {
	if ref == nil {
		return nil
	}
	switch object := ctx.Map.Get(*ref).(type) {
	case *simulator.HostSystem:
		return &object.Vm
	case *simulator.Datastore:
		return &object.Vm
	case *simulator.ResourcePool:
		return &object.Vm
	case *simulator.VirtualApp:
		return &object.Vm
	case *simulator.DistributedVirtualPortgroup:
		return &object.Vm
	case *mo.Network:
		return &object.Vm
	}
	return nil
}
