package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A press makes packages of one commit.
type press struct {
	ctx   context.Context
	root  string // of the repository
	out   string
	stage string // where it puts what it makes on the way; goes at the end
	host  string // sitepost for this machine, which describes itself

	epoch   int64  // when the commit was made
	version string // of it
}

// newPress gets ready.
func newPress(ctx context.Context, root, out string) (*press, error) {
	p := &press{ctx: ctx}
	var err error
	if p.root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if p.out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return nil, err
	}
	if p.epoch, err = p.commitTime(); err != nil {
		return nil, err
	}
	p.version = p.commitVersion()
	if p.stage, err = os.MkdirTemp("", "sitepost-package-"); err != nil {
		return nil, err
	}
	p.host = filepath.Join(p.stage, "sitepost-here")
	return p, nil
}

func (p *press) close() { _ = os.RemoveAll(p.stage) } // of no use to anybody

// commitTime is SOURCE_DATE_EPOCH, or when the last commit was made.
// (c.f. https://reproducible-builds.org/docs/source-date-epoch/)
func (p *press) commitTime() (int64, error) {
	word := os.Getenv("SOURCE_DATE_EPOCH")
	if word == "" {
		out, err := p.run(nil, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return 0, fmt.Errorf("when was the commit made (set SOURCE_DATE_EPOCH outside of a repository)? %w", err)
		}
		word = strings.TrimSpace(string(out))
	}
	epoch, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return epoch, nil
}

// commitVersion asks git how far behind which tag we are. Outside of a repository it is
// the time alone.
func (p *press) commitVersion() string {
	out, _ := p.run(nil, "git", "describe", "--tags", "--match=v[0-9]*", "--always", "--abbrev=12", "--dirty")
	return versionOf(strings.TrimSpace(string(out)), p.epoch)
}

// press makes the package for one kind of machine, and returns where it is.
func (p *press) press(t target) (string, error) {
	binary := filepath.Join(p.stage, "sitepost")
	if err := p.build(binary, t.env()...); err != nil {
		return "", err
	}
	is, err := os.Stat(binary)
	if err != nil {
		return "", err
	}
	if is.Size() >= mostBytes {
		return "", fmt.Errorf("the binary has %.1f MiB, and may have less than %d: see with `go tool nm -size` what came in", float64(is.Size())/(1<<20), mostBytes>>20)
	}
	if err := p.describe(); err != nil {
		return "", err
	}
	made := fileName(p.out, p.version, t)
	_, err = p.run([]string{
		"SOURCE_DATE_EPOCH=" + strconv.FormatInt(p.epoch, 10), "STAGE=" + p.stage, "VERSION=" + p.version, "ARCH=" + t.nfpmArchName, "CGO_ENABLED=0",
	}, "go", "run", "-C", filepath.Join(p.root, "cmd/sitepost/package/nfpm"), ".", p.root, "cmd/sitepost/package/nfpm.yaml", made)
	return made, err
}

// build builds sitepost as it is installed.
func (p *press) build(to string, env ...string) error {
	_, err := p.run(append(env, "CGO_ENABLED=0"), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X main.release="+p.version, "-o", to, "./cmd/sitepost")
	return err
}

// describe makes what the program says of itself, and the changelog.
func (p *press) describe() error {
	if err := p.build(p.host); err != nil { // of this version: it stands in the manual
		return err
	}
	for name, args := range map[string][]string{
		"completion.bash":  {"completion", "bash"},
		"completion.zsh":   {"completion", "zsh"},
		"completion.fish":  {"completion", "fish"},
		"sitepost.1.gz":    {"man", "--lang", "en"},
		"sitepost.zh.1.gz": {"man", "--lang", "zh"},
		"site.toml.5.gz":   {"man", "site.toml", "--lang", "en"},
	} {
		text, err := p.run(nil, p.host, args...)
		if err != nil {
			return err
		}
		if err := p.put(name, text); err != nil {
			return err
		}
	}
	return p.put("changelog.gz", p.changelog())
}

// changelog is what dpkg wants to have; what has changed the repository tells.
func (p *press) changelog() []byte {
	return fmt.Appendf(nil, "sitepost (%s) stable; urgency=medium\n\n  * Made of the commit of this moment; the repository tells what has changed.\n\n -- The sitepost maintainers <maintainers@sitepost.example>  %s\n",
		p.version, time.Unix(p.epoch, 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}

// put writes a file of the stage, packed if its name says so, and without a time.
func (p *press) put(name string, text []byte) error {
	var out bytes.Buffer
	var w io.Writer = &out
	if filepath.Ext(name) == ".gz" {
		z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			return err
		}
		_, err = z.Write(text)
		if err := errors.Join(err, z.Close()); err != nil {
			return err
		}
	} else if _, err := w.Write(text); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.stage, name), out.Bytes(), 0o644)
}

// run runs a program in the repository and returns what it prints.
func (p *press) run(env []string, name string, args ...string) ([]byte, error) {
	c := exec.CommandContext(p.ctx, name, args...)
	c.Dir, c.Env = p.root, append(os.Environ(), env...)
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, complaint.Bytes())
	}
	return out, nil
}
