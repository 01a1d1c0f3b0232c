package main

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// guestState is what the manager tells of a guest: POST /guest. Fields that
// are absent stay as they are.
type guestState struct {
	Reference string            `json:"reference"`
	Tools     string            `json:"tools,omitempty"`     // guestToolsRunning, guestToolsNotRunning
	Heartbeat string            `json:"heartbeat,omitempty"` // green, red, gray
	Hostname  string            `json:"hostname,omitempty"`
	Nets      []guestNet        `json:"nets,omitempty"`
	Disks     []guestUse        `json:"disks,omitempty"`
	Guestinfo map[string]string `json:"guestinfo,omitempty"`
	Power     string            `json:"power,omitempty"` // set when the guest has switched itself off
}

type guestNet struct {
	MAC       string   `json:"mac"`
	PortGroup string   `json:"port_group"`
	Addresses []string `json:"addresses"` // with prefix length
}

type guestUse struct {
	Key      int32  `json:"key"` // of the virtual disk below it
	Path     string `json:"path"`
	Capacity int64  `json:"capacity"`
	Free     int64  `json:"free"`
}

// serveMachines answers GET /machines.
func (v *vcenter) serveMachines(w http.ResponseWriter, _ *http.Request) {
	ctx := v.journal.context()
	g := &guests{vcenter: v.config.VCenter}
	machines := []*guestMachine{}
	for _, machine := range v.registry.AllReference("VirtualMachine") {
		if described := g.describe(ctx, machine.Reference()); described != nil {
			machines = append(machines, described)
		}
	}
	answer(w, machines)
}

// serveGuest answers POST /guest.
func (v *vcenter) serveGuest(w http.ResponseWriter, r *http.Request) {
	var state guestState
	if !decode(w, r, &state) {
		return
	}
	ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: state.Reference}
	ctx := v.journal.context()
	machine, ok := v.registry.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		http.Error(w, "no machine "+state.Reference, http.StatusNotFound)
		return
	}
	ctx.WithLock(machine, func() { state.write(ctx, machine) })
	if len(state.Guestinfo) > 0 {
		setGuestinfo(ctx, ref, state.Guestinfo)
	}
	v.flush()
	answer(w, struct{}{})
}

// write brings the machine's guest properties to what is told. Only what
// differs is written, for each write is kept in the journal. The caller holds the lock.
func (s *guestState) write(ctx *simulator.Context, machine *simulator.VirtualMachine) {
	var changes []types.PropertyChange
	set := func(path string, before, after any) {
		if !reflect.DeepEqual(before, after) {
			changes = append(changes, types.PropertyChange{Name: path, Val: after})
		}
	}
	guest, summary := machine.Guest, machine.Summary.Guest
	if summary == nil {
		summary = &types.VirtualMachineGuestSummary{}
		machine.Summary.Guest = summary
	}
	running := s.Tools == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	if s.Tools != "" {
		status, state := types.VirtualMachineToolsStatusToolsNotRunning, types.VirtualMachineGuestStateNotRunning
		if running {
			status, state = types.VirtualMachineToolsStatusToolsOk, types.VirtualMachineGuestStateRunning
		}
		set("guest.toolsRunningStatus", guest.ToolsRunningStatus, s.Tools)
		set("guest.toolsStatus", guest.ToolsStatus, status)
		set("guest.guestState", guest.GuestState, string(state))
		set("summary.guest.toolsRunningStatus", summary.ToolsRunningStatus, s.Tools)
		set("summary.guest.toolsStatus", summary.ToolsStatus, status)
		if !running {
			s.Nets = []guestNet{}
			nothingMeasured(machine)
		}
	}
	if s.Heartbeat != "" {
		set("guestHeartbeatStatus", machine.GuestHeartbeatStatus, types.ManagedEntityStatus(s.Heartbeat))
		machine.Summary.QuickStats.GuestHeartbeatStatus = types.ManagedEntityStatus(s.Heartbeat)
	}
	if s.Hostname != "" {
		set("guest.hostName", guest.HostName, s.Hostname)
		set("summary.guest.hostName", summary.HostName, s.Hostname)
	}
	if s.Nets != nil {
		nets, first := netsOf(s.Nets)
		set("guest.net", guest.Net, nets)
		set("guest.ipAddress", guest.IpAddress, first)
		set("summary.guest.ipAddress", summary.IpAddress, first)
	}
	if s.Disks != nil {
		set("guest.disk", guest.Disk, disksInUse(s.Disks))
	}
	if s.Power == string(types.VirtualMachinePowerStatePoweredOff) && machine.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		setPower(ctx, machine, types.VirtualMachinePowerStatePoweredOff)
	}
	if len(changes) > 0 {
		ctx.Update(machine, changes)
	}
}

func netsOf(told []guestNet) ([]types.GuestNicInfo, string) {
	nets, first := []types.GuestNicInfo{}, ""
	for i, net := range told {
		info := types.GuestNicInfo{Network: net.PortGroup, MacAddress: net.MAC, Connected: true, DeviceConfigId: int32(4000 + i),
			IpConfig: &types.NetIpConfigInfo{}}
		for _, address := range net.Addresses {
			plain, length, _ := strings.Cut(address, "/")
			info.IpAddress = append(info.IpAddress, plain)
			info.IpConfig.IpAddress = append(info.IpConfig.IpAddress,
				types.NetIpConfigInfoIpAddress{IpAddress: plain, PrefixLength: number(length), State: "preferred"})
			if first == "" {
				first = plain
			}
		}
		nets = append(nets, info)
	}
	return nets, first
}

func number(text string) int32 {
	value := int32(0)
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0
		}
		value = value*10 + digit - '0'
	}
	return value
}

func disksInUse(told []guestUse) []types.GuestDiskInfo {
	disks := []types.GuestDiskInfo{}
	for _, disk := range told {
		disks = append(disks, types.GuestDiskInfo{DiskPath: disk.Path, Capacity: disk.Capacity, FreeSpace: disk.Free,
			FilesystemType: "ext4", Mappings: []types.GuestInfoVirtualDiskMapping{{Key: disk.Key}}})
	}
	return disks
}

// setGuestinfo writes values into a machine's extraConfig, as a guest does
// through its tools. Keys other than guestinfo.* are nobody's in a guest.
func setGuestinfo(ctx *simulator.Context, ref types.ManagedObjectReference, values map[string]string) {
	machine, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx.WithLock(machine, func() {
		known := guestinfoOf(machine.Config)
		options := slices.Clone(machine.Config.ExtraConfig)
		changed := false
		for _, key := range slices.Sorted(maps.Keys(values)) {
			value := values[key]
			if !strings.HasPrefix(key, keyPrefix) || known[key] == value {
				continue
			}
			changed = true
			fresh := &types.OptionValue{Key: key, Value: value}
			at := slices.IndexFunc(options, func(option types.BaseOptionValue) bool { return option.GetOptionValue().Key == key })
			if at < 0 {
				options = append(options, fresh)
			} else {
				options[at] = fresh
			}
		}
		if changed {
			ctx.Update(machine, []types.PropertyChange{{Name: "config.extraConfig", Val: options}})
		}
	})
}
