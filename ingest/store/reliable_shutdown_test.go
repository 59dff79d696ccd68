package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sitepost/cmd/reliability/figure"
)

// TestReliableShutdown: what was accepted is on a real ext4 when the power goes. A
// load runs on a loop device; then the file system is shut down without its log, as
// by a power cut: all that was not synced is gone, and all writes fail. A copy of its
// image is mounted, which replays the journal, and the store is opened there.
func TestReliableShutdown(t *testing.T) {
	cuts, control := 3, 1
	switch figure.Asked(t) {
	case figure.Full:
		cuts, control = 50, 5
	case figure.Long:
		cuts, control = 500, 20
	}
	needs(t, "mkfs.ext4", "mount", "umount")
	random := rand.New(rand.NewPCG(seedOf(t), 0))
	safe := cutPower(t, cuts, random)
	for _, why := range safe.examples {
		t.Error(why)
	}
	lost := cutPower(t, control, random, childNoSync+"=1")
	figure.Report(t, figure.Row{
		Fault:    fmt.Sprintf("power cut on ext4, %d times under load", safe.states),
		Aim:      "0 accepted lost, 0 numbers twice, 0 refusals to start; readings at most their last second",
		Measured: fmt.Sprintf("%d accepted, %d cuts bad; oldest lost reading %d ms", safe.accepted, safe.bad, safe.oldest.Milliseconds()),
		Met:      safe.bad == 0 && safe.oldest <= lastSecond && safe.accepted >= 10*cuts && lost.bad > 0,
		Control:  fmt.Sprintf("fsync ignored: %d of %d cuts bad, %d accepted", lost.bad, lost.states, lost.accepted),
		Values: map[string]float64{
			"cuts": float64(safe.states), "bad": float64(safe.bad), "accepted": float64(safe.accepted),
			"oldest_reading_ms": float64(safe.oldest.Milliseconds()),
			"control_cuts":      float64(lost.states), "control_bad": float64(lost.bad),
		},
	})
}

// cutPower lets a load live on one disk, and cuts the power again and again. A cut
// that is bad is followed by a new disk, for what was lost stays lost.
func cutPower(t *testing.T, cuts int, random *rand.Rand, env ...string) (n toll) {
	t.Helper()
	room := quickDir(t)
	disk, mounted := newExt4(t, room, 0), filepath.Join(room, "mounted")
	if err := os.Mkdir(mounted, 0o700); err != nil {
		t.Fatal(err)
	}
	w, began := newWitness(nil), time.Now()
	for ; n.states < cuts; n.states++ {
		unmount := mountExt4(t, disk, mounted)
		d := driveIn(t, filepath.Join(mounted, "store"), w, began, 20, env...)
		d.live(time.Duration(100+random.IntN(300)) * time.Millisecond)
		if err := shutDown(mounted); err != nil {
			t.Fatal(err)
		}
		cut := time.Since(began)
		d.end()
		unmount()
		disk = copyDisk(t, disk, filepath.Join(room, fmt.Sprint("disk", n.states+1)))
		unmount = mountExt4(t, disk, mounted)
		f := w.judgeIn(t, filepath.Join(mounted, "store"), cut)
		unmount()
		w.readings = nil
		n.oldest = max(n.oldest, f.oldest)
		if len(f.wrong) > 0 {
			n.bad++
			n.examples = append(n.examples, fmt.Sprintf("cut %d: %s", n.states+1, strings.Join(f.wrong, "; ")))
			n.accepted += len(w.names)
			w, disk = newWitness(nil), newExt4(t, room, n.states+1)
		}
	}
	n.accepted += len(w.names)
	return n
}

// needs skips a test that lacks a program, or root.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "to mount a disk is root's business")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			skip(t, "no %s: %v", p, err)
		}
	}
}

// newExt4 makes the image of a disk with an empty ext4.
func newExt4(t *testing.T, room string, n int) string {
	t.Helper()
	image := filepath.Join(room, fmt.Sprint("new", n))
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(256 << 20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	run(t, "mkfs.ext4", "-q", "-F", image)
	return image
}

// mountExt4 mounts an image, and returns what unmounts it.
func mountExt4(t *testing.T, image, on string) func() {
	t.Helper()
	run(t, "mount", "-t", "ext4", "-o", "loop", image, on)
	here := true
	t.Cleanup(func() {
		if here { // the test failed in between
			_ = unix.Unmount(on, unix.MNT_DETACH)
		}
	})
	return func() {
		t.Helper()
		run(t, "umount", on)
		here = false
	}
}

// copyDisk copies an image and removes it: what is mounted next is known by no
// kernel's cache.
func copyDisk(t *testing.T, image, to string) string {
	t.Helper()
	run(t, "cp", "--sparse=always", image, to)
	if err := os.Remove(image); err != nil {
		t.Fatal(err)
	}
	return to
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// shutDown is EXT4_IOC_SHUTDOWN without flushing the log (fs/ext4/ext4.h).
func shutDown(mounted string) error {
	const (
		ext4Shutdown = 0x8004587d
		noLogFlush   = 2
	)
	f, err := os.Open(mounted)
	if err != nil {
		return err
	}
	defer f.Close()
	how := uint32(noLogFlush)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&how))); errno != 0 {
		return os.NewSyscallError("shut down ext4", errno)
	}
	return nil
}
