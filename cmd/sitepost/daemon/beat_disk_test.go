package daemon_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/ingest/store/disktest"
)

// A beats hears what a daemon tells whoever watches over it.
type beats struct {
	mu      sync.Mutex // guards all
	words   []string   // without the beats
	beats   int
	last    time.Time     // of the beats
	longest time.Duration // pause between two of them
}

func (b *beats) hear(state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	word, _, _ := strings.Cut(state, "\n")
	if word != "WATCHDOG=1" {
		b.words = append(b.words, word)
		return
	}
	if now := time.Now(); b.beats > 0 {
		b.longest = max(b.longest, now.Sub(b.last))
	}
	b.beats++
	b.last = time.Now()
}

// more waits for so many more beats, and returns the longest pause that there was.
func (b *beats) more(t *testing.T, when string, n int) time.Duration {
	t.Helper()
	is := func() int { b.mu.Lock(); defer b.mu.Unlock(); return b.beats }
	want := is() + n
	if err := poll("the watchdog to be fed "+when, func() bool { return is() >= want }); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.longest
}

// TestBeatOfTheDisk: the watchdog is fed while the disk refuses, for a restart heals no
// disk and alarms go to the city from memory; it is not fed while the disk hangs.
func TestBeatOfTheDisk(t *testing.T) {
	const look, hangs = 100 * time.Millisecond, 3 * time.Second
	disk := disktest.New(t)
	c := &config.Config{Hash: "test"}
	c.Site.Name, c.Store.Directory, c.Store.Size = "demo", disk.Dir+"/store", 64<<20
	var jump atomic.Int64
	host, b := box.Machine(), new(beats)
	host.Wall = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	o := daemon.Options{Config: c, Version: "test", Host: &host, Notify: b.hear, Beat: look, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	go func() { ended <- daemon.Run(ctx, o) }()

	b.more(t, "while all is well", 2)
	disk.Fail(syscall.EIO)
	jump.Add(int64(time.Hour)) // which the box tells: there is something to store
	b.more(t, "while the disk refuses", 3)
	disk.Fail(0)
	if pause := b.more(t, "when it is well again", 2); pause > hangs {
		t.Errorf("got a pause of %v while the disk did not hang", pause)
	}
	disk.Slow(hangs)
	jump.Add(int64(time.Hour))
	pause := time.Duration(0)
	for range 10 { // the first beats may come before the box has looked at its clock
		if pause = b.more(t, "after the disk hung", 1); pause >= hangs {
			break
		}
	}
	disk.Slow(0)
	if pause < hangs {
		t.Errorf("got a pause of %v at most while the disk hung for %v", pause, hangs)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: got %v, want nil when its context ends", err)
	}
	if got := strings.Join(b.words, " "); got != "READY=1 STOPPING=1" {
		t.Errorf("told %q, want READY=1 STOPPING=1 once each", got)
	}
}
