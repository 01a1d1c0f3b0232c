package main

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// nfc carries the bytes of disks: what ExportSnapshot's lease serves and
// ImportVApp's takes. The simulator would serve the descriptors and throw away
// what is sent.
type nfc struct {
	leases sync.Map // value of the lease's reference to *nfcLease
}

type nfcLease struct {
	entity  string // the machine
	mu      sync.Mutex
	files   []*nfcFile
	imports bool
}

// nfcFile is one disk of a lease.
type nfcFile struct {
	name       string // last part of its URL
	key        string // of its device URL
	file       string // raw content
	descriptor string // what is served of a machine that never had a guest
	capacity   int64
	sha1       string // of the bytes that went over the wire, "" until they did
	size       int64
}

// leaseReady takes a lease over before any client sees that it is ready: each
// disk gets a URL of its own, whatever its file is called.
func (n *nfc) leaseReady(ctx *simulator.Context, lease *mo.HttpNfcLease) {
	c := callOf(ctx)
	if c == nil || lease.Info == nil || lease.State != types.HttpNfcLeaseStateReady {
		return
	}
	if _, known := n.leases.Load(lease.Self.Value); known {
		return
	}
	snapshot, devices := "", []types.BaseVirtualDevice(nil)
	if source, ok := ctx.Map.Get(c.this).(*simulator.VirtualMachineSnapshot); ok {
		snapshot, devices = c.this.Value, source.Config.Hardware.Device
	} else if machine, ok := ctx.Map.Get(lease.Info.Entity).(*simulator.VirtualMachine); ok {
		devices = machine.Config.Hardware.Device
	}
	taken := &nfcLease{entity: lease.Info.Entity.Value, imports: c.method == "ImportVApp"}
	at := 0
	for _, device := range devices {
		if _, ok := device.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo); !ok {
			continue
		}
		if at >= len(lease.Info.DeviceUrl) {
			break
		}
		url := &lease.Info.DeviceUrl[at]
		at++
		disk, ok := device.(*types.VirtualDisk)
		if !ok {
			continue
		}
		flat := flatFile(ctx, disk)
		file := &nfcFile{
			name: fmt.Sprintf("disk-%d.vmdk", len(taken.files)), key: url.Key, file: flat,
			descriptor: strings.TrimSuffix(flat, "-flat.vmdk") + ".vmdk", capacity: disk.CapacityInBytes,
		}
		if snapshot != "" {
			file.file = strings.TrimSuffix(flat, "-flat.vmdk") + "-at-" + snapshot + "-flat.vmdk"
		}
		url.Url = url.Url[:strings.LastIndex(url.Url, "/")+1] + file.name
		url.TargetId = file.name
		taken.files = append(taken.files, file)
	}
	n.leases.Store(lease.Self.Value, taken)
}

// leaseEnded forgets a lease that was completed or aborted.
func (n *nfc) leaseEnded(ref types.ManagedObjectReference) { n.leases.Delete(ref.Value) }

// ServeHTTP serves /nfc/LEASE/NAME: whoever knows a lease's id may use it, as
// on a real host.
func (n *nfc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	folder, name := path.Split(r.URL.Path)
	lease, file := n.find(path.Base(folder), name)
	if file == nil {
		simulator.ServeNFC(w, r)
		return
	}
	var err error
	switch {
	case r.Method == http.MethodGet && !lease.imports:
		err = lease.send(w, file)
	case (r.Method == http.MethodPut || r.Method == http.MethodPost) && lease.imports:
		err = lease.receive(r.Body, file)
	default:
		http.Error(w, "this lease is for the other direction", http.StatusMethodNotAllowed)
		return
	}
	if err != nil {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		if r.Method == http.MethodGet {
			panic(http.ErrAbortHandler) // the client must see that the stream is not whole
		}
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (n *nfc) find(id, name string) (*nfcLease, *nfcFile) {
	value, ok := n.leases.Load(id)
	if !ok {
		return nil, nil
	}
	lease := value.(*nfcLease)
	for _, file := range lease.files {
		if file.name == name {
			return lease, file
		}
	}
	return nil, nil
}

func (l *nfcLease) send(w io.Writer, file *nfcFile) error {
	sum := sha1.New()
	counted := &counter{to: io.MultiWriter(w, sum)}
	disk, err := os.Open(file.file)
	if err == nil {
		defer disk.Close()
		err = writeStream(counted, disk, file.name)
	} else if os.IsNotExist(err) {
		err = copyFile(counted, file.descriptor)
	}
	if err != nil {
		return err
	}
	l.done(file, hex.EncodeToString(sum.Sum(nil)), counted.bytes)
	return nil
}

func copyFile(to io.Writer, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(to, file)
	return err
}

// receive keeps what is sent; the disk has its new content when all of it has come.
func (l *nfcLease) receive(from io.Reader, file *nfcFile) error {
	sum := sha1.New()
	counted := &counter{to: sum}
	fresh := file.file + ".new"
	disk, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	tee := io.TeeReader(from, counted)
	err = readStream(tee, disk)
	if err == nil {
		_, err = io.Copy(io.Discard, tee) // padding behind the end belongs to the checksum
	}
	if closed := disk.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(fresh, file.file)
	}
	if err != nil {
		_ = os.Remove(fresh) // the first error counts
		return err
	}
	l.done(file, hex.EncodeToString(sum.Sum(nil)), counted.bytes)
	return nil
}

func (l *nfcLease) done(file *nfcFile, sum string, size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	file.sha1, file.size = sum, size
}

// manifest is the answer of HttpNfcLeaseGetManifest; nil for a lease that is not ours.
func (n *nfc) manifest(ref types.ManagedObjectReference) *buffered {
	value, ok := n.leases.Load(ref.Value)
	if !ok {
		return nil
	}
	lease := value.(*nfcLease)
	lease.mu.Lock()
	defer lease.mu.Unlock()
	var entries strings.Builder
	for _, file := range lease.files {
		if file.sha1 == "" {
			continue
		}
		fmt.Fprintf(&entries, "<returnval><key>%s</key><sha1>%s</sha1><size>%d</size><disk>true</disk><capacity>%d</capacity></returnval>",
			html.EscapeString(file.key), file.sha1, file.size, file.capacity)
	}
	return soapAnswer(`<HttpNfcLeaseGetManifestResponse xmlns="urn:vim25">` + entries.String() + `</HttpNfcLeaseGetManifestResponse>`)
}

// counter counts what passes.
type counter struct {
	to    io.Writer
	bytes int64
}

func (c *counter) Write(content []byte) (int, error) {
	n, err := c.to.Write(content)
	c.bytes += int64(n)
	return n, err
}
