package main

import (
	"net/http"
	"reflect"
	"unsafe"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// managedValue gives the plain managed object (mo.VirtualMachine …) inside the
// simulator's wrapper, or the object itself where there is no wrapper.
func managedValue(object mo.Reference) reflect.Value {
	value := reflect.ValueOf(object)
	if value.Kind() != reflect.Pointer {
		return value
	}
	value = value.Elem()
	const plain = "github.com/vmware/govmomi/vim25/mo"
	if value.Type().PkgPath() == plain {
		return value
	}
	if value.NumField() > 0 && value.Type().Field(0).Anonymous && value.Field(0).Type().PkgPath() == plain {
		return value.Field(0)
	}
	return value
}

// openField gives a settable view of a field, unexported ones too. The
// simulator keeps counters and links in unexported fields which have to
// survive a restart, and offers no other way to them.
func openField(structure reflect.Value, name string) reflect.Value {
	field := structure.FieldByName(name)
	if !field.IsValid() || !field.CanAddr() {
		return reflect.Value{}
	}
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

// requestOf gives the HTTP request that a context belongs to, nil for internal calls.
func requestOf(ctx *simulator.Context) *http.Request {
	if ctx == nil {
		return nil
	}
	field := openField(reflect.ValueOf(ctx).Elem(), "req")
	if !field.IsValid() {
		return nil
	}
	request, _ := field.Interface().(*http.Request)
	return request
}

// managedOwner gives the wrapper's own structure.
func managedOwner(object mo.Reference) reflect.Value {
	return reflect.ValueOf(object).Elem()
}

func referenceValue(ref types.ManagedObjectReference) reflect.Value { return reflect.ValueOf(ref) }

func managedRegistry(registry *simulator.Registry) reflect.Value {
	return reflect.ValueOf(registry).Elem()
}

// restSessions reads the REST sessions; the caller holds the handler's lock.
func restSessions(handler http.Handler) map[string]*rest.Session {
	return reflect.ValueOf(handler).Elem().FieldByName("Session").Interface().(map[string]*rest.Session)
}
