package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator stores a disk edit as it comes: one without a backing ends the
// process, and one that carries the template's backing leaves the clone on the
// template's file. A real vCenter takes the size and keeps the file.

// diskEdit is a new size for the disk with a key.
type diskEdit struct {
	key       int32
	kilobytes int64
}

// prepareDevices corrects the device changes of a request before it runs and
// gives the disk edits of a clone, which complete after it.
func prepareDevices(ctx *simulator.Context, method *simulator.Method) []diskEdit {
	switch request := method.Body.(type) {
	case *types.CreateVM_Task:
		prepareNewDisks(request.Config.DeviceChange)
	case *types.ReconfigVM_Task:
		prepareNewDisks(request.Spec.DeviceChange)
		if machine, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine); ok {
			ctx.WithLock(machine, func() { prepareDiskEdits(machine, request.Spec.DeviceChange) })
		}
	case *types.CloneVM_Task:
		if request.Spec.Config != nil {
			prepareNewDisks(request.Spec.Config.DeviceChange)
			return takeDiskEdits(&request.Spec.Config.DeviceChange)
		}
	}
	return nil
}

// prepareNewDisks gives a disk without a backing the usual one.
func prepareNewDisks(changes []types.BaseVirtualDeviceConfigSpec) {
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, ok := spec.Device.(*types.VirtualDisk)
		if ok && spec.Operation == types.VirtualDeviceConfigSpecOperationAdd && disk.Backing == nil {
			disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{DiskMode: string(types.VirtualDiskModePersistent)}
		}
	}
}

// prepareDiskEdits keeps the file of a disk that is edited.
func prepareDiskEdits(machine *simulator.VirtualMachine, changes []types.BaseVirtualDeviceConfigSpec) {
	devices := object.VirtualDeviceList(machine.Config.Hardware.Device)
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, ok := spec.Device.(*types.VirtualDisk)
		if !ok || spec.Operation != types.VirtualDeviceConfigSpecOperationEdit || namesFile(disk) {
			continue
		}
		if current, ok := devices.FindByKey(disk.Key).(*types.VirtualDisk); ok {
			disk.Backing = current.Backing
		}
	}
}

func namesFile(disk *types.VirtualDisk) bool {
	backing, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
	if !ok {
		return false
	}
	var path object.DatastorePath
	return path.FromString(backing.GetVirtualDeviceFileBackingInfo().FileName) && path.Path != ""
}

// takeDiskEdits takes the disk edits out of a list of changes.
func takeDiskEdits(changes *[]types.BaseVirtualDeviceConfigSpec) []diskEdit {
	var edits []diskEdit
	var others []types.BaseVirtualDeviceConfigSpec
	for _, change := range *changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, ok := spec.Device.(*types.VirtualDisk)
		if !ok || spec.Operation != types.VirtualDeviceConfigSpecOperationEdit {
			others = append(others, change)
			continue
		}
		edits = append(edits, diskEdit{key: disk.Key, kilobytes: max(disk.CapacityInKB, disk.CapacityInBytes/1024)})
	}
	*changes = others
	return edits
}

// completeDisks gives the disks of a clone their new sizes.
func completeDisks(ctx *simulator.Context, ref types.ManagedObjectReference, edits []diskEdit) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok || len(edits) == 0 {
		return
	}
	ctx.WithLock(machine, func() {
		devices := object.VirtualDeviceList(machine.Config.Hardware.Device)
		for _, edit := range edits {
			if disk, ok := devices.FindByKey(edit.key).(*types.VirtualDisk); ok && edit.kilobytes > disk.CapacityInKB {
				disk.CapacityInKB, disk.CapacityInBytes = edit.kilobytes, edit.kilobytes*1024
			}
		}
		ctx.Update(machine, []types.PropertyChange{{Name: "config.hardware.device", Val: machine.Config.Hardware.Device}})
		machine.RefreshStorageInfo(ctx, nil)
	})
}
