// Command govc is VMware's own client, reduced to the commands that the bench times. Its commands are the package cli of
// govmomi; VMware's main is nothing but a list of such imports, and `go install` of that main alone is not possible:
// the module proxy does not hold it as a module of its own.
package main

import (
	"os"

	"github.com/vmware/govmomi/cli"
	_ "github.com/vmware/govmomi/cli/about"
	_ "github.com/vmware/govmomi/cli/object"
)

func main() {
	os.Exit(cli.Run(os.Args[1:]))
}
