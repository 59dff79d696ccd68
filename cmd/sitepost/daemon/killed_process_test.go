package daemon_test

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// buildSitepost builds the real binary.
func buildSitepost(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sitepost")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "sitepost/cmd/sitepost")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	return path
}

// start brings a daemon to life.
func (k *killing) start() {
	k.t.Helper()
	d := exec.Command(k.binary, "run", "--config", k.path)
	log := new(bytes.Buffer)
	d.Stderr = io.MultiWriter(k.t.Output(), log)
	if err := d.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = d.Process.Kill() }) // an error means that it is dead, as it should be
	k.mu.Lock()
	k.daemon, k.log = d, log
	k.lives++
	k.mu.Unlock()
}

// kill ends the daemon as a power cut does.
func (k *killing) kill() {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.daemon.Process.Kill() // an error means that it is dead: see below
	err := k.daemon.Wait()
	if how, ok := k.daemon.ProcessState.Sys().(syscall.WaitStatus); !ok || how.Signal() != syscall.SIGKILL {
		k.t.Fatalf("the daemon died by itself: %v", err)
	}
	k.daemon = nil
	if !bytes.Contains(k.log.Bytes(), []byte("site is running")) { // which it says after box.started
		k.unborn++
	}
}

// stop asks the daemon to leave.
func (k *killing) stop() {
	k.t.Helper()
	if err := k.daemon.Process.Signal(syscall.SIGTERM); err != nil {
		k.t.Fatal(err)
	}
	if err := k.daemon.Wait(); err != nil {
		k.t.Errorf("sitepost run: got %v after SIGTERM, want exit code 0", err)
	}
}

// life returns which daemon lives, 0 for none.
func (k *killing) life() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.daemon == nil {
		return 0
	}
	return k.lives
}
