package main

import (
	"path"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// guestMachine is a virtual machine as the guest manager needs it.
type guestMachine struct {
	VCenter      string            `json:"vcenter"`
	Reference    string            `json:"reference"`
	InstanceUUID string            `json:"instance_uuid"`
	Name         string            `json:"name"`
	GuestID      string            `json:"guest_id"`
	Power        string            `json:"power"`
	CPU          int32             `json:"cpu"`
	MemoryMB     int32             `json:"memory_mb"`
	Guestinfo    map[string]string `json:"guestinfo"`
	Disks        []guestDisk       `json:"disks"`
	NICs         []guestNIC        `json:"nics"`
	Snapshots    []string          `json:"snapshots"`

	tools   bool   // the guest's tools run
	current string // the current snapshot
}

type guestDisk struct {
	Key      int32  `json:"key"`
	Capacity int64  `json:"capacity"` // bytes
	File     string `json:"file"`     // what holds its bytes, on this machine
}

type guestNIC struct {
	MAC       string `json:"mac"`
	PortGroup string `json:"port_group"`
	Connected bool   `json:"connected"`
}

// describe gives a machine; nil for a template or one that is gone.
func (g *guests) describe(ctx *simulator.Context, ref types.ManagedObjectReference) *guestMachine {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return nil
	}
	var described *guestMachine
	ctx.WithLock(machine, func() {
		if machine.Config == nil || machine.Config.Template {
			return
		}
		described = &guestMachine{
			VCenter: g.vcenter, Reference: ref.Value, InstanceUUID: machine.Config.InstanceUuid, Name: machine.Name,
			GuestID: machine.Config.GuestId, Power: string(machine.Runtime.PowerState),
			CPU: machine.Config.Hardware.NumCPU, MemoryMB: machine.Config.Hardware.MemoryMB,
			Guestinfo: guestinfoOf(machine.Config), Snapshots: []string{},
			Disks: disksOfGuest(ctx, machine.Config.Hardware.Device),
			NICs:  nicsOfGuest(ctx, machine.Config.Hardware.Device),
			tools: machine.Guest != nil && machine.Guest.ToolsRunningStatus == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning),
		}
		if machine.Snapshot != nil {
			described.Snapshots = snapshotNames(machine.Snapshot.RootSnapshotList)
			if machine.Snapshot.CurrentSnapshot != nil {
				described.current = machine.Snapshot.CurrentSnapshot.Value
			}
		}
	})
	return described
}

func snapshotNames(tree []types.VirtualMachineSnapshotTree) []string {
	names := []string{}
	for _, item := range tree {
		names = append(append(names, item.Snapshot.Value), snapshotNames(item.ChildSnapshotList)...)
	}
	return names
}

// disksOfGuest are in the order in which a guest sees them: by controller and unit.
func disksOfGuest(ctx *simulator.Context, devices []types.BaseVirtualDevice) []guestDisk {
	disks := []*types.VirtualDisk{}
	for _, device := range devices {
		if disk, ok := device.(*types.VirtualDisk); ok {
			disks = append(disks, disk)
		}
	}
	slices.SortStableFunc(disks, func(a, b *types.VirtualDisk) int {
		if a.ControllerKey != b.ControllerKey {
			return int(a.ControllerKey - b.ControllerKey)
		}
		return int(unitOf(a) - unitOf(b))
	})
	found := []guestDisk{}
	for _, disk := range disks {
		if file := flatFile(ctx, disk); file != "" {
			found = append(found, guestDisk{Key: disk.Key, Capacity: max(disk.CapacityInBytes, disk.CapacityInKB*1024), File: file})
		}
	}
	return found
}

func unitOf(disk *types.VirtualDisk) int32 {
	if disk.UnitNumber == nil {
		return 0
	}
	return *disk.UnitNumber
}

// flatFile gives the file that holds a disk's bytes, beside the descriptor
// that the simulator writes: x.vmdk and x-flat.vmdk, as on a real datastore.
func flatFile(ctx *simulator.Context, disk *types.VirtualDisk) string {
	backing, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
	if !ok {
		return ""
	}
	var file object.DatastorePath
	if !file.FromString(backing.GetVirtualDeviceFileBackingInfo().FileName) || file.Path == "" {
		return ""
	}
	for _, ref := range ctx.Map.AllReference("Datastore") {
		datastore, ok := ctx.Map.Get(ref.Reference()).(*simulator.Datastore)
		if ok && datastore.Name == file.Datastore {
			return path.Join(datastore.Summary.Url, strings.TrimSuffix(file.Path, ".vmdk")+"-flat.vmdk")
		}
	}
	return ""
}

func nicsOfGuest(ctx *simulator.Context, devices []types.BaseVirtualDevice) []guestNIC {
	cards := []*types.VirtualEthernetCard{}
	for _, device := range devices {
		if card, ok := device.(types.BaseVirtualEthernetCard); ok {
			cards = append(cards, card.GetVirtualEthernetCard())
		}
	}
	slices.SortStableFunc(cards, func(a, b *types.VirtualEthernetCard) int { return int(a.Key - b.Key) })
	found := []guestNIC{}
	for _, card := range cards {
		found = append(found, guestNIC{
			MAC: card.MacAddress, PortGroup: portGroupOf(ctx, card),
			Connected: card.Connectable == nil || card.Connectable.StartConnected,
		})
	}
	return found
}

func portGroupOf(ctx *simulator.Context, card *types.VirtualEthernetCard) string {
	switch backing := card.Backing.(type) {
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		ref := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: backing.Port.PortgroupKey}
		if group, ok := ctx.Map.Get(ref).(*simulator.DistributedVirtualPortgroup); ok {
			return group.Name
		}
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return backing.DeviceName
	}
	return ""
}

// keepFiles makes the simulator remove no file together with a snapshot: it
// takes them by keys of an older list of files, and deletes disks in use.
func keepFiles(ctx *simulator.Context, ref types.ManagedObjectReference) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx.WithLock(machine, func() {
		if machine.LayoutEx != nil {
			machine.LayoutEx.Snapshot = nil
		}
	})
}
