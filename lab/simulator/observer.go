package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// observer hears of every object that is put, updated or removed. It corrects
// what the simulator gets wrong and tells the journal what has changed. A task
// is seen as finished by nobody before the observer is done with it, because
// the task stays locked until then.
type observer struct {
	hardware *hardware
	capacity *capacity
	networks *networks
	journal  *journal
	tags     *tagStore
	guests   *guests
	nfc      *nfc
	usage    *usageHistory
}

var observerRef = types.ManagedObjectReference{Type: "LabObserver", Value: "observer"}

func (o *observer) Reference() types.ManagedObjectReference { return observerRef }

// PutObject corrects a new object while its maker still holds it.
func (o *observer) PutObject(_ *simulator.Context, object mo.Reference) {
	switch item := object.(type) {
	case *simulator.Task:
		if ctx, ok := openField(managedOwner(item), "ctx").Interface().(*simulator.Context); ok {
			if c := callOf(ctx); c != nil {
				c.taskStarted(item.Self)
			}
			if ctx.Session != nil { // the simulator calls everybody vcsim
				item.Info.Reason = &types.TaskReasonUser{UserName: ctx.Session.UserName}
			}
		}
		return
	case *simulator.HostSystem:
		o.hardware.applyHost(item)
	case *simulator.VirtualMachine:
		// The simulator leaves these empty, and clients fail on the whole runtime.
		for _, runtime := range []*types.VirtualMachineRuntimeInfo{&item.Runtime, &item.Summary.Runtime} {
			runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
			runtime.RecordReplayState = types.VirtualMachineRecordReplayStateInactive
		}
	}
	o.journal.Put(object.Reference())
}

// UpdateObject marks the object; for a task that ends, everything it changed.
func (o *observer) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	if task, ok := object.(*mo.Task); ok {
		state := task.Info.State
		if state == types.TaskInfoStateSuccess || state == types.TaskInfoStateError {
			o.taskEnded(ctx, task)
		}
		return
	}
	if lease, ok := object.(*mo.HttpNfcLease); ok {
		o.nfc.leaseReady(ctx, lease)
		return
	}
	ref := object.Reference()
	if ref.Type == "Datastore" && onlyFreeSpace(changes) {
		return // computed from the disks, never stored
	}
	o.journal.Mark(ref)
}

// RemoveObject forgets the object.
func (o *observer) RemoveObject(ctx *simulator.Context, ref types.ManagedObjectReference) {
	o.journal.Remove(ref)
	o.usage.Forget(ref)
}

func (o *observer) taskEnded(ctx *simulator.Context, task *mo.Task) {
	c := callOf(ctx)
	if c == nil {
		o.journal.Mark(*task.Info.Entity)
		return
	}
	succeeded := task.Info.State == types.TaskInfoStateSuccess
	result, _ := task.Info.Result.(types.ManagedObjectReference)
	c.mu.Lock()
	if result.Type == "VirtualMachine" {
		c.machines = append(c.machines, result)
	}
	outermost := c.task == task.Self
	made := append([]types.ManagedObjectReference(nil), c.machines...)
	c.mu.Unlock()
	if !outermost {
		return // part of a larger task: a machine half made is nobody's business
	}
	if succeeded {
		o.complete(ctx, c, result)
	}
	o.guests.after(ctx, c, made, result, succeeded)
	for _, machine := range made {
		o.recount(ctx, machine)
		o.tags.MarkObject(machine)
		o.journal.Release(machine)
	}
	if c.machine.Type != "" && !makesMachine(c.method) {
		o.recount(ctx, c.machine)
	}
	o.journal.MarkCall(ctx, c)
	if result.Type != "" {
		o.journal.Mark(result)
	}
}

// recount brings up to date what others know of a machine.
func (o *observer) recount(ctx *simulator.Context, machine types.ManagedObjectReference) {
	o.capacity.UpdateMachine(ctx, machine)
	o.networks.UpdateMachine(ctx, machine)
}

// complete adds what the simulator left out of the request.
func (o *observer) complete(ctx *simulator.Context, c *call, result types.ManagedObjectReference) {
	switch request := c.body.(type) {
	case *types.CloneVM_Task:
		completeClone(ctx, result, request.Spec.Config)
		completeDisks(ctx, result, c.diskEdits)
	case *types.RelocateVM_Task:
		completeRelocation(ctx, c.this, c.before)
	case *types.Rename_Task:
		completeRename(ctx, c.this)
	case *types.ReconfigureComputeResource_Task:
		if cluster, ok := ctx.Map.Get(c.this).(*simulator.ClusterComputeResource); ok {
			completeCluster(ctx, cluster, request.Spec)
		}
	case *types.AddHost_Task, *types.MoveInto_Task:
		o.hardware.applyCluster(ctx, c.this)
	case *types.EnterMaintenanceMode_Task, *types.ExitMaintenanceMode_Task, *types.DisconnectHost_Task, *types.ReconnectHost_Task:
		if host, ok := ctx.Map.Get(c.this).(*simulator.HostSystem); ok && host.Parent != nil {
			o.hardware.applyCluster(ctx, *host.Parent)
		}
	case *types.Destroy_Task:
		o.tags.Forget(c.this)
		if c.this.Type == "HostSystem" {
			for _, cluster := range ctx.Map.AllReference("ClusterComputeResource") {
				o.hardware.applyCluster(ctx, cluster.Reference())
			}
		}
	}
}

// callEnded is told when a call that is not a task has run, before its answer.
func (o *observer) callEnded(ctx *simulator.Context, c *call) {
	if !c.writes || c.task.Value != "" {
		return // a task tells for itself when it ends
	}
	o.guests.called(c)
	switch request := c.body.(type) {
	case *types.CreateClusterEx:
		if cluster := findCluster(ctx, c.this, request.Name); cluster != nil {
			completeCluster(ctx, cluster, &request.Spec)
		}
	case *types.MarkAsTemplate, *types.MarkAsVirtualMachine:
		completeRelocation(ctx, c.this, c.before)
	case *types.CreateResourcePool, *types.UpdateConfig:
		o.refreshPools(ctx)
	}
	if strings.HasPrefix(c.method, "HttpNfcLease") {
		if c.method == "HttpNfcLeaseComplete" || c.method == "HttpNfcLeaseAbort" {
			o.nfc.leaseEnded(c.this)
		}
		return
	}
	if strings.Contains(c.method, "Datastore") {
		o.capacity.UpdateDatastores(ctx)
	}
	if c.machine.Type != "" {
		o.recount(ctx, c.machine)
	}
	o.journal.MarkCall(ctx, c)
}

func (o *observer) refreshPools(ctx *simulator.Context) {
	for _, entity := range ctx.Map.All("ClusterComputeResource") {
		if cluster, ok := entity.(*simulator.ClusterComputeResource); ok && cluster.ResourcePool != nil {
			applyPool(ctx, *cluster.ResourcePool, *cluster.Summary.GetComputeResourceSummary(), true)
		}
	}
}

// refreshAll applies a new world to everything that is there.
func (o *observer) refreshAll(ctx *simulator.Context) {
	for _, object := range ctx.Map.AllReference("HostSystem") {
		if host, ok := object.(*simulator.HostSystem); ok {
			ctx.WithLock(host, func() { o.hardware.applyHost(host) })
			o.journal.Mark(host.Self)
		}
	}
	for _, cluster := range ctx.Map.AllReference("ClusterComputeResource") {
		o.hardware.applyCluster(ctx, cluster.Reference())
	}
	for _, machine := range ctx.Map.AllReference("VirtualMachine") {
		o.recount(ctx, machine.Reference())
	}
	o.capacity.UpdateDatastores(ctx)
}

func onlyFreeSpace(changes []types.PropertyChange) bool {
	for _, change := range changes {
		switch change.Name {
		case "summary.capacity", "summary.freeSpace":
		default:
			return false
		}
	}
	return true
}

// machineOf gives the machine of a snapshot, and a machine itself.
func machineOf(ctx *simulator.Context, ref types.ManagedObjectReference) types.ManagedObjectReference {
	if snapshot, ok := ctx.Map.Get(ref).(*simulator.VirtualMachineSnapshot); ok {
		return snapshot.Vm
	}
	return ref
}
