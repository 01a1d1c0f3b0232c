package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator keeps permissions and asks nobody for them. Those that stand on
// a machine itself are asked for here, since they are the lock of a machine in
// quarantine. Permissions of folders above it and groups are not: what an
// account may do elsewhere is told by Account.Writes alone.

const (
	adminRole    = -1
	readOnlyRole = -2
)

// privilegeOf names the privilege of methods whose lack is told by name; every
// other writing method needs one that a role for readers does not have.
var privilegeOf = map[string]string{
	"PowerOnVM_Task":         "VirtualMachine.Interact.PowerOn",
	"PowerOnMultiVM_Task":    "VirtualMachine.Interact.PowerOn",
	"SetEntityPermissions":   "Authorization.ModifyPermissions",
	"RemoveEntityPermission": "Authorization.ModifyPermissions",
}

// heldOff gives the machine on which a permission keeps the user from a writing
// method, and the privilege that is missing; ok is false where nothing does.
func heldOff(ctx *simulator.Context, method *simulator.Method, user string) (machine types.ManagedObjectReference, privilege string, ok bool) {
	manager, found := ctx.Map.Get(*vpx.ServiceContent.AuthorizationManager).(*simulator.AuthorizationManager)
	if !found {
		return machine, "", false
	}
	privilege = privilegeOf[method.Name]
	for _, machine = range machinesMeant(method) {
		ctx.WithLock(manager, func() {
			for _, permission := range permissionsOf(manager)[machine] {
				if !permission.Group && strings.EqualFold(permission.Principal, user) {
					ok = !grants(manager.RoleList, permission.RoleId, privilege)
				}
			}
		})
		if ok {
			break
		}
	}
	if privilege == "" {
		privilege = "System.Modify"
	}
	return machine, privilege, ok
}

// machinesMeant are the machines that a method changes, or whose permissions.
func machinesMeant(method *simulator.Method) []types.ManagedObjectReference {
	meant := []types.ManagedObjectReference{method.This}
	switch request := method.Body.(type) {
	case *types.PowerOnMultiVM_Task:
		meant = request.Vm
	case *types.SetEntityPermissions:
		meant = append(meant, request.Entity)
	case *types.RemoveEntityPermission:
		meant = append(meant, request.Entity)
	}
	return slices.DeleteFunc(slices.Clone(meant), func(each types.ManagedObjectReference) bool {
		return each.Type != "VirtualMachine"
	})
}

// grants tells whether a role has a privilege; an empty one stands for any beyond those that everybody has.
func grants(roles []types.AuthorizationRole, id int32, privilege string) bool {
	for _, role := range roles {
		if role.RoleId == id {
			return slices.ContainsFunc(role.Privilege, func(has string) bool {
				return has == privilege || privilege == "" && !strings.HasPrefix(has, "System.")
			})
		}
	}
	return false
}

// admit gives every account of the lab its permission on the root folder, where
// a vCenter has those of its users: who asks what a machine inherits finds them.
func admit(registry *simulator.Registry, accounts *Accounts) {
	manager, ok := registry.Get(*vpx.ServiceContent.AuthorizationManager).(*simulator.AuthorizationManager)
	if !ok {
		return
	}
	root := vpx.ServiceContent.RootFolder
	permissions := permissionsOf(manager)
	for _, account := range accounts.Accounts {
		known := slices.ContainsFunc(permissions[root], func(each types.Permission) bool {
			return each.Principal == account.Name
		})
		if known {
			continue
		}
		role := int32(readOnlyRole)
		if account.Writes {
			role = adminRole
		}
		permissions[root] = append(permissions[root], types.Permission{
			Entity: &root, Principal: account.Name, RoleId: role, Propagate: true,
		})
	}
}

func permissionsOf(manager *simulator.AuthorizationManager) permissionMap {
	return openField(reflect.ValueOf(manager).Elem(), "permissions").Interface().(permissionMap)
}
