package main

import (
	"crypto/subtle"
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

// Account is one user of the simulated vCenter.
type Account struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Writes   bool   `json:"writes"` // false: every writing method is refused
}

// Accounts are all users; nobody else can log in.
type Accounts struct {
	Accounts []Account `json:"accounts"`
}

func readAccounts(path string) (*Accounts, error) {
	if err := requirePrivate(path); err != nil {
		return nil, err
	}
	accounts := &Accounts{}
	if err := readJSON(path, accounts); err != nil {
		return nil, err
	}
	for _, account := range accounts.Accounts {
		if account.Name == "" || account.Password == "" {
			return nil, fmt.Errorf("%s: an account without name or password", path)
		}
	}
	return accounts, nil
}

// Valid is the login check of SOAP and REST alike.
func (a *Accounts) Valid(login *types.Login) bool {
	for _, account := range a.Accounts {
		if account.Name == login.UserName {
			return subtle.ConstantTimeCompare([]byte(account.Password), []byte(login.Password)) == 1
		}
	}
	return false
}

// MayWrite tells whether the user of a session may call a writing method.
func (a *Accounts) MayWrite(user string) bool {
	for _, account := range a.Accounts {
		if account.Name == user {
			return account.Writes
		}
	}
	return false
}
