// Package disktest is a disk for tests that misbehaves on purpose: it fails, is
// read-only, slow or full when a test says so, and it can keep a record of all that
// was done to it, from which every state can be made that a power cut would have
// left.
//
//	test ── real files ──► kernel ── FUSE ──► the disk, in memory, in a process of its own
//	  └───── Fail, Slow, Full, Recording ──────┘
//
// The process is the test binary itself, started again: TestMain must call [Main]
// first. It must not be the test's own process: bbolt reads files through its
// memory, and a page that is waited for there stops the goroutine that would bring
// it. Reads and writes go through the kernel's page cache as on any disk; writes
// are not held back there, so that the disk sees each when it is made.
//
// It does not know what is kept on it.
package disktest

import (
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// served is the variable that makes the test binary the disk's process: the
// directory to mount it on.
const served = "SITEPOST_DISKTEST"

// patience is how long the disk's process has to mount, to answer and to end.
const patience = 30 * time.Second

// A Disk is mounted from New to the end of the test.
type Disk struct {
	Dir string // where it is mounted

	t     testing.TB
	child *exec.Cmd

	mu      sync.Mutex // one question at a time
	control net.Conn
	ask     *gob.Encoder
	answer  *gob.Decoder
}

// New mounts an empty disk, and takes it away when the test ends. It needs root and
// /dev/fuse; without them the test is skipped, or fails where everything is asked
// for (SITEPOST_ALL).
func New(t testing.TB) *Disk {
	t.Helper()
	if os.Getenv(served) != "" {
		t.Fatal("this is the process of a disk: TestMain does not call disktest.Main")
	}
	if err := possible(); err != nil {
		if os.Getenv("SITEPOST_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	d := &Disk{Dir: t.TempDir(), t: t}
	theirs := d.connect()
	d.child = exec.Command(os.Args[0], "-test.run=^$")
	d.child.Env = append(os.Environ(), served+"="+d.Dir, "GORACE=atexit_sleep_ms=0")
	d.child.Stderr = os.Stderr
	d.child.ExtraFiles = []*os.File{theirs}
	if err := errors.Join(d.child.Start(), theirs.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.end)
	if _, err := d.read(); err != nil {
		t.Fatalf("the disk's process did not mount it (does TestMain call disktest.Main?): %v", err)
	}
	return d
}

// possible says why there can be no disk.
func possible() error {
	if os.Geteuid() != 0 {
		return errors.New("to mount a disk is root's business")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return fmt.Errorf("no FUSE: %w", err)
	}
	return nil
}

// connect makes the socket by which the disk is told what to do, and returns the
// end of the disk's process.
func (d *Disk) connect() (theirs *os.File) {
	d.t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	ours := os.NewFile(uintptr(ends[0]), "control")
	if d.control, err = net.FileConn(ours); err != nil {
		d.t.Fatal(err)
	}
	_ = ours.Close() // FileConn has a copy
	d.ask, d.answer = gob.NewEncoder(d.control), gob.NewDecoder(d.control)
	return os.NewFile(uintptr(ends[1]), "control")
}

// end lets the disk's process go, which takes the mount along.
func (d *Disk) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.control.Close() // the process sees it, and ends
	kill := time.AfterFunc(patience, func() { _ = d.child.Process.Kill() })
	defer kill.Stop()
	if err := d.child.Wait(); err != nil {
		d.t.Errorf("the disk's process: %v", err)
	}
	// Nothing is left to unmount unless the process died.
	_ = unix.Unmount(d.Dir, unix.MNT_DETACH)
}

// Fail makes every operation of some kinds fail with an error, or every operation
// that changes anything if no kind is given. 0 ends it.
func (d *Disk) Fail(why syscall.Errno, kinds ...Kind) {
	d.t.Helper()
	d.tell(question{Do: doFail, Errno: why, Kinds: kinds})
}

// ReadOnly makes the disk one that cannot be written, as a kernel makes it after
// errors: what is open fails too.
func (d *Disk) ReadOnly(on bool) {
	d.t.Helper()
	d.tell(question{Do: doReadOnly, On: on})
}

// Slow makes each fsync take so long, one after the other.
func (d *Disk) Slow(fsync time.Duration) {
	d.t.Helper()
	d.tell(question{Do: doSlow, Delay: fsync})
}

// Full leaves so many bytes of room, in blocks of 4 KiB. A negative number is room
// without end. What has a place already can be written again, what is removed
// makes room.
func (d *Disk) Full(left int64) {
	d.t.Helper()
	d.tell(question{Do: doFull, Bytes: left})
}

// Record begins a recording. The disk must be empty.
func (d *Disk) Record() {
	d.t.Helper()
	d.tell(question{Do: doRecord})
}

// Note puts a word of the test into the recording: what it says stands behind all
// operations that were finished before, and before all that are begun after.
func (d *Disk) Note(text string) {
	d.t.Helper()
	d.tell(question{Do: doNote, Text: text})
}

// Recording returns what was recorded, and ends it.
func (d *Disk) Recording() Recording {
	d.t.Helper()
	return d.tell(question{Do: doRecording}).Recording
}

// tell asks the disk's process and waits for its answer.
func (d *Disk) tell(q question) reply {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.ask.Encode(q); err != nil {
		d.t.Fatalf("disk: %v", err)
	}
	r, err := d.read()
	if err != nil {
		d.t.Fatalf("disk: %v", err)
	}
	return r
}

func (d *Disk) read() (reply, error) {
	var r reply
	if err := d.control.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return r, err
	}
	if err := d.answer.Decode(&r); err != nil {
		return r, err
	}
	if r.Err != "" {
		return r, errors.New(r.Err)
	}
	return r, nil
}
