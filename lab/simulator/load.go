package main

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"log"
	"runtime"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// loaded is one object on its way back into the registry.
type loaded struct {
	ref    types.ManagedObjectReference
	stored storedObject
	object mo.Reference
	hashes []uint64
	err    error
}

// Load fills the registry with what the journal holds: same references, same
// UUIDs, same links.
func (j *journal) Load(registry *simulator.Registry, state *journalState) error {
	var items []*loaded
	for key, stored := range state.objects {
		if key[0] == '@' {
			continue
		}
		ref, ok := parseReference(key)
		if !ok || kinds[ref.Type] == nil {
			return fmt.Errorf("the journal has an object of an unknown type: %s", key)
		}
		items = append(items, &loaded{ref: ref, stored: stored})
	}
	slices.SortFunc(items, func(a, b *loaded) int { return compareReferences(a.ref, b.ref) })
	for _, item := range items {
		item.object = registry.Get(item.ref) // the root folder and the managers are there already
		if item.object == nil {
			item.object = kinds[item.ref.Type].newObject()
			managedValue(item.object).FieldByName("Self").Set(referenceValue(item.ref))
		}
	}
	decodeAll(items)
	for _, item := range items {
		if item.err != nil {
			return fmt.Errorf("%s: %w", item.ref, item.err)
		}
		registry.Put(item.object)
		j.hashes[item.ref] = item.hashes
		j.complete[item.ref] = true
	}
	if state.serial > 0 {
		serial := openField(managedRegistry(registry), "counter")
		serial.SetInt(max(serial.Int(), state.serial))
	}
	link(j.context())
	if len(items) > 0 {
		log.Printf("journal %s: %d objects brought back", j.path, len(items))
	}
	return j.tags.Load(state.objects)
}

// decodeAll decodes side by side: it is what loading spends its time on.
func decodeAll(items []*loaded) {
	queue := make(chan *loaded)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for item := range queue {
				item.decode()
			}
		}()
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	workers.Wait()
}

func (l *loaded) decode() {
	layout := fieldsOf(kinds[l.ref.Type])
	l.hashes = make([]uint64, len(layout))
	for i := range layout {
		text, ok := l.stored[layout[i].name]
		if !ok {
			continue
		}
		if err := layout[i].decode(l.object, text); err != nil {
			l.err = err
			return
		}
		l.hashes[i] = maphash.Bytes(hashSeed, []byte(json.RawMessage(text)))
	}
}
