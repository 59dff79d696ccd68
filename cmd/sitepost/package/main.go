// Package makes the Debian packages of sitepost (`make deb`):
//
//	git ─► version, SOURCE_DATE_EPOCH ─┬─► changelog ────────────────┐
//	                                   └─► binary ──┬────────────────┼─► nfpm.yaml ─► sitepost_VERSION_ARCH.deb
//	                                                └─► completions, ┘
//	                                                    man pages
//
// Its rules: nothing in a package depends on the machine or the hour at which it was
// made, so that who builds the same commit gets the same bytes; the version is the one
// that Go has stamped on the binary, so that `sitepost --version` and dpkg agree; a
// binary of 40 MiB or more is none of ours.
//
// What is installed where says nfpm.yaml; what happens then say debian/postinst and its
// kin. TestInstall sees it in a Debian without systemd, TestLifeOfTheUnit in one whose
// process 1 is systemd; udev runs in neither. It does not know what sitepost does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mostBytes is how large a stripped binary may be.
const mostBytes = 40 << 20

// A target is a machine that there are packages for.
type target struct {
	debian       string // as Debian calls it
	goarch, sub  string // GOARCH, and GOARM where it has one
	nfpmArchName string
}

// env makes go build for it.
func (t target) env() []string {
	return []string{"GOOS=linux", "GOARCH=" + t.goarch, "GOARM=" + t.sub}
}

var targets = []target{
	{"amd64", "amd64", "", "amd64"},
	{"arm64", "arm64", "", "arm64"},
	{"armhf", "arm", "7", "arm7"},
}

func main() {
	root := flag.String("root", ".", "the repository")
	out := flag.String("out", "bin", "folder for the packages")
	archs := flag.String("arch", "amd64,arm64,armhf", "for which machines, as Debian calls them")
	flag.Parse()
	if err := packages(*root, *out, *archs); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// packages makes one for each of the machines named, and says where they are.
func packages(root, out, archs string) error {
	p, err := newPress(context.Background(), root, out)
	if err != nil {
		return err
	}
	defer p.close()
	for name := range strings.SplitSeq(archs, ",") {
		t, err := targetOf(name)
		if err != nil {
			return err
		}
		made, err := p.press(t)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Println(made)
	}
	return nil
}

func targetOf(name string) (target, error) {
	var known []string
	for _, t := range targets {
		if t.debian == name {
			return t, nil
		}
		known = append(known, t.debian)
	}
	return target{}, fmt.Errorf("no packages are made for %q: write %s", name, strings.Join(known, ", "))
}

// fileName is what Debian calls a package.
func fileName(out, version string, t target) string {
	return filepath.Join(out, "sitepost_"+version+"_"+t.debian+".deb")
}
