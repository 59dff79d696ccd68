package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sitepost/cmd/sitepost/package/debiantest"
)

// patience is how long a step inside a Debian may take.
const patience = time.Minute

// A debian is a fresh Debian 12 in a folder, in which systemd does not run: what a
// package installs and its scripts do can be seen there.
type debian struct {
	t    *testing.T
	root string
}

// newDebian unpacks one.
func newDebian(t *testing.T) *debian {
	t.Helper()
	return &debian{t, debiantest.Unpack(t)}
}

// command is a program inside, as a user; "" is root. It has that user's groups.
func (d *debian) command(ctx context.Context, who string, args ...string) *exec.Cmd {
	d.t.Helper()
	path := args[0]
	for _, folder := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if _, err := os.Stat(filepath.Join(d.root, folder, args[0])); err == nil {
			path = filepath.Join(folder, args[0])
			break
		}
	}
	c := exec.CommandContext(ctx, path, args[1:]...)
	c.Err = nil // it was looked for outside
	c.Path, c.Dir = path, "/"
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8", "HOME=/root"}
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root}
	if who != "" {
		c.SysProcAttr.Credential = &syscall.Credential{
			Uid: uint32(d.id("passwd", who)), Gid: uint32(d.id("group", who)), Groups: []uint32{uint32(d.id("group", "dialout"))},
		}
	}
	return c
}

// try runs a program as root and returns what it said and how it ended.
func (d *debian) try(args ...string) (string, int) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	c := d.command(ctx, "", args...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		d.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// do runs a program that must succeed, and returns what it said.
func (d *debian) do(args ...string) string {
	d.t.Helper()
	out, code := d.try(args...)
	if code != 0 {
		d.t.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// install installs a package from outside.
func (d *debian) install(deb string) string {
	d.t.Helper()
	inside := "/tmp/" + filepath.Base(deb)
	text, err := os.ReadFile(deb)
	if err != nil {
		d.t.Fatal(err)
	}
	d.write(inside, string(text))
	out := d.do("dpkg", "--install", inside)
	if err := os.Remove(filepath.Join(d.root, inside)); err != nil {
		d.t.Fatal(err)
	}
	return out
}

func (d *debian) write(path, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.root, path), []byte(text), 0o640); err != nil {
		d.t.Fatal(err)
	}
}

func (d *debian) has(path string) bool {
	_, err := os.Lstat(filepath.Join(d.root, path))
	return err == nil
}

// id is the number of a user or a group inside, -1 if there is none.
func (d *debian) id(book, name string) int {
	text, err := os.ReadFile(filepath.Join(d.root, "etc", book))
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if fields := strings.Split(line, ":"); fields[0] == name && len(fields) > 2 {
			n, err := strconv.Atoi(fields[2])
			if err != nil {
				d.t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

// name is that of a number inside.
func (d *debian) name(book string, id uint32) string {
	text, _ := os.ReadFile(filepath.Join(d.root, "etc", book))
	for line := range strings.SplitSeq(string(text), "\n") {
		if fields := strings.Split(line, ":"); len(fields) > 2 && fields[2] == strconv.Itoa(int(id)) {
			return fields[0]
		}
	}
	return strconv.Itoa(int(id))
}

// stands is mode and owner of a path as ls shows them: "drwxr-s--- root:sitepost".
func (d *debian) stands(path string) string {
	is, err := os.Lstat(filepath.Join(d.root, path))
	if err != nil {
		return "missing"
	}
	owner := is.Sys().(*syscall.Stat_t)
	mode := []byte(is.Mode().Perm().String())
	if is.IsDir() {
		mode[0] = 'd'
	}
	if is.Mode()&fs.ModeSetgid != 0 {
		mode[6] = 's'
	}
	return fmt.Sprintf("%s %s:%s", mode, d.name("passwd", owner.Uid), d.name("group", owner.Gid))
}

// all lists what there is, apart from what any installation leaves behind.
func (d *debian) all() map[string]bool {
	d.t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(path, d.root)
		switch rel {
		case "/var/lib/dpkg", "/var/log", "/var/cache", "/tmp", "/proc", "/sys", "/dev", "/run/systemd", "/run/adduser":
			return filepath.SkipDir
		}
		switch strings.TrimSuffix(rel, "-") {
		case "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid":
			return err // copies of the user database
		}
		found[rel] = true
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return found
}

// A guard is a sitepost that runs inside as the unit would run it.
type guard struct {
	d    *debian
	c    *exec.Cmd
	conn *net.UnixConn
	log  bytes.Buffer
}

// start starts it with the folders of the unit, and returns when it says READY=1.
func (d *debian) start() *guard {
	d.t.Helper()
	d.do("install", "--directory", "--owner=sitepost", "--group=sitepost", "--mode=0750", "/run/sitepost")
	const notify = "/run/sitepost/notify"
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: shortPath(d.t, filepath.Join(d.root, "run/sitepost"), "notify"), Net: "unixgram"})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(d.root, notify), 0o666); err != nil {
		d.t.Fatal(err)
	}
	g := &guard{d: d, conn: conn, c: d.command(d.t.Context(), "sitepost", "sitepost", "run")}
	g.c.Env = append(g.c.Env, "NOTIFY_SOCKET="+notify)
	g.c.Stderr = &g.log
	if err := g.c.Start(); err != nil {
		d.t.Fatal(err)
	}
	word := make([]byte, 4096)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		d.t.Fatal(err)
	}
	if n, err := conn.Read(word); err != nil || !bytes.HasPrefix(word[:n], []byte("READY=1")) {
		_ = g.c.Process.Kill()
		d.t.Fatalf("sitepost did not get ready: %v %q\n%s", err, word[:n], &g.log)
	}
	return g
}

// shortPath names a file by a path that a socket may have, for temporary folders have
// long ones.
func shortPath(t *testing.T, folder, name string) string {
	t.Helper()
	dir, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)
}

// stop ends it in order.
func (g *guard) stop() {
	g.d.t.Helper()
	_ = g.conn.Close()
	if err := g.c.Process.Signal(syscall.SIGTERM); err != nil {
		g.d.t.Fatal(err)
	}
	if err := g.c.Wait(); err != nil {
		g.d.t.Errorf("sitepost run: got %v after SIGTERM, want exit code 0\n%s", err, &g.log)
	}
	_ = os.RemoveAll(filepath.Join(g.d.root, "run/sitepost/notify"))
}

// root of the repository, seen from the tests.
func repository(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
