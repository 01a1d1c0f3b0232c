package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	vapi "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	vcenterVersion = "8.0.3"
	vcenterBuild   = "24322831"
	apiVersion     = "8.0.3.0"

	firstFieldKey = 101
	firstRoleID   = 1001
)

// vcenter is one simulated vCenter with everything around it.
type vcenter struct {
	config   *Config
	started  time.Time
	service  *simulator.Service
	registry *simulator.Registry
	rest     http.Handler

	accounts *Accounts
	counters *counters
	delays   *delayer
	faults   *faultRules
	world    *worldHolder
	journal  *journal
	tags     *tagStore
	observer *observer
	guests   *guests
	nfc      *nfc
	usage    *usageHistory

	listener net.Listener
	server   *http.Server
}

// newVCenter builds the vCenter and brings its world back from the journal.
func newVCenter(config *Config) (*vcenter, error) {
	accounts, err := readAccounts(config.AccountsFile)
	if err != nil {
		return nil, err
	}
	world := World{}
	if err := readJSON(config.WorldFile, &world); err != nil {
		return nil, err
	}
	if err := requirePrivate(config.KeyFile); err != nil {
		return nil, err
	}
	certificate, err := tls.LoadX509KeyPair(config.CertificateFile, config.KeyFile)
	if err != nil {
		return nil, err
	}
	v := &vcenter{
		config: config, started: time.Now(), accounts: accounts,
		counters: newCounters(), delays: &delayer{}, faults: &faultRules{}, world: &worldHolder{},
		journal: newJournal(config.JournalFile), guests: newGuests(config.VCenter, config.GuestsSocket), nfc: &nfc{},
		usage: newUsageHistory(),
	}
	v.world.Set(world)
	if v.listener, err = net.Listen("tcp", config.Listen); err != nil {
		return nil, fmt.Errorf("%s: %w", config.VCenter, err)
	}
	v.build(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err := v.restore(); err != nil {
		return nil, err
	}
	return v, nil
}

// build makes an empty vCenter: no data centre, only the managers.
func (v *vcenter) build(tlsConfig *tls.Config) {
	content := vpx.ServiceContent
	content.About.Version = vcenterVersion
	content.About.Build = vcenterBuild
	content.About.ApiVersion = apiVersion
	content.About.LicenseProductVersion = "8.0"
	content.About.FullName = "VMware vCenter Server " + vcenterVersion + " build-" + vcenterBuild
	content.About.InstanceUuid = v.config.InstanceUUID

	ctx, instance := simulator.NewServiceInstance(simulator.NewContext(), content, vpx.RootFolder)
	v.service = simulator.New(ctx, instance)
	v.registry = ctx.Map
	v.service.TLS = tlsConfig
	// Any user but nil and the default makes the simulator ask ValidLogin.
	v.service.Listen = &url.URL{
		Scheme: "https", Host: v.address(), Path: v.registry.Path, User: url.UserPassword("lab", "unused"),
	}
	sessions := v.registry.SessionManager()
	sessions.ServiceHostName = v.address()
	sessions.ValidLogin = v.accounts.Valid
	sessions.TLS = func() *tls.Config { return tlsConfig }
	v.registry.OptionManager().UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
		&types.OptionValue{Key: "vcsim.home", Value: v.config.Home},
		&types.OptionValue{Key: "vcsim.server.url", Value: "https://" + v.address() + v.registry.Path},
	}})

	// A key of 0 looks like "no key" to many clients, and no real vCenter gives it.
	openField(managedOwner(v.registry.CustomFieldsManager()), "nextKey").SetInt(firstFieldKey)
	if roles := v.registry.Get(*content.AuthorizationManager); roles != nil {
		openField(managedOwner(roles), "nextID").SetInt(firstRoleID)
	}

	if manager, ok := v.registry.Get(*content.PerfManager).(*simulator.PerformanceManager); ok {
		v.registry.Put(newPerformance(manager, v.usage))
	}

	v.service.RegisterSDK(v.registry, v.registry.Path+"/vimService")
	patterns, handler := vapi.New(v.service.Listen, v.registry)
	for _, pattern := range patterns {
		v.service.Handle(pattern, handler)
	}
	v.rest = handler
	v.tags = newTagStore(handler)
	v.journal.registry, v.journal.tags = v.registry, v.tags
	mux := v.service.ServeMux
	mux.HandleFunc(v.registry.Path+"/vimServiceVersions.xml", v.service.ServiceVersions)
	mux.HandleFunc("/folder/", v.service.ServeDatastore)
	mux.Handle("/nfc/", v.nfc)

	v.server = &http.Server{
		Handler: v, TLSConfig: tlsConfig, ReadHeaderTimeout: 30 * time.Second,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // HTTP/1.1, as SOAP clients expect
	}
}

// restore loads the journal, then listens to the registry.
func (v *vcenter) restore() error {
	state, err := readJournal(v.config.JournalFile, v.config.InstanceUUID, 0)
	if err != nil {
		return err
	}
	if err := v.journal.Load(v.registry, state); err != nil {
		return err
	}
	admit(v.registry, v.accounts)
	if err := v.journal.Open(state, v.config.InstanceUUID); err != nil {
		return err
	}
	hardware := &hardware{world: v.world}
	v.observer = &observer{hardware: hardware, capacity: newCapacity(v.world),
		networks: newNetworks(), journal: v.journal, tags: v.tags, guests: v.guests, nfc: v.nfc, usage: v.usage}
	v.registry.AddHandler(v.observer)
	gate := &gate{accounts: v.accounts, counters: v.counters, delays: v.delays, faults: v.faults, guests: v.guests}
	v.registry.Handler = gate.Handle
	v.observer.refreshAll(v.journal.context())
	return v.journal.Flush()
}

func (v *vcenter) address() string { return v.listener.Addr().String() }

func (v *vcenter) port() int {
	_, text, _ := net.SplitHostPort(v.address())
	number, _ := strconv.Atoi(text)
	return number
}

// serve answers until stop is called.
func (v *vcenter) serve() error {
	log.Printf("%s listens on https://%s", v.config.VCenter, v.address())
	err := v.server.ServeTLS(v.listener, "", "")
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop lets running calls end for a moment, then closes.
func (v *vcenter) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := v.server.Shutdown(ctx); err != nil {
		log.Printf("%s: calls were still running: %v", v.config.VCenter, err)
		_ = v.server.Close() // nothing is left to do with an error here
	}
	if err := v.journal.Flush(); err != nil {
		log.Print(err)
	}
}
