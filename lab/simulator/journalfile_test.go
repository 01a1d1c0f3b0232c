package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testHeader = `{"format":1,"instance_uuid":"u"}` + "\n"

func writeJournal(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte(testHeader+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheLastWordOfEachFieldCounts(t *testing.T) {
	path := writeJournal(t, `{"o":[{"r":"Folder:group-9","f":{"a":{"v":1},"b":{"v":2}}}],"d":[],"n":9}
{"o":[{"r":"Folder:group-9","f":{"a":{"v":3},"b":null}}],"d":["Folder:group-8"],"n":12}
`)
	state, err := readJournal(path, "u", 0)
	if err != nil {
		t.Fatal(err)
	}
	stored := state.objects["Folder:group-9"]
	if string(stored["a"]) != `{"v":3}` || len(stored) != 1 || state.serial != 12 {
		t.Errorf("got %s, serial %d", stored.text(), state.serial)
	}
}

func TestATornLastLineIsLeftOut(t *testing.T) {
	path := writeJournal(t, `{"o":[{"r":"Folder:group-9","f":{"a":{"v":1}}}],"n":9}`+"\n"+`{"o":[{"r":"Folder:gr`)
	state, err := readJournal(path, "u", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.objects) != 1 || state.serial != 9 {
		t.Errorf("objects %v, serial %d", state.objects, state.serial)
	}
}

func TestABrokenLineInTheMiddleIsAnError(t *testing.T) {
	path := writeJournal(t, "{broken\n"+`{"o":[],"n":9}`+"\n")
	if _, err := readJournal(path, "u", 0); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestAnotherVCentersJournalIsRefused(t *testing.T) {
	path := writeJournal(t, "")
	if _, err := readJournal(path, "other", 0); err == nil {
		t.Error("accepted")
	}
}

func TestCompactionKeepsStateAndWhatIsAppendedMeanwhile(t *testing.T) {
	first := `{"o":[{"r":"Folder:group-9","f":{"a":{"v":1}}}],"n":9}` + "\n" +
		`{"o":[{"r":"Folder:group-9","f":{"a":{"v":2}}}],"n":9}` + "\n"
	path := writeJournal(t, first)
	j := newJournal(path)
	j.instance = "u"
	length := int64(len(testHeader) + len(first))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"o":[{"r":"Folder:group-10","f":{"a":{"v":3}}}],"n":10}` + "\n"); err != nil {
		t.Fatal(err)
	}
	j.file = file
	if err := j.compact(length); err != nil {
		t.Fatal(err)
	}
	state, err := readJournal(path, "u", 0)
	if err != nil {
		t.Fatal(err)
	}
	if string(state.objects["Folder:group-9"]["a"]) != `{"v":2}` || string(state.objects["Folder:group-10"]["a"]) != `{"v":3}` {
		t.Errorf("got %v", state.objects)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(content)) != j.size || strings.Contains(string(content), `{"v":1}`) {
		t.Errorf("size %d, content %s", j.size, content)
	}
}
