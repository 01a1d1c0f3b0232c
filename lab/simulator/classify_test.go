package main

import (
	"net/http/httptest"
	"testing"
)

func TestWritingMethodsAreToldFromReadingOnes(t *testing.T) {
	for method, writes := range map[string]bool{
		"RetrievePropertiesEx": false, "WaitForUpdatesEx": false, "CreateContainerView": false, "Logout": false,
		"QueryPerf": false, "CreateFilter": false, "FindByUuid": false,
		"CloneVM_Task": true, "SetCustomValue": true, "CreateFolder": true, "Destroy_Task": true,
		"AMethodOfTheFuture": true, // unknown: refuse it to the reader
	} {
		if got := writesSOAP(method); got != writes {
			t.Errorf("%s: writes = %v, want %v", method, got, writes)
		}
	}
}

func TestTaggingListsSentAsPostAreReads(t *testing.T) {
	const association = "/rest/com/vmware/cis/tagging/tag-association"
	for call, writes := range map[[2]string]bool{
		{"GET", "/rest/com/vmware/cis/tagging/tag"}:                       false,
		{"POST", "/rest/com/vmware/cis/session"}:                          false,
		{"DELETE", "/rest/com/vmware/cis/session"}:                        false,
		{"POST", association + "?~action=list-attached-tags-on-objects"}:  false,
		{"POST", association + "?~action=attach-multiple-tags-to-object"}: true,
		{"DELETE", "/rest/com/vmware/cis/tagging/tag/id:x"}:               true,
	} {
		if got := writesREST(httptest.NewRequest(call[0], call[1], nil)); got != writes {
			t.Errorf("%v: writes = %v, want %v", call, got, writes)
		}
	}
}

func TestIdsAreLeftOutOfTheCountedName(t *testing.T) {
	request := httptest.NewRequest("POST", "/rest/com/vmware/cis/tagging/tag-association/id:urn:x:y?~action=attach", nil)
	const want = "POST /rest/com/vmware/cis/tagging/tag-association/id?~action=attach"
	if got := restName(request); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
