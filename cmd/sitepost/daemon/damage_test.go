package daemon_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestStoreDamaged: a site whose store.db is damaged starts all the same, and the
// city hears at once that it was, and what was saved from it.
func TestStoreDamaged(t *testing.T) {
	s := newStand(t, "")
	directory := s.config.Store.Directory
	st, err := store.Open(store.Options{Directory: directory, Site: s.config.Site.Name})
	if err != nil {
		t.Fatal(err)
	}
	where := devices.Place{Site: devices.Site{Name: s.config.Site.Name}, Device: devices.Named{Name: "gas-1"}}
	err = st.Append(where, devices.Event{Time: time.Now(), Code: "alarm.test"})
	if err := errors.Join(err, st.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "store.db")
	b, err := os.ReadFile(path)
	clear(b[:2*os.Getpagesize()])
	if err := errors.Join(err, os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
	stop := s.run()
	s.must("of the damage, and what was saved", func(b *book) bool {
		of := func(list string, code devices.Code) bool {
			return slices.ContainsFunc(b.lists()[list], func(one said) bool { return one.Type == string(code) })
		}
		return of("box alarm", devices.StoreDamaged) && of("gas-1 alarm", "alarm.test")
	})
	stop()
	if st, err = store.Open(store.Options{Directory: directory}); err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	saved, err := st.ReadSalvaged(0, 0)
	if err != nil || len(saved) != 0 || len(st.Damages()) != 0 {
		t.Errorf("got %v saved, %v and %v still to tell, want nothing left", saved, err, st.Damages())
	}
}
