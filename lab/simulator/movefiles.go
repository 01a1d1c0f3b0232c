package main

import (
	"log"
	"os"
	"path"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// moveFiles does what a relocation to another datastore means for the files:
// the simulator changes the machine's list of datastores and nothing else. The
// folder moves, and every path in the machine follows. The caller holds the lock.
func moveFiles(ctx *simulator.Context, machine *simulator.VirtualMachine, before, after placement) {
	if len(before.datastores) != 1 || len(after.datastores) != 1 {
		return // disks spread over several datastores stay where they are
	}
	from, known := ctx.Map.Get(before.datastores[0]).(*simulator.Datastore)
	to, there := ctx.Map.Get(after.datastores[0]).(*simulator.Datastore)
	var vmx object.DatastorePath
	if !known || !there || !vmx.FromString(machine.Config.Files.VmPathName) || vmx.Datastore != from.Name {
		return
	}
	folder := path.Dir(vmx.Path)
	if folder == "." || folder == "/" {
		return
	}
	if err := os.Rename(path.Join(from.Summary.Url, folder), path.Join(to.Summary.Url, folder)); err != nil {
		log.Printf("relocation of %s: %v", machine.Name, err)
		return
	}
	old, fresh := "["+from.Name+"] "+folder+"/", "["+to.Name+"] "+folder+"/"
	moved := func(text string) string {
		if strings.HasPrefix(text+"/", old) {
			return strings.TrimSuffix(fresh+strings.TrimPrefix(text+"/", old), "/")
		}
		return text
	}
	files := &machine.Config.Files
	for _, field := range []*string{
		&files.VmPathName, &files.SnapshotDirectory, &files.SuspendDirectory, &files.LogDirectory,
		&machine.Summary.Config.VmPathName,
	} {
		*field = moved(*field)
	}
	for _, device := range machine.Config.Hardware.Device {
		backing, ok := device.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !ok {
			continue
		}
		if info := backing.GetVirtualDeviceFileBackingInfo(); moved(info.FileName) != info.FileName {
			info.FileName = moved(info.FileName)
			info.Datastore = &to.Self
		}
	}
	log := openField(managedOwner(machine), "log")
	log.SetString(strings.Replace(log.String(), path.Join(from.Summary.Url, folder), path.Join(to.Summary.Url, folder), 1))
	machine.RefreshStorageInfo(ctx, nil)
}
