package main

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
)

// Delays make a call, or a task, take time as on a real vCenter.
type Delays struct {
	AllMS   int            `json:"all_ms"`  // every call
	Methods map[string]int `json:"methods"` // added per method, e.g. {"CloneVM_Task": 200}
	Tasks   map[string]int `json:"tasks"`   // the task itself, by the end of TaskInfo.descriptionId: {"CloneVm": 2000}
}

type delayer struct {
	mu     sync.RWMutex
	delays Delays
}

func (d *delayer) Get() Delays {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.delays
}

func (d *delayer) Set(delays Delays) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delays = delays
	if len(delays.Tasks) == 0 {
		simulator.TaskDelay.MethodDelay = nil
		return
	}
	// Without LockHandoff=0 the object would stay locked for the whole delay
	// and nobody could even read it.
	byTask := map[string]int{"LockHandoff": 0}
	for name, milliseconds := range delays.Tasks {
		byTask[name] = milliseconds
	}
	simulator.TaskDelay.MethodDelay = byTask
}

// Wait is called before a method runs and before any lock is taken.
func (d *delayer) Wait(method string) {
	d.mu.RLock()
	milliseconds := d.delays.AllMS + d.delays.Methods[method]
	d.mu.RUnlock()
	if milliseconds > 0 {
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	}
}
