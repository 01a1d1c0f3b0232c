package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// gate stands before every SOAP method: it counts, delays, refuses, injects
// faults and repairs requests that the simulator would place wrongly.
type gate struct {
	accounts *Accounts
	counters *counters
	delays   *delayer
	faults   *faultRules
	guests   *guests
}

// beforeLogin are the methods that need no session, as on a real vCenter.
var beforeLogin = map[string]bool{"RetrieveServiceContent": true, "Login": true, "CurrentTime": true}

// Handle is the registry's Handler.
func (g *gate) Handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	current := callOf(ctx)
	if current == nil {
		return nil, nil // the simulator's own call
	}
	writes := writesSOAP(method.Name)
	current.method, current.this, current.body, current.writes = method.Name, method.This, method.Body, writes
	g.counters.Add(method.Name, writes)

	switch method.Name {
	case "LoginByToken", "LoginExtensionByCertificate", "LoginBySSPI", "ImpersonateUser", "CloneSession":
		return nil, &types.InvalidLogin{} // the lab knows names and passwords only
	}
	if ctx.Session == nil {
		if !beforeLogin[method.Name] {
			current.writes = false
			return nil, &types.NotAuthenticated{
				NoPermission: types.NoPermission{Object: &method.This, PrivilegeId: "System.View"},
			}
		}
	} else if writes && !g.accounts.MayWrite(ctx.Session.UserName) {
		current.writes = false
		return nil, &types.NoPermission{Object: &method.This, PrivilegeId: "System.Modify"}
	} else if writes {
		if machine, privilege, ok := heldOff(ctx, method, ctx.Session.UserName); ok {
			current.writes = false
			return nil, &types.NoPermission{Object: &machine, PrivilegeId: privilege}
		}
	}

	g.delays.Wait(method.Name)

	if rule, ok := g.faults.Match(method.Name, writes, namesOf(ctx, method)); ok {
		fault, err := newFault(rule.Fault, rule.Message)
		if err != nil { // checked when the rule was added
			fault = &types.SystemError{Reason: err.Error()}
		}
		if rule.As == "task" {
			current.failedTask = failTask(ctx, method, fault)
		}
		return nil, fault
	}
	if fault := place(ctx, method); fault != nil {
		return nil, fault
	}
	current.diskEdits = prepareDevices(ctx, method)
	if method.This.Type == "VirtualMachine" || method.This.Type == "VirtualMachineSnapshot" {
		current.machine = machineOf(ctx, method.This)
	}
	if fault := g.guests.before(ctx, current); fault != nil {
		if strings.HasSuffix(method.Name, "_Task") {
			current.failedTask = failTask(ctx, method, fault)
		}
		return nil, fault
	}
	switch method.Name {
	case "RelocateVM_Task", "MarkAsTemplate", "MarkAsVirtualMachine":
		current.before = placementOf(ctx, method.This)
	case "RemoveSnapshot_Task", "RemoveAllSnapshots_Task":
		keepFiles(ctx, current.machine)
		if body, ok := method.Body.(*types.RemoveSnapshot_Task); ok {
			leaveCurrentRoot(ctx, current.machine, body.This)
		}
	case "ModifyListView", "ResetListView":
		current.release = lockFilters(ctx)
	}
	return nil, nil
}
