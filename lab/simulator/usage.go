package main

import (
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// usageReport is what the guest manager tells of all guests of this vCenter at
// once: POST /usage, every sampleSeconds. Rates are means since the last time.
type usageReport struct {
	Machines []guestUsage `json:"machines"`
}

type guestUsage struct {
	Reference      string  `json:"reference"`
	Cores          float64 `json:"cores"`           // processor seconds per second
	MemoryConsumed int64   `json:"memory_consumed"` // bytes that the host holds for it
	MemoryActive   int64   `json:"memory_active"`   // bytes in use
	DiskRead       float64 `json:"disk_read"`       // bytes per second
	DiskWritten    float64 `json:"disk_written"`
	NetReceived    float64 `json:"net_received"`
	NetSent        float64 `json:"net_sent"`
}

// As on a real vCenter: a sample every 20 s, kept for an hour. No rollups.
const (
	sampleSeconds = 20
	samplesKept   = 3600 / sampleSeconds
)

// sample is what was measured of one machine in the 20 s that end at a time.
type sample struct {
	at     time.Time
	values map[string]int64 // by counter: "cpu.usagemhz"
}

// usageHistory is kept in memory only: statistics are nothing that must survive.
type usageHistory struct {
	mu      sync.Mutex
	samples map[types.ManagedObjectReference][]sample
}

func newUsageHistory() *usageHistory {
	return &usageHistory{samples: map[types.ManagedObjectReference][]sample{}}
}

func (h *usageHistory) Add(ref types.ManagedObjectReference, fresh sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := append(h.samples[ref], fresh)
	h.samples[ref] = kept[max(0, len(kept)-samplesKept):]
}

// Between gives the samples after start and not after end, oldest first.
func (h *usageHistory) Between(ref types.ManagedObjectReference, start, end *time.Time) []sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := []sample{}
	for _, each := range h.samples[ref] {
		if (start == nil || each.at.After(*start)) && (end == nil || !each.at.After(*end)) {
			found = append(found, each)
		}
	}
	return found
}

func (h *usageHistory) Forget(ref types.ManagedObjectReference) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.samples, ref)
}

// serveUsage answers POST /usage. Machines that are gone meanwhile are left out.
func (v *vcenter) serveUsage(w http.ResponseWriter, r *http.Request) {
	var report usageReport
	if !decode(w, r, &report) {
		return
	}
	ctx, now := v.journal.context(), time.Now().UTC().Truncate(time.Second)
	for _, usage := range report.Machines {
		ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: usage.Reference}
		machine, ok := v.registry.Get(ref).(*simulator.VirtualMachine)
		if !ok {
			continue
		}
		mhz := hostMHz(ctx, machine)
		ctx.WithLock(machine, func() {
			if machine.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
				return // it was, when it was measured
			}
			values := usage.counters(machine.Config.Hardware, mhz)
			writeQuickStats(machine, values)
			v.usage.Add(ref, sample{at: now, values: values})
		})
	}
	sumUpHosts(ctx)
	answer(w, struct{}{})
}

// counters converts to the units of vCenter's counters: MHz, KB, KB per
// second, and hundredths of a percent. What is used at all is never rounded to nothing.
func (u *guestUsage) counters(hardware types.VirtualHardware, mhz int32) map[string]int64 {
	const kilobyte = 1024
	up := func(value float64) int64 { return int64(math.Ceil(value)) }
	share := func(part, whole float64) int64 { return up(10_000 * part / max(whole, 1)) }
	return map[string]int64{
		"cpu.usagemhz":    up(u.Cores * float64(mhz)),
		"cpu.usage":       share(u.Cores, float64(hardware.NumCPU)),
		"mem.consumed":    up(float64(u.MemoryConsumed) / kilobyte),
		"mem.active":      up(float64(u.MemoryActive) / kilobyte),
		"mem.usage":       share(float64(u.MemoryActive), float64(int64(hardware.MemoryMB)*mebibyte)),
		"disk.usage":      up((u.DiskRead + u.DiskWritten) / kilobyte),
		"disk.read":       up(u.DiskRead / kilobyte),
		"disk.write":      up(u.DiskWritten / kilobyte),
		"net.usage":       up((u.NetReceived + u.NetSent) / kilobyte),
		"net.received":    up(u.NetReceived / kilobyte),
		"net.transmitted": up(u.NetSent / kilobyte),
	}
}

// writeQuickStats goes past the journal: what was used 20 s ago is nothing
// that must survive. The caller holds the machine's lock.
func writeQuickStats(machine *simulator.VirtualMachine, values map[string]int64) {
	stats := &machine.Summary.QuickStats
	megabytes := func(kilobytes int64) int32 { return int32((kilobytes + 1023) / 1024) }
	stats.OverallCpuUsage = int32(values["cpu.usagemhz"])
	stats.OverallCpuDemand = stats.OverallCpuUsage
	stats.GuestMemoryUsage = megabytes(values["mem.active"])
	stats.HostMemoryUsage = megabytes(values["mem.consumed"])
}

// nothingMeasured is right for a machine that is off, has no guest, or whose guest has not been measured yet.
func nothingMeasured(machine *simulator.VirtualMachine) { writeQuickStats(machine, nil) }

func hostMHz(ctx *simulator.Context, machine *simulator.VirtualMachine) int32 {
	if machine.Runtime.Host != nil {
		if host, ok := ctx.Map.Get(*machine.Runtime.Host).(*simulator.HostSystem); ok {
			return host.Summary.Hardware.CpuMhz
		}
	}
	return 0
}

// sumUpHosts gives each host what its machines use together; those without a guest add nothing.
func sumUpHosts(ctx *simulator.Context) {
	type sum struct{ mhz, megabytes int32 }
	sums := map[types.ManagedObjectReference]sum{}
	for _, object := range ctx.Map.AllReference("VirtualMachine") {
		machine, ok := object.(*simulator.VirtualMachine)
		if !ok {
			continue
		}
		ctx.WithLock(machine, func() {
			if machine.Runtime.Host != nil {
				total, stats := sums[*machine.Runtime.Host], machine.Summary.QuickStats
				sums[*machine.Runtime.Host] = sum{total.mhz + stats.OverallCpuUsage, total.megabytes + stats.HostMemoryUsage}
			}
		})
	}
	for _, object := range ctx.Map.AllReference("HostSystem") {
		if host, ok := object.(*simulator.HostSystem); ok {
			ctx.WithLock(host, func() {
				total := sums[host.Self]
				host.Summary.QuickStats.OverallCpuUsage, host.Summary.QuickStats.OverallMemoryUsage = total.mhz, total.megabytes
			})
		}
	}
}

// usageCounters are those that a machine with a guest has, in the order of their names.
func usageCounters() []string {
	names := []string{}
	for name := range (&guestUsage{}).counters(types.VirtualHardware{}, 0) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
