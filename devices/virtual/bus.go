package virtual

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"sitepost/devices/line"
)

// A Speaker is one instrument on a line, seen from its own side.
type Speaker interface {
	// Hear looks at the bytes that came and were not yet used. It returns how
	// many of them it took as a question to itself, 0 for none, and its answer.
	Hear(heard []byte) (answer []byte, used int)

	// Unasked returns what the instrument says by itself at this moment, nil
	// for nothing. It is asked only of one that Speaks.
	Unasked(now time.Time) []byte

	// Speaks says whether the instrument ever says anything by itself.
	Speaks() bool
}

// tick is how often a bus looks whether somebody wants to speak unasked. A bus
// of instruments that only answer has none: it would be most of what happens
// in an hour.
const tick = 20 * time.Millisecond

// maxHeard bounds the bytes that nobody took as a question.
const maxHeard = 512

// Attach lets instruments speak on a line until ctx ends or the line breaks.
// Answers take the time they would take on the wire. It leaves nothing running:
// it returns when its last Read does, so whoever ends ctx closes rw as well.
func Attach(ctx context.Context, rw io.ReadWriter, s line.Settings, speakers ...Speaker) {
	ctx, stop := context.WithCancel(ctx)
	chunks := make(chan []byte)
	var reading sync.WaitGroup
	reading.Go(func() { read(ctx, rw, chunks) })
	defer reading.Wait()
	defer stop()
	b := &babble{w: rw, settings: s, speakers: speakers}
	var ticks <-chan time.Time
	if slices.ContainsFunc(speakers, Speaker.Speaks) {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case chunk, ok := <-chunks:
			if !ok || !b.hear(ctx, chunk) {
				return
			}
		case now := <-ticks:
			if !b.unasked(ctx, now) {
				return
			}
		}
	}
}

// read hands on what comes until ctx ends or the line breaks, and closes chunks.
func read(ctx context.Context, r io.Reader, chunks chan<- []byte) {
	defer close(chunks)
	buf := make([]byte, 256)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			select {
			case chunks <- bytes.Clone(buf[:n]):
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// babble is what happens on one line: the bytes heard, and who answers them.
type babble struct {
	w        io.Writer
	settings line.Settings
	speakers []Speaker
	heard    []byte
}

func (b *babble) hear(ctx context.Context, chunk []byte) bool {
	b.heard = append(b.heard, chunk...)
	for b.answer(ctx) {
	}
	if over := len(b.heard) - maxHeard; over > 0 {
		b.heard = b.heard[over:]
	}
	return ctx.Err() == nil
}

// answer lets the first speaker that finds a question to itself answer it.
func (b *babble) answer(ctx context.Context) bool {
	for _, s := range b.speakers {
		answer, used := s.Hear(b.heard)
		if used == 0 {
			continue
		}
		b.heard = b.heard[used:]
		return b.say(ctx, answer)
	}
	return false
}

func (b *babble) unasked(ctx context.Context, now time.Time) bool {
	for _, s := range b.speakers {
		if !s.Speaks() {
			continue
		}
		if text := s.Unasked(now); len(text) > 0 && !b.say(ctx, text) {
			return false
		}
	}
	return true
}

// say writes after the time the bytes need on the wire.
func (b *babble) say(ctx context.Context, text []byte) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(b.settings.Wire(len(text))):
	}
	_, err := b.w.Write(text)
	return err == nil
}

// A Bus is the far end of a serial line: a pty whose near end stands at a
// stable path, as an adapter's does under /dev/serial/by-path.
type Bus struct {
	path     string
	settings line.Settings
	speakers []Speaker

	mu      sync.Mutex // guards all below
	master  *os.File
	slave   *os.File
	stop    context.CancelFunc
	running sync.WaitGroup
}

// OpenBus puts instruments on a new pty and its near end at path.
func OpenBus(path string, s line.Settings, speakers ...Speaker) (*Bus, error) {
	b := &Bus{path: path, settings: s, speakers: speakers}
	return b, b.Plug()
}

// Plug plugs the adapter in (again): the path leads to a fresh tty.
func (b *Bus) Plug() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.master != nil {
		return nil
	}
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("virtual line %q: %w", b.path, err)
	}
	if err := lay(slave, b.path); err != nil {
		_, _ = master.Close(), slave.Close()
		return fmt.Errorf("virtual line %q: %w", b.path, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.master, b.slave, b.stop = master, slave, stop
	b.running.Go(func() { Attach(ctx, master, b.settings, b.speakers...) })
	b.running.Go(func() { forget(ctx, slave) })
	return nil
}

// forget takes back again and again what a program on the near end has asked
// for with TIOCEXCL. A real port forgets it when it is closed. A pty remembers
// it until both ends are closed, and so a daemon that was killed would lock out
// the next one, unless that is root's.
func forget(ctx context.Context, slave *os.File) {
	raw, err := slave.SyscallConn()
	if err != nil {
		return // it is closed
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// An error means that it is closed, and ctx is about to end.
		_ = raw.Control(func(fd uintptr) { _ = unix.IoctlSetInt(int(fd), unix.TIOCNXCL, 0) })
	}
}

// Unplug pulls the adapter out: the path is gone and what was open is dead.
func (b *Bus) Unplug() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.master == nil {
		return
	}
	_ = os.Remove(b.path)
	b.stop()
	_, _ = b.master.Close(), b.slave.Close() // in this order: closing the master is what hangs up
	b.running.Wait()
	b.master = nil
}

// Close takes the bus away for good.
func (b *Bus) Close() { b.Unplug() }

// lay makes a tty raw, so that nothing is echoed before somebody opens it, and
// leads the path to it.
func lay(slave *os.File, path string) error {
	raw, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, raw); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	fresh := path + ".new"
	_ = os.Remove(fresh) // left over from a run that was killed
	if err := os.Symlink(slave.Name(), fresh); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
