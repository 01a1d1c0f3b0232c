package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// guests calls the lab's guest manager for everything that a guest has to
// follow: before a call where a refusal must fail it, after it where only its
// result tells what is to be done. Without a manager there are no guests.
type guests struct {
	vcenter string
	client  *http.Client
}

// guestSeconds is longer than a guest may take to shut down.
const guestSeconds = 120

// newGuests gives nil without a socket: the lab runs without guests. The path
// is relative to the process's working folder, see listenControl.
func newGuests(vcenter, socket string) *guests {
	if socket == "" {
		return nil
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &guests{vcenter: vcenter, client: &http.Client{
		Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 8},
		Timeout:   guestSeconds * time.Second,
	}}
}

// request is the body of a call to the manager.
type guestRequest struct {
	Machine  *guestMachine `json:"machine"`
	Target   *guestMachine `json:"target,omitempty"`
	Snapshot string        `json:"snapshot,omitempty"`
	Quiesce  bool          `json:"quiesce,omitempty"`
}

// guestAnswer is what the manager says; an error is a refusal.
type guestAnswer struct {
	Guest  bool   `json:"guest"`
	Reason string `json:"reason"`
	Error  string `json:"error"`
}

func (g *guests) call(operation string, request guestRequest) (guestAnswer, error) {
	var answer guestAnswer
	body, err := json.Marshal(request)
	if err != nil {
		return answer, err
	}
	response, err := g.client.Post("http://guests/"+operation, "application/json", bytes.NewReader(body))
	if err != nil {
		return answer, fmt.Errorf("the guest manager does not answer, run make lab-up: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer, fmt.Errorf("guest manager: %s", text)
	}
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("guest manager: %s", answer.Error)
	}
	return answer, nil
}

// tell is a call whose refusal comes too late to stop anything.
func (g *guests) tell(operation string, request guestRequest) {
	if _, err := g.call(operation, request); err != nil {
		log.Printf("%s %s: %v", operation, request.Machine.Name, err)
	}
}

// before does what must be done before a call goes through, and refuses the
// call if it cannot be done.
func (g *guests) before(ctx *simulator.Context, c *call) types.BaseMethodFault {
	if g == nil || c.machine.Type == "" {
		return nil
	}
	machine := g.describe(ctx, c.machine)
	if machine == nil {
		return nil
	}
	c.described = machine
	running := machine.Power == string(types.VirtualMachinePowerStatePoweredOn)
	operation, request := "", guestRequest{Machine: machine}
	switch body := c.body.(type) {
	case *types.PowerOnVM_Task:
		if machine.Power == string(types.VirtualMachinePowerStatePoweredOff) {
			operation = "power-on"
		}
	case *types.ResetVM_Task:
		operation = when(running, "reset")
	case *types.ShutdownGuest:
		operation = when(running && machine.tools, "shut-down")
	case *types.UnregisterVM:
		operation = when(!running, "unregister")
	case *types.CreateSnapshot_Task:
		operation, request.Quiesce = "snapshot/stage", body.Quiesce
	case *types.CreateSnapshotEx_Task:
		operation, request.Quiesce = "snapshot/stage", body.QuiesceSpec != nil
	case *types.RevertToSnapshot_Task:
		operation, request.Snapshot = "snapshot/revert", body.This.Value
	case *types.RevertToCurrentSnapshot_Task:
		if request.Snapshot = machine.current; request.Snapshot != "" {
			operation = "snapshot/revert"
		}
	}
	if operation == "" {
		return nil
	}
	if operation == "reset" {
		toolsEnded(ctx, c.machine) // when the answer is here, they may run again
	}
	answer, err := g.call(operation, request)
	if err != nil {
		return refusal(err)
	}
	if operation == "shut-down" {
		toolsEnded(ctx, c.machine)
	}
	if answer.Reason != "" {
		setGuestinfo(ctx, c.machine, map[string]string{noGuestKey: answer.Reason})
	}
	return nil
}

func when(condition bool, operation string) string {
	if condition {
		return operation
	}
	return ""
}

func refusal(err error) types.BaseMethodFault {
	fault := &types.GenericVmConfigFault{Reason: err.Error()}
	fault.FaultMessage = []types.LocalizableMessage{{Key: "lab.guest", Message: err.Error()}}
	return fault
}

// after does what follows from a task that has ended.
func (g *guests) after(ctx *simulator.Context, c *call, made []types.ManagedObjectReference, result types.ManagedObjectReference, succeeded bool) {
	if g == nil {
		return
	}
	if !succeeded {
		if _, ok := c.body.(*types.PowerOnVM_Task); ok && c.described != nil {
			g.bringToPower(ctx, c.machine) // it may have been on before
		}
		return
	}
	switch body := c.body.(type) {
	case *types.PowerOffVM_Task:
		g.bringToPower(ctx, c.machine)
	case *types.PowerOnMultiVM_Task:
		for _, ref := range body.Vm {
			g.bringToPower(ctx, ref)
		}
	case *types.Destroy_Task:
		if c.described != nil {
			g.tell("destroy", guestRequest{Machine: c.described})
		}
	case *types.ReconfigVM_Task, *types.RelocateVM_Task:
		g.about("reconfigure", ctx, c.machine, guestRequest{})
	case *types.CloneVM_Task:
		g.cloned(ctx, c, body, made)
	case *types.CreateSnapshot_Task, *types.CreateSnapshotEx_Task:
		g.about("snapshot/name", ctx, c.machine, guestRequest{Snapshot: result.Value})
	case *types.RevertToSnapshot_Task, *types.RevertToCurrentSnapshot_Task:
		revertPower(ctx, c.machine)
		g.bringToPower(ctx, c.machine)
	case *types.RemoveSnapshot_Task, *types.RemoveAllSnapshots_Task:
		g.about("snapshot/keep", ctx, c.machine, guestRequest{})
	}
}

// called is told when a call that is not a task has gone through. A reboot of
// the guest is only asked for: the answer does not wait for it.
func (g *guests) called(c *call) {
	if g == nil || c.described == nil {
		return
	}
	machine := c.described
	if _, ok := c.body.(*types.RebootGuest); ok && machine.tools && machine.Power == string(types.VirtualMachinePowerStatePoweredOn) {
		go g.tell("reboot", guestRequest{Machine: machine})
	}
}

func (g *guests) about(operation string, ctx *simulator.Context, ref types.ManagedObjectReference, request guestRequest) {
	if request.Machine = g.describe(ctx, ref); request.Machine != nil {
		g.tell(operation, request)
	}
}

// bringToPower makes the guest follow the power state that its machine has.
func (g *guests) bringToPower(ctx *simulator.Context, ref types.ManagedObjectReference) {
	machine := g.describe(ctx, ref)
	if machine == nil {
		return
	}
	if machine.Power == string(types.VirtualMachinePowerStatePoweredOn) {
		g.tell("power-on", guestRequest{Machine: machine})
		return
	}
	g.tell("power-off", guestRequest{Machine: machine})
	toolsEnded(ctx, ref)
}

// toolsEnded says what everybody knows of a machine that is off, before its guest's watch does.
func toolsEnded(ctx *simulator.Context, ref types.ManagedObjectReference) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	state := guestState{Tools: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning), Heartbeat: "gray"}
	ctx.WithLock(machine, func() {
		if machine.Guest.ToolsStatus != types.VirtualMachineToolsStatusToolsNotInstalled {
			state.write(ctx, machine)
		}
	})
}

// cloned gives a clone what its source's disks hold; templates hold nothing.
func (g *guests) cloned(ctx *simulator.Context, c *call, body *types.CloneVM_Task, made []types.ManagedObjectReference) {
	for _, ref := range made {
		target := g.describe(ctx, ref)
		if target == nil {
			continue
		}
		if c.described != nil {
			request := guestRequest{Machine: c.described, Target: target}
			if body.Spec.Snapshot != nil {
				request.Snapshot = body.Spec.Snapshot.Value
			}
			g.tell("clone", request)
		}
		if target.Power == string(types.VirtualMachinePowerStatePoweredOn) {
			g.tell("power-on", guestRequest{Machine: target})
		}
	}
}

// revertPower: a snapshot without memory is that of a machine that is off.
func revertPower(ctx *simulator.Context, ref types.ManagedObjectReference) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx.WithLock(machine, func() {
		if machine.Snapshot == nil || machine.Snapshot.CurrentSnapshot == nil {
			return
		}
		state := snapshotState(machine.Snapshot.RootSnapshotList, *machine.Snapshot.CurrentSnapshot)
		if state != "" && state != machine.Runtime.PowerState {
			setPower(ctx, machine, state)
		}
	})
}

func snapshotState(tree []types.VirtualMachineSnapshotTree, wanted types.ManagedObjectReference) types.VirtualMachinePowerState {
	for _, item := range tree {
		if item.Snapshot == wanted {
			return item.State
		}
		if state := snapshotState(item.ChildSnapshotList, wanted); state != "" {
			return state
		}
	}
	return ""
}

// setPower writes a power state that did not come by a power task. The caller holds the lock.
func setPower(ctx *simulator.Context, machine *simulator.VirtualMachine, state types.VirtualMachinePowerState) {
	var boot types.AnyType
	if state == types.VirtualMachinePowerStatePoweredOn {
		boot = time.Now()
	}
	ctx.Update(machine, []types.PropertyChange{
		{Name: "runtime.powerState", Val: state},
		{Name: "summary.runtime.powerState", Val: state},
		{Name: "summary.runtime.bootTime", Val: boot},
	})
}

// keyPrefix is that of the extraConfig entries which a guest may read.
const keyPrefix = "guestinfo."

// noGuestKey says why a machine has no guest, in its own record.
const noGuestKey = keyPrefix + "kyotsu.guest"

func guestinfoOf(config *types.VirtualMachineConfigInfo) map[string]string {
	values := map[string]string{}
	for _, option := range config.ExtraConfig {
		entry := option.GetOptionValue()
		if text, ok := entry.Value.(string); ok && strings.HasPrefix(entry.Key, keyPrefix) {
			values[entry.Key] = text
		}
	}
	return values
}
