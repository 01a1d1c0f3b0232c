package main

import (
	"net/http"
	"strings"
)

// readingPrefixes and readingMethods name the SOAP methods that change nothing
// that outlives the session. Everything else writes: a method that is missing
// here is refused to the reader rather than let through.
var readingPrefixes = []string{
	"Retrieve", "Query", "Find", "Fetch", "List", "Has", "WaitForUpdates", "Check", "Validate",
	"ReadNext", "ReadPrevious", "Search", "ContinueRetrieve", "CancelRetrieve", "Browse", "Login",
}

var readingMethods = map[string]bool{
	"CurrentTime": true, "Logout": true, "SessionIsActive": true, "AcquireGenericServiceTicket": true,
	"CreatePropertyCollector": true, "DestroyPropertyCollector": true, "CreateFilter": true,
	"DestroyPropertyFilter": true, "CancelWaitForUpdates": true,
	"CreateContainerView": true, "CreateListView": true, "CreateListViewFromView": true,
	"CreateInventoryView": true, "ModifyListView": true, "ResetListView": true, "ResetListViewFromView": true,
	"OpenInventoryViewFolder": true, "CloseInventoryViewFolder": true, "DestroyView": true,
	"CreateCollectorForEvents": true, "CreateCollectorForTasks": true, "DestroyCollector": true,
	"RewindCollector": true, "ResetCollector": true, "SetCollectorPageSize": true,
	"GetAlarm": true, "GetAlarmState": true, "GetResourceUsage": true, "GetCustomizationSpec": true,
	"DoesCustomizationSpecExist": true, "PlaceVm": true, "RecommendHostsForVm": true, "EstimateDatabaseSize": true,
}

// writesSOAP tells whether a SOAP method may change the world.
func writesSOAP(method string) bool {
	if readingMethods[method] {
		return false
	}
	for _, prefix := range readingPrefixes {
		if strings.HasPrefix(method, prefix) {
			return false
		}
	}
	return true
}

// writesREST tells whether a REST call may change the world. Actions of the
// tagging service that begin with "list" are reads sent as POST.
func writesREST(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	if strings.HasSuffix(r.URL.Path, "/com/vmware/cis/session") {
		return false
	}
	action := r.URL.Query().Get("~action")
	return !strings.HasPrefix(action, "list") && !strings.HasPrefix(action, "get") && action != "find"
}

// restName is the name under which a REST call is counted: ids are left out.
func restName(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "id:") {
			parts[i] = "id"
		}
	}
	name := r.Method + " " + strings.Join(parts, "/")
	if action := r.URL.Query().Get("~action"); action != "" {
		name += "?~action=" + action
	}
	return name
}
