package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An armBox is sitepost for a 32-bit ARM, played by qemu.
type armBox struct {
	t      *testing.T
	binary string
	dir    string
}

// do runs a command that must succeed.
func (b *armBox) do(args ...string) string {
	b.t.Helper()
	out, err := exec.Command("qemu-arm-static", append([]string{b.binary}, args...)...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("sitepost %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// run runs the site until it is ready, and stops it.
func (b *armBox) run() {
	b.t.Helper()
	notify := filepath.Join(b.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		b.t.Fatal(err)
	}
	defer os.Remove(notify)
	defer conn.Close()
	c := exec.Command("qemu-arm-static", b.binary, "run", "--config", filepath.Join(b.dir, "site.toml"), "--control", filepath.Join(b.dir, "control.sock"))
	c.Env, c.Stderr = append(os.Environ(), "NOTIFY_SOCKET="+notify), b.t.Output()
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	word := make([]byte, 4096)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	n, err := conn.Read(word)
	if err != nil || !strings.HasPrefix(string(word[:n]), "READY=1") {
		_ = c.Process.Kill()
		b.t.Errorf("sitepost did not get ready: %v %q", err, word[:n])
	}
	_ = c.Process.Signal(syscall.SIGTERM) // it may be gone
	if err := c.Wait(); err != nil {
		b.t.Errorf("sitepost run: got %v after SIGTERM, want exit code 0", err)
	}
}

// TestArm: the tools and the daemon work on a machine of 32 bits, where a store that may
// be as large as it likes has a store.db below 512 MiB, and one that is damaged is
// replaced, for which two of them must fit into memory.
func TestArm(t *testing.T) {
	if testing.Short() {
		t.Skip("builds sitepost for another machine")
	}
	needs(t, "qemu-arm-static")
	p, err := newPress(t.Context(), repository(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	b := &armBox{t, filepath.Join(p.stage, "sitepost"), t.TempDir()}
	arm, err := targetOf("armhf")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.build(b.binary, arm.env()...); err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(b.dir, "site.toml")
	text := fmt.Sprintf("version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = %q\nsize = \"64GiB\"\n", filepath.Join(b.dir, "store"))
	if err := os.WriteFile(site, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	if got, want := b.do("--version"), "sitepost version "+p.version+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	b.do("check", "--config", site)
	b.do("try", "gate-7e7f")
	b.run()
	db := filepath.Join(b.dir, "store", "store.db")
	is, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	if is.Size() > 512<<20 {
		t.Errorf("store.db has %d bytes, want 512 MiB at most", is.Size())
	}
	spoil(t, db)
	b.run()
	if aside, _ := filepath.Glob(filepath.Join(b.dir, "store", "damaged", "*.db")); len(aside) != 1 {
		t.Errorf("got %q, want the damaged store.db set aside", aside)
	}
}

// spoil overwrites a page of a store.
func spoil(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := int64(2); page < 8; page++ {
		if _, err := f.WriteAt([]byte("nonsense nonsense nonsense"), page*4096+64); err != nil {
			t.Fatal(err)
		}
	}
}
