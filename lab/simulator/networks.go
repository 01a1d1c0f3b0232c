package main

import (
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// networks keeps the list of machines of each network, which the simulator
// leaves empty.
type networks struct {
	mu       sync.Mutex
	machines map[types.ManagedObjectReference][]types.ManagedObjectReference // machine, its networks
}

func newNetworks() *networks {
	return &networks{machines: map[types.ManagedObjectReference][]types.ManagedObjectReference{}}
}

// UpdateMachine takes a machine out of the networks it has left and puts it
// into those it has joined.
func (n *networks) UpdateMachine(ctx *simulator.Context, ref types.ManagedObjectReference) {
	var joined []types.ManagedObjectReference
	if machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok {
		ctx.WithLock(machine, func() { joined = slices.Clone(machine.Network) })
	}
	n.mu.Lock()
	left := n.machines[ref]
	if len(joined) == 0 {
		delete(n.machines, ref)
	} else {
		n.machines[ref] = joined
	}
	n.mu.Unlock()
	for i := range left {
		if list := machinesOf(ctx, &left[i]); list != nil && !slices.Contains(joined, left[i]) {
			ctx.Map.RemoveReference(ctx, left[i], list, ref)
		}
	}
	for i := range joined {
		if list := machinesOf(ctx, &joined[i]); list != nil && !slices.Contains(left, joined[i]) {
			ctx.Map.AddReference(ctx, joined[i], list, ref)
		}
	}
}
