package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
)

// kind says how objects of one type are stored.
type kind struct {
	wrapper reflect.Type    // the simulator's type, made anew when the world is loaded
	derived map[string]bool // fields that follow from other objects: computed when loading, not stored
	private []string        // fields of the wrapper itself which have to survive
}

// derivedAlways follow from other objects for every type.
var derivedAlways = []string{"Self", "RecentTask", "AvailableField", "EffectiveRole"}

// kinds are the types that make up the world. The lists of machines, children
// and hosts are derived, so that a new machine costs the same in a world of ten
// and of ten thousand.
var kinds = map[string]*kind{
	"AuthorizationManager":           newKind[simulator.AuthorizationManager](private("permissions", "nextID")),
	"ClusterComputeResource":         newKind[simulator.ClusterComputeResource](derived("Host"), private("ruleKey")),
	"ComputeResource":                newKind[mo.ComputeResource](derived("Host")),
	"CustomFieldsManager":            newKind[simulator.CustomFieldsManager](private("nextKey")),
	"Datacenter":                     newKind[simulator.Datacenter](),
	"Datastore":                      newKind[simulator.Datastore](derived("Vm")),
	"DistributedVirtualPortgroup":    newKind[simulator.DistributedVirtualPortgroup](derived("Vm")),
	"DistributedVirtualSwitch":       newKind[simulator.DistributedVirtualSwitch](),
	"EnvironmentBrowser":             newKind[simulator.EnvironmentBrowser](private(environmentFields...)),
	"Folder":                         newKind[simulator.Folder](derived("ChildEntity")),
	"HostCertificateManager":         newKind[simulator.HostCertificateManager](),
	"HostDatastoreBrowser":           newKind[simulator.HostDatastoreBrowser](),
	"HostDatastoreSystem":            newKind[simulator.HostDatastoreSystem](),
	"HostFirewallSystem":             newKind[simulator.HostFirewallSystem](),
	"HostNetworkSystem":              newKind[simulator.HostNetworkSystem](),
	"HostStorageSystem":              newKind[simulator.HostStorageSystem](private("HBA")),
	"HostSystem":                     newKind[simulator.HostSystem](derived("Vm")),
	"HostVirtualNicManager":          newKind[simulator.HostVirtualNicManager](),
	"Network":                        newKind[mo.Network](derived("Vm")),
	"OpaqueNetwork":                  newKind[mo.OpaqueNetwork](derived("Vm")),
	"OptionManager":                  newKind[simulator.OptionManager](derived("Setting")),
	"ResourcePool":                   newKind[simulator.ResourcePool](derived("Vm")),
	"StoragePod":                     newKind[simulator.StoragePod](derived("ChildEntity")),
	"VirtualApp":                     newKind[simulator.VirtualApp](derived("Vm")),
	"VirtualMachine":                 newKind[simulator.VirtualMachine](private("log", "sid", "uid")),
	"VirtualMachineSnapshot":         newKind[simulator.VirtualMachineSnapshot](),
	"VmwareDistributedVirtualSwitch": newKind[simulator.DistributedVirtualSwitch](),
}

var environmentFields = []string{
	"QueryConfigTargetResponse", "QueryConfigOptionResponse",
	"QueryConfigOptionDescriptorResponse", "QueryTargetCapabilitiesResponse",
}

// transient are types that live as long as a session or a process.
var transient = map[string]bool{
	"Task": true, "TaskManager": true, "EventManager": true, "SessionManager": true, "PropertyCollector": true,
	"PropertyFilter": true, "ContainerView": true, "ListView": true, "ViewManager": true, "HttpNfcLease": true,
	"EventHistoryCollector": true, "TaskHistoryCollector": true, "LicenseAssignmentManager": true,
	"LicenseManager": true, "PerformanceManager": true, "SearchIndex": true,
}

type kindOption func(*kind)

func newKind[T any](options ...kindOption) *kind {
	k := &kind{wrapper: reflect.TypeFor[T](), derived: map[string]bool{}}
	for _, name := range derivedAlways {
		k.derived[name] = true
	}
	for _, option := range options {
		option(k)
	}
	return k
}

func derived(names ...string) kindOption {
	return func(k *kind) {
		for _, name := range names {
			k.derived[name] = true
		}
	}
}

func private(names ...string) kindOption {
	return func(k *kind) { k.private = append(k.private, names...) }
}

// newObject makes an empty object of a type.
func (k *kind) newObject() mo.Reference {
	return reflect.New(k.wrapper).Interface().(mo.Reference)
}
