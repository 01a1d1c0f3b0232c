package main

import (
	"reflect"
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Every kind must be storable: a wrapper whose private field has another name
// in a new govmomi panics here and not in somebody's lab.
func TestEveryKindHasFields(t *testing.T) {
	for name, k := range kinds {
		if len(fieldsOf(k)) == 0 && name != "OptionManager" {
			t.Errorf("%s: nothing is stored", name)
		}
	}
}

func TestAFieldOfInterfaceTypeComesBackAsWhatItWas(t *testing.T) {
	cluster := &simulator.ClusterComputeResource{}
	yes := true
	cluster.ConfigurationEx = &types.ClusterConfigInfoEx{
		DasConfig: types.ClusterDasConfigInfo{
			Enabled:                &yes,
			AdmissionControlPolicy: &types.ClusterFailoverLevelAdmissionControlPolicy{FailoverLevel: 2},
		},
		Rule: []types.BaseClusterRuleInfo{&types.ClusterAntiAffinityRuleSpec{
			ClusterRuleInfo: types.ClusterRuleInfo{Name: "apart", Key: 7},
		}},
	}
	openField(reflect.ValueOf(cluster).Elem(), "ruleKey").SetInt(7)
	again := &simulator.ClusterComputeResource{}
	for _, field := range fieldsOf(kinds["ClusterComputeResource"]) {
		text, err := field.encode(cluster)
		if err != nil {
			t.Fatal(err)
		}
		if text == nil {
			continue
		}
		if err := field.decode(again, text); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(cluster, again) {
		t.Errorf("got %#v", again.ConfigurationEx)
	}
}

func TestPermissionsComeBack(t *testing.T) {
	permissions := permissionMap{
		{Type: "Datacenter", Value: "datacenter-2"}: {{Principal: "a", RoleId: 1001}},
		{Type: "Folder", Value: "group-d1"}:         {{Principal: "b", RoleId: -1, Propagate: true}},
	}
	if got := mapPermissions(listPermissions(permissions)); !reflect.DeepEqual(got, permissions) {
		t.Errorf("got %v", got)
	}
}

func TestFaultsAreMadeByTheNameOfTheAPI(t *testing.T) {
	for _, name := range []string{"InvalidState", "ResourceInUse", "TaskInProgress", "NoDiskSpace"} {
		if _, err := newFault(name, "x"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"NoSuchFault", "VirtualMachineConfigInfo"} {
		if _, err := newFault(name, "x"); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
