package main

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// place chooses a host for a new machine as DRS would: the one of the pool's
// cluster with the fewest machines that reaches the datastore and the networks. The simulator
// itself keeps a clone on its template's host, whatever the cluster, and ends
// the process where no host reaches the datastore.
func place(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	switch request := method.Body.(type) {
	case *types.CreateVM_Task:
		return placeNew(ctx, &request.Host, request.Pool, datastoreNameOf(request.Config.Files),
			networksOf(request.Config.DeviceChange))
	case *types.CloneVM_Task:
		template, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine)
		if !ok {
			return &types.ManagedObjectNotFound{Obj: method.This}
		}
		name := datastoreNameOf(&types.VirtualMachineFileInfo{VmPathName: template.Config.Files.VmPathName})
		if ref := request.Spec.Location.Datastore; ref != nil {
			datastore, ok := ctx.Map.Get(*ref).(*simulator.Datastore)
			if !ok {
				return &types.ManagedObjectNotFound{Obj: *ref}
			}
			name = datastore.Name
		}
		pool := request.Spec.Location.Pool
		if pool == nil {
			if pool = template.ResourcePool; pool == nil {
				return &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
			}
		}
		networks := append([]types.ManagedObjectReference(nil), template.Network...)
		if request.Spec.Config != nil {
			networks = append(networks, networksOf(request.Spec.Config.DeviceChange)...)
		}
		if fault := placeNew(ctx, &request.Spec.Location.Host, *pool, name, networks); fault != nil {
			return fault
		}
		// Only the pool of the request counts for the simulator when it clones a template.
		request.Spec.Location.Pool = pool
	}
	return nil
}

func placeNew(ctx *simulator.Context, host **types.ManagedObjectReference, pool types.ManagedObjectReference,
	datastore string, networks []types.ManagedObjectReference) types.BaseMethodFault {
	if datastore == "" {
		return &types.InvalidDatastorePath{InvalidDatastore: types.InvalidDatastore{}, DatastorePath: datastore}
	}
	candidates := hostsOfPool(ctx, pool)
	if candidates == nil {
		return &types.ManagedObjectNotFound{Obj: pool}
	}
	if *host != nil {
		candidates = []types.ManagedObjectReference{**host}
	}
	var best *simulator.HostSystem
	bestReaches := false
	for _, ref := range candidates {
		candidate, ok := ctx.Map.Get(ref).(*simulator.HostSystem)
		if !ok {
			return &types.ManagedObjectNotFound{Obj: ref}
		}
		if candidate.Runtime.InMaintenanceMode || ctx.Map.FindByName(datastore, candidate.Datastore) == nil {
			continue
		}
		reaches := containsAll(candidate.Network, networks)
		if best == nil || reaches && !bestReaches || reaches == bestReaches && len(candidate.Vm) < len(best.Vm) {
			best, bestReaches = candidate, reaches
		}
	}
	if best == nil {
		return &types.InvalidDatastorePath{
			InvalidDatastore: types.InvalidDatastore{Name: datastore}, DatastorePath: "[" + datastore + "]",
		}
	}
	ref := best.Self
	*host = &ref
	return nil
}

// networksOf gives the port groups that the network cards of a request name.
func networksOf(changes []types.BaseVirtualDeviceConfigSpec) []types.ManagedObjectReference {
	var networks []types.ManagedObjectReference
	for _, change := range changes {
		device := change.GetVirtualDeviceConfigSpec().Device
		if device == nil {
			continue
		}
		if backing, ok := device.GetVirtualDevice().Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo); ok {
			networks = append(networks, types.ManagedObjectReference{
				Type: "DistributedVirtualPortgroup", Value: backing.Port.PortgroupKey,
			})
		}
	}
	return networks
}

func containsAll(list, wanted []types.ManagedObjectReference) bool {
	for _, ref := range wanted {
		if !slices.Contains(list, ref) {
			return false
		}
	}
	return true
}

func datastoreNameOf(files *types.VirtualMachineFileInfo) string {
	if files == nil {
		return ""
	}
	var path object.DatastorePath
	path.FromString(files.VmPathName)
	return path.Datastore
}

// hostsOfPool gives the hosts of the cluster that a resource pool belongs to.
func hostsOfPool(ctx *simulator.Context, pool types.ManagedObjectReference) []types.ManagedObjectReference {
	entity, ok := ctx.Map.Get(pool).(mo.Entity)
	for ok {
		switch owner := entity.(type) {
		case *simulator.ClusterComputeResource:
			return owner.Host
		case *mo.ComputeResource:
			return owner.Host
		}
		parent := entity.Entity().Parent
		if parent == nil {
			return nil
		}
		entity, ok = ctx.Map.Get(*parent).(mo.Entity)
	}
	return nil
}

// placement is where a machine stands.
type placement struct {
	host, pool *types.ManagedObjectReference
	datastores []types.ManagedObjectReference
}

func placementOf(ctx *simulator.Context, ref types.ManagedObjectReference) placement {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return placement{}
	}
	var found placement
	ctx.WithLock(machine, func() {
		found = placement{host: machine.Runtime.Host, pool: machine.ResourcePool, datastores: machine.Datastore}
	})
	return found
}
