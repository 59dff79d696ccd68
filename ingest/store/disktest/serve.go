package disktest

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// What a test may ask of the disk.
const (
	doFail = iota + 1
	doReadOnly
	doSlow
	doFull
	doRecord
	doNote
	doRecording
)

// A question goes to the disk's process; Do says which of the others count.
type question struct {
	Do    int
	Errno syscall.Errno
	Kinds []Kind
	On    bool
	Delay time.Duration
	Bytes int64
	Text  string
}

// A reply is the answer to each question. The first comes unasked, when the disk
// is mounted.
type reply struct {
	Err       string
	Recording Recording
}

// Main is to be called by TestMain before all else. In the process of a disk it
// does not return.
func Main() {
	directory := os.Getenv(served)
	if directory == "" {
		return
	}
	if err := serve(directory); err != nil {
		fmt.Fprintln(os.Stderr, "disk:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve is the disk's process, until the test closes its end of the socket.
func serve(directory string) error {
	control, err := net.FileConn(os.NewFile(3, "control"))
	if err != nil {
		return err
	}
	answer, ask := gob.NewEncoder(control), gob.NewDecoder(control)
	p := newPlatter()
	if err := mount(directory, p); err != nil {
		return errors.Join(err, answer.Encode(reply{Err: err.Error()}))
	}
	defer unix.Unmount(directory, unix.MNT_DETACH)
	if err := answer.Encode(reply{}); err != nil {
		return err
	}
	for {
		var q question
		if err := ask.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := answer.Encode(p.obey(q)); err != nil {
			return err
		}
	}
}

// mount serves the disk below a directory. All that changes goes through the
// kernel, so what it has cached is true for ever.
func mount(directory string, p *platter) error {
	ever := time.Hour
	_, err := fs.Mount(directory, &folder{p: p, id: rootID, mode: 0o700}, &fs.Options{
		EntryTimeout: &ever, AttrTimeout: &ever,
		MountOptions: fuse.MountOptions{
			FsName: "disktest", Name: "disktest", MaxWrite: 1 << 20, DirectMountStrict: true,
			DisableXAttrs: true, ExplicitDataCacheControl: true,
		},
	})
	if err != nil {
		return fmt.Errorf("mount on %q: %w", directory, err)
	}
	return nil
}

// obey does what the test asks for.
func (p *platter) obey(q question) (r reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch q.Do {
	case doFail:
		p.errno, p.kinds = q.Errno, q.Kinds
	case doReadOnly:
		p.readOnly = q.On
	case doSlow:
		p.slow = q.Delay
	case doFull:
		p.left = q.Bytes
	case doRecord:
		if p.lastID != rootID {
			r.Err = "a recording begins with an empty disk"
			break
		}
		p.recording, p.began, p.ops = true, time.Now(), nil
	case doNote:
		p.record(Op{Kind: Note, Text: q.Text})
	case doRecording:
		r.Recording = Recording{Ops: p.ops}
		p.recording, p.ops = false, nil
	}
	return r
}

// refuses says why an operation fails now. p.mu is held.
func (p *platter) refuses(k Kind) syscall.Errno {
	switch {
	case p.errno != 0 && (len(p.kinds) == 0 || slices.Contains(p.kinds, k)):
		return p.errno
	case p.readOnly:
		return syscall.EROFS
	}
	return 0
}
