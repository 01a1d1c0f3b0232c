package main

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"reflect"
	"sync"

	"github.com/vmware/govmomi/vim25/json"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// An object is stored field by field: only fields whose text has changed since
// the last time are written again. The text is VMware's own JSON, which names
// the type where a field may hold several.

// storedField is one field of a managed object or of its wrapper.
type storedField struct {
	name  string // unique in the object; embedded structures are part of it: "Network.Name"
	index []int  // path in the managed object; nil for a wrapper's own field
	box   reflect.Type
}

var (
	layoutsMu sync.Mutex
	layouts   = map[*kind][]storedField{}
)

// fieldsOf lists what is stored of a kind, always in the same order.
func fieldsOf(k *kind) []storedField {
	layoutsMu.Lock()
	defer layoutsMu.Unlock()
	if fields, ok := layouts[k]; ok {
		return fields
	}
	var fields []storedField
	managed := managedValue(k.newObject()).Type()
	var walk func(structure reflect.Type, prefix string, index []int)
	walk = func(structure reflect.Type, prefix string, index []int) {
		for i := range structure.NumField() {
			field := structure.Field(i)
			path := append(append([]int(nil), index...), i)
			if field.Anonymous && field.Type.Kind() == reflect.Struct {
				walk(field.Type, prefix+field.Name+".", path)
				continue
			}
			if !field.IsExported() || k.derived[field.Name] {
				continue
			}
			fields = append(fields, storedField{name: prefix + field.Name, index: path, box: boxOf(field.Type)})
		}
	}
	walk(managed, "", nil)
	for _, name := range k.private {
		field, ok := k.wrapper.FieldByName(name)
		if !ok {
			panic(fmt.Sprintf("%s has no field %s: another version of govmomi?", k.wrapper, name))
		}
		kind := field.Type
		if kind == permissionsType {
			kind = reflect.TypeFor[[]entityPermissions]()
		}
		fields = append(fields, storedField{name: "@" + name, box: boxOf(kind)})
	}
	layouts[k] = fields
	return fields
}

// boxOf wraps a field's type, so that a field of interface type is encoded
// with the name of what it holds.
func boxOf(kind reflect.Type) reflect.Type {
	return reflect.StructOf([]reflect.StructField{{Name: "V", Type: kind, Tag: `json:"v,omitempty"`}})
}

// value gives the field of an object, settable.
func (f *storedField) value(object mo.Reference) reflect.Value {
	if f.index == nil {
		return openField(reflect.ValueOf(object).Elem(), f.name[1:])
	}
	return managedValue(object).FieldByIndex(f.index)
}

var hashSeed = maphash.MakeSeed()

// encode gives the text of the field, nil if it is empty.
func (f *storedField) encode(object mo.Reference) ([]byte, error) {
	value := f.value(object)
	if value.IsZero() {
		return nil, nil
	}
	if value.Type() == permissionsType {
		value = reflect.ValueOf(listPermissions(value.Interface().(permissionMap)))
	}
	box := reflect.New(f.box).Elem()
	box.Field(0).Set(value)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetDiscriminator("_typeName", "_value", json.DiscriminatorEncodeTypeNameIfRequired)
	encoder.SetTypeToDiscriminatorFunc(types.VmomiTypeName)
	if err := encoder.Encode(box.Interface()); err != nil {
		return nil, fmt.Errorf("%s %s: %w", object.Reference(), f.name, err)
	}
	return bytes.TrimSpace(text.Bytes()), nil
}

// decode writes a stored text into the field of an object.
func (f *storedField) decode(object mo.Reference, text []byte) error {
	box := reflect.New(f.box)
	if err := types.NewJSONDecoder(bytes.NewReader(text)).Decode(box.Interface()); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	value, stored := f.value(object), box.Elem().Field(0)
	if value.Type() == permissionsType {
		stored = reflect.ValueOf(mapPermissions(stored.Interface().([]entityPermissions)))
	}
	value.Set(stored)
	return nil
}

// Permissions are kept in a map whose key is a structure, which JSON lacks.
type permissionMap = map[types.ManagedObjectReference][]types.Permission

type entityPermissions struct {
	Entity      types.ManagedObjectReference `json:"entity"`
	Permissions []types.Permission           `json:"permissions"`
}

var permissionsType = reflect.TypeFor[permissionMap]()

func listPermissions(permissions permissionMap) []entityPermissions {
	var list []entityPermissions
	for entity, entries := range permissions {
		list = append(list, entityPermissions{entity, entries})
	}
	sortByReference(list)
	return list
}

func mapPermissions(list []entityPermissions) permissionMap {
	permissions := permissionMap{}
	for _, entry := range list {
		permissions[entry.Entity] = entry.Permissions
	}
	return permissions
}
