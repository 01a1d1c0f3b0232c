package main

import (
	"bytes"
	"fmt"
	"net/http"
	"path"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vim25/types"
)

// repair replaces answers of the simulator which clients cannot read.
func (v *vcenter) repair(c *call, answer *buffered) *buffered {
	switch {
	case c.failedTask.Value != "":
		return referenceAnswer(c.method, c.failedTask)
	case c.method == "HttpNfcLeaseGetManifest" && answer.status == http.StatusOK:
		if manifest := v.nfc.manifest(c.this); manifest != nil {
			return manifest
		}
	case c.method == "Fetch" && bytes.Contains(answer.body.Bytes(), []byte("<RetrievePropertiesExResponse")):
		return soapAnswer(`<FetchResponse xmlns="urn:vim25"></FetchResponse>`) // a property that is not set
	case c.method == "AddAuthorizationRole" && answer.status == http.StatusOK:
		if id, ok := v.roleNamed(c.body); ok { // the simulator always answers 0
			return soapAnswer(fmt.Sprintf(
				`<AddAuthorizationRoleResponse xmlns="urn:vim25"><returnval>%d</returnval></AddAuthorizationRoleResponse>`, id))
		}
	case mountAnswerLacksReference(c.method, answer.body.Bytes()):
		if ref, ok := v.mountedDatastore(c); ok {
			return referenceAnswer(c.method, ref)
		}
	}
	return answer
}

func soapAnswer(body string) *buffered {
	answer := newBuffered()
	fmt.Fprintf(answer, `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>`, body)
	return answer
}

// referenceAnswer is the answer of a method that gives one object.
func referenceAnswer(method string, ref types.ManagedObjectReference) *buffered {
	return soapAnswer(fmt.Sprintf(`<%sResponse xmlns="urn:vim25"><returnval type="%s">%s</returnval></%sResponse>`,
		method, ref.Type, ref.Value, method))
}

// mountAnswerLacksReference: the second host that mounts a datastore is
// answered with an empty reference, which clients cannot read.
func mountAnswerLacksReference(method string, body []byte) bool {
	switch method {
	case "CreateNasDatastore", "CreateLocalDatastore":
		return bytes.Contains(body, []byte(`<returnval type=""></returnval>`))
	}
	return false
}

// mountedDatastore finds the datastore that a mount was about.
func (v *vcenter) mountedDatastore(c *call) (types.ManagedObjectReference, bool) {
	name := ""
	switch request := c.body.(type) {
	case *types.CreateNasDatastore:
		name = path.Base(request.Spec.LocalPath)
	case *types.CreateLocalDatastore:
		name = request.Name
	}
	system, ok := v.registry.Get(c.this).(*simulator.HostDatastoreSystem)
	if !ok {
		return types.ManagedObjectReference{}, false
	}
	found := v.registry.FindByName(name, system.Datastore)
	if found == nil {
		return types.ManagedObjectReference{}, false
	}
	return found.Reference(), true
}

// roleNamed finds the id of the role that a request has made.
func (v *vcenter) roleNamed(request any) (int32, bool) {
	wanted, ok := request.(*types.AddAuthorizationRole)
	if !ok {
		return 0, false
	}
	manager, ok := v.registry.Get(*vpx.ServiceContent.AuthorizationManager).(*simulator.AuthorizationManager)
	if !ok {
		return 0, false
	}
	for _, role := range manager.RoleList {
		if role.Name == wanted.Name {
			return role.RoleId, true
		}
	}
	return 0, false
}
