// Nfpm makes a .deb of an nfpm.yaml: the Debian half of nfpm as a program. It is a
// module of its own, so that nothing of it comes near sitepost; nfpm's own program has
// five more formats and twice as many modules.
//
//	go run . ROOT NFPM.YAML TARGET.DEB      paths are those of ROOT; ${NAMES} of the environment
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the format
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "nfpm: wants ROOT NFPM.YAML TARGET.DEB")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "nfpm:", err)
		os.Exit(1)
	}
}

func pack(root, config, target string) (err error) {
	if err := os.Chdir(root); err != nil {
		return err
	}
	c, err := nfpm.ParseFile(config)
	if err != nil {
		return err
	}
	what, err := c.Get("deb")
	if err != nil {
		return err
	}
	packer, err := nfpm.Get("deb")
	if err != nil {
		return err
	}
	f, err := os.Create(target)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return packer.Package(nfpm.WithDefaults(what), f)
}
