package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// boot makes systemd process 1 of a root in $1, in namespaces that it is in already.
// What it finds is a container: no udev, no hardware, a network of its own with nothing
// but lo. What the machine has once for all, such as its clock and what stands below
// /proc/sys, it can look at and not change.
const boot = `
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc -o nosuid,noexec,nodev proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o nosuid,noexec,nodev,ro sysfs sys
mount -t cgroup2 -o nosuid,noexec,nodev cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs run
mount -t tmpfs -o nosuid,nodev tmpfs tmp
mount -t tmpfs -o mode=0755,nosuid tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
while read -r name minor; do mknod -m 0666 "dev/$name" c 1 "$minor"; done <<.
null 3
zero 5
full 7
random 8
urandom 9
.
mknod -m 0666 dev/tty c 5 0
pivot_root . mnt
umount --lazy /mnt
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-audit_control,-audit_read,-syslog,-wake_alarm \
	env --ignore-environment container=sitepost-test LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --unit=multi-user.target --log-target=journal
`

// A booted is a fresh Debian 12 in which systemd runs as process 1, as on a box: units
// are started, watched and stopped. What it lacks are the controllers of cgroups, and
// with them MemoryMax= and TasksMax=. It ends with the test, and leaves nothing behind.
type booted struct {
	*debian
	pid int // of its systemd, seen from outside
}

func newBooted(t *testing.T) *booted {
	t.Helper()
	needs(t, "unshare")
	needs(t, "nsenter")
	needs(t, "setpriv")
	d := &booted{debian: newSystemd(t)}
	group, err := os.Open(newGroup(t))
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	var said bytes.Buffer
	c := exec.Command("unshare", "--cgroup", "/bin/sh", "-ec", boot, "boot", d.root)
	c.Stdout, c.Stderr = &said, &said
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET,
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
		Pdeathsig: syscall.SIGKILL,
	}
	if err := c.Start(); err != nil {
		missing(t, "this machine makes no namespaces for a systemd: "+err.Error())
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Kill() // process 1: the others go with it
		<-ended
	})
	d.pid = c.Process.Pid
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, _ := d.try("systemctl", "is-system-running")
		if word := strings.TrimSpace(out); word == "running" || word == "degraded" { // a container has no getty
			return d
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("systemd did not come up: %v\n%s", err, &said)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("systemd did not come up within %v: %s%s", patience, out, &said)
		}
	}
}

// newSystemd is a Debian in which systemd is installed. The first time that takes a
// minute and a mirror; then it lies in the user's cache.
func newSystemd(t *testing.T) *debian {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(cache, "sitepost", "debian-bookworm-systemd.tar")
	if _, err := os.Stat(archive); err == nil && os.Geteuid() == 0 {
		d := &debian{t: t, root: t.TempDir()}
		if out, err := exec.Command("tar", "-C", d.root, "-xpf", archive).CombinedOutput(); err != nil {
			t.Fatalf("unpack %s (remove it to have it made anew): %v\n%s", archive, err, out)
		}
		return d
	}
	d := newDebian(t)
	names, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	d.write("/etc/resolv.conf", string(names))
	draft := fmt.Sprintf("%s.%d", archive, os.Getpid())
	defer os.Remove(draft) // there only if a step failed
	for _, c := range []*exec.Cmd{
		d.command(t.Context(), "", "apt-get", "update", "--quiet"),
		d.command(t.Context(), "", "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "systemd-sysv", "dbus"),
		d.command(t.Context(), "", "apt-get", "clean"),
		exec.Command("tar", "-C", d.root, "--exclude=./var/lib/apt/lists/*_*", "-cpf", draft, "."),
	} {
		if c.SysProcAttr != nil {
			c.Env = append(c.Env, "http_proxy="+os.Getenv("http_proxy"))
		}
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", c, err, out[max(0, len(out)-2000):])
		}
	}
	if err := os.Rename(draft, archive); err != nil {
		t.Fatal(err)
	}
	return d
}

// newGroup makes a cgroup below our own one, in which a systemd can make its own. It
// goes with the test.
func newGroup(t *testing.T) string {
	t.Helper()
	var at, own string
	for line := range strings.Lines(read(t, "/proc/self/mountinfo")) {
		before, after, _ := strings.Cut(line, " - ")
		if fields := strings.Fields(before); strings.HasPrefix(after, "cgroup2 ") && fields[3] == "/" {
			at = fields[4]
		}
	}
	for line := range strings.Lines(read(t, "/proc/self/cgroup")) {
		if path, is := strings.CutPrefix(line, "0::"); is {
			own = strings.TrimSpace(path)
		}
	}
	if at == "" || own == "" {
		missing(t, "no cgroup2 is mounted here, in which a systemd could live")
	}
	group := filepath.Join(at, own, fmt.Sprintf("sitepost-test-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		missing(t, "no cgroup can be made for a systemd: "+err.Error())
	}
	t.Cleanup(func() { removeGroup(t, group) })
	return group
}

// removeGroup removes a cgroup and those in it, as soon as their last process has gone.
func removeGroup(t *testing.T, group string) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var folders []string
		_ = filepath.WalkDir(group, func(path string, e fs.DirEntry, err error) error { // what goes meanwhile is gone
			if err == nil && e.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		err = nil
		for i := len(folders) - 1; i >= 0; i-- { // the innermost first
			err = errors.Join(err, os.Remove(folders[i]))
		}
		if err == nil {
			return
		}
	}
	t.Errorf("left behind: %v", err)
}

// try runs a program inside, and returns what it said and how it ended.
func (d *booted) try(args ...string) (string, int) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	inside := append([]string{
		"--target", strconv.Itoa(d.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "env", "--ignore-environment",
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8", "HOME=/root",
	}, args...)
	c := exec.CommandContext(ctx, "nsenter", inside...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		d.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// do runs a program that must succeed, and returns what it said.
func (d *booted) do(args ...string) string {
	d.t.Helper()
	out, code := d.try(args...)
	if code != 0 {
		d.t.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// install installs a package from outside.
func (d *booted) install(deb string) string {
	d.t.Helper()
	d.write("/root/sitepost.deb", read(d.t, deb)) // /tmp is another one inside
	return d.do("dpkg", "--install", "/root/sitepost.deb")
}

// stood asks the running sitepost how it stands.
func (d *booted) stood() (s stood) {
	d.t.Helper()
	out, code := d.try("sitepost", "status", "--json")
	if code > 1 { // 1: it has no city
		d.t.Fatalf("sitepost status: exit code %d\n%s%s", code, out, d.journal())
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
	return s
}

// shows is a property of the unit.
func (d *booted) shows(property string) string {
	d.t.Helper()
	return strings.TrimSpace(d.do("systemctl", "show", "--value", "--property="+property, "sitepost"))
}

// until waits for what happens within seconds.
func (d *booted) until(what string, is func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("not within %v: %s\n%s", patience, what, d.journal())
		}
	}
}

// journal is what the unit has to say, with systemd's word about it.
func (d *booted) journal(more ...string) string {
	d.t.Helper()
	return d.do(append([]string{"journalctl", "--unit=sitepost", "--no-pager", "--output=short-iso"}, more...)...)
}
