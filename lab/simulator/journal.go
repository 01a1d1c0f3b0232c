package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"log"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// journal makes the world survive kill -9. Objects are marked while calls run;
// Flush writes what has changed of them, and every answer waits for a Flush
// that began after the answer was made. One Flush is one line, so that a torn
// last line loses only what no client has been told.
type journal struct {
	registry *simulator.Registry
	tags     *tagStore

	mu       sync.Mutex
	marked   map[types.ManagedObjectReference]map[string]bool // nil fields: all of them
	removed  []string
	held     map[types.ManagedObjectReference]bool // machines in the making
	complete map[types.ManagedObjectReference]bool // machines that are made
	strange  map[string]bool                       // types that are not stored, told once

	writing    sync.Mutex
	path       string
	instance   string
	file       *os.File
	size       int64
	base       int64 // size after the last compaction
	compacting bool
	hashes     map[types.ManagedObjectReference][]uint64
}

func newJournal(path string) *journal {
	return &journal{
		path:     path,
		marked:   map[types.ManagedObjectReference]map[string]bool{},
		held:     map[types.ManagedObjectReference]bool{},
		complete: map[types.ManagedObjectReference]bool{},
		strange:  map[string]bool{},
		hashes:   map[types.ManagedObjectReference][]uint64{},
	}
}

// Put marks a new object. A machine is held back until the task that makes it
// has ended: after a kill there must be no machine half made.
func (j *journal) Put(ref types.ManagedObjectReference) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if ref.Type == "VirtualMachine" && !j.complete[ref] {
		j.held[ref] = true
		return
	}
	j.markLocked(ref, nil) // a move puts a machine once more
}

// Release lets a machine be written.
func (j *journal) Release(ref types.ManagedObjectReference) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.held, ref)
	j.complete[ref] = true
	j.markLocked(ref, nil)
}

// Mark says that an object, or only some fields of it, may have changed.
func (j *journal) Mark(ref types.ManagedObjectReference, fields ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.markLocked(ref, fields)
}

func (j *journal) markLocked(ref types.ManagedObjectReference, fields []string) {
	if _, ok := kinds[ref.Type]; !ok {
		if !transient[ref.Type] && !j.strange[ref.Type] {
			j.strange[ref.Type] = true
			log.Printf("journal: objects of type %s are not stored", ref.Type)
		}
		return
	}
	if len(fields) == 0 {
		j.marked[ref] = nil
		return
	}
	wanted, ok := j.marked[ref]
	if ok && wanted == nil {
		return
	}
	if !ok {
		wanted = map[string]bool{}
		j.marked[ref] = wanted
	}
	for _, field := range fields {
		wanted[field] = true
	}
}

// Remove says that an object is gone.
func (j *journal) Remove(ref types.ManagedObjectReference) {
	if _, ok := kinds[ref.Type]; !ok {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.marked, ref)
	delete(j.complete, ref)
	if j.held[ref] {
		delete(j.held, ref) // never written
		return
	}
	j.removed = append(j.removed, ref.String())
}

// take gives what is to be written now and leaves held machines for later.
func (j *journal) take() (map[types.ManagedObjectReference]map[string]bool, []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	marked, removed := j.marked, j.removed
	j.marked = map[types.ManagedObjectReference]map[string]bool{}
	j.removed = nil
	for ref := range j.held {
		delete(marked, ref) // Release marks it as a whole
	}
	return marked, removed
}

// Flush writes everything that is marked. An error means that the world can no
// longer be kept: the process ends rather than answer what it may forget.
func (j *journal) Flush() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	marked, removed := j.take()
	var line bytes.Buffer
	line.WriteString(`{"o":[`)
	count := 0
	ctx := j.context()
	for _, ref := range sortedReferences(marked) {
		written, err := j.writeObject(ctx, &line, ref, marked[ref], count > 0)
		if err != nil {
			return err
		}
		if written {
			count++
		}
	}
	for _, record := range j.tags.Changes() {
		writeRecord(&line, record.key, record.text, count > 0)
		count++
	}
	for _, key := range removed {
		if ref, ok := parseReference(key); ok {
			delete(j.hashes, ref)
		}
	}
	removed = append(removed, j.tags.Removals()...)
	if count == 0 && len(removed) == 0 {
		return nil
	}
	line.WriteString(`],"d":`)
	gone, err := json.Marshal(removed)
	if err != nil {
		return err
	}
	line.Write(gone)
	line.WriteString(`,"n":` + strconv.FormatInt(j.nextSerial(), 10) + "}\n")
	written, err := j.file.Write(line.Bytes())
	if err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	j.size += int64(written)
	j.compactIfLarge()
	return nil
}

func (j *journal) context() *simulator.Context {
	return &simulator.Context{Context: context.Background(), Map: j.registry}
}

// nextSerial reads the number that the registry gives to new objects.
func (j *journal) nextSerial() int64 {
	return reflect.ValueOf(j.registry).Elem().FieldByName("counter").Int()
}

// writeObject adds the changed fields of one object to the line.
func (j *journal) writeObject(ctx *simulator.Context, line *bytes.Buffer, ref types.ManagedObjectReference,
	only map[string]bool, comma bool) (bool, error) {
	object := j.registry.Get(ref)
	if object == nil {
		return false, nil
	}
	var fields bytes.Buffer
	var err error
	_, known := j.hashes[ref]
	unlock := j.registry.AcquireLock(ctx, object)
	err = j.encodeFields(&fields, object, ref, only)
	unlock()
	if err != nil {
		return false, err
	}
	if fields.Len() == 0 && known {
		return false, nil
	}
	writeRecord(line, ref.String(), append(append([]byte{'{'}, fields.Bytes()...), '}'), comma)
	return true, nil
}

func (j *journal) encodeFields(into *bytes.Buffer, object mo.Reference, ref types.ManagedObjectReference, only map[string]bool) error {
	layout := fieldsOf(kinds[ref.Type])
	hashes := j.hashes[ref]
	if hashes == nil {
		hashes = make([]uint64, len(layout))
	}
	for i := range layout {
		field := &layout[i]
		if only != nil && !only[field.name] {
			continue
		}
		text, err := field.encode(object)
		if err != nil {
			return err
		}
		hash := uint64(0)
		if text != nil {
			hash = maphash.Bytes(hashSeed, text)
		}
		if hash == hashes[i] {
			continue
		}
		hashes[i] = hash
		if text == nil {
			text = []byte("null")
		}
		if into.Len() > 0 {
			into.WriteByte(',')
		}
		into.WriteString(strconv.Quote(field.name) + ":")
		into.Write(text)
	}
	if only == nil || into.Len() > 0 {
		j.hashes[ref] = hashes
	}
	return nil
}

func writeRecord(line *bytes.Buffer, key string, text []byte, comma bool) {
	if comma {
		line.WriteByte(',')
	}
	quoted, _ := json.Marshal(key) // a string always encodes
	line.WriteString(`{"r":`)
	line.Write(quoted)
	line.WriteString(`,"f":`)
	line.Write(text)
	line.WriteByte('}')
}

func sortedReferences(marked map[types.ManagedObjectReference]map[string]bool) []types.ManagedObjectReference {
	refs := make([]types.ManagedObjectReference, 0, len(marked))
	for ref := range marked {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, compareReferences)
	return refs
}

// Size is the journal's length in bytes.
func (j *journal) Size() int64 {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.size
}
