package main

import (
	"fmt"
	"path"
	"reflect"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// FaultRule makes calls of one method fail.
type FaultRule struct {
	Method      string `json:"method"`       // e.g. CloneVM_Task; "*" is every writing method
	NamePattern string `json:"name_pattern"` // shell pattern on the machine's (or object's) name; empty is any
	Fault       string `json:"fault"`        // a fault of the API: InvalidState, ResourceInUse, TaskInProgress, NoDiskSpace …
	As          string `json:"as"`           // "task": the task ends in error (default of …_Task); "call": the call itself
	Count       int    `json:"count"`        // how often; 0 is until removed
	Message     string `json:"message"`
	Hits        int    `json:"hits"` // how often it happened (answered, not set)
}

type faultRules struct {
	mu    sync.Mutex
	rules []*FaultRule
}

// newFault makes a fault of a type named as in the API.
func newFault(name, message string) (types.BaseMethodFault, error) {
	kind, ok := types.TypeFunc()(name)
	if !ok {
		return nil, fmt.Errorf("no fault type named %q", name)
	}
	fault, ok := reflect.New(kind).Interface().(types.BaseMethodFault)
	if !ok {
		return nil, fmt.Errorf("%q is not a fault", name)
	}
	fault.GetMethodFault().FaultMessage = []types.LocalizableMessage{{Key: "lab.injected", Message: message}}
	switch f := fault.(type) {
	case *types.TaskInProgress:
		f.Task = types.ManagedObjectReference{Type: "Task", Value: "task-0"}
	case *types.NoDiskSpace:
		f.File, f.Datastore = "injected.vmdk", "injected"
	case *types.ResourceInUse:
		f.Type, f.Name = "VirtualMachine", "injected"
	}
	return fault, nil
}

func (f *faultRules) Add(rule FaultRule) error {
	if rule.Method == "" {
		return fmt.Errorf("a rule needs a method")
	}
	if _, err := newFault(rule.Fault, rule.Message); err != nil {
		return err
	}
	if _, err := path.Match(rule.NamePattern, "x"); err != nil {
		return fmt.Errorf("name_pattern %q: %w", rule.NamePattern, err)
	}
	switch rule.As {
	case "":
		rule.As = "call"
		if strings.HasSuffix(rule.Method, "_Task") {
			rule.As = "task"
		}
	case "call", "task":
	default:
		return fmt.Errorf("as: %q is neither call nor task", rule.As)
	}
	rule.Hits = 0
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, &rule)
	return nil
}

func (f *faultRules) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

func (f *faultRules) Get() []FaultRule {
	f.mu.Lock()
	defer f.mu.Unlock()
	copied := make([]FaultRule, 0, len(f.rules))
	for _, rule := range f.rules {
		copied = append(copied, *rule)
	}
	return copied
}

// Match finds the first rule for a call and counts the hit.
func (f *faultRules) Match(method string, writes bool, names []string) (FaultRule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		if rule.Method != method && (rule.Method != "*" || !writes) {
			continue
		}
		if rule.Count > 0 && rule.Hits >= rule.Count {
			continue
		}
		if !matchesAny(rule.NamePattern, names) {
			continue
		}
		rule.Hits++
		return *rule, true
	}
	return FaultRule{}, false
}

func matchesAny(pattern string, names []string) bool {
	if pattern == "" {
		return true
	}
	for _, name := range names {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// namesOf gives the names a rule may match: that of the new machine where the
// call makes one, else that of the object which is called.
func namesOf(ctx *simulator.Context, method *simulator.Method) []string {
	switch request := method.Body.(type) {
	case *types.CloneVM_Task:
		return []string{request.Name}
	case *types.CreateVM_Task:
		return []string{request.Config.Name}
	case *types.CreateFolder:
		return []string{request.Name}
	}
	if entity, ok := ctx.Map.Get(method.This).(mo.Entity); ok {
		return []string{entityName(entity)}
	}
	return nil
}

// entityName reads the name; networks and switches keep it in a field of their own.
func entityName(entity mo.Entity) string {
	if name := entity.Entity().Name; name != "" {
		return name
	}
	value := managedValue(entity)
	if field := value.FieldByName("Name"); field.IsValid() && field.Kind() == reflect.String {
		return field.String()
	}
	return ""
}

// failTask runs a task that ends with the fault and gives its reference.
func failTask(ctx *simulator.Context, method *simulator.Method, fault types.BaseMethodFault) types.ManagedObjectReference {
	name := strings.TrimSuffix(method.Name, "_Task") + "Task"
	task := simulator.CreateTask(method.This, name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, fault
	})
	return task.Run(ctx)
}
