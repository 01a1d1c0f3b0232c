package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	categoryKey = "@category/"
	tagKey      = "@tag/"
	attachedKey = "@attached/"
)

// tagHandler is what the simulator's REST handler offers.
type tagHandler interface {
	http.Handler
	sync.Locker
	AttachedTags(types.ManagedObjectReference) ([]string, types.BaseMethodFault)
	AttachTag(types.ManagedObjectReference, string) types.BaseMethodFault
	DetachTag(types.ManagedObjectReference, string) types.BaseMethodFault
}

// tagRecord is one line of the journal about tags.
type tagRecord struct {
	key  string
	text []byte
}

// tagStore tells the journal what has changed among categories, tags and the
// objects that have tags. Attached tags are stored per object.
type tagStore struct {
	handler tagHandler

	mu      sync.Mutex
	all     bool // categories or tags may have changed
	objects map[types.ManagedObjectReference]bool
	written map[string]string // key, text as in the journal
	removed []string
}

func newTagStore(handler http.Handler) *tagStore {
	return &tagStore{
		handler: handler.(tagHandler),
		objects: map[types.ManagedObjectReference]bool{},
		written: map[string]string{},
	}
}

// MarkRequest looks at a mutating REST call that has been served.
func (t *tagStore) MarkRequest(path string, body []byte) {
	if !strings.Contains(path, "/tagging/") {
		return
	}
	var named struct {
		Object  *restObject  `json:"object_id"`
		Objects []restObject `json:"object_ids"`
	}
	_ = json.Unmarshal(body, &named) // the handler has already refused what is not JSON
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = t.all || !strings.Contains(path, "/tag-association")
	if named.Object != nil {
		t.objects[named.Object.reference()] = true
	}
	for _, object := range named.Objects {
		t.objects[object.reference()] = true
	}
}

// MarkObject says that the tags of one object may have changed.
func (t *tagStore) MarkObject(ref types.ManagedObjectReference) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.objects[ref] = true
}

// Forget detaches every tag from an object that is gone.
func (t *tagStore) Forget(ref types.ManagedObjectReference) {
	t.handler.Lock()
	attached, _ := t.handler.AttachedTags(ref)
	for _, tag := range attached {
		t.handler.DetachTag(ref, tag)
	}
	t.handler.Unlock()
	if len(attached) > 0 {
		t.MarkObject(ref)
	}
}

type restObject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (o restObject) reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: o.Type, Value: o.ID}
}

func (t *tagStore) categories() map[string]*tags.Category {
	return reflect.ValueOf(t.handler).Elem().FieldByName("Category").Interface().(map[string]*tags.Category)
}

func (t *tagStore) tags() map[string]*tags.Tag {
	return reflect.ValueOf(t.handler).Elem().FieldByName("Tag").Interface().(map[string]*tags.Tag)
}

// Changes gives the records that differ from what has been written.
func (t *tagStore) Changes() []tagRecord {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.all && len(t.objects) == 0 {
		return nil
	}
	t.handler.Lock()
	defer t.handler.Unlock()
	var records []tagRecord
	if t.all {
		present := map[string]bool{}
		for id, category := range t.categories() {
			present[categoryKey+id] = true
			records = t.record(records, categoryKey+id, category)
		}
		for id, tag := range t.tags() {
			present[tagKey+id] = true
			records = t.record(records, tagKey+id, tag)
		}
		for key := range t.written {
			if !present[key] && !strings.HasPrefix(key, attachedKey) {
				delete(t.written, key)
				t.removed = append(t.removed, key)
			}
		}
	}
	for ref := range t.objects {
		attached := []string{} // none is [], since null means "no such record"
		found, _ := t.handler.AttachedTags(ref)
		attached = append(attached, found...)
		sort.Strings(attached)
		key := attachedKey + ref.String()
		if len(attached) == 0 && t.written[key] == "" {
			continue
		}
		records = t.record(records, key, attached)
	}
	t.all, t.objects = false, map[types.ManagedObjectReference]bool{}
	sort.Slice(records, func(i, k int) bool { return records[i].key < records[k].key })
	return records
}

func (t *tagStore) record(records []tagRecord, key string, value any) []tagRecord {
	text, err := json.Marshal(value)
	if err != nil || t.written[key] == string(text) {
		return records
	}
	t.written[key] = string(text)
	boxed, err := json.Marshal(map[string]json.RawMessage{"v": text})
	if err != nil {
		return records
	}
	return append(records, tagRecord{key, boxed})
}

// Removals gives the keys of categories and tags that are gone.
func (t *tagStore) Removals() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	removed := t.removed
	t.removed = nil
	return removed
}

// Load brings categories, tags and attachments back.
func (t *tagStore) Load(state map[string]storedObject) error {
	t.handler.Lock()
	defer t.handler.Unlock()
	associations := reflect.ValueOf(t.handler).Elem().FieldByName("Association")
	for key, stored := range state {
		text := stored["v"]
		switch {
		case strings.HasPrefix(key, categoryKey):
			category := &tags.Category{}
			if err := json.Unmarshal(text, category); err != nil {
				return err
			}
			t.categories()[key[len(categoryKey):]] = category
		case strings.HasPrefix(key, tagKey):
			tag, id := &tags.Tag{}, key[len(tagKey):]
			if err := json.Unmarshal(text, tag); err != nil {
				return err
			}
			t.tags()[id] = tag
			associations.SetMapIndex(reflect.ValueOf(id), reflect.MakeMap(associations.Type().Elem()))
		default:
			continue
		}
		t.written[key] = string(text)
	}
	for key, stored := range state {
		if !strings.HasPrefix(key, attachedKey) {
			continue
		}
		var attached []string
		if err := json.Unmarshal(stored["v"], &attached); err != nil {
			return err
		}
		ref, _ := parseReference(key[len(attachedKey):])
		for _, tag := range attached {
			t.handler.AttachTag(ref, tag) // a tag deleted since is no longer known
		}
		t.written[key] = string(stored["v"])
	}
	return nil
}
