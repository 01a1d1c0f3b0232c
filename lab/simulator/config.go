package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Config says what one simulated vCenter is and where its files are. It holds
// no secret: passwords stand in AccountsFile (mode 0600), keys in KeyFile.
type Config struct {
	VCenter         string `json:"vcenter"`          // id of the platform data, e.g. vc-kyotsu
	InstanceUUID    string `json:"instance_uuid"`    // stable over restarts
	Listen          string `json:"listen"`           // 127.0.0.1:port; port 0 lets the kernel choose
	CertificateFile string `json:"certificate_file"` // PEM, server certificate
	KeyFile         string `json:"key_file"`         // PEM, mode 0600
	AccountsFile    string `json:"accounts_file"`    // JSON, mode 0600, see Accounts
	WorldFile       string `json:"world_file"`       // JSON, see World
	ControlSocket   string `json:"control_socket"`   // unix socket of the control API
	JournalFile     string `json:"journal_file"`     // what brings the world back after a kill
	GuestsSocket    string `json:"guests_socket"`    // of the guest manager, relative to the control socket's folder; empty: no guests
	Home            string `json:"home"`             // folder for the simulator's own files
}

// readJSON decodes a file strictly: an unknown key is a spelling mistake.
func readJSON(path string, into any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// requirePrivate refuses a file that others may read.
func requirePrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: mode is %04o, must be 0600", path, info.Mode().Perm())
	}
	return nil
}
