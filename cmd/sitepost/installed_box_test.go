package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
)

// The users of an installed box, by numbers that no machine has.
const (
	daemonID   = 424_201
	strangerID = 424_202
)

// An installedBox is a box as the package leaves it: folders that root shares with the
// daemon's group, and the tool. Without root all of it belongs to whoever runs the test.
type installedBox struct {
	t         *testing.T
	root      bool
	dir, tool string
}

// newInstalledBox makes one in a folder that other users may enter.
func newInstalledBox(t *testing.T) *installedBox {
	t.Helper()
	dir, err := os.MkdirTemp("", "sitepost-box-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	b := &installedBox{t: t, root: os.Geteuid() == 0, dir: dir, tool: filepath.Join(dir, "sitepost")}
	must(t, os.Chmod(dir, 0o755))
	self, err := os.ReadFile("/proc/self/exe") // it is sitepost where it is called so, see TestMain
	must(t, err)
	must(t, os.WriteFile(b.tool, self, 0o755))
	must(t, os.Chmod(b.tool, 0o755))
	for _, folder := range []string{"etc", "etc/tls", "etc/secrets"} {
		must(t, os.Mkdir(b.path(folder), 0o750))
		if b.root {
			must(t, os.Chown(b.path(folder), 0, daemonID))
		}
		must(t, os.Chmod(b.path(folder), 0o750|fs.ModeSetgid))
	}
	for _, folder := range []string{"store", "run"} {
		must(t, os.Mkdir(b.path(folder), 0o750))
		if b.root {
			must(t, os.Chown(b.path(folder), daemonID, daemonID))
		}
	}
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A failing test ends at an error.
type failing struct{ *testing.T }

func (f failing) Check(err error) { f.Helper(); must(f.T, err) }

func (b *installedBox) path(name string) string { return filepath.Join(b.dir, name) }

func (b *installedBox) write(name, text string) string {
	b.t.Helper()
	must(b.t, os.WriteFile(b.path(name), []byte(text), 0o600))
	return b.path(name)
}

// as is a program that runs as a user.
func (b *installedBox) as(id uint32, args ...string) *exec.Cmd {
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env = b.dir, []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "STATE_DIRECTORY=" + b.path("store")}
	if b.root {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
	return c
}

// says runs the tool as root, with a umask that leaves nothing to others.
func (b *installedBox) says(want int, args ...string) string {
	b.t.Helper()
	args = append([]string{"-c", `umask 077; exec "$0" "$@"`, b.tool, "--config", b.path("etc/site.toml")}, args...)
	c := b.as(0, "sh")
	c.Args = append(c.Args, args...)
	out, _ := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != want {
		b.t.Fatalf("sitepost %s: exit code %d, want %d\n%s", strings.Join(args[4:], " "), got, want, out)
	}
	return string(out)
}

// closed holds that the daemon reads a file and cannot write it, and that nobody else
// reads it.
func (b *installedBox) closed(name string, mode fs.FileMode) {
	b.t.Helper()
	is, err := os.Stat(b.path(name))
	must(b.t, err)
	if !b.root {
		if is.Mode()&0o027 != 0 {
			b.t.Errorf("%s has mode %v", name, is.Mode())
		}
		return
	}
	owner := is.Sys().(*syscall.Stat_t)
	if is.Mode() != mode || owner.Uid != 0 || owner.Gid != daemonID {
		b.t.Errorf("%s is %v %d:%d, want %v 0:%d", name, is.Mode(), owner.Uid, owner.Gid, mode, daemonID)
	}
	if out, err := b.as(daemonID, "cat", b.path(name)).CombinedOutput(); err != nil {
		b.t.Errorf("%s: the daemon cannot read it: %s", name, out)
	}
	for who, c := range map[string]*exec.Cmd{
		"the daemon can write it": b.as(daemonID, "sh", "-c", `: >>"$0"`, b.path(name)),
		"everybody can read it":   b.as(strangerID, "cat", b.path(name)),
	} {
		if out, err := c.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("ermission denied")) {
			b.t.Errorf("%s: %s: %v %s", name, who, err, out)
		}
	}
}

// run starts the daemon as its user, and returns how it is ended.
func (b *installedBox) run() (stop func()) {
	b.t.Helper()
	var log bytes.Buffer
	c := b.as(daemonID, b.tool, "run", "--config", b.path("etc/site.toml"), "--control", b.path("run/control.sock"), "--profiles", b.path("none"))
	c.Stderr = &log
	must(b.t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	stop = func() {
		b.t.Helper()
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			b.t.Errorf("sitepost run: %v\n%s", err, &log)
		}
	}
	return stop
}

// until waits until the link is as wanted.
func (b *installedBox) until(what string, is func(*status.Uplink) bool) {
	b.t.Helper()
	s := &livingSite{t: b.t, client: control.Client{Path: b.path("run/control.sock")}}
	s.until(what, func(now status.Snapshot) bool { return now.Uplink != nil && is(now.Uplink) })
}
