package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// leaveCurrentRoot takes the mark of the current snapshot off a root that is
// about to be removed while others stay: the machine then runs from none, as
// on a real vCenter. The simulator looks for the parent of such a root, finds
// nil, and panics when it assigns it (govmomi v0.56.0, RemoveSnapshotTask).
func leaveCurrentRoot(ctx *simulator.Context, machine types.ManagedObjectReference, snapshot types.ManagedObjectReference) {
	vm, ok := ctx.Map.Get(machine).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx.WithLock(vm, func() {
		if vm.Snapshot == nil || vm.Snapshot.CurrentSnapshot == nil || *vm.Snapshot.CurrentSnapshot != snapshot {
			return
		}
		for _, root := range vm.Snapshot.RootSnapshotList {
			if root.Snapshot == snapshot {
				vm.Snapshot.CurrentSnapshot = nil
			}
		}
	})
}
