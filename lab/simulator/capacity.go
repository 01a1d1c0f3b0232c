package main

import (
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// capacity keeps the free space of datastores: the data's capacity less the
// disks on it, each counted in full (thick), templates included.
type capacity struct {
	world *worldHolder

	mu       sync.Mutex
	machines map[types.ManagedObjectReference]map[types.ManagedObjectReference]int64 // machine, datastore, bytes
	used     map[types.ManagedObjectReference]int64                                  // datastore, bytes
}

func newCapacity(world *worldHolder) *capacity {
	return &capacity{
		world:    world,
		machines: map[types.ManagedObjectReference]map[types.ManagedObjectReference]int64{},
		used:     map[types.ManagedObjectReference]int64{},
	}
}

// UpdateMachine counts a machine's disks again and corrects its datastores.
func (c *capacity) UpdateMachine(ctx *simulator.Context, ref types.ManagedObjectReference) {
	var disks map[types.ManagedObjectReference]int64
	if machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok {
		ctx.WithLock(machine, func() { disks = disksOf(ctx, machine) })
	}
	touched := map[types.ManagedObjectReference]bool{}
	c.mu.Lock()
	for datastore, size := range c.machines[ref] {
		c.used[datastore] -= size
		touched[datastore] = true
	}
	for datastore, size := range disks {
		c.used[datastore] += size
		touched[datastore] = true
	}
	if len(disks) == 0 {
		delete(c.machines, ref)
	} else {
		c.machines[ref] = disks
	}
	c.mu.Unlock()
	for datastore := range touched {
		c.UpdateDatastore(ctx, datastore)
	}
}

// UpdateDatastore writes capacity and free space into one datastore.
func (c *capacity) UpdateDatastore(ctx *simulator.Context, ref types.ManagedObjectReference) {
	datastore, ok := ctx.Map.Get(ref).(*simulator.Datastore)
	if !ok {
		return
	}
	size, ok := c.world.Datastore(datastore.Name)
	if !ok {
		return
	}
	ctx.WithLock(datastore, func() {
		c.mu.Lock()
		total := size.CapacityGB * gibibyte
		free := max(total-c.used[ref], 0)
		c.mu.Unlock()
		if datastore.Summary.Capacity == total && datastore.Summary.FreeSpace == free {
			return
		}
		info := datastore.Info.GetDatastoreInfo()
		info.MaxFileSize, info.MaxMemoryFileSize, info.FreeSpace = total, total, free
		ctx.Update(datastore, []types.PropertyChange{
			{Name: "summary.capacity", Val: total},
			{Name: "summary.freeSpace", Val: free},
		})
	})
}

// UpdateDatastores does all of them: after a mount or a refresh, for which the
// simulator writes figures of its own.
func (c *capacity) UpdateDatastores(ctx *simulator.Context) {
	for _, datastore := range ctx.Map.AllReference("Datastore") {
		c.UpdateDatastore(ctx, datastore.Reference())
	}
}

// disksOf sums the machine's virtual disks by datastore, in bytes.
func disksOf(ctx *simulator.Context, machine *simulator.VirtualMachine) map[types.ManagedObjectReference]int64 {
	sizes := map[types.ManagedObjectReference]int64{}
	if machine.Config == nil {
		return sizes
	}
	for _, device := range machine.Config.Hardware.Device {
		disk, ok := device.(*types.VirtualDisk)
		if !ok {
			continue
		}
		backing, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !ok {
			continue
		}
		size := disk.CapacityInBytes
		if size == 0 {
			size = disk.CapacityInKB * 1024
		}
		if ref := datastoreOf(ctx, machine, backing.GetVirtualDeviceFileBackingInfo()); ref != nil {
			sizes[*ref] += size
		}
	}
	return sizes
}

func datastoreOf(ctx *simulator.Context, machine *simulator.VirtualMachine,
	backing *types.VirtualDeviceFileBackingInfo) *types.ManagedObjectReference {
	var path object.DatastorePath
	if path.FromString(backing.FileName) {
		for _, ref := range machine.Datastore {
			if datastore, ok := ctx.Map.Get(ref).(*simulator.Datastore); ok && datastore.Name == path.Datastore {
				return &datastore.Self
			}
		}
	}
	return backing.Datastore
}
