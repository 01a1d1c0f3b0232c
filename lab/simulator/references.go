package main

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

var referenceType = reflect.TypeFor[types.ManagedObjectReference]()

// referencesIn collects the object references anywhere in a request.
func referencesIn(request any) []types.ManagedObjectReference {
	var found []types.ManagedObjectReference
	var walk func(value reflect.Value)
	walk = func(value reflect.Value) {
		switch value.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !value.IsNil() {
				walk(value.Elem())
			}
		case reflect.Slice:
			if value.Type().Elem().Kind() == reflect.Uint8 {
				return
			}
			for i := range value.Len() {
				walk(value.Index(i))
			}
		case reflect.Struct:
			if value.Type() == referenceType {
				found = append(found, value.Interface().(types.ManagedObjectReference))
				return
			}
			for i := range value.NumField() {
				if value.Type().Field(i).IsExported() {
					walk(value.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(request))
	return found
}

// serial is the number at the end of a reference: the order of creation.
func serial(ref types.ManagedObjectReference) int64 {
	digits := ref.Value[strings.LastIndexAny(ref.Value, "-abcdefghijklmnopqrstuvwxyz")+1:]
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return number
}

func compareReferences(a, b types.ManagedObjectReference) int {
	if x, y := serial(a), serial(b); x != y {
		if x < y {
			return -1
		}
		return 1
	}
	return strings.Compare(a.String(), b.String())
}

func sortByReference(list []entityPermissions) {
	slices.SortFunc(list, func(a, b entityPermissions) int { return compareReferences(a.Entity, b.Entity) })
}

// parseReference reads "Type:value".
func parseReference(text string) (types.ManagedObjectReference, bool) {
	kind, value, ok := strings.Cut(text, ":")
	return types.ManagedObjectReference{Type: kind, Value: value}, ok
}
