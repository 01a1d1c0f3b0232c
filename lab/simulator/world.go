package main

import "sync"

// HostHardware is what the platform data says of one host.
type HostHardware struct {
	CPUCores   int16  `json:"cpu_cores"`
	CPUThreads int16  `json:"cpu_threads"`
	CPUMHz     int32  `json:"cpu_mhz"`
	MemoryGB   int64  `json:"memory_gb"`
	CPUModel   string `json:"cpu_model"`
	CPUSockets int16  `json:"cpu_sockets,omitempty"` // default 2
}

// DatastoreSize is what the platform data says of one datastore.
type DatastoreSize struct {
	CapacityGB int64 `json:"capacity_gb"`
}

// World is the hardware by exact name. What is not in it keeps the
// simulator's own figures, and the log says so.
type World struct {
	Hosts      map[string]HostHardware  `json:"hosts"`
	Datastores map[string]DatastoreSize `json:"datastores"`
}

// worldHolder lets the control API replace the world while calls are served.
type worldHolder struct {
	mu    sync.RWMutex
	world World
}

func (h *worldHolder) Set(world World) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.world = world
}

func (h *worldHolder) Host(name string) (HostHardware, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	hardware, ok := h.world.Hosts[name]
	return hardware, ok
}

func (h *worldHolder) Datastore(name string) (DatastoreSize, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	size, ok := h.world.Datastores[name]
	return size, ok
}
