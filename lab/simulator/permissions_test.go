package main

import (
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func TestARoleGrantsWhatStandsInItAndNothingElse(t *testing.T) {
	roles := []types.AuthorizationRole{
		{RoleId: readOnlyRole, Privilege: []string{"System.Anonymous", "System.Read", "System.View"}},
		{RoleId: 1001, Privilege: []string{"System.View", "VirtualMachine.Interact.PowerOff"}},
		{RoleId: 1002, Privilege: []string{"System.View", "VirtualMachine.Interact.PowerOn"}},
	}
	const on = "VirtualMachine.Interact.PowerOn"
	for _, each := range []struct {
		role      int32
		privilege string
		granted   bool
	}{
		{readOnlyRole, on, false}, {readOnlyRole, "", false},
		{1001, on, false}, {1001, "", true},
		{1002, on, true},
		{9999, on, false}, // a role that is not there
	} {
		if got := grants(roles, each.role, each.privilege); got != each.granted {
			t.Errorf("role %d, privilege %q: granted = %v", each.role, each.privilege, got)
		}
	}
}

func TestEveryMachineThatACallMeansIsAskedFor(t *testing.T) {
	one, two := types.ManagedObjectReference{Type: "VirtualMachine", Value: "vm-1"},
		types.ManagedObjectReference{Type: "VirtualMachine", Value: "vm-2"}
	folder := types.ManagedObjectReference{Type: "Folder", Value: "group-1"}
	manager := types.ManagedObjectReference{Type: "AuthorizationManager", Value: "AuthorizationManager"}
	for _, each := range []struct {
		method simulator.Method
		want   int
	}{
		{simulator.Method{Name: "PowerOnVM_Task", This: one, Body: &types.PowerOnVM_Task{This: one}}, 1},
		{simulator.Method{Name: "PowerOnMultiVM_Task", This: folder, Body: &types.PowerOnMultiVM_Task{
			Vm: []types.ManagedObjectReference{one, two}}}, 2},
		{simulator.Method{Name: "SetEntityPermissions", This: manager, Body: &types.SetEntityPermissions{Entity: two}}, 1},
		{simulator.Method{Name: "SetEntityPermissions", This: manager, Body: &types.SetEntityPermissions{Entity: folder}}, 0},
		{simulator.Method{Name: "CreateFolder", This: folder, Body: &types.CreateFolder{}}, 0},
	} {
		if got := machinesMeant(&each.method); len(got) != each.want {
			t.Errorf("%s: %v", each.method.Name, got)
		}
	}
}
