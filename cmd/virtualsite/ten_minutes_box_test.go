package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/cmd/sitepost/package/debiantest"
)

// The walk goes in namespaces of its own (network, mounts, processes), for which the test
// starts itself again: so nobody else's cameras answer the call, and what is mounted and
// started for the Debian goes with the test, however it ends.
//
//	 here: makes the package, unpacks a Debian      there
//	┌───────────────────────────────────────┐      ┌──────────────────────────────────┐
//	│ make deb's program ─► sitepost_….deb  │ ───► │ cameras, ptys, city │ the Debian │
//	│ debootstrap, or its cache ─► folder   │      │      (the stage)    │  (the box) │
//	└───────────────────────────────────────┘      └──────────────────────────────────┘
const (
	boxRoot    = "SITEPOST_TEN_MINUTES_ROOT" // the Debian of who is there already
	boxPackage = "SITEPOST_TEN_MINUTES_DEB"
	longest    = 5 * time.Minute // of all of it
)

// apart starts the test again where it does no harm.
func apart(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a package and a Debian")
	}
	debiantest.Needs(t, "ip")
	debiantest.Needs(t, "strace")
	root := debiantest.Unpack(t)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), boxRoot+"="+root, boxPackage+"="+pack(t, filepath.Join(root, "root")))
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	c.Stdout, c.Stderr = t.Output(), t.Output()
	err := c.Run()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		debiantest.Missing(t, fmt.Sprintf("this kernel gives no namespaces: %v", err))
	}
	if err != nil {
		t.Error(err)
	}
}

// pack makes the package as `make deb` does, for this machine alone, and returns its name.
func pack(t *testing.T, folder string) string {
	t.Helper()
	arch, err := exec.Command("dpkg", "--print-architecture").Output()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "go", "run", "../sitepost/package", "--root", "../..", "--out", folder, "--arch", strings.TrimSpace(string(arch)))
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made, _ := filepath.Glob(filepath.Join(folder, "sitepost_*.deb"))
	if len(made) != 1 {
		t.Fatalf("got the packages %q, want one", made)
	}
	return filepath.Base(made[0])
}

// A box is a Debian on which somebody types.
type box struct {
	*testing.T
	root   string
	waited time.Duration // by who types
	typed  []string      // what was typed, without sudo
}

// dialout is the group of serial ports in every Debian.
const dialout = 20

// enter makes the folder a box: it sees the devices and the processes of this machine.
// Its terminals are of a file system of their own, and the group's from the first moment,
// as udev has it with serial ports before it gives them a name.
func enter(t *testing.T) *box {
	t.Helper()
	b := &box{T: t, root: os.Getenv(boxRoot)}
	mount := func(from, to, kind string, flags uintptr, options string) {
		if err := unix.Mount(from, to, kind, flags, options); err != nil {
			t.Fatalf("mount %s on %s: %v", from, to, err)
		}
	}
	mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") // before all others: they stay in here
	mount("devpts", "/dev/pts", "devpts", 0, fmt.Sprintf("newinstance,ptmxmode=0666,mode=0660,gid=%d", dialout))
	mount("/dev", b.path("/dev"), "", unix.MS_BIND|unix.MS_REC, "")
	mount("proc", b.path("/proc"), "proc", 0, "")
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

// path is where something of the box lies for us.
func (b *box) path(inside string) string { return filepath.Join(b.root, inside) }

func (b *box) read(inside string) string {
	b.Helper()
	text, err := os.ReadFile(b.path(inside))
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// write changes a file as sudoedit does, which keeps its owner and mode; a new one is
// root's, and of the group that its folder gives it.
func (b *box) write(inside, text string) {
	b.Helper()
	if err := os.WriteFile(b.path(inside), []byte(text), 0o640); err != nil {
		b.Fatal(err)
	}
	b.typed = append(b.typed, "sudoedit "+inside)
}

// command is what root types, or runs as sudo.
func (b *box) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(b.Context(), "chroot", slices.Concat([]string{b.root}, args)...)
	c.Env = surroundings()
	return c
}

func surroundings() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root", "TERM=linux", "DEBIAN_FRONTEND=noninteractive"}
}

// do types a command and wants an exit code and words in what it prints.
func (b *box) do(code int, words string, args ...string) string {
	b.Helper()
	began := time.Now()
	out, got := b.try(args...)
	b.passed(time.Since(began), args...)
	if got != code || !strings.Contains(out, words) {
		b.Fatalf("%s: got exit code %d, want %d and %q:\n%s", strings.Join(args, " "), got, code, words, out)
	}
	return out
}

// try runs a command at which nobody waits.
func (b *box) try(args ...string) (printed string, code int) {
	b.Helper()
	c := b.command(args...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		b.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// passed adds to what a person who only types has waited.
func (b *box) passed(d time.Duration, args ...string) {
	line := strings.Join(args, " ")
	b.waited, b.typed = b.waited+d, append(b.typed, line)
	b.Logf("%6.1f s  %s", d.Seconds(), line)
}

// A guard is the sitepost that systemd would run.
type guard struct {
	box   *box
	c     *exec.Cmd
	log   bytes.Buffer // read when it has ended
	ended chan error
}

// start is `systemctl start sitepost`: as the unit says, with its user, its groups and
// its folder, and done when it says READY=1. The kernel of the machine below has a clock
// that nobody synchronises, and is not to be told otherwise, for it is everybody's; so the
// one question that sitepost asks it of the clock, adjtimex, is answered in its place: 0
// and zeros are TIME_OK and no STA_UNSYNC, as with chrony on a box.
func (b *box) start() *guard {
	b.Helper()
	began := time.Now()
	if out, code := b.try("install", "--directory", "--owner=sitepost", "--group=sitepost", "--mode=0750", "/run/sitepost"); code != 0 {
		b.Fatal(out)
	}
	const notify = "@sitepost-ten-minutes" // abstract: the same in the folder and outside
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	g := &guard{box: b, ended: make(chan error, 1)}
	g.c = exec.Command("strace", "--daemonize", "--follow-forks", "--seccomp-bpf", "-qqq", "--output=/dev/null", "--trace=adjtimex", "--inject=adjtimex:retval=0",
		"chroot", "--userspec=sitepost:sitepost", "--groups=dialout", b.root, "/usr/bin/sitepost", "run")
	g.c.Env = append(surroundings(), "NOTIFY_SOCKET="+notify)
	g.c.Stdout, g.c.Stderr = &g.log, &g.log
	if err := g.c.Start(); err != nil {
		b.Fatal(err)
	}
	go func() { g.ended <- g.c.Wait() }()
	b.Cleanup(g.end)
	word := make([]byte, 4096)
	if err := conn.SetReadDeadline(began.Add(time.Minute)); err != nil {
		b.Fatal(err)
	}
	for ready := false; !ready; {
		n, err := conn.Read(word)
		if err != nil {
			b.Fatalf("sitepost does not get ready: %v", err)
		}
		ready = bytes.HasPrefix(word[:n], []byte("READY=1"))
	}
	b.passed(time.Since(began), "systemctl", "start", "sitepost")
	return g
}

// stop is `systemctl stop sitepost`.
func (g *guard) stop() {
	g.box.Helper()
	began := time.Now()
	if err := g.c.Process.Signal(syscall.SIGTERM); err != nil {
		g.box.Fatal(err)
	}
	select {
	case err := <-g.ended:
		if g.ended <- nil; err != nil { // for end
			g.box.Errorf("sitepost run: got %v after SIGTERM, want exit code 0", err)
		}
	case <-time.After(40 * time.Second): // TimeoutStopSec=
		g.box.Fatal("sitepost run does not end")
	}
	g.box.passed(time.Since(began), "systemctl", "stop", "sitepost")
}

// end ends it where the walk did not come so far, and shows what it said.
func (g *guard) end() {
	_ = g.c.Process.Kill()
	<-g.ended
	if g.box.Failed() {
		g.box.Logf("sitepost run:\n%s", &g.log)
	}
}
