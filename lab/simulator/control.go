package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// health is the answer of GET /health.
type health struct {
	VCenter      string         `json:"vcenter"`
	InstanceUUID string         `json:"instance_uuid"`
	Port         int            `json:"port"`
	PID          int            `json:"pid"`
	Started      time.Time      `json:"started"`
	Objects      map[string]int `json:"objects"` // by type, those of the world
	JournalBytes int64          `json:"journal_bytes"`
}

// listenControl opens the control socket. Its folder is the process's working
// folder, since the path of a socket may not be longer than 107 bytes.
func listenControl(path string) (net.Listener, error) {
	folder, name := filepath.Split(path)
	if err := os.Chdir(folder); err != nil {
		return nil, err
	}
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.Listen("unix", name)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(name, 0o600)
}

// control is the API for tests and for lab.py; only the owner of the socket
// can reach it.
func (v *vcenter) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { answer(w, v.health()) })
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, _ *http.Request) { answer(w, v.counters.Get()) })
	mux.HandleFunc("POST /counters/reset", func(w http.ResponseWriter, _ *http.Request) {
		v.counters.Reset()
		answer(w, v.counters.Get())
	})
	mux.HandleFunc("GET /delays", func(w http.ResponseWriter, _ *http.Request) { answer(w, v.delays.Get()) })
	mux.HandleFunc("POST /delays", func(w http.ResponseWriter, r *http.Request) {
		var delays Delays
		if decode(w, r, &delays) {
			v.delays.Set(delays)
			answer(w, v.delays.Get())
		}
	})
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, v.faults.Get()) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		v.faults.Clear()
		answer(w, v.faults.Get())
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var rule FaultRule
		if !decode(w, r, &rule) {
			return
		}
		if err := v.faults.Add(rule); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, v.faults.Get())
	})
	mux.HandleFunc("GET /machines", v.serveMachines)
	mux.HandleFunc("POST /guest", v.serveGuest)
	mux.HandleFunc("POST /usage", v.serveUsage)
	mux.HandleFunc("POST /world", func(w http.ResponseWriter, r *http.Request) {
		var world World
		if decode(w, r, &world) {
			v.world.Set(world)
			v.observer.refreshAll(v.journal.context())
			v.flush()
			answer(w, v.health())
		}
	})
	return mux
}

func (v *vcenter) health() health {
	objects := map[string]int{}
	for _, kind := range []string{
		"Datacenter", "ClusterComputeResource", "HostSystem", "Datastore", "DistributedVirtualPortgroup",
		"Folder", "ResourcePool", "VirtualMachine", "VirtualMachineSnapshot",
	} {
		objects[kind] = len(v.registry.AllReference(kind))
	}
	return health{
		VCenter: v.config.VCenter, InstanceUUID: v.config.InstanceUUID, Port: v.port(), PID: os.Getpid(),
		Started: v.started, Objects: objects, JournalBytes: v.journal.Size(),
	}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Printf("control: %v", err)
	}
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}
