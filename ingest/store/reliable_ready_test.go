package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// readyWithin is how soon after a power cut an alarm must be on disk.
const readyWithin = 5 * time.Second

// TestReliableReady: a box that comes back after a power cut, with a store.db that is
// as full as it gets and of which nothing is in memory, has an alarm on disk within
// 5 s. The control is bbolt's own check of the whole file, which a careful start
// would be tempted to do.
func TestReliableReady(t *testing.T) {
	size := map[figure.Size]int64{figure.Short: 64 << 20, figure.Full: mostMaxBytes, figure.Long: mostMaxBytes}[figure.Asked(t)]
	directory := t.TempDir()
	o := func(o *Options) { o.MaxBytes, o.ReadingBytes, o.HistoryBytes = size, 1<<20, 1<<20 }
	s := at(t, directory, o)
	for s.Stock().Dropped == nil { // until the first events have to go
		stuff(t, s, 5_000)
	}
	last := s.Marks(devices.EventLane)
	// As it lies there it is what a power cut leaves: nobody has closed it.
	cut := t.TempDir()
	copyFile(t, filepath.Join(directory, "store.db"), filepath.Join(cut, "store.db"))
	if err := sound.Forget(filepath.Join(cut, "store.db")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	again := at(t, cut, o)
	opened := time.Since(began)
	says(t, again, "gas-1", said(1, gasHigh, raised))
	ready := time.Since(began)
	if got := again.Marks(devices.EventLane); got != last {
		t.Errorf("got events %+v, want %+v", got, last)
	}
	checked := checkedWhole(t, filepath.Join(directory, "store.db"))
	figure.Report(t, figure.Row{
		Fault:    fmt.Sprintf("power cut with store.db at its cap of %d MiB, nothing of it in memory", size>>20),
		Aim:      fmt.Sprintf("an alarm on disk within %v", readyWithin),
		Measured: fmt.Sprintf("%d events there; open after %.2f s, the alarm on disk after %.2f s", last.Last-last.First+1, opened.Seconds(), ready.Seconds()),
		Met:      ready < readyWithin,
		Control:  fmt.Sprintf("bbolt's own check of all of it, which a start does not do: %.2f s", checked.Seconds()),
		Values:   map[string]float64{"open_s": opened.Seconds(), "ready_s": ready.Seconds(), "checked_s": checked.Seconds()},
	})
}

// stuff appends events in one transaction, beside a writer that has nothing to do.
func stuff(t *testing.T, s *Store, n int) {
	t.Helper()
	c := s.newChange()
	_, err := s.file.Update(func(tx *bolt.Tx) error {
		c.tx, c.used = tx, usedIn(tx)
		for range n {
			if err := c.accept(devices.Occurrence, place("gate-1"), said(1, devices.AccessCard)); err != nil {
				return err
			}
		}
		return c.finish()
	})
	if err != nil {
		t.Fatal(err)
	}
	s.settle(c, true)
}

// checkedWhole is how long bbolt checks a file of which nothing is in memory.
func checkedWhole(t *testing.T, path string) time.Duration {
	t.Helper()
	whole := filepath.Join(t.TempDir(), "store.db")
	copyFile(t, path, whole)
	if err := sound.Forget(whole); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	db, err := bolt.Open(whole, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

// copyFile copies a file, and puts it on disk.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Sync(); err != nil {
		t.Fatal(err)
	}
}
