package main

import (
	"context"
	"net/http"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// call is one SOAP request on its way, from the first byte read to the answer.
// A task keeps it: what the task changed belongs to the call that started it.
type call struct {
	method  string
	this    types.ManagedObjectReference
	body    any
	writes  bool
	machine types.ManagedObjectReference // the machine that is called, or whose snapshot is

	diskEdits []diskEdit // sizes that a clone's disks get when it is made
	described *guestMachine
	release   func() // set: locks that the gate took for the call

	mu         sync.Mutex
	task       types.ManagedObjectReference   // the first task that the call started
	machines   []types.ManagedObjectReference // machines made by the call
	failedTask types.ManagedObjectReference   // set: answer with this task instead
	before     placement                      // where a machine stood before it was relocated
}

type callKey struct{}

func withCall(r *http.Request, c *call) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callKey{}, c))
}

// callOf finds the call behind a context; nil for the simulator's own calls.
func callOf(ctx *simulator.Context) *call {
	request := requestOf(ctx)
	if request == nil {
		return nil
	}
	c, _ := request.Context().Value(callKey{}).(*call)
	return c
}

// taskStarted remembers the first task and tells whether this is it.
func (c *call) taskStarted(ref types.ManagedObjectReference) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.task.Value == "" {
		c.task = ref
	}
	return c.task == ref
}
