package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// exitPanic is the exit code after a panic in a call.
const exitPanic = 2

// buffered keeps an answer back until the journal has what it tells.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newBuffered() *buffered { return &buffered{header: http.Header{}, status: http.StatusOK} }

func (b *buffered) Header() http.Header               { return b.header }
func (b *buffered) WriteHeader(status int)            { b.status = status }
func (b *buffered) Write(content []byte) (int, error) { return b.body.Write(content) }

func (b *buffered) send(w http.ResponseWriter) {
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	if _, err := w.Write(b.body.Bytes()); err != nil {
		log.Printf("answer not sent: %v", err) // the client has gone
	}
}

// ServeHTTP is the way of every request.
func (v *vcenter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if cause := recover(); cause != nil {
			if cause == http.ErrAbortHandler {
				panic(cause) // a stream that ends early, on purpose
			}
			// The simulator keeps its locks when a method panics: every later
			// call would hang. Ending is honest, and the journal has the world.
			log.Printf("%s %s: %v\n%s", r.Method, r.URL.Path, cause, debug.Stack())
			os.Exit(exitPanic)
		}
	}()
	switch where := r.URL.Path; {
	case where == v.registry.Path || where == v.registry.Path+"/vimService":
		v.serveSOAP(w, r)
	case strings.HasPrefix(where, rest.Path+"/") || strings.HasPrefix(where, "/api"):
		v.serveREST(w, r)
	case strings.HasPrefix(where, "/folder/") && !v.hasSession(r):
		http.Error(w, "log in first", http.StatusUnauthorized)
	default:
		v.service.ServeMux.ServeHTTP(w, r)
	}
}

func (v *vcenter) serveSOAP(w http.ResponseWriter, r *http.Request) {
	current := &call{}
	answer := newBuffered()
	v.service.ServeSDK(answer, withCall(r, current))
	if current.release != nil {
		current.release()
	}
	v.observer.callEnded(v.journal.context(), current)
	v.flush()
	answer = v.repair(current, answer)
	answer.Header().Set("Content-Type", "text/xml; charset=utf-8")
	answer.send(w)
}

func (v *vcenter) serveREST(w http.ResponseWriter, r *http.Request) {
	writes := writesREST(r)
	v.counters.Add("REST "+restName(r), writes)
	if strings.TrimSuffix(r.URL.Path, "/") == "/api" || strings.HasPrefix(r.Header.Get("Authorization"), "SIGN ") {
		http.Error(w, "the lab knows names and passwords only", http.StatusUnauthorized)
		return // the simulator would open a session for anybody
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if user, known := v.restUser(r); writes && known && !v.accounts.MayWrite(user) {
		http.Error(w, `{"type":"com.vmware.vapi.std.errors.unauthorized","value":{"messages":[]}}`, http.StatusForbidden)
		return
	}
	v.delays.Wait("REST " + restName(r))
	answer := newBuffered()
	v.service.ServeMux.ServeHTTP(answer, r)
	if writes {
		v.tags.MarkRequest(r.URL.Path, body)
	}
	v.flush()
	answer.send(w)
}

// flush must not fail: a world that cannot be kept must not be told of.
func (v *vcenter) flush() {
	if err := v.journal.Flush(); err != nil {
		log.Printf("the journal cannot be written, the process ends: %v", err)
		os.Exit(1)
	}
}

// restUser finds whose REST session a request belongs to.
func (v *vcenter) restUser(r *http.Request) (string, bool) {
	const name = "vmware-api-session-id"
	id := r.Header.Get(name)
	if id == "" {
		if cookie, err := r.Cookie(name); err == nil {
			id = cookie.Value
		}
	}
	v.tags.handler.Lock()
	defer v.tags.handler.Unlock()
	session, ok := restSessions(v.rest)[id]
	if !ok {
		return "", false
	}
	return session.User, true
}

// hasSession tells whether a request carries the session or the password of an account.
func (v *vcenter) hasSession(r *http.Request) bool {
	if user, password, ok := r.BasicAuth(); ok {
		return v.accounts.Valid(&types.Login{UserName: user, Password: password})
	}
	cookie, err := r.Cookie("vmware_soap_session")
	if err != nil {
		return false
	}
	for _, account := range v.accounts.Accounts {
		body, ok := v.registry.SessionManager().SessionIsActive(v.journal.context(), &types.SessionIsActive{
			SessionID: cookie.Value, UserName: account.Name,
		}).(*methods.SessionIsActiveBody)
		if ok && body.Res != nil && body.Res.Returnval {
			return true
		}
	}
	return false
}
