package main

import (
	"log"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	gibibyte = int64(1) << 30
	mebibyte = int64(1) << 20

	hostVersion = "8.0.2" // the newest that govmomi knows a hardware version for
	hostBuild   = "22380479"
)

// hardware keeps hosts and clusters as the platform data says.
type hardware struct {
	world *worldHolder
}

// applyHost writes the data's figures into a host. The caller holds the host's
// lock or is the only one who knows the host.
func (h *hardware) applyHost(host *simulator.HostSystem) {
	stats := &host.Summary.QuickStats // the simulator's are invented; see sumUpHosts
	stats.OverallCpuUsage, stats.OverallMemoryUsage = 0, 0
	product := types.AboutInfo{}
	if host.Config != nil {
		product = host.Config.Product
		setVersion(&product)
		host.Config.Product = product
	}
	if host.Summary.Config.Product != nil {
		copied := *host.Summary.Config.Product
		setVersion(&copied)
		host.Summary.Config.Product = &copied
	}
	data, ok := h.world.Host(host.Name)
	if !ok {
		log.Printf("host %q is not in the world file: it keeps the simulator's own hardware", host.Name)
		return
	}
	sockets := data.CPUSockets
	if sockets == 0 {
		sockets = 2
	}
	threads := max(data.CPUThreads, data.CPUCores)
	summary := *host.Summary.Hardware
	summary.CpuModel = data.CPUModel
	summary.CpuMhz = data.CPUMHz
	summary.NumCpuPkgs = sockets
	summary.NumCpuCores = data.CPUCores
	summary.NumCpuThreads = threads
	summary.MemorySize = data.MemoryGB * gibibyte
	host.Summary.Hardware = &summary

	hardware := *host.Hardware
	hardware.MemorySize = summary.MemorySize
	hardware.CpuInfo = types.HostCpuInfo{
		NumCpuPackages: sockets,
		NumCpuCores:    data.CPUCores,
		NumCpuThreads:  threads,
		Hz:             int64(data.CPUMHz) * 1_000_000,
	}
	if len(hardware.CpuPkg) > 0 {
		model := hardware.CpuPkg[0]
		hardware.CpuPkg = nil
		for socket := int16(0); socket < sockets; socket++ {
			model.Index = socket
			model.Hz = hardware.CpuInfo.Hz
			model.Description = data.CPUModel
			model.ThreadId = nil
			for thread := socket * threads / sockets; thread < (socket+1)*threads/sockets; thread++ {
				model.ThreadId = append(model.ThreadId, thread)
			}
			hardware.CpuPkg = append(hardware.CpuPkg, model)
		}
	}
	host.Hardware = &hardware
}

func setVersion(product *types.AboutInfo) {
	product.Version = hostVersion
	product.Build = hostBuild
	product.ApiVersion = hostVersion + ".0"
	product.FullName = "VMware ESXi " + hostVersion + " build-" + hostBuild
}

// applyCluster sums the hosts into the cluster's summary and its root pool.
func (h *hardware) applyCluster(ctx *simulator.Context, ref types.ManagedObjectReference) {
	var total types.ComputeResourceSummary
	cluster, ok := ctx.Map.Get(ref).(*simulator.ClusterComputeResource)
	if !ok {
		return
	}
	total.OverallStatus = types.ManagedEntityStatusGreen
	for _, hostRef := range cluster.Host {
		host, ok := ctx.Map.Get(hostRef).(*simulator.HostSystem)
		if !ok {
			continue
		}
		figures := host.Summary.Hardware
		mhz := figures.CpuMhz * int32(figures.NumCpuCores)
		total.TotalCpu += mhz
		total.TotalMemory += figures.MemorySize
		total.NumCpuCores += figures.NumCpuCores
		total.NumCpuThreads += figures.NumCpuThreads
		total.NumHosts++
		if host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected && !host.Runtime.InMaintenanceMode {
			total.NumEffectiveHosts++
			total.EffectiveCpu += mhz
			total.EffectiveMemory += figures.MemorySize / mebibyte // MB, unlike totalMemory
		}
	}
	ctx.WithLock(cluster, func() {
		summary := cluster.Summary.GetComputeResourceSummary()
		total.DynamicData = summary.DynamicData
		if *summary == total {
			return
		}
		full := types.ClusterComputeResourceSummary{ComputeResourceSummary: total}
		if current, ok := cluster.Summary.(*types.ClusterComputeResourceSummary); ok {
			full = *current
			full.ComputeResourceSummary = total
		}
		usage := types.ClusterUsageSummary{}
		if full.UsageSummary != nil {
			usage = *full.UsageSummary
		}
		usage.TotalCpuCapacityMhz = total.EffectiveCpu
		usage.TotalMemCapacityMB = int32(total.EffectiveMemory)
		full.UsageSummary = &usage
		ctx.Update(cluster, []types.PropertyChange{{Name: "summary", Val: &full}})
	})
	if cluster.ResourcePool != nil {
		applyPool(ctx, *cluster.ResourcePool, total, true)
	}
}

// applyPool gives a pool, and those below it, the cluster's figures.
func applyPool(ctx *simulator.Context, ref types.ManagedObjectReference, total types.ComputeResourceSummary, root bool) {
	object := ctx.Map.Get(ref)
	if object == nil {
		return
	}
	pool, ok := managedValue(object).Addr().Interface().(*mo.ResourcePool)
	if !ok {
		return
	}
	mhz, megabytes := int64(total.EffectiveCpu), total.EffectiveMemory
	var children []types.ManagedObjectReference
	ctx.WithLock(object, func() {
		runtime := pool.Runtime
		runtime.Cpu.MaxUsage, runtime.Memory.MaxUsage = mhz, megabytes*mebibyte
		runtime.Cpu.UnreservedForPool, runtime.Cpu.UnreservedForVm = mhz, mhz
		runtime.Memory.UnreservedForPool, runtime.Memory.UnreservedForVm = megabytes*mebibyte, megabytes*mebibyte
		changes := []types.PropertyChange{{Name: "runtime", Val: runtime}}
		if root {
			config := pool.Config
			config.CpuAllocation.Reservation, config.CpuAllocation.Limit = &mhz, &mhz
			config.MemoryAllocation.Reservation, config.MemoryAllocation.Limit = &megabytes, &megabytes
			changes = append(changes, types.PropertyChange{Name: "config", Val: config})
		}
		ctx.Update(object, changes)
		if summary := pool.Summary.GetResourcePoolSummary(); summary != nil {
			copied := *summary
			copied.Runtime = runtime
			copied.Config = pool.Config
			pool.Summary = &copied
		}
		children = append(children, pool.ResourcePool...)
	})
	for _, child := range children {
		applyPool(ctx, child, total, false)
	}
}
